"""Random changes of random small environments, against a brute force of the contract."""

from __future__ import annotations

import dataclasses
import random
import shutil
from collections import Counter
from pathlib import Path

import pytest
from brute_force import BruteForce
from environment_brute_force import Change, EnvironmentForce, Mode, best_change
from universes import Request, Spec, Universe, describe, identities, random_request, random_spec, random_universe

import resolvent

#: Requests of one environment.
REQUESTS = 8


def random_change(rng: random.Random, universe: Universe) -> Change | None:
    """Return a change of an environment that was solved for while some of the records did not exist; None: no luck."""
    old = tuple(record for record in universe.records if rng.random() < 0.6)
    if not old:
        return None
    earlier = random_request(rng, dataclasses.replace(universe, records=old))
    # Virtual packages are no packages, and channels may change their order of priority.
    specs = tuple(spec for spec in earlier.specs if not spec.name.startswith("__") and spec.channel is None)
    there = BruteForce(dataclasses.replace(universe, records=old), Request(specs)).best()
    if not there:
        return None
    history = tuple(spec for spec in specs if rng.random() < 0.8)
    # Where a spec is forgotten the package stays, without a reason.
    history = history if rng.random() < 0.7 else ()
    request = random_request(rng, universe)
    mode: Mode = rng.choice(("install", "install", "update", "update", "update-all", "remove"))
    if mode == "remove":
        request = Request((Spec(rng.choice(sorted(there))),), channel_priority=request.channel_priority)
    if mode == "update-all" and rng.random() < 0.7:
        request = dataclasses.replace(request, specs=())
    return Change(
        request,
        tuple(there.values()),
        history,
        mode,
        freeze=rng.random() < 0.12,
        prune=rng.random() < 0.15,
        update_deps=mode == "update" and rng.random() < 0.4,
        aggressive=tuple(sorted(there))[:1] if mode != "remove" and rng.random() < 0.15 else (),
        keep=mode != "remove" and rng.random() < 0.15,
        hold=mode in ("install", "update") and rng.random() < 0.15,
    )


def damaged(rng: random.Random, universe: Universe, change: Change) -> Change:
    """Return the change with an environment that somebody broke, in one or several of the ways that happen."""
    there = {record.name: record for record in change.installed}
    names = sorted({record.name for record in universe.records})
    written = dict(change.written)
    for _ in range(rng.randint(1, 3)):
        way = rng.choice(("patched", "patched", "removed", "exchanged", "added", "loosened"))
        name = rng.choice(sorted(there))
        record = there[name]
        depends = list(written.get(name, record.depends))
        if way == "removed" and len(there) > 1:
            del there[name]
            written.pop(name, None)
        elif way == "exchanged":
            there[name] = rng.choice([r for r in universe.records if r.name == name])
            written.pop(name, None)
        elif way == "added":
            # As conda adds pip to python.
            written[name] = (*depends, Spec(rng.choice(names)))
        elif way == "loosened":
            written[name] = tuple(Spec(spec.name) for spec in depends)
        elif way == "patched":
            written[name] = tuple(spec for spec in depends if rng.random() < 0.5)
    specs = [random_spec(rng, rng.choice(names)) for _ in range(rng.randint(0, 2))]
    request = change.request
    if change.mode == "remove":
        request = dataclasses.replace(request, specs=(Spec(rng.choice(sorted(there))),))
    return dataclasses.replace(
        change,
        request=request,
        installed=tuple(there.values()),
        history=change.history if rng.random() < 0.7 else tuple(specs),
        written=tuple((name, specs) for name, specs in written.items() if name in there),
    )


def found(session: resolvent.Session, change: Change) -> list[tuple[int, str, str]] | None:
    try:
        solution = session.solve(**change.arguments())
    except resolvent.UnsatisfiableError:
        return None
    assert solution.optimality == "proved"
    state = {record.name: record for record in change.installed}
    for record in solution.transaction.unlink:
        assert state.pop(record.name).fn == record.fn
    after = {name: (record.subdir, record.fn) for name, record in state.items()}
    after |= {record.name: (record.subdir, record.fn) for record in solution.transaction.link}
    assert after == {record.name: (record.subdir, record.fn) for record in solution}
    for entry in solution.changes:
        assert entry["kind"] not in {"down", "unlink"} or entry["reasons"], entry
    return identities(solution)


def walk(seeds: range, folder: Path, *, broken: bool = False) -> Counter[str]:
    """Compare the changes of many environments; return how many there were, by mode and verdict."""
    counts: Counter[str] = Counter()
    for seed in seeds:
        rng = random.Random(seed)
        universe = random_universe(rng, names=5, depth=4)
        # Some records have left their channels since.
        left = tuple(record for record in universe.records if rng.random() < 0.9)
        now = dataclasses.replace(universe, records=left)
        if not left:
            continue
        index = now.load(folder / str(seed))
        session = resolvent.Session(index, virtual_packages=universe.virtual_packages)
        for _ in range(REQUESTS):
            change = random_change(rng, universe)
            if change is None:
                continue
            if broken:
                change = damaged(rng, universe, change)
            best = best_change(now, change)
            expected = None if best is None else sorted(record.identity for record in best.values())
            told = f"seed {seed}: {change}\n{describe(now, change.request)}\nexpected {expected}"
            try:
                assert found(session, change) == expected, told
            except resolvent.InternalError as error:
                raise AssertionError(told) from error
            counts[f"{change.mode}: {'no answer' if best is None else 'an answer'}"] += 1
        shutil.rmtree(folder / str(seed))
    return counts


def test_small_environments(tmp_path: Path) -> None:
    counts = walk(range(80), tmp_path)
    assert min(counts[f"{mode}: an answer"] for mode in ("install", "update", "update-all", "remove")) > 20
    assert counts["install: no answer"] > 5


def test_small_broken_environments(tmp_path: Path) -> None:
    counts = walk(range(10_000, 10_060), tmp_path, broken=True)
    assert min(counts[f"{mode}: an answer"] for mode in ("install", "update", "update-all", "remove")) > 15


@pytest.mark.long
def test_many_small_broken_environments(tmp_path: Path) -> None:
    counts = walk(range(11_000, 11_800), tmp_path, broken=True)
    assert min(counts[f"{mode}: an answer"] for mode in ("install", "update", "update-all", "remove")) > 300


@pytest.mark.long
def test_many_small_environments(tmp_path: Path) -> None:
    counts = walk(range(80, 1500), tmp_path)
    assert min(counts[f"{mode}: an answer"] for mode in ("install", "update", "update-all", "remove")) > 300


def test_removals_leave_what_the_brute_force_of_all_sets_allows(tmp_path: Path) -> None:
    """The brute force itself: what a removal leaves keeps the hard rules."""
    seen = 0
    for seed in range(250):
        rng = random.Random(seed)
        universe = random_universe(rng, names=5, depth=3)
        change = random_change(rng, universe)
        if change is None or change.mode != "remove":
            continue
        force = EnvironmentForce(universe, change)
        left = force.remaining()
        assert left is not None
        free = EnvironmentForce(universe, dataclasses.replace(change, request=Request(()), freeze=False))
        assert all(free.respected(spec, left) for record in left.values() for spec in record.constrains)
        assert all(spec.name.startswith("__") or spec.name in left for r in left.values() for spec in r.depends)
        seen += 1
    assert seen > 5
