"""Why a package is in an answer, and why another version is not.

>>> import resolvent
>>> index = resolvent.load_index([resolvent.sample_channel()], platform="linux-64")
>>> linux = {"__glibc": "2.28", "__unix": "0", "__linux": "5.10"}
>>> solution = resolvent.solve(["numpy", "python 3.12.*"], index=index, virtual_packages=linux)
>>> resolvent.why(solution, "numpy")
[[('numpy', 'numpy')]]
>>> resolvent.why_not(solution, "python 3.11.*").possible
False
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from . import _core
from ._core import Conflict, MatchSpec, Solution
from .arguments import timeout_seconds
from .lazy_solve import complete

#: Seconds spent on one package by `held_back`.
HELD_BACK_SECONDS = 5.0


@dataclass(frozen=True)
class Price:
    """One package that would be different.

    Attributes
    ----------
    name
        The package.
    before, after
        `"version build"` in the answer as it is, and with the wish; None: not there.
    """

    name: str
    before: str | None
    after: str | None


@dataclass(frozen=True)
class WhyNot:
    """What became of a wish.

    Attributes
    ----------
    granted
        The answer grants it already.
    conflict
        What keeps it out, if nothing can grant it.
    solution
        The answer with the wish, if there is one.
    price
        What is different in it, by name.
    """

    granted: bool
    conflict: Conflict | None
    solution: Solution | None
    price: tuple[Price, ...]

    @property
    def possible(self) -> bool:
        """Whether the wish can be granted."""
        return self.conflict is None

    def __str__(self) -> str:
        if self.granted:
            return "the answer has it already"
        if self.conflict is not None:
            return str(self.conflict)
        lines = ["possible, at this price:"]
        lines += [
            f"  {change.name}: {change.before or 'absent'} -> {change.after or 'absent'}" for change in self.price
        ]
        return "\n".join(lines)


def why(solution: Solution, name: str) -> list[list[tuple[str, str]]]:
    """Return the shortest chains of requirements that lead from the request to a package.

    In an environment they begin at what earlier requests asked for, too, where that still holds.

    Parameters
    ----------
    solution
        What `solve` returned.
    name
        A package's name.

    Returns
    -------
    list
        Chains of `(name, spec)`: first a requested spec, last one on the package; at most ten, none if the answer does
        not have the package, or nothing that was asked for requires it.
    """
    return _core.why(solution, name)


def why_not(solution: Solution, spec: str | MatchSpec, *, timeout: float | None = None) -> WhyNot:
    """Ask the request of an answer again with one more spec.

    Parameters
    ----------
    solution
        What `solve` returned.
    spec
        The wish, such as `"numpy 2.3.*"`.
    timeout
        Seconds.

    Raises
    ------
    InvalidMatchSpec
        If the wish is no spec.
    DeadlineExceeded
        If the timeout struck before there was an answer.
    """
    found = _core.why_not(complete(solution), str(spec), timeout_seconds(timeout))

    def words(record: tuple[str, str] | None) -> str | None:
        return None if record is None else " ".join(record)

    price = tuple(Price(name, words(before), words(after)) for name, before, after in found["price"])
    return WhyNot(found["granted"], found["conflict"], found["solution"], price)


def held_back(solution: Solution, specs: Iterable[str]) -> list[str]:
    """Return one line for each requested package that is not at the newest version its spec admits: why.

    Parameters
    ----------
    solution
        What `solve` returned.
    specs
        What was asked for.
    """
    lines = []
    chosen = {record.name: record for record in solution.records}
    for text in specs:
        name = MatchSpec(text).name
        record = chosen.get(name) if name else None
        if record is None:
            continue
        found = why_not(solution, f"{name} >{record.version}", timeout=HELD_BACK_SECONDS)
        if found.granted:
            continue
        if found.conflict is not None:
            # Not to be told: there is no newer version, or the request's own specs leave none.
            facts = {fact.kind for fact in found.conflict.facts}
            if "missing_version" not in facts and facts != {"request"}:
                lines.append(f"{name} {record.version} is not newer: {found.conflict.headline}")
        elif found.price:
            newer = next((p.after for p in found.price if p.name == name), None)
            cost = ", ".join(f"{p.name} {p.before or 'absent'} -> {p.after or 'absent'}" for p in found.price[:3])
            lines.append(f"{name} {record.version} could be {newer}, at the price of: {cost}")
    return lines
