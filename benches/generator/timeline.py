"""The life of every name: when its versions appear, which one the others build against, what it depends on.

Time is counted in epochs. A version is *maintained*, that is rebuilt whenever a dependency moves out of its bounds,
from its release until its successor has *settled*; a library's release settles only some epochs after it appears, and
the builds of others go against what is settled. That is how conda-forge's global pinning works, and it has two effects
that matter here: the newest releases of libraries fit together only in part, as in a half-done migration, and at every
epoch the settled versions of all names, in their latest builds, fit together. The latter is the proof that a generated
request has an answer.

Dependencies lead from later names to earlier ones, so the names can be drawn, and written, one by one.
"""

from __future__ import annotations

import bisect
import random
from dataclasses import dataclass, field
from itertools import accumulate
from typing import Any

#: An epoch that never comes.
NEVER = 1 << 30

#: Python's minor versions, with the share of the time line at which they come and go.
PYTHONS = {minor: (-0.4 + 0.1385 * (minor - 4), 0.18 + 0.1385 * (minor - 4)) for minor in range(5, 15)}

VersionKey = tuple[int, ...]


@dataclass
class Dependency:
    """One dependency of a name.

    Attributes
    ----------
    target
        Position of the name depended on.
    shape
        Shape of the spec, as `fit.shape` names it.
    since
        Index of the first own version that has it.
    level
        Which component of the version the upper bound counts up.
    """

    target: int
    shape: str
    since: int
    level: int


@dataclass
class Name:
    """A name and its life; see the module's essay."""

    position: int
    text: str
    kind: str
    releases: list[int]
    versions: list[VersionKey]
    lag: int
    python_lag: int
    variant: str | None = None
    sibling: bool = False
    dependencies: list[Dependency] = field(default_factory=list)

    def settled(self, epoch: int) -> int:
        """Return the index of the version that others build against at an epoch."""
        return max(0, bisect.bisect_right(self.releases, epoch - self.lag) - 1)

    def end(self, index: int) -> int:
        """Return the epoch from which a version is no longer maintained."""
        return self.releases[index + 1] + self.lag if index + 1 < len(self.releases) else NEVER

    def settles(self, index: int) -> int:
        """Return the epoch at which others begin to build against a version."""
        return self.releases[index] + self.lag if index else self.releases[0]


def text_of(version: VersionKey) -> str:
    """Return the literal of a version."""
    return ".".join(map(str, version))


def bump(version: VersionKey, level: int) -> VersionKey:
    """Return the first version beyond all that share `version`'s components up to `level`."""
    level = min(level, len(version) - 1)
    return (*version[:level], version[level] + 1)


def next_break(dependency: Dependency, target: Name, epoch: int) -> int:
    """Return the first epoch at which a spec built at `epoch` no longer matches the target's settled version."""
    index = target.settled(epoch)
    if dependency.shape == "exact":
        return target.settles(index + 1) if index + 1 < len(target.versions) else NEVER
    if dependency.shape not in {"window", "prefix", "upper"}:
        return NEVER
    beyond = bisect.bisect_left(target.versions, bump(target.versions[index], dependency.level), index + 1)
    return target.settles(beyond) if beyond < len(target.versions) else NEVER


