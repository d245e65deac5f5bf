"""Changing a large environment: resolvent and py-rattler on the same prefix, cold and warm.

    python benches/updates.py                      the environment of some 400 packages, 7 runs
    python benches/updates.py --packages 150 --runs 15 --json

The environment is a locked answer of the shared problems (conda-forge, linux-64, the one nearest to `--packages`),
written as a prefix with `conda-meta/*.json` and a history. What is asked of it:

* `update` of one package that was asked for: `mode="update"`; py-rattler gets all requested specs, that package's
  without bounds, and every other installed record as `locked_packages`, which it prefers;
* `update-all`: `mode="update-all"`; all requested names without bounds, nothing locked;
* `install` of a package that is not there: `mode="install"`; the requested specs and the new one, everything locked;
* `freeze`: the same with `freeze_installed`; the same with everything as `pinned_packages`.

py-rattler has no notion of an environment's update; this is what its documentation gives for it, and its answer need
not change as little. Cold: a new process, from the import over reading the prefix and opening the index to the answer.
Warm: the index is open and the prefix is read; the median of the runs in one process, behind one that is not counted.
The tools take turns, and ratios are of medians.
"""

from __future__ import annotations

import argparse
import asyncio
import gzip
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sources import Json, open_text, shared_folder

PLATFORM = "linux-64"
CHANNEL = "conda-forge"
ACTIONS = ("update", "update-all", "install", "freeze")
TOOLS = ("resolvent", "rattler")
#: What is installed where it is missing, the first of these.
_WISHES = ("tqdm", "humanize", "polars", "flask", "cowpy")


