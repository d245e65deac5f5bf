"""Exported formulas, solved again by solvers of other hands: PicoSAT, CaDiCaL, and RC2 for MaxSAT."""

from __future__ import annotations

import dataclasses
import random
import shutil
from pathlib import Path
from typing import Any

import pytest
from brute_force import BruteForce
from solve_support import Corpus, Problem, reported_levels
from universes import Request, Universe, modern_request, modern_universe, random_request, random_universe

import resolvent

pycosat = pytest.importorskip("pycosat", reason="the oracle PicoSAT (extra `oracle`) is not installed")
solvers = pytest.importorskip("pysat.solvers", reason="the oracle CaDiCaL (extra `oracle`) is not installed")
rc2 = pytest.importorskip("pysat.examples.rc2", reason="the oracle RC2 (extra `oracle`) is not installed")
formulas = pytest.importorskip("pysat.formula", reason="the oracle RC2 (extra `oracle`) is not installed")


@pytest.fixture(scope="module")
def corpus(shared: Path) -> Corpus:
    return Corpus(shared)


def read_cnf(path: Path) -> list[list[int]]:
    """Read a DIMACS file strictly: one header whose numbers are right, one clause a line."""
    header, *lines = [line for line in path.read_text().splitlines() if not line.startswith("c")]
    p, cnf, variables, count = header.split()
    clauses = [[int(word) for word in line.split()] for line in lines]
    assert (p, cnf, int(count)) == ("p", "cnf", len(clauses))
    assert all(clause[-1] == 0 and 0 not in clause[:-1] for clause in clauses)
    assert all(abs(lit) <= int(variables) for clause in clauses for lit in clause)
    return [clause[:-1] for clause in clauses]


def satisfiable(path: Path) -> bool:
    """Return the verdict that both solvers share."""
    clauses = read_cnf(path)
    with solvers.Solver(name="cadical153", bootstrap_with=clauses) as cadical:
        verdict = bool(cadical.solve())
    # PicoSAT's binding takes no empty formula and no empty clause.
    if clauses and all(clauses):
        assert (pycosat.solve(clauses) != "UNSAT") == verdict
    return verdict


def least_cost(path: Path) -> int | None:
    """Return the optimum of a WCNF file; None when its hard clauses have no model."""
    with rc2.RC2(formulas.WCNF(from_file=str(path))) as maxsat:
        return None if maxsat.compute() is None else int(maxsat.cost)


def plain(request: Request) -> Request:
    """Return a request of what an export takes: no strategy, no cut-off, the index's own priority."""
    return dataclasses.replace(request, strategy="highest", channel_priority="strict", exclude_newer=None)


def export_arguments(universe: Universe, request: Request, index: resolvent.Index, path: Path) -> dict[str, Any]:
    arguments = request.arguments()
    kept = {key: arguments[key] for key in ("specs", "constraints", "pins")}
    return {**kept, "index": index, "path": path, "virtual_packages": universe.virtual_packages}


def compare_random(seeds: range, folder: Path, *, modern: bool = False) -> tuple[int, int]:
    """Compare verdicts and optima of random requests with the brute force; return the counts of both verdicts.

    With `modern` records and requests have conditions, extras and flags.
    """
    counts = [0, 0]
    for seed in seeds:
        rng = random.Random(seed)
        universe = modern_universe(rng) if modern else random_universe(rng, names=7)
        index = universe.load(folder / str(seed))
        for _ in range(3):
            request = plain((modern_request if modern else random_request)(rng, universe))
            brute = BruteForce(universe, request)
            costs = []
            for chosen in brute.all_answers() if modern else brute.answers():
                requested = [chosen[name] for name in brute.requested if name in chosen]
                ranks = sum(brute.asked_ranks(chosen))
                features = sum(bool(record.track_features) for record in requested)
                costs.append((len(brute.requested) + 1) * ranks + features)
            resolvent.export_cnf(**export_arguments(universe, request, index, folder / "cnf"))
            assert satisfiable(folder / "cnf") == bool(costs), (seed, request.arguments())
            resolvent.export_wcnf(**export_arguments(universe, request, index, folder / "wcnf"))
            assert least_cost(folder / "wcnf") == min(costs, default=None), (seed, request.arguments())
            counts[not costs] += 1
        shutil.rmtree(folder / str(seed))
    return counts[0], counts[1]


def test_random_requests(tmp_path: Path) -> None:
    assert min(compare_random(range(200), tmp_path)) > 50


def test_conditions_extras_and_flags(tmp_path: Path) -> None:
    assert min(compare_random(range(200_000, 200_150), tmp_path, modern=True)) > 50


@pytest.mark.long
def test_many_random_requests(tmp_path: Path) -> None:
    assert min(compare_random(range(5000, 8000), tmp_path)) > 1000


def real_verdict(corpus: Corpus, problem: Problem, path: Path) -> bool:
    resolvent.export_cnf(
        problem.specs, index=corpus.index(problem), path=path, virtual_packages=problem.virtual_packages
    )
    return satisfiable(path)


def test_real_verdicts(corpus: Corpus, tmp_path: Path) -> None:
    path = tmp_path / "cnf"
    problems = sorted(corpus.problems("bench"), key=lambda problem: len(problem.locked))
    assert [p.id for p in problems[:120:12] if not real_verdict(corpus, p, path)] == []
    assert [p.id for p in corpus.problems("unsat")[:2] if real_verdict(corpus, p, path)] == []


@pytest.mark.long
def test_all_real_verdicts(corpus: Corpus, tmp_path: Path) -> None:
    path = tmp_path / "cnf"
    assert [p.id for p in corpus.problems("bench")[::4] if not real_verdict(corpus, p, path)] == []
    assert [p.id for p in corpus.problems("unsat") if real_verdict(corpus, p, path)] == []


def optima_differ(corpus: Corpus, problem: Problem, path: Path) -> list[Any]:
    """Compare a real request's MaxSAT optimum with the levels of the answer."""
    resolvent.export_wcnf(
        problem.specs, index=corpus.index(problem), path=path, virtual_packages=problem.virtual_packages
    )
    cost = least_cost(path)
    solution = corpus.solve(problem)
    levels = reported_levels(solution)
    requested = {resolvent.MatchSpec(spec).name for spec in problem.specs}
    scale = 1 + sum(not str(name).startswith("__") for name in requested)
    return [] if cost == scale * levels.versions + levels.features else [problem.id, cost, scale, levels]


def test_real_optima(corpus: Corpus, tmp_path: Path) -> None:
    problems = sorted(corpus.problems("bench"), key=lambda problem: len(problem.locked))
    assert [found for p in problems[:100:10] if (found := optima_differ(corpus, p, tmp_path / "wcnf"))] == []


@pytest.mark.long
def test_more_real_optima(corpus: Corpus, tmp_path: Path) -> None:
    problems = sorted(corpus.problems("bench"), key=lambda problem: len(problem.locked))
    assert [found for p in problems[:140:3] if (found := optima_differ(corpus, p, tmp_path / "wcnf"))] == []
