"""Problem files and proofs made to harm: no path of theirs is followed, and no false claim is accepted."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from limits import limited

import resolvent
from conftest import ChannelMaker, Cli, record
from resolvent import ResolventError

PLACES = ["../../victim", "/tmp/victim", "..", ".", "", "a/b", "linux-64/../..", "linux-64\n", "C:\\x", "LINUX-64", "x"]


def problem(path: Path, index: resolvent.Index, *specs: str) -> dict[str, Any]:
    resolvent.save_problem(path, list(specs), index=index)
    document: dict[str, Any] = json.loads(path.read_text())
    return document


@pytest.mark.parametrize("place", PLACES)
def test_a_platform_is_no_path(tmp_path: Path, make_channel: ChannelMaker, cli: Cli, place: str) -> None:
    index = resolvent.load_index([make_channel([record("a")])], platform="linux-64")
    path = tmp_path / "problem.json"
    document = problem(path, index, "a")
    victim = tmp_path / "victim"
    victim.mkdir()
    (victim / "repodata.json").write_text("mine")
    for wanted in (place, str(victim), f"../../../../../../../..{victim}"):
        path.write_text(json.dumps({**document, "platform": wanted}))
        with pytest.raises(ResolventError, match="platform"):
            resolvent.replay(path)
        with pytest.raises(ResolventError, match="platform"):
            resolvent.load_index([tmp_path], platform=wanted)
    assert (victim / "repodata.json").read_text() == "mine"
    assert [entry.name for entry in victim.iterdir()] == ["repodata.json"]
    for command in (["replay"], ["check-proof", "-c", str(tmp_path / "channel")]):
        found = cli(*command, str(path))
        assert (found.returncode, found.stdout) == (2, "")
        assert found.stderr.startswith("resolvent: not a platform")
        assert len(found.stderr.splitlines()) == 1


@pytest.mark.parametrize("key", ["subdir", "fn", "channel"])
@pytest.mark.parametrize("text", ["../../victim", "/tmp/victim", "..", "x\ny", "https://127.0.0.1:9/x", "=", "a=/etc"])
def test_no_text_of_a_record_or_channel_is_followed(
    tmp_path: Path, make_channel: ChannelMaker, key: str, text: str
) -> None:
    index = resolvent.load_index([make_channel([record("a")])], platform="linux-64")
    path = tmp_path / "problem.json"
    document = problem(path, index, "a")
    before = sorted(tmp_path.rglob("*"))
    for entry in document["records"]:
        entry[key] = text
    if key == "channel":
        document["channels"] = [text]
    path.write_text(json.dumps(document))
    try:
        solution = resolvent.replay(path)
        assert [r.name for r in solution.records] == ["a"]
    except ResolventError as error:
        assert "127.0.0.1" not in str(error) or "connect" not in str(error)
    assert sorted(tmp_path.rglob("*")) == before


HASHES = {"md5": "0" * 31 + "1", "sha256": "0" * 63 + "2"}
URL = "https://conda.anaconda.org/cf/linux-64/x-1.0-0.conda"
SPEAKING = [
    f"x[md5={HASHES['md5']}]",
    f"x[sha256={HASHES['sha256']}]",
    URL,
    f"{URL}#{HASHES['md5']}",
    f"x[url='{URL}']",
    "x[fn=x-1.0-0.conda]",
    "cf/linux-64::x",
]


def channel_of(make_channel: ChannelMaker, spec: str, *, through: str) -> tuple[str, list[str]]:
    """A channel in which `spec` is asked by the request itself, or by a record in one way or another."""
    needs: dict[str, Any] = {"depends": [spec]} if through == "depends" else {}
    if through == "extra":
        needs = {"depends": [], "extra_depends": {"e": [spec]}}
    if through == "when":
        needs = {"depends": [f'x[when="{spec}"]'] if "'" not in spec and "/" not in spec else [spec]}
    folder = make_channel(
        [record("x", **HASHES), record("x", "2.0", md5="f" * 32, sha256="e" * 64), record("top", **needs)]
    )
    request = {"request": [spec], "extra": ["top[extras=[e]]"], "deny": ["x"], "constraint": ["x"]}
    return f"cf={folder}", request.get(through, ["top"])


@pytest.mark.parametrize("spec", SPEAKING)
@pytest.mark.parametrize("through", ["request", "depends", "extra", "when", "deny", "constraint"])
def test_a_proof_says_all_that_its_specs_ask(
    tmp_path: Path, make_channel: ChannelMaker, spec: str, through: str
) -> None:
    channel, specs = channel_of(make_channel, spec, through=through)
    index = resolvent.load_index([channel], platform="linux-64")
    options: dict[str, Any] = {"deny": {"deny": [spec]}, "constraint": {"constraints": [spec]}}.get(through, {})
    path = tmp_path / "proof.json"
    solution = resolvent.write_proof(path, specs, index=index, **options)
    for checked in (resolvent.check_proof(path), resolvent.check_proof(path, index=index)):
        assert checked.claim == ("unsatisfiable" if solution is None else "best")
    assert checked.compared and not resolvent.check_proof(path).compared
    if solution is None:
        # All records of the name are denied; that is proved, too.
        assert (through, spec) == ("deny", SPEAKING[-1])
        return
    again = resolvent.replay(path)
    assert [r.fn for r in again.records] == [r.fn for r in solution.records]
    # Without what a spec speaks of, or with another value, nothing is accepted that was not true.
    document = json.loads(path.read_text())
    for key in ("md5", "sha256", "url", "fn", "channel", "subdir"):
        if not any(key in entry for entry in document["records"]):
            continue
        for other in (None, "drop", "f" * 32):
            records = [dict(entry) for entry in document["records"]]
            for entry in records:
                if other == "drop":
                    entry.pop(key, None)
                else:
                    entry[key] = other
            forged = tmp_path / "forged.json"
            assert_refused(forged, {**document, "records": records}, index)


def assert_refused(path: Path, document: dict[str, Any], index: resolvent.Index) -> None:
    """A false problem, proved anew by an honest prover and sealed, is refused when held against the channels."""
    document = {key: value for key, value in document.items() if key != "certificate"}
    text = json.dumps(document, indent=1)
    try:
        certificate = resolvent._core.prove(text, None, 20.0, None)
    except ResolventError:
        return
    path.write_text(text.rstrip().removesuffix("}") + f',\n "certificate": {certificate}\n}}\n')
    with pytest.raises(ResolventError, match="refused"):
        resolvent.check_proof(path, index=index)


def test_other_channels_or_another_order_are_another_problem(tmp_path: Path, make_channel: ChannelMaker) -> None:
    one = make_channel([record("a", "1.0")], name="one")
    two = make_channel([record("a", "2.0")], name="two")
    index = resolvent.load_index([f"one={one}", f"two={two}"], platform="linux-64")
    path = tmp_path / "proof.json"
    resolvent.write_proof(path, ["a"], index=index)
    assert resolvent.check_proof(path, index=index).answer == ["a 1.0 0"]
    for sources in ([f"two={two}", f"one={one}"], [f"one={one}"], [f"two={two}"], [f"three={one}", f"two={two}"]):
        other = resolvent.load_index(sources, platform="linux-64")
        with pytest.raises(ResolventError, match="refused"):
            resolvent.check_proof(path, index=other)
    (one / "osx-64").mkdir()
    (one / "osx-64" / "repodata.json").write_text((one / "linux-64" / "repodata.json").read_text())
    with pytest.raises(ResolventError, match="platform"):
        resolvent.check_proof(path, index=resolvent.load_index([f"one={one}", f"two={two}"], platform="osx-64"))


def test_the_command_says_what_its_check_is_worth(tmp_path: Path, make_channel: ChannelMaker, cli: Cli) -> None:
    folder = make_channel([record("a")])
    cli("solve", "-c", f"cf={folder}", "--platform", "linux-64", "--no-detect", "a", "--proof", "p.json")
    alone = cli("check-proof", "p.json")
    held = cli("check-proof", "p.json", "-c", f"cf={folder}")
    assert (alone.returncode, held.returncode) == (0, 0)
    assert "compare them with their channels by -c CHANNEL" in alone.stdout
    assert "were compared with the channels" in held.stdout
    assert json.loads(cli("check-proof", "p.json", "--json").stdout)["compared"] is False
    assert json.loads(cli("check-proof", "p.json", "-c", f"cf={folder}", "--json").stdout)["compared"] is True


@pytest.mark.parametrize("literal", ["2147483647", "-2147483647", "99999999999999999999", "1000000 2147483646"])
def test_numbers_of_a_proof_size_no_table(tmp_path: Path, make_channel: ChannelMaker, literal: str) -> None:
    """H8, S10: the bound on memory is that of the process, see `limited`."""
    index = resolvent.load_index([make_channel([record("a", depends=["b"])])], platform="linux-64")
    path = tmp_path / "proof.json"
    resolvent.write_proof(path, ["a"], index=index)
    document = json.loads(path.read_text())
    document["certificate"]["proofs"] = {str(n): f"{literal} 0\n0\n" for n in range(4)}
    document["certificate"]["bounds"] = {literal.split()[0]: [[2147483647, 2147483647]]}
    path.write_text(json.dumps(document, indent=1))
    code = """
import sys, resolvent
try:
    print(resolvent.check_proof(sys.argv[1]).claim)
except resolvent.ResolventError as error:
    print("refused", str(error)[:200])
"""
    found = limited(code, str(path))
    assert found.returncode == 0, found.stderr[-400:]
    assert found.stdout.startswith(("refused", "unsatisfiable")), found.stdout
