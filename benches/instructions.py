"""Count the instructions of a dozen fixed workloads and compare them with a recorded baseline.

    python benches/instructions.py                  a table of ratios to benches/instructions.json
    python benches/instructions.py --record         write the baseline anew
    python benches/instructions.py --within 90      begin no workload later than that: what continuous integration does

Instructions hardly depend on the load of the machine, so a ratio of 1.02 means something where a time would not. It is
a report, never an assertion: the processor, the compiler and the library of C change the counts too. They are counted
by `perf stat` or by `valgrind --tool=callgrind` (50 times slower), whichever works here and has a baseline. Of each
workload a process is subtracted that loads and solves next to nothing, so that interpreter and imports do not count.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from families import FAMILIES, Universe, record, write
from generate import generate
from sources import Json, read_problems

#: The job whose count is subtracted from the others'.
NOTHING = "nothing"

_BASELINE = Path(__file__).resolve().parent / "instructions.json"

#: What runs in the measured process.
_PROGRAM = """
import json, sys
import resolvent
for line in sys.stdin:
    job = json.loads(line)
    index = resolvent.load_index([job["channel"]], platform="linux-64")
    session = resolvent.Session(index, virtual_packages=job["virtual_packages"])
    for specs in job["requests"]:
        try:
            session.solve(specs)
        except resolvent.UnsatisfiableError:
            pass
"""


def workloads(folder: Path) -> dict[str, Json]:
    """Write the channels of the workloads and return the jobs, `NOTHING` first; the same every time."""
    nothing = [record("nothing", "1")]
    write(Universe(nothing, [], True), folder / "nothing", random.Random(0))
    jobs: dict[str, Json] = {
        # One answer and one conflict, for what is imported only then.
        NOTHING: {
            "channel": str(folder / "nothing"),
            "virtual_packages": [],
            "requests": [["nothing"], ["nothing >1"]],
        }
    }
    for family, size, satisfiable in (
        ("pigeonhole", 6, False),
        ("pigeonhole", 7, False),
        ("chain", 200, True),
        ("diamonds", 15, True),
        ("diamonds", 15, False),
        ("migration", 80, True),
        ("migration", 80, False),
        ("ancient", 30, True),
        ("builds", 1500, True),
    ):
        name = f"{family}-{size}-{'sat' if satisfiable else 'unsat'}"
        rng = random.Random(name)
        universe = FAMILIES[family][0](size, satisfiable, rng)
        write(universe, folder / name, rng)
        facts = ["__unix 0"]
        jobs[name] = {"channel": str(folder / name), "virtual_packages": facts, "requests": [universe.specs]}
    generate(folder / "generated", records=10_000, names=600, seed=7, problems=20, plain=True)
    problems = read_problems(folder / "generated" / "problems.jsonl")
    channel = str(folder / "generated" / "channels" / "generated")
    for name, requests in (
        ("generated-open", []),
        ("generated-first", problems[:1]),
        ("generated-twenty", problems),
    ):
        jobs[name] = {
            "channel": channel,
            "virtual_packages": problems[0]["virtual_packages"],
            "requests": [problem["specs"] for problem in requests],
        }
    return jobs


def count(job: Json, counter: str) -> int:
    """Return the instructions of one process.

    Raises
    ------
    SystemExit
        If the counter cannot be used.
    """
    program = [sys.executable, "-c", _PROGRAM]
    with tempfile.TemporaryDirectory() as folder:
        # A hash seed of its own would make the interpreter's part vary, and index files of an earlier run the rest.
        environment = {**os.environ, "PYTHONHASHSEED": "0", "RESOLVENT_CACHE_DIR": f"{folder}/cache"}
        if counter == "perf":
            command = ["perf", "stat", "-x", ",", "-e", "instructions:u", *program]
        else:
            command = ["valgrind", "--tool=callgrind", f"--callgrind-out-file={folder}/out", *program]
        done = subprocess.run(
            command, input=json.dumps(job) + "\n", capture_output=True, text=True, env=environment, check=False
        )
    found = re.search(
        r"^(\d+),[^,]*,instructions" if counter == "perf" else r"Collected : (\d+)", done.stderr, re.MULTILINE
    )
    if done.returncode or not found:
        raise SystemExit(f"{counter} did not count: {done.stderr.strip()[-400:]}")
    return int(found[1])


def pick(preferred: Sequence[str]) -> str:
    """Return the first counter that works here, of the preferred ones if one of those does.

    Raises
    ------
    SystemExit
        If there is none; says why.
    """
    works = {"perf": _perf_works(), "callgrind": shutil.which("valgrind") is not None}
    for counter in (*preferred, "perf", "callgrind"):
        if works.get(counter):
            return counter
    perf = "may not count instructions" if shutil.which("perf") else "is not installed"
    raise SystemExit(f"instructions cannot be counted here: perf {perf}, and valgrind is not installed")


def _perf_works() -> bool:
    if not shutil.which("perf"):
        return False
    command = ["perf", "stat", "-x", ",", "-e", "instructions:u", "true"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return re.search(r"^\d+,[^,]*,instructions", done.stderr, re.MULTILINE) is not None


def main() -> None:
    """Count, then compare or record."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--record", action="store_true", help="write the baseline instead of comparing with it")
    parser.add_argument("--counter", choices=("perf", "callgrind"), help="default: one that works and has a baseline")
    parser.add_argument("--only", nargs="+", help="names of workloads")
    parser.add_argument("--within", type=float, metavar="SECONDS", help="begin no workload later than that")
    options = parser.parse_args()
    base = json.loads(_BASELINE.read_text(encoding="utf-8")) if _BASELINE.is_file() else {}
    counter = options.counter or pick([base["counter"]] if base else [])
    before = base.get("counts", {}) if base.get("counter") == counter else {}
    end = time.monotonic() + options.within if options.within else float("inf")
    counts: dict[str, int] = {}
    left_out = []
    with tempfile.TemporaryDirectory() as folder:
        jobs = workloads(Path(folder))
        nothing = count(jobs.pop(NOTHING), counter)
        print(f"{'workload':24}{'instructions':>16}{'baseline':>16}{'ratio':>8}   ({counter})")
        for name, job in jobs.items():
            if options.only and name not in options.only:
                continue
            if time.monotonic() > end:
                left_out.append(name)
                continue
            counts[name] = max(0, count(job, counter) - nothing)
            old = before.get(name)
            print(f"{name:24}{counts[name]:16,}" + (f"{old:16,}{counts[name] / old:8.3f}" if old else ""), flush=True)
    ratios = {name: counts[name] / before[name] for name in counts if before.get(name)}
    print(f"instructions: {_summary(ratios, counter)}" + (f"; no time for {', '.join(left_out)}" if left_out else ""))
    if options.record:
        if left_out or options.only:
            raise SystemExit("nothing recorded: a baseline needs all workloads")
        _BASELINE.write_text(json.dumps({"counter": counter, "counts": counts}, indent=1) + "\n", encoding="utf-8")
        print(f"recorded in {_BASELINE.name}")


def _summary(ratios: dict[str, float], counter: str) -> str:
    if not ratios:
        return f"no baseline by {counter}"
    most = max(ratios, key=lambda name: ratios[name])
    median = statistics.median(ratios.values())
    figures = f"{median:.3f} of the baseline (median), at most {ratios[most]:.3f} ({most})"
    return f"{len(ratios)} workloads by {counter}, {figures}"


if __name__ == "__main__":
    main()
