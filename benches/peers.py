"""resolvent and py-rattler on the same requests, side by side: time, memory, verdict, quality.

    python benches/peers.py                         the shared bench requests
    python benches/peers.py --problems OUT/problems.jsonl --channels-root OUT/channels     a generated channel

Three times are measured, request by request:

- *cold*: a new process from start to end, with the interpreter and the imports: the command `resolvent solve --json`
  against a script that does the same with py-rattler (`peer_worker.py`) and prints the answer as JSON;
- *first*: in a new process, opening the index and solving, without interpreter and imports;
- *warm*: the request on an index that is open already and has served other requests, never this one.

The tools take turns (A B, then B A), so that a drift of the machine meets both. Each keeps what it keeps on disk (an
index file, plain JSON): making that is done, and timed, once before. Ratios are py-rattler's time over resolvent's.
"""

from __future__ import annotations

import argparse
import json
import platform
import re
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from pathlib import Path

from peer_report import report
from quality import Universes, compare, levels, verdict, violations
from sources import Json, channel_folder, need, plain_copy, read_problems, shared_folder, spread

TOOLS = ("resolvent", "py-rattler")
#: The console script; at its end it tells the peak of its memory, where the system does (`getrusage` would count what
#: the parent had when it forked).
_COMMAND = """
import sys
from resolvent import cli
if sys.platform == "linux":
    leave = cli.leave
    cli.leave = lambda code: (sys.stderr.write(open("/proc/self/status").read()), leave(code))
cli.run()
"""
_WORKER = Path(__file__).resolve().parent / "peer_worker.py"


class Server:
    """A worker process that keeps its indices open; a request that takes too long costs it its life."""

    def __init__(self, tool: str) -> None:
        self._tool = tool
        self._process = self._start()

    def _start(self) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, str(_WORKER), self._tool, "serve"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )

    def ask(self, job: Json, timeout: float = 60) -> Json:
        """Return the facts of a job."""
        process = self._process
        assert process.stdin and process.stdout
        guard = threading.Timer(timeout, process.kill)
        guard.start()
        try:
            process.stdin.write(json.dumps(job) + "\n")
            process.stdin.flush()
            line = process.stdout.readline()
        except BrokenPipeError:
            line = ""
        finally:
            guard.cancel()
        if line:
            facts: Json = json.loads(line)
            return facts
        self._process = self._start()
        return {"error": f"the process ended ({process.wait()}), or gave no answer within {timeout:.0f} s"}

    def close(self) -> None:
        """End the process."""
        assert self._process.stdin
        self._process.stdin.close()
        self._process.wait()


