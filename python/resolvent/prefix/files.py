"""Reading the small files of `conda-meta` without trusting them.

Other programs write these files, are killed while they do, and share the folder with editors and backups. So a
file is read only if it is a regular one (a link to a device or a pipe would never end), up to a limit, and every
way in which its bytes can be wrong is one exception, `Unreadable`, with a reason in plain words.
"""

from __future__ import annotations

import errno
import json
import os
import stat
from pathlib import Path
from typing import Any

#: No file of an environment is larger: the longest real ones list some 100,000 paths in 40 MiB.
LARGEST_FILE = 64 << 20


class Unreadable(Exception):
    """A file's content cannot be had; the text is the reason."""


def read_text(path: Path, limit: int = LARGEST_FILE) -> str:
    """Return a file's text.

    Parameters
    ----------
    path
        The file; links are followed.
    limit
        Largest size in bytes.

    Raises
    ------
    Unreadable
        If it is missing, no regular file, larger than `limit`, not UTF-8, or has a NUL character in it.
    """
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            raise Unreadable("is not a regular file")
        # The size may change between the two calls, so the limit holds for the reading, too.
        with path.open("rb") as stream:
            content = b"" if status.st_size > limit else stream.read(limit + 1)
    except OSError as error:
        raise Unreadable(_describe(error)) from None
    if status.st_size > limit or len(content) > limit:
        size = f"{limit >> 20} MiB" if limit >> 20 else f"{limit} bytes"
        raise Unreadable(f"is larger than {size}")
    if b"\x00" in content:
        raise Unreadable("holds a NUL character; it was probably only half written")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Unreadable(f"is not UTF-8 at byte {error.start}") from None


def read_object(path: Path, limit: int = LARGEST_FILE) -> dict[str, Any]:
    """Return the JSON object that a file holds.

    Raises
    ------
    Unreadable
        As `read_text`; or if it is not JSON, nested too deeply, or not an object.
    """
    text = read_text(path, limit)
    if not text.strip():
        raise Unreadable("is empty")
    try:
        value = json.loads(text)
    except RecursionError:
        raise Unreadable("is nested too deeply") from None
    except ValueError as error:
        # json's own errors, and the interpreter's refusal of numbers with thousands of digits.
        raise Unreadable(f"is not JSON: {error}") from None
    if not isinstance(value, dict):
        raise Unreadable(f"is not a JSON object but {_kind(value)}")
    return value


def entries(folder: Path) -> list[Path]:
    """Return what lies in a folder, sorted by name.

    Raises
    ------
    Unreadable
        If it cannot be listed.
    """
    try:
        return sorted(folder.iterdir(), key=lambda path: os.fsencode(path.name))
    except OSError as error:
        raise Unreadable(_describe(error)) from None


def exists(path: Path) -> bool:
    """Tell whether something of this name is there, be it a broken link."""
    return os.path.lexists(path)


def _describe(error: OSError) -> str:
    if error.errno == errno.ELOOP:
        return "is a symbolic link that leads to itself"
    if error.errno == errno.ENOENT:
        return "does not exist, or is a symbolic link to nothing"
    return f"cannot be read: {error.strerror or type(error).__name__}"


def _kind(value: object) -> str:
    names = {list: "a list", str: "a string", bool: "true or false", int: "a number", float: "a number"}
    return names.get(type(value), "null")
