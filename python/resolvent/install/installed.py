"""What is installed, with all that installers noted: which package owns which file.

`resolvent.Prefix` reads what a solver needs; this reads the rest of `conda-meta/*.json`, for programs that change
the environment. Files that cannot be read belong to nobody here and are left alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .._core import PackageRecord
from ..prefix import files, records
from ..prefix.files import Unreadable
from .archives import unsafe_path


@dataclass(frozen=True)
class InstalledPackage:
    """One installed package.

    Attributes
    ----------
    record
        Its record.
    data
        The whole content of its file.
    file
        The name of its file in `conda-meta`.
    by_pip
        conda's metadata knows of it, but pip installed it.
    """

    record: PackageRecord
    data: Mapping[str, Any]
    file: str
    by_pip: bool = False

    @property
    def stem(self) -> str:
        """`name-version-build`."""
        return self.file.removesuffix(".json")

    @property
    def paths(self) -> list[str]:
        """The files that belong to it, relative to the environment. Paths that lead out of it are left out."""
        listed = self.data.get("files")
        if not isinstance(listed, list):
            listed = [entry.get("_path") for entry in self.entries]
        return [path for path in listed if isinstance(path, str) and not unsafe_path(path)]

    @property
    def entries(self) -> list[dict[str, Any]]:
        """The entries of `paths_data`."""
        data = self.data.get("paths_data")
        paths = data.get("paths") if isinstance(data, dict) else None
        return [entry for entry in paths if isinstance(entry, dict)] if isinstance(paths, list) else []


def read_installed(prefix: Path) -> dict[str, InstalledPackage]:
    """Return the installed packages by name; the same ones as `Prefix.records`, and those of pip.

    Raises
    ------
    Unreadable
        If `conda-meta` cannot be listed.
    """
    found: dict[str, InstalledPackage] = {}
    for package in _packages(prefix):
        other = found.get(package.record.name)
        # Of two files, the one that no installer would have named like this is the stray copy.
        if other is None or (_proper(package) and not _proper(other)):
            found[package.record.name] = package
    return found


def _packages(prefix: Path) -> Iterator[InstalledPackage]:
    for path in files.entries(prefix / "conda-meta"):
        if path.name.endswith(".json") and not path.name.startswith("."):
            try:
                data = files.read_object(path)
                yield InstalledPackage(records.to_record(data), data, path.name, records.is_unmanageable(data))
            except Unreadable:
                continue


def _proper(package: InstalledPackage) -> bool:
    return package.file == records.file_name(package.record)


def python_of(installed: Mapping[str, InstalledPackage]) -> PackageRecord | None:
    """Return the record of the environment's python."""
    python = installed.get("python")
    return None if python is None else python.record


def same_package(left: PackageRecord, right: PackageRecord) -> bool:
    """Return whether two records are one package: the same build, from archives of the same content."""
    if (left.name, left.version, left.build) != (right.name, right.version, right.build):
        return False
    for one, other in ((left.sha256, right.sha256), (left.md5, right.md5)):
        if one and other:
            return one == other
    return left.subdir == right.subdir and left.fn == right.fn
