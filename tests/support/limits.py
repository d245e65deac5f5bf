"""Processes with a bound on memory: what a test says of costs must not depend on how fast the machine is."""

from __future__ import annotations

import resource
import subprocess
import sys


def limited(code: str, *arguments: str, memory: int = 1 << 30, seconds: int = 60) -> subprocess.CompletedProcess[str]:
    """Run Python in a process with a bound on memory, and on processor time against hanging only."""

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_DATA, (memory, memory))
        resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))

    return subprocess.run(
        [sys.executable, "-c", code, *arguments],
        capture_output=True,
        text=True,
        timeout=300,
        preexec_fn=limit,
        check=False,
    )
