"""Comparing an environment with what its `conda-meta` says of it."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from .contents import PythonPlaces
from .installed import InstalledPackage, python_of, read_installed

ProblemKind = Literal["missing", "size", "content", "kind"]


@dataclass(frozen=True)
class FileProblem:
    """A file that is not as it was linked.

    Attributes
    ----------
    kind
        `missing`; `size` or `content` differ; or it is of another `kind` (a file, a link, a folder).
    package
        The name of the package that owns it.
    path
        Relative to the environment.
    detail
        What was expected and found.
    """

    kind: ProblemKind
    package: str
    path: str
    detail: str

    def __str__(self) -> str:
        return f"{self.path} of {self.package}: {self.detail}"


def verify(prefix: Path) -> list[FileProblem]:
    """Return the files of an environment's packages that are missing or were changed, sorted by path.

    Files without a recorded hash must only exist, and so must those of packages that pip installed.
    """
    installed = read_installed(prefix)
    found: list[FileProblem] = []
    windows = any(package.record.subdir.startswith("win-") for package in installed.values())
    python = PythonPlaces.of(python_of(installed), windows=windows)
    for name, package in installed.items():
        listed = {_target(package, entry, python): entry for entry in package.entries}
        for path in dict.fromkeys([*package.paths, *listed]):
            problem = _compare(prefix, path, listed.get(path, {}))
            if problem is not None:
                found.append(FileProblem(problem[0], name, path, problem[1]))
    return sorted(found, key=lambda problem: problem.path)


def _target(package: InstalledPackage, entry: dict[str, Any], python: PythonPlaces | None) -> str:
    """Return where a listed path is: conda lists those of noarch python packages as the archive has them."""
    path = str(entry.get("_path") or "")
    if package.record.noarch == "python" and python is not None:
        return python.place(path)
    return path


def _compare(prefix: Path, path: str, entry: dict[str, Any]) -> tuple[ProblemKind, str] | None:
    place = os.path.join(prefix, path)
    if not os.path.lexists(place):
        return "missing", "is missing"
    kind = entry.get("path_type")
    if kind == "softlink":
        return None if os.path.islink(place) else ("kind", "is not a symbolic link any more")
    if kind == "directory":
        return None if os.path.isdir(place) else ("kind", "is not a folder any more")
    if not os.path.isfile(place):
        return "kind", "is a link to nothing" if os.path.islink(place) else "is not a file any more"
    if kind not in {"hardlink", "unix_python_entry_point"} or entry.get("no_verify"):
        return None
    wanted = entry.get("sha256_in_prefix") or (None if entry.get("prefix_placeholder") else entry.get("sha256"))
    size = entry.get("size_in_bytes")
    # A patched text file has another size than the one in the archive, which is the one that is listed.
    if isinstance(size, int) and not entry.get("prefix_placeholder") and os.path.getsize(place) != size:
        return "size", f"has {os.path.getsize(place)} bytes, {size} were linked"
    if isinstance(wanted, str) and _sha256(place) != wanted:
        return "content", "has another content than what was linked"
    return None


def _sha256(place: str) -> str:
    digest = hashlib.sha256()
    with open(place, "rb", buffering=0) as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()
