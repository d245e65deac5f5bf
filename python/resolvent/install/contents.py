"""What a package puts into an environment, read from its unpacked archive before anything is linked.

`info/paths.json` lists the files (packages from before 2017 have `info/files`, `info/has_prefix` and `info/no_link`
instead), `info/link.json` the entry points of noarch python packages. The paths of those are moved: `site-packages/`
to the site-packages of the environment's python, `python-scripts/` to `bin/` (`Scripts/` on Windows).

Nothing of it is trusted: each path passes the rules of `archives`, for a linker would follow it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .._core import PackageRecord
from .archives import unsafe_path
from .errors import CorruptPackage, UnsafePackage

#: The prefix of builds in packages that do not say theirs.
_OLD_PLACEHOLDER = "/opt/anaconda1anaconda2anaconda3"
_COMMAND = re.compile(r"[^/\\\x00\s=]+\Z")
_MODULE = re.compile(r"\w+(\.\w+)*\s*:\s*\w+(\.\w+)*\s*(\[[^\]]*\])?\Z")
_OLD_PREFIX = re.compile(
    r'"(?P<quoted>[^"]*)"\s+(?P<qmode>text|binary)\s+"?(?P<qpath>[^"]+)"?\s*\Z|(?P<a>\S+)\s+(?P<mode>text|binary)\s+(?P<path>.+?)\s*\Z'
)


@dataclass(frozen=True)
class PackagePath:
    """One file of a package.

    Attributes
    ----------
    source
        Its path in the archive.
    target
        Its path in the environment.
    kind
        `hardlink`, `softlink`, `directory`, or `entry_point`, which has no source.
    sha256, size
        Of the file in the archive, where the package lists them.
    placeholder, mode
        The prefix of the build that is replaced in it, and whether it is a `text` or `binary` file.
    no_link
        It must be copied.
    """

    source: str
    target: str
    kind: str
    sha256: str | None = None
    size: int = 0
    placeholder: str | None = None
    mode: str | None = None
    no_link: bool = False


@dataclass(frozen=True)
class PythonPlaces:
    """Where an environment's python looks for modules and commands, relative to the environment."""

    site_packages: str
    scripts: str

    @classmethod
    def of(cls, python: PackageRecord | None, *, windows: bool) -> PythonPlaces | None:
        """Return the places of a python record; None without one."""
        if python is None:
            return None
        minor = ".".join(python.version.split(".")[:2])
        usual = "Lib/site-packages" if windows else f"lib/python{minor}/site-packages"
        return cls(python.python_site_packages_path or usual, "Scripts" if windows else "bin")

    def place(self, path: str) -> str:
        """Return where a path of a noarch python package goes."""
        if path.startswith("site-packages/"):
            return f"{self.site_packages}/{path.removeprefix('site-packages/')}"
        if path.startswith("python-scripts/"):
            return f"{self.scripts}/{path.removeprefix('python-scripts/')}"
        return path


def read_contents(
    folder: Path, record: PackageRecord, python: PythonPlaces | None, *, windows: bool = False
) -> list[PackagePath]:
    """Return what an unpacked package puts into an environment.

    Parameters
    ----------
    folder
        The unpacked archive.
    record
        Its record.
    python
        Where the environment's python looks; noarch python packages need it.
    windows
        Whether the environment is one for Windows.

    Raises
    ------
    UnsafePackage
        If a path or an entry point leads out of the environment.
    CorruptPackage
        If the lists cannot be read, or a python package has no python to go to.
    """
    raw = read_paths(folder, record.fn)
    if record.noarch != "python":
        return raw
    if python is None:
        raise CorruptPackage(record.fn, "is a noarch python package, and the environment has no python")
    moved = [_moved(path, python) for path in raw]
    return [*moved, *_entry_points(folder, record.fn, python, windows=windows)]


def read_paths(folder: Path, name: str) -> list[PackagePath]:
    """Return the files that a package lists, at their paths in the archive."""
    listing = folder / "info" / "paths.json"
    entries = _json(listing, name).get("paths") if listing.is_file() else _old_entries(folder)
    if not isinstance(entries, list):
        raise CorruptPackage(name, "has an info/paths.json without a list of paths")
    return [_path(entry, name) for entry in entries]


