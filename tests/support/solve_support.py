"""The real requests for the tests of solving, and a judge of answers that shares nothing with the library.

The judge matches with py-rattler: its MatchSpec, its record class, its versions, over the records as repodata has
them. It knows the hard rules and the ranks of the contract, and that only for a given set of records.
"""

from __future__ import annotations

import dataclasses
import functools
import gzip
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
import zstandard
from universes import Priority

import resolvent

rattler = pytest.importorskip("rattler", reason="the oracle py-rattler (extra `oracle`) is not installed")


@dataclasses.dataclass(frozen=True)
class Problem:
    """One real request with what was once locked for it."""

    id: str
    platform: str
    #: Those that have records here, in order.
    channels: tuple[str, ...]
    channel_priority: Priority
    specs: tuple[str, ...]
    virtual_packages: tuple[str, ...]
    #: File names.
    locked: tuple[str, ...]
    #: What py-rattler answered: None where it was not asked or found nothing.
    peer: tuple[str, ...] | None


@dataclasses.dataclass(frozen=True)
class Place:
    """A record as repodata has it, and where that was."""

    channel: str
    subdir: str
    fn: str
    entry: Mapping[str, Any] = dataclasses.field(hash=False, compare=False, repr=False)

    @property
    def name(self) -> str:
        return str(self.entry["name"])

    def to_record(self) -> resolvent.PackageRecord:
        """Return it as the library's record."""
        return resolvent.PackageRecord.from_dict(
            {**self.entry, "channel": self.channel, "subdir": self.subdir, "fn": self.fn}
        )


class Corpus:
    """The real requests and channels below the material folder."""

    def __init__(self, shared: Path) -> None:
        self.data = shared / "data"
        self._indices: dict[tuple[tuple[str, ...], str, str], resolvent.Index] = {}

    def folder(self, channel: str) -> Path:
        return self.data / "channels" / channel.replace("/", "_")

    def problems(self, name: str) -> list[Problem]:
        """Read the requests of a file, ordered so that those of one index follow each other."""
        with gzip.open(self.data / f"{name}.jsonl.gz", "rt", encoding="utf-8") as lines:
            found = [self._problem(json.loads(line)) for line in lines]
        return sorted(found, key=lambda p: (p.platform, p.channels, p.channel_priority, p.id))

    def _problem(self, entry: Mapping[str, Any]) -> Problem:
        platform = entry["platform"]
        channels = [
            channel
            for channel in entry["channels"]
            if any((self.folder(channel) / subdir).is_dir() for subdir in (platform, "noarch"))
        ]
        reference = entry.get("rattler_reference", {})
        return Problem(
            id=entry["id"],
            platform=platform,
            channels=tuple(channels),
            channel_priority="strict" if entry["strict_channel_priority_ok"] else "disabled",
            specs=tuple(entry["specs"]),
            virtual_packages=tuple(entry["virtual_packages"]),
            locked=tuple(entry["solution"]),
            peer=tuple(reference["solution"]) if reference.get("sat") else None,
        )

    def index(self, problem: Problem) -> resolvent.Index:
        """Load a request's channels; the last index is kept."""
        key = (problem.channels, problem.platform, problem.channel_priority)
        if key not in self._indices:
            self._indices.clear()
            sources = [f"{channel}={self.folder(channel)}" for channel in problem.channels]
            self._indices[key] = resolvent.load_index(
                sources, platform=problem.platform, channel_priority=problem.channel_priority
            )
        return self._indices[key]

    def solve(self, problem: Problem, **more: Any) -> resolvent.Solution:
        """Solve a request afresh."""
        return resolvent.solve(
            problem.specs, index=self.index(problem), virtual_packages=problem.virtual_packages, **more
        )

    @functools.lru_cache(maxsize=24)  # noqa: B019 - the corpus lives as long as the tests
    def repodata(self, channel: str, subdir: str) -> dict[str, list[Place]]:
        """Read the records of one subdir, by name; none where the channel does not have it."""
        path = self.folder(channel) / subdir / "repodata.json.zst"
        by_name: dict[str, list[Place]] = {}
        if path.is_file():
            with path.open("rb") as stream, zstandard.ZstdDecompressor().stream_reader(stream) as reader:
                document = json.loads(reader.read())
            for key in ("packages", "packages.conda"):
                for fn, entry in document.get(key, {}).items():
                    by_name.setdefault(entry["name"], []).append(Place(channel, subdir, fn, entry))
        return by_name

    def places(self, problem: Problem, name: str) -> list[Place]:
        """Return all records of a name that rule 4 leaves to a request, channel by channel."""
        by_channel: list[list[Place]] = []
        for channel in problem.channels:
            records = [
                place
                for subdir in (problem.platform, "noarch")
                for place in self.repodata(channel, subdir).get(name, ())
            ]
            specs = (match_spec(text) for text in problem.specs if spec_name(text) == name)
            if records and all(spec.channel is None or spec.channel.name == channel for spec in specs):
                by_channel.append(records)
        if problem.channel_priority == "strict":
            by_channel = by_channel[:1]
        return [place for records in by_channel for place in records]

    def find(self, problem: Problem, fns: Iterable[str]) -> list[Place]:
        """Return the records with these file names."""
        found = []
        for fn in fns:
            name = fn.rsplit("-", 2)[0]
            found.append(next(place for place in self.places(problem, name) if place.fn == fn))
        return found


