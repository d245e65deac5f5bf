"""From JSON to an index file, against simdjson's parse of the same bytes.

    python benches/index.py                                   linux-64 of the shared conda-forge
    python benches/index.py OUT/channels/x --subdir noarch    of another channel

resolvent reads uncompressed repodata from a folder and writes the index file, as loading a channel for the first time
does: parse, intern, sort, compile every spec, checksums, file. simdjson (`pysimdjson`) parses the same bytes, already
in memory, into a document and no more. They take turns in one process. Its first round is told apart: the memory of
both then comes fresh from the system. Each of `--processes` processes gives a line; the ratio is ours over simdjson's,
round by round.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from sources import need, plain_copy, shared_folder


def main() -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("channel", type=Path, nargs="?", help="a channel's folder; default: the shared conda-forge")
    parser.add_argument("--subdir", default="linux-64", metavar="NAME")
    parser.add_argument("--rounds", type=int, default=31, metavar="N", help="rounds a process, after the first ones")
    parser.add_argument("--processes", type=int, default=5, metavar="N")
    parser.add_argument("--worker", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    need("simdjson")
    if arguments.worker:
        measure(arguments.channel, arguments.subdir, arguments.rounds)
        return
    channel = arguments.channel or shared_folder() / "data/channels/conda-forge"
    with tempfile.TemporaryDirectory() as scratch:
        # A folder with this subdir alone: loading a channel would read `noarch` as well.
        found = plain_copy(channel, arguments.subdir, Path(scratch))
        if found is None:
            raise SystemExit(f"no repodata of {arguments.subdir} in {channel}")
        alone = Path(scratch) / "alone" / arguments.subdir
        alone.mkdir(parents=True)
        shutil.copyfile(found, alone / "repodata.json")
        print(f"{found.stat().st_size / 1e6:.1f} MB of JSON; milliseconds, resolvent / simdjson = ratio")
        for _ in range(arguments.processes):
            command = [sys.executable, __file__, str(alone.parent), "--worker", "--subdir", arguments.subdir]
            environment = {**os.environ, "RESOLVENT_CACHE_DIR": str(Path(scratch) / "cache")}
            subprocess.run([*command, "--rounds", str(arguments.rounds)], env=environment, check=True)


def measure(channel: Path, subdir: str, rounds: int) -> None:
    """Print one line: the first round, and the median and least of those behind the next few."""
    import simdjson

    import resolvent

    text = (channel / subdir / "repodata.json").read_bytes()
    parser = simdjson.Parser()
    ours, theirs = [], []
    for _ in range(rounds + 5):
        started = time.perf_counter()
        document = parser.parse(text)
        theirs.append((time.perf_counter() - started) * 1e3)
        del document
        shutil.rmtree(os.environ["RESOLVENT_CACHE_DIR"], ignore_errors=True)
        started = time.perf_counter()
        index = resolvent.load_index([channel], platform=subdir)
        ours.append((time.perf_counter() - started) * 1e3)
        del index
    first = f"first {ours[0]:5.1f} / {theirs[0]:5.1f} = {ours[0] / theirs[0]:.2f}"
    ours, theirs = ours[5:], theirs[5:]
    ratio = statistics.median(mine / other for mine, other in zip(ours, theirs, strict=True))
    median = f"median {statistics.median(ours):5.1f} / {statistics.median(theirs):5.1f} = {ratio:.2f}"
    least = f"least {min(ours):5.1f} / {min(theirs):5.1f} = {min(ours) / min(theirs):.2f}"
    print(f"{first}; {median}; {least}", flush=True)


if __name__ == "__main__":
    main()
