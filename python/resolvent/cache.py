"""Where index files lie, and what can be done with them."""

from __future__ import annotations

import os
from pathlib import Path
from typing import NamedTuple

from . import _core


def index_folder() -> Path:
    """Return the folder of index files: `index` in `RESOLVENT_CACHE_DIR`, or in the platform's place for caches."""
    given = os.environ.get("RESOLVENT_CACHE_DIR")
    if given:
        return Path(given).expanduser() / "index"
    import platformdirs

    return Path(platformdirs.user_cache_dir("resolvent", appauthor=False)) / "index"


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
        `fresh`; `unsure`: the source may have changed, the next load looks; `orphan`: the source is gone; `refused: …`:
        it cannot be used, the next load builds it anew.
    """

    file: Path
    source: Path | None
    subdir: str
    records: int
    size: int
    state: str


def index_files() -> list[IndexFile]:
    """Return the index files, by name."""
    return [IndexFile(*row) for row in _core.cache_list(str(index_folder()))]


def check(file: Path) -> str | None:
    """Read all of an index file; return what is wrong with it, or None."""
    try:
        _core.cache_verify(str(file))
    except _core.ResolventError as error:
        return str(error)
    return None


def clear() -> tuple[int, int]:
    """Remove all index files; return how many there were, and their bytes."""
    return _core.cache_clear(str(index_folder()))