def once(tool: str, job: Json, timeout: float = 60) -> Json:
    """Run a job in a new process; the facts with `cold`, the seconds of the whole process."""
    begin = time.perf_counter()
    try:
        done = subprocess.run(
            [sys.executable, str(_WORKER), tool, "once"],
            input=json.dumps(job) + "\n",
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return {"error": f"no answer within {timeout:.0f} s"}
    cold = time.perf_counter() - begin
    if not done.stdout.strip():
        return {"error": f"exit {done.returncode}: {done.stderr.strip()[-300:]}"}
    facts: Json = json.loads(done.stdout)
    if "error" not in facts:
        facts |= {"cold": cold, "first": facts["open"] + facts["solve"]}
    return facts


def command_line(job: Json) -> list[str]:
    """Return the command that solves a job: what the console script runs, in this interpreter."""
    problem = job["problem"]
    words = ["solve", "--json", "--platform", problem["platform"], "--no-detect"]
    for name, folder in job["channels"]:
        words += ["-c", f"{name}={folder}"]
    if not problem.get("strict_channel_priority_ok", True):
        words += ["--channel-priority", "disabled"]
    for fact in problem["virtual_packages"]:
        words += ["--virtual-package", "=".join(fact.split())]
    for spec in problem.get("constraints") or []:
        words += ["--constraint", spec]
    return [sys.executable, "-c", _COMMAND, *words, "--", *problem["specs"]]


def cold_command(job: Json, timeout: float = 60) -> Json:
    """Run the command in a new process; `cold`, `cold peak` in MB where the system tells, and the answer."""
    begin = time.perf_counter()
    try:
        done = subprocess.run(command_line(job), capture_output=True, text=True, timeout=timeout, check=False)
    except subprocess.TimeoutExpired:
        return {"error": f"no answer within {timeout:.0f} s"}
    cold = time.perf_counter() - begin
    try:
        report = json.loads(done.stdout)
    except ValueError:
        return {"error": f"exit {done.returncode}: {done.stderr.strip()[-300:]}"}
    if report["status"] not in {"solved", "unsatisfiable"}:
        return {"error": report["error"]["message"][:300]}
    answer = [[one["fn"], one["subdir"]] for one in report["packages"]] if report["status"] == "solved" else None
    facts: Json = {"cold": cold, "answer": answer}
    peak = re.search(r"VmHWM:\s*(\d+) kB", done.stderr)
    return {**facts, "cold peak": int(peak[1]) / 1024} if peak else facts


def job_of(problem: Json, root: Path, scratch: Path, cache: Path | None = None) -> Json:
    """Return what a worker needs for a request: folders for resolvent, plain JSON files for py-rattler.

    `cache` is a folder for resolvent's index files, None its default.
    """
    channels, plain = [], []
    for channel in problem["channels"]:
        folder = channel_folder(root, channel)
        if folder is None:
            continue
        channels.append([channel, str(folder.resolve())])
        for subdir in dict.fromkeys((problem["platform"], "noarch")):
            file = plain_copy(folder, subdir, scratch)
            if file:
                plain.append([channel, subdir, str(file.resolve())])
    return {"problem": problem, "channels": channels, "plain": plain, "index_cache": str(cache) if cache else None}


def measure(jobs: Sequence[Json], runs: int, tools: Sequence[str], timeout: float) -> list[Json]:
    """Return for each job and tool the medians of the times, the peak memory and the answer."""
    rows = []
    servers = {tool: Server(tool) for tool in tools}
    for tool in tools:
        # Other requests than the measured ones warm the servers up: those of the neighbours in the list.
        servers[tool].ask(jobs[-1], timeout)
    for number, job in enumerate(jobs):
        row: Json = {"id": job["problem"]["id"], "specs": len(job["problem"]["specs"])}
        seen: dict[str, list[Json]] = {tool: [] for tool in tools}
        for run in range(runs):
            for tool in tools if (number + run) % 2 == 0 else tuple(reversed(tools)):
                if any("error" in facts for facts in seen[tool]):
                    continue
                facts = once(tool, job, timeout)
                if tool == "resolvent" and "error" not in facts and not job["index_cache"]:
                    ordered = cold_command(job, timeout)
                    if "error" not in ordered and ordered["answer"] != facts["answer"]:
                        ordered = {"error": "the command and the library give different answers"}
                    facts |= ordered
                seen[tool].append(facts)
        neighbour = {**job, "problem": {**job["problem"], "specs": ["python"], "constraints": []}}
        for tool in tools if number % 2 == 0 else tuple(reversed(tools)):
            failed = [facts["error"] for facts in seen[tool] if "error" in facts]
            if failed:
                row[tool] = {"error": failed[0]}
                continue
            good = seen[tool]
            servers[tool].ask(neighbour, timeout)
            warm = servers[tool].ask(job, timeout)
            row[tool] = {key: statistics.median(f[key] for f in good) for key in ("cold", "first", "open", "solve")}
            row[tool] |= {"peak": max(facts.get("cold peak") or facts["peak"] for facts in good)}
            row[tool] |= {"warm": warm.get("solve")}
            row[tool] |= {"sat": good[0]["sat"], "answer": good[0]["answer"]}
            if any(facts["answer"] != good[0]["answer"] for facts in [*good, warm] if "error" not in facts):
                row[tool]["unstable"] = True
        rows.append(row)
        print(f"\r{number + 1}/{len(jobs)}", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)
    for server in servers.values():
        server.close()
    return rows


def judge(rows: Sequence[Json], problems: Sequence[Json], root: Path, best: Json, tools: Sequence[str]) -> None:
    """Add the quality of each answer to the rows."""
    universes = Universes(root)
    by_id = {problem["id"]: problem for problem in problems}
    for row in sorted(rows, key=lambda row: by_id[row["id"]]["channels"]):
        problem = by_id[row["id"]]
        universe = universes.of(problem)
        for tool in tools:
            if not row[tool].get("sat"):
                continue
            answer = [universe.find(name, None, subdir) for name, subdir in row[tool].pop("answer")]
            row[tool]["packages"] = len(answer)
            row[tool]["levels"] = found = levels(universe, problem["specs"], answer)
            row[tool]["violations"] = violations(universe, problem["specs"], problem["virtual_packages"], answer)
            if row["id"] in best:
                row[tool]["top"], row[tool]["whole"] = compare(found, best[row["id"]])
                row[tool]["against_optimum"] = verdict(found, best[row["id"]])
        if all(row[tool].get("levels") for tool in tools) and len(tools) == 2:
            row["against_peer"] = verdict(row[tools[0]]["levels"], row[tools[1]]["levels"])


def main() -> None:
    """Read the options, measure, judge and report."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--problems", type=Path, help="requests (.jsonl, .jsonl.gz); default: the shared bench ones")
    parser.add_argument("--channels-root", type=Path, help="folder of the channels; default: the shared ones")
    parser.add_argument("--levels", type=Path, help="recorded optima; default: the shared ones")
    parser.add_argument("--limit", type=int, help="take this many requests, spread evenly over the file")
    parser.add_argument("--runs", type=int, default=3, help="new processes a request and tool")
    parser.add_argument("--timeout", type=float, default=60, help="seconds for one request")
    parser.add_argument("--skip-quality", action="store_true", help="times only; judging reads the index into Python")
    parser.add_argument("--platform", default="linux-64")
    parser.add_argument("--tools", nargs="+", choices=TOOLS, default=list(TOOLS))
    parser.add_argument("--scratch", type=Path, help="where plain JSON is kept; default: below the temporary folder")
    parser.add_argument("--index-cache", type=Path, help="folder for resolvent's index files; default: its own choice")
    parser.add_argument("--out", type=Path, default=Path("peers-report"))
    options = parser.parse_args()
    need("matplotlib", "rattler", "resolvent")
    data = None if options.problems and options.channels_root else shared_folder() / "data"
    problems = read_problems(options.problems or data / "bench.jsonl.gz")  # type: ignore[operator]
    root = options.channels_root or data / "channels"  # type: ignore[operator]
    file = options.levels or (data / "bench_levels.json" if data else None)
    best = json.loads(file.read_text(encoding="utf-8")) if file else {}
    problems = [problem for problem in problems if problem["platform"] == options.platform]
    problems = spread(problems, options.limit)
    scratch = options.scratch or Path(tempfile.gettempdir()) / "resolvent-benches"
    begin = time.perf_counter()
    jobs = [job_of(problem, root, scratch, options.index_cache) for problem in problems]
    prepared = {"plain JSON": time.perf_counter() - begin}
    for tool in options.tools:
        # What a tool keeps on disk is made here, once for each set of channels.
        begin = time.perf_counter()
        for job in {json.dumps(job["channels"]): job for job in jobs}.values():
            facts = once(tool, job, options.timeout)
            if "error" in facts:
                print(f"{tool}: {facts['error']}", file=sys.stderr)
        prepared[tool] = time.perf_counter() - begin
    rows = measure(jobs, options.runs, options.tools, options.timeout)
    if options.skip_quality:
        for row in rows:
            for tool in options.tools:
                row[tool].pop("answer", None)
    else:
        judge(rows, problems, root, best, options.tools)
    about = {
        "problems": str((options.problems or Path("bench.jsonl.gz")).name),
        "requests": len(rows),
        "runs": options.runs,
        "machine": f"{platform.system()} {platform.machine()}, Python {platform.python_version()}",
        "prepared": prepared,
    }
    print(report(rows, about, options.tools, options.out))


if __name__ == "__main__":
    main()
