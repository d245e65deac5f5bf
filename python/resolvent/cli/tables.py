"""What people see on a terminal: a solution as a table, with what they should know below it."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator, Sequence
from io import StringIO
from typing import Any

from rich.console import Console
from rich.text import Text

from .._core import MatchSpec, PackageRecord, Solution
from ..displays import human_size, summary, tradeoff_lines
from ..text import one_line
from .columns import Column, print_columns
from .output import write

_SOLUTION = (
    Column("package"),
    Column("version", 1, 5),
    Column("build", 2, 8, style="dim"),
    Column("channel", 4, 12, style="dim"),
    Column("size", 3, 0, True, "dim"),
)
#: Columns of what is no terminal.
_WIDE = 10_000


def print_solution(solution: Solution, specs: Sequence[str], console: Console | None = None) -> None:
    """Print the packages in link order, the requested ones bold; then totals, optimality and trade-offs.

    Parameters
    ----------
    solution
        The answer.
    specs
        What was asked for.
    console
        Where to print; None: standard output.
    """
    if console is None:
        with on_stdout() as stdout:
            print_solution(solution, specs, stdout)
        return
    requested = {MatchSpec(spec).name for spec in specs}
    rows = [
        (
            Text(one_line(record.name), style="bold green" if record.name in requested else ""),
            Text(one_line(record.version)),
            Text(one_line(record.build)),
            Text(one_line(f"{record.channel}/{record.subdir}")),
            Text(human_size(record.size) if record.size else ""),
        )
        for record in solution.records
    ]
    print_columns(console, _SOLUTION, rows)
    console.print()
    console.print(Text(summary(solution)))
    for line in tradeoff_lines(solution):
        console.print(Text(one_line(line), style="yellow"))


#: The colours of the words for changes.
_STYLES = {"link": "green", "unlink": "red", "up": "green", "down": "yellow", "revise": "", "relink": "dim"}


def print_change(solution: Solution, console: Console | None = None) -> None:
    """Print what changes in an environment: what is unlinked, linked, and which versions go up or down, and why.

    Parameters
    ----------
    solution
        The answer.
    console
        Where to print; None: standard output.
    """
    if console is None:
        with on_stdout() as stdout:
            print_change(solution, stdout)
        return
    changes = solution.changes
    if not changes:
        console.print(Text("nothing to do"))
    else:
        rows = []
        for change in changes:
            old, new = change["before"], change["after"]
            size = human_size(new.size) if new is not None and new.size else ""
            word = Text(change["kind"], style=_STYLES[change["kind"]])
            cells = [Text(one_line(text)) for text in (change["name"], _short(old, new), _short(new, old), size)]
            rows.append((word, *cells))
        least = [max(len(record.version) for record in side) + 1 if side else 0 for side in _sides(changes)]
        columns = (
            Column(""),
            Column("package"),
            Column("from", 2, least[0]),
            Column("to", 1, least[1]),
            Column("size", 3, 0, True, "dim"),
        )
        print_columns(console, columns, rows)
        console.print()
        # What is linked again comes from the package cache.
        new = [change["after"] for change in changes if change["after"] is not None and change["kind"] != "relink"]
        gone = sum(change["before"] is not None for change in changes)
        linked = sum(change["after"] is not None for change in changes)
        size = human_size(sum(record.size or 0 for record in new))
        console.print(Text(f"{gone} to unlink, {linked} to link; {size} to download"))
    for line in [*reason_lines(solution), *tradeoff_lines(solution), *solution.exempt]:
        console.print(Text(one_line(line), style="yellow"))


def reason_lines(solution: Solution) -> list[str]:
    """Return one line for each package that goes down or leaves, and for each earlier spec that is given up: why.

    Packages that leave for the same reason share a line.
    """
    lines = []
    leaving: dict[str, list[str]] = {}
    for change in solution.changes:
        reasons = "; ".join(change["reasons"])
        if change["kind"] == "down":
            old, new = change["before"].version, change["after"].version
            lines.append(f"{change['name']} goes down from {old} to {new}: {reasons}")
        elif change["kind"] == "unlink" and reasons:
            leaving.setdefault(reasons, []).append(change["name"])
    for reasons, names in leaving.items():
        lines.append(f"{', '.join(names)} {'leaves' if len(names) == 1 else 'leave'}: {reasons}")
    lines += [f"the earlier request '{spec}' is given up" for spec in solution.dropped]
    return lines


def _short(record: PackageRecord | None, other: PackageRecord | None) -> str:
    """Return version and build, and the channel where that changes."""
    if record is None:
        return ""
    text = f"{record.version} {record.build}"
    return text if other is None or other.channel == record.channel else f"{text} ({record.channel})"


def _sides(changes: Sequence[Any]) -> tuple[list[PackageRecord], list[PackageRecord]]:
    """Return the records that are there before, and those that are there after."""
    before = [change["before"] for change in changes if change["before"] is not None]
    return before, [change["after"] for change in changes if change["after"] is not None]


@contextlib.contextmanager
def on_stdout() -> Iterator[Console]:
    """Give a console whose text is written to standard output at the end, in one piece.

    Lines are cut only where a terminal would break them, never in a file or a pipe.
    """
    text = StringIO()
    terminal = sys.stdout is not None and sys.stdout.isatty()
    width = None if terminal else _WIDE
    yield Console(file=text, force_terminal=terminal or None, legacy_windows=False, highlight=False, width=width)
    write(text.getvalue())