def link_scripts(paths: Iterable[PackagePath], record: PackageRecord) -> list[str]:
    """Return the scripts that a package brings to be run when it is linked or unlinked, as paths."""
    names = {
        f"{folder}{dot}{record.name}-{moment}.{ending}"
        for moment in ("pre-link", "post-link", "pre-unlink")
        for folder, dot, ending in (("bin/", ".", "sh"), ("Scripts/", ".", "bat"), ("Scripts/", "", "bat"))
    }
    return sorted(path.target for path in paths if path.target in names)


def _path(entry: Any, name: str) -> PackagePath:
    if not isinstance(entry, dict) or not isinstance(entry.get("_path"), str):
        raise CorruptPackage(name, "has an info/paths.json with an entry that has no path")
    path = entry["_path"]
    reason = unsafe_path(path)
    if reason:
        raise UnsafePackage(name, path, reason)
    if path.split("/")[0].casefold() == "conda-meta":
        raise UnsafePackage(name, path, "is in conda-meta, which belongs to the installer")
    size, placeholder = entry.get("size_in_bytes"), entry.get("prefix_placeholder")
    return PackagePath(
        source=path,
        target=path,
        kind=str(entry.get("path_type") or "hardlink"),
        sha256=entry.get("sha256") if isinstance(entry.get("sha256"), str) else None,
        size=size if isinstance(size, int) else 0,
        placeholder=placeholder if isinstance(placeholder, str) and placeholder else None,
        mode=entry.get("file_mode"),
        no_link=bool(entry.get("no_link")),
    )


def _moved(path: PackagePath, python: PythonPlaces) -> PackagePath:
    target = python.place(path.source)
    return PackagePath(**{**path.__dict__, "target": target})


def _entry_points(folder: Path, name: str, python: PythonPlaces, *, windows: bool) -> list[PackagePath]:
    listing = folder / "info" / "link.json"
    if not listing.is_file():
        return []
    noarch = _json(listing, name).get("noarch")
    points = (noarch.get("entry_points") or []) if isinstance(noarch, dict) else []
    found = []
    for point in points if isinstance(points, list) else []:
        command, separator, function = str(point).partition("=")
        if not separator or not _COMMAND.match(command.strip()) or command.strip() in {".", ".."}:
            raise UnsafePackage(name, str(point), "is an entry point whose name is not a plain file name")
        if not _MODULE.match(function.strip()):
            raise UnsafePackage(name, str(point), "is an entry point that does not name a function")
        target = f"{python.scripts}/{command.strip()}"
        endings = ("-script.py", ".exe") if windows else ("",)
        found += [PackagePath("", target + ending, "entry_point") for ending in endings]
    return found


def _old_entries(folder: Path) -> list[dict[str, Any]]:
    """Return what `paths.json` would say for a package that has none."""
    info = folder / "info"
    files = _lines(info / "files") if (info / "files").is_file() else _walk(folder)
    copied = set(_lines(info / "no_link"))
    prefixes: dict[str, tuple[str, str]] = {}
    for line in _lines(info / "has_prefix"):
        match = _OLD_PREFIX.match(line)
        if match is None:
            prefixes[line] = (_OLD_PLACEHOLDER, "text")
        elif match["qpath"]:
            prefixes[match["qpath"]] = (match["quoted"], match["qmode"])
        else:
            prefixes[match["path"].strip('"')] = (match["a"], match["mode"])
    entries: list[dict[str, Any]] = []
    for path in files:
        place = folder / path
        entry: dict[str, Any] = {"_path": path, "path_type": "softlink" if place.is_symlink() else "hardlink"}
        if path in prefixes:
            entry["prefix_placeholder"], entry["file_mode"] = prefixes[path]
        entry["no_link"] = path in copied
        if not unsafe_path(path) and place.is_file():
            entry["size_in_bytes"] = place.stat().st_size
        entries.append(entry)
    return entries


def _walk(folder: Path) -> list[str]:
    found = (path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_symlink() or path.is_file())
    return sorted(path for path in found if not path.startswith("info/"))


def _lines(file: Path) -> list[str]:
    try:
        text = file.read_text("utf-8")
    except (OSError, UnicodeDecodeError):
        return []
    return [line.strip() for line in text.splitlines() if line.strip()]


def _json(file: Path, name: str) -> dict[str, Any]:
    try:
        value = json.loads(file.read_bytes())
    except (OSError, ValueError, RecursionError) as error:
        raise CorruptPackage(name, f"has an info/{file.name} that cannot be read: {error}") from None
    if not isinstance(value, dict):
        raise CorruptPackage(name, f"has an info/{file.name} that is not a JSON object")
    return value