class Drawer:
    """Draws names from the fitted distributions.

    Parameters
    ----------
    fitted
        What `fit.measure` returned.
    names, epochs
        How many names there will be, and how long the time line is.
    seed
        Every draw of a name depends on this and its position only.
    """

    def __init__(self, fitted: dict[str, Any], names: int, epochs: int, seed: int) -> None:
        self.fitted = fitted
        self.names = names
        self.epochs = epochs
        self.seed = seed
        self.pythons = {
            minor: (round(begin * epochs), round(end * epochs) if minor < 11 else NEVER)
            for minor, (begin, end) in PYTHONS.items()
        }
        kinds = fitted["kinds"]
        self._kinds = list(kinds)
        self._kind_weights = [kinds[kind]["name_share"] for kind in kinds]
        self._popularity = list(accumulate(self._weight(rank) for rank in range(names)))
        self._years = list(accumulate(fitted["years"].get(str(year), 0) + 0.02 for year in range(2016, 2027)))

    def numbers(self, position: int, purpose: str) -> random.Random:
        """Return the generator of random numbers of one name, for one purpose."""
        return random.Random(f"{self.seed}/{position}/{purpose}")

    def kind(self, position: int) -> str:
        """Return the kind of a name; the first names are the libraries that everything stands on."""
        if position < self.names // 40 + 12:
            return "arch"
        return str(self.numbers(position, "kind").choices(self._kinds, self._kind_weights)[0])

    def weight(self, position: int) -> float:
        """Return how many records the fitted distribution gives a name, as a weight; much-used names have more."""
        table = self.fitted["kinds"][self.kind(position)]["records_a_name"]
        share = self.numbers(position, "weight").random()
        return quantile(table, share if position > self.names // 40 else 0.5 + share / 2)

    def active(self, epoch: int, lag: int = 0) -> list[int]:
        """Return the minor versions of python that are built for at an epoch."""
        return [m for m, (begin, end) in self.pythons.items() if begin + (lag if begin > 0 else 0) <= epoch < end]

    def draw(self, position: int, versions: float, before: list[Name]) -> Name:
        """Draw a name that has about `versions` versions and depends on names of `before`."""
        kind = self.kind(position)
        rng = self.numbers(position, "life")
        count = max(1, int(versions) + (rng.random() < versions % 1))
        core = position < self.names // 40 + 12
        start = 0 if core else int(self.epochs * 0.9 * rng.random() ** (0.5 if count < 4 else 1.2))
        releases = sorted([start, *(self._release(rng, start) for _ in range(count - 1))])
        name = Name(
            position,
            f"{'lib' if kind == 'arch' else 'py' if 'python' in kind else 'data'}-{word(position)}",
            kind,
            releases,
            self._versions(rng, kind, count),
            rng.choice((0, 1, 2, 4)) * max(1, self.epochs // 60)
            if kind == "arch" and position < self.names // 8
            else 0,
            rng.randrange(3),
        )
        previous = before[-1] if before else None
        if previous and kind == "arch" and previous.kind == "arch" and not core and rng.random() < 0.2:
            # Another output of the same build: same versions, and exactly the same builds.
            name.sibling, name.releases, name.versions, name.lag = True, previous.releases, previous.versions, 0
            name.lag = previous.lag
        elif kind.startswith("arch") and not core and rng.random() < 0.03:
            name.variant = f"mutex-{rng.randrange(4)}"
        name.dependencies = self._dependencies(rng, name, before)
        return name

    def _weight(self, rank: int) -> float:
        """Return the share of records that use the name of this rank, between the fitted powers of two."""
        table = self.fitted["popularity"][2:]
        place = min(float((rank + 4).bit_length() - 3), len(table) - 1.001)
        return float(table[int(place)]) or 1e-6

    def _release(self, rng: random.Random, start: int) -> int:
        if rng.random() < 0.5:
            return rng.randrange(start, self.epochs)
        year = bisect.bisect_left(self._years, rng.random() * self._years[-1])
        return max(start, min(self.epochs - 1, int((year + rng.random()) / 11 * self.epochs)))

    def _versions(self, rng: random.Random, kind: str, count: int) -> list[VersionKey]:
        facts = self.fitted["kinds"][kind]
        series: list[VersionKey] = []
        if rng.random() < facts["calendar_share"]:
            year, month = 2016 + rng.randrange(4), 1
            return [(year + (month + n) // 12, 1 + (month + n) % 12, 0) for n in range(count)]
        segments = max(2, min(4, int(rng.choices(list(facts["segments"]), list(facts["segments"].values()))[0])))
        version = [rng.choice((0, 0, 1, 1, 2, 3)), rng.randrange(8), *([0] * (segments - 2))]
        for _ in range(count):
            series.append(tuple(version))
            draw = rng.random()
            place = 0 if draw < 0.06 else 1 if draw < 0.4 or segments == 2 else rng.randrange(2, segments)
            version[place] += 1
            version[place + 1 :] = [0] * (segments - place - 1)
        return series

    def _dependencies(self, rng: random.Random, name: Name, before: list[Name]) -> list[Dependency]:
        facts = self.fitted["kinds"][name.kind]
        wanted = int(quantile(facts["depends_a_record"], rng.random())) - (2 if "python" in name.kind else 0)
        shapes = {s: w for s, w in facts["shapes"].items() if s in {"any", "lower", "window", "prefix", "exact", "not"}}
        if name.sibling:
            shapes = {"any": 1.0, "lower": 3.0}
        chosen: dict[int, Dependency] = {}
        if not before:
            return []
        for _ in range(wanted):
            for _attempt in range(12):
                rank = bisect.bisect_left(self._popularity, rng.random() * self._popularity[len(before) - 1])
                target = before[min(rank, len(before) - 1)]
                if target.kind == "special" or target.position in chosen or not _may_depend(name.kind, target.kind):
                    continue
                since = 0 if rng.random() < 0.8 else rng.randrange(len(name.releases))
                if target.releases[0] > name.releases[since]:
                    since = bisect.bisect_left(name.releases, target.releases[0])
                if since >= len(name.releases):
                    continue
                shape = rng.choices(list(shapes), list(shapes.values()))[0]
                level = random.Random(f"{self.seed}/{target.position}/abi").choice((0, 0, 1))
                chosen[target.position] = Dependency(target.position, shape, since, level)
                break
        return list(chosen.values())


def _may_depend(kind: str, target: str) -> bool:
    """Tell whether such a dependency occurs: what is no python package rarely needs one."""
    return target in {"arch", "noarch_generic"} if kind in {"arch", "noarch_generic"} else True


def quantile(table: list[float], share: float) -> float:
    """Return the value at `share` (0 to 1) of a table of quantiles, between two of them geometrically."""
    place = share * (len(table) - 1)
    low = min(int(place), len(table) - 2)
    a, b = table[low], table[low + 1]
    if a <= 0:
        return a + (b - a) * (place - low)
    return float(a * (b / a) ** (place - low))


def word(number: int) -> str:
    """Return a pronounceable word, a different one for each number."""
    syllables = [c + v for c in "bdfgklmnprstvz" for v in "aeiou"]
    text = ""
    number += 5000
    while number:
        number, digit = divmod(number, len(syllables))
        text += syllables[digit]
    return text
