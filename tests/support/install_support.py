"""What the tests of the installer share: an environment as bytes, solving over a tiny channel, a worker process."""

from __future__ import annotations

import hashlib
import os
import stat
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import resolvent
from resolvent import Solution
from resolvent.install import Applied

SUPPORT = Path(__file__).parent


def snapshot(prefix: Path, *, history: bool = False) -> dict[str, str]:
    """Return everything in an environment: kind, permissions and content of each path, folders included.

    Parameters
    ----------
    prefix
        The environment; one that is not there is empty.
    history
        Whether the files that hold the time of a change are part of it.
    """
    found: dict[str, str] = {}
    for place, folders, names in os.walk(prefix):
        for name in (*folders, *names):
            path = Path(place) / name
            relative = path.relative_to(prefix).as_posix()
            if not history and relative.startswith(("conda-meta/history", "conda-meta/.resolvent-revisions")):
                continue
            mode = path.lstat().st_mode
            if stat.S_ISLNK(mode):
                found[relative] = f"link to {path.readlink()}"
            elif stat.S_ISDIR(mode):
                found[relative] = "folder"
            else:
                digest = hashlib.sha256(path.read_bytes()).hexdigest()
                found[relative] = f"{stat.S_IMODE(mode):o} {digest}"
    return found


def difference(left: dict[str, str], right: dict[str, str]) -> list[str]:
    """Return the paths in which two snapshots differ."""
    return sorted(path for path in left.keys() | right.keys() if left.get(path) != right.get(path))


def solve(channel: Path | Sequence[Path], specs: Sequence[str], **options: Any) -> Solution:
    """Solve over folders of packages for linux-64, without any virtual package."""
    channels = [channel] if isinstance(channel, Path) else list(channel)
    index = resolvent.load_index(channels, platform="linux-64")
    return resolvent.solve(specs, index=index, virtual_packages=[], **options)


def install(
    channel: Path | Sequence[Path],
    prefix: Path,
    specs: Sequence[str],
    *,
    cache: Path,
    mode: Any = "install",
    **options: Any,
) -> Applied:
    """Solve and apply: make an environment, or change one."""
    there = (prefix / "conda-meta").is_dir()
    solution = solve(channel, specs, **({"installed": prefix, "mode": mode} if there else {}))
    asked = {"removed": specs} if mode == "remove" else {"specs": specs}
    return resolvent.apply(solution, prefix, package_cache=cache, **{"command": "test", **asked, **options})


def worker(code: str, *arguments: object) -> subprocess.Popen[bytes]:
    """Start a process that runs code with these modules at hand; `sys.argv[1:]` are the arguments."""
    paths = os.pathsep.join([str(SUPPORT), str(SUPPORT.parent), os.environ.get("PYTHONPATH", "")])
    return subprocess.Popen(
        [sys.executable, "-c", code, *map(str, arguments)],
        env={**os.environ, "PYTHONPATH": paths},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
