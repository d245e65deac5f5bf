"""The process in which one tool is measured; `peers.py` and `growth.py` start it and talk to it in JSON lines.

    python benches/peer_worker.py TOOL once  < a job        open the index, solve, print the facts, end
    python benches/peer_worker.py TOOL serve < jobs         the same, but indices stay open between jobs

A job is `{"problem": {...}, "channels": [[name, folder], ...], "plain": [[name, subdir, file], ...]}`, and
`index_cache`, a folder for resolvent's index files if they are to be kept elsewhere than by default, empty for none.
The facts of a job are seconds (`import`, `open`, `solve`), the peak of resident memory in MB, the verdict and the
chosen file names.
py-rattler is driven as its documentation recommends for speed: memory-mapped sparse repodata, only needed records
parsed.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from pathlib import Path
from typing import Any

Json = dict[str, Any]


class Resolvent:
    """Drives resolvent: `load_index`, then a `Session`."""

    def __init__(self) -> None:
        import resolvent

        self._tool = resolvent
        self._sessions: dict[str, Any] = {}

    def open(self, job: Json) -> Any:
        """Return a session over the job's channels, the one already open if there is one."""
        problem = job["problem"]
        key = json.dumps([job["channels"], problem["platform"], _strict(problem), problem["virtual_packages"]])
        if key not in self._sessions:
            priority: Any = "strict" if _strict(problem) else "disabled"
            if job.get("index_cache") is not None:
                # The core's own entry: the public function chooses the folder of index files itself.
                channels = [(name, folder) for name, folder in job["channels"]]
                index = self._tool._core.load_index(
                    channels, problem["platform"], priority, False, job["index_cache"] or None
                )
            else:
                sources = [f"{name}={folder}" for name, folder in job["channels"]]
                index = self._tool.load_index(sources, platform=problem["platform"], channel_priority=priority)
            self._sessions[key] = self._tool.Session(index, virtual_packages=problem["virtual_packages"])
        return self._sessions[key]

    def solve(self, session: Any, problem: Json) -> list[list[str]] | None:
        """Return (file name, subdir) of the chosen records, or None if there is no answer."""
        try:
            solution = session.solve(problem["specs"], constraints=problem.get("constraints") or [])
        except self._tool.UnsatisfiableError:
            return None
        return [[record.fn, record.subdir] for record in solution.records]


class Rattler:
    """Drives py-rattler: `SparseRepoData`, then `solve_with_sparse_repodata`."""

    def __init__(self) -> None:
        import asyncio

        import rattler

        self._tool = rattler
        self._run = asyncio.run
        self._open: dict[str, Any] = {}

    def open(self, job: Json) -> Any:
        """Return the job's sparse repodata, the ones already open if there are."""
        key = json.dumps(job["plain"])
        if key not in self._open:
            self._open[key] = [
                self._tool.SparseRepoData(self._tool.Channel(name), subdir, file) for name, subdir, file in job["plain"]
            ]
        return self._open[key]

    def solve(self, opened: Any, problem: Json) -> list[list[str]] | None:
        """Return (file name, subdir) of the chosen records, or None if there is no answer."""
        tool = self._tool
        facts = [
            tool.GenericVirtualPackage(tool.PackageName(parts[0]), tool.Version(parts[1]), tool.BuildString(parts[2]))
            for parts in ([*text.split(), "0", "0"][:3] for text in problem["virtual_packages"])
        ]

        async def ask() -> Any:
            return await tool.solve_with_sparse_repodata(
                [tool.MatchSpec(spec) for spec in problem["specs"]],
                opened,
                virtual_packages=facts,
                channel_priority=tool.ChannelPriority.Strict if _strict(problem) else tool.ChannelPriority.Disabled,
                constraints=[tool.MatchSpec(spec) for spec in problem.get("constraints") or []],
            )

        try:
            records = self._run(ask())
        except tool.exceptions.SolverError:
            return None
        return [[record.file_name, record.subdir] for record in records]


def _strict(problem: Json) -> bool:
    return bool(problem.get("strict_channel_priority_ok", True))


def peak() -> float:
    """Return the peak of this process's resident memory in MB.

    `getrusage` counts what the parent had when it forked, so Linux is asked for this program's own.
    """
    if sys.platform == "linux":
        with Path("/proc/self/status").open(encoding="ascii", errors="replace") as lines:
            for line in lines:
                if line.startswith("VmHWM:"):
                    return int(line.split()[1]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1024 * 1024 if sys.platform == "darwin" else 1024)


def main() -> None:
    """Serve the jobs on standard input."""
    tool, mode = sys.argv[1:3]
    begin = time.perf_counter()
    driver: Any = Resolvent() if tool == "resolvent" else Rattler()
    imported = time.perf_counter() - begin
    for line in sys.stdin:
        job = json.loads(line)
        begin = time.perf_counter()
        try:
            opened = driver.open(job)
            ready = time.perf_counter()
            answer = driver.solve(opened, job["problem"])
            end = time.perf_counter()
            facts: Json = {"open": ready - begin, "solve": end - ready, "sat": answer is not None, "answer": answer}
        except Exception as error:  # noqa: BLE001 - whatever a tool raises is its result here
            facts = {"error": f"{type(error).__name__}: {error}"[:300]}
        print(json.dumps({"import": imported, "peak": peak(), **facts}), flush=True)
        if mode == "once":
            break


if __name__ == "__main__":
    main()
