"""What can be wrong with an environment on disk: errors that name the file and say what to do."""

from __future__ import annotations

import os
from pathlib import Path

from .._core import ResolventError


class PrefixError(ResolventError):
    """Base of the errors about an environment on disk.

    Attributes
    ----------
    path
        The environment's folder.
    """

    def __init__(self, message: str, path: Path) -> None:
        super().__init__(message)
        self.path = path


class NotAnEnvironment(PrefixError):
    """The folder is no conda environment: it has no `conda-meta`."""


class InvalidPrefix(PrefixError):
    """A file of `conda-meta` cannot be used.

    Attributes
    ----------
    file
        The file.
    reason
        What is wrong with it, in words that fit after its name.
    """

    def __init__(self, path: Path, file: Path, reason: str) -> None:
        super().__init__(f"{printable(file)}: {reason}", path)
        self.file = file
        self.reason = reason


def printable(path: Path | str) -> str:
    """Return a path as text that any terminal and any encoder can take, odd bytes escaped."""
    text = os.fsencode(path).decode("utf-8", "backslashreplace")
    return "".join(letter if letter.isprintable() else letter.encode("unicode_escape").decode() for letter in text)
