"""Unpacking package archives that nobody vouches for.

A `.tar.bz2` is one tar, a `.conda` is a zip of two tars compressed with zstandard. Both are unpacked here in one pass,
member by member, into an empty folder, and nothing is written that has not passed these rules:

- a path is relative, has no `..` in it, no NUL, no backslash, and no component that is a symbolic link so far;
- a member is a regular file, a folder, a symbolic link or a hard link; devices, pipes and the rest are refused;
- a symbolic link stays inside: followed from its place, by its text alone, it does not leave the folder;
- a hard link names a regular file that was unpacked before.

Owners and set-user-id bits of the archive are not taken over.
"""

from __future__ import annotations

import contextlib
import os
import posixpath
import shutil
import tarfile
import zipfile
import zlib
from pathlib import Path
from typing import IO

from .errors import CorruptPackage, UnsafePackage

#: Bytes that an archive may unpack to. The largest real packages (CUDA, compilers) take 10 GB.
LARGEST_PACKAGE = 64 << 30
#: The largest window of a zstandard frame: what decompression may hold in memory. Real packages use up to 128 MiB.
_LARGEST_WINDOW = 1 << 30
_BLOCK = 1 << 20
#: What the readers of archives raise for damaged ones.
_DAMAGE = (tarfile.TarError, zipfile.BadZipFile, zlib.error, EOFError, ValueError, NotImplementedError)


def unpack(archive: Path, folder: Path, *, name: str) -> None:
    """Unpack an archive into an empty folder.

    Parameters
    ----------
    archive
        The file.
    folder
        Where to; it exists and is empty.
    name
        The archive's file name, which says how it is packed, and stands in errors.

    Raises
    ------
    UnsafePackage
        If a member breaks one of the rules above.
    CorruptPackage
        If it cannot be unpacked.
    """
    import zstandard

    target = _Target(folder, name)
    try:
        if name.endswith(".conda"):
            with zipfile.ZipFile(archive) as parts:
                inner = [part for part in parts.namelist() if part.endswith(".tar.zst")]
                for start in ("info-", "pkg-"):
                    found = [part for part in inner if part.startswith(start)]
                    if len(found) != 1:
                        raise CorruptPackage(name, f"holds {len(found)} members {start}*.tar.zst, expected one")
                    reader = zstandard.ZstdDecompressor(max_window_size=_LARGEST_WINDOW)
                    with parts.open(found[0]) as packed, reader.stream_reader(packed) as stream:
                        target.take(stream)
        elif name.endswith(".tar.bz2"):
            import bz2

            with bz2.open(archive) as stream:
                target.take(stream)
        else:
            raise CorruptPackage(name, "is neither a .conda nor a .tar.bz2 archive")
    except (
        tarfile.TarError,
        zipfile.BadZipFile,
        zstandard.ZstdError,
        EOFError,
        ValueError,
        NotImplementedError,
    ) as error:
        raise CorruptPackage(name, f"cannot be unpacked: {error}") from None
    except OSError as error:
        # bz2 reports damaged data as an OSError without a number; a full disk has one.
        if error.errno is None:
            raise CorruptPackage(name, f"cannot be unpacked: {error}") from None
        raise
    target.check_winding_links()
    if not (folder / "info" / "index.json").is_file():
        raise CorruptPackage(name, "holds no info/index.json, so it is not a conda package")


def unsafe_path(path: str) -> str | None:
    """Return why a path of a package may not be used, in words that fit after it; None: it may."""
    if not path or path in {".", "./"}:
        return "is empty"
    if path.startswith("/") or (len(path) > 1 and path[1] == ":" and path[0].isalpha()):
        return "is an absolute path"
    if "\\" in path:
        return "has a backslash in it"
    if "\x00" in path:
        return "has a NUL in it"
    if ".." in path.split("/"):
        return "leads out of the package"
    return None


def unsafe_link(path: str, target: str) -> str | None:
    """Return why a symbolic link of a package may not be made; None: it may.

    Parameters
    ----------
    path
        Where it lies, relative to the package.
    target
        Its text.
    """
    if not target or "\x00" in target:
        return "is a link to nothing"
    if target.startswith("/") or (len(target) > 1 and target[1] == ":" and target[0].isalpha()):
        return f"is a link to the absolute path {target[:100]}"
    at = posixpath.normpath(posixpath.join(posixpath.dirname(path), target.replace("\\", "/")))
    if at == ".." or at.startswith("../"):
        return f"is a link that leads out of the package, to {target[:100]}"
    return None


