"""Requests without an answer in every form that people write them, far more of them than `unsatisfiable.py` draws.

There a request is made so that its culprit is known. Here only the form is: packages, versions and limits are drawn,
and what has an answer after all is thrown away. So limits meet by chance as they do in practice, several at a time.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import resolvent
from unsatisfiable import DAY, LINUX, Case, Maker, Material, arguments

TARGETS: Mapping[str, tuple[str, ...]] = {
    "linux-64": LINUX,
    "osx-arm64": ("__archspec 1 m1", "__osx 13.0", "__unix 0"),
    "win-64": ("__archspec 1 x86_64", "__win 10.0"),
}
CHANNELS = (
    ("bioconda", "conda-forge"),
    ("conda-forge", "bioconda"),
    ("pytorch", "nvidia", "conda-forge"),
    ("nvidia", "conda-forge"),
    ("conda-forge", "pytorch"),
    ("rapidsai", "nvidia", "conda-forge"),
)
LICENCES = ("*GPL*", "MIT", "BSD-3-Clause", "Apache-2.0", "BSD*", "Python-2.0", "LGPL*")


class Claimed(Maker):
    """Draws requests that may have no answer."""

    def __init__(self, material: Material, seed: int, platform: str) -> None:
        super().__init__(material, seed, platform)
        self.on_python = [n for n in self.long if any(_on(e, "python") for e in self.by_name[n])]
        self.pythons = sorted({".".join(v.split(".")[:2]) for v in self.versions("python")}, key=resolvent.Version)
        self.forms: dict[str, Callable[[], Case | None]] = {
            "python and a constraint": lambda: self.python_and("constraints"),
            "python and a pin": lambda: self.python_and("pins"),
            "python and a deny list": self.python_and_deny,
            "constraint": lambda: self.limited("constraints"),
            "pins": lambda: self.limited("pins"),
            "several": self.several,
            "free threads": self.free_threads,
            "builds": self.builds,
            "names": self.names_missing,
            "versions": self.versions_missing,
            "licences allowed": self.allowed,
            "cut-off of one package": self.cut_one,
            "early cut-off": self.cut_early,
            "several channels": self.several_channels,
            "frozen python": self.frozen_python,
            "virtual": self.virtual_old,
        }

    def target(self) -> tuple[str, ...]:
        """Return what the target has."""
        return TARGETS[self.platform]

    def case(self, form: str, specs: tuple[str, ...], **more: Any) -> Case:
        """Return a case of this platform."""
        return Case(form, specs, (), {}, **{"virtual": self.target(), "platform": self.platform, **more})

    def python(self) -> str:
        """Return a spec on python."""
        minor = self.rng.choice(self.pythons[-9:])
        return self.rng.choice([f"python {minor}.*", f"python={minor}", f"python >={minor}", f"python <{minor}"])

    def some_version(self, name: str) -> str:
        """Return a spec on a name that some of its versions match."""
        version = self.rng.choice(self.versions(name))
        stem = ".".join(version.split(".")[:2])
        form = self.rng.choice(["{n} {s}.*", "{n}={s}", "{n} >={v}", "{n} <{v}", "{n} =={v}", "{n} {v}", "{n} <={v}"])
        return form.format(n=name, s=stem, v=version)

    def dependency(self, name: str) -> str | None:
        """Return a name that some record of another needs."""
        entry = self.rng.choice(self.by_name[name])
        names = sorted({d.split()[0] for d in entry["depends"]} & set(self.by_name))
        return self.rng.choice(names) if names else None

    def python_and(self, kind: str) -> Case | None:
        """Ask for a package and a python, and limit what the package needs."""
        name = self.rng.choice(self.on_python)
        limits = []
        for _ in range(self.rng.choice([1, 1, 1, 2])):
            needed = self.dependency(name)
            if needed is None:
                return None
            limits.append(self.some_version(needed))
        asked = self.rng.choice([name, self.some_version(name)])
        return self.case(f"python and {kind}", (asked, self.python()), keywords={kind: tuple(limits)})

    def python_and_deny(self) -> Case | None:
        """Ask for a package and a python, and deny versions of what the package needs."""
        name = self.rng.choice(self.on_python)
        needed = self.dependency(name)
        if needed is None:
            return None
        denied = [self.some_version(needed) for _ in range(self.rng.choice([1, 2]))]
        return self.case("python and a deny list", (name, self.python()), keywords={"deny": denied})

    def limited(self, kind: str) -> Case | None:
        """Ask for two packages, and limit what they need."""
        names = self.rng.sample(self.long, self.rng.choice([1, 2, 2, 3]))
        limits = [self.some_version(n) for n in map(self.dependency, names) if n]
        asked = tuple(self.rng.choice([n, self.some_version(n)]) for n in names)
        return self.case(kind, asked, keywords={kind: tuple(limits)}) if limits else None

    def several(self) -> Case | None:
        """Ask for versions of several packages at once."""
        names = self.rng.sample(self.long, self.rng.randint(2, 6))
        return self.case("several", tuple(self.some_version(n) for n in names))

    def free_threads(self) -> Case | None:
        """Ask for a free-threaded python, and a package."""
        minor = self.rng.choice(["3.13", "3.14"])
        spec = f"python {minor}.* *_cp{minor.replace('.', '')}t"
        return self.case("free threads", (spec, *self.rng.sample(self.on_python, self.rng.choice([1, 2]))))

    def builds(self) -> Case | None:
        """Ask for builds that some version has, or none."""
        name = self.rng.choice(self.on_python)
        entry = self.rng.choice(self.by_name[name])
        other = self.rng.choice(self.by_name[name])
        build = self.rng.choice([entry["build"], other["build"], f"*{other['build'][2:7]}*", "h123_0"])
        form = self.rng.choice([f"{name} {entry['version']} {build}", f"{name}=={entry['version']}={build}"])
        return self.case("builds", (form, *self.rng.sample([self.python(), *self.others(1)], self.rng.choice([0, 1]))))

    def names_missing(self) -> Case | None:
        """Ask for names that no channel has, some of them of other platforms."""
        names = []
        for _ in range(self.rng.choice([1, 1, 2, 5, 12])):
            name = self.rng.choice(self.names)
            at = self.rng.randrange(len(name))
            names.append(self.rng.choice([name[:at] + name[at + 1 :] or "x", f"{name}{self.rng.choice('sxy2')}"]))
        return self.case("names", (*names, *self.others(self.rng.choice([0, 2]))))

    def versions_missing(self) -> Case | None:
        """Ask for versions that are not there: before, behind and between those that are."""
        specs = []
        for name in self.rng.sample(self.long, self.rng.choice([1, 1, 2, 5])):
            versions = self.versions(name)
            version = self.rng.choice(versions)
            found = re.match(r"\d+(\.\d+)*", version)
            if found is None:
                return None
            forms = ["{n} =={v}.999", "{n} >{new}", "{n} <{old}", "{n} >{v},<{v}.0.1", "{n} 99.*", "{n} 0.0.0.*"]
            specs.append(self.rng.choice(forms).format(n=name, v=found[0], new=versions[0], old=versions[-1]))
        return self.case("versions", tuple(specs))

    def allowed(self) -> Case | None:
        """Allow some licences, or forbid some."""
        some = self.rng.sample(LICENCES, self.rng.randint(1, 3))
        rule = {"deny": some} if self.rng.random() < 0.6 else {"allow": some}
        return self.case("licences", tuple(self.rng.sample(self.long, 1)), keywords={"licenses": rule})

    def cut_one(self) -> Case | None:
        """Cut one package off."""
        name = self.rng.choice(self.on_python)
        needed = self.rng.choice([name, self.dependency(name) or name])
        entry = self.rng.choice(self.by_name[needed])
        moment = entry.get("timestamp", 0)
        if moment < 10 * DAY:
            return None
        return self.case(
            "cut-off of one", (self.some_version(name), self.python()), keywords={"exclude_newer": {needed: moment}}
        )

    def cut_early(self) -> Case | None:
        """Cut everything off at some moment."""
        name = self.rng.choice(self.long)
        moment = self.rng.choice(self.by_name[name]).get("timestamp", 0)
        if moment < 10 * DAY:
            return None
        keywords = {"exclude_newer": max(moment - self.rng.randint(0, 400) * DAY, DAY)}
        return self.case("early cut-off", (self.some_version(name), *self.others(1)), keywords=keywords)

    def several_channels(self) -> Case | None:
        """Ask for packages of several channels, with any priority."""
        channels = self.rng.choice(CHANNELS)
        entries = self.material.records(channels[0], self.platform) or self.material.records(channels[1], self.platform)
        if not entries:
            return None
        entry, other = self.rng.sample(entries, 2)
        near = [d.split()[0] for d in entry["depends"]]
        known = [n for n in near if n in self.by_name]
        specs = [entry["name"], f"{other['name']} {other['version']}", *map(self.some_version, known[:2])]
        if self.rng.random() < 0.3:
            specs[0] = f"{self.rng.choice([*channels, 'elsewhere'])}::{specs[0]}"
        some = tuple(self.rng.sample(specs, self.rng.randint(1, len(specs))))
        keywords = {"channel_priority": self.rng.choice(["strict", "strict", "flexible", "disabled"])}
        return self.case("several channels", some, channels=channels, keywords=keywords)

    def frozen_python(self) -> Case | None:
        """Freeze an environment with a python and a package, and ask for another."""
        minor = self.rng.choice(self.pythons[-7:])
        asked: dict[str, Any] = {
            "index": self.material.index(("conda-forge",), self.platform),
            "virtual_packages": self.target(),
        }
        name = self.rng.choice(self.on_python)
        try:
            old = resolvent.solve([f"python {minor}.*", name], timeout=20, **asked)
        except resolvent.ResolventError:
            return None
        keywords = {"installed": list(old.records), "freeze_installed": True}
        return self.case("frozen python", (self.some_version(self.rng.choice(self.on_python)),), keywords=keywords)

    def virtual_old(self) -> Case | None:
        """Ask a target that is older, or lacks something."""
        have = tuple(
            self.rng.choice([v, v, f"{v.split()[0]} {self.rng.choice(['2.5', '2.12', '10.9', '1'])}", ""])
            for v in (*self.target(), "__cuda 11.2")
        )
        name = self.rng.choice(self.long)
        return self.case("virtual", (self.some_version(name), *self.others(1)), virtual=tuple(filter(None, have)))


def _on(entry: Mapping[str, Any], name: str) -> bool:
    return any(d.split()[0] == name for d in entry["depends"])


def claimed(material: Material, seed: int, count: int) -> Iterator[tuple[Case, resolvent.Conflict]]:
    """Draw `count` requests without an answer, each form on each platform in turn, and their conflicts."""
    platforms = [p for p in TARGETS if (material.folder / "conda-forge" / p).is_dir()]
    makers = [Claimed(material, seed + number, platform) for number, platform in enumerate(platforms)]
    turns = [(maker, draw) for form in makers[0].forms for maker in makers for draw in [maker.forms[form]]]
    # Those of `unsatisfiable.py` are for linux-64.
    turns += [(makers[0], draw) for draw in makers[0].families.values()]
    made = 0
    while made < count:
        for _, draw in turns:
            for _ in range(40):
                case = draw()
                if case is None:
                    continue
                try:
                    resolvent.solve(**arguments(material, case), timeout=20)
                except resolvent.UnsatisfiableError as error:
                    made += 1
                    yield dataclasses.replace(case), error.conflict
                    break
                except resolvent.ResolventError:
                    continue
            if made >= count:
                return
