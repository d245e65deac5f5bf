"""What pip put into an environment, beside conda's packages.

Nobody but pip changes these; but they are shown, their files are not overwritten silently, and when python goes to
another minor version somebody says that they stay behind.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

#: Bytes of a METADATA or RECORD file that are looked at.
_MOST = 8 << 20


@dataclass(frozen=True)
class PipPackage:
    """One distribution.

    Attributes
    ----------
    name, version
        As it calls itself.
    folder
        The site-packages that it lies in, relative to the environment.
    info
        Its `.dist-info` or `.egg-info`, relative to the environment.
    origin
        `pypi`, or the address that it came from (`direct_url.json`).
    """

    name: str
    version: str
    folder: str
    info: str
    origin: str = "pypi"


def site_packages(prefix: Path) -> list[str]:
    """Return the site-packages folders of an environment, relative to it."""
    found = [path.relative_to(prefix).as_posix() for path in prefix.glob("lib/python*/site-packages") if path.is_dir()]
    if (prefix / "Lib" / "site-packages").is_dir() and os.name == "nt":
        found.append("Lib/site-packages")
    return sorted(found)


def pip_packages(prefix: Path, owned: Iterable[str]) -> list[PipPackage]:
    """Return the distributions in an environment that no conda package owns, sorted by name.

    Parameters
    ----------
    prefix
        The environment.
    owned
        The paths of conda's packages.
    """
    places = {path.rpartition("/")[0] for path in owned if ".dist-info/" in path or ".egg-info/" in path}
    files = {path for path in owned if path.endswith((".egg-info", ".dist-info"))}
    found = []
    for folder in site_packages(prefix):
        try:
            names = sorted(os.listdir(prefix / folder))
        except OSError:
            continue
        for name in names:
            info = f"{folder}/{name}"
            if not name.endswith((".dist-info", ".egg-info")) or info in places or info in files:
                continue
            package = _read(prefix, folder, info)
            if package is not None:
                found.append(package)
    return sorted(found, key=lambda package: (package.name.lower(), package.folder))


def owner_of(prefix: Path, paths: Iterable[str], packages: Iterable[PipPackage]) -> dict[str, str]:
    """Return which of some paths belong to pip's packages, and to which."""
    wanted = set(paths)
    owners: dict[str, str] = {}
    for package in packages:
        for line in _text(prefix / package.info / "RECORD").splitlines():
            path = os.path.normpath(f"{package.folder}/{line.split(',')[0].strip(chr(34))}").replace(os.sep, "/")
            if path in wanted:
                owners[path] = package.name
    return owners


def _read(prefix: Path, folder: str, info: str) -> PipPackage | None:
    place = prefix / info
    metadata = place if place.is_file() else place / ("METADATA" if info.endswith(".dist-info") else "PKG-INFO")
    fields: dict[str, str] = {}
    for line in _text(metadata).splitlines():
        if not line.strip():
            break
        key, _, value = line.partition(":")
        fields.setdefault(key.strip().lower(), value.strip())
    name, version = fields.get("name"), fields.get("version")
    if not name or not version:
        return None
    return PipPackage(name, version, folder, info, _origin(place))


def _origin(place: Path) -> str:
    import json

    from ..network.redact import redact

    try:
        url = json.loads(_text(place / "direct_url.json") or "{}").get("url")
    except (ValueError, AttributeError):
        return "pypi"
    return redact(url) if isinstance(url, str) else "pypi"


def _text(file: Path) -> str:
    try:
        with file.open("rb") as stream:
            return stream.read(_MOST).decode("utf-8", "replace")
    except OSError:
        return ""
