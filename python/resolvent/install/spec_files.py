"""Files that say what is wanted: lists of specs, and `@EXPLICIT` lists of archives (CEP 23).

A list has one spec a line; `#` begins a comment. With the line `@EXPLICIT` in it, each line is the address of an
archive, with its hash after `#`: MD5, or SHA-256 with or without `sha256:` in front. Such a file needs no solver.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .._core import PackageRecord, ResolventError
from ..prefix.files import Unreadable, read_text
from .errors import CorruptPackage, InstallError
from .events import ProgressCallback, Reporter
from .fetch import fetch
from .package_cache import PackageCache

_LARGEST = 16 << 20
_HASH = re.compile(r"(?:sha256:)?([0-9a-f]{64})|(?:md5:)?([0-9a-f]{32})")
_SUBDIR = re.compile(r"noarch|[a-z0-9]+-[a-z0-9_]+")
_EXTENSIONS = (".conda", ".tar.bz2")


@dataclass(frozen=True)
class SpecFile:
    """The content of one file.

    Attributes
    ----------
    specs
        MatchSpecs, in the order of the file.
    archives
        Records of an explicit list, known by their file names and hashes only.
    platform
        What an explicit list says it is for; None: it does not.
    """

    specs: tuple[str, ...] = ()
    archives: tuple[PackageRecord, ...] = ()
    platform: str | None = None

    @property
    def explicit(self) -> bool:
        """Whether it is a list of archives."""
        return bool(self.archives)


def read_spec_file(path: str | Path) -> SpecFile:
    """Read a file of specs or of archives.

    Raises
    ------
    ResolventError
        If it cannot be read, or a line of an explicit list is no archive. Specs are not looked at.
    """
    file = Path(path)
    if file.suffix in {".yml", ".yaml", ".toml", ".lock", ".json"}:
        raise ResolventError(f"{file}: only lists of specs and @EXPLICIT lists can be read here")
    try:
        text = read_text(file, _LARGEST)
    except Unreadable as error:
        raise ResolventError(f"{file} {error}") from None
    lines = [(number, line.strip()) for number, line in enumerate(text.splitlines(), start=1)]
    platform = next((line.partition(":")[2].strip() for _, line in lines if line.startswith("# platform:")), None)
    wanted = [(number, line) for number, line in lines if line and not line.startswith("#")]
    if not any(line == "@EXPLICIT" for _, line in wanted):
        return SpecFile(specs=tuple(line.partition(" #")[0].strip() for _, line in wanted))
    archives = [_archive(file, number, line) for number, line in wanted if line != "@EXPLICIT"]
    if not archives:
        raise ResolventError(f"{file} is an @EXPLICIT list without an archive")
    names = [record.name for record in archives]
    double = next((name for name in names if names.count(name) > 1), None)
    if double is not None:
        raise ResolventError(f"{file} lists {double} twice")
    return SpecFile(archives=tuple(archives), platform=platform or None)


def whole_records(
    archives: Sequence[PackageRecord],
    cache: PackageCache,
    *,
    offline: bool | None = None,
    progress: ProgressCallback | None = None,
) -> list[PackageRecord]:
    """Fetch archives that are known by their addresses, and return their records with all that they say themselves.

    Raises
    ------
    InstallError
        If an archive cannot be had, is not what its hash says, or is another package than its name says.
    """
    packages = fetch(archives, cache, offline=offline, report=Reporter(progress))
    return [_whole(record, packages[record.name]) for record in archives]


def _whole(record: PackageRecord, package: Any) -> PackageRecord:
    try:
        index = json.loads((package.folder / "info" / "index.json").read_bytes())
        own = {**index, "subdir": record.subdir}
        for key in ("channel", "fn", "url"):
            own[key] = getattr(record, key)
        found = PackageRecord.from_dict({**own, "sha256": package.sha256, "md5": package.md5, "size": package.size})
    except (OSError, ValueError, TypeError, ResolventError) as error:
        raise CorruptPackage(record.fn, f"has an info/index.json that is no record: {error}") from None
    if (found.name, found.version, found.build) != (record.name, record.version, record.build):
        raise CorruptPackage(record.fn, f"is {found.name} {found.version} {found.build}, not what its name says")
    return found


def _archive(file: Path, number: int, line: str) -> PackageRecord:
    url, _, text = line.partition("#")
    where = f"{file}: line {number}"
    digest = _HASH.fullmatch(text.strip().lower()) if text.strip() else None
    if text.strip() and digest is None:
        raise ResolventError(f"{where} ends in what is neither an MD5 nor a SHA-256: {text.strip()[:80]!r}")
    if "://" not in url:
        url = (file.parent / Path(url.strip()).expanduser()).absolute().as_uri()
    url = url.strip()
    base, _, name = url.rpartition("/")
    extension = next((end for end in _EXTENSIONS if name.endswith(end)), None)
    parts = name.removesuffix(extension or "").rsplit("-", 2)
    if extension is None or len(parts) != 3 or not all(parts):
        raise ResolventError(f"{where} is not the address of a conda package: {line[:120]!r}")
    channel, _, subdir = base.rpartition("/")
    if not _SUBDIR.fullmatch(subdir):
        channel, subdir = base, "noarch"
    number_text = parts[2].rpartition("_")[2]
    try:
        return PackageRecord.from_dict(
            {
                "name": parts[0],
                "version": parts[1],
                "build": parts[2],
                "build_number": int(number_text) if number_text.isascii() and number_text.isdigit() else 0,
                "subdir": subdir,
                "fn": name,
                "url": url,
                "channel": channel,
                "depends": [],
                **({} if digest is None else {"sha256": digest[1]} if digest[1] else {"md5": digest[2]}),
            }
        )
    except (ResolventError, ValueError) as error:
        raise InstallError(f"{where}: {error}") from None