def main() -> None:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--packages", type=int, default=400, help="size of the environment")
    parser.add_argument("--runs", type=int, default=7)
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    parser.add_argument("--work", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.work:
        _work(json.loads(options.work))
        return
    shared = shared_folder()
    with tempfile.TemporaryDirectory() as folder:
        job = _environment(shared, options.packages, Path(folder))
        figures = _measure(job, options.runs)
    report = {"packages": job["packages"], "problem": job["problem"], "runs": options.runs, "actions": figures}
    if options.json:
        print(json.dumps(report, indent=2))
        return
    print(f"{job['packages']} packages ({job['problem']}); update of {job['old']}, install of {job['wish']}")
    print(f"{'action':<12}{'':<6}{'resolvent':>12}{'py-rattler':>12}{'ratio':>8}")
    for action, rows in figures.items():
        for kind in ("cold", "warm"):
            ours, theirs = (rows[tool][kind] * 1000 for tool in TOOLS)
            print(f"{action:<12}{kind:<6}{ours:>9.1f} ms{theirs:>9.1f} ms{theirs / ours:>8.1f}")
        print(f"{'':<12}packages that change: {rows['resolvent']['changed']} and {rows['rattler']['changed']}")


def _environment(shared: Path, size: int, folder: Path) -> Json:
    """Write the prefix and plain repodata, and return what the workers need."""
    from resolvent import MatchSpec

    records: dict[str, Json] = {}
    files = []
    for subdir in (PLATFORM, "noarch"):
        with open_text(shared / "data" / "channels" / CHANNEL / subdir / "repodata.json.zst") as stream:
            text = stream.read()
        plain = folder / f"{subdir}.json"
        plain.write_text(text, encoding="utf-8")
        files.append([subdir, str(plain)])
        repodata = json.loads(text)
        for key in ("packages", "packages.conda"):
            for fn, record in repodata.get(key, {}).items():
                url = f"https://conda.anaconda.org/{CHANNEL}/{subdir}/{fn}"
                channel = f"https://conda.anaconda.org/{CHANNEL}/{subdir}"
                records[fn] = {**record, "subdir": subdir, "channel": channel, "fn": fn, "url": url}
    with gzip.open(shared / "data" / "problems.jsonl.gz", "rt", encoding="utf-8") as stream:
        problems = [json.loads(line) for line in stream]
    fitting = [
        problem
        for problem in problems
        if problem["platform"] == PLATFORM
        and problem["channels"] == [CHANNEL]
        and problem.get("strict_channel_priority_ok", True)
        and not problem.get("constraints")
    ]
    problem = min(fitting, key=lambda one: (abs(len(one["solution"]) - size), one["id"]))
    prefix = folder / "prefix"
    (prefix / "conda-meta").mkdir(parents=True)
    for fn in problem["solution"]:
        data = {
            **records[fn],
            "files": [],
            "paths_data": {"paths_version": 1, "paths": []},
            "link": {"source": "/", "type": 1},
        }
        stem = f"{data['name']}-{data['version']}-{data['build']}"
        (prefix / "conda-meta" / f"{stem}.json").write_text(json.dumps(data), encoding="utf-8")
    history = ["==> 2024-01-31 12:00:00 <==", "# cmd: conda create", f"# update specs: {problem['specs']!r}"]
    (prefix / "conda-meta" / "history").write_text("\n".join(history) + "\n", encoding="utf-8")
    installed = {records[fn]["name"] for fn in problem["solution"]}
    names = [MatchSpec(spec).name for spec in problem["specs"]]
    newest: dict[str, int] = {}
    for record in records.values():
        newest[record["name"]] = max(newest.get(record["name"], 0), record.get("timestamp") or 0)
    old = max((name for name in names if name != "python"), key=lambda name: (newest.get(name or "", 0), name))
    return {
        "prefix": str(prefix),
        "problem": problem["id"],
        "packages": len(installed),
        "specs": problem["specs"],
        "names": names,
        "old": old,
        "wish": next(wish for wish in _WISHES if wish not in installed),
        "channel": str(shared / "data" / "channels" / CHANNEL),
        "files": files,
        "virtual_packages": problem["virtual_packages"],
    }


def _measure(job: Json, runs: int) -> Json:
    """Return median seconds and the number of changed packages, by action and tool."""
    # The index files are there before anything counts, as they are from the second solve of anybody's machine on.
    _start({**job, "tool": "resolvent", "action": "update", "repeat": 0})
    figures: Json = {}
    for action in ACTIONS:
        cold: dict[str, list[float]] = {tool: [] for tool in TOOLS}
        for _ in range(runs):
            for tool in TOOLS:
                cold[tool].append(_start({**job, "tool": tool, "action": action, "repeat": 0})["wall"])
        figures[action] = {}
        for tool in TOOLS:
            facts = _start({**job, "tool": tool, "action": action, "repeat": runs})
            warm = statistics.median(facts["warm"])
            figures[action][tool] = {
                "cold": statistics.median(cold[tool]),
                "warm": warm,
                "changed": facts["changed"],
            }
    return figures


def _start(job: Json) -> Json:
    """Run a job in a process of its own."""
    begin = time.perf_counter()
    done = subprocess.run(
        [sys.executable, __file__, "--work", json.dumps(job)], capture_output=True, text=True, check=False
    )
    wall = time.perf_counter() - begin
    if done.returncode:
        raise SystemExit(f"{job['tool']} failed at {job['action']}: {done.stderr[-800:]}")
    facts: Json = json.loads(done.stdout)
    return {**facts, "wall": wall}


def _work(job: Json) -> None:
    """Do a job's action once, then `repeat` times for the clock."""
    ask, installed = (_resolvent if job["tool"] == "resolvent" else _rattler)(job)
    chosen = ask()
    seconds = []
    for _ in range(job["repeat"]):
        begin = time.perf_counter()
        ask()
        seconds.append(time.perf_counter() - begin)
    print(json.dumps({"warm": seconds, "changed": len(installed - chosen)}), flush=True)
    # The end of an interpreter is nobody's solve; py-rattler 0.28 can crash in it.
    os._exit(0)


def _resolvent(job: Json) -> tuple[Callable[[], set[str]], set[str]]:
    """Return the action and the file names of what is installed."""
    import resolvent

    prefix = resolvent.Prefix(job["prefix"])
    index = resolvent.load_index([f"{CHANNEL}={job['channel']}"], platform=PLATFORM)
    session = resolvent.Session(index, virtual_packages=job["virtual_packages"])
    specs: dict[str, list[str]] = {"update": [job["old"]], "update-all": []}
    keywords: Json = {"mode": job["action"]} if job["action"].startswith("update") else {"mode": "install"}
    keywords["freeze_installed"] = job["action"] == "freeze"

    def ask() -> set[str]:
        solution = session.solve(specs.get(job["action"], [job["wish"]]), installed=prefix, **keywords)
        return {record.fn for record in solution.records}

    return ask, {record.fn for record in prefix.records}


def _rattler(job: Json) -> tuple[Callable[[], set[str]], set[str]]:
    """Return the action and the file names of what is installed."""
    import rattler as tool

    prefix = [tool.PrefixRecord.from_path(path) for path in sorted(Path(job["prefix"], "conda-meta").glob("*.json"))]
    opened = [tool.SparseRepoData(tool.Channel(CHANNEL), subdir, file) for subdir, file in job["files"]]
    facts = [
        tool.GenericVirtualPackage(tool.PackageName(parts[0]), tool.Version(parts[1]), tool.BuildString(parts[2]))
        for parts in ([*text.split(), "0", "0"][:3] for text in job["virtual_packages"])
    ]
    action, old = job["action"], job["old"]
    locked: list[Any] = []
    pinned: list[Any] = []
    wish = [] if action.startswith("update") else [job["wish"]]
    if action == "update-all":
        wanted = job["names"]
    else:
        free = {old} if action == "update" else set()
        pairs = zip(job["specs"], job["names"], strict=True)
        wanted = [name if name in free else spec for spec, name in pairs] + wish
        kept = [record for record in prefix if record.name.source not in free]
        locked, pinned = ([], kept) if action == "freeze" else (kept, [])

    async def solve() -> Any:
        return await tool.solve_with_sparse_repodata(
            [tool.MatchSpec(spec) for spec in wanted],
            opened,
            locked_packages=locked,
            pinned_packages=pinned,
            virtual_packages=facts,
        )

    def ask() -> set[str]:
        return {record.file_name for record in asyncio.run(solve())}

    return ask, {record.file_name for record in prefix}


if __name__ == "__main__":
    main()
