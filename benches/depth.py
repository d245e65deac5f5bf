"""The same requests on a deepened index and on the real one: what history costs.

    python benches/deepen.py OUT
    python benches/depth.py OUT/channels

Requests over the channels that both have, each asked in turns of both indices:

- *first*: opening the index (whose index file is there), a session, and the solve;
- *warm*: the request in a session that has served those before it;
- *unsatisfiable*: as *first*, requests without an answer, their conflict included.

The ratio is the deepened index's time over the real one's, request by request, of the least times of `--runs` runs.
Answers are compared by name, version and build: the deepener adds only older packages, so they are the same.
"""

from __future__ import annotations

import argparse
import statistics
import time
from pathlib import Path
from typing import Any

import resolvent
from sources import Json, channel_folder, read_problems, shared_folder, spread

Answer = list[tuple[str, str, str]] | None


class Index:
    """One of the two sets of channels."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._sessions: dict[tuple[str, ...], Any] = {}

    def has(self, problem: Json) -> bool:
        """Return whether all channels of a request are here."""
        return all(channel_folder(self._root, name) for name in problem["channels"])

    def session(self, problem: Json) -> Any:
        """Return a new session, its index newly opened."""
        sources = [f"{name}={channel_folder(self._root, name)}" for name in problem["channels"]]
        index = resolvent.load_index(sources, platform=problem["platform"])
        return resolvent.Session(index, virtual_packages=problem["virtual_packages"])

    def first(self, problem: Json) -> tuple[float, Answer]:
        """Return milliseconds of a first solve, and the answer."""
        started = time.perf_counter()
        answer = ask(self.session(problem), problem)
        return (time.perf_counter() - started) * 1e3, answer

    def warm(self, problem: Json) -> tuple[float, Answer]:
        """Return milliseconds in a session that is kept, and the answer."""
        key = (*problem["channels"], problem["platform"], *problem["virtual_packages"])
        if key not in self._sessions:
            self._sessions[key] = self.session(problem)
        started = time.perf_counter()
        answer = ask(self._sessions[key], problem)
        return (time.perf_counter() - started) * 1e3, answer

    def forget(self) -> None:
        """Drop the sessions."""
        self._sessions.clear()


def ask(session: Any, problem: Json) -> Answer:
    """Return the answer; None if there is none."""
    try:
        solution = session.solve(problem["specs"], constraints=problem.get("constraints") or [])
    except resolvent.UnsatisfiableError as error:
        str(error)
        return None
    return [(record.name, record.version, record.build) for record in solution.records]


def measure(what: str, problems: list[Json], real: Index, deep: Index, runs: int) -> None:
    """Print one line of the table."""
    times: list[tuple[list[float], list[float]]] = [([], []) for _ in problems]
    different = set()
    for run in range(runs):
        real.forget()
        deep.forget()
        for place, problem in enumerate(problems):
            answers = []
            for index, kept in list(zip((real, deep), times[place], strict=True))[:: 1 if run % 2 else -1]:
                elapsed, answer = index.warm(problem) if what == "warm" else index.first(problem)
                kept.append(elapsed)
                answers.append(answer)
            if answers[0] != answers[1]:
                different.add(problem["id"])
    least = [(min(one), min(other)) for one, other in times]
    ratios = sorted(other / one for one, other in least)
    medians = [statistics.median(pair[side] for pair in least) for side in (0, 1)]
    print(
        f"{what:13} {len(problems):4}  real {medians[0]:6.2f} ms  deepened {medians[1]:6.2f} ms  ratio median"
        f" {statistics.median(ratios):.2f}, worst tenth {ratios[-len(ratios) // 10]:.2f}, most {ratios[-1]:.2f};"
        f" {len(different)} answers differ",
        flush=True,
    )
    for name in sorted(different)[:5]:
        print(f"    {name}")


def main() -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("deepened", type=Path, help="folder of channels that deepen.py wrote")
    parser.add_argument("--real", type=Path, metavar="FOLDER", help="folder of channels; default: the shared")
    parser.add_argument("--problems", type=Path, metavar="FILE", help="requests; default: the shared bench")
    parser.add_argument("--unsatisfiable", type=Path, metavar="FILE", help="requests without answer; default: shared")
    parser.add_argument("--limit", type=int, metavar="N", help="at most so many requests of each kind, spread evenly")
    parser.add_argument("--runs", type=int, default=3, metavar="N")
    arguments = parser.parse_args()
    real = Index(arguments.real or shared_folder() / "data/channels")
    deep = Index(arguments.deepened)
    kinds = [
        read_problems(arguments.problems or shared_folder() / "data/bench.jsonl.gz"),
        read_problems(arguments.unsatisfiable or shared_folder() / "data/unsat.jsonl.gz"),
    ]
    for place, problems in enumerate(kinds):
        kept = [problem for problem in problems if real.has(problem) and deep.has(problem)]
        kept = spread(kept, arguments.limit)
        for what in ("unsatisfiable",) if place else ("first", "warm"):
            if kept:
                measure(what, kept, real, deep, arguments.runs)


if __name__ == "__main__":
    main()
