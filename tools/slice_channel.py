r"""Cut a small, solvable slice out of a channel: what some requests can reach, with a little history.

The sample channel in `python/resolvent/_sample` is made with it from a folder that holds conda-forge:

    python tools/slice_channel.py CONDA_FORGE python/resolvent/_sample \
        --versions 3 --without 'python <3.11' --without 'python >=3.14.0a0' \
        python numpy requests 'python 3.12.*' 'numpy <2'

Of the records that match a spec the newest `--versions` versions are kept, with all their builds, and then what
their dependencies ask for, until nothing new is reached. `--without` takes records out beforehand. At the end
records with a dependency that nothing kept satisfies are dropped, since they could never be chosen. The records are
copied as they are. The same input gives the same bytes.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import defaultdict, deque
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import zstandard

from resolvent import MatchSpec, PackageRecord, Version

SECTIONS = ("packages", "packages.conda")


@dataclass(frozen=True)
class Candidate:
    """One record, and the place it came from."""

    subdir: str
    section: str
    fn: str
    raw: dict[str, Any]
    record: PackageRecord

    @property
    def dependencies(self) -> list[str]:
        """The specs of real packages that the record depends on."""
        return [spec for spec in self.raw.get("depends", []) if not spec.startswith("__")]


class Channel:
    """All records of a channel's subdirs, by name, and which of them match a spec."""

    def __init__(self, folder: Path, subdirs: list[str], without: list[MatchSpec]) -> None:
        self.by_name: dict[str, list[Candidate]] = defaultdict(list)
        self._matches: dict[str, list[Candidate]] = {}
        for subdir in subdirs:
            for section, records in read_repodata(folder / subdir).items():
                for fn, raw in records.items():
                    record = PackageRecord.from_dict({**raw, "fn": fn, "subdir": subdir})
                    if not any(spec.matches(record) for spec in without):
                        self.by_name[raw["name"]].append(Candidate(subdir, section, fn, raw, record))

    def matching(self, spec: str) -> list[Candidate]:
        """Return the records that match a spec, remembered for each distinct one."""
        if spec not in self._matches:
            parsed = MatchSpec(spec)
            candidates = self.by_name.get(parsed.name or "", [])
            self._matches[spec] = [candidate for candidate in candidates if parsed.matches(candidate.record)]
        return self._matches[spec]


def read_repodata(subdir: Path) -> dict[str, dict[str, Any]]:
    """Return the sections of a subdir's `repodata.json.zst`."""
    with (subdir / "repodata.json.zst").open("rb") as stream:
        repodata = json.load(zstandard.ZstdDecompressor().stream_reader(stream))
    return {section: repodata.get(section, {}) for section in SECTIONS}


def newest(candidates: list[Candidate], versions: int) -> list[Candidate]:
    """Return the records of the newest distinct versions."""
    ordered = sorted({Version(candidate.record.version) for candidate in candidates}, reverse=True)[:versions]
    kept = set(ordered)
    return [candidate for candidate in candidates if Version(candidate.record.version) in kept]


def reachable(channel: Channel, specs: list[str], versions: int) -> dict[tuple[str, str], Candidate]:
    """Return what the specs can reach, keyed by subdir and file name."""
    kept: dict[tuple[str, str], Candidate] = {}
    queue, seen = deque(specs), set(specs)
    while queue:
        for candidate in newest(channel.matching(queue.popleft()), versions):
            if kept.setdefault((candidate.subdir, candidate.fn), candidate) is candidate:
                fresh = [spec for spec in candidate.dependencies if spec not in seen]
                seen.update(fresh)
                queue.extend(fresh)
    return kept


def drop_unusable(channel: Channel, kept: dict[tuple[str, str], Candidate]) -> None:
    """Remove, in place, records with a dependency that nothing kept satisfies, until there is none."""
    while True:
        unusable = [
            key
            for key, candidate in kept.items()
            if not all(
                any((match.subdir, match.fn) in kept for match in channel.matching(spec))
                for spec in candidate.dependencies
            )
        ]
        if not unusable:
            return
        for key in unusable:
            del kept[key]


def write_slice(target: Path, subdirs: list[str], kept: dict[tuple[str, str], Candidate]) -> None:
    """Write one `repodata.json.zst` a subdir."""
    for subdir in subdirs:
        sections: dict[str, dict[str, Any]] = {section: {} for section in SECTIONS}
        for (_, fn), candidate in sorted(kept.items()):
            if candidate.subdir == subdir:
                sections[candidate.section][fn] = candidate.raw
        repodata = {"info": {"subdir": subdir}, **sections, "repodata_version": 1}
        text = json.dumps(repodata, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        packed = zstandard.ZstdCompressor(level=22).compress(text.encode())
        (target / subdir).mkdir(parents=True, exist_ok=True)
        (target / subdir / "repodata.json.zst").write_bytes(packed)
        count = sum(map(len, sections.values()))
        print(f"{subdir}: {count} records, {len(packed) / 1000:.0f} kB compressed")


def main(arguments: list[str] | None = None) -> int:
    """Run the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__.partition("\n")[0], formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("source", type=Path, help="channel folder to cut from")
    parser.add_argument("target", type=Path, help="channel folder to write")
    parser.add_argument("specs", nargs="+", help="the requests")
    parser.add_argument("--platform", default="linux-64")
    parser.add_argument("--versions", type=int, default=3, help="newest versions kept of what matches a spec")
    parser.add_argument("--without", action="append", default=[], type=MatchSpec, help="records to leave out")
    options = parser.parse_args(arguments)
    subdirs = [options.platform, "noarch"]
    channel = Channel(options.source, subdirs, options.without)
    missing = [spec for spec in options.specs if not channel.matching(spec)]
    if missing:
        parser.error(f"nothing matches {', '.join(missing)}")
    kept = reachable(channel, options.specs, options.versions)
    drop_unusable(channel, kept)
    write_slice(options.target, subdirs, kept)
    return 0


if __name__ == "__main__":
    sys.exit(main())
