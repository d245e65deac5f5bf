"""Requests without an answer, made from a real index: each is a satisfiable request and the one thing that spoils it.

What spoils it is the *culprit*, known by construction: without it the same request has an answer. Which packages,
versions and dates take part is drawn by a seed.
"""

from __future__ import annotations

import dataclasses
import itertools
import json
import random
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import zstandard

import resolvent
from resolvent import MatchSpec, Version

LINUX = ("__archspec 1 x86_64", "__glibc 2.28", "__linux 5.10", "__unix 0")
DAY = 86_400_000

Record = Mapping[str, Any]


@dataclasses.dataclass(frozen=True)
class Case:
    """One request.

    Attributes
    ----------
    family
        What kind of trouble it is.
    specs, virtual, channels, keywords
        The request without an answer; `keywords` are those of `resolvent.solve`.
    culprit
        Words that a reader must find early.
    base
        The same request without the trouble: `specs`, `virtual` or keywords that differ.
    """

    family: str
    specs: tuple[str, ...]
    culprit: tuple[str, ...]
    base: Mapping[str, Any]
    virtual: tuple[str, ...] = LINUX
    channels: tuple[str, ...] = ("conda-forge",)
    keywords: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    platform: str = "linux-64"


class Material:
    """The records of some channels, read once, and indices of them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._records: dict[tuple[str, str], list[dict[str, Any]]] = {}
        self._indices: dict[tuple[tuple[str, ...], str], resolvent.Index] = {}

    def records(self, channel: str, platform: str = "linux-64") -> list[dict[str, Any]]:
        """Return the records of a channel as repodata has them, with `fn` and `subdir`."""
        if (channel, platform) not in self._records:
            found = []
            for subdir in (platform, "noarch"):
                path = self.folder / channel.replace("/", "_") / subdir / "repodata.json.zst"
                if not path.is_file():
                    continue
                data = json.loads(zstandard.ZstdDecompressor().stream_reader(path.open("rb")).read())
                for group in ("packages", "packages.conda"):
                    found += [{**entry, "fn": fn, "subdir": subdir} for fn, entry in data.get(group, {}).items()]
            self._records[channel, platform] = found
        return self._records[channel, platform]

    def index(self, channels: tuple[str, ...], platform: str = "linux-64") -> resolvent.Index:
        """Return the index of some channels for a platform."""
        if (channels, platform) not in self._indices:
            sources = [f"{name}={self.folder / name.replace('/', '_')}" for name in channels]
            self._indices[channels, platform] = resolvent.load_index(sources, platform=platform)
        return self._indices[channels, platform]


class Maker:
    """Draws requests of each family."""

    def __init__(self, material: Material, seed: int, platform: str = "linux-64") -> None:
        self.material = material
        self.platform = platform
        self.rng = random.Random(seed)
        self.by_name: dict[str, list[dict[str, Any]]] = defaultdict(list)
        for entry in material.records("conda-forge", platform):
            self.by_name[entry["name"]].append(entry)
        for entries in self.by_name.values():
            entries.sort(key=lambda e: Version(e["version"]), reverse=True)
        self.names = sorted(self.by_name)
        # Names with a history are those that people ask for with versions.
        self.long = [n for n in self.names if len(self.versions(n)) >= 4]
        self.families: dict[str, Callable[[], Case | None]] = {
            "contradicting specs": self.contradicting_specs,
            "pin against request": self.pin_against_request,
            "pin against dependency": self.pin_against_dependency,
            "virtual package missing": self.virtual_missing,
            "virtual package too old": self.virtual_too_old,
            "typo": self.typo,
            "version that is not there": self.no_such_version,
            "cut-off": self.cut_off,
            "strict priority": self.strict_priority,
            "deny list": self.deny,
            "licence": self.licence,
            "constrains": self.constrains,
            "frozen": self.frozen,
            "old python, new package": self.old_python,
            "new python, old package": self.new_python,
            "two packages, one dependency": self.two_packages,
            "other platform": self.other_platform,
        }

    def versions(self, name: str) -> list[str]:
        """Return the versions of a name, newest first."""
        return list(dict.fromkeys(e["version"] for e in self.by_name[name]))

    def others(self, count: int) -> tuple[str, ...]:
        """Return some further names to ask for."""
        return tuple(self.rng.sample(self.long, count))

    def contradicting_specs(self) -> Case | None:
        """Ask for a package from some version on, and for an older one."""
        name = self.rng.choice(self.long)
        split = self.rng.choice(self.versions(name)[:-1])
        rest = self.others(self.rng.randint(0, 3))
        specs = (f"{name} >={split}", *rest, f"{name} <{split}")
        return Case("contradicting specs", specs, (name,), {"specs": specs[:-1]})

    def pin_against_request(self) -> Case | None:
        """Pin, or constrain, a requested package to older versions."""
        name = self.rng.choice(self.long)
        split = self.rng.choice(self.versions(name)[:-1])
        specs = (f"{name} >={split}", *self.others(self.rng.randint(0, 3)))
        kind = self.rng.choice(["pins", "constraints"])
        return Case("pin against request", specs, (name,), {kind: ()}, keywords={kind: (f"{name} <{split}",)})

    def pin_against_dependency(self) -> Case | None:
        """Pin what the newest version of a requested package needs to older versions."""
        name = self.rng.choice(self.long)
        newest = self.versions(name)[0]
        found = [e for e in self.by_name[name] if e["version"] == newest]
        bounded = [d for d in found[0]["depends"] if ">=" in d and not d.startswith("__")]
        if not bounded:
            return None
        spec = self.rng.choice(bounded)
        target = spec.split()[0]
        bound = spec.split(">=")[1].split(",")[0].split()[0]
        specs = (f"{name} >={newest}", *self.others(self.rng.randint(0, 2)))
        return Case(
            "pin against dependency", specs, (target, name), {"pins": ()}, keywords={"pins": (f"{target} <{bound}",)}
        )

    def _on_virtual(self, virtual: str) -> tuple[str, str] | None:
        """Return a spec all of whose records need a virtual package, and the need."""
        for _ in range(400):
            name = self.rng.choice(self.names)
            newest = self.versions(name)[0]
            found = [e for e in self.by_name[name] if Version(e["version"]) >= Version(newest)]
            needs = [next((d for d in e["depends"] if d.split()[0] == virtual), None) for e in found]
            if all(needs):
                return f"{name} >={newest}", min(filter(None, needs))
        return None

    def virtual_missing(self) -> Case | None:
        """Take a virtual package away that every record asked for needs."""
        virtual = self.rng.choice(["__cuda", "__glibc", "__unix", "__linux"])
        found = self._on_virtual(virtual)
        if found is None:
            return None
        have = tuple(v for v in (*LINUX, "__cuda 13.0") if v.split()[0] != virtual)
        specs = (found[0], *self.others(self.rng.randint(0, 2)))
        return Case("virtual package missing", specs, (virtual,), {"virtual": (*LINUX, "__cuda 13.0")}, virtual=have)

    def virtual_too_old(self) -> Case | None:
        """Give the target a glibc that is older than every record asked for needs."""
        found = self._on_virtual("__glibc")
        if found is None:
            return None
        old = self.rng.choice(["2.5", "2.12", "2.16"])
        have = tuple(f"__glibc {old}" if v.startswith("__glibc") else v for v in LINUX)
        specs = (found[0], *self.others(self.rng.randint(0, 1)))
        return Case("virtual package too old", specs, ("__glibc", old), {"virtual": LINUX}, virtual=have)

    def typo(self) -> Case | None:
        """Misspell a name by one letter."""
        name = self.rng.choice([n for n in self.long if len(n) >= 5])
        at = self.rng.randrange(1, len(name) - 1)
        wrong = self.rng.choice(
            [
                name[:at] + name[at + 1] + name[at] + name[at + 2 :],
                name[:at] + name[at + 1 :],
                name[:at] + self.rng.choice("aeiou") + name[at:],
            ]
        )
        if wrong in self.by_name:
            return None
        spec = wrong if self.rng.random() < 0.6 else f"{wrong} >={self.versions(name)[-1]}"
        rest = self.others(self.rng.randint(0, 3))
        return Case("typo", (*rest, spec), (wrong, name), {"specs": (*rest, name)})

    def no_such_version(self) -> Case | None:
        """Ask for a version behind the newest or before the oldest."""
        name = self.rng.choice(self.long)
        newest = self.versions(name)[0]
        wrong = self.rng.choice([f"{name} >{newest}", f"{name} ==999", f"{name} <{self.versions(name)[-1]}"])
        rest = self.others(self.rng.randint(0, 3))
        return Case("version that is not there", (*rest, wrong), (name,), {"specs": (*rest, name)})

    def cut_off(self) -> Case | None:
        """Ask for versions that all came after the cut-off."""
        name = self.rng.choice(self.long)
        version = self.rng.choice(self.versions(name)[: len(self.versions(name)) // 2])
        found = [e for e in self.by_name[name] if Version(e["version"]) >= Version(version)]
        times = [e.get("indexed_timestamp") or e.get("timestamp", 0) for e in found]
        if min(times) <= 10 * DAY:
            return None
        cutoff = min(times) - self.rng.randint(1, 200) * DAY
        specs = (f"{name} >={version}",)
        return Case("cut-off", specs, (name, "cut-off"), {"exclude_newer": None}, keywords={"exclude_newer": cutoff})

    def strict_priority(self) -> Case | None:
        """Ask for a version of the lower channel whose name a higher channel has."""
        first = self.rng.choice(["pytorch", "bioconda", "nvidia", "robostack-staging", "pyviz/label/dev"])
        higher: dict[str, list[str]] = defaultdict(list)
        for entry in self.material.records(first):
            higher[entry["name"]].append(entry["version"])
        both = [n for n in sorted(higher) if n in self.by_name]
        if not both:
            return None
        name = self.rng.choice(both)
        newest = self.versions(name)[0]
        if max(map(Version, higher[name])) >= Version(newest):
            return None
        return Case(
            "strict priority",
            (f"{name} >={newest}",),
            (name, "priority"),
            {"channel_priority": "disabled"},
            channels=(first, "conda-forge"),
        )

    def _dependency(self) -> tuple[str, str] | None:
        """Return a name and one that every record of it needs."""
        name = self.rng.choice(self.long)
        needs = [{d.split()[0] for d in e["depends"]} for e in self.by_name[name]]
        shared = sorted(n for n in set.intersection(*needs) if n in self.by_name)
        return (name, self.rng.choice(shared)) if shared else None

    def deny(self) -> Case | None:
        """Deny what every record of a requested package needs."""
        found = self._dependency()
        if found is None:
            return None
        specs = (found[0], *self.others(self.rng.randint(0, 2)))
        denied = [found[1]]
        return Case("deny list", specs, (found[1], "deny list"), {"deny": ()}, keywords={"deny": denied})

    def licence(self) -> Case | None:
        """Deny all licences of what every record of a requested package needs."""
        found = self._dependency()
        if found is None:
            return None
        licences = sorted({e.get("license") or "" for e in self.by_name[found[1]]})
        if "" in licences:
            return None
        return Case("licence", (found[0],), ("licence",), {"licenses": None}, keywords={"licenses": {"deny": licences}})

    def constrains(self) -> Case | None:
        """Ask for a version that a requested package's `constrains` forbids."""
        name = self.rng.choice(self.names)
        newest = self.versions(name)[0]
        found = [e for e in self.by_name[name] if e["version"] == newest]
        limits = [c for c in found[0].get("constrains", []) if c.split()[0] in self.by_name]
        if not limits:
            return None
        limit = MatchSpec(self.rng.choice(limits))
        target = str(limit.name)
        outside = [v for v in self.versions(target) if not limit.matches(_record_of(self.by_name[target], v))]
        if not outside:
            return None
        wanted = self.rng.choice(outside)
        specs = (f"{name} >={newest}", f"{target} =={wanted}")
        return Case("constrains", specs, (name, target), {"specs": specs[:1]})

    def frozen(self) -> Case | None:
        """Freeze an environment with an older version of what the newest version of a package needs."""
        name = self.rng.choice(self.long)
        versions = self.versions(name)
        newest = [e for e in self.by_name[name] if e["version"] == versions[0]]
        bounded = [d for d in newest[0]["depends"] if ">=" in d and not d.startswith("__")]
        if not bounded:
            return None
        spec = self.rng.choice(bounded)
        target = spec.split()[0]
        bound = spec.split(">=")[1].split(",")[0].split()[0]
        index = self.material.index(("conda-forge",))
        try:
            old = resolvent.solve([f"{target} <{bound}"], index=index, virtual_packages=LINUX, timeout=20)
        except resolvent.ResolventError:
            return None
        keywords = {"installed": list(old.records), "freeze_installed": True}
        specs = (f"{name} >={versions[0]}",)
        return Case("frozen", specs, (name, "installed and frozen"), {"freeze_installed": False}, keywords=keywords)

    def old_python(self) -> Case | None:
        """Ask for python 3.8 and the newest version of a package that needs python."""
        name = self.rng.choice(self.long)
        newest = self.versions(name)[0]
        if not all(any(d.split()[0] == "python" for d in e["depends"]) for e in self.by_name[name][:1]):
            return None
        specs = ("python 3.8.*", f"{name} >={newest}", *self.others(self.rng.randint(0, 1)))
        return Case("old python, new package", specs, ("python", name), {"specs": specs[1:]})

    def new_python(self) -> Case | None:
        """Ask for python 3.14 and the oldest version of a package that needs python."""
        name = self.rng.choice(self.long)
        oldest = self.versions(name)[-1]
        if not any(d.split()[0] == "python" for e in self.by_name[name][-1:] for d in e["depends"]):
            return None
        specs = (f"{name} ==={oldest}" if "*" in oldest else f"{name} =={oldest}", "python 3.14.*")
        return Case("new python, old package", specs, ("python", name), {"specs": specs[:1]})

    def two_packages(self) -> Case | None:
        """Ask for two packages that need one library, the old one of the one, the new one of the other."""
        target = self.rng.choice(["openssl", "numpy", "libprotobuf", "icu", "hdf5", "libblas", "zlib", "boost-cpp"])
        users: dict[str, list[str]] = defaultdict(list)
        names = self.rng.sample(self.long, 400)
        for name in names:
            for version in (self.versions(name)[0], self.versions(name)[-1]):
                found = [e for e in self.by_name[name] if e["version"] == version]
                if all(any(d.split()[0] == target for d in e["depends"]) for e in found):
                    users[name].append(f"{name} =={version}")
        if len(users) < 2:
            return None
        first, second = self.rng.sample(sorted(users), 2)
        specs = (users[first][-1], users[second][0])
        return Case("two packages, one dependency", specs, (first, second), {"specs": specs[:1]})

    def other_platform(self) -> Case | None:
        """Ask for a package that only another platform has."""
        path = self.material.folder / "conda-forge" / self.rng.choice(["win-64", "osx-arm64", "osx-64"])
        if not path.is_dir():
            return None
        data = json.loads(zstandard.ZstdDecompressor().stream_reader((path / "repodata.json.zst").open("rb")).read())
        foreign = sorted({e["name"] for e in data["packages.conda"].values()} - set(self.by_name))
        name = self.rng.choice(foreign)
        rest = self.others(self.rng.randint(0, 1))
        return Case("other platform", (*rest, name), (name,), {"specs": rest or ("zlib",)})


