"""Count the instructions of a dozen fixed workloads and compare them with a recorded baseline.

    python benches/instructions.py                  a table of ratios to benches/instructions.json
    python benches/instructions.py --record         write the baseline anew

Instructions hardly depend on the load of the machine, so a ratio of 1.02 means something where a time would not. It is
a report, never an assertion: the processor, the compiler and the library of C change the counts too. They are counted
by `perf stat` where that may be used, else by `valgrind --tool=callgrind` (50 times slower). Of each workload an empty
process with the same imports is subtracted.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from families import FAMILIES, write
from generate import generate
from sources import Json, read_problems

_BASELINE = Path(__file__).resolve().parent / "instructions.json"

#: What runs in the measured process. Without an argument: nothing but the imports.
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
    """Write the channels of the workloads and return the jobs; the same every time."""
    import random

    jobs: dict[str, Json] = {}
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


def count(job: Json | None, counter: str) -> int:
    """Return the instructions of one process.

    Raises
    ------
    SystemExit
        If the counter cannot be used.
    """
    program = [sys.executable, "-c", _PROGRAM]
    line = json.dumps(job) + "\n" if job else ""
    # A hash seed of its own would make the interpreter's part vary.
    environment = {**os.environ, "PYTHONHASHSEED": "0"}
    with tempfile.TemporaryDirectory() as folder:
        if counter == "perf":
            command = ["perf", "stat", "-x", ",", "-e", "instructions:u", *program]
        else:
            command = ["valgrind", "--tool=callgrind", f"--callgrind-out-file={folder}/out", *program]
        done = subprocess.run(command, input=line, capture_output=True, text=True, env=environment, check=False)
    found = re.search(
        r"^(\d+),[^,]*,instructions" if counter == "perf" else r"Collected : (\d+)", done.stderr, re.MULTILINE
    )
    if done.returncode or not found:
        raise SystemExit(f"{counter} did not count: {done.stderr.strip()[-400:]}")
    return int(found[1])


def pick() -> str:
    """Return the counter that works here.

    Raises
    ------
    SystemExit
        If there is none.
    """
    if shutil.which("perf"):
        command = ["perf", "stat", "-x", ",", "-e", "instructions:u", "true"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if re.search(r"^\d+,[^,]*,instructions", done.stderr, re.MULTILINE):
            return "perf"
    if shutil.which("valgrind"):
        return "callgrind"
    raise SystemExit("neither perf nor valgrind can be used here")


def main() -> None:
    """Count, then compare or record."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--record", action="store_true", help="write the baseline instead of comparing with it")
    parser.add_argument("--counter", choices=("perf", "callgrind"), help="default: perf if it works")
    parser.add_argument("--only", nargs="+", help="names of workloads")
    options = parser.parse_args()
    counter = options.counter or pick()
    base = json.loads(_BASELINE.read_text(encoding="utf-8")) if _BASELINE.is_file() else {}
    before = base.get("counts", {}) if base.get("counter") == counter else {}
    counts = {}
    with tempfile.TemporaryDirectory() as folder:
        empty = count(None, counter)
        print(f"{'workload':24}{'instructions':>16}{'baseline':>16}{'ratio':>8}   ({counter})")
        for name, job in workloads(Path(folder)).items():
            if options.only and name not in options.only:
                continue
            counts[name] = max(0, count(job, counter) - empty)
            old = before.get(name)
            print(f"{name:24}{counts[name]:16,}" + (f"{old:16,}{counts[name] / old:8.3f}" if old else ""), flush=True)
    if options.record:
        _BASELINE.write_text(json.dumps({"counter": counter, "counts": counts}, indent=1) + "\n", encoding="utf-8")
        print(f"recorded in {_BASELINE.name}")


if __name__ == "__main__":
    main()
