"""Every real request with a lock file, on all platforms: answered, proved, and right by another matcher's reading."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from solve_support import (
    Corpus,
    Problem,
    as_places,
    broken_rules,
    reported_levels,
    requested_levels,
)

import resolvent


@pytest.fixture(scope="module")
def corpus(shared: Path) -> Corpus:
    return Corpus(shared)


def faults(corpus: Corpus, problem: Problem) -> list[str]:
    """Solve a request and return everything that is wrong with the answer."""
    index = corpus.index(problem)
    solution = corpus.solve(problem)
    found = [] if solution.optimality == "proved" else ["not proved"]
    found += resolvent.check(solution, problem.specs, index=index, virtual_packages=problem.virtual_packages)
    places = as_places(corpus, problem, solution)
    found += broken_rules(corpus, problem, places)
    ours = requested_levels(corpus, problem, places)
    if ours != reported_levels(solution):
        found.append(f"says {reported_levels(solution)}, is {ours}")
    # The answer that was once locked is valid on this index: the check has to say so, and it cannot be better.
    locked = corpus.find(problem, problem.locked)
    broken = resolvent.check(
        [place.to_record() for place in locked],
        problem.specs,
        index=index,
        virtual_packages=problem.virtual_packages,
    )
    found += [f"the locked answer: {sentence}" for sentence in broken if "is not needed by anything" not in sentence]
    theirs = requested_levels(corpus, problem, locked)
    if ours.versions > theirs.versions:
        found.append(f"the locked answer has version ranks {theirs.versions}, this one {ours.versions}")
    return [f"{problem.id}: {fault}" for fault in found]


def walk(corpus: Corpus, problems: list[Problem]) -> None:
    assert [fault for problem in problems for fault in faults(corpus, problem)] == []


def test_the_judge_misses_nothing(corpus: Corpus) -> None:
    """Without any one of its records an answer is wrong, and so it is with one more."""
    problem = corpus.problems("problems")[0]
    places = as_places(corpus, problem, corpus.solve(problem))
    assert list(broken_rules(corpus, problem, places)) == []
    for dropped in range(len(places)):
        assert list(broken_rules(corpus, problem, places[:dropped] + places[dropped + 1 :]))
    records = corpus.repodata(places[0].channel, places[0].subdir)
    other = next(place for name, (place, *_) in records.items() if name not in {p.name for p in places})
    assert f"nothing needs {other.fn}" in broken_rules(corpus, problem, [*places, other])


def test_a_sample(corpus: Corpus) -> None:
    problems = corpus.problems("problems")
    chosen = random.Random(7).sample(range(len(problems)), 60)
    walk(corpus, [problems[at] for at in sorted(chosen)])


@pytest.mark.long
@pytest.mark.parametrize("platform", ["linux-64", "linux-aarch64", "osx-64", "osx-arm64", "win-64"])
def test_every_problem(corpus: Corpus, platform: str) -> None:
    problems = [problem for problem in corpus.problems("problems") if problem.platform == platform]
    assert len(problems) > 100
    walk(corpus, problems)
