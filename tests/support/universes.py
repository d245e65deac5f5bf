"""Small package universes for tests: records, specs with a meaning of their own, repodata folders, random ones.

A spec here is a little structure that can say itself as a MatchSpec string and that can tell, without any of the
library's code, whether it matches a record. That is what lets a brute force judge the solver: versions are lists of
whole numbers, `1.0` equals `1`, and a version bound or a build pattern is compared in the few lines below.
"""

from __future__ import annotations

import dataclasses
import fnmatch
import json
import operator
import random
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Literal

import resolvent

PLATFORM = "linux-64"

#: Not a MatchSpec in any reading.
UNREADABLE = "p0 >=1.0[build="

_OPERATORS = {
    ">=": operator.ge,
    "<=": operator.le,
    ">": operator.gt,
    "<": operator.lt,
    "==": operator.eq,
    "!=": operator.ne,
}


def version_key(text: str) -> tuple[int, ...]:
    """Return what a version of whole numbers is ordered by; trailing zeros mean nothing."""
    numbers = [int(part) for part in text.split(".")]
    while len(numbers) > 1 and numbers[-1] == 0:
        numbers.pop()
    return tuple(numbers)


@dataclasses.dataclass(frozen=True)
class Record:
    """One record: what repodata says, and where."""

    name: str
    version: str
    build: str
    build_number: int
    channel: int
    subdir: str
    depends: tuple[Spec, ...] = ()
    constrains: tuple[Spec, ...] = ()
    track_features: str = ""
    timestamp: int = 0
    archive: Literal[".conda", ".tar.bz2"] = ".conda"
    #: One of its constraints is no spec at all: the record has a rank, and can never be chosen.
    unreadable: bool = False
    #: Optional groups, and flags (repodata v3).
    extra_depends: tuple[tuple[str, tuple[Spec, ...]], ...] = ()
    flags: tuple[str, ...] = ()

    @property
    def fn(self) -> str:
        """The file name, unique in its subdir."""
        return f"{self.name}-{self.version}-{self.build}{self.archive}"

    @property
    def identity(self) -> tuple[int, str, str]:
        """Channel, subdir and file name."""
        return (self.channel, self.subdir, self.fn)

    def to_dict(self) -> dict[str, Any]:
        """Return the record as repodata holds it."""
        entry: dict[str, Any] = {
            "name": self.name,
            "version": self.version,
            "build": self.build,
            "build_number": self.build_number,
            "subdir": self.subdir,
            "depends": [str(spec) for spec in self.depends],
            "constrains": [str(spec) for spec in self.constrains],
        }
        if self.unreadable:
            entry["constrains"].append(UNREADABLE)
        if self.track_features:
            entry["track_features"] = self.track_features
        if self.timestamp:
            entry["timestamp"] = self.timestamp
        if self.subdir == "noarch":
            entry["noarch"] = "generic"
        if self.extra_depends:
            entry["extra_depends"] = {group: [str(spec) for spec in specs] for group, specs in self.extra_depends}
        if self.flags:
            entry["flags"] = list(self.flags)
        return entry

    @property
    def is_modern(self) -> bool:
        """Whether the record belongs into the section `v3` of repodata."""
        specs = [*self.depends, *self.constrains, *(spec for _, group in self.extra_depends for spec in group)]
        return bool(self.extra_depends or self.flags or any(spec.is_modern for spec in specs))