@functools.lru_cache(maxsize=100_000)
def match_spec(text: str) -> Any:
    """Parse a spec as leniently as repodata needs it."""
    return rattler.MatchSpec(text, strict=False)


@functools.lru_cache(maxsize=100_000)
def version(text: str) -> Any:
    return rattler.Version(text)


@functools.lru_cache(maxsize=50_000)
def peer_record(place: Place) -> Any:
    """Return py-rattler's record of a place, from the entry itself."""
    return rattler.PackageRecord(
        name=place.name,
        version=place.entry["version"],
        build=rattler.BuildString(place.entry["build"]),
        build_number=place.entry["build_number"],
        subdir=place.subdir,
    )


@functools.lru_cache(maxsize=10_000)
def virtual_record(text: str) -> Any:
    name, number, build = (*text.split(), "0", "0")[:3]
    return rattler.PackageRecord(
        name=name, version=number, build=rattler.BuildString(build), build_number=0, subdir="noarch"
    )


def broken_rules(corpus: Corpus, problem: Problem, places: Sequence[Place]) -> Iterator[str]:
    """Yield what is wrong with an answer by py-rattler's matching: rules 1 to 4, and 5 for what nothing needs."""
    present: dict[str, list[Any]] = {}
    for text in problem.virtual_packages:
        present.setdefault(text.split()[0], []).append(virtual_record(text))
    for place in places:
        if place.name in present:
            yield f"two records of {place.name}"
        present.setdefault(place.name, []).append(peer_record(place))
    needed: set[str] = set()
    for owner, texts in [("the request", problem.specs), *((p.fn, p.entry.get("depends", ())) for p in places)]:
        for text in texts:
            name = spec_name(text)
            needed.add(name)
            if not any(match_spec(text).matches(record) for record in present.get(name, ())):
                yield f"{owner} needs {text}"
    for place in places:
        if place not in corpus.places(problem, place.name):
            yield f"{place} is not among the records its name may come from"
        if place.name not in needed:
            yield f"nothing needs {place.fn}"
        for text in place.entry.get("constrains", ()):
            if not all(match_spec(text).matches(record) for record in present.get(spec_name(text), ())):
                yield f"{place.fn} constrains {text}"


@functools.lru_cache(maxsize=100_000)
def spec_name(text: str) -> str:
    """Return the package name of a spec, from its text."""
    word = text.split()[0].rpartition("::")[2]
    for stop in "=<>!~[":
        word = word.partition(stop)[0]
    return word.lower()


@dataclasses.dataclass(frozen=True)
class Levels:
    """Levels 2, 3 and 4 of an answer."""

    versions: int
    features: int
    builds: int


def requested_levels(corpus: Corpus, problem: Problem, places: Sequence[Place]) -> Levels:
    """Rank the requested records of an answer with py-rattler's versions and specs."""
    chosen = {place.name: place for place in places}
    versions = features = builds = 0
    for name in dict.fromkeys(spec_name(text) for text in problem.specs):
        if name.startswith("__"):
            continue
        place = chosen[name]
        own, number = version(place.entry["version"]), place.entry["build_number"]
        above, numbers = [], set()
        for other in remaining(corpus, problem, name):
            theirs = version(other.entry["version"])
            if theirs > own:
                above.append(theirs)
            elif theirs == own and other.entry["build_number"] > number:
                numbers.add(other.entry["build_number"])
        versions += len(set(above))
        builds += len(numbers)
        features += bool(place.entry.get("track_features"))
    return Levels(versions, features, builds)


def remaining(corpus: Corpus, problem: Problem, name: str) -> list[Place]:
    """Return the records of a requested name that its specs leave: those that are ranked."""
    specs = [match_spec(text) for text in problem.specs if spec_name(text) == name]
    return [p for p in corpus.places(problem, name) if all(spec.matches(peer_record(p)) for spec in specs)]


def as_places(corpus: Corpus, problem: Problem, records: Iterable[resolvent.PackageRecord]) -> list[Place]:
    """Find the records of an answer in repodata."""
    return [
        next(place for place in corpus.repodata(record.channel, record.subdir)[record.name] if place.fn == record.fn)
        for record in records
    ]


def reported_levels(solution: resolvent.Solution) -> Levels:
    """Return what an answer says of itself."""
    values = {level["level"]: level["value"] for level in solution.levels}
    return Levels(values[2], values[3], values[4])


def reported_layers(solution: resolvent.Solution) -> list[list[int]]:
    """Return level 6 of an answer, layer by layer: names, version ranks, features, build ranks."""
    return [list(layer) for level in solution.levels if level["level"] == 6 for layer in level["value"]]
