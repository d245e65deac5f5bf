"""What can go wrong when an environment is made or changed.

Whatever of these is raised, the environment is as it was before, unless the text says otherwise.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .._core import ResolventError
from ..network.redact import redact


class InstallError(ResolventError):
    """Base of the errors of the installer."""

    def __init__(self, message: str) -> None:
        # Texts of other libraries are in some of them, and URLs in those.
        super().__init__(redact(message))


class EnvironmentBusy(InstallError):
    """Another process is changing the environment.

    Attributes
    ----------
    owner
        What that process wrote about itself: `pid`, `host`, `command`, `started` (seconds since 1970).
    """

    def __init__(self, message: str, owner: dict[str, Any]) -> None:
        super().__init__(message)
        self.owner = owner


class EnvironmentFrozen(InstallError):
    """The environment asks to be left unchanged (CEP 22)."""


class EnvironmentChanged(InstallError):
    """The environment is not the one that the solution was made for."""


class UnsafePackage(InstallError):
    """A package would write outside of the environment.

    Attributes
    ----------
    package
        File name of the archive.
    path
        The path in it that is to blame.
    """

    def __init__(self, package: str, path: str, reason: str) -> None:
        super().__init__(f"{package} is not safe to install: {_shown(path)} {reason}")
        self.package = package
        self.path = path


class CorruptPackage(InstallError):
    """An archive is not what the channel says it is, or cannot be unpacked.

    Attributes
    ----------
    package
        File name of the archive.
    """

    def __init__(self, package: str, reason: str) -> None:
        super().__init__(f"{package}: {reason}")
        self.package = package


class PathConflict(InstallError):
    """Files are in each other's way.

    Attributes
    ----------
    paths
        The paths in question, relative to the environment, sorted.
    """

    def __init__(self, message: str, paths: Sequence[str]) -> None:
        super().__init__(message)
        self.paths = list(paths)


class ChangeFailed(InstallError):
    """A change broke off; the text says what state the environment was left in."""


def listed(items: Sequence[str], most: int = 8) -> str:
    """Return a list for a message: its first items, one a line, and how many more there are."""
    lines = [f"  {_shown(item)}" for item in items[:most]]
    if len(items) > most:
        lines.append(f"  and {len(items) - most} more")
    return "\n".join(lines)


def _shown(text: str) -> str:
    """Return a path of a package as text that is safe on any terminal."""
    shown = text if len(text) <= 200 else f"{text[:197]}..."
    return (
        "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in shown)
        .encode("utf-8", "backslashreplace")
        .decode()
    )
