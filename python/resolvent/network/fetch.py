"""Channels from the network to local files that the ordinary reader takes.

For each channel and subdir: shards where the request's names are known and the channel has a shard
index (CEP 16), else the whole repodata. With names unknown the whole repodata is preferred, and a
channel that has shards only is fetched shard by shard to the end.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import logging
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TypeVar

from resolvent.network.assemble import Piece, assemble, digest_of, is_intact
from resolvent.network.closure import NameGraph, close
from resolvent.network.config import NetworkConfig
from resolvent.network.depnames import names_in_spec
from resolvent.network.errors import ChannelNotFound, InvalidRepodata, NetworkError, is_final
from resolvent.network.graph import graph_of_file, too_large
from resolvent.network.http import HttpClient
from resolvent.network.locate import ChannelLocation, locate
from resolvent.network.resource import Context, Copy
from resolvent.network.shard_index import ShardIndex, fetch_index
from resolvent.network.shards import ShardFailure, ShardMissing
from resolvent.network.store import Store, touch
from resolvent.network.whole import Availability, fetch_whole
from resolvent.progress import ProgressCallback

_log = logging.getLogger("resolvent.network")

_SWEEP_EVERY = 24 * 3600.0

_In = TypeVar("_In")
_Out = TypeVar("_Out")


@dataclass(frozen=True)
class FetchedSubdir:
    """A local file with the records of one subdir of one channel.

    ``base_url`` is the channel's address without subdir, trailing slash or credentials; ``path`` a
    ``repodata.json`` or ``repodata.json.zst`` in the cache that was checked to be whole. ``sharded``
    files hold the packages that the request can reach, others all of them.
    """

    channel: str
    base_url: str
    subdir: str
    path: Path
    sharded: bool

    @property
    def folder(self) -> Path:
        """The folder laid out like the channel, the same for all its subdirs of one fetch."""
        return self.path.parent.parent


@dataclass
class Part:
    """One subdir of one channel on its way."""

    location: ChannelLocation
    subdir: str
    index: ShardIndex | None = None
    whole: Copy | None = None
    problem: NetworkError | InvalidRepodata | None = None
    """Why an index that may well be there cannot be used."""

    def done(self, path: Path) -> FetchedSubdir:
        """Return what the caller gets, given the file."""
        where = self.location
        return FetchedSubdir(where.name, where.base_url, self.subdir, path, sharded=self.index is not None)


def fetch_channel(
    source: str,
    *,
    subdirs: Sequence[str],
    config: NetworkConfig,
    names: Iterable[str] | None = None,
    progress: ProgressCallback | None = None,
) -> list[FetchedSubdir]:
    """Fetch one channel; see :func:`fetch_channels`, which several channels need."""
    return fetch_channels([source], subdirs=subdirs, config=config, names=names, progress=progress)[0]


def fetch_channels(
    sources: Sequence[str],
    *,
    subdirs: Sequence[str],
    config: NetworkConfig,
    names: Iterable[str] | None = None,
    progress: ProgressCallback | None = None,
    local_files: Sequence[Path] = (),
) -> list[list[FetchedSubdir]]:
    """Fetch channels together: shards of one lead to names whose records another one has.

    Parameters
    ----------
    sources
        Bare names and ``http(s)://`` addresses, which may carry credentials.
    subdirs
        Wanted ones, for example ``["linux-64", "noarch"]``.
    config
        Settings.
    names
        Names (or whole specs) that the request mentions, installed packages included;
        ``None`` fetches everything.
    progress
        Called with downloads.
    local_files
        Repodata files of channels on this machine that take part in the same request;
        their dependencies lead to shards too.

    Returns
    -------
    Per source its subdirs that exist, in the order asked for.

    Raises
    ------
    ChannelNotFound
        A channel has none of the subdirs.
    NetworkError, InvalidRepodata
        Something could not be had, or is damaged.
    """
    selective = names is not None
    surveyed = survey(
        sources, subdirs=subdirs, config=config, selective=selective, progress=progress, local_files=local_files
    )
    return surveyed.fetch(names, progress=progress, local_files=local_files)


@dataclass
class Surveyed:
    """Channels whose shard indices, or whole files, are here; what a request needs of them is not yet."""

    config: NetworkConfig
    store: Store
    located: list[list[ChannelLocation]]
    parts: list[Part]
    warnings: list[str]
    """What went wrong and was got over, such as a damaged file beside which there is another form."""

    @property
    def indices(self) -> list[ShardIndex] | None:
        """The shard indices, in the order of the parts, if all channels have them; else ``None``."""
        if any(part.whole is not None for part in self.parts):
            return None
        return [part.index for part in self.parts if part.index is not None]

    def fetch(
        self,
        names: Iterable[str] | None,
        *,
        progress: ProgressCallback | None = None,
        local_files: Sequence[Path] = (),
    ) -> list[list[FetchedSubdir]]:
        """Fetch what the names can lead to; see :func:`fetch_channels`."""
        wanted = None if names is None else sorted({n for text in names for n in names_in_spec(text)})
        paths = self._paths(wanted, local_files, progress)
        _sweep(self.store)
        return self.arranged(paths)

    def arranged(self, paths: Mapping[int, Path]) -> list[list[FetchedSubdir]]:
        """Return files, given by the ``id`` of their part, as :func:`fetch_channels` does."""
        results: list[list[FetchedSubdir]] = []
        for group in self.located:
            mine = [part for loc in group for part in self.parts if part.location is loc]
            results.append([part.done(paths[id(part)]) for part in mine if id(part) in paths])
        return results

    def _paths(
        self, wanted: Sequence[str] | None, local_files: Sequence[Path], progress: ProgressCallback | None
    ) -> dict[int, Path]:
        """Return the file of each part, by ``id(part)``; parts that do not exist are left out."""
        parts, renewed = self.parts, False
        while True:
            if not any(part.index for part in parts):
                return {id(part): part.whole.path for part in parts if part.whole is not None}
            graphs: list[NameGraph] = []
            if wanted is not None:
                files = [part.whole.path for part in parts if part.whole is not None]
                graphs = [graph_of_file(path, self.config.limits) for path in [*files, *local_files]]
            with self._context(progress) as context:
                try:
                    return _close_and_assemble(context, parts, graphs, wanted, progress)
                except ShardFailure as error:
                    failure = error
            # A new client: the failure has ended the downloads of the old one.
            with self._context(progress) as context:
                if isinstance(failure.problem, ShardMissing) and not renewed and not self.config.offline:
                    _log.info("a shard is gone; fetching the shard indices again")
                    renewed = True
                    _in_parallel(context, partial(_renew, context), [part for part in parts if part.index is not None])
                else:
                    part = next(part for part in parts if part.index is failure.index)
                    _do_without_shards(context, part, failure.problem)
                    _follow_or_take_all(context, parts, local_files if wanted is not None else ())

    def do_without_zst(self, error: InvalidRepodata, progress: ProgressCallback | None = None) -> bool:
        """Take the plain form of a compressed file that turned out to be damaged; False if it is none of these."""
        file = Path(error.file or "")
        parts = [
            part
            for part in self.parts
            if part.whole is not None
            and part.whole.path.suffix == ".zst"
            # Assembled folders hold the file by a second name.
            and (part.whole.path == file or (file.suffix == ".zst" and file.parent.name == part.subdir))
        ]
        if not parts or not file.is_relative_to(self.store.root):
            return False
        config = replace(self.config, use_zst=False)
        with _client(config, progress) as http:
            context = Context(config, self.store, http, self.warnings)
            copies = _in_parallel(context, lambda part: fetch_whole(context, part.location, part.subdir), parts)
            if not all(copies):
                return False
            for part, copy in zip(parts, copies, strict=True):
                part.whole = copy
                url = f"{part.location.subdir_url(part.subdir)}repodata.json.zst"
                context.warn(f"{url}: its content cannot be read; repodata.json is used instead")
        return True

    @contextlib.contextmanager
    def _context(self, progress: ProgressCallback | None) -> Iterator[Context]:
        with _client(self.config, progress) as http:
            yield Context(self.config, self.store, http, self.warnings)


def survey(
    sources: Sequence[str],
    *,
    subdirs: Sequence[str],
    config: NetworkConfig,
    selective: bool,
    progress: ProgressCallback | None = None,
    local_files: Sequence[Path] = (),
) -> Surveyed:
    """Fetch shard indices where a request is known (``selective``) and the channel has them, else whole files.

    Parameters and errors are those of :func:`fetch_channels`.
    """
    located = [locate(source, config.channel_alias) for source in sources]
    parts = [Part(loc, sub) for group in located for loc in group for sub in subdirs]
    store = Store(config.cache_root())
    with _client(config, progress) as http:
        context = Context(config, store, http)
        _survey(context, parts, selective, local_files)
        _require(context, located, parts)
    return Surveyed(config, store, located, parts, context.warnings)


@contextlib.contextmanager
def _client(config: NetworkConfig, progress: ProgressCallback | None) -> Iterator[HttpClient]:
    """Close the client at the end of the block, however it ends."""
    http = HttpClient(config, progress)
    try:
        yield http
    finally:
        http.close()


def _survey(context: Context, parts: Sequence[Part], selective: bool, local_files: Sequence[Path]) -> None:
    """Decide for each part between shards and whole repodata, and fetch the index or the whole."""
    sharding = context.config.use_shards

    def look(part: Part) -> None:
        if selective and sharding:
            part.index = _index_if_any(context, part)
            if part.index is None:
                _fetch_whole(context, part)
                if part.whole is not None and part.problem is None and not context.config.offline:
                    # Not before: where all is refused, a missing credential hides what exists.
                    Availability(context, part.location, part.subdir).remember("has_shards", False)
        else:
            _fetch_whole(context, part)
        if part.whole is not None and part.problem is not None:
            context.warn(f"{part.problem}; whole repodata is used instead")

    _in_parallel(context, look, parts)
    if selective:
        _follow_or_take_all(context, parts, local_files)


def _follow_or_take_all(context: Context, parts: Sequence[Part], local_files: Sequence[Path]) -> None:
    """Take whole repodata everywhere if a channel without shards is too large to see where its packages lead."""
    wholes = [part.whole.path for part in parts if part.whole is not None]
    if not any(part.index for part in parts) or not too_large([*wholes, *local_files]):
        return
    _log.info("shards are not used: a channel without them is too large to follow by name")

    def switch(part: Part) -> None:
        index, part.index = part.index, None
        _fetch_whole(context, part)
        if part.whole is None:
            part.index = index

    _in_parallel(context, switch, [part for part in parts if part.index])


def _fetch_whole(context: Context, part: Part) -> None:
    try:
        part.whole = fetch_whole(context, part.location, part.subdir)
    except NetworkError as error:
        if error.status != 403:
            raise
        # Storage services answer so for what is not there, where they may not list; `_require` decides.
        part.problem = error
    if part.whole is None and part.index is None and part.problem is None and context.config.use_shards:
        part.index = _index_if_any(context, part)


def _index_if_any(context: Context, part: Part) -> ShardIndex | None:
    try:
        return fetch_index(context, part.location, part.subdir)
    except (NetworkError, InvalidRepodata) as error:  # damaged, or of a version to come
        if is_final(error):
            raise
        part.problem = error
    return None


def _require(context: Context, located: Sequence[Sequence[ChannelLocation]], parts: Sequence[Part]) -> None:
    """Every channel must have one of the wanted subdirs; one that is refused beside one that is there is empty."""
    for group in located:
        for location in group:
            mine = [part for part in parts if part.location is location]
            if not any(part.index is not None or part.whole is not None for part in mine):
                for part in mine:
                    if part.problem is not None:
                        raise part.problem
                named = location.name
                if named != location.base_url:
                    named += f" ({location.base_url})"
                tried = ", ".join(part.subdir for part in mine)
                raise ChannelNotFound(
                    f"channel {named} has no repodata for any of: {tried}; is its address right? "
                    "A private channel may answer so without credentials"
                )
            for part in mine:
                if part.problem is not None and part.index is None and part.whole is None:
                    context.warn(f"{part.problem}; {part.subdir} counts as empty")
                    if not context.config.offline:
                        Availability(context, part.location, part.subdir).remember("has_json", False)


def _renew(context: Context, part: Part) -> None:
    part.index = fetch_index(context, part.location, part.subdir, force=True) or part.index


def _do_without_shards(context: Context, part: Part, problem: NetworkError | InvalidRepodata) -> None:
    """Take whole repodata in place of shards that cannot be had; where there is none, their problem stands."""
    try:
        part.whole = fetch_whole(context, part.location, part.subdir)
    except (NetworkError, InvalidRepodata) as error:
        _log.info("%s", error)
    if part.whole is None:
        raise problem
    part.index = None
    context.warn(f"{problem}; whole repodata is used instead")


def _close_and_assemble(
    context: Context,
    parts: Sequence[Part],
    graphs: Sequence[NameGraph],
    wanted: Sequence[str] | None,
    progress: ProgressCallback | None,
) -> dict[int, Path]:
    here = [part for part in parts if part.index is not None or part.whole is not None]
    memo = None if graphs else _memo_path(context, here, wanted)
    known = None if memo is None else recall(context, memo, len(here))
    if known is None:
        indices = [part.index for part in here if part.index is not None]
        names = {name for index in indices for name in index.shards} if wanted is None else wanted
        loaded = iter(close(context, indices, graphs, names, progress))
        pieces = {
            id(part): Piece(
                part.subdir,
                (part.index, list(next(loaded).values())) if part.index is not None else _some(part.whole),
            )
            for part in here
        }
        known = []
        for _, group in itertools.groupby(here, key=lambda part: id(part.location)):
            mine = list(group)
            if any(part.index for part in mine):
                known += assemble(context, [pieces[id(part)] for part in mine])
            else:
                known += [_some(part.whole).path for part in mine]
        if memo is not None:
            remember(context, memo, known)
    return {id(part): path for part, path in zip(here, known, strict=True)}


def _some(copy: Copy | None) -> Copy:
    if copy is None:
        raise AssertionError("a part that exists has an index or a whole file")
    return copy


def _memo_path(context: Context, parts: Sequence[Part], wanted: Sequence[str] | None) -> Path:
    """Return where the answer to exactly this question is remembered."""
    question = ["*" if wanted is None else " ".join(wanted)]
    for part in parts:
        digest = part.index.digest if part.index is not None else _some(part.whole).digest
        question.append(f"{part.location.subdir_url(part.subdir)} {part.index is None} {digest}")
    return context.store.folder("closures") / f"{digest_of(question)}.json"


def remember(context: Context, memo: Path, files: Sequence[Path]) -> None:
    """Write down which files answer a question."""
    text = json.dumps({"files": [str(path.relative_to(context.store.root)) for path in files]})
    context.store.write(memo, text.encode(), durable=False)


def recall(context: Context, memo: Path, count: int) -> list[Path] | None:
    """Return the files that were written down for a question, if all of them are whole."""
    try:
        files = json.loads(memo.read_bytes())["files"]
        paths = [context.store.root / Path(name) for name in files]
        inside = all(path.resolve().is_relative_to(context.store.root.resolve()) for path in paths)
    except (OSError, ValueError, KeyError, TypeError):
        return None
    if len(paths) != count or not inside:
        return None
    # The others are whole files, which were looked at on the way here.
    root = context.store.root / "assembled"
    if not all(is_intact(path) for path in paths if path.is_relative_to(root)):
        return None
    touch(memo)
    return paths


def _in_parallel(context: Context, work: Callable[[_In], _Out], items: Sequence[_In]) -> list[_Out]:
    """Run ``work`` on all items at once; the first error stops the others.

    Never in the thread of the caller, which Ctrl-C must be able to stop whatever a download waits for.
    """
    with context.downloads() as pool:
        return list(pool.map(work, items))


def _sweep(store: Store) -> None:
    """Clean the cache up, at most once a day."""
    with contextlib.suppress(OSError, NetworkError):
        marker = store.folder("locks") / "sweep"
        if marker.exists() and time.time() - marker.stat().st_mtime < _SWEEP_EVERY:
            return
        marker.touch()
        store.sweep()
