"""`conda-meta/history`, as conda writes it: one block a change, and each block is a revision.

    ==> 2026-01-31 12:00:00 <==
    # cmd: resolvent install numpy
    # resolvent version: 0.1.0
    -conda-forge/linux-64::old-1.0-0
    +conda-forge/linux-64::numpy-1.26-py_0
    # update specs: ['numpy']

Blocks are numbered from 0, like `conda list --revisions` numbers them. The version has a name of its own, for conda
refuses environments that a newer conda has changed.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from .._core import PackageRecord, __version__

_HEADER = re.compile(r"==>\s*(.+?)\s*<==")
_COMMAND = re.compile(r"#\s*cmd:\s*(.*)")
_SPECS = re.compile(r"#\s*(\w+)\s+specs:\s*(.*)")
_CHANGE = re.compile(r"[+-]\S")


@dataclass(frozen=True)
class Block:
    """One block of the file.

    Attributes
    ----------
    date, command
        As they are written; the command is empty where the block has none.
    linked, unlinked
        Packages as `channel/subdir::name-version-build`. A block without signs lists all packages: `whole`.
    text
        The block's lines, header included.
    """

    date: str
    command: str = ""
    linked: tuple[str, ...] = ()
    unlinked: tuple[str, ...] = ()
    whole: tuple[str, ...] | None = None
    text: str = field(default="", repr=False)


@dataclass(frozen=True)
class Requests:
    """What a change asked for, as MatchSpec strings: the three lists of a block."""

    update: tuple[str, ...] = ()
    remove: tuple[str, ...] = ()
    neutered: tuple[str, ...] = ()


def parse(text: str) -> list[Block]:
    """Return the blocks of a history file, oldest first."""
    pieces: list[list[str]] = []
    for line in text.splitlines():
        if _HEADER.match(line.strip()):
            pieces.append([line])
        elif pieces:
            pieces[-1].append(line)
    return [_block(lines) for lines in pieces]


def _block(lines: Sequence[str]) -> Block:
    header = _HEADER.match(lines[0].strip())
    stripped = [line.strip() for line in lines[1:]]
    command = next((match[1] for line in stripped if (match := _COMMAND.match(line))), "")
    packages = [line for line in stripped if line and not line.startswith("#")]
    signed = all(_CHANGE.match(line) for line in packages)
    return Block(
        date=header[1] if header else "",
        command=command,
        linked=tuple(line[1:] for line in packages if signed and line.startswith("+")),
        unlinked=tuple(line[1:] for line in packages if signed and line.startswith("-")),
        whole=None if signed else tuple(packages),
        text="\n".join(lines),
    )


def state(blocks: Iterable[Block]) -> set[str]:
    """Return the packages that are installed after some blocks."""
    present: set[str] = set()
    for block in blocks:
        before = present if block.whole is None else set(block.whole)
        present = (before - set(block.unlinked)) | set(block.linked)
    return present


def dist(record: PackageRecord) -> str:
    """Return a package as history names it."""
    return f"{record.channel}/{record.subdir}::{record.name}-{record.version}-{record.build}"


def now() -> str:
    """Return the present as a block's date."""
    return datetime.datetime.now().strftime("%Y-%m-%d %H:%M:%S")


def block_text(
    *, date: str, command: str | None, before: Iterable[str], after: Iterable[str], requests: Requests = Requests()
) -> str:
    """Return a new block.

    Parameters
    ----------
    date
        From `now`.
    command
        What the user typed; None: somebody else made the change.
    before, after
        What was installed and is.
    requests
        What was asked for.
    """
    old, new = set(before), set(after)
    lines = [f"==> {date} <=="]
    if command is not None:
        lines += [f"# cmd: {' '.join(command.split())}", f"# resolvent version: {__version__}"]
    lines += [f"-{one}" for one in sorted(old - new)]
    lines += [f"+{one}" for one in sorted(new - old)]
    for word, specs in (("update", requests.update), ("remove", requests.remove), ("neutered", requests.neutered)):
        if specs:
            lines.append(f"# {word} specs: {list(specs)!r}")
    return "\n".join(lines) + "\n"
