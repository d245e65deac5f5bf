"""Making an environment from a warm package cache: resolvent beside py-rattler's own installer.

    python benches/install.py [--packages 150] [--files 60] [--rounds 5]

Both link the same packages, which are made for the occasion, from package caches that have them all. Each round is a
process of its own; what is printed is the least CPU time and the least elapsed time. The journal's part of an update is
what writing and syncing the plan take, reading it, and the two renames that begin and end a change.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT / "tests" / "support"))

from packages import Package, binary_with_prefix, text_with_prefix, write_channel  # noqa: E402


def packages(count: int, files: int, version: str) -> list[Package]:
    """Return packages of plain files, two of which hold the prefix."""
    found = []
    for number in range(count):
        name = f"bench{number}"
        plain = {f"share/{name}/{one}.txt": f"{name} {version} {one}\n" * 20 for one in range(files - 2)}
        patched = {f"lib/{name}.so": binary_with_prefix(), f"lib/{name}.pc": text_with_prefix()}
        found.append(Package(name, version, files={**plain, **patched}))
    return found


def resolvent_round(work: Path, prefix: Path, specs: list[str]) -> dict[str, float]:
    """Make or update an environment with resolvent; the solve is not counted."""
    import resolvent
    from resolvent.install import journal

    spent = {"journal": 0.0}

    def watched(name: str) -> None:
        real = getattr(journal, name)

        def timed(*arguments: object) -> object:
            start = time.perf_counter()
            try:
                return real(*arguments)
            finally:
                spent["journal"] += time.perf_counter() - start

        setattr(journal, name, timed)

    for name in ("start", "_read", "_end"):
        watched(name)
    index = resolvent.load_index([work / "channel"], platform="linux-64")
    there: Any = {"installed": prefix, "mode": "update"} if prefix.exists() else {}
    solution = resolvent.solve(specs, index=index, virtual_packages=[], **there)
    start, cpu = time.perf_counter(), time.process_time()
    resolvent.apply(solution, prefix, package_cache=work / "resolvent-pkgs", command="bench")
    return {"seconds": time.perf_counter() - start, "cpu": time.process_time() - cpu, **spent}


def rattler_round(work: Path, prefix: Path, specs: list[str]) -> dict[str, float]:
    """Make or update an environment with py-rattler alone."""
    import asyncio

    import rattler

    channel = work / "channel"
    known = json.loads((channel / "linux-64" / "repodata.json").read_text())["packages.conda"]
    wanted = {spec.split()[0]: spec.split()[1] for spec in specs}
    records = []
    for fn, data in known.items():
        if wanted.get(data["name"]) == data["version"]:
            record = rattler.PackageRecord(
                name=data["name"],
                version=data["version"],
                build=rattler.BuildString(data["build"]),
                build_number=data["build_number"],
                subdir="linux-64",
                sha256=bytes.fromhex(data["sha256"]),
                md5=bytes.fromhex(data["md5"]),
                size=data["size"],
            )
            url = (channel / "linux-64" / fn).as_uri()
            records.append(rattler.RepoDataRecord(record, fn, url, channel.as_uri()))
    start, cpu = time.perf_counter(), time.process_time()
    asyncio.run(rattler.install(records, str(prefix), cache_dir=work / "rattler-pkgs", show_progress=False))
    return {"seconds": time.perf_counter() - start, "cpu": time.process_time() - cpu}


def main() -> None:
    """Run the rounds and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--packages", type=int, default=150)
    parser.add_argument("--files", type=int, default=60)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--round", nargs=4, metavar=("TOOL", "WORK", "PREFIX", "VERSION"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.round:
        tool, work, prefix, version = options.round
        specs = [f"bench{number} {version}" for number in range(options.packages)]
        run = resolvent_round if tool == "resolvent" else rattler_round
        print(json.dumps(run(Path(work), Path(prefix), specs)), flush=True)
        os._exit(0)
    work = Path(tempfile.mkdtemp(prefix="resolvent-bench-"))
    try:
        for version in ("1.0", "2.0"):
            write_channel(work / "channel", packages(options.packages, options.files, version))
        print(f"{options.packages} packages of {options.files} files, best of {options.rounds}; seconds (CPU seconds)")
        for action in ("create", "update"):
            for tool in ("resolvent", "rattler"):
                best = _best(tool, action, work, options)
                share = f", journal {100 * best['journal'] / best['seconds']:.1f} %" if best.get("journal") else ""
                print(f"{action:8} {tool:10} {best['seconds']:.3f} ({best['cpu']:.3f}){share}")
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _best(tool: str, action: str, work: Path, options: argparse.Namespace) -> dict[str, float]:
    found: list[dict[str, float]] = []
    for number in range(options.rounds + 1):
        prefix = work / f"{tool}-env"
        shutil.rmtree(prefix, ignore_errors=True)
        for version in ("1.0", "2.0") if action == "update" else ("1.0",):
            words = ["--packages", str(options.packages), "--round", tool, str(work), str(prefix), version]
            done = subprocess.run([sys.executable, __file__, *words], capture_output=True, text=True, check=True)
        if number:  # the first one fills the package cache
            found.append(json.loads(done.stdout))
    return {key: min(one[key] for one in found) for key in found[0]}


if __name__ == "__main__":
    main()
