"""The package cache: unpacked archives that environments are linked from.

An entry is a folder `NAME-VERSION-BUILD`, as the engine expects it, with two small files beside it:

- `NAME-VERSION-BUILD.lock`, the engine's own mark: a revision (8 bytes) and the SHA-256 of the archive;
- `NAME-VERSION-BUILD.files`, ours: the archive's hashes and size, and size and time of each file when it was unpacked.

An entry counts only while its files are as they were: hard links make every environment a way to damage it. Sizes and
times are compared each time; where one differs, the hashes of `info/paths.json` decide. An entry appears whole, by a
rename, or not at all. Changes to existing entries exclude those who link from them, by a lock on the folder.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .._core import PackageRecord
from . import locking
from .contents import read_paths
from .errors import CorruptPackage, InstallError

_TEMPORARY = ".resolvent-"
#: Seconds after which a temporary folder is taken for what a killed process left.
_STALE = 24 * 3600


@dataclass(frozen=True)
class CachedPackage:
    """An unpacked archive.

    Attributes
    ----------
    folder
        Where it lies.
    sha256, md5, size
        Of the archive it was unpacked from.
    archive
        Where the archive was when it was unpacked.
    """

    folder: Path
    sha256: str
    md5: str
    size: int
    archive: str


class PackageCache:
    """A folder of unpacked packages.

    Parameters
    ----------
    folder
        Where it lies; it need not exist yet.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder.absolute()

    def entry(self, record: PackageRecord) -> Path:
        """Return the folder that a record's archive is unpacked to."""
        return self.folder / f"{record.name}-{record.version}-{record.build}"

    def archive_of(self, record: PackageRecord) -> Path:
        """Return where a downloaded archive is kept."""
        return self.folder / record.fn

    def find(self, record: PackageRecord) -> CachedPackage | None:
        """Return a record's entry if it is whole and unchanged.

        An archive of another channel or build of the same name is not the record's; so is one without hashes in
        common.
        """
        noted = self._read_note(record)
        if noted is None or not _fits(record, noted["sha256"], noted["md5"], noted["size"]):
            return None
        folder = self.entry(record)
        if self._marked(folder) != noted["sha256"] or not _unchanged(folder, noted["files"], record.fn):
            return None
        return CachedPackage(folder, noted["sha256"], noted["md5"], noted["size"], noted["archive"])

    def make_room(self) -> Path:
        """Return a new, empty folder in the cache for an archive to be unpacked to."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            return Path(tempfile.mkdtemp(prefix=_TEMPORARY, dir=self.folder))
        except OSError as error:
            raise InstallError(
                f"the package cache {self.folder} cannot be written ({error.strerror}); "
                "give another with --package-cache, or set RESOLVENT_PKGS_DIR"
            ) from None

    def add(self, record: PackageRecord, unpacked: Path, *, sha256: str, md5: str, size: int, archive: str) -> None:
        """Make an unpacked archive the entry of a record.

        Parameters
        ----------
        unpacked
            The folder, from `make_room`; it is moved.
        sha256, md5, size
            Of the archive.
        archive
            Where the archive is.

        Raises
        ------
        CorruptPackage
            If its files are not those that it lists.
        """
        compare_hashes(unpacked, record.fn)
        note = {"sha256": sha256, "md5": md5, "size": size, "archive": archive, "files": _listing(unpacked)}
        folder = self.entry(record)
        unpacked.chmod(0o777 & ~locking.umask())
        with self.exclusive():
            # Another process may have been faster.
            if self.find(record) is not None:
                shutil.rmtree(unpacked, ignore_errors=True)
                return
            if os.path.lexists(folder):
                trash = Path(tempfile.mkdtemp(prefix=_TEMPORARY, dir=self.folder))
                folder.rename(trash / "old")
                shutil.rmtree(trash, ignore_errors=True)
            unpacked.rename(folder)
            _write(self._note_path(record), json.dumps(note).encode())
            _write(folder.with_name(f"{folder.name}.lock"), (1).to_bytes(8, "big") + bytes.fromhex(sha256))

    @contextlib.contextmanager
    def shared(self) -> Iterator[None]:
        """Keep entries from being replaced while environments are linked from them."""
        with locking.file_lock(self.folder / ".resolvent.lock", shared=True):
            yield

    @contextlib.contextmanager
    def exclusive(self) -> Iterator[None]:
        """Keep everyone else from using entries while they are replaced."""
        with locking.file_lock(self.folder / ".resolvent.lock", shared=False):
            yield

    def clean(self, *, packages: bool, archives: bool, dry_run: bool = False) -> tuple[int, int]:
        """Remove what no environment is linked from, and what killed processes left.

        Parameters
        ----------
        packages
            Remove unpacked packages none of whose files has another hard link. Environments that were made by
            copying do not need them; those of soft links do, so their packages must be named by conda-meta elsewhere.
        archives
            Remove downloaded archives.

        Returns
        -------
        The number of things removed, and their bytes.
        """
        count = size = 0
        if not self.folder.is_dir():
            return 0, 0
        with self.exclusive():
            for path in sorted(self.folder.iterdir()):
                stale = (
                    path.name.startswith(_TEMPORARY) and path.is_dir() and time.time() - path.stat().st_mtime > _STALE
                )
                unpacked = path.is_dir() and (path / "info" / "index.json").exists() and not path.name.startswith(".")
                archive = path.is_file() and path.name.endswith((".conda", ".tar.bz2"))
                if not (stale or (packages and unpacked and not _is_linked(path)) or (archives and archive)):
                    continue
                size += _bytes_of(path)
                count += 1
                if dry_run:
                    continue
                if unpacked:
                    for beside in (".files", ".lock"):
                        path.with_name(path.name + beside).unlink(missing_ok=True)
                if path.is_dir():
                    shutil.rmtree(path, ignore_errors=True)
                else:
                    path.unlink(missing_ok=True)
        return count, size

    def _note_path(self, record: PackageRecord) -> Path:
        folder = self.entry(record)
        return folder.with_name(f"{folder.name}.files")

    def _read_note(self, record: PackageRecord) -> dict[str, Any] | None:
        try:
            note = json.loads(self._note_path(record).read_bytes())
        except (OSError, ValueError, RecursionError):
            return None
        keys = {"sha256": str, "md5": str, "size": int, "archive": str, "files": dict}
        if not isinstance(note, dict) or any(not isinstance(note.get(key), kind) for key, kind in keys.items()):
            return None
        return note

    def _marked(self, folder: Path) -> str | None:
        """Return the SHA-256 that the engine's mark holds."""
        try:
            return folder.with_name(f"{folder.name}.lock").read_bytes()[8:40].hex()
        except OSError:
            return None


