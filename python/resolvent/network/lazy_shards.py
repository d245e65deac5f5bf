"""Shards fetched name by name while a solver asks for them, instead of everything that a request can reach.

Most of what a request can reach is never looked at: old versions lead to names that the answer does not have. So a few
names are fetched, the request is solved over them, and the answer says which further names matter. Until then a
dependency on a name that exists but is not here is left out of its record: whatever holds for the whole channel holds
for the records of the fetched names with fewer rules, so that an answer can only be too good, never too bad.

*Why the last answer is that of the whole channel.* The contract compares the requested names first, then the other
names layer by layer, where a layer is made of the names in the dependencies of any record that has the version and the
build number chosen for its name (for an absent name: its best ones). `lacking` follows exactly these records, so when
it finds nothing, all names of all layers are here and the records that make them are complete. Take any valid answer
over the whole channel, and drop what is not here: it obeys the fewer rules, and it has the same ranks in each layer. So
the best ranks under the fewer rules are at least as good, layer by layer; and the answer that has them obeys all
rules, because each dependency of its records is on a name that is here. Both have the same order among equals: they
are one answer. If there is no answer under the fewer rules, there is none at all.

Records that no one can choose any more cost nothing then: what only they, or `constrains`, mention is not fetched.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

from resolvent._core import InvalidMatchSpec, InvalidVersion, MatchSpec, Version
from resolvent.network.assemble import Piece, assemble, digest_of
from resolvent.network.depnames import names_in_record, names_in_spec, record_sections
from resolvent.network.fetch import FetchedSubdir, Part, Surveyed, recall, remember
from resolvent.network.http import HttpClient
from resolvent.network.progress import Meter
from resolvent.network.resource import Context
from resolvent.network.shard_index import ShardIndex
from resolvent.network.shards import Shard, shape_shard, shard_bytes, unpack_shard
from resolvent.progress import ProgressCallback


class TooWideError(Exception):
    """Names are asked for by pattern, or records cannot be read here: the whole closure must be fetched."""


@dataclass(frozen=True)
class _Row:
    """What is kept of a record: which channel, which build, and where it leads."""

    channel: str
    build: str
    specs: tuple[str, ...]
    names: frozenset[str]


_Versions = Mapping[Version, Mapping[int, Sequence[_Row]]]


class LazyShards:
    """The shards of some channels, of which more and more are here.

    Parameters
    ----------
    surveyed
        Channels that all have shards.
    indices
        Their shard indices.
    """

    def __init__(self, surveyed: Surveyed, indices: Sequence[ShardIndex]) -> None:
        self._surveyed = surveyed
        self._indices = indices
        self._http: HttpClient | None = None
        self.progress: ProgressCallback | None = None
        self._tables: dict[str, _Versions] = {}
        self._names: dict[str, frozenset[str]] = {}

    def __enter__(self) -> LazyShards:
        return self

    def __exit__(self, *_: object) -> None:
        if self._http is not None:
            self._http.close()

    @property
    def _context(self) -> Context:
        if self._http is None:
            self._http = HttpClient(self._surveyed.config, self.progress)
        return Context(self._surveyed.config, self._surveyed.store, self._http)

    def exists(self, name: str) -> bool:
        """Whether a channel has records of this name."""
        if "*" in name or name.startswith("^"):
            raise TooWideError
        return any(name in index.shards for index in self._indices)

    def fetch(self, names: Iterable[str]) -> None:
        """Have the shards of these names here.

        Raises
        ------
        NetworkError, InvalidRepodata
            One of them could not be had, or is damaged.
        """
        wanted = sorted(name for name in set(names) if name not in self._tables and self.exists(name))
        jobs = [(name, index) for name in wanted for index in self._indices if name in index.shards]
        if not jobs:
            return
        meter = Meter(self.progress, "package metadata", "shards")
        meter.total = len(jobs)
        context = self._context
        tables: dict[str, dict[Version, dict[int, list[_Row]]]] = {name: {} for name in wanted}
        with context.downloads() as pool:
            arriving = pool.map(lambda job: _raw(context, job[1], job[0]), jobs)
            for (name, index), raw in zip(jobs, arriving, strict=True):
                self._add(tables[name], index.location.base_url, raw)
                meter.advance(1)
        meter.finish()
        self._tables.update(tables)

    def guess(self, specs: Iterable[str]) -> None:
        """Fetch the requested names, and what their newest matching records lead to, and so on."""
        todo = [(name, spec) for spec in specs for name in self._names_in(spec)]
        done: set[str] = set()
        while todo:
            self.fetch(name for name, _ in todo)
            following: list[tuple[str, str]] = []
            for name, spec in todo:
                if name in done or name not in self._tables:
                    continue
                done.add(name)
                for dependency in self._newest(name, spec):
                    following += [(to, dependency) for to in self._names_in(dependency) if to not in done]
            todo = following

    def missing_names(self, roots: Iterable[str], chosen: Mapping[str, tuple[str, int]]) -> set[str]:
        """Return the names that the layers of an answer have, and that are not here.

        Parameters
        ----------
        roots
            The requested names.
        chosen
            Version and build number of each name in the answer.
        """
        absent: set[str] = set()
        seen: set[str] = set()
        todo = list(roots)
        while todo:
            name = todo.pop()
            if name in seen:
                continue
            seen.add(name)
            if name in self._tables:
                for row in self._ranked(name, chosen.get(name)):
                    todo += row.names
            elif self.exists(name):
                absent.add(name)
        return absent

    def files(self) -> list[list[FetchedSubdir]]:
        """Write what is here, without the dependencies on names that are not, as channels; see `fetch_channels`."""
        kept: dict[str, bool] = {}

        def keeps(spec: str) -> bool:
            if spec not in kept:
                kept[spec] = all(name in self._tables or not self.exists(name) for name in self._names_in(spec))
            return kept[spec]

        paths: dict[int, Path] = {}
        note = " ".join(sorted(self._tables))
        context = self._context
        for _, group in groupby(self._here, key=lambda part: id(part.location)):
            mine = list(group)
            pieces = []
            for part in mine:
                index = _some(part.index)
                names = [name for name in self._tables if name in index.shards]
                shards = [_without(_raw(context, index, name), keeps, name, index) for name in names]
                pieces.append(Piece(part.subdir, (index, shards), note))
            paths.update(zip(map(id, mine), assemble(context, pieces), strict=True))
        return self._surveyed.arranged(paths)

    @property
    def _here(self) -> list[Part]:
        return [part for part in self._surveyed.parts if part.index is not None]

    def recall(self, question: str) -> list[list[FetchedSubdir]] | None:
        """Return the channels that answered a question before; an empty list if the whole closure was needed."""
        memo = self._memo(question)
        paths = recall(self._context, memo, len(self._here))
        if paths is None:
            return None if recall(self._context, memo, 0) is None else []
        return self._surveyed.arranged({id(part): path for part, path in zip(self._here, paths, strict=True)})

    def remember(self, question: str, found: Sequence[Sequence[FetchedSubdir]]) -> None:
        """Write down which channels answer a question; none: the whole closure is needed."""
        remember(self._context, self._memo(question), [one.path for group in found for one in group])

    def _memo(self, question: str) -> Path:
        facts = [f"{index.location.subdir_url(index.subdir)} {index.digest}" for index in self._indices]
        return self._surveyed.store.folder("closures") / f"{digest_of(['gradual', question, *facts])}.json"

    def _names_in(self, spec: str) -> frozenset[str]:
        if spec not in self._names:
            self._names[spec] = frozenset(names_in_spec(spec))
        return self._names[spec]

    def _newest(self, name: str, spec: str) -> tuple[str, ...]:
        """Return the dependencies of the newest record that matches; of some record where builds differ."""
        try:
            wish = MatchSpec(spec)
        except InvalidMatchSpec:
            return ()
        for version, numbers in sorted(self._tables[name].items(), reverse=True):
            for number, rows in sorted(numbers.items(), reverse=True):
                for row in rows:
                    facts = {"name": name, "version": str(version), "build": row.build, "build_number": number}
                    if wish.matches(facts):
                        return row.specs
        return ()

    def _ranked(self, name: str, chosen: tuple[str, int] | None) -> Iterable[_Row]:
        """Return the records of the chosen version and build number; of an absent name each channel's best ones."""
        table = self._tables[name]
        if chosen is not None:
            return table.get(Version(chosen[0]), {}).get(chosen[1], ())
        found: list[_Row] = []
        for channel in {index.location.base_url for index in self._indices}:
            for version in sorted(table, reverse=True):
                numbers = [n for n, rows in table[version].items() if any(row.channel == channel for row in rows)]
                if numbers:
                    found += [row for row in table[version][max(numbers)] if row.channel == channel]
                    break
        return found

    def _add(self, table: dict[Version, dict[int, list[_Row]]], channel: str, raw: Mapping[str, Any]) -> None:
        known: dict[str, Version] = {}
        seen: set[tuple[Version, int, str, tuple[str, ...]]] = set()
        try:
            for record in _records(raw):
                text, number, depends = record["version"], record["build_number"], tuple(record["depends"])
                if text not in known:
                    known[text] = Version(text)
                key = (known[text], number, str(record["build"]), depends)
                if key in seen:
                    continue
                seen.add(key)
                extras = names_in_record(record) if "extra_depends" in record else set()
                names = extras.union(*map(self._names_in, depends))
                row = _Row(channel, key[2], depends, frozenset(names))
                table.setdefault(key[0], {}).setdefault(number, []).append(row)
        except (TypeError, KeyError, AttributeError, InvalidVersion):
            raise TooWideError from None  # the core says what is wrong with it


def _records(raw: Mapping[str, Any]) -> Iterator[Any]:
    for section in record_sections(raw):
        yield from section.values()


def _raw(context: Context, index: ShardIndex, name: str) -> dict[str, Any]:
    return unpack_shard(shard_bytes(context, index, name), index.shard_url(name), context)


def _without(raw: dict[str, Any], keeps: Callable[[str], bool], name: str, index: ShardIndex) -> Shard:
    """Leave the dependencies out that are not kept, and make the text of the shard."""
    for record in _records(raw):
        record["depends"] = list(filter(keeps, record["depends"]))
        extras = record.get("extra_depends")
        if isinstance(extras, dict):
            record["extra_depends"] = {key: list(filter(keeps, specs)) for key, specs in extras.items()}
    return shape_shard(raw, name, index.shards[name], index.shard_url(name))


def _some(index: ShardIndex | None) -> ShardIndex:
    if index is None:
        raise AssertionError("only parts with an index are taken")
    return index
