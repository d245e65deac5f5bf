"""The command `resolvent`.

It reads the words of the line, runs one of `resolvent.cli.commands`, and makes an exit code of every error: 0 solved, 1
unsatisfiable, 2 bad input, 3 the deadline struck before there was any answer.

A cold start costs more than most solves, so what only some commands or forms of output need is imported there, and
only the arguments of the command that was given are declared.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Iterable, Sequence
from importlib import import_module
from typing import Any, NoReturn

from .. import __version__
from .._core import DeadlineExceeded, ResolventError, UnsatisfiableError
from .commands.help import EXAMPLES, Help
from .output import UsageError, complain, fail, flushed, silence, tell_conflict
from .parsing import Parser, unknown_command

EXIT_UNSATISFIABLE, EXIT_BAD_INPUT, EXIT_DEADLINE, EXIT_INTERRUPTED = 1, 2, 3, 130

#: The module of `resolvent.cli.commands` that declares a command.
_COMMANDS = {
    "solve": "solve",
    "create": "environments",
    "install": "environments",
    "update": "environments",
    "remove": "environments",
    "list": "listing",
    "envs": "listing",
    "history": "listing",
    "verify": "listing",
    "rollback": "restore",
    "recover": "restore",
    "run": "activation",
    "shell-hook": "activation",
    "clean": "clean",
    "why": "reasons",
    "why-not": "reasons",
    "index": "caches",
    "cache": "caches",
    "replay": "replay",
    "check-proof": "check_proof",
}


def run() -> NoReturn:
    """Be the command: run, and leave the process with the exit code.

    The process ends without taking its memory apart, which would take a seventh of the time of a usual solve. Nothing
    here waits for that, and what other code registered to be called at the end is called.
    """
    import gc

    gc.set_threshold(100_000)  # little of what a solve makes is garbage, and nothing of it is in cycles
    leave(main())


def leave(code: int) -> NoReturn:
    """End the process at once, after what was registered for its end and with everything written that was printed."""
    import atexit

    try:
        atexit._run_exitfuncs()
        for stream in (sys.stdout, sys.stderr):
            if stream is not None:
                stream.flush()
    except BrokenPipeError:
        code = silence()
    os._exit(code)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code.

    Parameters
    ----------
    arguments
        Without the program's name; None: the process's own.
    """
    words = list(sys.argv[1:] if arguments is None else arguments)
    # Known before the arguments are read, so that a mistake in them is reported in the form that was asked for.
    as_json = "--json" in words[: words.index("--") if "--" in words else None]
    try:
        options = _read(words)
        options.words = getattr(options, "words", words)
        run: Callable[[argparse.Namespace], int] = options.run
        return flushed(run(options))
    except UsageError as error:
        return flushed(fail(error, EXIT_BAD_INPUT, as_json))
    except UnsatisfiableError as error:
        if not as_json:
            tell_conflict(error.conflict, words)
            return flushed(EXIT_UNSATISFIABLE)
        return flushed(fail(error, EXIT_UNSATISFIABLE, as_json))
    except DeadlineExceeded as error:
        return flushed(fail(error, EXIT_DEADLINE, as_json))
    except (ResolventError, OSError, UnicodeError) as error:
        if isinstance(error, BrokenPipeError):
            return silence()
        return flushed(fail(error, EXIT_BAD_INPUT, as_json))
    except KeyboardInterrupt:
        complain("resolvent: interrupted")
        return EXIT_INTERRUPTED


def _read(words: Sequence[str]) -> argparse.Namespace:
    """Return the options of a command line; only the arguments of the command that was given are declared."""
    command = words[0] if words else ""
    if command == "help":
        # `resolvent help solve` is what people try who know git.
        return _read([*words[1:2], "--help"])
    if command and command not in _COMMANDS and command not in ("-h", "--help", "--version"):
        raise UsageError(unknown_command(command, list(_COMMANDS)))
    parser, commands = _declared(_COMMANDS.values() if command not in _COMMANDS else [_COMMANDS[command]])
    if command not in _COMMANDS:
        return parser.parse_args(words)
    declared: Parser = commands.choices[command]
    return declared.read(words[1:])


def command_parser(command: str) -> Parser:
    """Return the parser of one command, with its own arguments."""
    _, commands = _declared([_COMMANDS[command]])
    declared: Parser = commands.choices[command]
    return declared


def _declared(groups: Iterable[str]) -> tuple[Parser, Any]:
    """Return the parser, with the commands of some modules of `resolvent.cli.commands`, and these commands."""
    parser = Parser(
        prog="resolvent",
        description="Find the best environment of conda packages, or say why there is none.",
        epilog=EXAMPLES,
        formatter_class=Help,
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"resolvent {__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True, prog="resolvent")
    for group in dict.fromkeys(groups):
        import_module(f".commands.{group}", __package__).add(commands)
    return parser, commands


if __name__ == "__main__":
    run()
