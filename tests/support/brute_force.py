"""The contract of a fresh environment by brute force, to judge the solver on small universes.

Written from the text of `docs/contract.md` alone: every set of records that keeps the hard rules is listed, and the
levels throw out what is not best, one number at a time. Nothing here is clever and nothing is shared with the solver.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from universes import Record, Request, Spec, Universe, version_key

#: A set of records, at most one a name.
Chosen = dict[str, Record]


class BruteForce:
    """One request over one universe.

    Parameters
    ----------
    universe, request
        What is asked of what.
    """

    def __init__(self, universe: Universe, request: Request) -> None:
        self.request = request
        self.virtual = dict(text.split()[:2] for text in universe.virtual_packages)
        self.requested = list(dict.fromkeys(s.name for s in request.specs if not s.name.startswith("__")))
        self.by_name: dict[str, list[Record]] = {}
        for record in universe.records:
            self.by_name.setdefault(record.name, []).append(record)
        self.left = {name: self._after_priority(name, records) for name, records in self.by_name.items()}
        self.ranked = {
            name: [r for r in records if all(s.matches(r) for s in self._certain(name))]
            for name, records in self.left.items()
        }
        # Among those, what a spec matches that applies only under a condition.
        self.asked = {
            name: [r for r in records if any(s.matches(r) for s in self._uncertain(name))]
            for name, records in self.ranked.items()
            if self._uncertain(name)
        }

    def _certain(self, name: str) -> list[Spec]:
        """Return the requested specs of a name that apply whatever is chosen."""
        return [s for s in self.request.specs if s.name == name and self._static(s) is True]

    def _uncertain(self, name: str) -> list[Spec]:
        """Return those that apply or not as the answer has it."""
        return [s for s in self.request.specs if s.name == name and self._static(s) is None]

    def _static(self, spec: Spec) -> bool | None:
        """Whether a spec applies, as far as the target tells."""

        def leaf(asked: Spec) -> bool | None:
            if asked.name.startswith("__"):
                return asked.name in self.virtual and self._matches_virtual(asked)
            return None

        return True if spec.when is None else spec.when.holds(leaf)

    def _after_priority(self, name: str, records: list[Record]) -> list[Record]:
        """Rule 4: the records that channel priority, or a channel in a spec, leaves to a name."""
        for spec in self.request.specs:
            if spec.name == name and spec.channel is not None:
                records = [r for r in records if r.channel == spec.channel]
        if self.request.channel_priority == "strict" and records:
            first = min(r.channel for r in records)
            records = [r for r in records if r.channel == first]
        return records

    # -- The hard rules

    def satisfied(self, spec: Spec, chosen: Mapping[str, Record]) -> bool:
        if spec.name.startswith("__"):
            return spec.name in self.virtual and self._matches_virtual(spec)
        return spec.name in chosen and spec.matches(chosen[spec.name])

    def respected(self, spec: Spec, chosen: Mapping[str, Record]) -> bool:
        if spec.name.startswith("__"):
            return spec.name not in self.virtual or self._matches_virtual(spec)
        return spec.name not in chosen or spec.matches(chosen[spec.name])

    def _matches_virtual(self, spec: Spec) -> bool:
        # The build of these is the empty string's stand-in, 0; they have no flags.
        return spec.matches_version(self.virtual[spec.name]) and spec.build in {"", "*"} and not spec.flags

    def usable(self, record: Record) -> bool:
        cutoff = self.request.exclude_newer
        return not record.unreadable and (cutoff is None or record.timestamp <= cutoff)

    def applies(self, spec: Spec, chosen: Mapping[str, Record]) -> bool:
        return spec.when is None or bool(spec.when.holds(lambda leaf: self.satisfied(leaf, chosen)))

    def in_force(self, chosen: Mapping[str, Record]) -> list[Spec]:
        """Return what must be satisfied: by the request, by `depends`, and by groups that one of these asks for."""
        found = [spec for spec in self.request.specs if self.applies(spec, chosen)]
        found += [s for record in chosen.values() for s in record.depends if self.applies(s, chosen)]
        done: set[tuple[str, str]] = set()
        for spec in found:  # grows on the way
            for extra in spec.extras:
                if spec.name in chosen and (spec.name, extra) not in done:
                    done.add((spec.name, extra))
                    group = dict(chosen[spec.name].extra_depends).get(extra, ())
                    found += [s for s in group if self.applies(s, chosen)]
        return found

    def valid(self, chosen: Mapping[str, Record]) -> bool:
        """Rules 2 and 3."""
        limits = [*self.request.constraints, *self.request.pins]
        limits += [spec for record in chosen.values() for spec in record.constrains]
        return all(self.satisfied(spec, chosen) for spec in self.in_force(chosen)) and all(
            self.respected(spec, chosen) for spec in limits if self.applies(spec, chosen)
        )

    def needed(self, chosen: Mapping[str, Record]) -> set[str]:
        """Rule 5: the names that dependencies lead to from the requested ones, whatever their conditions."""
        reached: set[tuple[str, str]] = set()
        queue = list(self.request.specs)
        while queue:
            spec = queue.pop()
            for group in ("", *spec.extras):
                if spec.name in chosen and (spec.name, group) not in reached:
                    reached.add((spec.name, group))
                    record = chosen[spec.name]
                    queue += dict(record.extra_depends).get(group, ()) if group else record.depends
        return {name for name, _ in reached}

    def all_answers(self) -> Iterator[Chosen]:
        """Yield every answer that keeps the hard rules, from all combinations of records."""
        names = sorted(self.left)
        choices: list[list[Record | None]] = [[None, *filter(self.usable, self.left[name])] for name in names]
        for combination in itertools.product(*choices):
            chosen = {record.name: record for record in combination if record is not None}
            if self.valid(chosen) and self.needed(chosen) == set(chosen):
                yield chosen

    def answers(self) -> Iterator[Chosen]:
        """Yield the same answers, choosing only for names that something chosen needs, and only what fits so far."""
        yield from self._extend({}, self.requested)

    def _extend(self, chosen: Chosen, open_names: list[str]) -> Iterator[Chosen]:
        open_names = [name for name in open_names if name not in chosen]
        if not open_names:
            if self.valid(chosen):
                yield dict(chosen)
            return
        name = open_names[0]
        for record in filter(self.usable, self.left.get(name, ())):
            if self._fits(record, chosen):
                needs = [spec.name for spec in record.depends if not spec.name.startswith("__")]
                yield from self._extend({**chosen, name: record}, open_names + needs)

    def _fits(self, record: Record, chosen: Chosen) -> bool:
        asked = [*self.request.specs, *self.request.constraints, *self.request.pins]
        asked += [spec for other in chosen.values() for spec in (*other.depends, *other.constrains)]
        return all(spec.matches(record) for spec in asked if spec.name == record.name) and all(
            self.respected(spec, chosen) for spec in (*record.depends, *record.constrains)
        )

    # -- Ranks

    def ranks(self, record: Record) -> tuple[int, int] | None:
        """Return the version rank and the build rank; None for a record that this call's specs leave out."""
        peers = self.ranked[record.name]
        return self._ranks_among(record, peers) if record in peers else None

    def _ranks_among(self, record: Record, peers: list[Record]) -> tuple[int, int]:
        strategy = self.request.strategy
        low = strategy == "lowest" or (strategy == "lowest-direct" and record.name in self.requested)
        flexible = self.request.channel_priority == "flexible"

        def group(other: Record) -> tuple[int, tuple[int, ...]]:
            return (other.channel if flexible else 0, version_key(other.version))

        def above(other: Record) -> bool:
            (channel, version), (own_channel, own_version) = group(other), group(record)
            if channel != own_channel:
                return channel < own_channel
            return version < own_version if low else version > own_version

        versions = {group(other) for other in peers if above(other)}
        # Without a priority channels come behind versions, and before build numbers.
        disabled = self.request.channel_priority == "disabled"
        builds = {
            (other.channel if disabled else 0, -other.build_number) for other in peers if group(other) == group(record)
        }
        own = (record.channel if disabled else 0, -record.build_number)
        return len(versions), sum(build < own for build in builds)

    # -- The levels

    def best(self, answers: Iterable[Chosen] | None = None) -> Chosen | None:
        """Return the one best answer, or None when nothing keeps the hard rules; all answers may be given."""
        answers = list(self.answers() if answers is None else answers)
        if not answers:
            return None
        self._version: dict[tuple[int, str, str], int] = {}
        self._build: dict[tuple[int, str, str], int] = {}
        for records in self.ranked.values():
            for record in records:
                version, build = self.ranks(record) or (0, 0)
                self._version[record.identity] = version
                self._build[record.identity] = build
        ordered = self.request.strategy == "ordered"
        if self.asked:
            answers = self._asked_versions(answers, ordered=ordered)
        answers = self._level(answers, self.requested, in_order=self.requested, ordered=ordered)
        layers = [sorted(self.requested)]
        covered = set(self.requested)
        while layers[-1]:
            following = self._leads_to(covered, answers[0]) - covered
            covered |= following
            layers.append(sorted(following))
            answers = self._level(answers, layers[-1], in_order=layers[-1])
        answers = least(answers, len)
        in_order = [name for layer in layers for name in layer]
        answers = least(answers, lambda chosen: [place(chosen.get(name)) for name in in_order])
        assert len(answers) == 1, "the contract leaves exactly one answer"
        return answers[0]

    def _level(
        self, answers: list[Chosen], names: list[str], *, in_order: list[str], ordered: bool = False
    ) -> list[Chosen]:
        """Levels 2 to 4, or one layer of level 6: version ranks, features, build ranks, each with its ties."""

        def vector(ranks: Mapping[tuple[int, str, str], int], chosen: Chosen) -> list[int]:
            return [ranks[chosen[name].identity] if name in chosen else 0 for name in in_order]

        if not ordered:
            answers = least(answers, lambda chosen: sum(vector(self._version, chosen)))
        answers = least(answers, lambda chosen: vector(self._version, chosen))
        answers = least(
            answers, lambda chosen: sum(bool(chosen[name].track_features) for name in names if name in chosen)
        )
        answers = least(answers, lambda chosen: sum(vector(self._build, chosen)))
        return least(answers, lambda chosen: vector(self._build, chosen))

    def asked_ranks(self, chosen: Mapping[str, Record]) -> list[int]:
        """Return the version ranks of the requested, in order; 0 for what is not there.

        Where specs of a name have conditions, ranks are those among the records that one of these matches.
        """
        return [
            self._ranks_among(chosen[name], self.asked.get(name, self.ranked[name]))[0] if name in chosen else 0
            for name in self.requested
        ]

    def _asked_versions(self, answers: list[Chosen], *, ordered: bool) -> list[Chosen]:
        """Level 2 where specs have conditions, before the ranks among all records that may be chosen."""
        if not ordered:
            answers = least(answers, lambda chosen: sum(self.asked_ranks(chosen)))
        return least(answers, self.asked_ranks)

    def _leads_to(self, covered: set[str], chosen: Chosen) -> set[str]:
        """Return the names that the records lead to that have the ranks fixed for these names.

        They lead to those in their `depends`, and in each group of theirs that the request or one of them names.
        """
        records = []
        for name in covered:
            fixed = self.ranks(chosen[name]) if name in chosen else (0, 0)
            records += [record for record in self.ranked.get(name, ()) if self.ranks(record) == fixed]
        specs = list(self.request.specs) + [spec for record in records for spec in record.depends]
        found = {spec.name for record in records for spec in record.depends}
        done: set[tuple[str, str]] = set()
        for spec in specs:  # grows on the way
            for extra in spec.extras:
                if (spec.name, extra) not in done:
                    done.add((spec.name, extra))
                    for record in records:
                        if record.name == spec.name:
                            group = dict(record.extra_depends).get(extra, ())
                            specs += group
                            found |= {spec.name for spec in group}
        return {name for name in found if not name.startswith("__")}


def least(answers: list[Chosen], cost: Callable[[Chosen], Any]) -> list[Chosen]:
    """Return the answers of least cost."""
    costs = [cost(chosen) for chosen in answers]
    lowest = min(costs)
    return [chosen for chosen, here in zip(answers, costs, strict=True) if here == lowest]


def place(record: Record | None) -> tuple[Any, ...]:
    """Level 7's order of a name's records; "not installed" comes before all."""
    if record is None:
        return ()
    return (
        record.subdir == "noarch",
        -record.timestamp,
        record.archive == ".tar.bz2",
        record.channel,
        record.subdir,
        record.fn,
    )
