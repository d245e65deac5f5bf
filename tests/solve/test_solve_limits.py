"""Deadlines and interruption: a valid answer or none, soon, and never a wrong one."""

from __future__ import annotations

import contextlib
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from solve_support import Corpus, Problem, broken_rules, reported_levels
from solve_support import as_places as find_places
from universes import Record, Spec, Universe

import resolvent
from conftest import LINUX

#: Proving that so many pigeons plus one do not fit takes any solver of this kind far longer than a test may.
HOLES = 14


@pytest.fixture(scope="module")
def corpus(shared: Path) -> Corpus:
    return Corpus(shared)


def pigeons(holes: int, *, refuge: bool) -> Universe:
    """Return the pigeonhole principle: each hole is a package, and its version says which pigeon sits in it.

    With a `refuge` each pigeon has an older version that needs no hole.
    """
    records = [
        Record(f"hole{hole}", str(pigeon), "h_0", 0, 0, "linux-64")
        for hole in range(holes)
        for pigeon in range(holes + 1)
    ]
    for pigeon in range(holes + 1):
        records += [
            Record(
                f"pigeon{pigeon}",
                "2",
                f"h{hole}_0",
                0,
                0,
                "linux-64",
                depends=(Spec(f"hole{hole}", ((("==", str(pigeon)),),)),),
            )
            for hole in range(holes)
        ]
        if refuge:
            records.append(Record(f"pigeon{pigeon}", "1", "h_0", 0, 0, "linux-64"))
    return Universe(tuple(records))


def pigeon_specs(holes: int) -> list[str]:
    return [f"pigeon{pigeon}" for pigeon in range(holes + 1)]


def test_small_pigeonholes_are_decided(tmp_path: Path) -> None:
    """The family itself: a pigeon too many has no answer, or costs exactly one rank."""
    index = pigeons(5, refuge=False).load(tmp_path / "plain")
    resolvent.solve(pigeon_specs(4), index=index, virtual_packages=[])
    with pytest.raises(resolvent.UnsatisfiableError):
        resolvent.solve(pigeon_specs(5), index=index, virtual_packages=[])
    index = pigeons(5, refuge=True).load(tmp_path / "refuge")
    solution = resolvent.solve(pigeon_specs(5), index=index, virtual_packages=[])
    assert (solution.optimality, reported_levels(solution).versions) == ("proved", 1)


def test_no_answer_before_the_deadline(tmp_path: Path) -> None:
    index = pigeons(HOLES, refuge=False).load(tmp_path)
    with pytest.raises(resolvent.DeadlineExceeded):
        resolvent.solve(pigeon_specs(HOLES), index=index, virtual_packages=[], timeout=0.3)


def test_an_answer_is_not_withheld_for_lack_of_proof(tmp_path: Path) -> None:
    index = pigeons(HOLES, refuge=True).load(tmp_path)
    specs = pigeon_specs(HOLES)
    solution = resolvent.solve(specs, index=index, virtual_packages=[], timeout=2)
    assert solution.optimality == "feasible"
    assert resolvent.check(solution, specs, index=index, virtual_packages=[]) == []
    # The level at which the deadline struck, and what comes after it, is not said to be proved.
    assert [level["level"] for level in solution.levels if level["proved"]] == []


def outcomes(corpus: Corpus, problem: Problem, timeout: float) -> str:
    """Solve within a timeout; whatever comes must be true."""
    best = corpus.solve(problem)
    try:
        solution = corpus.solve(problem, timeout=timeout)
    except resolvent.DeadlineExceeded:
        return "nothing"
    assert list(broken_rules(corpus, problem, find_places(corpus, problem, solution))) == []
    if solution.optimality == "proved":
        assert [record.fn for record in solution] == [record.fn for record in best]
    truth = {level["level"]: level["value"] for level in best.levels}
    for level in solution.levels:
        # Layers are proved one after the other, so those of an interrupted solve are the first ones.
        if level["proved"]:
            assert level["value"] == truth[level["level"]], (problem.id, timeout, level)
    return str(solution.optimality)


def test_any_timeout_gives_a_true_answer(corpus: Corpus) -> None:
    problems = sorted(corpus.problems("bench"), key=lambda problem: len(problem.locked))[::16]
    for problem in problems:
        assert outcomes(corpus, problem, 0) in {"nothing", "feasible"}
        for step in range(12):
            assert outcomes(corpus, problem, 0.0002 * 1.8**step) in {"nothing", "feasible", "proved"}
        assert outcomes(corpus, problem, 3600) == "proved"


def test_a_session_works_on_after_a_deadline(corpus: Corpus) -> None:
    for problem in sorted(corpus.problems("bench"), key=lambda problem: len(problem.locked))[-8:]:
        session = resolvent.Session(corpus.index(problem), virtual_packages=problem.virtual_packages)
        for timeout in (0, 0.001, 0.003, 0.01):
            with contextlib.suppress(resolvent.DeadlineExceeded):
                session.solve(problem.specs, timeout=timeout)
        later = session.solve(problem.specs)
        assert later.optimality == "proved"
        assert [record.fn for record in later] == [record.fn for record in corpus.solve(problem)]


_PROGRAM = """
import signal
import sys
import resolvent
# A runner in the background may have been started with the signal ignored.
signal.signal(signal.SIGINT, signal.default_int_handler)
index = resolvent.load_index([sys.argv[1]], platform="linux-64")
print("begun", flush=True)
try:
    resolvent.solve(sys.argv[2:], index=index, virtual_packages=[])
except KeyboardInterrupt:
    print("interrupted", flush=True)
    # The library still works.
    print(len(resolvent.solve(sys.argv[2:4], index=index, virtual_packages=[])))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="SIGINT cannot be sent to one process there")
@pytest.mark.parametrize("refuge", [False, True])
def test_control_c(tmp_path: Path, refuge: bool) -> None:
    (source,) = pigeons(HOLES, refuge=refuge).write(tmp_path)
    command = [sys.executable, "-c", _PROGRAM, source, *pigeon_specs(HOLES)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            assert process.stdout.readline() == "begun\n"
            with pytest.raises(subprocess.TimeoutExpired):
                process.wait(0.5)
            process.send_signal(signal.SIGINT)
            rest, _ = process.communicate(timeout=120)
        finally:
            process.kill()
    assert rest == "interrupted\n4\n"
    assert process.returncode == 0


def test_a_deadline_does_not_change_a_finished_answer(conda_forge: resolvent.Index) -> None:
    plain = resolvent.solve(["scipy"], index=conda_forge, virtual_packages=LINUX)
    timed = resolvent.solve(["scipy"], index=conda_forge, virtual_packages=LINUX, timeout=600)
    assert timed.optimality == "proved"
    assert [record.fn for record in timed] == [record.fn for record in plain]
