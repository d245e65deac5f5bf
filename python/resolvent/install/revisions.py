"""Revisions: the states that an environment can return to.

Each change adds a block to the history; a file beside it keeps the records of that state whole, for the history names
packages only (`conda-meta/.resolvent-revisions/NUMBER.json.zst`). A state that another program made is put together
from the names in the history and the records that are still known.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from .._core import PackageRecord, ResolventError
from . import history
from .errors import InstallError

FOLDER = ".resolvent-revisions"
#: Unpacked bytes of a revision's file: 10,000 records.
_LARGEST = 64 << 20


@dataclass(frozen=True)
class Revision:
    """One state of an environment.

    Attributes
    ----------
    number
        From 0, as `conda list --revisions` counts.
    date
        When it was made, as the history has it.
    command
        What made it; empty where the history does not say.
    linked, unlinked
        What changed, as `channel/subdir::name-version-build`, sorted.
    """

    number: int
    date: str
    command: str
    linked: tuple[str, ...]
    unlinked: tuple[str, ...]


def revisions_of(text: str) -> list[Revision]:
    """Return the revisions that a history describes, oldest first."""
    found = []
    present: set[str] = set()
    for number, block in enumerate(history.parse(text)):
        after = history.state([history.Block("", whole=tuple(present)), block])
        found.append(
            Revision(number, block.date, block.command, tuple(sorted(after - present)), tuple(sorted(present - after)))
        )
        present = after
    return found


def file_of(number: int) -> str:
    """Return the path of a revision's records, relative to `conda-meta`."""
    return f"{FOLDER}/{number}.json.zst"


def pack(block: str, records: Iterable[PackageRecord]) -> bytes:
    """Return the content of a revision's file.

    Parameters
    ----------
    block
        The header line and command of the history's block; a file is used only while it is about that block.
    records
        All packages of the state.
    """
    import zstandard

    content = {"block": block, "records": [record.to_dict() for record in records]}
    return zstandard.ZstdCompressor(level=6).compress(json.dumps(content).encode())


def records_of(meta: Path, number: int, known: Mapping[str, PackageRecord]) -> list[PackageRecord]:
    """Return the packages of a revision.

    Parameters
    ----------
    meta
        The environment's `conda-meta`.
    number
        The revision; negative ones count from the newest, -1 is the newest.
    known
        Records by their names in the history, for states of other programs.

    Raises
    ------
    InstallError
        If there is no such revision, or a package of it is known by name only.
    """
    try:
        text = (meta / "history").read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InstallError(f"the history of {meta.parent} cannot be read: {error}") from None
    blocks = history.parse(text)
    at = number if number >= 0 else len(blocks) + number
    if not 0 <= at < len(blocks):
        numbers = f"revisions are 0 to {len(blocks) - 1}" if blocks else "its history is empty"
        raise InstallError(f"{meta.parent} has no revision {number}; {numbers} (see: resolvent history)")
    stored = _stored(meta, at, heading(blocks[at]))
    if stored is not None:
        return stored
    pool = {**known}
    for other, block in enumerate(blocks):
        for record in _stored(meta, other, heading(block)) or []:
            pool.setdefault(history.dist(record), record)
    wanted = history.state(blocks[: at + 1])
    missing = sorted(wanted - pool.keys())
    if missing:
        raise InstallError(
            f"revision {at} of {meta.parent} was made by another program, and where these of its packages come from is "
            f"not known: {', '.join(missing[:5])}{' and more' if len(missing) > 5 else ''}"
        )
    return [pool[name] for name in sorted(wanted)]


def heading(block: history.Block) -> str:
    """Return what ties a file to its block."""
    return f"{block.date} {block.command}"


def _stored(meta: Path, number: int, block: str) -> list[PackageRecord] | None:
    import zstandard

    try:
        packed = (meta / file_of(number)).read_bytes()
        content = json.loads(zstandard.ZstdDecompressor().decompress(packed, max_output_size=_LARGEST))
        if content["block"] != block:
            return None
        return [PackageRecord.from_dict(record) for record in content["records"]]
    except (OSError, ValueError, TypeError, KeyError, ResolventError, zstandard.ZstdError):
        return None
