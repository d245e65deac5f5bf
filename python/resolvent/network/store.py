"""The cache folder: files that many processes write at once and any of them may die writing.

Rules: a file appears under its name only when it is whole (written to a temporary name in the same
folder, flushed to the disk, renamed). Nothing depends on locks for being right; a lock only saves
several processes from downloading the same thing. Locks belong to the operating system, so that a
killed process leaves none behind. Temporary files of the dead are swept up after a day.

Layout below the root::

    channels/<key>/<subdir>/repodata.json.zst ...    data, as the server sent it
    channels/<key>/<subdir>/repodata.json.zst.info.json ...    its state, see ``state``
    shards/<2 digits>/<sha256>.msgpack.zst           content-addressed, never stale
    assembled/<digest>/<subdir>/repodata.json        shards put together, see ``assemble``
    closures/<digest>.json                           which assembled folders answer a request
    locks/<key>

So a folder below ``channels`` or ``assembled`` is laid out like a channel on a disk.
"""

from __future__ import annotations

import contextlib
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from resolvent.network.errors import NetworkError

_TEMP_SUFFIX = ".tmp"
DAY = 24 * 3600.0
"""Seconds."""
_TEMP_LIFE = DAY
_UNUSED_LIFE = 30 * DAY
_SWEPT = ("assembled", "closures", "shards")
_POLL = 0.05
_LOCK_WAIT = 900.0


class Store:
    """Paths, atomic writes and locks below one root."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def folder(self, name: str) -> Path:
        """Return a folder of the cache, made if absent, readable by its owner only.

        Raises
        ------
        NetworkError
            (kind ``cache``) when it cannot be made.
        """
        path = self.root / name
        with self.reported():
            self.root.mkdir(mode=0o700, parents=True, exist_ok=True)
            path.mkdir(mode=0o700, parents=True, exist_ok=True)
        return path

    @contextlib.contextmanager
    def reported(self) -> Iterator[None]:
        """Turn errors of the file system inside the block into one that names the cache."""
        message: str | None = None
        try:
            yield
        except OSError as error:
            reason = error.strerror or type(error).__name__
            message = f"the cache {self.root} cannot be used: {reason}"
        if message is not None:
            raise NetworkError(f"{message}; RESOLVENT_CACHE_DIR names another place", kind="cache")

    @contextlib.contextmanager
    def temporary(self, folder: Path) -> Iterator[tuple[Path, IO[bytes]]]:
        """Return a new file to write to; removed at the end of the block unless it was published."""
        with self.reported():
            number, name = tempfile.mkstemp(suffix=_TEMP_SUFFIX, prefix=".", dir=folder)
        path = Path(name)
        try:
            with os.fdopen(number, "w+b") as file:
                yield path, file
        finally:
            with contextlib.suppress(OSError):
                path.unlink()

    def publish(self, temporary: Path, file: IO[bytes], final: Path, *, durable: bool) -> None:
        """Give a finished temporary file its name, replacing what was there.

        ``durable`` flushes it to the disk first; content-addressed files, which every reader checks
        against their name, do not need it.
        """
        with self.reported():
            file.flush()
            if durable:
                os.fsync(file.fileno())
            if sys.platform == "win32":  # an open file cannot be renamed there
                file.close()
            temporary.replace(final)
            if durable:
                _sync_folder(final.parent)

    def write(self, final: Path, data: bytes, *, durable: bool) -> None:
        """Write a small file atomically."""
        with self.temporary(final.parent) as (path, file):
            with self.reported():
                file.write(data)
            self.publish(path, file, final, durable=durable)

    @contextlib.contextmanager
    def lock(self, key: str) -> Iterator[None]:
        """Keep other processes and threads out of the block, if the system can and within reason.

        A file system without locks, or a holder that takes a quarter of an hour, means no lock.
        """
        path = self.folder("locks") / key
        try:
            number = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        except OSError:
            yield
            return
        try:
            end = time.monotonic() + _LOCK_WAIT
            while not _try_lock(number) and time.monotonic() < end:
                time.sleep(_POLL)
            yield
        finally:
            os.close(number)

    def sweep(self) -> None:
        """Remove temporary files of dead writers, and shards and derived files that nobody used for a month."""
        now = time.time()
        for name in ("channels", *_SWEPT):
            for path in (self.root / name).rglob("*"):
                life = _UNUSED_LIFE if name in _SWEPT else None
                if path.name.endswith(_TEMP_SUFFIX):
                    life = _TEMP_LIFE
                with contextlib.suppress(OSError):
                    if life is None or now - path.stat().st_mtime < life:
                        continue
                    # A folder goes only when it is empty: rmdir refuses otherwise.
                    path.rmdir() if path.is_dir() else path.unlink()


def touch(path: Path, every: float = 0.0) -> None:
    """Mark a file that the sweep looks at as used now, unless it was less than ``every`` seconds ago."""
    with contextlib.suppress(OSError):
        if every <= 0 or time.time() - path.stat().st_mtime > every:
            os.utime(path)


def _sync_folder(folder: Path) -> None:
    if sys.platform == "win32":
        return
    with contextlib.suppress(OSError):
        number = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(number)
        finally:
            os.close(number)


def _try_lock(number: int) -> bool:
    """Tell whether the lock is ours, or when there are no locks here."""
    if sys.platform == "win32":
        import msvcrt

        try:
            msvcrt.locking(number, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True
    import fcntl

    try:
        fcntl.flock(number, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return True
    return True
