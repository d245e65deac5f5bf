"""Random requests on generated channels: solved within the time limit, checked, and judged by CaDiCaL.

    python benches/verdicts.py                     10,000 requests on eight channels: a line for each, and a sum
    python benches/verdicts.py --requests 500 --seed 7

A request takes specs from the channel's own ones, which fit a moment of the channel's life each, narrows some of them
to a version, a range or a build of a random record, and may add constraints and pins; so some have an answer and others
have none. Requests of one channel are solved on one warm session. An answer must be proved and pass `resolvent.check`;
whether there is one must be what CaDiCaL (python-sat) says of the formula that `export_cnf` writes. Anything else is
counted, printed with its request, and fails the command.
"""

from __future__ import annotations

import argparse
import os
import random
import statistics
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

import resolvent
from generate import generate
from sources import Json, read_problems, read_records

#: Records, names and a seed of each channel: narrow and deep ones, wide and shallow ones.
CHANNELS = (
    (600, 60, 1),
    (1_200, 60, 2),
    (2_000, 100, 3),
    (3_000, 100, 4),
    (4_000, 150, 5),
    (6_000, 400, 6),
    (8_000, 600, 7),
    (10_000, 800, 8),
)


@dataclass
class Tally:
    """What came of requests."""

    answers: int = 0
    none: int = 0
    #: Each with its request.
    timeouts: list[str] = field(default_factory=list)
    failed_checks: list[str] = field(default_factory=list)
    other_verdicts: list[str] = field(default_factory=list)
    #: Of each solve.
    seconds: list[float] = field(default_factory=list)

    def __iadd__(self, other: Tally) -> Tally:
        self.answers += other.answers
        self.none += other.none
        self.timeouts += other.timeouts
        self.failed_checks += other.failed_checks
        self.other_verdicts += other.other_verdicts
        self.seconds += other.seconds
        return self

    @property
    def faults(self) -> list[str]:
        """Everything that is wrong."""
        return [
            *(f"timeout: {request}" for request in self.timeouts),
            *(f"failed check: {request}" for request in self.failed_checks),
            *(f"CaDiCaL says otherwise: {request}" for request in self.other_verdicts),
        ]

    def __str__(self) -> str:
        return (
            f"{self.answers + self.none:,} requests: {self.answers:,} with an answer, {self.none:,} without; "
            f"{len(self.timeouts)} timeouts, {len(self.failed_checks)} failed checks, "
            f"{len(self.other_verdicts)} other verdicts; solve median {statistics.median(self.seconds) * 1000:.2f} ms, "
            f"longest {max(self.seconds) * 1000:.0f} ms"
        )


class Requests:
    """Random requests on a channel."""

    def __init__(self, folder: Path, rng: random.Random) -> None:
        self._rng = rng
        problems = read_problems(folder / "problems.jsonl")
        self.virtual_packages: list[str] = problems[0]["virtual_packages"]
        self._specs = sorted({spec for problem in problems for spec in problem["specs"]})
        self._of_name: dict[str, list[Json]] = {}
        for subdir in ("linux-64", "noarch"):
            for _, record in read_records(folder / "channels" / "generated", subdir):
                self._of_name.setdefault(record["name"], []).append(record)

    def draw(self) -> Json:
        """Return the keyword arguments of a solve."""
        rng = self._rng
        specs = rng.sample(self._specs, min(len(self._specs), rng.choice((1, 2, 3, 4, 6, 8, 12))))
        request: Json = {"specs": [self._narrowed(spec) if rng.random() < 0.3 else spec for spec in specs]}
        for key in ("constraints", "pins"):
            if rng.random() < 0.2:
                request[key] = [self._narrowed(rng.choice(self._specs)) for _ in range(rng.randint(1, 3))]
        return request

    def _narrowed(self, spec: str) -> str:
        rng = self._rng
        name = spec.split()[0]
        record = rng.choice(self._of_name[name])
        version, build = record["version"], record["build"]
        return rng.choice(
            (
                f"{name} =={version}",
                f"{name} =={version} {build}",
                f"{name} >={version}",
                f"{name} <{version}",
                f"{name} !={version}",
                f"{name} {version.split('.')[0]}.*",
                f"{name} * *_{record['build_number']}",
            )
        )


def cadical_verdict(path: Path) -> bool:
    """Return what CaDiCaL says of a DIMACS file."""
    from pysat.solvers import Solver

    lines = path.read_text(encoding="utf-8").splitlines()
    clauses = [[int(word) for word in line.split()[:-1]] for line in lines if line[0] not in "cp"]
    with Solver(name="cadical195", bootstrap_with=clauses) as cadical:
        return bool(cadical.solve())


def tally(folder: Path, records: int, names: int, seed: int, count: int, *, timeout: float = 10) -> Tally:
    """Generate a channel below `folder`, and solve and judge `count` random requests on it."""
    generate(folder, records=records, names=names, seed=seed, problems=60)
    requests = Requests(folder, random.Random(f"verdicts/{records}/{seed}"))
    index = resolvent.load_index([folder / "channels" / "generated"], platform="linux-64")
    facts = requests.virtual_packages
    session = resolvent.Session(index, virtual_packages=facts)
    found = Tally()
    for _ in range(count):
        request = requests.draw()
        told = f"{request} on generate(records={records}, names={names}, seed={seed}, problems=60)"
        solution = None
        begin = time.perf_counter()
        try:
            solution = session.solve(**request, timeout=timeout)
        except resolvent.UnsatisfiableError:
            found.none += 1
        except resolvent.DeadlineExceeded:
            found.timeouts.append(told)
            continue
        found.seconds.append(time.perf_counter() - begin)
        if solution is not None:
            found.answers += 1
            if solution.optimality != "proved":
                found.timeouts.append(told)
            if resolvent.check(solution, index=index, virtual_packages=facts, **request):
                found.failed_checks.append(told)
        resolvent.export_cnf(index=index, path=folder / "request.cnf", virtual_packages=facts, **request)
        if cadical_verdict(folder / "request.cnf") != (solution is not None):
            found.other_verdicts.append(told)
    return found


def main() -> None:
    """Read the options, solve, report."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--requests", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=0, help="added to the seed of each channel")
    parser.add_argument("--timeout", type=float, default=10, help="seconds a solve")
    options = parser.parse_args()
    # Channels that are read once need no index files.
    os.environ.setdefault("RESOLVENT_NO_INDEX_FILES", "1")
    total = Tally()
    for at, (records, names, seed) in enumerate(CHANNELS):
        share = options.requests * (at + 1) // len(CHANNELS) - options.requests * at // len(CHANNELS)
        with tempfile.TemporaryDirectory() as folder:
            found = tally(Path(folder), records, names, seed + options.seed, share, timeout=options.timeout)
        print(f"{records:>7,} records of {names:>3} names: {found}", flush=True)
        total += found
    print(f"all: {total}")
    for fault in total.faults:
        print(fault)
    raise SystemExit(1 if total.faults else 0)


if __name__ == "__main__":
    main()
