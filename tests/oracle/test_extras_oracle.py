"""Conditions, extras and flags against py-rattler: the same verdicts, and its answers keep our rules.

Left out is what differs on purpose: conditions of `constrains`, which rattler does not look at, and flags of virtual
packages, which it takes for matched.
"""

from __future__ import annotations

import asyncio
import dataclasses
import random
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from universes import PLATFORM, Record, Request, Spec, Universe, modern_request, modern_universe

import resolvent

rattler = pytest.importorskip("rattler", reason="the oracle py-rattler (extra `oracle`) is not installed")
exceptions = pytest.importorskip("rattler.exceptions")


def plain(specs: Iterable[Spec], *, when: bool = True) -> tuple[Spec, ...]:
    """Drop what the two tools do not share."""
    return tuple(
        dataclasses.replace(
            spec,
            channel=None,
            when=spec.when if when else None,
            flags=() if spec.name.startswith("__") else spec.flags,
        )
        for spec in specs
    )


def shared(rng: random.Random) -> Universe:
    """Return a random universe of one channel that both tools read alike."""

    def record(old: Record) -> Record:
        groups = tuple((group, plain(specs)) for group, specs in old.extra_depends)
        return dataclasses.replace(
            old,
            channel=0,
            unreadable=False,
            depends=plain(old.depends),
            constrains=plain(old.constrains, when=False),
            extra_depends=groups,
        )

    universe = modern_universe(rng)
    # Of two archives of one package rattler sees only the `.conda`.
    records = {(new.subdir, new.name, new.version, new.build): new for new in map(record, universe.records)}
    return Universe(tuple(records.values()), 1, universe.virtual_packages)


class Panicked(Exception):
    """The peer failed in itself and gives no verdict."""


def peer(folder: Path, specs: Iterable[str], facts: Iterable[str]) -> set[tuple[str, str]] | None:
    """Return subdirs and file names of rattler's answer, None if it finds none."""
    channel = rattler.Channel(str(folder))
    repodata = [rattler.SparseRepoData(channel, s, folder / s / "repodata.json") for s in (PLATFORM, "noarch")]
    virtual = [
        rattler.GenericVirtualPackage(rattler.PackageName(n), rattler.Version(v), rattler.BuildString("0"))
        for n, v in (fact.split() for fact in facts)
    ]

    async def ask() -> list[Any]:
        return list(
            await rattler.solve_with_sparse_repodata(
                [rattler.MatchSpec(spec) for spec in specs], repodata, virtual_packages=virtual
            )
        )

    try:
        return {(record.subdir, record.file_name) for record in asyncio.run(ask())}
    except exceptions.SolverError:
        return None
    except Exception as error:
        if type(error).__name__ == "RustPanic":
            raise Panicked from error
        raise


def compare(seeds: range, folder: Path) -> tuple[int, int]:
    counts = [0, 0]
    for seed in seeds:
        rng = random.Random(seed)
        universe = shared(rng)
        index = universe.load(folder / str(seed))
        facts = universe.virtual_packages
        for _ in range(3):
            request = Request(specs=plain(modern_request(rng, universe).specs))
            specs = [str(spec) for spec in request.specs]
            try:
                ours: resolvent.Solution | None = resolvent.solve(specs, index=index, virtual_packages=facts)
            except resolvent.UnsatisfiableError:
                ours = None
            try:
                theirs = peer(folder / str(seed) / "channel0", specs, facts)
            except Panicked:
                continue
            assert (ours is None) == (theirs is None), f"seed {seed}: {specs}"
            counts[theirs is None] += 1
            if theirs is not None:
                entries = [record for record in universe.records if (record.subdir, record.fn) in theirs]
                records = [
                    resolvent.PackageRecord.from_dict({**r.to_dict(), "channel": "channel0", "fn": r.fn})
                    for r in entries
                ]
                broken = resolvent.check(records, specs, index=index, virtual_packages=facts)
                # It may install more than is needed.
                assert [text for text in broken if "is not needed" not in text] == [], f"seed {seed}: {specs}"
        shutil.rmtree(folder / str(seed))
    return counts[0], counts[1]


def test_verdicts(tmp_path: Path) -> None:
    assert min(compare(range(400_000, 400_120), tmp_path)) > 100


@pytest.mark.long
def test_many_verdicts(tmp_path: Path) -> None:
    assert min(compare(range(401_000, 401_500), tmp_path)) > 400
