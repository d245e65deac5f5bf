"""A fix in the words of the command line that failed.

What the user typed knows more than the request does: where a channel's copy lies, that the target was detected, which
environment is meant. So a fix is shown as that line with as few words changed as possible.
"""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from functools import cached_property
from typing import TypeAlias

from .._core import MatchSpec, ResolventError
from ..arguments import specs_of
from ..prefix import Prefix

#: One change of a command line, of `Fix.line_changes`: the option (empty for a spec), the value that goes (None for
#: any), what takes its place (None for nothing), and whether the line must have what goes.
LineChange: TypeAlias = "tuple[str, str | None, str | None, bool]"


class _Words:
    """The arguments of a command line, options with a value as one unit."""

    def __init__(self, words: Sequence[str]) -> None:
        self.verb = words[0]
        #: Pairs of option and value; a word without an option has "", an option without a value has None.
        self.units: list[tuple[str, str | None]] = []
        #: Pins that are to be taken out of the environment's own file.
        self.unpinned: list[str] = []
        rest = list(words[1:])
        valued = valued_options(self.verb)
        only_specs = False
        while rest:
            word = rest.pop(0)
            option, separator, value = word.partition("=")
            if only_specs or not word.startswith("-"):
                self.units.append(("", word))
            elif word == "--":
                only_specs = True
            elif separator and option in valued:
                self.units.append((option, value))
            elif word in valued and rest:
                self.units.append((word, rest.pop(0)))
            else:
                self.units.append((word, None))
        #: What else the command needs, such as credentials, which it does not show.
        self.remarks: list[str] = []
        for at, (option, given) in enumerate(self.units):
            clean, remark = _without_secret(given or "")
            self.units[at] = (option, given and clean)
            self.remarks += [remark] if remark else []

    def replace(self, option: str, old: str, new: str | None) -> bool:
        """Replace a value, or take it away with its option; False if it is not there."""
        for at, (known, value) in enumerate(self.units):
            if known == option and value is not None and _is_same(option, value, old):
                self.units[at : at + 1] = [] if new is None else [(option, new)]
                return True
        return False

    def drop(self, option: str) -> bool:
        """Take away an option, whatever its value; False if there was none."""
        kept = [(o, v) for o, v in self.units if o != option]
        gone = len(kept) < len(self.units)
        self.units = kept
        return gone

    def put(self, option: str, value: str) -> bool:
        """Add an option before everything else."""
        self.units.insert(0, (option, value))
        return True

    def unpin(self, pin: str) -> bool:
        """Lift a pin that a file of the environment has; False if it has none such."""
        found = pin in self._pinned
        if found:
            self.unpinned.append(pin)
        return found

    @cached_property
    def _pinned(self) -> list[str]:
        """The pins of the environment's own file."""
        folders = [value for option, value in self.units if option in {"-p", "--prefix"} and value]
        return specs_of("pins", Prefix(folders[-1]).pins) if folders else []

    def line(self) -> str:
        units = self.units
        if self.unpinned:
            # The file is left out as a whole, so what it pins otherwise is said again.
            left = [("--pin", pin) for pin in self._pinned if pin not in self.unpinned]
            units = [("--ignore-pinned", None), *left, *units]
        words = ["resolvent", self.verb]
        for option, value in units:
            words += [part for part in (option, value) if part]
        return shlex.join(words) + "".join(f"  # {remark}" for remark in dict.fromkeys(self.remarks))


def _without_secret(value: str) -> tuple[str, str]:
    """Return a channel or spec without credentials, and a remark on the variable that gives them if it had some."""
    if "://" not in value:
        return value, ""
    from urllib.parse import urlsplit

    from ..network.redact import redact_address, without_credentials

    clean = without_credentials(value)
    if clean == value:
        return redact_address(value), ""
    host = urlsplit(clean[clean.index("://") - 4 :]).netloc.partition("::")[0] or "HOST"
    name = "".join(char if char.isalnum() else "_" for char in host.upper())
    return clean, f"with the credentials in RESOLVENT_AUTH_{name}"


def valued_options(command: str) -> frozenset[str]:
    """Return the options of a command that take a value, as its parser declares them."""
    from . import command_parser

    actions = command_parser(command)._option_string_actions.items()
    return frozenset(option for option, action in actions if action.nargs != 0)


def changed_command(words: Sequence[str], changes: Sequence[LineChange]) -> str | None:
    """Return a command line as a shell reads it, with some changes; None if it does not say what they are about.

    Parameters
    ----------
    words
        The arguments behind the program's name.
    changes
        The `line_changes` of a `Fix`.
    """
    if not words:
        return None
    line = _Words(words)
    return line.line() if all(_apply(line, *change) for change in changes) else None


def _apply(line: _Words, option: str, old: str | None, new: str | None, required: bool) -> bool:
    if old is not None and line.replace(option, old, new):
        return True
    gone = line.drop(option) if old is None else option == "--pin" and line.unpin(old)
    if required and not gone:
        return False
    return new is None or line.put(option, new)


def _is_same(option: str, typed: str, value: str) -> bool:
    """Whether a value as it was typed is the one that a request says in its own way."""
    if option == "--virtual-package":
        return typed.partition("=")[0].lower() == value.partition("=")[0]
    if option == "--exclude-newer":
        # The moment may have been typed as an age; whose it is tells cut-offs apart.
        return typed.rpartition("=")[0] == value.rpartition("=")[0]
    if option in {"--deny", "--pin", "--constraint"} and typed != value:
        try:
            return str(MatchSpec(typed)) == value
        except ResolventError:
            return False
    return typed == value
