"""How an answer looks without a terminal: as plain text, as HTML for notebooks, and as markup for rich.

What the command prints is `resolvent.cli.tables`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .text import printable

if TYPE_CHECKING:
    from ._core import PackageRecord, Solution

_UNITS = ("B", "kB", "MB", "GB", "TB")
_HEADER = ("package", "version", "build", "channel", "size")


def as_text(solution: Solution) -> str:
    """Return a table of the packages in link order, with totals and trade-offs below; what `print` shows."""
    rows = [_HEADER, *(_row(record) for record in solution.records)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(_HEADER))]
    lines = []
    for *texts, size in rows:
        shown = [text.ljust(width) for text, width in zip(texts, widths, strict=False)]
        lines.append("  ".join([*shown, size.rjust(widths[-1])]).rstrip())
    return "\n".join([*lines, "", summary(solution), *tradeoff_lines(solution)])


def as_html(solution: Solution) -> str:
    """Return the same table as HTML; what a notebook shows."""
    from html import escape

    def cells(tag: str, row: tuple[str, ...]) -> str:
        return "".join(f"<{tag}>{escape(text)}</{tag}>" for text in row)

    asked = _requested(solution)
    body = []
    for record in solution.records:
        name, *rest = _row(record)
        shown = f"<td><b>{escape(name)}</b></td>" if name in asked else f"<td>{escape(name)}</td>"
        body.append(f"<tr>{shown}{cells('td', tuple(rest))}</tr>")
    below = "<br>".join(escape(line) for line in [summary(solution), *tradeoff_lines(solution)])
    head = f"<thead><tr>{cells('th', _HEADER)}</tr></thead>"
    return f"<table>{head}<tbody>{''.join(body)}</tbody></table><p>{below}</p>"


def as_markup(solution: Solution) -> str:
    """Return the same table in rich's markup; what `rich.print` shows."""
    asked = _requested(solution)
    head, *lines = as_text(solution).replace("\\", "\\\\").replace("[", "\\[").splitlines()
    shown = [f"[dim]{head}[/dim]"]
    for at, line in enumerate(lines):
        name = line.split("  ", 1)[0].rstrip()
        bold = at < len(solution) and name in asked
        shown.append(f"[bold green]{name}[/bold green]{line[len(name) :]}" if bold else line)
    return "\n".join(shown)


def _requested(solution: Solution) -> set[str | None]:
    from ._core import MatchSpec

    return {MatchSpec(spec).name for spec in solution.specs}


def _row(record: PackageRecord) -> tuple[str, ...]:
    channel = f"{record.channel}/{record.subdir}"
    size = human_size(record.size) if record.size else ""
    return tuple(printable(text) for text in (record.name, record.version, record.build, channel, size))


def summary(solution: Solution) -> str:
    """Return one line: how many packages, how large, and how good the answer is."""
    count = len(solution.records)
    size = sum(record.size or 0 for record in solution.records)
    proved = solution.optimality == "proved"
    quality = "proved optimal" if proved else "not proved optimal: time limit reached"
    return f"{count} package{'' if count == 1 else 's'}, {human_size(size)}; {quality}"


def tradeoff_lines(solution: Solution) -> list[str]:
    """Return one line for each requested package that could be newer at another's price."""
    lines = []
    for tradeoff in solution.tradeoffs:
        price = ", ".join(f"{cost.name} {cost.then} instead of {cost.chosen}" for cost in tradeoff.price)
        lines.append(f"trade-off: {tradeoff.name} could be {tradeoff.possible}, with {price}")
    return lines


def human_size(size: int) -> str:
    """Return a number of bytes with a decimal unit: `1.2 MB`."""
    value = float(size)
    for unit in _UNITS[:-1]:
        if value < 999.5:
            return f"{value:.0f} {unit}" if unit == "B" else f"{value:.1f} {unit}"
        value /= 1000
    return f"{value:.1f} {_UNITS[-1]}"
