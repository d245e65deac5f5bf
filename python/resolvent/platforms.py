"""Platforms: the subdir of this machine, and what the name of one looks like."""

from __future__ import annotations

import os
import sys

from ._core import ResolventError

#: Spellings of machine names, as the operating systems give them, to the architecture part of a subdir.
_ARCHITECTURES = {
    "x86_64": "64",
    "amd64": "64",
    "i386": "32",
    "i486": "32",
    "i586": "32",
    "i686": "32",
    "x86": "32",
    "aarch64": "aarch64",
    "arm64": "aarch64",
    "armv6l": "armv6l",
    "armv7l": "armv7l",
    "ppc64": "ppc64",
    "ppc64le": "ppc64le",
    "riscv64": "riscv64",
    "s390x": "s390x",
}


def host_platform() -> str:
    """Return the subdir of this machine, such as `linux-64`.

    Raises
    ------
    ResolventError
        If the operating system or the architecture has no conda subdir; name a platform then.
    """
    machine = _machine().lower()
    arch = _ARCHITECTURES.get(machine)
    if sys.platform.startswith("linux") and arch:
        # A 32-bit Python on a 64-bit kernel installs 32-bit packages.
        return "linux-32" if arch == "64" and sys.maxsize < 2**32 else f"linux-{arch}"
    if sys.platform == "darwin" and arch in {"64", "aarch64"}:
        return "osx-arm64" if arch == "aarch64" else "osx-64"
    if sys.platform == "win32" and arch in {"64", "32", "aarch64"}:
        return "win-arm64" if arch == "aarch64" else f"win-{arch}"
    raise ResolventError(f"this machine ({sys.platform}, {machine}) has no known conda platform; give one")


def _machine() -> str:
    if hasattr(os, "uname"):
        return os.uname().machine
    import platform

    return platform.machine()


def target_platform(platform: str | None) -> str:
    """Return the subdir to solve for: the one given, or this machine's.

    Raises
    ------
    ResolventError
        If the text is no platform.
    TypeError
        If it is no text.
    """
    if platform is None:
        return host_platform()
    if not isinstance(platform, str):
        raise TypeError(f"platform is a string, not {type(platform).__name__}")
    system, dash, machine = platform.partition("-")
    words = system.isalnum() and machine.isalnum() and platform.isascii() and platform.islower()
    if platform != "noarch" and not (dash and words):
        raise ResolventError(f"not a platform: {platform[:60]!r}; platforms look like linux-64 or osx-arm64")
    return platform
