"""The SAT solver against PicoSAT and CaDiCaL, and against itself without each of its techniques.

    python benches/sat.py                        resolvent's solver, PicoSAT (pycosat) and CaDiCaL (python-sat)
    python benches/sat.py --techniques           the solver as it is and without one technique after the other
    python benches/sat.py --resolver             the same for whole solves of the real requests
    python benches/sat.py --groups bench pigeonhole --out FOLDER

The formulas: what `export_cnf` writes for real requests (the shared bench), for requests on a generated channel and
for hard families of packages; random 3-SAT near its threshold; pigeonholes. Every verdict is compared; a difference
fails the command.

Times are of the processor, which other work on the machine disturbs less; of several runs the least counts. *whole* is
from the clauses to the verdict: the solver's own program reads DIMACS text (the start of a process is subtracted), the
bindings of the others take lists. *solving* begins when all clauses are in; PicoSAT's binding does both in one call.
"""

from __future__ import annotations

import argparse
import functools
import json
import os
import random
import re
import resource
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from itertools import combinations
from pathlib import Path
from typing import NamedTuple

import resolvent
from families import FAMILIES, write
from generate import generate
from resolvent import _core
from resolvent.request import core_request, request_of
from sources import REPOSITORY, Json, channel_folder, read_problems, shared_folder

#: Clauses as in DIMACS, without the final zero.
Formula = list[list[int]]
GROUPS = ("bench", "generated", "families", "3-sat", "pigeonhole")
#: Matters only to solves under assumptions, so not to formulas.
_IN_SOLVES = "reuse-trail"
#: The resolver decides everything itself.
_IN_FORMULAS = "vsids"
#: Families and sizes that take any solver milliseconds to seconds.
_FAMILIES = (("pigeonhole", 7), ("chain", 200), ("diamonds", 15), ("migration", 80), ("ancient", 30), ("builds", 1500))


# -- Formulas


def write_formulas(groups: Sequence[str], folder: Path, requests: int, seed: int) -> dict[str, list[Path]]:
    """Write the DIMACS files of each group."""
    makers: dict[str, Callable[[Path, int, int], Iterator[tuple[str, Formula | None]]]] = {
        "bench": _bench,
        "generated": _generated,
        "families": _families,
        "3-sat": _three_sat,
        "pigeonhole": _pigeonholes,
    }
    found: dict[str, list[Path]] = {}
    for group in groups:
        (folder / group).mkdir(parents=True)
        for name, formula in makers[group](folder / group, requests, seed):
            path = folder / group / f"{name}.cnf"
            if formula is not None:
                lines = [f"p cnf {max(abs(lit) for clause in formula for lit in clause)} {len(formula)}"]
                lines += [" ".join(map(str, [*clause, 0])) for clause in formula]
                path.write_text("\n".join(lines) + "\n", encoding="utf-8")
            found.setdefault(group, []).append(path)
    return found


def _export(problem: Json, index: resolvent.Index, folder: Path, name: str) -> None:
    facts = problem["virtual_packages"]
    resolvent.export_cnf(problem["specs"], index=index, path=folder / f"{name}.cnf", virtual_packages=facts)


