"""Patterns made to be slow: what they cost is bounded by counts, and a deadline is seen (H5)."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import resolvent
from conftest import record, write_subdir
from resolvent import MatchSpec, PackageRecord

SOLVE = """
import sys, resolvent
index = resolvent.load_index([sys.argv[1]], platform="linux-64")
print("begin", flush=True)
try:
    print("solved", len(resolvent.solve(["top"], index=index, timeout=float(sys.argv[2]) or None)))
except resolvent.DeadlineExceeded as error:
    print("deadline")
except resolvent.UnsatisfiableError as error:
    print("no answer")
"""


def slow_channel(folder: Path, patterns: int = 300, builds: int = 300) -> Path:
    """Globs and builds of which each pair costs a quarter of a million steps."""
    glob = "*" + "a*" * 400 + "b"
    records = [record("x", "1.0", "a" * 900 + f"_{n}") for n in range(builds)]
    depends = [f"x * {glob}{n}" for n in range(patterns)]
    return write_subdir(folder, [*records, record("top", depends=depends)]).parent.parent


def test_a_deadline_is_seen_while_records_are_matched(tmp_path: Path) -> None:
    folder = slow_channel(tmp_path, 700, 700)
    found = subprocess.run(
        [sys.executable, "-c", SOLVE, str(folder), "0.5"], capture_output=True, text=True, timeout=120, check=False
    )
    # A deadline, or all of it within: nothing that hangs, and no verdict from matches that were cut off.
    assert found.returncode == 0, found.stderr[-400:]
    assert found.stdout.split()[1:] in (["deadline"], ["no", "answer"])


def test_an_interrupt_is_seen_while_records_are_matched(tmp_path: Path) -> None:
    folder = slow_channel(tmp_path, 3000, 3000)
    running = subprocess.Popen(
        [sys.executable, "-c", SOLVE, str(folder), "0"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert running.stdout is not None
    assert running.stdout.readline() == "begin\n"
    deadline = time.monotonic() + 100
    while running.poll() is None and time.monotonic() < deadline:
        os.kill(running.pid, signal.SIGINT)
        try:
            running.wait(1)
        except subprocess.TimeoutExpired:
            continue
    out, err = running.communicate(timeout=20)
    assert "KeyboardInterrupt" in err or "no answer" in out


def test_thousands_of_expressions_are_compiled_once_each(tmp_path: Path) -> None:
    """A million pairs of expression and build: with each compiled anew this would take hours."""
    records = [record("x", "1.0", f"h{n:04}_0") for n in range(1000)]
    depends = [f"x * ^(h{n:04}|[a-f0-9]*|.*x{n})_1$" for n in range(1000)]
    folder = write_subdir(tmp_path, [*records, record("top", depends=depends)]).parent.parent
    index = resolvent.load_index([folder], platform="linux-64")
    with pytest.raises(resolvent.UnsatisfiableError):
        resolvent.solve(["top"], index=index)


@pytest.mark.parametrize("pattern", ["^(a|b)*c$", "^(a*)*b$", "^.*.*.*x$", "*a*a*a*b", "*" * 1000 + "b"])
def test_what_no_build_is_as_long_as_matches_no_pattern(pattern: str) -> None:
    long = PackageRecord.from_dict({**record("x"), "build": "a" * (1 << 20)})
    spec = MatchSpec(f"x[build='{pattern}']")
    assert not any(spec.matches(long) for _ in range(1000))
    short = PackageRecord.from_dict({**record("x"), "build": "ac"})
    assert MatchSpec("x[build='^(a|b)*c$']").matches(short)


@pytest.mark.parametrize("pattern", ["^(a{1000}){1000}$", "^" + "(a|" * 60 + "b" + ")*" * 60 + "{50}{50}$"])
def test_expressions_that_need_much_memory_are_refused(pattern: str) -> None:
    with pytest.raises(resolvent.InvalidMatchSpec):
        MatchSpec(f"x[build='{pattern}']")
