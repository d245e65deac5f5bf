"""The same request with one spec changed, asked of the session that has answered it: against its own first solve.

    python benches/changed.py                                   the shared bench requests
    python benches/changed.py --channels-root OUT/channels      on the deepened index

For each request and each change a new process opens the index (its index file is there), makes a session and solves the
request: *first* is all of that, without interpreter and imports, as in `peers.py`. Then the session gets the request
with one spec changed, which is timed alone:

- *loosened*: the version of the spec that has the longest one is dropped;
- *added*: one more spec, a package of the answer at its minor version;
- *removed*: the last spec is left out, where there are several.

A request and change without an answer (or that changes nothing) is left out. The ratio is first over changed.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import resolvent
from sources import Json, channel_folder, read_problems, shared_folder, spread


def loosened(specs: list[str], _answer: list[Any]) -> list[str] | None:
    """Return the specs without the longest version."""
    longest = max(specs, key=lambda spec: len(spec.partition(" ")[2]))
    name = longest.partition(" ")[0]
    return [name if spec == longest else spec for spec in specs] if name != longest else None


def added(specs: list[str], answer: list[Any]) -> list[str] | None:
    """Return the specs and one for a package that only dependencies brought."""
    named = {resolvent.MatchSpec(spec).name for spec in specs}
    others = sorted(record.name for record in answer if record.name not in named)
    if not others:
        return None
    record = next(record for record in answer if record.name == others[len(others) // 2])
    return [*specs, f"{record.name} {'.'.join(record.version.split('.')[:2])}.*"]


def removed(specs: list[str], _answer: list[Any]) -> list[str] | None:
    """Return all specs but the last."""
    return specs[:-1] or None


CHANGES: dict[str, Callable[[list[str], list[Any]], list[str] | None]] = {
    "loosened": loosened,
    "added": added,
    "removed": removed,
}


def solve(job: Json) -> list[float] | None:
    """Return milliseconds of the first solve and of the changed request; None if one has no answer."""
    problem = job["problem"]
    constraints = problem.get("constraints") or []
    started = time.perf_counter()
    index = resolvent.load_index(job["sources"], platform=problem["platform"])
    session = resolvent.Session(index, virtual_packages=problem["virtual_packages"])
    try:
        answer = session.solve(problem["specs"], constraints=constraints).records
        first = time.perf_counter() - started
        specs = CHANGES[job["change"]](problem["specs"], answer)
        if specs is None:
            return None
        started = time.perf_counter()
        session.solve(specs, constraints=constraints)
    except resolvent.ResolventError:
        return None
    return [first * 1e3, (time.perf_counter() - started) * 1e3]


def measure(problem: Json, root: Path, change: str, runs: int) -> tuple[float, float] | None:
    """Return the least times of some processes; None if a request has no answer."""
    folders = [(name, channel_folder(root, name)) for name in problem["channels"]]
    sources = [f"{name}={folder}" for name, folder in folders if folder is not None]
    job = json.dumps({"problem": problem, "sources": sources, "change": change})
    times = []
    for _ in range(runs):
        command = [sys.executable, __file__, "--worker"]
        process = subprocess.run(command, input=job, stdout=subprocess.PIPE, text=True, check=True)
        found = json.loads(process.stdout)
        if found is None:
            return None
        times.append(found)
    return min(first for first, _ in times), min(changed for _, changed in times)


def main() -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--problems", type=Path, metavar="FILE", help="requests; default: the shared bench")
    parser.add_argument("--channels-root", type=Path, metavar="FOLDER", help="folder of channels; default: the shared")
    parser.add_argument("--limit", type=int, metavar="N", help="at most so many requests, spread evenly")
    parser.add_argument("--runs", type=int, default=3, metavar="N")
    parser.add_argument("--worker", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.worker:
        print(json.dumps(solve(json.load(sys.stdin))))
        return
    problems = read_problems(arguments.problems or shared_folder() / "data/bench.jsonl.gz")
    root = arguments.channels_root or shared_folder() / "data/channels"
    problems = spread(problems, arguments.limit)
    print(f"{len(problems)} requests, least of {arguments.runs} runs; milliseconds, medians; ratio first / changed")
    ratios: list[float] = []
    for change in CHANGES:
        found = [pair for problem in problems if (pair := measure(problem, root, change, arguments.runs))]
        own = sorted(first / changed for first, changed in found)
        ratios += own
        line(change, found, own)
    ratios.sort()
    print(f"all       {len(ratios):4}  ratio median {statistics.median(ratios):.2f}, worst tenth {tenth(ratios):.2f}")


def line(change: str, found: list[tuple[float, float]], ratios: list[float]) -> None:
    """Print one line of the table."""
    if not found:
        print(f"{change:9}    0")
        return
    first = statistics.median(first for first, _ in found)
    changed = statistics.median(changed for _, changed in found)
    print(
        f"{change:9} {len(found):4}  first {first:6.2f}  changed {changed:6.2f}"
        f"  ratio median {statistics.median(ratios):.2f}, worst tenth {tenth(ratios):.2f}, least {ratios[0]:.2f}",
        flush=True,
    )


def tenth(ratios: list[float]) -> float:
    """Return the ratio that nine of ten exceed."""
    return ratios[len(ratios) // 10]


if __name__ == "__main__":
    main()
