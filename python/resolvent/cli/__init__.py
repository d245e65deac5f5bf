"""The command `resolvent`.

It reads the words of the line, runs one of `resolvent.cli.commands`, and makes an exit code of every error: 0 solved, 1
unsatisfiable, 2 bad input, 3 the time limit was reached before there was any answer.

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
from .output import OutputError, UsageError, begin, complain, discard, fail, flushed, silence, tell_conflict
from .parsing import Parser, unknown_command

EXIT_UNSATISFIABLE, EXIT_BAD_INPUT, EXIT_DEADLINE, EXIT_INTERRUPTED = 1, 2, 3, 130

#: The module of `resolvent.cli.commands` that declares a command.
_COMMANDS = {
    "solve": "solve",
    "search": "search",
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
    "config": "config",
    "replay": "replay",
    "check-proof": "check_proof",
}


#: What people call an argument, where its name says it otherwise.
_NAMES = {
    "specs": "a SPEC",
    "channels": "a channel",
    "channel": "a channel",
    "prefix": "the prefix",
    "wish": "the spec",
    "file": "the file",
    "virtual_packages": "a virtual package",
    "constraints": "a constraint",
    "pins": "a pin",
    "aggressive_updates": "--aggressive-update",
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
    import contextlib

    atexit._run_exitfuncs()
    try:
        code = flushed(code)
    except OutputError as error:
        complain(f"resolvent: {error}")
        code = EXIT_BAD_INPUT
    with contextlib.suppress(OSError, ValueError, AttributeError):
        sys.stderr.flush()
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
    begin(as_json)
    try:
        try:
            return flushed(_run(words))
        except Exception as error:  # noqa: BLE001 - what is no error of ours is raised again
            return flushed(_failed(error, words, as_json))
    except BrokenPipeError:
        return silence()
    except OutputError as error:
        discard()
        return fail(error, EXIT_BAD_INPUT, as_json)
    except KeyboardInterrupt:
        complain("resolvent: interrupted")
        return EXIT_INTERRUPTED


def _run(words: list[str]) -> int:
    """Run the command and return its exit code."""
    if any("@" in word or "/t/" in word for word in words):
        from ..network.redact import register_address

        # Whatever becomes of a word, and however it is quoted in a message: its secrets are not shown.
        for word in words:
            register_address(word)
            register_address(word.partition("=")[2])
    try:
        options = _read(words)
    except SystemExit as end:  # --help, --version
        return end.code if isinstance(end.code, int) else 0
    _refuse_empty(options)
    options.words = getattr(options, "words", words)
    run: Callable[[argparse.Namespace], int] = options.run
    return run(options)


def _failed(error: Exception, words: list[str], as_json: bool) -> int:
    """Tell an error and return the exit code; one that nobody foresaw is 2, since 1 means that there is no answer."""
    if isinstance(error, UnsatisfiableError):
        if as_json:
            return fail(error, EXIT_UNSATISFIABLE, as_json)
        tell_conflict(error.conflict, words)
        return EXIT_UNSATISFIABLE
    if isinstance(error, DeadlineExceeded):
        return fail(error, EXIT_DEADLINE, as_json)
    if isinstance(error, (BrokenPipeError, OutputError)):
        raise error
    if not isinstance(error, (UsageError, ResolventError, OSError, UnicodeError)):
        # Someone who looks for the cause wants the trace.
        if os.environ.get("RESOLVENT_TRACEBACK"):
            raise error
        what = " ".join(f"{type(error).__name__}: {error}".split())
        told = f"internal error: {what[:500]}; please report it (RESOLVENT_TRACEBACK=1 shows where)"
        return fail(ResolventError(told), EXIT_BAD_INPUT, as_json)
    return fail(error, EXIT_BAD_INPUT, as_json)


def _refuse_empty(options: argparse.Namespace) -> None:
    """Refuse an empty value, which an unset variable of a shell leads to: it must not count as an absent one."""
    for name, value in vars(options).items():
        values = value if isinstance(value, list) else [value]
        if any(isinstance(one, str) and not one.strip() for one in values):
            raise UsageError(f"{_NAMES.get(name, name.replace('_', '-'))} is empty; is a variable unset?")


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