def _record_of(entries: Sequence[Mapping[str, Any]], version: str) -> resolvent.PackageRecord:
    entry = next(e for e in entries if e["version"] == version)
    return resolvent.PackageRecord.from_dict({**entry, "channel": "conda-forge"})


def arguments(material: Material, case: Case, *, base: bool = False) -> dict[str, Any]:
    """Return what `resolvent.solve` is called with, for the request or for the one without the trouble."""
    given: dict[str, Any] = {"specs": case.specs, "virtual": case.virtual, **case.keywords}
    if base:
        given.update(case.base)
    given["index"] = material.index(case.channels, case.platform)
    given["virtual_packages"] = given.pop("virtual")
    return given


def cases(material: Material, seed: int, count: int) -> Iterator[Case]:
    """Draw `count` requests, the families in turn; each has no answer, and one without its culprit."""
    maker = Maker(material, seed)
    made = 0
    for draw in itertools.cycle(maker.families.values()):
        if made >= count:
            return
        for _ in range(60):
            case = draw()
            if case is not None and _fits(material, case):
                made += 1
                yield case
                break


def _fits(material: Material, case: Case) -> bool:
    try:
        resolvent.solve(**arguments(material, case))
        return False
    except resolvent.UnsatisfiableError:
        pass
    try:
        resolvent.solve(**arguments(material, case, base=True))
    except resolvent.UnsatisfiableError:
        return False
    return True
