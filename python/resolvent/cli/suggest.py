"""A fix in the words of the command line that failed.

What the user typed knows more than the request does: where a channel's copy lies, that the target was detected, which
environment is meant. So a fix is told as that line with as few words changed as possible.
"""

from __future__ import annotations

import fnmatch
import shlex
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property

from .._core import MatchSpec
from ..arguments import specs_of
from ..prefix import Prefix

#: One change of a fix: `kind`, `name`, `from`, `to`, `text`.
Change = Mapping[str, str]


class _Words:
    """The arguments of a command line, options with a value as one unit."""

    #: Options of a request that take a value and that a change may be about.
    VALUED = (
        "--pin",
        "--constraint",
        "--virtual-package",
        "--exclude-newer",
        "--channel-priority",
        "--platform",
        "--deny",
        "--allow-license",
        "--deny-license",
    )
    #: Other options that take a value, which must not be taken for a spec.
    OTHERS = (
        "-c",
        "--channel",
        "-p",
        "--strategy",
        "--timeout",
        "--prefix",
        "--deps",
        "--aggressive-update",
        "--proof",
        "--save-problem",
        "-n",
        "--name",
        "--file",
        "--link",
        "--package-cache",
        "--lock-timeout",
    )

    def __init__(self, words: Sequence[str]) -> None:
        self.verb = words[0]
        #: Pairs of option and value; a word without an option has "", an option without a value has None.
        self.units: list[tuple[str, str | None]] = []
        #: Pins that are to be taken out of the environment's own file.
        self.unpinned: list[str] = []
        rest = list(words[1:])
        only_specs = False
        while rest:
            word = rest.pop(0)
            option, separator, value = word.partition("=")
            if only_specs or not word.startswith("-"):
                self.units.append(("", word))
            elif word == "--":
                only_specs = True
            elif separator and option in self.VALUED + self.OTHERS:
                self.units.append((option, value))
            elif word in self.VALUED + self.OTHERS and rest:
                self.units.append((word, rest.pop(0)))
            else:
                self.units.append((word, None))

    def replace(self, option: str, old: str, new: str | None) -> bool:
        """Replace a value, or take it away with its option; False if it is not there."""
        if (option, old) not in self.units:
            return False
        at = self.units.index((option, old))
        self.units[at : at + 1] = [] if new is None else [(option, new)]
        return True

    def drop(self, option: str, which: Callable[[str], bool] = lambda _: True) -> bool:
        """Take away an option where its value is such; False if there was none."""
        kept = [(o, v) for o, v in self.units if o != option or not which(v or "")]
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
        units, remark = self.units, ""
        if self.unpinned:
            left = set(self._pinned) - set(self.unpinned)
            if left or any(option == "--pin" for option, _ in units):
                remark = f"  # once {' and '.join(map(repr, self.unpinned))} is out of conda-meta/pinned"
            else:
                units = [("--ignore-pinned", None), *units]
        words = ["resolvent", self.verb]
        for option, value in units:
            words += [part for part in (option, value) if part]
        return shlex.join(words) + remark


def changed_command(words: Sequence[str], changes: Sequence[Change]) -> str | None:
    """Return a command line as a shell reads it, with some changes; None if it does not say what they are about.

    Parameters
    ----------
    words
        The arguments behind the program's name.
    changes
        Of a `Fix`.
    """
    if not words:
        return None
    line = _Words(words)
    return line.line() if all(_apply(line, change) for change in changes) else None


def _apply(line: _Words, change: Change) -> bool:
    kind, old, new, name = change["kind"], change["from"], change["to"], change["name"]
    if kind in {"rename_spec", "relax_spec"}:
        return line.replace("", old, new)
    if kind == "drop_spec":
        return line.replace("", old, None)
    if kind == "lift_pin":
        return line.replace("--pin", old, None) or line.unpin(old)
    if kind == "drop_constraint":
        return line.replace("--constraint", old, None)
    if kind == "add_virtual_package":
        line.drop("--virtual-package", lambda value: value.partition("=")[0] == name)
        return line.put("--virtual-package", new)
    if kind == "move_cutoff":
        return not name and line.drop("--exclude-newer") and line.put("--exclude-newer", new)
    if kind == "channel_priority":
        line.drop("--channel-priority")
        return line.put("--channel-priority", new)
    if kind == "lift_freeze":
        return line.drop("--freeze-installed")
    if kind == "lift_deny":
        gone = set(old.split(", "))
        return line.drop("--deny", lambda value: str(MatchSpec(value)) in gone)
    if kind == "allow_license":
        denied = line.drop("--deny-license", lambda pattern: fnmatch.fnmatch(new.lower(), pattern.lower()))
        allows = any(option == "--allow-license" for option, _ in line.units)
        return (allows and line.put("--allow-license", new)) or denied
    if kind == "platform":
        line.drop("--virtual-package")
        line.drop("--no-detect")
        line.drop("--platform")
        return line.put("--platform", new)
    return False
