"""The contract of an existing environment by brute force: levels 1 and 5 and what each modifier means.

As in `brute_force.py`, everything is written from the text of `docs/contract.md` and `docs/environments.md`: all sets
of records that keep the hard rules are listed, the levels throw out what is not best. What a removal leaves behind
needs no levels and is written down outright.
"""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Iterable, Iterator
from typing import Any, Literal

from brute_force import BruteForce, Chosen, least, place
from universes import Record, Request, Spec, Universe, channel_name, version_key

Mode = Literal["install", "update", "update-all", "remove"]


@dataclasses.dataclass(frozen=True)
class Change:
    """An environment, in which nothing is broken, and what is asked of it.

    Attributes
    ----------
    request
        Specs, constraints, pins and policy.
    installed
        What is there.
    history
        Specs of earlier requests, all of installed names and all of them satisfied.
    mode, freeze, prune, update_deps, aggressive
        The modifiers.
    """

    request: Request
    installed: tuple[Record, ...]
    history: tuple[Spec, ...]
    mode: Mode = "install"
    freeze: bool = False
    prune: bool = False
    update_deps: bool = False
    aggressive: tuple[str, ...] = ()

    def arguments(self) -> dict[str, Any]:
        """Return the keyword arguments of `Session.solve`."""
        entries = [{**r.to_dict(), "channel": channel_name(r.channel), "fn": r.fn} for r in reversed(self.installed)]
        return {
            **self.request.arguments(),
            "installed": entries,
            "history": [str(spec) for spec in self.history],
            "mode": self.mode,
            "freeze_installed": self.freeze,
            "prune": self.prune,
            "update_deps": self.update_deps,
            "aggressive_updates": list(self.aggressive),
        }