@dataclasses.dataclass(frozen=True)
class Spec:
    """A name, alternatives of version bounds that hold together, a build pattern and, for requests, a channel."""

    name: str
    alternatives: tuple[tuple[tuple[str, str], ...], ...] = ()
    build: str = ""
    channel: int | None = None
    when: Condition | None = None
    extras: tuple[str, ...] = ()
    flags: tuple[str, ...] = ()

    @property
    def is_modern(self) -> bool:
        """Whether only repodata v3 knows such a spec."""
        return bool(self.when or self.extras or self.flags)

    def __str__(self) -> str:
        channel = "" if self.channel is None else f"{channel_name(self.channel)}::"
        version = "|".join(",".join(op + bound for op, bound in bounds) for bounds in self.alternatives)
        if self.is_modern:
            brackets = [f"{key}='{value}'" for key, value in (("version", version), ("build", self.build)) if value]
            brackets += [f"extras=[{','.join(self.extras)}]"] if self.extras else []
            brackets += [f"flags=[{','.join(map(repr, self.flags))}]"] if self.flags else []
            brackets += [f'when="{self.when}"'] if self.when else []
            return f"{channel}{self.name}[{','.join(brackets)}]"
        # A build can only follow a version.
        words = [self.name, version or ("*" if self.build else ""), self.build]
        return channel + " ".join(word for word in words if word)

    def matches_version(self, version: str) -> bool:
        key = version_key(version)
        return not self.alternatives or any(
            all(_OPERATORS[op](key, version_key(bound)) for op, bound in bounds) for bounds in self.alternatives
        )

    def matches(self, record: Record) -> bool:
        return (
            self.name == record.name
            and self.matches_version(record.version)
            and (not self.build or fnmatch.fnmatchcase(record.build, self.build))
            and (self.channel is None or self.channel == record.channel)
            and all(any(fnmatch.fnmatchcase(flag, asked) for flag in record.flags) for asked in self.flags)
        )


@dataclasses.dataclass(frozen=True)
class Condition:
    """A spec that something chosen matches, or conditions that all hold or of which one does."""

    kind: Literal["leaf", "and", "or"]
    spec: Spec | None = None
    members: tuple[Condition, ...] = ()

    def __str__(self) -> str:
        if self.spec is not None:
            version = "|".join(",".join(op + bound for op, bound in bounds) for bounds in self.spec.alternatives)
            return f"{self.spec.name}[version='{version}']" if "," in version else f"{self.spec.name}{version}"
        return "(" + f" {self.kind} ".join(map(str, self.members)) + ")"

    def holds(self, leaf: Callable[[Spec], bool | None]) -> bool | None:
        """Whether the condition holds; None where `leaf` does not know enough to tell."""
        if self.spec is not None:
            return leaf(self.spec)
        decisive = self.kind == "or"
        values = [member.holds(leaf) for member in self.members]
        if decisive in values:
            return decisive
        return None if None in values else not decisive


def channel_name(position: int) -> str:
    """Return the name of the channel at a position of a universe."""
    return f"channel{position}"


@dataclasses.dataclass(frozen=True)
class Universe:
    """Everything that exists: records, how many channels they lie in, the target's virtual packages."""

    records: tuple[Record, ...]
    channels: int = 1
    virtual_packages: tuple[str, ...] = ()

    def write(self, folder: Path, shuffle: random.Random | None = None) -> list[str]:
        """Write a repodata folder for each channel and return them as sources; `shuffle` mixes the records' order."""
        sources = []
        for channel in range(self.channels):
            path = folder / channel_name(channel)
            for subdir in (PLATFORM, "noarch"):
                records = [r for r in self.records if (r.channel, r.subdir) == (channel, subdir)]
                if shuffle is not None:
                    shuffle.shuffle(records)
                old = [r for r in records if not r.is_modern]
                repodata: dict[str, Any] = {
                    "info": {"subdir": subdir},
                    "packages": {r.fn: r.to_dict() for r in old if r.archive == ".tar.bz2"},
                    "packages.conda": {r.fn: r.to_dict() for r in old if r.archive == ".conda"},
                }
                modern = [r for r in records if r.is_modern]
                if modern:
                    repodata["v3"] = {
                        kind.removeprefix("."): {
                            r.fn.removesuffix(kind): r.to_dict() for r in modern if r.archive == kind
                        }
                        for kind in (".conda", ".tar.bz2")
                    }
                (path / subdir).mkdir(parents=True, exist_ok=True)
                (path / subdir / "repodata.json").write_text(json.dumps(repodata))
            sources.append(f"{channel_name(channel)}={path}")
        return sources

    def load(self, folder: Path, shuffle: random.Random | None = None) -> resolvent.Index:
        """Write the universe and load it."""
        return resolvent.load_index(self.write(folder, shuffle), platform=PLATFORM)


