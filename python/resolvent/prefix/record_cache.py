"""What was read of `conda-meta/*.json` the last time, so that an unchanged environment is read in a few milliseconds.

A file of `conda-meta` lists every path of its package; a solver needs none of that. So the little that it needs is
kept in resolvent's cache, one file an environment, with size, times and inode of each file it was read from. A row
counts only while all four are the same; files that changed a moment before they were read are not noted, for a second
change might leave no trace. `RESOLVENT_NO_INDEX_FILES=1` turns them off.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import time
from pathlib import Path
from typing import Any

from ..cache_paths import cache_root

_FORMAT = 1
#: Files younger than this, in nanoseconds, are read again the next time: clocks of file systems tick coarsely.
_TOO_YOUNG = 1_000_000_000
#: Environments with fewer records are read faster than a cache would be.
_FEWEST = 16

#: Size, two times and inode of a file.
Stamp = tuple[int, int, int, int]
#: A package's record as `PackageRecord.from_dict` takes it, the specs by which it was requested, whether pip owns it.
Row = tuple[dict[str, Any], list[str], bool]


def stamp_of(status: os.stat_result) -> Stamp:
    """Return what tells whether a file has changed."""
    return (status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino)


class RecordCache:
    """The rows of one environment.

    Parameters
    ----------
    meta
        The environment's `conda-meta`.
    """

    def __init__(self, meta: Path) -> None:
        self._place = str(meta.absolute())
        self._off = bool(os.environ.get("RESOLVENT_NO_INDEX_FILES"))
        self._old: dict[str, list[Any]] = {}
        self._new: dict[str, list[Any]] = {}
        self._changed = False
        self._start = time.time_ns()
        if not self._off:
            self._old = self._load()

    def find(self, name: str, stamp: Stamp) -> Row | None:
        """Return the row of a file that has not changed since it was read."""
        row = self._old.get(name)
        if row is None or tuple(row[0]) != stamp:
            return None
        self._new[name] = row
        return (row[1], row[2], row[3])

    def note(self, name: str, stamp: Stamp, row: Row) -> None:
        """Keep what was read of a file."""
        self._changed = True
        if max(stamp[1], stamp[2]) + _TOO_YOUNG < self._start:
            self._new[name] = [stamp, *row]

    def save(self) -> None:
        """Write the rows, if they are others than before. That it cannot be done is no reason to fail."""
        if self._off or not (self._changed or self._old.keys() - self._new.keys()) or len(self._new) < _FEWEST:
            return
        if self._new == self._old:
            return
        file = self._file()
        content = {"format": _FORMAT, "place": self._place, "rows": self._new}
        temporary = file.with_name(f"{file.name}.{os.getpid()}")
        with contextlib.suppress(OSError, ValueError):
            file.parent.mkdir(parents=True, exist_ok=True)
            temporary.write_text(json.dumps(content, separators=(",", ":")), encoding="utf-8")
            temporary.replace(file)

    def _file(self) -> Path:
        name = hashlib.sha256(os.fsencode(self._place)).hexdigest()[:32]
        return Path(cache_root()) / "prefix" / f"{name}.json"

    def _load(self) -> dict[str, list[Any]]:
        try:
            content = json.loads(self._file().read_bytes())
            if content["format"] == _FORMAT and content["place"] == self._place:
                rows: dict[str, list[Any]] = content["rows"]
                return rows if all(map(_is_row, rows.values())) else {}
        except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
            pass
        return {}


def _is_row(row: object) -> bool:
    if not isinstance(row, list) or len(row) != 4:
        return False
    stamp, mapping, requested, _ = row
    return isinstance(stamp, list) and isinstance(mapping, dict) and isinstance(requested, list)
