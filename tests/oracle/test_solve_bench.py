"""Real requests with known optima: each level as an independent MaxSAT solver proved it, and never below a peer."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from solve_support import (
    Corpus,
    Levels,
    Problem,
    as_places,
    broken_rules,
    reported_layers,
    reported_levels,
    requested_levels,
    spec_name,
)

import resolvent
from conftest import LINUX, write_subdir

Answers = list[tuple[Problem, resolvent.Solution]]


@pytest.fixture(scope="module")
def corpus(shared: Path) -> Corpus:
    return Corpus(shared)


@pytest.fixture(scope="module")
def answers(corpus: Corpus) -> Answers:
    """All requests of the collection, solved."""
    solved = [(problem, corpus.solve(problem)) for problem in corpus.problems("bench")]
    assert len(solved) == 160
    return solved


@pytest.fixture(scope="module")
def optima(shared: Path) -> dict[str, dict[str, Any]]:
    result: dict[str, dict[str, Any]] = json.loads((shared / "data" / "bench_levels.json").read_text())
    return result


def test_answers_are_proved(answers: Answers) -> None:
    assert [problem.id for problem, solution in answers if solution.optimality != "proved"] == []


def test_requested_levels_are_optimal(answers: Answers, optima: dict[str, dict[str, Any]]) -> None:
    wrong = []
    for problem, solution in answers:
        optimum = optima[problem.id]
        expected = Levels(optimum["2"], optimum["3"], optimum["4"])
        if reported_levels(solution) != expected:
            wrong.append((problem.id, reported_levels(solution), expected))
    assert wrong == []


def test_every_layer_is_optimal(answers: Answers, optima: dict[str, dict[str, Any]]) -> None:
    wrong = []
    for problem, solution in answers:
        found, expected = reported_layers(solution), optima[problem.id]["6"]
        # Layers behind the last chosen package cost nothing, and an answer need not list them.
        common = min(len(found), len(expected))
        behind = [layer[1:] for layer in (found[common:] + expected[common:])]
        if found[:common] != expected[:common] or any(cost != [0, 0, 0] for cost in behind):
            wrong.append((problem.id, found, expected))
    assert wrong == []


def test_answers_keep_the_rules(corpus: Corpus, answers: Answers) -> None:
    """The library's own check, and py-rattler's matching."""
    wrong = []
    for problem, solution in answers:
        index = corpus.index(problem)
        wrong += resolvent.check(solution, problem.specs, index=index, virtual_packages=problem.virtual_packages)
        wrong += broken_rules(corpus, problem, as_places(corpus, problem, solution))
    assert wrong == []


def test_reported_levels_are_those_of_the_records(corpus: Corpus, answers: Answers) -> None:
    """Ranks counted again with py-rattler's versions and specs."""
    wrong = []
    for problem, solution in answers:
        counted = requested_levels(corpus, problem, as_places(corpus, problem, solution))
        if counted != reported_levels(solution):
            wrong.append((problem.id, counted, reported_levels(solution)))
    assert wrong == []


def test_never_worse_than_a_peer(corpus: Corpus, answers: Answers) -> None:
    compared = 0
    better = []
    for problem, solution in answers:
        if problem.peer is None:
            continue
        theirs = requested_levels(corpus, problem, corpus.find(problem, problem.peer))
        ours = reported_levels(solution)
        key = (ours.versions, ours.features, ours.builds)
        assert key <= (theirs.versions, theirs.features, theirs.builds), problem.id
        compared += 1
        better += [problem.id] if ours.versions < theirs.versions else []
    assert compared > 150
    assert better, "the peer is known to miss some optima"


@pytest.mark.parametrize("specs", [["matplotlib"], ["seaborn"], ["geopandas"]], ids=lambda specs: specs[0])
def test_a_deep_feature_does_not_cost_a_new_python(conda_forge: resolvent.Index, specs: list[str]) -> None:
    solution = resolvent.solve(specs, index=conda_forge, virtual_packages=LINUX)
    python = next(record for record in solution if record.name == "python")
    assert python.version.startswith("3.14.")


def test_a_gpu_gets_the_build_for_it(conda_forge: resolvent.Index) -> None:
    solution = resolvent.solve("pytorch 2.6.*", index=conda_forge, virtual_packages=[*LINUX, "__cuda 12.6"])
    assert "cuda" in next(record for record in solution if record.name == "pytorch").build


Fact = dict[str, Any]


def hold_together(
    corpus: Corpus, problem: Problem, facts: list[Fact], folder: Path, lifted: Fact | None = None
) -> bool:
    """Solve in a world where records say nothing but what the facts say of them.

    A fact about the world (the target lacks something, no record matches) that is lifted satisfies what asks for it.
    """
    kind, name_lifted, spec_lifted = (lifted["kind"], lifted["name"], lifted["spec"]) if lifted else ("", "", "")

    def counts(spec: str) -> bool:
        if kind == "virtual_package":
            return spec_name(spec) != name_lifted
        return not (kind in ("missing_name", "missing_version") and spec == spec_lifted)

    requests = [fact["spec"] for fact in facts if fact["kind"] == "request" and counts(fact["spec"])]
    said = {(fact["kind"], fact["name"], fact["spec"]) for fact in facts}
    todo = [spec_name(spec) for spec in requests]
    records: dict[str, list[dict[str, Any]]] = {"noarch": [], problem.platform: []}
    seen: set[str] = set()
    while todo:
        name = todo.pop()
        if name in seen:
            continue
        seen.add(name)
        for place in corpus.places(problem, name):
            entry = dict(place.entry)
            for key, kind_of in (("depends", "dependency"), ("constrains", "constrains")):
                entry[key] = [spec for spec in entry.get(key, ()) if (kind_of, name, spec) in said and counts(spec)]
            todo += map(spec_name, entry["depends"])
            records[place.subdir].append(entry)
    for subdir, entries in records.items():
        write_subdir(folder, entries, subdir)
    index = resolvent.load_index([folder], platform=problem.platform)
    try:
        resolvent.solve(requests, index=index, virtual_packages=problem.virtual_packages)
    except resolvent.UnsatisfiableError:
        return False
    return True


def test_unsatisfiable_requests(corpus: Corpus, tmp_path: Path) -> None:
    """The peer finds nothing either; the conflict's facts contradict each other, and without any one they do not."""
    problems = corpus.problems("unsat")
    assert len(problems) == 6
    wrong = []
    for number, problem in enumerate(problems):
        assert problem.peer is None
        with pytest.raises(resolvent.UnsatisfiableError) as error:
            corpus.solve(problem)
        facts: list[Fact] = error.value.conflict.to_dict()["facts"]
        known = {"request", "dependency", "constrains", "virtual_package", "missing_name", "missing_version"}
        assert {fact["kind"] for fact in facts} <= known
        assert {fact["spec"] for fact in facts if fact["kind"] == "request"} <= set(problem.specs)
        if hold_together(corpus, problem, facts, tmp_path / f"{number}"):
            wrong.append((problem.id, "the facts do not contradict each other"))
        for dropped, fact in enumerate(facts):
            rest = facts[:dropped] + facts[dropped + 1 :]
            if not hold_together(corpus, problem, rest, tmp_path / f"{number}-{dropped}", fact):
                wrong.append((problem.id, f"not needed: {fact['text']}"))
    assert wrong == []
