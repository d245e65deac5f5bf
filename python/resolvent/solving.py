"""The solving functions that people call: they shape arguments and hand them to the core.

Whatever a caller passes is turned into plain strings, numbers and records here: a spec may be a string or a
`MatchSpec`, installed packages may be records or mappings, a cut-off may be a date. No rule of conda lives here.
"""

from __future__ import annotations

import datetime as _datetime
import math
import os
import re
import time
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal

from . import _core
from ._core import Index, MatchSpec, PackageRecord, ResolventError, Solution
from .channels import ChannelSource, host_platform, resolve_sources
from .virtual_packages import VirtualPackages
from .virtual_packages import virtual_packages as shape_virtual_packages

ChannelPriority = Literal["strict", "flexible", "disabled"]
Strategy = Literal["highest", "lowest", "lowest-direct", "ordered"]
#: Specs: one string or `MatchSpec`, or several of them.
Specs = str | MatchSpec | Iterable[str | MatchSpec]
#: Packages: records, or mappings with repodata's keys.
Records = Iterable[PackageRecord | Mapping[str, Any]]
#: A cut-off: see `cutoff_milliseconds`.
Cutoff = _datetime.datetime | _datetime.date | str | int | None

CHANNEL_PRIORITIES: tuple[ChannelPriority, ...] = ("strict", "flexible", "disabled")
STRATEGIES: tuple[Strategy, ...] = ("highest", "lowest", "lowest-direct", "ordered")

#: The last millisecond of the year 9999 in seconds: up to here repodata's timestamps count seconds (CEP 36).
_LARGEST_SECONDS = 253_402_300_799
_DURATION = re.compile(r"(\d{1,9})\s*(m|h|d|w)")
_DURATION_SECONDS = {"m": 60, "h": 3600, "d": 86_400, "w": 604_800}


def load_index(
    channels: ChannelSource | Sequence[ChannelSource],
    *,
    platform: str | None = None,
    channel_priority: ChannelPriority = "strict",
    skip_bad_records: bool = False,
    specs: Specs | None = None,
    offline: bool | None = None,
) -> Index:
    """Read the repodata of some channels for one platform and `noarch`.

    Parameters
    ----------
    channels
        Sources in order of priority, first the preferred one; see `resolvent.channels` for how they are written.
    platform
        Target subdir, such as `linux-64`; None: this machine's.
    channel_priority
        Default of the solves over this index.
    skip_bad_records
        Leave out records with a missing key or a wrong type, and count them in `.warnings`, instead of failing.
    specs
        What the index will be asked for, names of installed packages included. Channels on the network that are
        published in shards then give only the packages that these can lead to: little to fetch, but the index does
        not know the others. None reads everything.
    offline
        Read channels on the network from the cache alone; None: what the variable `RESOLVENT_OFFLINE` says.

    Raises
    ------
    ChannelNotFound
        If a channel has neither the platform's data nor `noarch`'s.
    InvalidRepodata
        If a file is not repodata, or holds a bad record; `.file` and `.field` say where.
    """
    sources = [channels] if isinstance(channels, (str, os.PathLike)) else list(channels)
    texts = None if specs is None else _specs("specs", specs)
    return _core.load_index(
        resolve_sources(sources, platform=_platform(platform), specs=texts, offline=offline),
        _platform(platform),
        _choice("channel_priority", channel_priority, CHANNEL_PRIORITIES),
        _flag("skip_bad_records", skip_bad_records),
        None,
    )


class Session:
    """Many solves over one index; work may be reused between them, answers never depend on it.

    Parameters
    ----------
    index
        What `load_index` returned.
    virtual_packages
        Facts about the target: a list of `"name [version [build]]"`, or a mapping of name to `"version"` or
        `"version build"`. None detects them, empty means none.
    """

    def __init__(self, index: Index, *, virtual_packages: VirtualPackages = None) -> None:
        self._index = _index(index)
        self._virtual_packages = shape_virtual_packages(virtual_packages, index.platform)
        self._core = _core.Session(index, self._virtual_packages)

    @property
    def index(self) -> Index:
        """The index that is solved over."""
        return self._index

    @property
    def virtual_packages(self) -> list[str]:
        """The target's virtual packages, as `"name version build"`, sorted by name."""
        return list(self._virtual_packages)

    def solve(
        self,
        specs: Specs,
        *,
        constraints: Specs = (),
        pins: Specs = (),
        installed: Records | None = None,
        strategy: Strategy = "highest",
        exclude_newer: Cutoff = None,
        timeout: float | None = None,
        channel_priority: ChannelPriority | None = None,
    ) -> Solution:
        """Find the best environment for `specs`; the parameters are those of `resolvent.solve`."""
        return self._core.solve(
            _specs("specs", specs),
            _specs("constraints", constraints),
            _specs("pins", pins),
            None if installed is None else _records("installed", installed),
            _choice("strategy", strategy, STRATEGIES),
            cutoff_milliseconds(exclude_newer),
            _timeout(timeout),
            None if channel_priority is None else _choice("channel_priority", channel_priority, CHANNEL_PRIORITIES),
        )


