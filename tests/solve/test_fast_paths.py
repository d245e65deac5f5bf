"""Requests that leave little to search: exact pins, nothing to do, the previous answer once more.

What a request costs is told by counts (opened candidates, variables, calls, propagations): the same on each machine.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from environment_scenarios import exact
from solve_support import Corpus
from walks import generated_problems

import resolvent
from conftest import ChannelMaker, record
from resolvent import PackageRecord, Session

SIZES = (100, 200, 400)


@pytest.fixture(scope="module")
def locked(shared: Path) -> tuple[Session, list[PackageRecord]]:
    """A session, and the records of a large real answer, dependencies first: any first ones are an answer, too."""
    corpus = Corpus(shared)
    problem = max(
        (p for p in corpus.problems("bench") if p.channels == ("conda-forge",) and p.platform == "linux-64"),
        key=lambda problem: len(problem.locked),
    )
    records = corpus.solve(problem).records
    assert len(records) > SIZES[-1]
    return Session(corpus.index(problem), virtual_packages=problem.virtual_packages), records


def fresh(session: Session) -> Session:
    return Session(session.index, virtual_packages=session.virtual_packages)


def files(records: Sequence[PackageRecord]) -> list[tuple[str, str]]:
    return sorted((record.subdir, record.fn) for record in records)


def grows_in_line(costs: Mapping[int, Mapping[str, int]]) -> None:
    """Check that twice the records cost at most about twice as much, and no more calls of the SAT solver."""
    for small, large in itertools.pairwise(SIZES):
        for count in ("names", "candidates", "specs", "variables", "propagations"):
            assert costs[large][count] <= 2.9 * costs[small][count], (count, costs)
    calls = {cost["sat_calls"] for cost in costs.values()}
    assert len(calls) == 1, costs
    assert {cost["conflicts"] for cost in costs.values()} == {0}


def test_lock_file(locked: tuple[Session, list[PackageRecord]]) -> None:
    session, records = locked
    costs = {}
    for size in SIZES:
        solution = fresh(session).solve([exact(record) for record in records[:size]])
        assert files(solution.records) == files(records[:size])
        costs[size] = solution.stats
        # Next to nothing but the records of the file is looked at.
        assert solution.stats["candidates"] < 2 * size
    grows_in_line(costs)


def test_lock_file_that_is_installed(locked: tuple[Session, list[PackageRecord]]) -> None:
    session, records = locked
    costs = {}
    for size in SIZES:
        specs = [exact(record) for record in records[:size]]
        solution = fresh(session).solve(specs, installed=records[:size], history=specs)
        assert (solution.transaction.link, solution.transaction.unlink) == ([], [])
        costs[size] = solution.stats
        assert solution.stats["candidates"] < 2 * size
    grows_in_line(costs)


def test_lock_file_of_a_generated_channel(tmp_path: Path) -> None:
    problems = generated_problems(tmp_path, 8000, 700, 9)
    index = resolvent.load_index([tmp_path / "channels" / "generated"], platform="linux-64")
    problem = max(problems, key=lambda problem: len(problem["solution"]))
    session = Session(index, virtual_packages=problem["virtual_packages"])
    records = session.solve(problem["specs"]).records
    assert len(records) > 100
    solution = fresh(session).solve([exact(record) for record in records])
    assert files(solution.records) == files(records)
    assert solution.stats["candidates"] < 2 * len(records)
    assert solution.stats["conflicts"] == 0


def test_previous_answer_again(locked: tuple[Session, list[PackageRecord]]) -> None:
    """A warm session opens nothing more for it, and a search is little more than reading the last model."""
    session, _ = locked
    specs = ["python", "numpy", "scipy", "matplotlib-base"]
    warm = fresh(session)
    first, again, third = (warm.solve(specs) for _ in range(3))
    assert files(first.records) == files(again.records) == files(third.records)
    assert first.levels == again.levels == third.levels
    for count in ("names", "candidates", "specs"):
        assert first.stats[count] == again.stats[count] == third.stats[count], count
    assert again.stats["propagations"] <= first.stats["propagations"]
    # Clauses that bounds add are found again.
    assert third.stats["variables"] == again.stats["variables"]


def test_nothing_to_do(locked: tuple[Session, list[PackageRecord]]) -> None:
    """An environment that is the answer stays, by whatever request that is said."""
    session, _ = locked
    specs = ["python 3.12.*", "numpy", "pandas"]
    installed = session.solve(specs).records
    for mode in ("install", "update", "update-all"):
        for asked in (specs, ["numpy"]) if mode != "update-all" else ([],):
            solution = session.solve(asked, installed=installed, history=specs, mode=mode)
            assert (solution.transaction.link, solution.transaction.unlink) == ([], []), (mode, asked)


# -- Skips that are none


def test_satisfied_but_against_a_pin(make_channel: ChannelMaker) -> None:
    """What is installed matches the spec, but breaks a pin: that is work to do, not a skip."""
    folder = make_channel([record("a", "1"), record("a", "2")])
    index = resolvent.load_index([folder], platform="linux-64")
    session = Session(index, virtual_packages=[])
    installed = session.solve(["a"]).records
    assert [r.version for r in installed] == ["2"]
    same = session.solve(["a"], installed=installed, satisfied_skip=True)
    assert same.transaction.link == []
    for key in ("pins", "constraints"):
        limit: dict[str, Any] = {key: ["a <2"]}
        solution = session.solve(["a"], installed=installed, satisfied_skip=True, **limit)
        assert [r.version for r in solution.transaction.link] == ["1"], key
        assert [r.version for r in solution.transaction.unlink] == ["2"], key


def test_removal_beside_a_broken_pin(make_channel: ChannelMaker) -> None:
    """A removal changes nothing else, so a pin that the environment breaks stays broken, and is told."""
    folder = make_channel([record("a", "2"), record("b", "1")])
    session = Session(resolvent.load_index([folder], platform="linux-64"), virtual_packages=[])
    installed = session.solve(["a", "b"]).records
    arguments: dict[str, Any] = {"installed": installed, "history": ["a", "b"], "mode": "remove"}
    solution = session.solve(["b"], pins=["a <2", "b <1"], constraints=["a 1.*"], **arguments)
    assert [r.name for r in solution] == ["a"]
    assert solution.exempt == ["the constraint 'a 1.*' is violated", "the pin 'a <2' is violated"]
    assert session.solve(["b"], pins=["b <1"], **arguments).exempt == []
