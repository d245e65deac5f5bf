"""Write the real material that the repository carries for its tests: a part of a larger folder of the same layout.

    python tools/carry_material.py FOLDER tests/material

FOLDER has `vectors/` (conformance cases) and `data/` (channels, requests, their optima). Copied are the vectors, the
requests for linux-64, and of each channel that those requests name the subdirs linux-64 and noarch. Files are packed as
tightly as their formats allow. The same input gives the same bytes.
"""

from __future__ import annotations

import argparse
import gzip
import json
import shutil
from pathlib import Path

import zstandard

PLATFORM = "linux-64"
REQUESTS = ("bench", "problems", "unsat")


def carry_requests(source: Path, target: Path) -> set[str]:
    """Copy the requests of the platform; return the channels that they name."""
    channels: set[str] = set()
    for name in REQUESTS:
        with gzip.open(source / f"{name}.jsonl.gz", "rt", encoding="utf-8") as lines:
            kept = [line for line in lines if json.loads(line)["platform"] == PLATFORM]
        channels.update(channel for line in kept for channel in json.loads(line)["channels"])
        (target / f"{name}.jsonl.gz").write_bytes(gzip.compress("".join(kept).encode(), 9, mtime=0))
    shutil.copyfile(source / "bench_levels.json", target / "bench_levels.json")
    return channels


def carry_channels(source: Path, target: Path, channels: set[str]) -> None:
    """Copy the repodata of the platform and noarch, packed again."""
    unpack, pack = zstandard.ZstdDecompressor(), zstandard.ZstdCompressor(level=22)
    for channel in sorted(channels):
        for subdir in (PLATFORM, "noarch"):
            place = Path(channel.replace("/", "_"), subdir, "repodata.json.zst")
            if (source / place).is_file():
                with (source / place).open("rb") as stream:
                    document = unpack.stream_reader(stream).read()
                (target / place).parent.mkdir(parents=True, exist_ok=True)
                (target / place).write_bytes(pack.compress(document))


def main() -> None:
    """Read the arguments and copy."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("source", type=Path, metavar="FOLDER")
    parser.add_argument("target", type=Path)
    given = parser.parse_args()
    shutil.rmtree(given.target, ignore_errors=True)
    (given.target / "data" / "channels").mkdir(parents=True)
    shutil.copytree(given.source / "vectors", given.target / "vectors", copy_function=shutil.copyfile)
    channels = carry_requests(given.source / "data", given.target / "data")
    carry_channels(given.source / "data" / "channels", given.target / "data" / "channels", channels)


if __name__ == "__main__":
    main()
