"""`resolvent why` and `why-not`: how the line is read, and the answer as data."""

from __future__ import annotations

import json

import pytest

from conftest import ChannelMaker, Cli, record


@pytest.fixture
def words(make_channel: ChannelMaker) -> list[str]:
    """The arguments for a channel in which tool cannot have the newest lib."""
    records = [
        record("app", depends=["lib"]),
        record("lib", "1.0"),
        record("lib", "2.0"),
        record("tool", "1.0"),
        record("tool", "2.0", depends=["lib <2"]),
        record("odd", depends=["missing"]),
    ]
    return ["-c", f"demo={make_channel(records)}", "--platform", "linux-64"]


def test_why_as_data(cli: Cli, words: list[str]) -> None:
    done = cli("why", "lib", "app", "--json", *words)
    answer = json.loads(done.stdout)
    assert (done.returncode, answer["status"], answer["specs"]) == (0, "required", ["app"])
    assert [[step["spec"] for step in chain] for chain in answer["chains"]] == [["app", "lib"]]


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("tool", "tool is not in the answer to: app (the first word is the package; the request follows it)"),
        ("toool", "did you mean tool?"),
    ],
)
def test_why_says_how_the_line_was_read(cli: Cli, words: list[str], name: str, said: str) -> None:
    done = cli("why", name, "app", *words)
    assert (done.returncode, said in done.stdout) == (1, True), done.stdout
    assert json.loads(cli("why", name, "app", "--json", *words).stdout)["status"] == "absent"


@pytest.mark.parametrize(
    ("wish", "specs", "status", "code", "said"),
    [
        ("lib 2.*", ["app"], "granted", 0, "already in the answer: lib 2.0"),
        ("lib 1.*", ["app"], "possible", 0, "lib: 2.0 0 -> 1.0 0"),
        ("tool 2.*", ["app", "lib 2.*"], "impossible", 1, "lib"),
        ("odd", ["app"], "impossible", 1, "missing"),
    ],
)
def test_why_not(cli: Cli, words: list[str], wish: str, specs: list[str], status: str, code: int, said: str) -> None:
    done = cli("why-not", wish, *specs, *words)
    assert (done.returncode, said in done.stdout) == (code, True), done.stdout
    answer = json.loads(cli("why-not", wish, *specs, "--json", *words).stdout)
    assert (answer["status"], answer["spec"], answer["specs"]) == (status, wish, specs)
    assert (answer["conflict"] is not None) == (status == "impossible")
    assert bool(answer["price"]) == (status == "possible")
