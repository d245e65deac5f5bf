"""`resolvent search`: names, versions, builds, and what rules a build out."""

from __future__ import annotations

import json

import pytest

from conftest import ChannelMaker, Cli, record


@pytest.fixture
def channels(make_channel: ChannelMaker) -> list[str]:
    """Two channels, the second with names of the first and builds that want a GPU."""
    gpu = [record("torch", "2.0", "cuda_1", depends=["__cuda >=12"]), record("torch", "2.0", "cpu_0")]
    first = make_channel([record("lib", str(n)) for n in range(1, 4)] + gpu, name="first")
    second = make_channel([record("lib", "9"), record("tool"), record("fast", depends=["__cuda"])], name="second")
    return ["-c", f"first={first}", "-c", f"second={second}", "--platform", "linux-64"]


def rows(cli: Cli, *words: str) -> list[list[str]]:
    done = cli("search", *words, CONDA_OVERRIDE_CUDA="")
    assert done.returncode == 0, done.stderr
    return [line.split() for line in done.stdout.splitlines()[1:]]


def test_versions_of_a_name(cli: Cli, channels: list[str]) -> None:
    assert [row[1] for row in rows(cli, "lib", *channels)] == ["9", "3", "2", "1"]
    assert rows(cli, "lib", *channels)[0][3:] == ["second", "channel", "first", "comes", "first"]
    assert rows(cli, "lib >2,<9", *channels) == [["lib", "3", "1", "first"]]


def test_builds_of_a_version(cli: Cli, channels: list[str]) -> None:
    found = rows(cli, "torch 2.0", *channels)
    assert [row[2] for row in found] == ["cuda_1", "cpu_0"]
    assert " ".join(found[0][4:]) == "requires __cuda >=12, the target has none"
    assert found[1][4:] == []


def test_a_version_can_be_chosen_if_one_of_its_builds_can(cli: Cli, channels: list[str]) -> None:
    done = cli("search", "torch*", "--builds", *channels, CONDA_OVERRIDE_CUDA="")
    assert "cannot be chosen" in done.stdout
    assert [row[1:] for row in rows(cli, "lib <4", *channels)] == [[str(n), "1", "first"] for n in (3, 2, 1)]


def test_names_of_a_pattern(cli: Cli, channels: list[str]) -> None:
    assert [row[:3] for row in rows(cli, "*o*", *channels)] == [["tool", "1.0", "1"], ["torch", "2.0", "1"]]


def test_as_json(cli: Cli, channels: list[str]) -> None:
    done = cli("search", "fast", "--json", *channels, CONDA_OVERRIDE_CUDA="")
    answer = json.loads(done.stdout)
    assert (answer["status"], [one["name"] for one in answer["packages"]]) == ("found", ["fast"])
    assert answer["packages"][0]["hindered_by"] == ["requires __cuda, the target has none"]
    given = json.loads(cli("search", "fast", "--json", *channels, CONDA_OVERRIDE_CUDA="12.4").stdout)
    assert given["packages"][0]["hindered_by"] == []


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        ("lib >20", "lib has 1 to 9"),
        ("torhc", "did you mean torch?"),
        ("xyzzy", "no package matches xyzzy in first, second"),
    ],
)
def test_nothing_found(cli: Cli, channels: list[str], spec: str, said: str) -> None:
    done = cli("search", spec, *channels)
    assert (done.returncode, done.stderr) == (1, "")
    assert said in done.stdout


def test_a_long_list_is_cut_and_says_so(cli: Cli, make_channel: ChannelMaker) -> None:
    channel = f"many={make_channel([record('lib', f'1.{n}') for n in range(40)])}"
    done = cli("search", "lib", "-c", channel, "--platform", "linux-64")
    assert done.stdout.splitlines()[-1] == "and 10 more; --all lists them"
    assert len(cli("search", "lib", "-c", channel, "--platform", "linux-64", "--all").stdout.splitlines()) == 41


def test_bad_input(cli: Cli, channels: list[str]) -> None:
    assert cli("search", "lib >=", *channels).returncode == 2
    assert cli("search").returncode == 2
