"""What the command writes: JSON, conflicts and errors as text, and what a closed pipe needs."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import Any, Literal

from .._core import Conflict
from ..report import failed_report
from ..text import printable

#: Warnings about the index that are shown one by one; the rest is counted.
_SHOWN_WARNINGS = 5


class UsageError(Exception):
    """The arguments make no sense; raised instead of argparse's own exit so that `--json` holds for it too."""


def print_json(report: dict[str, Any]) -> None:
    """Write one JSON object to stdout."""
    # In one piece: an unbuffered stdout would take a system call for each word.
    done: dict[int, str] = {}
    lines = (f'  "{key}": {_json_text(value, 2, done)}' for key, value in report.items())
    sys.stdout.write("{\n" + ",\n".join(lines) + "\n}\n")


def _json_text(value: Any, indent: int, done: dict[int, str]) -> str:
    """Return JSON with a line for each record: indenting everything would take an encoder that is ten times slower.

    `done` keeps the text of each mapping, by identity, for when it comes again.
    """
    import json

    start, end = "\n" + " " * (indent + 2), "\n" + " " * indent
    if isinstance(value, list) and value and isinstance(value[0], dict):
        for one in value:
            if id(one) not in done:
                done[id(one)] = json.dumps(one)
        return f"[{start}{f',{start}'.join(done[id(one)] for one in value)}{end}]"
    if isinstance(value, dict) and any(isinstance(inner, list) for inner in value.values()):
        lines = (f"{json.dumps(key)}: {_json_text(inner, indent + 2, done)}" for key, inner in value.items())
        return f"{{{start}{f',{start}'.join(lines)}{end}}}"
    # ASCII only: whatever the terminal's encoding, and whatever a record holds, it can be written.
    return json.dumps(value)


def print_warnings(warnings: Sequence[str]) -> None:
    """Write the first of an index's warnings to stderr, and how many more there are."""
    for warning in warnings[:_SHOWN_WARNINGS]:
        complain(f"warning: {warning}")
    if len(warnings) > _SHOWN_WARNINGS:
        complain(f"warning: {len(warnings) - _SHOWN_WARNINGS} more of these")


#: What the tree of a conflict is drawn with, and how where the terminal's encoding has no such characters.
_PLAIN_TREE = str.maketrans({"├": "|", "└": "`", "│": "|", "─": "-", "…": "..."})


def tell_conflict(conflict: Conflict, words: Sequence[str]) -> None:
    """Tell why there is no answer and what would help: in colours on a terminal, else as plain text."""
    from io import StringIO

    from rich.console import Console

    from .conflicts import render

    text = StringIO()
    colours = sys.stderr.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    system: Literal["standard"] | None = "standard" if colours else None
    console = Console(file=text, force_terminal=colours, color_system=system, highlight=False)
    render(conflict, console, "--verbose" in words, words)
    told = f"resolvent: {text.getvalue().rstrip()}\n"
    encoding = getattr(sys.stderr, "encoding", None) or "ascii"
    try:
        told.encode(encoding)
    except UnicodeError:
        told = told.translate(_PLAIN_TREE)
    # `render` has spelled out the control characters of names and specs.
    sys.stderr.write(told.encode(encoding, "backslashreplace").decode(encoding))


def fail(error: Exception, code: int, as_json: bool) -> int:
    """Tell an error in the form that was asked for, and return the exit code."""
    if as_json:
        print_json(failed_report(error))
    else:
        complain(f"resolvent: {error}")
    return code


def complain(text: str) -> None:
    """Write to stderr what any terminal can show: control characters of a file's text do not reach it."""
    safe = printable(text)
    encoding = getattr(sys.stderr, "encoding", None) or "ascii"
    sys.stderr.write(safe.encode(encoding, "backslashreplace").decode(encoding) + "\n")


def flushed(code: int) -> int:
    """Flush while a closed pipe can still be answered quietly."""
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        return silence()
    return code


def silence() -> int:
    """Whoever read our output has left: end without a word, as other tools do."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 128 + 13
