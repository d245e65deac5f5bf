"""How a command line is read: options and specs in any order, and help for words of other tools."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from typing import Any, NoReturn

from .output import UsageError, write

#: Commands of other tools, and what to type here.
FOREIGN_COMMANDS: Mapping[str, str] = {
    "add": "install",
    "clear": "cache clear",
    "lock-file": "lock",
    "ls": "list",
    "info": "config",
    "resolve": "solve",
    "rm": "remove",
    "uninstall": "remove",
    "up": "update",
    "upgrade": "update",
    "repoquery": "search",
    "query": "search",
    "show": "search",
    "find": "search",
    "whyneeds": "why",
    "whoneeds": "why",
    "tree": "why",
    "init": "create",
    "new": "create",
    "shell": "shell-hook",
    "activate": "shell-hook",
    "exec": "run",
}

#: Options of other tools, and what to type here. A comma separates alternatives.
FOREIGN_OPTIONS: Mapping[str, str] = {
    "--subdir": "--platform",
    "--arch": "--platform",
    "--lock": "--explicit",
    "--lockfile": "--explicit",
    "-l": "--explicit",
    "--channels": "--channel",
    "--strict-channel-priority": "--channel-priority strict",
    "--no-channel-priority": "--channel-priority disabled",
    "--freeze": "--freeze-installed",
    "--no-update-deps": "--freeze-installed",
    "--no-pin": "--ignore-pinned",
    "--no-deps": "--deps none",
    "--only-deps": "--deps only",
    "--satisfied-skip-solve": "--satisfied-skip",
    "--force-remove": "--force",
    "--before": "--exclude-newer",
    "--exclude-newer-than": "--exclude-newer",
    "--use-local": "--channel ./FOLDER",
    "-v": "--verbose",
    "-vv": "--verbose",
    "--format": "--json",
    "--output": "--json",
}


class Parser(argparse.ArgumentParser):
    """A parser whose mistakes are exceptions, named with the help that lists what can be given."""

    def error(self, message: str) -> NoReturn:
        """Raise a `UsageError` that names the help of this command."""
        raise UsageError(f"{message} (see: {self.prog} --help)")

    def _print_message(self, message: str, file: Any = None) -> None:
        """Print help as everything else is printed; argparse would not say that it cannot be written."""
        if file is sys.stdout or file is None:
            write(message)
        else:
            super()._print_message(message, file)

    def read(self, words: Sequence[str]) -> argparse.Namespace:
        """Return the options; specs and options may be mixed, as `--` allows a spec that begins with a dash."""
        positionals = [action for action in self._actions if not action.option_strings]
        # argparse cannot mix options with a command that follows, nor with the rest of a line.
        if any(action.nargs in (argparse.PARSER, argparse.REMAINDER) for action in positionals):
            known, rest = self.parse_known_args(words)
        else:
            known, rest = self.parse_known_intermixed_args(words)
        if rest:
            self.error(self._unknown(rest[0]))
        return known

    def _unknown(self, word: str) -> str:
        """Return what to say of an option, or of a word that has no place."""
        if not word.startswith("-"):
            return f"there is no place for {word!r}"
        option = word.partition("=")[0]
        known = {text: action for action in self._actions for text in action.option_strings}
        near = FOREIGN_OPTIONS.get(option)
        if near is None or near.split()[0] not in known:
            near = nearest(option, list(known))
        return f"no option {option}" + (f"; did you mean {near}?" if near else "")


def nearest(word: str, known: Sequence[str]) -> str | None:
    """Return the known word that is spelt most like one that is not known; None if none is close."""
    from difflib import get_close_matches

    return next(iter(get_close_matches(word, known, n=1, cutoff=0.6)), None)


def unknown_command(word: str, known: Sequence[str]) -> str:
    """Return what to say of a word that is no command.

    Parameters
    ----------
    word
        What stands where a command is expected.
    known
        The commands.
    """
    if word.startswith("-"):
        return f"no option {word.partition('=')[0]} before the command (see: resolvent --help)"
    meant = FOREIGN_COMMANDS.get(word, word).split()
    if meant[0] not in known:
        near = nearest(word, known)
        if near is None:
            return f"no command {word!r}; to solve for a package: resolvent solve {word} (see: resolvent --help)"
        meant = [near]
    return f"no command {word!r}; did you mean: resolvent {' '.join(meant)}"
