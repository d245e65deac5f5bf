"""`resolvent run` and `shell-hook`: commands and shells inside an environment."""

from __future__ import annotations

import argparse
import os
import sys
from typing import Any, NoReturn

from ...prefix import Prefix
from ..output import UsageError, flushed, write
from .place import add_place, place_of, settle


def add(commands: Any) -> None:
    """Add the commands to the parser."""
    from ...install.activation import SHELLS

    parser = commands.add_parser(
        "run",
        help="run a command inside an environment",
        description="Run a command inside an environment: resolvent run -p DIR -- COMMAND ARGUMENT… "
        "Its exit code is that of the command.",
        allow_abbrev=False,
    )
    parser.set_defaults(run=run, json=False)
    add_place(parser)
    parser.add_argument("--cwd", metavar="DIR", help="the folder to run it in")
    parser.add_argument("words", nargs=argparse.REMAINDER, metavar="-- COMMAND", help="the command and its arguments")

    parser = commands.add_parser(
        "shell-hook",
        help="print the commands that activate an environment",
        description='Print the commands that activate an environment in a shell: eval "$(resolvent shell-hook -p DIR)"',
        allow_abbrev=False,
    )
    parser.set_defaults(run=shell_hook, json=False)
    add_place(parser)
    parser.add_argument("--shell", choices=tuple(SHELLS), help="the shell (default: the one of $SHELL)")


def run(options: argparse.Namespace) -> NoReturn:
    """Become the command."""
    from ...install.activation import command_in

    words = options.words[1:] if options.words[:1] == ["--"] else options.words
    if not words:
        raise UsageError("give the command after --: resolvent run -p DIR -- COMMAND")
    prefix = place_of(options)
    settle(prefix)
    Prefix(prefix)
    command = command_in(prefix, words)
    if options.cwd:
        os.chdir(options.cwd)
    flushed(0)
    sys.stderr.flush()
    os.execv(command[0], command)  # noqa: S606 - running it is what was asked for


def shell_hook(options: argparse.Namespace) -> int:
    """Print the commands that activate an environment."""
    from ...install.activation import activation_script

    prefix = place_of(options, active=False)
    Prefix(prefix)
    write(activation_script(prefix, options.shell))
    return 0
