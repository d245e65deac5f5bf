"""Environments on disk for the tests: a small writer of `conda-meta`, and what a transaction does to records."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from resolvent import PackageRecord, Solution

Record = PackageRecord | Mapping[str, Any]


def write_prefix(
    folder: Path,
    records: Iterable[Record] = (),
    *,
    history: Sequence[str] | None = (),
    pins: Sequence[str] = (),
) -> Path:
    """Write an environment as conda leaves it, and return its folder.

    Parameters
    ----------
    folder
        Where; it may exist.
    records
        What is installed.
    history
        The specs of one `conda install`; none of them: only the marker that an environment has. None: no file.
    pins
        Lines of `conda-meta/pinned`.
    """
    meta = folder / "conda-meta"
    meta.mkdir(parents=True, exist_ok=True)
    dists = []
    for record in records:
        data = record.to_dict() if isinstance(record, PackageRecord) else dict(record)
        stem = f"{data['name']}-{data['version']}-{data['build']}"
        data.setdefault("fn", f"{stem}.conda")
        (meta / f"{stem}.json").write_text(json.dumps({**data, "files": [], "link": {"source": "", "type": 1}}))
        dists.append(f"+{data.get('channel', 'channel')}/{data.get('subdir', 'noarch')}::{stem}")
    if history is not None:
        lines = ["==> 2026-01-31 12:00:00 <==", "# cmd: conda install", "# conda version: 25.7.0", *dists]
        lines += [f"# update specs: {list(history)!r}"] if history else []
        (meta / "history").write_text("\n".join(lines) + "\n" if dists or history else "")
    if pins:
        (meta / "pinned").write_text("\n".join(pins) + "\n")
    return folder


#: What makes two records one package (channel, subdir, name, version, build number, build).
Identity = tuple[str, str, str, str, int, str]


def identity(record: PackageRecord) -> Identity:
    """Return what conda tells packages apart by."""
    return (record.channel, record.subdir, record.name, record.version, record.build_number, record.build)


def identities(records: Iterable[PackageRecord]) -> list[Identity]:
    """Return the identities of records, sorted, so that two sets can be compared and a difference can be read."""
    return sorted(map(identity, records))


def apply(installed: Iterable[PackageRecord], solution: Solution) -> list[Identity]:
    """Return what the environment holds after the transaction; unlinking what is not there is an error."""
    state = {identity(record): record for record in installed}
    for record in solution.transaction.unlink:
        del state[identity(record)]
    for record in solution.transaction.link:
        assert identity(record) not in state, f"linked twice: {record!r}"
        state[identity(record)] = record
    names = [record.name for record in state.values()]
    assert len(set(names)) == len(names), "two packages of one name"
    return sorted(state)
