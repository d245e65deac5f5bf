"""The contract of an existing environment by brute force: levels 1 and 5, what each modifier means, what is broken.

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
    """An environment, in which things may be broken, and what is asked of it.

    Attributes
    ----------
    request
        Specs, constraints, pins and policy.
    installed
        What is there.
    history
        Specs of earlier requests.
    written
        For some installed names what `conda-meta` holds as their `depends`, where that is not what the channel says.
    mode, freeze, prune, update_deps, aggressive, keep, hold
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
    keep: bool = False
    hold: bool = False
    written: tuple[tuple[str, tuple[Spec, ...]], ...] = ()

    def arguments(self) -> dict[str, Any]:
        """Return the keyword arguments of `Session.solve`."""
        written = dict(self.written)
        there = [dataclasses.replace(r, depends=written.get(r.name, r.depends)) for r in self.installed]
        entries = [{**r.to_dict(), "channel": channel_name(r.channel), "fn": r.fn} for r in reversed(there)]
        return {
            **self.request.arguments(),
            "installed": entries,
            "history": [str(spec) for spec in self.history],
            "mode": self.mode,
            "freeze_installed": self.freeze,
            "prune": self.prune,
            "update_deps": self.update_deps,
            "aggressive_updates": list(self.aggressive),
            **({"keep_requested": True} if self.keep else {}),
            **({"hold_history": True} if self.hold else {}),
        }


class EnvironmentForce(BruteForce):
    """One change of one environment over one universe; records of the environment need not be in the universe."""

    def __init__(self, universe: Universe, change: Change, joined: Iterable[str] = ()) -> None:
        self.in_channels = set(universe.records)
        # What an installed record requires its channel says; conda-meta, where no channel has it.
        written = dict(change.written)
        ruling = [r if r in self.in_channels else self._as_written(r, written) for r in change.installed]
        change = dataclasses.replace(change, installed=tuple(ruling))
        self.change = change
        self.before = {record.name: record for record in change.installed}
        # What it names is what either says.
        self.also = {
            name: {spec.name for spec in specs} - {spec.name for spec in self.before[name].depends}
            for name, specs in written.items()
            if name in self.before
        }
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
        self.broken = {
            (name, kind, spec)
            for name, record in self.before.items()
            for kind, specs, holds in (
                ("depends", record.depends, self.satisfied),
                ("constrains", record.constrains, self.respected),
            )
            for spec in specs
            if not holds(spec, self.before)
        }
        # What a record that stays names without a requirement that holds stays with it.
        self.bonds = {
            (name, target)
            for name, record in self.before.items()
            for target in {
                *self.also.get(name, ()),
                *(spec.name for spec in record.depends if (name, "depends", spec) in self.broken),
            }
            if target in self.before and target != name
        }

    @staticmethod
    def _as_written(record: Record, written: dict[str, tuple[Spec, ...]]) -> Record:
        return dataclasses.replace(record, depends=written.get(record.name, record.depends))

    def _stays_as(self, name: str, chosen: Chosen) -> bool:
        return name in chosen and chosen[name] == self.before.get(name)

    def in_force(self, chosen: Chosen) -> list[Spec]:  # type: ignore[override]
        held = {
            name: tuple(spec for spec in record.depends if not self._waived(name, "depends", spec, chosen))
            for name, record in chosen.items()
        }
        return [*self.request.specs, *(spec for specs in held.values() for spec in specs)]

    def _waived(self, name: str, kind: str, spec: Spec, chosen: Chosen) -> bool:
        return (name, kind, spec) in self.broken and self._stays_as(name, chosen)

    def valid(self, chosen: Chosen) -> bool:  # type: ignore[override]
        limits = [*self.request.constraints, *self.request.pins]
        for name, record in chosen.items():
            limits += [s for s in record.constrains if not self._waived(name, "constrains", s, chosen)]
        return (
            all(self.satisfied(spec, chosen) for spec in self.in_force(chosen))
            and all(self.respected(spec, chosen) for spec in limits)
            and all(target in chosen for name, target in self.bonds if self._stays_as(name, chosen))
        )

    def _is_other_archive(self, record: Record) -> bool:
        """Whether the same package is installed in another format."""
        here = self.before.get(record.name)
        return here is not None and here != record and dataclasses.replace(record, archive=here.archive) == here

    def _after_priority(self, name: str, records: list[Record]) -> list[Record]:
        # What is installed may stay, whatever its channel; one that left its channel gives that no priority.
        here = self.before.get(name)
        left = super()._after_priority(name, [record for record in records if record in self.in_channels])
        return left if here is None or here in left else [*left, here]

    def _closure(self, records: Chosen, roots: Iterable[str]) -> set[str]:
        found: set[str] = set()
        queue = [name for name in roots if name in records]
        while queue:
            name = queue.pop()
            if name not in found:
                found.add(name)
                named = [spec.name for spec in records[name].depends]
                if self._stays_as(name, records):
                    named += self.also.get(name, ())
                queue += [target for target in named if target in records]
        return found

    def _leads_to(self, covered: set[str], chosen: Chosen) -> set[str]:
        found = super()._leads_to(covered, chosen)
        for name in covered & set(self.also):
            here = self.before[name]
            fixed = self.ranks(chosen[name]) if name in chosen else (0, 0)
            if here in self.ranked.get(name, ()) and self.ranks(here) == fixed:
                found |= {target for target in self.also[name] if target in self.before}
        return found

    def unmended(self, chosen: Chosen) -> int:
        """Count what the request should mend and this answer does not; what was to stay and leaves is not mended."""
        concerned = self._closure(self.before, self.requested)
        explicit = set(self.explicit)
        stay = self.roots | (self.orphans if self.change.mode != "update-all" else set())
        count = 0
        for name, kind, spec in self.broken:
            if name not in concerned and spec.name not in self.requested:
                continue
            if name not in chosen:
                count += name in stay - explicit
            elif self._stays_as(name, chosen):
                holds = self.satisfied if kind == "depends" else self.respected
                count += not holds(spec, chosen)
        return count

    def usable(self, record: Record) -> bool:
        return record == self.before.get(record.name) or super().usable(record)

    def needed(self, chosen: Any) -> set[str]:
        return self._closure(chosen, {*self.explicit, *self.roots, *self.orphans})

    def changes(self) -> Iterator[Chosen]:
        """Yield every answer that keeps the hard rules and freezes what is frozen."""
        for chosen in self.all_answers():
            frozen = not self.change.freeze or all(self._stays(record, chosen) for record in self.change.installed)
            if frozen and self._keeps(chosen):
                yield chosen

    def _keeps(self, chosen: Chosen) -> bool:
        """Whether what was asked for earlier stays, and with `hold` the versions of those specs."""
        if not (self.change.keep or self.change.hold):
            return True
        history = [s for s in self.change.history if s.name in self.before and s.name not in self.requested]
        return self.roots - set(self.explicit) <= set(chosen) and (
            not self.change.hold or all(s.matches_version(chosen[s.name].version) for s in history)
        )

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
        answers = least(answers, self.unmended)
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