Priority = Literal["strict", "flexible", "disabled"]
Strategy = Literal["highest", "lowest", "lowest-direct", "ordered"]

PRIORITIES: tuple[Priority, ...] = ("strict", "flexible", "disabled")
STRATEGIES: tuple[Strategy, ...] = ("highest", "lowest", "lowest-direct", "ordered")


@dataclasses.dataclass(frozen=True)
class Request:
    """The arguments of one solve of a fresh environment."""

    specs: tuple[Spec, ...]
    constraints: tuple[Spec, ...] = ()
    pins: tuple[Spec, ...] = ()
    strategy: Strategy = "highest"
    channel_priority: Priority = "strict"
    exclude_newer: int | None = None

    def arguments(self) -> dict[str, Any]:
        """Return the keyword arguments for `resolvent.solve` and `Session.solve`."""
        return {
            "specs": [str(spec) for spec in self.specs],
            "constraints": [str(spec) for spec in self.constraints],
            "pins": [str(spec) for spec in self.pins],
            "strategy": self.strategy,
            "channel_priority": self.channel_priority,
            "exclude_newer": self.exclude_newer,
        }


def identities(solution: resolvent.Solution) -> list[tuple[int, str, str]]:
    """Return which records of its universe a solution holds, sorted."""
    return sorted((int(r.channel.removeprefix("channel")), r.subdir, r.fn) for r in solution)


def answer(session: resolvent.Session, request: Request) -> list[tuple[int, str, str]] | None:
    """Return the identities of the best answer, or None when there is none; the answer has to be proved best."""
    try:
        solution = session.solve(**request.arguments())
    except resolvent.UnsatisfiableError:
        return None
    assert solution.optimality == "proved"
    return identities(solution)


_VERSIONS = ("1", "1.0", "1.1", "2", "2.0", "3", "4")
#: So many that a solver that looks at the newest ones first has to go on for more.
_HISTORY = tuple(f"{major}.{minor}" for major in range(1, 13) for minor in range(5))
_EPOCH = 1_600_000_000_000
_DAY = 86_400_000


def random_spec(rng: random.Random, name: str, loose: float = 0.6, versions: Sequence[str] = _VERSIONS) -> Spec:
    """Return a random spec of a name; `loose` of them take any version."""
    build = rng.choice(("*_0", "*_1", "h1*", "h2*")) if rng.random() < 0.06 else ""
    if rng.random() < loose:
        return Spec(name, (), build)
    shape = rng.random()
    low, high = rng.choice(versions), rng.choice(versions)
    if shape < 0.6:
        alternatives: tuple[tuple[tuple[str, str], ...], ...] = (((rng.choice(list(_OPERATORS)), low),),)
    elif shape < 0.85:
        alternatives = (((">=", low), ("<", high)),)
    else:
        alternatives = ((("==", low),), ((">=", high),))
    return Spec(name, alternatives, build)


def random_universe(rng: random.Random, *, names: int = 5, depth: int = 5, twins: bool = False) -> Universe:
    """Return a random universe of at most `names` names with at most `depth` records each.

    With `twins` all records of a name have equal ranks, so that the last level decides everything.
    """
    packages = [f"p{n}" for n in range(rng.randint(2, names))]
    rng.shuffle(packages)
    channels = rng.choice((1, 1, 2, 3))
    virtual = tuple(f"{name} {version}" for name, version in (("__glibc", "2"), ("__cuda", "3")) if rng.random() < 0.7)
    density = rng.choice((0.5, 1.0, 1.6))
    # With few versions many records have equal ranks, and the last level has much to decide.
    versions = ("1", "1.0") if twins else rng.sample(_VERSIONS, rng.randint(1, 6))
    records: dict[tuple[int, str, str], Record] = {}
    for name in packages:
        for _ in range(rng.randint(1, depth)):
            number = 0 if twins else rng.choice((0, 0, 0, 1, 2))
            depends = _random_specs(rng, name, packages, density)
            if rng.random() < 0.08:
                depends += (random_spec(rng, rng.choice(("__glibc", "__cuda", "missing"))),)
            record = Record(
                name=name,
                version=rng.choice(versions),
                build=f"h{rng.randint(1, 4 if twins else 2)}_{number}",
                build_number=number,
                channel=rng.randrange(channels),
                subdir=rng.choice((PLATFORM, PLATFORM, "noarch")),
                depends=depends,
                constrains=_random_specs(rng, name, [*packages, "__cuda"], 0.15),
                track_features="" if twins else rng.choice(("", "", "", "feature")),
                timestamp=rng.choice((0, *(_EPOCH + day * _DAY for day in range(4)))),
                archive=rng.choice((".conda", ".conda", ".tar.bz2")),
                unreadable=rng.random() < 0.02,
            )
            records[record.identity] = record
    return Universe(tuple(records.values()), channels, virtual)


