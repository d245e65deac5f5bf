"""What the command writes: the only place that touches standard output and standard error.

Output whose reader has left ends the command without a word, output that cannot be written with one line; what goes
to standard error is lost quietly where that cannot be written. Nothing is written there with a secret in it.
"""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Mapping, Sequence
from typing import Any, Literal

from .._core import Conflict
from ..report import failed_report
from ..text import one_line, printable

#: Warnings about the index that are shown one by one; the rest is counted.
_SHOWN_WARNINGS = 5
#: Warnings of this command, in order, each once: what the library logs may be a warning of an index, too.
_written: dict[str, None] = {}
_as_json = False


class UsageError(Exception):
    """The arguments make no sense; raised instead of argparse's own exit so that `--json` holds for it too."""


class OutputError(Exception):
    """Standard output is closed or full."""


def begin(as_json: bool) -> None:
    """Begin a command: nothing was heard yet; warnings go to JSON or to standard error."""
    global _as_json  # one process runs one command at a time
    _written.clear()
    _as_json = as_json


def write(text: str) -> None:
    """Write lines to standard output, as any terminal can show them.

    Raises
    ------
    BrokenPipeError
        If its reader has left.
    OutputError
        If it cannot be written for another reason.
    """
    if sys.stdout is None:
        raise OutputError("standard output is closed")
    text = printable(text)
    try:
        sys.stdout.write(text)
    except UnicodeEncodeError:
        encoding = sys.stdout.encoding
        sys.stdout.write(text.encode(encoding, "backslashreplace").decode(encoding))
    except BrokenPipeError:
        raise
    except (OSError, ValueError) as error:
        raise _unwritable(error) from error


def _unwritable(error: OSError | ValueError) -> OutputError:
    reason = error.strerror if isinstance(error, OSError) else "it is closed"
    return OutputError(f"standard output cannot be written: {reason}")


def print_json(report: Mapping[str, Any]) -> None:
    """Write one JSON object to stdout; `warnings` are those of the command."""
    # In one piece: an unbuffered stdout would take a system call for each word.
    done: dict[int, str] = {}
    lines = (
        f'  "{key}": {_json_text(value, 2, done)}' for key, value in {**report, "warnings": list(_written)}.items()
    )
    write("{\n" + ",\n".join(lines) + "\n}\n")


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
    """Write the first of some warnings to stderr, and how many more there are; none that was written before.

    With `--json` they are in the object that is printed.
    """
    new = [warning for warning in dict.fromkeys(warnings) if warning not in _written]
    _written.update(dict.fromkeys(new))
    if _as_json:
        return
    for warning in new[:_SHOWN_WARNINGS]:
        complain(f"warning: {one_line(warning)}")
    if len(new) > _SHOWN_WARNINGS:
        complain(f"warning: {len(new) - _SHOWN_WARNINGS} more of these")


#: What the tree of a conflict is drawn with, and how where the terminal's encoding has no such characters.
_PLAIN_TREE = str.maketrans({"├": "|", "└": "`", "│": "|", "─": "-", "…": "..."})


def tell_conflict(conflict: Conflict, words: Sequence[str]) -> None:
    """Tell why there is no answer and what would help: in colours on a terminal, else as plain text."""
    from io import StringIO

    from rich.console import Console

    from .conflicts import render

    text = StringIO()
    colours = (
        sys.stderr is not None
        and sys.stderr.isatty()
        and not os.environ.get("NO_COLOR")
        and os.environ.get("TERM") != "dumb"
    )
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
    _to_stderr(told)


def fail(error: Exception, code: int, as_json: bool) -> int:
    """Tell an error in the form that was asked for, and return the exit code."""
    if as_json and not isinstance(error, OutputError):
        print_json(failed_report(error))
    else:
        complain(f"resolvent: {error}")
    return code


def complain(text: str) -> None:
    """Write to stderr what any terminal can show: control characters of a file's text do not reach it."""
    _to_stderr(f"{printable(text)}\n")


def _to_stderr(text: str) -> None:
    from ..network.redact import redact

    if sys.stderr is None:
        return
    encoding = getattr(sys.stderr, "encoding", None) or "ascii"
    with contextlib.suppress(OSError, ValueError):
        sys.stderr.write(redact(text).encode(encoding, "backslashreplace").decode(encoding))
        sys.stderr.flush()


def flushed(code: int) -> int:
    """Write what is still to be written, while a closed pipe can be answered quietly; return the exit code.

    Raises
    ------
    OutputError
        If it cannot be written.
    """
    try:
        if sys.stdout is not None:
            sys.stdout.flush()
    except BrokenPipeError:
        return silence()
    except (OSError, ValueError) as error:
        raise _unwritable(error) from error
    return code


def silence() -> int:
    """End silently, as other tools do: the reader of our output has left."""
    discard()
    return 128 + 13


def discard() -> None:
    """Throw away what is still to be written to standard output, so that the end of the process does not try again."""
    with contextlib.suppress(OSError, ValueError, AttributeError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def show_logged_warnings() -> None:
    """Show what the library logs as a warning in the form of our own warnings."""
    import logging

    class Handler(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            print_warnings([record.getMessage()])

    logger = logging.getLogger("resolvent")
    if not any(type(handler).__name__ == "Handler" for handler in logger.handlers):
        logger.addHandler(Handler(logging.WARNING))
