"""From the life of a name to its repodata records, and to the witness: the record that proves requests satisfiable."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from generator.timeline import NEVER, Drawer, Name, bump, next_break, quantile, text_of

Json = dict[str, Any]

_START = 1_470_000_000_000
_END = 1_785_000_000_000


@dataclass
class Made:
    """A record with what the witness needs to know of it.

    Attributes
    ----------
    file_name, record
        As they lie in repodata.
    version
        Index of the version; for python, index within its minor version.
    epoch
        When it was built.
    python
        Minor version of the python it is bound to, if any.
    needs
        Positions of the names it depends on.
    plain
        False for a variant or a dead end, which the witness never uses.
    """

    file_name: str
    record: Json
    version: int
    epoch: int
    python: int | None
    needs: list[int]
    plain: bool = True


class Maker:
    """Makes the records of names, in the order of their positions."""

    def __init__(self, drawer: Drawer, platform: str, python: int, python_abi: int) -> None:
        self.drawer = drawer
        self.platform = platform
        self.python = python
        self.python_abi = python_abi
        self._builds: list[list[int]] = []

    def records(self, name: Name, names: list[Name]) -> Iterator[Made]:
        """Yield the records of an ordinary name."""
        rng = self.drawer.numbers(name.position, "records")
        builds: list[list[int]] = []
        for index, release in enumerate(name.releases):
            if index + 1 < len(name.releases) and name.releases[index + 1] == release and name.kind != "arch":
                builds.append([])
                epochs = [release]
            elif name.sibling:
                epochs = self._builds[index]
            else:
                epochs = self._epochs(name, index, names)
            if len(builds) <= index:
                builds.append(epochs)
            lows = {d.target: rng.random() for d in name.dependencies}
            for number, epoch in enumerate(epochs):
                yield from self._build(name, index, number, epoch, epochs, lows, names, rng)
        self._builds = builds

    def _epochs(self, name: Name, index: int, names: list[Name]) -> list[int]:
        """Return the epochs at which a version is built: its release, and whenever a dependency's bound breaks."""
        epochs = [name.releases[index]]
        end = min(name.end(index), self.drawer.epochs)
        while True:
            breaks = (next_break(d, names[d.target], epochs[-1]) for d in name.dependencies if d.since <= index)
            following = max(epochs[-1] + 1, min(breaks, default=NEVER))
            if following >= end:
                return epochs
            epochs.append(following)

    def _build(
        self,
        name: Name,
        index: int,
        number: int,
        epoch: int,
        epochs: list[int],
        lows: dict[int, float],
        names: list[Name],
        rng: Any,
    ) -> Iterator[Made]:
        depends, needs = self._depends(name, index, epoch, lows, names)
        if name.sibling:
            previous = names[name.position - 1]
            digest = self.digest(previous, index, epoch, None)
            depends.append(f"{previous.text} {text_of(previous.versions[index])} h{digest}_{number}")
            needs.append(previous.position)
        constrains = self._constrains(name, epoch, names)
        if name.kind != "arch_python":
            if name.kind == "noarch_python":
                depends.append(f"python >=3.{min(self.drawer.active(name.releases[index]))}")
                needs.append(self.python)
            yield from self._variants(name, index, number, epoch, None, depends, constrains, needs, rng)
            return
        # A python that comes between this build and the next one is added to it.
        end = epochs[number + 1] if number + 1 < len(epochs) else min(name.end(index), self.drawer.epochs)
        there = self.drawer.active(epoch, name.python_lag)
        coming = {
            m: begin + name.python_lag
            for m, (begin, _) in self.drawer.pythons.items()
            if begin > 0 and epoch < begin + name.python_lag < end
        }
        for minor in [*there, *coming]:
            bound = [
                *depends,
                f"python >=3.{minor},<3.{minor + 1}.0a0",
                f"python_abi 3.{minor}.* *_cp3{minor}",
            ]
            at = coming.get(minor, epoch)
            yield from self._variants(
                name, index, number, at, minor, bound, constrains, [*needs, self.python, self.python_abi], rng
            )

    def _depends(
        self, name: Name, index: int, epoch: int, lows: dict[int, float], names: list[Name]
    ) -> tuple[list[str], list[int]]:
        depends, needs = [], []
        if name.kind.startswith("arch") and epoch > self.drawer.epochs // 3:
            depends.append(f"__glibc >=2.{17 if epoch < self.drawer.epochs * 0.95 or name.position % 3 else 28}")
        for dependency in name.dependencies:
            if dependency.since > index:
                continue
            target = names[dependency.target]
            settled = target.settled(epoch)
            version = target.versions[settled]
            low = target.versions[min(settled, int(lows[dependency.target] * (settled + 1)))]
            upper = text_of(bump(version, dependency.level))
            if len(bump(version, dependency.level)) == 1:
                upper += ".0"
            prefix = text_of(version[: dependency.level + 1])
            older = text_of(target.versions[settled - 1]) if settled else "0.0.0"
            depends.append(
                target.text
                + {
                    "any": "",
                    "lower": f" >={text_of(low)}",
                    "window": f" >={text_of(version)},<{upper}a0",
                    "prefix": f" {prefix}.*",
                    "exact": f" =={text_of(version)}",
                    "not": f" !={older}",
                }[dependency.shape]
            )
            needs.append(target.position)
        return depends, needs

    def _constrains(self, name: Name, epoch: int, names: list[Name]) -> list[str]:
        """Return lower bounds on names that need not be there; they hold for the settled versions from now on."""
        fitted = self.drawer.fitted
        if name.position < 20 or (name.position * 7919) % 1000 >= fitted["constrains_share"] * 1000:
            return []
        constrains = []
        for step in range(min(12, int(quantile(fitted["constrains_count"], (name.position * 31 % 100) / 100)))):
            target = names[(name.position * 131 + step * 977) % name.position]
            if target.releases[0] <= epoch:
                constrains.append(f"{target.text} >={text_of(target.versions[target.settled(epoch) // 2])}")
            else:
                constrains.append(f"retired-{target.text} <0.0a0")
        return constrains

    def _variants(
        self,
        name: Name,
        index: int,
        number: int,
        epoch: int,
        python: int | None,
        depends: list[str],
        constrains: list[str],
        needs: list[int],
        rng: Any,
    ) -> Iterator[Made]:
        if rng.random() < 0.006:
            # A dead end: an earlier build with a dependency that is no longer there.
            dead = [*depends, f"gone-{name.text} >=1.0"]
            yield self.make(name, index, number, epoch, python, dead, constrains, needs, "dead")
            number += 1000 if not name.sibling else 0
        if name.variant:
            position = self.python_abi + 1 + int(name.variant[-1])
            cpu, gpu = [*depends, f"{name.variant} * cpu"], [*depends, f"{name.variant} * gpu", "__cuda"]
            yield self.make(name, index, number, epoch, python, gpu, constrains, needs, "gpu")
            yield self.make(name, index, number + 200, epoch, python, cpu, constrains, [*needs, position], None)
        else:
            yield self.make(name, index, number, epoch, python, depends, constrains, needs, None)

    def digest(self, name: Name, index: int, epoch: int, python: int | None, variant: str | None = None) -> str:
        """Return the hash in a build string."""
        text = f"{self.drawer.seed}/{name.text}/{index}/{epoch}/{python}/{variant}"
        return hashlib.blake2b(text.encode(), digest_size=4).hexdigest()[:7]

    def make(
        self,
        name: Name,
        index: int,
        number: int,
        epoch: int,
        python: int | None,
        depends: list[str],
        constrains: list[str],
        needs: list[int],
        variant: str | None,
        version: str | None = None,
        build: str | None = None,
    ) -> Made:
        """Make one record."""
        version = version or text_of(name.versions[index])
        digest = self.digest(name, index, epoch, python, variant)
        if build is None:
            middle = "pyhd8ed1ab" if name.kind == "noarch_python" else f"h{digest}"
            build = f"{'' if python is None else f'py3{python}'}{middle}_{number}"
            if variant:
                build = f"{variant}_{build}"
        noarch = name.kind.startswith("noarch")
        ending = ".tar.bz2" if epoch < self.drawer.epochs * self.drawer.fitted["tar_bz2_share"] * 2 else ".conda"
        file_name = f"{name.text}-{version}-{build}{ending}"
        sha = hashlib.sha256(file_name.encode()).hexdigest()
        length = (_END - _START) // self.drawer.epochs
        record: Json = {
            "name": name.text,
            "version": version,
            "build": build,
            "build_number": number,
            "depends": depends,
            "md5": sha[:32],
            "sha256": sha,
            "license": "BSD-3-Clause",
            "size": 2000 + int(sha[:5], 16),
            "subdir": "noarch" if noarch else self.platform,
            "timestamp": _START + epoch * length + int(sha[5:13], 16) % length,
        }
        if constrains:
            record["constrains"] = constrains
        if noarch:
            record["noarch"] = "python" if name.kind == "noarch_python" else "generic"
        if variant == "gpu" and name.position % 2:
            record["track_features"] = f"{name.text}_gpu"
        return Made(file_name, record, index, epoch, python, needs, variant is None)

    def python_records(self, name: Name, libraries: list[Name]) -> Iterator[Made]:
        """Yield the records of python: for each minor version its patches, rebuilt as any other name."""
        needed = libraries[: min(10, len(libraries))]
        for minor, (begin, end) in self.drawer.pythons.items():
            start, stop = max(0, begin), min(end, self.drawer.epochs)
            step = max(1, self.drawer.epochs // 40)
            for patch, release in enumerate(range(start, stop, step)):
                length = min(release + step, stop)
                for number, epoch in enumerate(range(release, length, max(1, step // 2))):
                    depends, needs = ["__glibc >=2.17"], []
                    for library in needed:
                        version = library.versions[library.settled(epoch)]
                        depends.append(f"{library.text} >={text_of(version[:2])}")
                        needs.append(library.position)
                    build = f"h{self.digest(name, minor * 1000 + patch, epoch, None)}_{number}_cpython"
                    version_text = f"3.{minor}.{patch}"
                    yield self.make(
                        name, patch, number, epoch, minor, depends, [f"python_abi 3.{minor}.* *_cp3{minor}"], needs,
                        None, version_text, build,
                    )  # fmt: skip

    def python_abi_records(self, name: Name) -> Iterator[Made]:
        """Yield the records of python_abi: one name that ties every compiled package to one minor version."""
        for minor, (begin, _) in self.drawer.pythons.items():
            if begin >= self.drawer.epochs:
                continue
            for number in range(8):
                constrains = [f"python 3.{minor}.* *_cpython"]
                yield self.make(
                    name,
                    0,
                    number,
                    max(0, begin),
                    minor,
                    [],
                    constrains,
                    [],
                    None,
                    f"3.{minor}",
                    f"{number}_cp3{minor}",
                )

    def mutex_records(self, name: Name) -> Iterator[Made]:
        """Yield the records of a mutex: the same version in two builds that exclude each other."""
        yield self.make(name, 0, 1, 0, None, [], [], [], None, "1.0", "cpu")
        yield self.make(name, 0, 0, 0, None, ["__cuda"], [], [], "gpu", "1.0", "gpu")
