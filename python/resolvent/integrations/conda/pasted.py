"""Fixes as commands of conda: the line that was typed, with the words changed that matter."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence

from resolvent import MatchSpec, ResolventError

from .translation import Situation, Translation, name_of

__all__ = ["changed_command", "typed_command"]


#: Options of conda's solving commands that take a value; all others are flags.
_WITH_VALUE = frozenset(
    {
        "-n",
        "--name",
        "-p",
        "--prefix",
        "-c",
        "--channel",
        "-f",
        "--file",
        "--platform",
        "--subdir",
        "--solver",
        "--repodata-fn",
        "--revision",
        "--clone",
        "--exclude-newer",
        "--exclude-newer-package",
        "--console",
        "--experimental",
        "--environment-specifier",
        "--env-spec",
        "--format",
    }
)
_VERBS = frozenset({"create", "install", "update", "upgrade", "remove", "uninstall"})
_FILES = frozenset({"-f", "--file", "--revision", "--clone"})
#: Virtual packages that a variable of conda can declare, as `CONDA_OVERRIDE_CUDA` does `__cuda`.
_DECLARED = frozenset({"__cuda", "__glibc", "__osx", "__archspec", "__linux", "__win"})


class _Line:
    """A command line of conda, taken apart."""

    def __init__(self, words: Sequence[str]) -> None:
        self.variables: dict[str, str] = {}
        self.verb = words[0]
        #: Options with their values, and specs, in order; a spec is (None, text).
        self.units: list[tuple[str | None, str | None]] = []
        rest = list(words[1:])
        while rest:
            word = rest.pop(0)
            if word == "--":
                self.units += [(None, spec) for spec in rest]
                break
            if not word.startswith("-") or word == "-":
                self.units.append((None, word))
            elif "=" in word and word.startswith("--"):
                option, _, value = word.partition("=")
                self.units.append((option, value))
            else:
                self.units.append((word, rest.pop(0) if word in _WITH_VALUE and rest else None))

    @property
    def reads_files(self) -> bool:
        """Whether the request is not on the line itself."""
        return any(option in _FILES for option, _ in self.units)

    def position(self, spec: str) -> int | None:
        """Return where a spec stands."""
        for at, (option, text) in enumerate(self.units):
            if option is None and text is not None and _same(text, spec):
                return at
        return None

    def put(self, option: str, value: str | None = None) -> None:
        """Add an option, in the place of another of its name."""
        self.units = [unit for unit in self.units if unit[0] != option]
        self.units.insert(0, (option, value))

    def add(self, spec: str) -> None:
        """Add a spec."""
        self.units.append((None, spec))

    def text(self) -> str:
        """Return the line as a shell reads it."""
        words = [f"{name}={shlex.quote(value)}" for name, value in sorted(self.variables.items())]
        words += ["conda", self.verb]
        for option, value in self.units:
            words += [shlex.quote(word) for word in (option, value) if word is not None]
        return " ".join(words)


def _same(typed: str, spec: str) -> bool:
    """Whether two texts are one spec; conda's command line takes `numpy=1.26` for `numpy 1.26.*`, as we do."""
    if typed == spec:
        return True
    try:
        return MatchSpec(typed) == MatchSpec(spec)
    except ResolventError:
        return False


def typed_command(words: Sequence[str], situation: Situation, prefix: str) -> list[str]:
    """Return the words behind `conda` that stand for a request.

    Parameters
    ----------
    words
        What was typed, without the program's name; it counts if it is a solving command that names the specs.
    situation
        The request.
    prefix
        The environment, for a line made from the request alone.
    """
    if list(words[:2]) == ["resolvent", "fixes"]:
        words = ["install", *words[2:]]
    if words and words[0] in _VERBS:
        line = _Line(words)
        specs = [situation.written.get(spec, spec) for spec in situation.removals or situation.specs]
        if line.reads_files or all(line.position(spec) is not None for spec in specs):
            return list(words)
    verb = "remove" if situation.removals else "install"
    asked = situation.removals or situation.specs
    return [verb, "--prefix", prefix, *(situation.written.get(spec, spec) for spec in asked)]


def changed_command(
    words: Sequence[str],
    changes: Sequence[Mapping[str, str]],
    translation: Translation,
) -> str | None:
    """Return a command line of conda with some changes; None if conda has no words for one of them.

    Parameters
    ----------
    words
        As `typed_command` returns them.
    changes
        Those of a fix.
    translation
        What else was asked, that nobody typed.
    """
    line = _Line(words)
    if line.reads_files:
        return None
    if not all(_apply(line, change, translation) for change in changes):
        return None
    # Without any spec conda has nothing to do, or an error.
    return line.text() if any(option is None for option, _ in line.units) else None


def _apply(line: _Line, change: Mapping[str, str], translation: Translation) -> bool:
    kind, name, old, new = change["kind"], change["name"], change["from"], change["to"]
    if kind in {"rename_spec", "relax_spec"}:
        return _replace(line, old, new, translation)
    if kind == "drop_spec":
        return _replace(line, old, None, translation)
    if kind in {"drop_constraint", "relax_constraint"}:
        if translation.reasons.get(old) == "requested":
            return _replace(line, old, new or name_of(old), translation)
        # An earlier spec, or python's minor version, holds until the package is named.
        bare = name_of(old)
        if bare is None or bare == "conda":
            return False
        line.add(new or bare)
        return True
    if kind == "lift_pin":
        line.put("--no-pin")
        return True
    if kind == "add_virtual_package":
        declared, _, value = new.partition("=")
        if declared not in _DECLARED:
            return False
        version, _, build = value.partition("=")
        line.variables[f"CONDA_OVERRIDE_{declared.strip('_').upper()}"] = build or version
        return True
    if kind == "move_cutoff":
        if name:
            return False
        line.put("--exclude-newer", new)
        return True
    if kind == "channel_priority":
        return _priority(line, new)
    if kind == "lift_deny":
        line.variables["CONDA_USE_ONLY_TAR_BZ2"] = "false"
        return True
    if kind == "platform" and line.verb == "create":
        line.put("--platform", new)
        return True
    return False


def _replace(line: _Line, old: str, new: str | None, translation: Translation) -> bool:
    at = line.position(old)
    if at is not None:
        line.units[at : at + 1] = [] if new is None else [(None, new)]
        return True
    if old not in translation.reasons or new is None:
        return False
    # Nobody typed it: an earlier spec is superseded by naming the package. To forget it there is no option.
    line.add(new)
    return True


def _priority(line: _Line, word: str) -> bool:
    line.units = [unit for unit in line.units if not (unit[0] or "").endswith("channel-priority")]
    if word == "flexible":
        line.variables["CONDA_CHANNEL_PRIORITY"] = "flexible"
    else:
        line.put({"strict": "--strict-channel-priority", "disabled": "--no-channel-priority"}[word])
    return True
