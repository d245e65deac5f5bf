r"""`conda-meta/history`: what the user asked for in earlier calls.

The file is a log that conda appends a block to after each change:

    ==> 2026-01-31 12:00:00 <==
    # cmd: conda install numpy
    -conda-forge/linux-64::old-1.0-0
    +conda-forge/linux-64::numpy-1.26-py_0
    # update specs: ['numpy', "python[version='>=3.8']"]

The requested specs follow from replaying the blocks that have a `# cmd:` line, oldest first: removed names go,
updated ones get their new spec, neutered ones (specs that conda had to weaken) theirs; who calls keeps the names
that are still installed. The lists of packages in the blocks are of no use here: `conda-meta/*.json` is the truth.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator

#: Longest list of specs in one line, in characters.
_LONGEST = 1 << 20
_HEADER = re.compile(r"==>\s*(.+?)\s*<==")
_COMMAND = re.compile(r"#\s*cmd:\s*\S")
_SPECS = re.compile(r"#\s*(\w+)\s+specs:\s*(.*)")
#: What a piece of an old comma list begins with if it continues the spec before: a version's operator.
_OPERATORS = ("=", "!", "<", ">", "~", "*", "|", "^")

_UPDATES = frozenset({"update", "install", "create"})
_REMOVALS = frozenset({"remove", "uninstall"})


class Block:
    """One block's requests, as MatchSpec strings.

    Attributes
    ----------
    line
        Number of its header line, from 1.
    is_command
        Whether it has a `# cmd:` line, that is, a user's call made it.
    removed, updated, neutered
        The specs of its three lists.
    """

    def __init__(self, line: int) -> None:
        self.line = line
        self.is_command = False
        self.removed: list[str] = []
        self.updated: list[str] = []
        self.neutered: list[str] = []


def parse_blocks(text: str, complain: Callable[[str], None]) -> Iterator[Block]:
    """Yield the blocks of a history file, oldest first.

    Parameters
    ----------
    text
        The file's text; lines before the first header are ignored.
    complain
        Called with each line that should be a list of specs and is not; such a line counts for nothing.
    """
    block: Block | None = None
    for number, line in enumerate(text.splitlines(), start=1):
        stripped = line.strip()
        if _HEADER.match(stripped):
            if block is not None:
                yield block
            block = Block(number)
        elif block is not None and stripped.startswith("#"):
            _parse_comment(block, stripped, number, complain)
    if block is not None:
        yield block


def requested_specs(text: str, name_of: Callable[[str], str | None], complain: Callable[[str], None]) -> dict[str, str]:
    """Return the last spec that was asked for of each name, in the order in which the names were first asked for.

    Parameters
    ----------
    text
        The history file's text.
    name_of
        Gives the package name of a spec; None: the spec counts for nothing.
    complain
        As for `parse_blocks`.
    """
    specs: dict[str, str] = {}
    for block in parse_blocks(text, complain):
        if not block.is_command:
            continue
        for spec in block.removed:
            specs.pop(name_of(spec) or "", None)
        for spec in (*block.updated, *block.neutered):
            name = name_of(spec)
            if name is not None:
                specs[name] = spec
    return specs


def split_old_list(text: str) -> list[str]:
    """Split the comma list of old conda, in which a spec may hold commas itself: `numpy >=1,<2,scipy`."""
    specs: list[list[str]] = []
    for piece in text.split(","):
        if specs and piece.lstrip().startswith(_OPERATORS):
            specs[-1].append(piece)
        else:
            specs.append([piece])
    return [",".join(pieces).strip() for pieces in specs]


def _parse_comment(block: Block, line: str, number: int, complain: Callable[[str], None]) -> None:
    if _COMMAND.match(line):
        block.is_command = True
        return
    match = _SPECS.match(line)
    if match is None:
        return
    action, text = match[1], match[2].strip()
    target = (
        block.updated
        if action in _UPDATES
        else block.removed
        if action in _REMOVALS
        else block.neutered
        if action == "neutered"
        else None
    )
    if target is None:
        return
    if len(text) > _LONGEST:
        # A list takes a hundred times its text while it is read; real ones have some tens of kilobytes.
        complain(f"line {number} has {len(text)} characters, more than any list of specs")
        return
    if text.startswith("["):
        try:
            specs = ast.literal_eval(text)
        except (ValueError, SyntaxError, MemoryError, RecursionError):
            complain(f"line {number} is no list of specs")
            return
        if not isinstance(specs, list) or not all(isinstance(spec, str) for spec in specs):
            complain(f"line {number} is no list of strings")
            return
    else:
        specs = split_old_list(text)
    # The `name@` of conda 3 asked for a feature, not for a package.
    target.extend(spec for spec in specs if spec and not spec.endswith("@"))