class EnvironmentForce(BruteForce):
    """One change of one environment over one universe; records of the environment need not be in the universe."""

    def __init__(self, universe: Universe, change: Change, joined: Iterable[str] = ()) -> None:
        self.change = change
        self.before = {record.name: record for record in change.installed}
        self.in_channels = set(universe.records)
        self._version: dict[tuple[int, str, str], int] = {}
        self._build: dict[tuple[int, str, str], int] = {}
        both = dict.fromkeys((*universe.records, *change.installed))
        records = [record for record in both if not self._is_other_archive(record)]
        super().__init__(dataclasses.replace(universe, records=tuple(records)), change.request)
        self.explicit = list(self.requested)
        # An environment without history: every installed name was asked for.
        asked = {spec.name for spec in change.history} or set(self.before)
        added = {*joined, *change.aggressive} & set(self.before)
        self.roots = (asked | added if not change.prune else asked | set(change.aggressive)) & set(self.before)
        more = self.roots if change.mode == "update-all" else added
        self.requested += sorted(more - set(self.explicit))
        self.orphans = set() if change.prune else set(self.before) - self._closure(self.before, self.roots)

    def _is_other_archive(self, record: Record) -> bool:
        """Whether the same package is installed in another format."""
        here = self.before.get(record.name)
        return here is not None and here != record and dataclasses.replace(record, archive=here.archive) == here

    def _after_priority(self, name: str, records: list[Record]) -> list[Record]:
        # What is installed may stay, whatever its channel; one that left its channel gives that no priority.
        here = self.before.get(name)
        left = super()._after_priority(name, [record for record in records if record in self.in_channels])
        return left if here is None or here in left else [*left, here]

    @staticmethod
    def _closure(records: Chosen, roots: Iterable[str]) -> set[str]:
        found: set[str] = set()
        queue = [name for name in roots if name in records]
        while queue:
            name = queue.pop()
            if name not in found:
                found.add(name)
                queue += [spec.name for spec in records[name].depends if spec.name in records]
        return found

    def usable(self, record: Record) -> bool:
        return record == self.before.get(record.name) or super().usable(record)

    def needed(self, chosen: Any) -> set[str]:
        return self._closure(chosen, {*self.explicit, *self.roots, *self.orphans})

    def changes(self) -> Iterator[Chosen]:
        """Yield every answer that keeps the hard rules and freezes what is frozen."""
        for chosen in self.all_answers():
            if not self.change.freeze or all(self._stays(record, chosen) for record in self.change.installed):
                yield chosen

    def _stays(self, record: Record, chosen: Chosen) -> bool:
        asked = [spec for spec in self.request.specs if spec.name == record.name]
        if not all(spec.matches(record) for spec in asked):
            return True
        # What nothing needs any more leaves all the same.
        free = record.name not in {*self.roots, *self.orphans}
        return chosen.get(record.name, record if free else None) == record

    def _changed(self, names: Iterable[str], chosen: Chosen) -> int:
        return sum(chosen.get(name) != self.before[name] for name in names)

    def best_change(self) -> Chosen | None:
        """Return the one best answer; None when nothing keeps the hard rules."""
        if self.change.mode == "remove":
            return self.remaining()
        answers = list(self.changes())
        if not answers:
            return None
        for records in self.ranked.values():
            for record in records:
                version, build = self.ranks(record) or (0, 0)
                self._version[record.identity] = version
                self._build[record.identity] = build
        before, asked, mode = self.before, set(self.requested), self.change.mode
        answers = least(answers, lambda c: sum(name not in c for name in self.roots - set(self.explicit)))
        history = [spec for spec in self.change.history if spec.name in before and spec.name not in asked]
        answers = least(answers, lambda c: sum(s.name in c and not s.matches(c[s.name]) for s in history))
        answers = least(answers, lambda c: sum(self._is_lower(name, c) for name in (self.roots | asked) & set(before)))
        if mode == "install":
            stay = [name for name in self.explicit if name in before and self._matches(before[name])]
            answers = least(answers, lambda c: self._changed(stay, c))
            unneeded = set(before) - self._closure(before, self.roots) if self.change.prune else set()
            counted = set(before) - asked - unneeded
            answers = least(answers, lambda c: self._changed(counted, c))
        ordered = self.request.strategy == "ordered"
        answers = self._level(answers, self.requested, in_order=self.requested, ordered=ordered)
        if mode == "update":
            unneeded = set(before) - self._closure(before, self.roots) if self.change.prune else set()
            answers = least(answers, lambda c: self._changed(set(before) - unneeded, c))
        layers = [sorted(self.requested)]
        covered = set(self.requested)
        while True:
            following = self._leads_to(covered, answers[0]) - covered
            # What no layer leads to stays for a reason of its own.
            following = following or {*self.roots, *self.orphans} - covered
            if not following:
                break
            covered |= following
            layers.append(sorted(following))
            answers = self._level(answers, layers[-1], in_order=layers[-1])
        answers = least(answers, len)
        in_order = [name for layer in layers for name in layer]
        answers = least(answers, lambda c: [place(c.get(name)) for name in in_order])
        assert len(answers) == 1, "the contract leaves exactly one answer"
        return answers[0]

    def _matches(self, record: Record) -> bool:
        return all(spec.matches(record) for spec in self.request.specs if spec.name == record.name)

    def _is_lower(self, name: str, chosen: Chosen) -> bool:
        return name in chosen and version_key(chosen[name].version) < version_key(self.before[name].version)

    def remaining(self) -> Chosen | None:
        """Return what a removal leaves; None when a spec matches nothing that is installed."""
        specs = self.request.specs
        gone = {name for name, r in self.before.items() if any(s.name == name and s.matches(r) for s in specs)}
        if any(not (s.name in gone and s.matches(self.before[s.name])) for s in specs):
            return None
        for _, (name, record) in itertools.product(self.before, self.before.items()):
            if any(spec.name in gone for spec in record.depends):
                gone.add(name)
        left = {name: record for name, record in self.before.items() if name not in gone}
        kept = self._closure(left, {*self.roots, *self.orphans} - gone)
        return {name: record for name, record in left.items() if name in kept}


def best_change(universe: Universe, change: Change) -> Chosen | None:
    """Return the best answer; with `update_deps` the dependencies that a first answer finds join the requested."""
    force = EnvironmentForce(universe, change)
    best = force.best_change()
    if best is not None and change.update_deps and change.mode == "update":
        joined = force._closure(best, force.explicit)
        best = EnvironmentForce(universe, change, joined).best_change()
    return best