def _random_specs(rng: random.Random, but: str, names: Sequence[str], mean: float) -> tuple[Spec, ...]:
    count = rng.choices((0, 1, 2, 3), (1, mean, mean * mean / 2, mean**3 / 6))[0]
    others = [name for name in names if name != but]
    # Now and then a name comes twice, or a record speaks of its own name.
    return tuple(
        random_spec(rng, but if rng.random() < 0.02 else rng.choice(others)) for _ in range(count if others else 0)
    )


def deep_universe(rng: random.Random, *, names: int = 4, depth: int = 45) -> Universe:
    """Return a universe of few names with long histories, whose newest versions seldom go together."""
    packages = [f"p{n}" for n in range(rng.randint(2, names))]
    channels = rng.choice((1, 1, 2))
    # Each name needs others of about its own age, give or take; or older ones, so that all have to go down together.
    slip = rng.choice((0, 0, -4, -9, 3))
    width = rng.randint(1, 6)
    records: dict[tuple[int, str, str], Record] = {}
    for name in packages:
        for _ in range(rng.randint(5, depth)):
            at = rng.randrange(len(_HISTORY))
            number = rng.choice((0, 0, 1, 2, 3))
            record = Record(
                name=name,
                version=_HISTORY[at],
                build=f"h{rng.randint(1, 4)}_{number}",
                build_number=number,
                channel=rng.randrange(channels),
                subdir=rng.choice((PLATFORM, PLATFORM, "noarch")),
                depends=_near(rng, name, packages, at + slip, width, 0.5),
                constrains=_near(rng, name, packages, at + slip, width + 2, 0.25),
                track_features=rng.choice(("", "", "", "feature")),
                timestamp=rng.choice((0, *(_EPOCH + day * _DAY for day in range(4)))),
                archive=rng.choice((".conda", ".tar.bz2")),
                unreadable=rng.random() < 0.02,
            )
            records[record.identity] = record
    return Universe(tuple(records.values()), channels)


def _near(rng: random.Random, but: str, names: Sequence[str], at: int, width: int, share: float) -> tuple[Spec, ...]:
    found = []
    for name in names:
        if name != but and rng.random() < share:
            low = max(0, min(at - rng.randint(0, width), len(_HISTORY) - 1))
            high = max(0, min(at + rng.randint(0, width), len(_HISTORY) - 1))
            bounds = rng.choice((((">=", low), ("<=", high)), (("<=", high),), ((">=", low), ("<=", high))))
            found.append(Spec(name, (tuple((op, _HISTORY[bound]) for op, bound in bounds),)))
    return tuple(found)


def random_request(rng: random.Random, universe: Universe) -> Request:
    """Return a random request over the names of a universe."""
    names = sorted({record.name for record in universe.records})
    versions = sorted({record.version for record in universe.records})

    def several(most: int, loose: float) -> tuple[Spec, ...]:
        return tuple(random_spec(rng, rng.choice(names), loose, versions) for _ in range(rng.randint(0, most)))

    specs = [*several(2, 0.6), random_spec(rng, rng.choice(names), 0.8, versions)]
    if rng.random() < 0.15:
        at = rng.randrange(len(specs))
        specs[at] = dataclasses.replace(specs[at], channel=rng.randrange(universe.channels))
    if rng.random() < 0.08:
        specs.append(random_spec(rng, rng.choice(("__glibc", "__cuda"))))
    return Request(
        specs=tuple(specs),
        constraints=several(1, 0.0) if rng.random() < 0.3 else (),
        pins=several(1, 0.0) if rng.random() < 0.2 else (),
        strategy=rng.choice(STRATEGIES),
        channel_priority=rng.choice(PRIORITIES),
        exclude_newer=_EPOCH + rng.randrange(4) * _DAY if rng.random() < 0.25 else None,
    )


