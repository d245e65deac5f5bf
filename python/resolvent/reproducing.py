"""A problem as one text file: the request, the target, and just the records that it can reach.

`save_problem` writes it, `replay` solves it again, anywhere, without channels. The file is JSON with one record a line,
so that two of them can be compared and a record can be taken out by hand. Records that the request can never choose are
kept only as far as they count for ranks and for channel priority, without their dependencies.

>>> import pathlib, tempfile
>>> import resolvent
>>> index = resolvent.load_index([resolvent.sample_channel()], platform="linux-64")
>>> path = pathlib.Path(tempfile.mkdtemp()) / "problem.json"
>>> linux = {"__glibc": "2.28", "__unix": "0", "__linux": "5.10"}
>>> resolvent.save_problem(path, ["numpy"], index=index, virtual_packages=linux)
>>> len(resolvent.replay(path)) == len(resolvent.solve(["numpy"], index=index, virtual_packages=linux))
True
"""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from . import _core
from ._core import Index, InternalError, PackageRecord, ResolventError, Solution
from .arguments import STRATEGIES, Cutoff, Specs, Strategy, choice, cutoff_milliseconds, specs_of
from .solving import Session, load_index, solve
from .virtual_packages import VirtualPackages
from .virtual_packages import virtual_packages as shape_virtual_packages

#: The first entry of a file; the number changes when older readers would misread it.
FORMAT = "resolvent-problem-1"


def save_problem(
    path: str | os.PathLike[str],
    specs: Specs,
    *,
    index: Index,
    virtual_packages: VirtualPackages = None,
    constraints: Specs = (),
    pins: Specs = (),
    strategy: Strategy = "highest",
    exclude_newer: Cutoff = None,
    channel_priority: str | None = None,
) -> None:
    """Write a request and the records it can reach into one file; the parameters are those of `resolvent.solve`."""
    asked, limits, pinned = specs_of("specs", specs), specs_of("constraints", constraints), specs_of("pins", pins)
    priority = channel_priority or index.channel_priority
    head = {
        "format": FORMAT,
        "version": _core.__version__,
        "platform": index.platform,
        "channel_priority": priority,
        "channels": index.channels,
        "specs": asked,
        "constraints": limits,
        "pins": pinned,
        "virtual_packages": shape_virtual_packages(virtual_packages, index.platform),
        "strategy": choice("strategy", strategy, STRATEGIES),
        "exclude_newer": cutoff_milliseconds(exclude_newer),
    }
    found = _core.reachable(index, asked, limits, pinned, priority)
    lines = [json.dumps(_entry(record, whole), sort_keys=True) for record, whole in found]
    text = json.dumps(head, indent=1)[:-2] + ',\n "records": [\n' + ",\n".join(lines) + "\n]}\n"
    target = Path(path)
    temporary = target.with_name(f"{target.name}.{os.getpid()}.tmp")
    temporary.write_text(text, encoding="utf-8")
    temporary.replace(target)


def _entry(record: PackageRecord, whole: bool) -> dict[str, Any]:
    """Return what solving looks at; the rest of a record does not matter."""
    data = record.to_dict()
    keys = ("name", "version", "build", "build_number", "subdir", "channel", "fn", "timestamp", "track_features")
    entry = {key: data[key] for key in keys if data.get(key)}
    entry.setdefault("build_number", 0)
    entry["depends"] = list(record.depends) if whole else []
    entry["constrains"] = list(record.constrains) if whole else []
    for key in ("indexed_timestamp", "license", "license_family", "features", "noarch"):
        if data.get(key):
            entry[key] = data[key]
    return entry


def replay(path: str | os.PathLike[str], *, timeout: float | None = None) -> Solution:
    """Solve a saved problem again.

    Parameters
    ----------
    path
        What `save_problem` wrote.
    timeout
        Seconds.

    Raises
    ------
    ResolventError
        If the file is no such problem.
    UnsatisfiableError
        If it has no answer, as `resolvent.solve`.
    """
    try:
        problem = json.loads(Path(path).read_text(encoding="utf-8"))
    except ValueError as error:
        raise ResolventError(f"{os.fspath(path)} is not a saved problem: {error}") from None
    if not isinstance(problem, dict) or problem.get("format") != FORMAT:
        raise ResolventError(f"{os.fspath(path)} is not a saved problem: it does not say {FORMAT!r}")
    try:
        with tempfile.TemporaryDirectory() as folder:
            index = _rebuild(problem, Path(folder))
        return solve(
            problem["specs"],
            index=index,
            virtual_packages=problem["virtual_packages"],
            constraints=problem["constraints"],
            pins=problem["pins"],
            strategy=problem["strategy"],
            exclude_newer=problem["exclude_newer"],
            timeout=timeout,
        )
    except KeyError as error:
        raise ResolventError(f"{os.fspath(path)} is not a whole problem: it lacks {error}") from None


def with_problem(
    error: InternalError,
    session: Session,
    asked: Mapping[str, Any],
    policy: Mapping[str, Any],
    channel_priority: str | None,
    environment: object,
) -> InternalError:
    """Return the error of a failed check with a file that shows it, where such a file can say all of the request."""
    cutoff = policy["exclude_newer"]
    whole = environment is None and not any(value for key, value in policy.items() if key != "exclude_newer")
    path = None
    if whole:
        try:
            handle, path = tempfile.mkstemp(prefix="resolvent-", suffix=".json")
            os.close(handle)
            save_problem(
                path,
                asked["specs"],
                index=session.index,
                virtual_packages=session.virtual_packages,
                constraints=asked["constraints"],
                pins=asked["pins"],
                strategy=asked["strategy"],
                exclude_newer=cutoff,
                channel_priority=channel_priority,
            )
        except OSError:
            path = None
    hint = f"; please report it with {path}" if path else ""
    told = InternalError(f"{error}{hint}")
    told.problem = path
    return told


def _rebuild(problem: Mapping[str, Any], folder: Path) -> Index:
    """Load the records from channels written for the occasion."""
    sources = []
    for number, channel in enumerate(problem["channels"]):
        own = [entry for entry in problem["records"] if entry["channel"] == channel]
        for subdir in (problem["platform"], "noarch"):
            _write_subdir(folder / str(number) / subdir, subdir, (e for e in own if e["subdir"] == subdir))
        sources.append(f"{channel}={folder / str(number)}")
    return load_index(sources, platform=problem["platform"], channel_priority=problem["channel_priority"])


def _write_subdir(folder: Path, subdir: str, entries: Iterable[Mapping[str, Any]]) -> None:
    groups: dict[str, dict[str, Any]] = {"packages": {}, "packages.conda": {}}
    for entry in entries:
        plain = {key: value for key, value in entry.items() if key not in {"channel", "fn"}}
        group = "packages.conda" if entry["fn"].endswith(".conda") else "packages"
        groups[group][entry["fn"]] = plain
    folder.mkdir(parents=True, exist_ok=True)
    text = json.dumps({"info": {"subdir": subdir}, **groups})
    (folder / "repodata.json").write_text(text, encoding="utf-8")