class _Target:
    """A folder that is being filled."""

    def __init__(self, folder: Path, name: str) -> None:
        self._folder = os.fspath(folder)
        self._name = name
        self._folders: set[str] = set()
        self._size = 0
        self._winding: list[str] = []

    def check_winding_links(self) -> None:
        """Follow links whose text goes down and up again: where they lead depends on other links."""
        root = os.path.realpath(self._folder)
        for path in self._winding:
            real = os.path.realpath(os.path.join(self._folder, path))
            self._refuse(path, real != root and not real.startswith(root + os.sep) and "is a link that leads out")

    def take(self, stream: IO[bytes]) -> None:
        """Unpack one tar."""
        with tarfile.open(fileobj=stream, mode="r|", bufsize=_BLOCK, errorlevel=2) as members:
            for member in members:
                self._take(members, member)

    def _take(self, members: tarfile.TarFile, member: tarfile.TarInfo) -> None:
        path = member.name.removeprefix("./").rstrip("/")
        if member.isdir() and path in {"", "."}:
            return
        self._refuse(member.name, unsafe_path(path))
        path = posixpath.normpath(path)
        if member.isdir():
            self._enter(path)
            return
        self._enter(posixpath.dirname(path))
        place = os.path.join(self._folder, path)
        if os.path.lexists(place):
            # Old archives hold some files twice, and the last one counts.
            self._refuse(path, "is a file and a folder" if _is_folder(place) else None)
            os.unlink(place)
        if member.isreg():
            self._write(members, member, place)
        elif member.issym():
            self._refuse(path, unsafe_link(path, member.linkname))
            if "/.." in member.linkname.lstrip("./"):
                self._winding.append(path)
            os.symlink(member.linkname, place)
        elif member.islnk():
            source = member.linkname.removeprefix("./")
            self._refuse(path, unsafe_path(source) and f"is a hard link to {source[:100]}, which is not in the package")
            self._enter(posixpath.dirname(posixpath.normpath(source)), make=False)
            full = os.path.join(self._folder, posixpath.normpath(source))
            if os.path.islink(full) or not os.path.isfile(full):
                self._refuse(path, f"is a hard link to {source[:100]}, which is no file of the package")
            shutil.copy2(full, place)
        else:
            self._refuse(path, "is a device, a pipe or of another special kind")

    def _write(self, members: tarfile.TarFile, member: tarfile.TarInfo, place: str) -> None:
        self._size += member.size
        if self._size > LARGEST_PACKAGE:
            raise CorruptPackage(self._name, f"unpacks to more than {LARGEST_PACKAGE >> 30} GiB")
        content = members.extractfile(member)
        if content is None:
            raise CorruptPackage(self._name, f"holds no content of {member.name}")
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
        mode = 0o755 if member.mode & 0o111 else 0o644
        with os.fdopen(os.open(place, flags, mode), "wb", 0) as file:
            left = member.size
            while left:
                block = content.read(min(left, _BLOCK))
                if not block:
                    raise CorruptPackage(self._name, f"ends in the middle of {member.name}")
                file.write(block)
                left -= len(block)
        with contextlib.suppress(OSError, OverflowError, ValueError):
            os.utime(place, (member.mtime, member.mtime))

    def _enter(self, path: str, *, make: bool = True) -> None:
        """Make sure that a folder is there and that no part of its path is a link."""
        if not path or path == "." or path in self._folders:
            return
        self._enter(posixpath.dirname(path), make=make)
        place = os.path.join(self._folder, path)
        if os.path.islink(place):
            self._refuse(path, "is a link, and another member is to be written through it")
        if make:
            try:
                os.mkdir(place)
            except FileExistsError:
                self._refuse(path, None if _is_folder(place) else "is a file and a folder")
        self._folders.add(path)

    def _refuse(self, path: str, reason: str | bool | None) -> None:
        if reason:
            raise UnsafePackage(self._name, path, str(reason))


def _is_folder(place: str) -> bool:
    return os.path.isdir(place) and not os.path.islink(place)