def _bench(folder: Path, requests: int, _seed: int) -> Iterator[tuple[str, None]]:
    """Export real requests, spread over the bench, those without an answer included."""
    data = shared_folder() / "data"
    problems = sorted(read_problems(data / "bench.jsonl.gz"), key=lambda problem: len(problem["solution"]))
    chosen = problems[:: max(1, len(problems) // requests)] + read_problems(data / "unsat.jsonl.gz")
    for problem in chosen:
        sources = [
            f"{channel}={path}"
            for channel in problem["channels"]
            if (path := channel_folder(data / "channels", channel)) is not None
        ]
        index = resolvent.load_index(sources, platform=problem["platform"])
        name = re.sub(r"\W+", "-", problem["id"])
        _export(problem, index, folder, name)
        yield name, None


def _generated(folder: Path, requests: int, seed: int) -> Iterator[tuple[str, None]]:
    """Export requests on a generated channel: its own, which have answers, and mixtures, which often have none."""
    with tempfile.TemporaryDirectory() as channel:
        generate(Path(channel), records=10_000, names=600, seed=seed, problems=2 * requests)
        index = resolvent.load_index([Path(channel) / "channels" / "generated"], platform="linux-64")
        problems = read_problems(Path(channel) / "problems.jsonl")
    for at in range(requests):
        name, problem = f"{at}", problems[at]
        if at % 2:
            other = problems[-at]
            name, problem = f"{at}-mixed", {**problem, "specs": problem["specs"] + other["specs"]}
        _export(problem, index, folder, name)
        yield name, None


def _families(folder: Path, _requests: int, seed: int) -> Iterator[tuple[str, None]]:
    for family, size in _FAMILIES:
        for satisfiable in (True, False):
            name = f"{family}-{size}-{'sat' if satisfiable else 'unsat'}"
            rng = random.Random(f"{seed}/{name}")
            universe = FAMILIES[family][0](size, satisfiable, rng)
            with tempfile.TemporaryDirectory() as channel:
                write(universe, Path(channel) / "family", rng)
                index = resolvent.load_index([Path(channel) / "family"], platform="linux-64")
            _export({"specs": universe.specs, "virtual_packages": []}, index, folder, name)
            yield name, None


def _three_sat(_folder: Path, _requests: int, seed: int) -> Iterator[tuple[str, Formula]]:
    rng = random.Random(seed)
    for size, count in ((150, 12), (200, 12)):
        for at in range(count):
            clauses = [
                [rng.choice((-1, 1)) * variable for variable in rng.sample(range(1, size + 1), 3)]
                for _ in range(round(4.26 * size))
            ]
            yield f"{size}-{at}", clauses


def _pigeonholes(_folder: Path, _requests: int, _seed: int) -> Iterator[tuple[str, Formula]]:
    for holes in (6, 7, 8):
        # Which variable says that a pigeon (row) sits in a hole (column).
        at = [[pigeon * holes + hole + 1 for hole in range(holes)] for pigeon in range(holes + 1)]
        yield (
            f"{holes + 1}-{holes}",
            at + [[-a, -b] for column in zip(*at, strict=True) for a, b in combinations(column, 2)],
        )


# -- Solvers


class Run(NamedTuple):
    """One formula, solved."""

    #: None where the solver was told to give up.
    satisfiable: bool | None
    #: Seconds from the clauses to the verdict.
    whole: float
    #: Seconds of that when all clauses were in; None where that cannot be told.
    solving: float | None
    #: 0 where the solver does not tell.
    conflicts: int


Contender = Callable[[Path], Run]


def build() -> Path:
    """Build the solver's DIMACS program."""
    command = ["cargo", "build", "--release", "--locked", "--quiet", "-p", "resolvent-cdcl", "--example", "dimacs"]
    built = subprocess.run(
        [*command, "--message-format=json"], cwd=REPOSITORY, stdout=subprocess.PIPE, text=True, check=True
    )
    artifacts = [json.loads(line) for line in built.stdout.splitlines()]
    return Path(next(a["executable"] for a in artifacts if a.get("executable") and a["target"]["name"] == "dimacs"))


def techniques(program: Path) -> list[str]:
    """Return what the solver can be told to do without."""
    return subprocess.run([str(program), "--techniques"], stdout=subprocess.PIPE, text=True, check=True).stdout.split()


def own(program: Path, start: float, without: str = "", conflicts_limit: int | None = None) -> Contender:
    """Return a contender that solves with the DIMACS program; `start` is what a process of it costs at least."""
    options = ["--without", without] if without else []
    options += ["--conflicts", str(conflicts_limit)] if conflicts_limit else []

    def solve(path: Path) -> Run:
        text, seconds = _run([str(program), str(path), "--stats", *options])
        verdict = re.search(r"^s (\w+)$", text, re.MULTILINE)
        shares = re.search(r"^c seconds (\S+) (\S+)$", text, re.MULTILINE)
        conflicts = re.search(r"^c Stats \{.*\bconflicts: (\d+)", text, re.MULTILINE)
        if not (verdict and shares and conflicts):
            raise SystemExit(f"no verdict on {path}: {text[:400]}")
        adding, solving = float(shares[1]), float(shares[2])
        whole = max(seconds - start, 1e-6)
        satisfiable = {"SATISFIABLE": True, "UNSATISFIABLE": False}.get(verdict[1])
        return Run(satisfiable, whole, whole * solving / (adding + solving), int(conflicts[1]))

    return solve


def least_cost(program: Path, folder: Path) -> float:
    """Return the processor time of the program on next to nothing."""
    (folder / "nothing").write_text("p cnf 1 1\n1 0\n", encoding="utf-8")
    return min(_run([str(program), str(folder / "nothing"), "--stats"])[1] for _ in range(20))


def _run(command: list[str]) -> tuple[str, float]:
    """Return a process's output and its processor time."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    text = subprocess.run(command, capture_output=True, text=True, check=False).stdout
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return text, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


@functools.lru_cache(maxsize=1)
def read_formula(path: Path) -> Formula:
    """Read a DIMACS file."""
    lines = path.read_text(encoding="utf-8").splitlines()
    return [[int(word) for word in line.split()[:-1]] for line in lines if line[0] not in "cp"]


def picosat(path: Path) -> Run:
    """Solve with PicoSAT."""
    import pycosat

    formula = read_formula(path)
    # The binding takes no empty clause.
    if not all(formula):
        return Run(False, 1e-6, None, 0)
    begin = time.process_time()
    verdict = pycosat.solve(formula) != "UNSAT"
    return Run(verdict, time.process_time() - begin, None, 0)


def cadical(path: Path) -> Run:
    """Solve with CaDiCaL."""
    from pysat.solvers import Solver

    formula = read_formula(path)
    begin = time.process_time()
    with Solver(name="cadical195", bootstrap_with=formula) as solver:
        middle = time.process_time()
        verdict = bool(solver.solve())
        end = time.process_time()
        return Run(verdict, end - begin, end - middle, int(solver.accum_stats()["conflicts"]))


def measure(
    formulas: dict[str, list[Path]], contenders: dict[str, Contender], runs: int
) -> dict[str, dict[str, list[Run]]]:
    """Return the quickest run of each formula, by group and contender; the contenders take turns.

    Raises
    ------
    SystemExit
        If two verdicts differ.
    """
    found: dict[str, dict[str, list[Run]]] = {}
    for group, paths in formulas.items():
        found[group] = {name: [] for name in contenders}
        for path in paths:
            rounds = [{name: solve(path) for name, solve in contenders.items()} for _ in range(runs)]
            for name in contenders:
                found[group][name].append(min((of_one[name] for of_one in rounds), key=lambda run: run.whole))
            verdicts = {name: run.satisfiable for name, run in rounds[0].items()}
            if len(set(verdicts.values()) - {None}) > 1:
                raise SystemExit(f"the verdicts on {path.parent.name}/{path.name} differ: {verdicts}")
    return found


# -- Reports


def table(found: dict[str, dict[str, list[Run]]], base: str) -> list[str]:
    """Return the lines of a table: for each group and contender times, and their ratios to those of `base`.

    A ratio above 1: the contender takes longer than `base`.
    """
    everything: dict[str, list[Run]] = {}
    for contenders in found.values():
        for name, runs in contenders.items():
            everything.setdefault(name, []).extend(runs)
    lines = [_line("", "", "whole:", "", "ratio of", "ratio", "solving:", "ratio of", "")]
    lines.append(_line("formulas", "solver", "median", "sum", "medians", "of sums", "median", "medians", "conflicts"))
    for group, contenders in [*found.items(), ("all", everything)]:
        base_median, base_total, base_solving = _figures(contenders[base])
        for name, runs in contenders.items():
            median, total, solving = _figures(runs)
            conflicts = sum(run.conflicts for run in runs)
            times = (
                f"{median * 1000:.2f} ms",
                f"{total:.3f} s",
                f"{median / base_median:.2f}",
                f"{total / base_total:.2f}",
            )
            alone = ("-", "-")
            if solving is not None and base_solving is not None:
                alone = (f"{solving * 1000:.2f} ms", f"{solving / base_solving:.2f}")
            line = _line(f"{group} ({len(runs)})", name, *times, *alone, f"{conflicts:,}" if conflicts else "")
            given_up = sum(run.satisfiable is None for run in runs)
            lines.append(line + (f"  ({given_up} given up)" if given_up else ""))
    return lines


def _figures(runs: Sequence[Run]) -> tuple[float, float, float | None]:
    whole = [run.whole for run in runs]
    solving = [run.solving for run in runs if run.solving is not None]
    return statistics.median(whole), sum(whole), statistics.median(solving) if solving else None


def _line(group: str, name: str, *cells: str) -> str:
    widths = (13, 11, 10, 9, 13, 10, 12)
    return f"{group:18}{name:>20}" + "".join(f"{cell:>{width}}" for cell, width in zip(cells, widths, strict=True))


# -- Whole solves


def resolver_table(without_each: Sequence[str], requests: int, runs: int) -> Iterator[str]:
    """Yield the lines of a table: fresh solves of real requests without one technique after the other.

    Times are of the processor, which other work on the machine disturbs less. Answers must be the same.

    Raises
    ------
    SystemExit
        If an answer differs.
    """
    data = shared_folder() / "data"
    problems = sorted(read_problems(data / "bench.jsonl.gz"), key=lambda problem: len(problem["solution"]))
    problems = problems[:: max(1, len(problems) // requests)]
    totals: dict[str, list[float]] = {name: [0.0, 0, 0] for name in ("", *without_each)}
    indices: dict[tuple[str, ...], resolvent.Index] = {}
    for problem in problems:
        sources = [
            f"{channel}={path}"
            for channel in problem["channels"]
            if (path := channel_folder(data / "channels", channel)) is not None
        ]
        key = (problem["platform"], *sources)
        if key not in indices:
            indices[key] = resolvent.load_index(sources, platform=problem["platform"])
        answers = set()
        asked = core_request(request_of(problem["specs"], {}), problem["virtual_packages"])
        for technique, total in totals.items():
            without = [technique] if technique else []
            seconds = []
            for _ in range(runs):
                session = _core.Session(indices[key], without)
                begin = time.process_time()
                solution = session.solve(asked, None)
                seconds.append(time.process_time() - begin)
            answers.add(tuple(record.fn for record in solution))
            total[0] += min(seconds)
            total[1] += solution.stats["conflicts"]
            total[2] += solution.stats["propagations"]
        if len(answers) > 1:
            raise SystemExit(f"the answers to {problem['id']} differ")
    base = totals[""]
    yield (
        f"{f'{len(problems)} fresh solves':25}{'time':>11}{'ratio':>8}{'conflicts':>12}{'ratio':>8}{'propagations':>15}"
        f"{'ratio':>8}"
    )
    for technique, (seconds_all, conflicts, propagations) in totals.items():
        name = f"no {technique}" if technique else "all techniques"
        yield (
            f"{name:25}{seconds_all:9.3f} s{seconds_all / base[0]:8.3f}{conflicts:12,}"
            f"{conflicts / max(1, base[1]):8.3f}{propagations:15,}{propagations / base[2]:8.3f}"
        )


def main() -> None:
    """Read the options, write formulas, measure, report."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--techniques", action="store_true", help="compare with the solver without each technique")
    parser.add_argument("--resolver", action="store_true", help="compare whole solves without each technique")
    parser.add_argument("--groups", choices=GROUPS, nargs="+", default=list(GROUPS))
    parser.add_argument("--requests", type=int, default=40, help="how many real and how many generated requests")
    parser.add_argument(
        "--conflicts", type=int, default=50_000, help="after so many the solver without a technique gives up"
    )
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, help="folder for sat.json, and for the formulas")
    options = parser.parse_args()
    # Channels that are read once need no index files.
    os.environ.setdefault("RESOLVENT_NO_INDEX_FILES", "1")
    program = build()
    if options.resolver:
        known = [technique for technique in techniques(program) if technique != _IN_FORMULAS]
        for line in resolver_table(known, options.requests, options.runs):
            print(line)
        return
    with tempfile.TemporaryDirectory() as passing:
        start = least_cost(program, Path(passing))
        contenders = {"resolvent": own(program, start)}
        if options.techniques:
            for technique in techniques(program):
                if technique != _IN_SOLVES:
                    contenders[f"no {technique}"] = own(program, start, technique, options.conflicts)
        else:
            contenders |= {"PicoSAT": picosat, "CaDiCaL": cadical}
        folder = (options.out or Path(passing)) / "cnf"
        formulas = write_formulas(options.groups, folder, options.requests, options.seed)
        found = measure(formulas, contenders, options.runs)
    print("\n".join(table(found, "resolvent")))
    if options.out:
        named = {
            group: {
                name: {path.stem: run._asdict() for path, run in zip(formulas[group], runs, strict=True)}
                for name, runs in of_group.items()
            }
            for group, of_group in found.items()
        }
        (options.out / "sat.json").write_text(json.dumps(named, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