def solve(
    specs: Specs,
    *,
    index: Index | None = None,
    channels: ChannelSource | Sequence[ChannelSource] | None = None,
    platform: str | None = None,
    channel_priority: ChannelPriority | None = None,
    skip_bad_records: bool = False,
    offline: bool | None = None,
    virtual_packages: VirtualPackages = None,
    constraints: Specs = (),
    pins: Specs = (),
    installed: Records | None = None,
    strategy: Strategy = "highest",
    exclude_newer: Cutoff = None,
    timeout: float | None = None,
) -> Solution:
    """Find the best environment for `specs`.

    Parameters
    ----------
    specs
        What is asked for, MatchSpecs; their order breaks ties between them.
    index
        A loaded index. Or else:
    channels, platform, skip_bad_records, offline
        As for `load_index`, which is then called on the way, for these specs.
    channel_priority
        `strict`: a package comes only from the first channel that has it. `flexible`: it rather does. `disabled`.
        None: the index's own, which is `strict` unless it was loaded otherwise.
    virtual_packages
        Facts about the target: a list of `"name [version [build]]"`, or a mapping of name to `"version"` or
        `"version build"`. None detects them, empty means none.
    constraints, pins
        MatchSpecs that must hold for a package if it is in the environment, but do not ask for it.
    installed
        What the environment holds now; None: nothing. The answer's `.transaction` leads from there.
    strategy
        `highest` versions, `lowest`, `lowest-direct` (lowest of the requested, highest of the rest), or `ordered`
        (highest, the order of the specs decides alone between them).
    exclude_newer
        Leave out records newer than this; see `cutoff_milliseconds`. A record without a timestamp stays.
    timeout
        Seconds; when they are over, the best answer so far is returned with `.optimality == "feasible"`.

    Raises
    ------
    UnsatisfiableError
        If there is no answer; `.conflict` says why. `PackagesNotFound` if that is because no channel has a name.
    DeadlineExceeded
        If the timeout struck before there was any answer.
    InvalidMatchSpec, InvalidVersion, InvalidRepodata, ChannelNotFound
        For bad input; all are kinds of `ResolventError`.
    """
    if index is None:
        if channels is None:
            raise TypeError("solve() needs index or channels")
        specs = _specs("specs", specs)
        installed = None if installed is None else _records("installed", installed)
        index = load_index(
            channels,
            platform=platform,
            channel_priority="strict" if channel_priority is None else channel_priority,
            skip_bad_records=skip_bad_records,
            specs=[*specs, *(record.name for record in installed or ())],
            offline=offline,
        )
    elif channels is not None or platform is not None or skip_bad_records or offline is not None:
        raise TypeError("solve() takes channels, platform, skip_bad_records and offline only where no index is given")
    return Session(index, virtual_packages=virtual_packages).solve(
        specs,
        constraints=constraints,
        pins=pins,
        installed=installed,
        strategy=strategy,
        exclude_newer=exclude_newer,
        timeout=timeout,
        channel_priority=channel_priority,
    )


def check(
    records: Records,
    specs: Specs,
    *,
    index: Index,
    virtual_packages: VirtualPackages = None,
    constraints: Specs = (),
    pins: Specs = (),
) -> list[str]:
    """Return the hard rules that `records` break as an answer to `specs`: one sentence each, none when valid.

    Works on the raw records and knows nothing of how they were found, so it also judges other tools' answers.
    """
    return _core.check(
        _records("records", records),
        _specs("specs", specs),
        _index(index),
        shape_virtual_packages(virtual_packages, index.platform),
        _specs("constraints", constraints),
        _specs("pins", pins),
    )


def export_cnf(
    specs: Specs,
    *,
    index: Index,
    path: str | os.PathLike[str],
    virtual_packages: VirtualPackages = None,
    constraints: Specs = (),
    pins: Specs = (),
) -> None:
    """Write the request's hard rules as DIMACS CNF, satisfiable exactly if the request is."""
    _export(_core.export_cnf, specs, index, path, virtual_packages, constraints, pins)


def export_wcnf(
    specs: Specs,
    *,
    index: Index,
    path: str | os.PathLike[str],
    virtual_packages: VirtualPackages = None,
    constraints: Specs = (),
    pins: Specs = (),
) -> None:
    """Write the request as weighted MaxSAT: hard rules, and levels 2 and 3 of the contract as soft clauses."""
    _export(_core.export_wcnf, specs, index, path, virtual_packages, constraints, pins)


