"""Answers and errors as JSON: one form for all that print or send it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ._core import DeadlineExceeded, Solution, UnsatisfiableError

if TYPE_CHECKING:
    from .answers import Change


def solved_report(solution: Solution, *, held_back: list[str] | None = None) -> dict[str, Any]:
    """Return an answer as JSON can hold it: what `--json` prints, a service sends and `Solution.to_dict` returns.

    The records of `changes` are those of `packages` and `transaction`.

    Parameters
    ----------
    solution
        The answer.
    held_back
        Why requested packages are not at their newest versions; None: that was not asked.
    """
    transaction = solution.transaction
    packages = [record.to_dict() for record in solution.records]
    # What is linked is among the packages: the same mapping stands in both lists.
    same = {(one["channel"], one["subdir"], one["fn"]): one for one in packages}
    values: dict[str, Any] = {
        "optimality": solution.optimality,
        "packages": packages,
        "transaction": {
            "link": [same.get((r.channel, r.subdir, r.fn)) or r.to_dict() for r in transaction.link],
            "unlink": [record.to_dict() for record in transaction.unlink],
        },
        "specs": solution.specs,
        "target": {"platform": solution.platform, "virtual_packages": solution.virtual_packages},
        "levels": [level.to_dict() for level in solution.levels],
        "tradeoffs": [tradeoff.to_dict() for tradeoff in solution.tradeoffs],
        "changes": [_change(change) for change in solution.changes],
        "dropped": solution.dropped,
        "exempt": solution.exempt,
        "stats": solution.stats.to_dict(),
    }
    if held_back is not None:
        values["held_back"] = held_back
    return _report("solved", **values)


def _change(change: Change) -> dict[str, Any]:
    """Return one package's change as `--json` prints it; the records are in the transaction."""
    old, new = change.before, change.after
    return {
        "name": change.name,
        "kind": change.kind,
        "from": None if old is None else f"{old.version} {old.build}",
        "to": None if new is None else f"{new.version} {new.build}",
        "size": None if new is None else new.size,
        "reasons": change.reasons,
    }


def failed_report(error: BaseException) -> dict[str, Any]:
    """Return what `--json` prints for an error."""
    status, conflict = "error", None
    if isinstance(error, UnsatisfiableError):
        status, conflict = "unsatisfiable", error.conflict.to_dict()
    elif isinstance(error, DeadlineExceeded):
        status = "timeout"
    return _report(
        status,
        conflict=conflict,
        error={
            "type": type(error).__name__,
            "message": str(error),
            "file": _text(getattr(error, "file", None) or getattr(error, "filename", None)),
            "field": _text(getattr(error, "field", None)),
        },
    )


def _report(status: str, **values: Any) -> dict[str, Any]:
    empty: dict[str, Any] = {
        "status": status,
        "optimality": None,
        "packages": [],
        "transaction": {"link": [], "unlink": []},
        "conflict": None,
        "stats": {},
        "error": None,
    }
    return {**empty, **values}


def _text(value: object) -> str | None:
    return None if value is None else str(value)
