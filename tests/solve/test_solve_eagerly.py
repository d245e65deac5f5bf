"""Opening on demand against the reference that opens everything before its first search: the same in every respect.

Records in link order, the value of each level, trade-offs, transactions, and the words of errors are compared.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest
from solve_support import Corpus, Problem
from universes import Universe, deep_universe, modern_universe, random_request, random_universe
from walks import Terrain, Walk, eager, fresh, generated, little, told

import resolvent
from conftest import write_subdir


@pytest.fixture(scope="module")
def corpus(shared: Path) -> Corpus:
    return Corpus(shared)


def compare(terrain: Terrain, target: tuple[str, ...], arguments: dict[str, Any]) -> tuple[str, Any]:
    """Compare one request; return its verdict and its answer."""
    lazy, solution = fresh(terrain, target, arguments)
    assert eager(terrain, target, arguments) == lazy, told(target, arguments)
    return lazy[0], solution


def walk_on(rng: random.Random, terrain: Terrain, length: int) -> list[str]:
    """Compare along a walk, environments and policies included; return the verdicts."""
    walk = Walk(rng, terrain)
    verdicts = []
    for _ in range(length):
        verdict, solution = compare(terrain, walk.target, dict(walk.arguments))
        verdicts.append(verdict)
        walk.step(solution)
    return verdicts


def universes(seeds: Iterable[int], folder: Path, make: Callable[..., Universe], **shape: Any) -> list[str]:
    """Compare random requests over random universes, then a walk over each; return the verdicts."""
    verdicts = []
    for seed in seeds:
        rng = random.Random(seed)
        universe = make(rng, **shape)
        terrain = little(rng, universe, folder / f"{make.__name__}-{seed}")
        for _ in range(4):
            arguments = random_request(rng, universe).arguments()
            verdicts.append(compare(terrain, universe.virtual_packages, arguments)[0])
        verdicts += walk_on(rng, terrain, 8)
    return verdicts


def both_verdicts(verdicts: list[str], share: float) -> None:
    counts = [verdicts.count(word) for word in ("answer", "none")]
    assert min(counts) > share * len(verdicts), counts


def test_universes(tmp_path: Path) -> None:
    both_verdicts(universes(range(120), tmp_path, random_universe, names=8, depth=6), 0.1)
    both_verdicts(universes(range(40), tmp_path, deep_universe), 0.1)


def test_conditions_extras_and_flags(tmp_path: Path) -> None:
    both_verdicts(universes(range(100), tmp_path, modern_universe, names=7, depth=5), 0.1)


@pytest.mark.long
def test_many_conditions_extras_and_flags(tmp_path: Path) -> None:
    both_verdicts(universes(range(100, 3000), tmp_path, modern_universe, names=7, depth=5), 0.1)


def test_vectors(shared: Path, tmp_path: Path) -> None:
    cases: list[dict[str, Any]] = json.loads((shared / "vectors" / "solve_random.json").read_text())["cases"]
    verdicts = []
    for number, case in enumerate(cases):
        folder = tmp_path / str(number)
        write_subdir(folder, [{"depends": [], "subdir": "linux-64", **entry} for entry in case["repo"]])
        terrain = Terrain(resolvent.load_index([folder], platform="linux-64"), (), (), (), ((),))
        verdicts.append(compare(terrain, (), {"specs": case["request"]})[0])
    both_verdicts(verdicts, 0.2)


def test_generated(tmp_path: Path) -> None:
    verdicts = walk_on(random.Random(1), generated(tmp_path / "a", 2000, 100, 1, most=8), 60)
    verdicts += walk_on(random.Random(2), generated(tmp_path / "b", 5000, 400, 2), 30)
    both_verdicts(verdicts, 0.1)


@pytest.mark.long
def test_many_universes(tmp_path: Path) -> None:
    both_verdicts(universes(range(1000, 2000), tmp_path, random_universe, names=8, depth=6), 0.1)
    both_verdicts(universes(range(1000, 1500), tmp_path, deep_universe), 0.1)


@pytest.mark.long
@pytest.mark.parametrize(("records", "names", "length"), [(2000, 100, 300), (4000, 150, 150), (10_000, 800, 100)])
def test_many_generated(tmp_path: Path, records: int, names: int, length: int) -> None:
    verdicts = walk_on(random.Random(records), generated(tmp_path, records, names, records + 1, most=8), length)
    both_verdicts(verdicts, 0.1)


def real(corpus: Corpus, problems: list[Problem]) -> None:
    for problem in problems:
        terrain = Terrain(corpus.index(problem), (), (), (), (problem.virtual_packages,))
        verdict, _ = compare(terrain, problem.virtual_packages, {"specs": list(problem.specs)})
        assert verdict == "answer", problem.id


def test_some_real_requests(corpus: Corpus) -> None:
    problems = sorted(corpus.problems("bench"), key=lambda problem: len(problem.locked))
    real(corpus, problems[:100:12])


@pytest.mark.long
def test_real_requests(corpus: Corpus) -> None:
    """A sample, since opening all of conda-forge takes seconds where a request can reach it."""
    rng = random.Random(11)
    bench, problems = corpus.problems("bench"), corpus.problems("problems")
    real(corpus, [bench[at] for at in sorted(rng.sample(range(len(bench)), 60))])
    real(corpus, [problems[at] for at in sorted(rng.sample(range(len(problems)), 150))])
