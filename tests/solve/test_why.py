"""Why a package is there, and why another version is not."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import resolvent
from conftest import LINUX, ChannelMaker, record
from resolvent import MatchSpec, Solution
from resolvent.solution import held_back


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


def test_chains_begin_at_earlier_requests_that_hold(make_channel: ChannelMaker) -> None:
    index = small(make_channel)
    installed = resolvent.solve(["old", "other"], index=index, virtual_packages=[]).records
    session = resolvent.Session(index, virtual_packages=[])
    kept = session.solve([], installed=installed, history=["old <3", "other"])
    assert resolvent.why(kept, "lib") == [[("old", "old <3"), ("lib", "lib <3")], [("other", "other"), ("lib", "lib")]]
    # A new spec takes the place of the earlier one; one that is given up leads nowhere.
    newer = session.solve(["lib 3.*"], installed=installed, history=["old >=2", "other"])
    assert newer.dropped == ["old >=2"]
    assert resolvent.why(newer, "lib") == [[("lib", "lib 3.*")]]
    assert resolvent.why(newer, "old") == []


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
    assert "old 1.0 and 2.0 require lib <3" in lines[0]
