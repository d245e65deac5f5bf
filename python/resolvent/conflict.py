"""Answers and conflicts that were pickled, say with the exception that a worker process raised.

A `Solution` and a `Conflict` keep the whole index at hand, to answer further questions. That stays behind; what they
say travels. What arrives passes for the type that was sent (`isinstance` says so), with the same attributes, and
refuses the questions that need the index.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, NoReturn

from . import _core
from ._core import ResolventError

if TYPE_CHECKING:
    from ._core import PackageRecord


class Detached:
    """Base of what arrives: the attributes that were sent."""

    _stands_for: ClassVar[type]
    #: Attributes that travel.
    _sent: ClassVar[tuple[str, ...]]

    def __init__(self, values: dict[str, Any]) -> None:
        self.__dict__.update(values)

    @property
    def __class__(self) -> type:
        """The type that was sent, as `unittest.mock` does it."""
        return self._stands_for

    @__class__.setter
    def __class__(self, value: type) -> NoReturn:
        raise AttributeError("the class of this object cannot be changed")

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), ({name: getattr(self, name) for name in self._sent},)

    def __repr__(self) -> str:
        return f"<{self._stands_for.__name__}, unpickled>"

    def _refuse(self, what: str) -> NoReturn:
        kind = self._stands_for.__name__.lower()
        raise ResolventError(f"this {kind} was pickled, and its index stayed behind; {what}")

    @classmethod
    def of(cls, sent: Any) -> Any:
        """Return what pickle keeps of an object of the core."""
        return cls, ({name: getattr(sent, name) for name in cls._sent},)


class _Told(Detached):
    """What is all said by its `to_dict`."""

    text: str

    def __init__(self, values: dict[str, Any]) -> None:
        super().__init__(values)
        self._values = values

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self._values,)

    @classmethod
    def of(cls, sent: Any) -> Any:
        """Return what pickle keeps of an object of the core."""
        return cls, (sent.to_dict(),)

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain data."""
        return dict(self._values)

    def __str__(self) -> str:
        return self.text


class DetachedFact(_Told):
    """A `Fact` without its records."""

    _stands_for = _core.Fact

    def members(self) -> NoReturn:
        """Refuse: the index stayed behind."""
        self._refuse("ask for the members before")


class DetachedHint(_Told):
    """A `Hint`."""

    _stands_for = _core.Hint


class DetachedTransaction(Detached):
    """A `Transaction`."""

    _stands_for = _core.Transaction
    _sent = ("link", "unlink", "changes")
    link: list[PackageRecord]
    unlink: list[PackageRecord]

    def __len__(self) -> int:
        return len(self.link) + len(self.unlink)

    def __repr__(self) -> str:
        return f"<Transaction of {len(self.unlink)} to unlink, {len(self.link)} to link>"


class DetachedSolution(Detached):
    """A `Solution`, which can no longer be asked `why` and `why_not`."""

    _stands_for = _core.Solution
    _sent = (
        "records",
        "optimality",
        "levels",
        "tradeoffs",
        "stats",
        "exempt",
        "extras",
        "transaction",
        "changes",
        "dropped",
        "specs",
        "platform",
        "virtual_packages",
    )
    records: list[PackageRecord]
    optimality: str
    _wider = None

    def get(self, name: str, default: Any = None) -> Any:
        """Return the record of a package, or `default`."""
        return next((record for record in self.records if record.name == name.lower()), default)

    def why(self, name: str) -> NoReturn:  # noqa: ARG002 - as `Solution` has it
        """Refuse: the index stayed behind."""
        self._refuse("ask for reasons before")

    def why_not(self, spec: object, *, timeout: float | None = None) -> NoReturn:  # noqa: ARG002
        """Refuse: the index stayed behind."""
        self._refuse("ask for reasons before")

    def to_dict(self) -> dict[str, Any]:
        """Return the whole answer as JSON can hold it."""
        from .report import solved_report

        return solved_report(self)  # type: ignore[arg-type]

    def __len__(self) -> int:
        return len(self.records)

    def __iter__(self) -> Iterator[PackageRecord]:
        return iter(self.records)

    def __getitem__(self, name: str) -> PackageRecord:
        record: PackageRecord | None = self.get(name)
        if record is None:
            raise KeyError(name)
        return record

    def __contains__(self, item: object) -> bool:
        return self.get(item) is not None if isinstance(item, str) else item in self.records

    def __repr__(self) -> str:
        return f"<Solution of {len(self)} records, {self.optimality}>"

    def __str__(self) -> str:
        from .displays import as_text

        return as_text(self)  # type: ignore[arg-type]

    def _repr_html_(self) -> str:
        from .displays import as_html

        return as_html(self)  # type: ignore[arg-type]

    def __rich__(self) -> str:
        from .displays import as_markup

        return as_markup(self)  # type: ignore[arg-type]


