"""Indices: the records of some channels, loaded once and asked many times."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import TYPE_CHECKING

from . import _core
from ._core import Index, InvalidRepodata
from .arguments import CHANNEL_PRIORITIES, ChannelPriority, Specs, choice, flag, specs_of
from .cache_paths import index_folder
from .channel_data import CoreSource
from .channels import ChannelSource, OpenedSources, source_list
from .platforms import target_platform
from .progress import Progress

if TYPE_CHECKING:
    from .config import Config
    from .network import NetworkConfig
    from .progress import ProgressCallback


def load_index(
    channels: ChannelSource | Sequence[ChannelSource] | None = None,
    *,
    platform: str | None = None,
    channel_priority: ChannelPriority | None = None,
    skip_bad_records: bool = False,
    add_pip_as_python_dependency: bool | None = None,
    specs: Specs | None = None,
    offline: bool | None = None,
    use_zst: bool | None = None,
    use_shards: bool | None = None,
    config: Config | None = None,
    network: NetworkConfig | None = None,
    progress: ProgressCallback | None = None,
) -> Index:
    """Read the repodata of some channels for one platform and `noarch`.

    What is read is kept as index files in the cache folder (`RESOLVENT_CACHE_DIR`, or the platform's place for
    caches), which later loads of the same repodata map into memory. What happens to them is logged as `resolvent`.
    `RESOLVENT_NO_INDEX_FILES=1` turns them off.

    Parameters
    ----------
    channels
        Sources in order of priority, first the preferred one; see `resolvent.channels` for how they are written;
        `ChannelData` is for those whose repodata the program already has. With a configuration, its channels come below
        them, and none need be given.
    platform
        Target subdir, such as `linux-64`; None: the configured one, or this machine's.
    channel_priority
        Default of the solves over this index; None: the configured one, or `strict`.
    skip_bad_records
        Leave out records with a missing key or a wrong type, and count them in `.warnings`, instead of failing.
    add_pip_as_python_dependency
        Make each python 2 and 3 of the channels depend on `pip`, as conda and mamba do by default. Records of the
        index say so, too.
    specs
        What the index will be asked for, names of installed packages included. Channels on the network that are
        published in shards then give only the packages that these can lead to: little to fetch, but the index does
        not know the others. None reads everything.
    offline
        Read channels on the network from the cache alone; None: what the variable `RESOLVENT_OFFLINE` says.
    use_zst, use_shards
        False: `repodata.json.zst` is never read or asked for; nor shards. None: they are preferred where they exist.
        Whatever is wrong with one form, the next one is taken, with a warning in `Index.warnings`.
    config
        `resolvent.Config.load()`: channels, and how they are fetched, as conda's configuration says. None: no
        configuration is read.
    network
        How channels are fetched, in place of what the configuration and the variables `RESOLVENT_…` say.
    progress
        Called with a `resolvent.Progress` while something is fetched or read, from worker threads but never twice at
        the same time.

    Raises
    ------
    ChannelNotFound
        If a channel has neither the platform's data nor `noarch`'s.
    InvalidRepodata
        If a file is not repodata, or holds a bad record; `.file` and `.field` say where.
    """
    if channels is None and config is None:
        raise TypeError("load_index() needs channels, or a configuration that has some")
    texts = None if specs is None else specs_of("specs", specs)
    target = target_platform(config.platform if platform is None and config is not None else platform)
    priority = channel_priority or (config.get("channel_priority") if config is not None else None) or "strict"
    add_pip = add_pip_as_python_dependency
    if config is not None:
        channels, network = config.channels(source_list(channels or ())), network or config.network()
        add_pip = config.get("add_pip_as_python_dependency", False) if add_pip is None else add_pip
    opened = OpenedSources(
        source_list(channels or ()),
        platform=target,
        selective=texts is not None,
        offline=offline,
        use_zst=use_zst,
        use_shards=use_shards,
        network=network,
        progress=progress,
    )
    rest = (opened, target, priority, skip_bad_records)
    return load_opened(opened, texts, partial(load_folders, *rest, add_pip=add_pip or False, progress=progress))


def load_opened(
    opened: OpenedSources, specs: Iterable[str] | None, load: Callable[[Sequence[CoreSource]], Index]
) -> Index:
    """Load what some specs need of opened channels, by the plain files where compressed ones turn out to be damaged."""
    try:
        return load(opened.folders(specs))
    except InvalidRepodata as error:
        if not opened.do_without_zst(error):
            raise
    return load_opened(opened, specs, load)  # another channel's file may be damaged, too


def load_folders(
    opened: OpenedSources,
    platform: str,
    channel_priority: ChannelPriority,
    skip_bad_records: bool,
    folders: Sequence[CoreSource],
    keep: bool = True,
    add_pip: bool = False,
    progress: ProgressCallback | None = None,
) -> Index:
    """Read folders of opened channels; `keep` makes and uses index files."""
    if progress is not None:
        progress(Progress(platform, "records", 0, None, finished=False, phase="index"))
    index = _core.load_index(
        list(folders),
        platform,
        choice("channel_priority", channel_priority, CHANNEL_PRIORITIES),
        flag("skip_bad_records", skip_bad_records),
        index_folder() if keep and not os.environ.get("RESOLVENT_NO_INDEX_FILES") else None,
        flag("add_pip_as_python_dependency", add_pip),
        opened.use_zst,
        opened.warnings,
    )
    _log(index.log)
    if progress is not None:
        progress(Progress(platform, "records", len(index), len(index), finished=True, phase="index"))
    return index


def sound_index(index: Index) -> Index:
    """Return the index, loaded again if it is damaged; a TypeError if it is none."""
    if not isinstance(index, Index):
        raise TypeError(f"index is what load_index() returns, not {type(index).__name__}")
    return sound(index)


def sound(index: Index) -> Index:
    """Return the index, loaded again if its files were found damaged: what is read of them is void then."""
    if not index.is_damaged:
        return index
    renewed = index.reload()
    _log([*renewed.log, "an index file was found damaged while it was used; it is rebuilt and read again"])
    return renewed


def _log(lines: Sequence[str]) -> None:
    if lines:
        import logging

        for line in lines:
            logging.getLogger("resolvent").warning(line)
