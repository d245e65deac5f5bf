"""Why a package is there, why another version is not, and problems saved and solved again."""

from __future__ import annotations

import gzip
import itertools
import json
import re
import tempfile
from collections.abc import Sequence
from pathlib import Path

import pytest

import resolvent
from conftest import LINUX, ChannelMaker, record
from resolvent import MatchSpec, ResolventError, Solution, UnsatisfiableError
from resolvent._core import InternalError
from resolvent.explaining import held_back


def shortest(solution: Solution, requested: Sequence[str], name: str) -> int:
    """Return how many specs lie between the request and a package, by breadth-first search over the records."""
    records = {entry.name: entry for entry in solution}
    layer, seen, steps = {str(MatchSpec(spec).name) for spec in requested}, set[str](), 1
    while name not in layer:
        seen |= layer
        nexts = {MatchSpec(text).name for entry in layer for text in records[entry].depends}
        layer = {str(n) for n in nexts if n in records} - seen
        steps += 1
        assert layer
    return steps


def test_chains_are_shortest_and_real(conda_forge: resolvent.Index) -> None:
    specs = ["scipy", "matplotlib-base", "python 3.12.*"]
    solution = resolvent.solve(specs, index=conda_forge, virtual_packages=LINUX)
    records = {entry.name: entry for entry in solution}
    for name in records:
        chains = resolvent.why(solution, name)
        assert 1 <= len(chains) <= 10
        for chain in chains:
            assert len(chain) == shortest(solution, specs, name)
            assert chain[0][1] in specs
            assert chain[-1][0] == name
            for (above, _), (below, spec) in itertools.pairwise(chain):
                assert spec in records[above].depends
                assert MatchSpec(spec).matches(records[below])
    assert resolvent.why(solution, "not-there") == []


def small(make_channel: ChannelMaker) -> resolvent.Index:
    records = [
        record("lib", "1.0"),
        record("lib", "2.0"),
        record("lib", "3.0"),
        record("old", "1.0", depends=["lib <2"]),
        record("old", "2.0", depends=["lib <3"]),
        record("other", "1.0", depends=["lib"]),
    ]
    return resolvent.load_index([make_channel(records)], platform="linux-64")


def test_why_not(make_channel: ChannelMaker) -> None:
    solution = resolvent.solve(["old", "other"], index=small(make_channel), virtual_packages=[])
    assert [f"{r.name} {r.version}" for r in solution] == ["lib 2.0", "old 2.0", "other 1.0"]
    granted = resolvent.why_not(solution, "lib 2.*")
    assert granted.granted
    assert granted.possible
    priced = resolvent.why_not(solution, "lib 1.*")
    assert {(p.name, p.before, p.after) for p in priced.price} == {("lib", "2.0 0", "1.0 0")}
    assert priced.solution is not None
    never = resolvent.why_not(solution, "lib 3.*")
    assert not never.possible
    assert never.conflict is not None
    assert {fact.kind for fact in never.conflict.facts} == {"request", "dependency"}
    assert {fact.spec for fact in never.conflict.facts} == {"old", "lib 3.*", "lib <2", "lib <3"}


def test_held_back(make_channel: ChannelMaker) -> None:
    specs = ["old", "lib"]
    solution = resolvent.solve(specs, index=small(make_channel), virtual_packages=[])
    lines = held_back(solution, specs)
    assert len(lines) == 1
    assert lines[0].startswith("lib 2.0 is not newer: ")
    assert "old 1.0 and 2.0 require lib <2 or <3" in lines[0]


def saved(folder: Path, specs: Sequence[str], index: resolvent.Index, virtual: Sequence[str]) -> Path:
    path = folder / "problem.json"
    resolvent.save_problem(path, specs, index=index, virtual_packages=virtual)
    return path


def test_replay_gives_the_same_answers(conda_forge: resolvent.Index, shared: Path, tmp_path: Path) -> None:
    with gzip.open(shared / "data" / "bench.jsonl.gz", "rt") as lines:
        problems = [json.loads(line) for line in lines]
    mine = [p for p in problems if p["channels"] == ["conda-forge"] and not p.get("constraints")][:6]
    assert mine
    for problem in mine:
        specs, virtual = problem["specs"], problem["virtual_packages"]
        path = saved(tmp_path, specs, conda_forge, virtual)
        again = resolvent.replay(path)
        first = resolvent.solve(specs, index=conda_forge, virtual_packages=virtual)
        assert [r.fn for r in again] == [r.fn for r in first]
        assert again.levels == first.levels


def test_replay_gives_the_same_conflict(conda_forge: resolvent.Index, tmp_path: Path) -> None:
    specs = ["openssl 1.1.*", "curl >=8.5"]
    path = saved(tmp_path, specs, conda_forge, LINUX)
    texts = []
    for again in (False, True):
        with pytest.raises(UnsatisfiableError) as caught:
            if again:
                resolvent.replay(path)
            else:
                resolvent.solve(specs, index=conda_forge, virtual_packages=LINUX)
        texts.append(str(caught.value.conflict))
    assert texts[0] == texts[1]


def test_saved_file_holds_what_is_reached_and_no_more(make_channel: ChannelMaker, tmp_path: Path) -> None:
    path = saved(tmp_path, ["old 1.*"], small(make_channel), [])
    problem = json.loads(path.read_text())
    assert {entry["name"] for entry in problem["records"]} == {"old", "lib"}
    # Not reached, but it counts for the rank of the other version.
    (unreached,) = (e for e in problem["records"] if (e["name"], e["version"]) == ("old", "2.0"))
    assert unreached["depends"] == []


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"format": "resolvent-problem-1"}'])
def test_other_files_are_refused(text: str, tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text(text)
    with pytest.raises(ResolventError, match=re.escape(str(path))):
        resolvent.replay(path)


def test_a_failed_check_leaves_a_problem(
    make_channel: ChannelMaker, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    class Broken:
        def solve(self, *arguments: object) -> Solution:
            raise InternalError(f"internal error: the answer to {arguments[0]} failed its check")

    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    session = resolvent.Session(small(make_channel), virtual_packages=[])
    monkeypatch.setattr(session, "_core", Broken())
    with pytest.raises(InternalError, match=r"\['old'\] failed its check; please report it with ") as caught:
        session.solve(["old"])
    assert caught.value.problem is not None
    assert caught.value.problem in str(caught.value)
    assert {r.name for r in resolvent.replay(caught.value.problem)} == {"old", "lib"}
