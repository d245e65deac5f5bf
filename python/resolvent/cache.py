"""Where index files lie, what else the cache holds, and what can be done with both.

The cache's root has the folder `index` with index files, and folders of what was fetched from the network
(`resolvent.network.store`). All of it may be removed at any time: it is built or fetched again. What has another
name is somebody else's and stays.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from . import _core
from .cache_paths import cache_root, index_folder

#: Folders of what was fetched.
_FETCHED = ("channels", "shards", "assembled", "closures", "locks")


class IndexFile(NamedTuple):
    """One index file.

    Attributes
    ----------
    file
        The file.
    source
        The repodata that it was built from, when that is known.
    subdir
        The subdir.
    records
        Number of records.
    size
        Bytes.
    state
        `fresh`; `unsure`: the source may have changed, the next load and `compare` look; `orphan`: the source is gone;
        `refused: …`: it cannot be used and is rebuilt on the next load.
    """

    file: Path
    source: Path | None
    subdir: str
    records: int
    size: int
    state: str


def index_files() -> list[IndexFile]:
    """Return the index files, by name."""
    return [IndexFile(*row) for row in _core.cache_list(index_folder())]


def check(file: Path) -> str | None:
    """Read all of an index file; return what is wrong with it, or None."""
    try:
        _core.cache_verify(str(file))
    except _core.ResolventError as error:
        return str(error)
    return None


def compare(file: Path) -> str:
    """Read the source of an index file; return the file's state, as `IndexFile` has it, but not from looks.

    Also `stale`: the source has changed; the file is rebuilt on the next load.

    Raises
    ------
    ResolventError
        The file cannot be opened.
    """
    return _core.cache_compare(str(file))


def clear() -> tuple[int, int]:
    """Remove all index files; return how many there were, and their bytes."""
    return _core.cache_clear(index_folder())


def fetched() -> tuple[int, int]:
    """Return how many files were fetched from the network and are kept, and their bytes."""
    sizes = [size for _, size in _fetched_files()]
    return len(sizes), sum(sizes)


def clear_fetched() -> tuple[int, int]:
    """Remove what was fetched; return how many files there were, and their bytes."""
    import shutil

    count, size = fetched()
    for name in _FETCHED:
        folder = Path(cache_root(), name)
        if folder.is_dir():
            shutil.rmtree(folder)
    return count, size


def _fetched_files() -> Iterator[tuple[Path, int]]:
    for name in _FETCHED:
        for folder, _, names in os.walk(Path(cache_root(), name)):
            for file in names:
                path = Path(folder, file)
                try:
                    yield path, path.stat().st_size
                except FileNotFoundError:  # another process removed it meanwhile
                    continue
