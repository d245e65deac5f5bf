"""A conflict in the words of conda's users."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .pasted import changed_command, typed_command
from .translation import Situation, Translation, name_of

if TYPE_CHECKING:
    from resolvent import Conflict, Fact, Fix

#: Seconds that looking for fixes may take.
PATIENCE = 2.0


@dataclass(frozen=True)
class Told:
    """A conflict in words.

    Attributes
    ----------
    text
        The headline, and the way from the request to it.
    hints
        What may help, as (code, text): hints first, then fixes with their commands.
    conflict
        All of it as plain data, see docs/conflict.schema.json.
    not_found
        Requested names that the channels do not have, or not in that version, if that is all that is wrong.
    pin_against_request
        Whether a pin and a request for the same package cannot both hold.
    """

    text: str
    hints: tuple[tuple[str, str], ...]
    conflict: dict[str, Any]
    not_found: frozenset[str]
    pin_against_request: bool

    @property
    def whole(self) -> str:
        """The text with all hints, for versions of conda that do not print hints themselves."""
        return "\n".join([self.text, *(f"- {text}" for _, text in self.hints)])


def tell(
    conflict: Conflict,
    situation: Situation,
    translation: Translation,
    *,
    prefix: str,
    words: Sequence[str],
    timeout: float = PATIENCE,
) -> Told:
    """Return a conflict in words.

    Parameters
    ----------
    conflict
        What the solve raised.
    situation, translation
        What was asked.
    prefix
        The environment.
    words
        The command line behind `conda`.
    timeout
        Seconds that looking for fixes may take.
    """
    typed = typed_command(words, situation, prefix)

    def say(text: str) -> str:
        text = reworded(text, translation)
        for spec, original in situation.written.items():
            text = text.replace(spec, original)
        return text

    lines = [say(line) for line in conflict.report().splitlines()]
    hints = [(hint.kind, say(hint.text)) for hint in conflict.hints]
    hints += [
        (kind, say(text)) for kind, text in (_fix(fix, typed, translation) for fix in conflict.fixes(timeout=timeout))
    ]
    return Told(
        text="\n".join(_without_advice(lines)),
        hints=tuple(_numbered(hints)),
        conflict=conflict.to_dict(timeout=0),
        not_found=not_found(conflict.facts),
        pin_against_request=_pin_against_request(conflict.facts),
    )


def _without_advice(lines: Sequence[str]) -> list[str]:
    """Return a report without its hints and fixes, which are shown separately."""
    kept = []
    for line in lines:
        if line.startswith(("hint: ", "what would help")):
            break
        kept.append(line)
    return kept


def _fix(fix: Fix, typed: Sequence[str], translation: Translation) -> tuple[str, str]:
    text = reworded(str(fix), translation)
    command = changed_command(typed, fix.changes, translation)
    return fix.changes[0]["kind"], f"{text}:\n    {command}" if command else text


def _numbered(hints: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    """Return hints with codes of their own: conda shows only the first of a code."""
    seen: dict[str, int] = {}
    found = []
    for code, text in hints:
        seen[code] = seen.get(code, 0) + 1
        found.append((code if seen[code] == 1 else f"{code}_{seen[code]}", text))
    return found


def reworded(text: str, translation: Translation) -> str:
    """Return a sentence with the reasons of specs that nobody typed."""
    for spec, reason in translation.reasons.items():
        written = re.escape(spec)
        if reason == "requested":
            text = re.sub(rf"a constraint allows only {written}(?![^\s,;:)])", f"{spec} is requested", text)
        elif reason.startswith("was "):
            text = re.sub(rf"a constraint allows only {written}(?![^\s,;:)])", f"{spec} {reason}", text)
            text = re.sub(rf"(?<!\S){written} is requested", f"{spec} {reason}", text)
        else:
            text = re.sub(rf"a constraint allows only {written}(?![^\s,;:)])", reason, text)
    return text


def not_found(facts: Sequence[Fact]) -> frozenset[str]:
    """Return requested names that do not exist (in that version), if nothing else is in the conflict."""
    missing = {fact.name for fact in facts if fact.kind in {"missing_name", "missing_version"}}
    others = {fact.kind for fact in facts} - {"missing_name", "missing_version", "request"}
    requested = {name_of(fact.spec) or fact.name for fact in facts if fact.kind == "request"}
    return frozenset(missing & requested) if not others and missing == requested else frozenset()


def _pin_against_request(facts: Sequence[Fact]) -> bool:
    pinned = {fact.name for fact in facts if fact.kind == "pin"}
    return any(fact.kind == "request" and fact.name in pinned for fact in facts)