def _fits(record: PackageRecord, sha256: str, md5: str, size: int) -> bool:
    """Whether an archive is a record's, by all that the record says of it."""
    if record.sha256 is None and record.md5 is None:
        return False  # nothing can be compared, so the archive itself is looked at again
    return (
        record.sha256 in {None, sha256} and record.md5 in {None, md5} and (record.size is None or record.size == size)
    )


def _listing(folder: Path) -> dict[str, list[int]]:
    """Return size and time of each file below a folder; of a symbolic link its own."""
    found: dict[str, list[int]] = {}
    pending = [(os.fspath(folder), "")]
    while pending:
        place, path = pending.pop()
        with os.scandir(place) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    pending.append((entry.path, f"{path}{entry.name}/"))
                else:
                    status = entry.stat(follow_symlinks=False)
                    found[path + entry.name] = [status.st_size, status.st_mtime_ns]
    return found


def _unchanged(folder: Path, noted: dict[str, Any], name: str) -> bool:
    try:
        found = _listing(folder)
    except OSError:
        return False
    if found == noted:
        return True
    if noted.keys() - found.keys():
        return False
    try:
        compare_hashes(folder, name)
    except InstallError:
        return False
    # Files of info/ are in no list of hashes.
    return all(found[path] == noted[path] for path in noted if path.startswith("info/"))


def compare_hashes(folder: Path, name: str) -> None:
    """Compare the files of an unpacked archive with what it lists.

    Raises
    ------
    CorruptPackage
        If one is missing, or is not as listed.
    """
    for path in read_paths(folder, name):
        place = os.path.join(folder, path.source)
        if path.kind == "directory":
            continue
        if not os.path.lexists(place):
            raise CorruptPackage(name, f"lists {path.source}, which is not in it")
        if path.kind != "hardlink" or os.path.islink(place):
            continue
        if path.sha256 is not None and _sha256(place) != path.sha256:
            raise CorruptPackage(name, f"holds another {path.source} than it lists (the SHA-256 differs)")


def _sha256(place: str) -> str:
    with open(place, "rb", buffering=0) as file:
        if hasattr(hashlib, "file_digest"):
            return str(hashlib.file_digest(file, "sha256").hexdigest())
        digest = hashlib.sha256()
        while block := file.read(1 << 20):
            digest.update(block)
        return digest.hexdigest()


def _is_linked(folder: Path) -> bool:
    """Whether a file of an unpacked package is hard-linked from elsewhere."""
    for place, folders, files in os.walk(folder):
        folders.sort()
        if any(os.lstat(os.path.join(place, file)).st_nlink > 1 for file in files):
            return True
    return False


def _bytes_of(path: Path) -> int:
    if path.is_file():
        return path.stat().st_size
    return sum(size for size, _ in _listing(path).values())


def _write(path: Path, content: bytes) -> None:
    """Write a file beside its place and rename it there."""
    temporary = path.with_name(f"{_TEMPORARY}{os.getpid()}-{path.name}")
    temporary.write_bytes(content)
    temporary.replace(path)
