"""Verdict and exact answer on random small universes, against a brute force of the contract."""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from brute_force import BruteForce
from universes import (
    Universe,
    answer,
    deep_universe,
    describe,
    modern_request,
    modern_universe,
    random_request,
    random_universe,
)

import resolvent

#: Requests of one universe.
REQUESTS = 5


def compare(seed: int, folder: Path, make: Callable[..., Universe], **shape: Any) -> tuple[int, int]:
    """Compare all requests of one random universe; return how many have an answer and how many have none."""
    rng = random.Random(seed)
    universe = make(rng, **shape)
    index = universe.load(folder)
    session = resolvent.Session(index, virtual_packages=universe.virtual_packages)
    counts = [0, 0]
    for _ in range(REQUESTS):
        request = random_request(rng, universe)
        best = BruteForce(universe, request).best()
        expected = None if best is None else sorted(record.identity for record in best.values())
        found = answer(session, request)
        assert found == expected, f"seed {seed}: {describe(universe, request)}"
        counts[expected is None] += 1
    # Thousands of folders would be a burden to whoever cleans up after the tests.
    shutil.rmtree(folder)
    return counts[0], counts[1]


def walk(seeds: range, folder: Path, make: Callable[..., Universe] = random_universe, **shape: Any) -> None:
    satisfiable = unsatisfiable = 0
    for seed in seeds:
        with_answer, without = compare(seed, folder / str(seed), make, **shape)
        satisfiable += with_answer
        unsatisfiable += without
    assert min(satisfiable, unsatisfiable) > len(seeds) * REQUESTS // 10


def test_small_universes(tmp_path: Path) -> None:
    walk(range(250), tmp_path)
    walk(range(250, 350), tmp_path, names=8, depth=6)


def test_long_histories(tmp_path: Path) -> None:
    walk(range(50), tmp_path, deep_universe)


def test_two_ways_to_list_all_answers_agree() -> None:
    """The brute force itself: following dependencies finds the answers that all combinations hold."""
    found = 0
    for seed in range(100):
        rng = random.Random(seed)
        universe = random_universe(rng, names=4, depth=3)
        brute = BruteForce(universe, random_request(rng, universe))
        slow = sorted(sorted(r.identity for r in chosen.values()) for chosen in brute.all_answers())
        fast = sorted(sorted(r.identity for r in chosen.values()) for chosen in brute.answers())
        assert slow == fast
        found += len(slow)
    assert found > 50


def walk_modern(seeds: range, folder: Path) -> None:
    """Conditions, extras and flags, in records, requests, constraints and pins; all combinations are listed."""
    counts = [0, 0]
    for seed in seeds:
        rng = random.Random(seed)
        universe = modern_universe(rng)
        index = universe.load(folder / str(seed))
        session = resolvent.Session(index, virtual_packages=universe.virtual_packages)
        for _ in range(REQUESTS):
            request = modern_request(rng, universe)
            brute = BruteForce(universe, request)
            best = brute.best(brute.all_answers())
            expected = None if best is None else sorted(record.identity for record in best.values())
            found = answer(session, request)
            assert found == expected, f"seed {seed}: {describe(universe, request)}"
            counts[expected is None] += 1
        shutil.rmtree(folder / str(seed))
    assert min(counts) > len(seeds) * REQUESTS // 10


def test_conditions_extras_and_flags(tmp_path: Path) -> None:
    walk_modern(range(200_000, 200_300), tmp_path)


@pytest.mark.long
@pytest.mark.parametrize("block", range(8))
def test_many_conditions_extras_and_flags(tmp_path: Path, block: int) -> None:
    walk_modern(range(210_000 + 1000 * block, 210_000 + 1000 * (block + 1)), tmp_path)


@pytest.mark.long
@pytest.mark.parametrize("block", range(8))
def test_many_universes(tmp_path: Path, block: int) -> None:
    walk(range(10_000 + 500 * block, 10_000 + 500 * (block + 1)), tmp_path)


@pytest.mark.long
@pytest.mark.parametrize("block", range(4))
def test_larger_universes(tmp_path: Path, block: int) -> None:
    walk(range(50_000 + 250 * block, 50_000 + 250 * (block + 1)), tmp_path, names=8, depth=6)


@pytest.mark.long
@pytest.mark.parametrize("block", range(4))
def test_universes_that_the_last_level_decides(tmp_path: Path, block: int) -> None:
    walk(range(80_000 + 250 * block, 80_000 + 250 * (block + 1)), tmp_path, names=8, depth=5, twins=True)


@pytest.mark.long
@pytest.mark.parametrize("block", range(8))
def test_many_long_histories(tmp_path: Path, block: int) -> None:
    walk(range(90_000 + 250 * block, 90_000 + 250 * (block + 1)), tmp_path, deep_universe)
