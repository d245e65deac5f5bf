"""What arrives when a conflict is pickled, say with the exception that a worker process raised.

A `Conflict` keeps the whole index at hand, to find fixes in it. That stays behind; what a conflict tells travels.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NoReturn

from ._core import ResolventError


@dataclass(frozen=True)
class DetachedFact:
    """A fact of a conflict that came from another process; the attributes are those of `Fact`, without the records."""

    kind: str
    name: str
    spec: str
    target: str
    versions: tuple[str, ...]
    ranges: str
    quantifier: str
    records: int
    extra: str | None
    reason: str | None
    rule: str | None
    text: str

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True)
class DetachedHint:
    """A hint of a conflict that came from another process; the attributes are those of `Hint`."""

    kind: str
    name: str
    offers: tuple[str, ...]
    text: str

    def __str__(self) -> str:
        return self.text


class DetachedConflict:
    """A conflict that was pickled: all that is told of it, but no longer the index that it is about.

    Facts, edges, hints and texts are those of the `Conflict`; `fixes` and `further` need the index, so they must be
    asked for before it travels (`to_dict(timeout)` holds both).
    """

    def __init__(self, data: dict[str, Any], verbose: str) -> None:
        self._data = data
        self._verbose = verbose
        keep = {"versions": tuple, "offers": tuple}

        def shaped(entry: dict[str, Any]) -> dict[str, Any]:
            return {key: keep.get(key, lambda value: value)(value) for key, value in entry.items()}

        self.facts = [DetachedFact(**shaped(fact)) for fact in data["facts"]]
        self.hints = [DetachedHint(**shaped(hint)) for hint in data["hints"]]
        self.edges = [(edge[0], edge[1]) for edge in data["edges"]]
        self.missing = list(data["missing"])
        self.unmatched = list(data["unmatched"])
        self.headline = str(data["headline"])

    def report(self, verbose: bool = False) -> str:
        """Return the conflict for people; `verbose` leaves nothing out."""
        return self._verbose if verbose else str(self)

    def to_dict(self, timeout: float = 0.0) -> dict[str, Any]:  # noqa: ARG002 - as `Conflict` has it
        """Return the conflict as plain data, without fixes and further conflicts whatever the timeout."""
        return dict(self._data)

    def fixes(self, timeout: float = 5.0, most: int = 5) -> NoReturn:  # noqa: ARG002 - as `Conflict` has it
        """Refuse: the index stayed behind."""
        raise ResolventError(
            "this conflict was pickled, and its index stayed behind; ask for fixes before, or send to_dict(timeout)"
        )

    further = fixes

    def __str__(self) -> str:
        return str(self._data["text"])

    def __repr__(self) -> str:
        return f"<DetachedConflict of {len(self.facts)} facts>"

    def __reduce__(self) -> tuple[type[DetachedConflict], tuple[dict[str, Any], str]]:
        return DetachedConflict, (self._data, self._verbose)
