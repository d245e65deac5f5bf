"""How a conflict is shown: the culprit, a tree, hints, and as commands what would help."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from .._core import Conflict
from ..text import printable
from .suggest import changed_command

if TYPE_CHECKING:
    from rich.console import Console

#: Most lines of a conflict that is not shown in full, fixes included.
SCREENFUL = 40
#: Seconds that `render` looks for fixes.
FIX_SECONDS = 5.0
#: Seconds that `render` looks for further conflicts.
FURTHER_SECONDS = 1.0
#: Most further conflicts that `render` tells, one line each, unless everything is asked for.
MOST_FURTHER = 3


def render(conflict: Conflict, console: Console, verbose: bool = False, words: Sequence[str] | None = None) -> None:
    """Show a conflict for people: the culprit, a tree, hints, and as commands what would help.

    At most `SCREENFUL` lines, unless everything is asked for; in colours if the console is a terminal.

    Parameters
    ----------
    conflict
        Of an `UnsatisfiableError`.
    console
        Of rich.
    verbose
        Leave nothing out, and tell further conflicts of the request in full.
    words
        The arguments of the command line; fixes are then shown as that line with changes, else as a whole new one.
    """
    from rich.text import Text

    def show(text: str, style: str = "") -> None:
        console.print(Text(printable(text), style=style), soft_wrap=True)

    report = conflict.report(verbose=verbose).splitlines()
    for number, line in enumerate(report):
        show(line, "bold red" if number == 0 else "yellow" if line.startswith("hint:") else "")
    further, complete = conflict.search_further(FIX_SECONDS if verbose else FURTHER_SECONDS)
    besides = further if verbose else further[:MOST_FURTHER]
    for other in besides:
        show(f"also: {other.report(verbose=True) if verbose else other.headline}", "red")
    left = len(further) - len(besides)
    if left:
        count = f"{left}" if complete else f"at least {left}"
        show(f"and {count} more conflict{'s' if left > 1 else ''}; --verbose shows more")
    elif not complete:
        show("(there may be more conflicts)")
    room = SCREENFUL - len(report) - len(besides) - 3
    fixes = conflict.fixes(timeout=FIX_SECONDS)
    shown = [fixes[i] for i in range(len(fixes)) if verbose or 2 * (i + 1) <= room]
    if shown:
        show("what would help:", "bold")
    for fix in shown:
        show(f"  {fix}")
        own = None if words is None else changed_command(words, fix.line_changes)
        show(f"    {own or fix.command}", "green")
    if not fixes.complete:
        show("(stopped at the time limit; more fixes may exist)")
