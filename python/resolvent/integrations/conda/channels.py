"""conda's channels as an index: what conda has cached of them is read as it is, no record becomes one of conda's."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import resolvent

from .records import plain

if TYPE_CHECKING:
    from conda.models.channel import Channel

#: What conda gives for channels in shards: package names and channels by URL, to records by URL; None without shards.
Subset = Callable[..., "Mapping[str, Any] | None"]

_FILES = ("repodata.json.zst", "repodata.json", "repodata.json.bz2")


class Subdir(NamedTuple):
    """The repodata of one channel's subdir.

    Attributes
    ----------
    url
        The channel's URL without credentials, which the records belong to.
    subdir
        `linux-64`, `noarch` and so on.
    data
        A file, or the text of one.
    """

    url: str
    subdir: str
    data: Path | bytes


def listed(channels: Iterable[Channel], named: Iterable[Channel]) -> list[Channel]:
    """Return single channels in order of priority.

    Parameters
    ----------
    channels
        What the caller configured: multichannels stand for their channels, a channel's platform says nothing.
    named
        Channels of requests such as `bioconda::star`; they join behind the others unless they are among them.
    """
    from conda.models.channel import Channel

    found: dict[str, Channel] = {}
    for one in (*channels, *named):
        for channel in Channel(one).channels:
            parts = {key: value for key, value in channel.dump().items() if key not in {"platform", "package_filename"}}
            plain_channel = Channel(**parts)
            url = plain_channel.base_url
            if not url:
                continue
            known = found.get(url)
            # A channel that was given with credentials and without them is one channel, with them.
            if known is None or ((plain_channel.token or plain_channel.auth) and not (known.token or known.auth)):
                found[url] = plain_channel
    return list(found.values())


def read(
    channels: Sequence[Channel],
    subdirs: Sequence[str],
    *,
    repodata_fn: str,
    roots: Iterable[str],
    subset: Subset | None,
) -> list[Subdir]:
    """Return the repodata of channels, in order of priority.

    Parameters
    ----------
    channels
        As `listed` returns them.
    subdirs
        Which of their subdirs.
    repodata_fn
        The name of the file, as it was given to conda.
    roots
        Names of packages that are requested or installed: of channels in shards, only what these lead to is fetched.
    subset
        conda's function that does so; None where conda does not use shards.
    """
    from conda.base.context import context
    from conda.models.channel import Channel

    local = {channel.base_url: folder for channel in channels if (folder := _folder(channel, subdirs, repodata_fn))}
    remote = {
        url: Channel.from_url(url)
        for channel in channels
        if channel.base_url not in local
        for url in channel.urls(with_credentials=True, subdirs=subdirs)
    }
    if subset is not None and remote:
        shards = subset(tuple(dict.fromkeys(roots)), remote, repodata_version=3)
        fetched = {} if shards is None else {url: shard_repodata(shards[url]) for url in remote if url in shards}
    else:
        fetched = {}
    missing = [url for url in remote if url not in fetched]
    threads = 1 if context.debug else (context.repodata_threads or 5)
    if threads == 1 or len(missing) < 2:
        files = [_fetch(url, repodata_fn) for url in missing]
    else:
        from concurrent.futures import ThreadPoolExecutor

        with ThreadPoolExecutor(threads) as pool:
            files = list(pool.map(lambda url: _fetch(url, repodata_fn), missing))
    data: dict[str, Path | bytes] = {**fetched, **dict(zip(missing, files, strict=True))}
    found: list[Subdir] = []
    for channel in channels:
        base = channel.base_url or ""
        folder = local.get(base)
        if folder is not None:
            found += [Subdir(base, subdir, file) for subdir in subdirs if (file := _file(folder / subdir))]
        else:
            urls = channel.urls(with_credentials=True, subdirs=subdirs)
            found += [Subdir(base, subdir, data[url]) for subdir, url in zip(subdirs, urls, strict=True)]
    return found


def _folder(channel: Channel, subdirs: Sequence[str], repodata_fn: str) -> Path | None:
    """Return the folder of a `file://` channel that has everything; None for others, which conda reads (and judges).

    conda copies such a channel into its cache, parses it and writes it again with each command.
    """
    if channel.scheme != "file" or repodata_fn != "repodata.json":
        return None
    from conda.common.path import url_to_path

    folder = Path(url_to_path(channel.base_url))
    return folder if all(_file(folder / subdir) for subdir in subdirs) else None


def _file(folder: Path) -> Path | None:
    return next((file for name in _FILES if (file := folder / name).is_file()), None)


def _fetch(url: str, repodata_fn: str) -> Path:
    """Return conda's cached copy of a repodata file, fetched where it is missing or old."""
    from conda.base.context import context
    from conda.core.subdir_data import SubdirData
    from conda.models.channel import Channel

    _drop_planted(url, repodata_fn)
    fetch = SubdirData(Channel.from_url(url), repodata_fn=repodata_fn).repo_fetch
    cache = fetch.repo_cache
    if not url.startswith("file:"):
        cache.load_state()
        file = Path(cache.cache_path_json)
        # conda would read the whole text here, only to give its path.
        if file.is_file() and (context.offline or context.use_index_cache or not cache.stale()):
            return file
    path, _ = fetch.fetch_latest_path()
    return Path(path)


