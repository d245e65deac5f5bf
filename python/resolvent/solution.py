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

import contextlib
from collections.abc import Iterable
from dataclasses import dataclass

from . import _core
from ._core import Conflict, DeadlineExceeded, MatchSpec, PackageRecord, ResolventError, Solution, VersionSpec
from .arguments import specs_of, timeout_seconds
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
        The answer has it already.
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
            return "already in the answer"
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
        If the time limit was reached before there was an answer.
    """
    found = _core.why_not(complete(solution), specs_of("spec", spec)[0], timeout_seconds(timeout))

    def words(record: tuple[str, str] | None) -> str | None:
        return None if record is None else " ".join(record)

    price = tuple(Price(name, words(before), words(after)) for name, before, after in found["price"])
    return WhyNot(found["granted"], found["conflict"], found["solution"], price)


def held_back(solution: Solution, specs: Iterable[str]) -> list[str]:
    """Return one line for each requested package that is not at the newest version that its specs admit: why.

    A newer version either cannot be had, and the line names what stands against it, or it costs something, and the line
    names the price and which packages ask for it.

    Parameters
    ----------
    solution
        What `solve` returned.
    specs
        What was asked for.
    """
    lines = []
    specs = list(specs)
    chosen = {record.name: record for record in solution.records}
    names = dict.fromkeys(name for name in (MatchSpec(text).name for text in specs) if name in chosen)
    for name in filter(None, names):
        version = chosen[name].version
        wish = f"{name} >{version}"
        try:
            found = why_not(solution, wish, timeout=HELD_BACK_SECONDS)
        except DeadlineExceeded:
            lines.append(f"{name} {version} may not be the newest: no reason was found within {HELD_BACK_SECONDS:g} s")
            continue
        if found.granted:
            continue
        if found.conflict is not None:
            # Nothing to report: there is no newer version, or the request's own specs of the name leave none.
            facts = found.conflict.facts
            none_newer = any(fact.kind == "missing_version" and fact.spec == wish for fact in facts)
            newer = [v for fact in facts if fact.name == name and fact.kind != "request" for v in fact.versions]
            admitted = not newer or any(_admits(specs, name, one) for one in newer)
            if not none_newer and admitted and any(fact.kind != "request" or fact.name != name for fact in facts):
                why = found.conflict.headline.removeprefix(f"{wish} is requested, but ")
                lines.append(f"{name} {version} is not newer: {why}")
        elif found.solution is not None and found.price:
            other = next(record for record in found.solution.records if record.name == name)
            others = [change for change in found.price if change.name != name]
            costs = [f"{one.name} {one.before or 'absent'} -> {one.after or 'absent'}" for one in others[:3]]
            costs += [f"{len(others) - 3} more"] if len(others) > 3 else []
            line = f"{name} {version} could be {other.version} {other.build}"
            line += f", at the price of: {', '.join(costs)}" if costs else ""
            holders = _holders(chosen.values(), other)
            lines.append(f"{line} ({'; '.join(holders)})" if holders else line)
    return lines


def _admits(specs: Iterable[str], name: str, version: str) -> bool:
    """Whether what was asked of a name admits a version of it."""
    own = (spec for spec in map(MatchSpec, specs) if spec.name == name and spec.version is not None)
    return all(VersionSpec(str(spec.version)).matches(version) for spec in own)


def _holders(records: Iterable[PackageRecord], newer: PackageRecord) -> list[str]:
    """Return what records of an answer ask of a name that a newer record of it does not give; at most three."""
    reasons = []
    for record in records:
        for word, texts in (("needs", record.depends), ("allows only", record.constrains)):
            for text in texts:
                with contextlib.suppress(ResolventError):
                    spec = MatchSpec(text)
                    if spec.name == newer.name and record.name != newer.name and not spec.matches(newer):
                        reasons.append(f"{record.name} {record.version} {word} {text!r}")
    return reasons[:3]