class DetachedFix(Detached):
    """A `Fix`."""

    _stands_for = _core.Fix
    _sent = ("changes", "line_changes", "specs", "command", "solution", "data", "text")
    data: dict[str, Any]
    text: str

    @classmethod
    def of(cls, sent: Any) -> Any:
        """Return what pickle keeps of a fix."""
        own = {name: getattr(sent, name) for name in cls._sent if name not in {"data", "text"}}
        return cls, ({**own, "data": sent.to_dict(), "text": str(sent)},)

    def to_dict(self) -> dict[str, Any]:
        """Return the fix as plain data."""
        return dict(self.data)

    def __str__(self) -> str:
        return self.text

    def __repr__(self) -> str:
        return f"<Fix: {self.text}>"


class DetachedFixes(Detached, Sequence[Any]):
    """A `Fixes`: a sequence of fixes."""

    _stands_for = _core.Fixes
    _sent = ("fixes", "complete")
    fixes: list[Any]
    complete: bool

    @classmethod
    def of(cls, sent: Any) -> Any:
        """Return what pickle keeps of fixes."""
        return cls, ({"fixes": list(sent), "complete": sent.complete},)

    def to_dict(self) -> dict[str, Any]:
        """Return the fixes as plain data, and whether they are all."""
        return {"fixes": [fix.to_dict() for fix in self.fixes], "complete": self.complete}

    def __len__(self) -> int:
        return len(self.fixes)

    def __getitem__(self, at: Any) -> Any:
        return self.fixes[at]

    def __repr__(self) -> str:
        return f"<Fixes: {len(self)}{'' if self.complete else ', incomplete'}>"


class DetachedConflict(Detached):
    """A `Conflict`: its facts, edges, hints and texts.

    `fixes` and `further` need the index, so they must be asked for before it travels (`to_dict(timeout)` holds both).
    """

    _stands_for = _core.Conflict
    _sent = ("data", "verbose")
    data: dict[str, Any]
    verbose: str

    def __init__(self, values: dict[str, Any]) -> None:
        super().__init__(values)
        self.facts = [DetachedFact(fact) for fact in self.data["facts"]]
        self.hints = [DetachedHint(hint) for hint in self.data["hints"]]
        self.edges = [(edge[0], edge[1]) for edge in self.data["edges"]]
        self.missing = list(self.data["missing"])
        self.unmatched = list(self.data["unmatched"])
        self.headline = str(self.data["headline"])

    @classmethod
    def of(cls, sent: Any) -> Any:
        """Return what pickle keeps of a conflict."""
        return cls, ({"data": sent.to_dict(0.0), "verbose": sent.report(verbose=True)},)

    def report(self, verbose: bool = False) -> str:
        """Return the conflict for people; `verbose` leaves nothing out."""
        return self.verbose if verbose else str(self)

    def to_dict(self, timeout: float = 0.0) -> dict[str, Any]:  # noqa: ARG002 - as `Conflict` has it
        """Return the conflict as plain data, without fixes and further conflicts whatever the timeout."""
        return dict(self.data)

    def fixes(self, timeout: float = 5.0, most: int = 5) -> NoReturn:  # noqa: ARG002 - as `Conflict` has it
        """Refuse: the index stayed behind."""
        self._refuse("ask for fixes before, or send to_dict(timeout)")

    further = fixes

    def __str__(self) -> str:
        return str(self.data["text"])

    def __repr__(self) -> str:
        return f"<Conflict of {len(self.facts)} facts>"


_KINDS: tuple[Any, ...] = (
    DetachedConflict,
    DetachedFact,
    DetachedFix,
    DetachedFixes,
    DetachedHint,
    DetachedSolution,
    DetachedTransaction,
)


def detached(sent: Any) -> Any:
    """Return what pickle keeps of an object of the core, in the form that `copyreg` takes."""
    return next(kind.of(sent) for kind in _KINDS if kind._stands_for is type(sent))