def cutoff_milliseconds(cutoff: Cutoff) -> int | None:
    """Return a cut-off as milliseconds since 1970 (UTC); records with a larger timestamp are left out.

    Parameters
    ----------
    cutoff
        None for no cut-off. A `datetime`, or its ISO 8601 text; without a zone it is UTC. A `date`, or its text
        `YYYY-MM-DD`, which includes that whole day in UTC. A whole number since 1970, of seconds up to the year
        9999 and of milliseconds above, as in repodata. Or an age such as `90m`, `36h`, `7d`, `2w`, counted back
        from now: the only form whose meaning depends on the clock.

    Raises
    ------
    ResolventError
        If the text is none of these.
    """
    if cutoff is None:
        return None
    if isinstance(cutoff, str):
        cutoff = _parse_cutoff(cutoff.strip())
    if isinstance(cutoff, bool):
        raise TypeError("exclude_newer is a date, a time, a text or a number, not bool")
    if isinstance(cutoff, int):
        milliseconds = cutoff * 1000 if cutoff <= _LARGEST_SECONDS else cutoff
    elif isinstance(cutoff, _datetime.datetime):
        moment = cutoff if cutoff.tzinfo else cutoff.replace(tzinfo=_datetime.timezone.utc)
        milliseconds = math.floor(moment.timestamp() * 1000)
    elif isinstance(cutoff, _datetime.date):
        midnight = _datetime.datetime(cutoff.year, cutoff.month, cutoff.day, tzinfo=_datetime.timezone.utc)
        milliseconds = math.floor(midnight.timestamp() * 1000) + 86_400_000 - 1
    else:
        raise TypeError(f"exclude_newer is a date, a time, a text or a number, not {type(cutoff).__name__}")
    if not 0 <= milliseconds < 2**63:
        raise ResolventError(f"exclude_newer is out of range: {milliseconds} ms since 1970")
    return milliseconds


def _parse_cutoff(text: str) -> _datetime.datetime | _datetime.date | int:
    age = _DURATION.fullmatch(text)
    if age:
        return int((time.time() - int(age[1]) * _DURATION_SECONDS[age[2]]) * 1000)
    # Fewer digits would rather be a date without its dashes than a moment in the 1970s.
    if text.isascii() and text.isdigit() and 10 <= len(text) <= 18:
        return int(text)
    try:
        if re.fullmatch(r"\d{4}-\d{2}-\d{2}", text):
            return _datetime.date.fromisoformat(text)
        if re.match(r"\d{4}-\d{2}-\d{2}[T ]\d", text):
            # Python 3.10 does not know the letter for UTC.
            return _datetime.datetime.fromisoformat(re.sub(r"[Zz]$", "+00:00", text))
    except ValueError as error:
        raise ResolventError(f"not a cut-off: {text[:60]!r}: {error}") from None
    raise ResolventError(f"not a cut-off: {text[:60]!r}; give 2026-01-31, 2026-01-31T12:00:00Z, or an age such as 7d")


def _export(
    write: Any,
    specs: Specs,
    index: Index,
    path: str | os.PathLike[str],
    virtual_packages: VirtualPackages,
    constraints: Specs,
    pins: Specs,
) -> None:
    write(
        _specs("specs", specs),
        _index(index),
        os.fspath(path),
        shape_virtual_packages(virtual_packages, index.platform),
        _specs("constraints", constraints),
        _specs("pins", pins),
    )


def _index(index: Index) -> Index:
    if not isinstance(index, Index):
        raise TypeError(f"index is what load_index() returns, not {type(index).__name__}")
    return index


def _platform(platform: str | None) -> str:
    if platform is None:
        return host_platform()
    if not isinstance(platform, str):
        raise TypeError(f"platform is a string, not {type(platform).__name__}")
    if not re.fullmatch(r"noarch|[a-z0-9]+-[a-z0-9]+", platform):
        raise ResolventError(f"not a platform: {platform[:60]!r}; platforms look like linux-64 or osx-arm64")
    return platform


def _choice(name: str, value: str, choices: tuple[str, ...]) -> str:
    if value not in choices:
        raise ResolventError(f"{name} is {value!r}; it can be {', '.join(choices)}")
    return value


def _flag(name: str, value: bool) -> bool:
    if not isinstance(value, bool):
        raise TypeError(f"{name} is True or False, not {type(value).__name__}")
    return value


def _timeout(timeout: float | None) -> float | None:
    if timeout is None:
        return None
    if isinstance(timeout, bool) or not isinstance(timeout, (int, float)):
        raise TypeError(f"timeout is a number of seconds, not {type(timeout).__name__}")
    if not timeout >= 0 or math.isinf(timeout):
        raise ResolventError(f"timeout is {timeout}; it is a number of seconds, zero or more")
    return float(timeout)


def _specs(name: str, specs: Specs) -> list[str]:
    if isinstance(specs, (str, MatchSpec)):
        specs = [specs]
    texts: list[str] = []
    for spec in specs:
        if not isinstance(spec, (str, MatchSpec)):
            raise TypeError(f"{name} holds strings or MatchSpecs, not {type(spec).__name__}")
        texts.append(str(spec))
    return texts


def _records(name: str, records: Records) -> list[PackageRecord]:
    shaped: list[PackageRecord] = []
    for record in records:
        if isinstance(record, PackageRecord):
            shaped.append(record)
        elif isinstance(record, Mapping):
            shaped.append(PackageRecord.from_dict(record))
        else:
            raise TypeError(f"{name} holds PackageRecords or mappings, not {type(record).__name__}")
    return shaped
