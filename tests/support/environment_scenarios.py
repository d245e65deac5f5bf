"""Real environments to change: a locked answer of some years ago is installed, and the index has moved on.

Each scenario takes one request of the corpus. Its stored answer, looked up by file name in the index, is what is
installed; its specs are what was asked for. Records of the answer that nothing needs are left out, so that every
installed package has a reason to be there. All choices come from the scenario's number.
"""

from __future__ import annotations

import gzip
import json
import random
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import zstandard

import resolvent
from resolvent import MatchSpec, PackageRecord

CHANNEL = "conda-forge"
PLATFORM = "linux-64"
_LARGEST_INDEX = 1 << 30


@dataclass(frozen=True)
class Scenario:
    """An environment, and what might be asked of it.

    Attributes
    ----------
    name
        The request's id in the corpus.
    installed
        The packages, sorted by name.
    history
        What was asked for; every one of these specs holds.
    virtual_packages
        The machine.
    locked
        When the environment was solved, `YYYY-MM-DD`.
    wish
        A name that people ask for and that this environment does not have.
    old
        One of the names that were asked for, not python.
    """

    name: str
    installed: tuple[PackageRecord, ...]
    history: tuple[str, ...]
    virtual_packages: tuple[str, ...]
    locked: str
    wish: str
    old: str

    @property
    def arguments(self) -> dict[str, Any]:
        """What every call of `solve` over this environment gets."""
        return {
            "installed": list(self.installed),
            "history": list(self.history),
            "virtual_packages": list(self.virtual_packages),
        }

    @property
    def roots(self) -> list[str]:
        """The names that were asked for."""
        return sorted({spec_name(spec) for spec in self.history})


@cache
def spec_name(spec: str) -> str:
    """Return the package name in a spec that has one."""
    name = MatchSpec(spec).name
    assert name is not None, spec
    return name


@cache
def channel_records(shared: Path) -> dict[str, dict[str, Any]]:
    """Return the raw records of the index by file name."""
    found: dict[str, dict[str, Any]] = {}
    for subdir in (PLATFORM, "noarch"):
        packed = (shared / "data" / "channels" / CHANNEL / subdir / "repodata.json.zst").read_bytes()
        repodata = json.loads(zstandard.ZstdDecompressor().decompress(packed, max_output_size=_LARGEST_INDEX))
        for key in ("packages", "packages.conda"):
            for fn, record in repodata.get(key, {}).items():
                url = f"https://conda.anaconda.org/{CHANNEL}/{subdir}/{fn}"
                found[fn] = {**record, "subdir": subdir, "channel": CHANNEL, "fn": fn, "url": url}
    return found


@cache
def _problems(shared: Path) -> list[dict[str, Any]]:
    with gzip.open(shared / "data" / "problems.jsonl.gz", "rt", encoding="utf-8") as stream:
        problems = [json.loads(line) for line in stream]
    return [
        problem
        for problem in problems
        if problem["platform"] == PLATFORM
        and problem["channels"] == [CHANNEL]
        and problem.get("strict_channel_priority_ok", True)
        and not problem.get("constraints")
        and 10 <= len(problem["solution"]) <= 250
    ]


@cache
def _wishes(shared: Path) -> list[str]:
    return sorted({spec_name(spec) for problem in _problems(shared) for spec in problem["specs"]} - {"python"})


@cache
def scenario(shared: Path, number: int) -> Scenario:
    """Return the scenario of a number, the same each time."""
    choose = random.Random(number)
    problems = _problems(shared)
    while True:
        problem = choose.choice(problems)
        roots = {spec_name(spec) for spec in problem["specs"]}
        records = channel_records(shared)
        installed = [PackageRecord.from_dict(records[fn]) for fn in problem["solution"]]
        kept = reachable(installed, roots)
        names = {record.name for record in kept}
        old = sorted((roots & names) - {"python"})
        if old and roots <= names:
            break
    return Scenario(
        name=problem["id"],
        installed=tuple(kept),
        history=tuple(problem["specs"]),
        virtual_packages=tuple(problem["virtual_packages"]),
        locked=problem["date"][:10],
        wish=choose.choice([wish for wish in _wishes(shared) if wish not in names]),
        old=choose.choice(old),
    )


def needed_names(record: PackageRecord) -> set[str]:
    """Return the names that a record depends on, virtual ones left out."""
    return {name for name in map(spec_name, record.depends) if not name.startswith("__")}


def reachable(records: Iterable[PackageRecord], roots: Iterable[str]) -> list[PackageRecord]:
    """Return the records that the roots lead to through dependencies, sorted by name."""
    by_name = {record.name: record for record in records}
    found: set[str] = set()
    pending = [name for name in roots if name in by_name]
    while pending:
        name = pending.pop()
        if name not in found:
            found.add(name)
            pending += [needed for needed in needed_names(by_name[name]) if needed in by_name]
    return [by_name[name] for name in sorted(found)]


def dependents(records: Iterable[PackageRecord], name: str) -> set[str]:
    """Return a name and those of all records that need it, directly or through others."""
    users: dict[str, set[str]] = {}
    for record in records:
        for needed in needed_names(record):
            users.setdefault(needed, set()).add(record.name)
    found: set[str] = set()
    pending = [name]
    while pending:
        current = pending.pop()
        if current not in found:
            found.add(current)
            pending += users.get(current, ())
    return found


def misordered(records: list[PackageRecord]) -> list[str]:
    """Return the pairs of a list in which a package comes before one it needs, though they are in no cycle."""
    place = {record.name: position for position, record in enumerate(records)}
    wrong = []
    for record in records:
        later = {name for name in needed_names(record) if place.get(name, -1) > place[record.name]}
        wrong += [f"{record.name} before {name}" for name in later - dependents(records, record.name)]
    return sorted(wrong)


def exact(record: PackageRecord | Mapping[str, Any]) -> str:
    """Return the spec that only this build fits."""
    data = record.to_dict() if isinstance(record, PackageRecord) else record
    return f"{data['name']} =={data['version']} {data['build']}"


def python_minor(records: Iterable[PackageRecord]) -> str | None:
    """Return the first two parts of python's version."""
    return next((".".join(entry.version.split(".")[:2]) for entry in records if entry.name == "python"), None)


def not_older(new: PackageRecord, old: PackageRecord) -> bool:
    """Tell whether a record's version is at least another's."""
    return not resolvent.Version(new.version) < resolvent.Version(old.version)