#: Groups and flags of the universes below; the last ones of each no record has.
_GROUPS = ("x", "y", "z")
_FLAGS = ("cuda", "blas:mkl", "blas:openblas")


def modern_universe(rng: random.Random, *, names: int = 4, depth: int = 3) -> Universe:
    """Return a random universe with conditions, extras and flags."""
    universe = random_universe(rng, names=names, depth=depth)
    packages = sorted({record.name for record in universe.records})
    records = []
    for record in universe.records:
        groups: dict[str, tuple[Spec, ...]] = {}
        if rng.random() < 0.5:
            for group in rng.sample(_GROUPS[:2], rng.randint(1, 2)):
                groups[group] = _modern_specs(rng, _random_specs(rng, record.name, packages, 1.0), packages)
        depends = _modern_specs(rng, record.depends, packages)
        constrains = _modern_specs(rng, record.constrains, packages)
        flags = tuple(rng.sample(_FLAGS[:2], rng.randint(0, 2)))
        records.append(
            dataclasses.replace(
                record,
                depends=depends,
                constrains=constrains,
                extra_depends=tuple(groups.items()),
                flags=flags if rng.random() < 0.4 else (),
            )
        )
    return Universe(tuple(records), universe.channels, universe.virtual_packages)


def _modern_specs(rng: random.Random, specs: Sequence[Spec], packages: Sequence[str]) -> tuple[Spec, ...]:
    return tuple(modern_spec(rng, spec, packages) for spec in specs)


def modern_spec(rng: random.Random, spec: Spec, packages: Sequence[str]) -> Spec:
    """Return a spec with a condition, extras or flags added, or none of them."""
    return dataclasses.replace(
        spec,
        when=random_condition(rng, packages) if rng.random() < 0.3 else None,
        extras=tuple(rng.sample(_GROUPS, rng.randint(1, 2))) if rng.random() < 0.4 else (),
        flags=(rng.choice((*_FLAGS, "blas:*", "c*")),) if rng.random() < 0.1 else (),
    )


def random_condition(rng: random.Random, packages: Sequence[str], depth: int = 2) -> Condition:
    """Return a random condition over names that exist, virtual ones and one that does not."""
    if depth == 0 or rng.random() < 0.6:
        name = rng.choice((*packages, *packages, "__glibc", "__cuda", "missing"))
        return Condition("leaf", dataclasses.replace(random_spec(rng, name), build=""))
    members = tuple(random_condition(rng, packages, depth - 1) for _ in range(2))
    return Condition(rng.choice(("and", "or")), None, members)


def modern_request(rng: random.Random, universe: Universe) -> Request:
    """Return a random request with conditions, extras and flags."""
    request = random_request(rng, universe)
    packages = sorted({record.name for record in universe.records})
    return dataclasses.replace(
        request,
        specs=_modern_specs(rng, request.specs, packages),
        constraints=_modern_specs(rng, request.constraints, packages),
        pins=_modern_specs(rng, request.pins, packages),
    )


def describe(universe: Universe, request: Request) -> str:
    """Return all that is needed to see a difference again."""
    records = "\n".join(
        f"  {r.identity} depends {list(map(str, r.depends))} constrains {list(map(str, r.constrains))}"
        f" extras {[(group, list(map(str, specs))) for group, specs in r.extra_depends]} flags {r.flags}"
        f" features {r.track_features!r} timestamp {r.timestamp}"
        for r in sorted(universe.records, key=lambda r: (r.name, r.identity))
    )
    return f"{request.arguments()} on {universe.virtual_packages}\n{records}"