def _drop_planted(url: str, repodata_fn: str) -> None:
    """Forget records that conda's own tests planted in its cache of this process, so that the file is read."""
    if "PYTEST_CURRENT_TEST" not in os.environ:
        return
    from conda.core.subdir_data import SubdirData

    planted = SubdirData._cache_.get((url, repodata_fn))
    if planted is not None and planted._mtime == float("inf"):
        del SubdirData._cache_[(url, repodata_fn)]


def shard_repodata(shards: Any) -> bytes:
    """Return the records of a channel's shards as the text of a repodata file."""
    groups: dict[str, dict[str, Any]] = {}
    for (name, section), record in shards.iter_records_v3():
        groups.setdefault(section, {})[name] = record
    repodata: dict[str, Any] = {"info": {"base_url": shards.base_url}, "repodata_version": 2}
    for section, records in groups.items():
        if section.startswith("v3."):
            repodata.setdefault("v3", {})[section[3:]] = records
        else:
            repodata[section] = records
    return json.dumps(repodata, default=_hex).encode()


def _hex(value: Any) -> str:
    if isinstance(value, bytes):
        return value.hex()
    raise TypeError(f"a shard holds a {type(value).__name__}")


def package_caches(subdirs: Sequence[str]) -> list[Subdir]:
    """Return what lies in conda's package caches, as channels of their own; it can be linked without a network."""
    from conda.base.context import context
    from conda.core.package_cache_data import PackageCacheData

    found = []
    for folder in context.pkgs_dirs:
        cache = PackageCacheData(folder)
        cache.load()
        by_channel: dict[tuple[str, str], dict[str, dict[str, Any]]] = {}
        for record in cache.values():
            if record.subdir in subdirs:
                fields = plain(record)
                url = fields.pop("channel", None) or Path(folder).as_uri()
                by_channel.setdefault((url, record.subdir), {})[record.fn] = fields
        for (url, subdir), records in sorted(by_channel.items()):
            old = {fn: record for fn, record in records.items() if fn.endswith(".tar.bz2")}
            new = {fn: record for fn, record in records.items() if fn not in old}
            text = json.dumps({"packages": old, "packages.conda": new}).encode()
            found.append(Subdir(url, subdir, text))
    return found


def load(subdirs: Sequence[Subdir], platform: str, channel_priority: str, *, add_pip: bool) -> resolvent.Index:
    """Return the index of repodata that was read; records that cannot be used are left out, as conda does."""
    by_url: dict[str, dict[str, Path | bytes]] = {}
    for url, subdir, data in subdirs:
        by_url.setdefault(url, {}).setdefault(subdir, data)
    return resolvent.load_index(
        [resolvent.ChannelData(url=url, subdirs=found) for url, found in by_url.items()],
        platform=platform,
        channel_priority=channel_priority,  # type: ignore[arg-type]
        skip_bad_records=True,
        add_pip_as_python_dependency=add_pip,
    )


def urls_of(channels: Sequence[Channel]) -> Iterator[str]:
    """Yield the channels' URLs without credentials."""
    for channel in channels:
        yield channel.base_url or channel.canonical_name
