"""Tables whose names are never broken, however narrow the terminal is.

A column has a rank. Those of rank 0 are always whole, those of rank 1 have as much as there is room for; the others
shrink to their least width before one goes, and the one of the highest rank goes first.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rich.cells import cell_len, set_cell_size
from rich.console import Console
from rich.text import Text

_GAP = 2


@dataclass(frozen=True)
class Column:
    """A column: its header, its rank, how narrow it may become (0: whole or not at all), its side and its style."""

    header: str
    rank: int = 0
    least: int = 0
    right: bool = False
    style: str = ""


def print_columns(console: Console, columns: Sequence[Column], rows: Sequence[Sequence[Text]]) -> None:
    """Print rows below their headers, in as much of the console's width as they need."""
    texts = [[Text(column.header, style="dim") for column in columns], *rows]
    widths = [max(cell_len(row[at].plain) for row in texts) for at in range(len(columns))]
    widths = fitting(widths, columns, console.width)
    shown = [at for at, width in enumerate(widths) if width or columns[at].rank == 0]
    for row in texts:
        line = Text()
        for at in shown:
            cell, width = row[at].copy(), widths[at]
            if cell_len(cell.plain) > width:
                cell.plain = set_cell_size(cell.plain, max(0, width - 1)).rstrip() + "…"
            blank = " " * (width - cell_len(cell.plain))
            if not cell.style:
                cell.style = columns[at].style
            gap = "" if at == shown[-1] else " " * _GAP
            line.append(blank) if columns[at].right else None
            line.append_text(cell)
            line.append(gap if columns[at].right else blank + gap)
        line.rstrip()
        console.print(line, no_wrap=True, overflow="ignore", crop=False, soft_wrap=True)


def fitting(widths: Sequence[int], columns: Sequence[Column], room: int) -> list[int]:
    """Return widths that fit into some room; 0: the column is left out.

    Parameters
    ----------
    widths
        What the columns need to be whole.
    columns
        What they are.
    room
        How wide the terminal is.
    """
    left = [0 if column.rank else width for width, column in zip(widths, columns, strict=True)]
    rest = room - sum(left) - _GAP * (sum(column.rank == 0 for column in columns) - 1)
    order = sorted((at for at, column in enumerate(columns) if column.rank), key=lambda at: columns[at].rank)
    for at in order:
        least = min(widths[at], columns[at].least or widths[at])
        if 0 < least + _GAP <= rest:
            left[at] = min(widths[at], rest - _GAP) if columns[at].rank == 1 else least
            rest -= left[at] + _GAP
    for at in order:
        if left[at]:
            more = min(widths[at] - left[at], rest)
            left[at] += more
            rest -= more
    return left
