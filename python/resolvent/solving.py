"""The solving functions that people call: they shape arguments and hand them to the core.

No rule of conda lives here.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any, cast

from . import _core
from ._core import Index, ResolventError, Solution
from .arguments import (
    CHANNEL_PRIORITIES,
    ChannelPriority,
    Records,
    Specs,
    Strategy,
    choice,
    cutoff_milliseconds,
    flag,
    records_of,
    specs_of,
    timeout_seconds,
)
from .asking import Asked, Wishes, shape_request
from .channels import ChannelSource, OpenedSources, host_platform
from .environments import Cutoffs, Deny, Deps, Installed, Licenses, Mode, as_prefix, policy_arguments
from .places import index_folder
from .virtual_packages import VirtualPackages
from .virtual_packages import virtual_packages as shape_virtual_packages

__all__ = ["Session", "check", "cutoff_milliseconds", "export_cnf", "export_wcnf", "load_index", "solve"]


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

    What is read is kept as index files in the cache folder (`RESOLVENT_CACHE_DIR`, or the platform's place for
    caches), which later loads of the same repodata map into memory. What happens to them is logged as `resolvent`.
    `RESOLVENT_NO_INDEX_FILES=1` does without.

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
    texts = None if specs is None else specs_of("specs", specs)
    target = _platform(platform)
    opened = OpenedSources(sources, platform=target, selective=texts is not None, offline=offline)
    return _load(opened.folders(texts), target, channel_priority, skip_bad_records)


def _load(
    folders: Sequence[tuple[str | None, str]],
    platform: str,
    channel_priority: ChannelPriority,
    skip_bad_records: bool,
    keep: bool = True,
) -> Index:
    """Read folders; `keep` makes and uses index files."""
    index = _core.load_index(
        list(folders),
        platform,
        choice("channel_priority", channel_priority, CHANNEL_PRIORITIES),
        flag("skip_bad_records", skip_bad_records),
        index_folder() if keep and not os.environ.get("RESOLVENT_NO_INDEX_FILES") else None,
    )
    _log(index.log)
    return index


class Session:
    """Many solves over one index; work may be reused between them, answers never depend on it.

    Parameters
    ----------
    index
        What `load_index` returned.
    virtual_packages
        Facts about the target: a list of `"name [version [build]]"`, or a mapping of name to `"version"` or
        `"version build"`. None detects them, empty means none. A request may be about another target.
    """

    def __init__(self, index: Index, *, virtual_packages: VirtualPackages = None) -> None:
        self._index = _index(index)
        self._virtual_packages = shape_virtual_packages(virtual_packages, index.platform)
        self._core = _core.Session(self._index, self._virtual_packages)

    @property
    def index(self) -> Index:
        """The index that is solved over."""
        return self._index

    @property
    def virtual_packages(self) -> list[str]:
        """The virtual packages of its own target, as `"name version build"`, sorted by name."""
        return list(self._virtual_packages)

    def solve(
        self,
        specs: Specs,
        *,
        constraints: Specs = (),
        pins: Specs = (),
        installed: Installed = None,
        history: Specs | None = None,
        mode: Mode = "install",
        freeze_installed: bool = False,
        update_deps: bool = False,
        deps: Deps = "all",
        prune: bool = False,
        satisfied_skip: bool = False,
        force_reinstall: bool = False,
        force_remove: bool = False,
        aggressive_updates: Specs = (),
        ignore_pinned: bool = False,
        exclude_newer: Cutoffs = None,
        deny: Deny = (),
        licenses: Licenses = None,
        strategy: Strategy = "highest",
        timeout: float | None = None,
        channel_priority: ChannelPriority | None = None,
        virtual_packages: VirtualPackages = None,
    ) -> Solution:
        """Find the best environment for `specs`; the parameters are those of `resolvent.solve`.

        Where `virtual_packages` is None, the target is the session's own.
        """
        target = None
        if virtual_packages is not None:
            target = shape_virtual_packages(virtual_packages, self._index.platform)
        asked = shape_request(
            specs,
            constraints=constraints,
            pins=pins,
            installed=installed,
            history=history,
            mode=mode,
            freeze_installed=freeze_installed,
            update_deps=update_deps,
            deps=deps,
            prune=prune,
            satisfied_skip=satisfied_skip,
            force_reinstall=force_reinstall,
            force_remove=force_remove,
            aggressive_updates=aggressive_updates,
            ignore_pinned=ignore_pinned,
            exclude_newer=exclude_newer,
            deny=deny,
            licenses=licenses,
            strategy=strategy,
            channel_priority=channel_priority,
        )
        try:
            return self._ask(asked, target, timeout_seconds(timeout))
        except _core.InternalError as error:
            from .reproducing import with_problem

            facts = self._virtual_packages if target is None else target
            raise with_problem(error, self._index, facts, asked) from error

    def _ask(self, asked: Asked, target: Sequence[str] | None, timeout: float | None) -> Solution:
        """Solve, and once more over rebuilt index files if these were found damaged on the way."""
        for again in (False, True):
            try:
                answer = self._core.solve(**asked, timeout=timeout, virtual_packages=target)
            except ResolventError:
                if not self._index.is_damaged:
                    raise
            else:
                if not self._index.is_damaged:
                    return answer
            if not again:
                self._index = _sound(self._index)
                self._core = _core.Session(self._index, self._virtual_packages)
        raise ResolventError("index files are damaged again right after they were rebuilt; is the disk failing?")


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
    installed: Installed = None,
    history: Specs | None = None,
    mode: Mode = "install",
    freeze_installed: bool = False,
    update_deps: bool = False,
    deps: Deps = "all",
    prune: bool = False,
    satisfied_skip: bool = False,
    force_reinstall: bool = False,
    force_remove: bool = False,
    aggressive_updates: Specs = (),
    ignore_pinned: bool = False,
    exclude_newer: Cutoffs = None,
    deny: Deny = (),
    licenses: Licenses = None,
    strategy: Strategy = "highest",
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
        What the environment holds now, a `Prefix`, its folder, or records; None: nothing. The answer's `.transaction`
        leads from there. A `Prefix` brings its history and its pins along. Records may be mappings; one without a
        channel is the record of the index that is otherwise the same package.
    history
        Specs of earlier requests; they are kept while possible. None: those of the `Prefix`, else none.
    mode
        What is done with an environment. `install`: the specs join it, and as little else as possible changes.
        `update`: the requested packages go to their best versions. `update-all`: everything that was asked for does.
        `remove`: packages that match the specs leave, with what needs them and what was only there for them.
    freeze_installed
        No installed record changes, unless a requested spec does not match it.
    update_deps
        With `update`: the installed dependencies of the requested packages are updated, too.
    deps
        `none`: only the requested records are linked, though the environment may break; `only`: everything but them.
    prune
        Installed packages that nothing needs leave.
    satisfied_skip
        Nothing is done when each spec matches an installed record, unless the environment breaks a pin or a
        constraint, or has something to prune.
    force_reinstall
        Installed records that a spec matches are unlinked and linked again.
    force_remove
        With `remove`: only matching records leave, whatever needs them.
    aggressive_updates
        Names that go to their best versions with every install or update where they are installed and not frozen;
        conda's own list is `ca-certificates`, `certifi` and `openssl`. Nothing by default.
    ignore_pinned
        Pins do not count.
    strategy
        `highest` versions, `lowest`, `lowest-direct` (lowest of the requested, highest of the rest), or `ordered`
        (highest, the order of the specs decides alone between them).
    exclude_newer
        Leave out records newer than this; see `cutoff_milliseconds`. A record without a timestamp stays. Or a mapping:
        `"*"` to the general cut-off, a package's name to its own, `"CHANNEL::*"` or a URL to a channel's; None lifts
        it there. The latter two may also be mappings of their own, at `"packages"` and `"channels"`.
    deny
        Records that match one of these MatchSpecs (names may be patterns), and these records, are left out. A mapping
        gives each its reason, which a conflict then tells.
    licenses
        A mapping with `allow`, `deny` or both, lists of licence patterns: records of other licences are left out.
        A list alone is what is allowed.
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
    asked: Wishes = {
        "constraints": constraints,
        "pins": pins,
        "installed": installed,
        "history": history,
        "mode": mode,
        "freeze_installed": freeze_installed,
        "update_deps": update_deps,
        "deps": deps,
        "prune": prune,
        "satisfied_skip": satisfied_skip,
        "force_reinstall": force_reinstall,
        "force_remove": force_remove,
        "aggressive_updates": aggressive_updates,
        "ignore_pinned": ignore_pinned,
        "exclude_newer": exclude_newer,
        "deny": deny,
        "licenses": licenses,
        "strategy": strategy,
    }
    if index is None:
        if channels is None:
            raise TypeError("solve() needs index or channels")
        solution, _ = solve_channels(
            specs,
            channels,
            platform=platform,
            channel_priority="strict" if channel_priority is None else channel_priority,
            skip_bad_records=skip_bad_records,
            offline=offline,
            virtual_packages=virtual_packages,
            asked=asked,
            timeout=timeout,
        )
        return solution
    if channels is not None or platform is not None or skip_bad_records or offline is not None:
        raise TypeError("solve() takes channels, platform, skip_bad_records and offline only where no index is given")
    session = Session(index, virtual_packages=virtual_packages)
    asked["channel_priority"] = channel_priority
    return session.solve(specs, **asked, timeout=timeout)


def solve_channels(
    specs: Specs,
    channels: ChannelSource | Sequence[ChannelSource],
    *,
    platform: str | None,
    channel_priority: ChannelPriority,
    skip_bad_records: bool = False,
    offline: bool | None,
    virtual_packages: VirtualPackages,
    asked: Wishes,
    timeout: float | None = None,
) -> tuple[Solution, Index]:
    """Return the answer to a request on channels, and the index that it was found in.

    Parameters
    ----------
    specs, channels, platform, channel_priority, skip_bad_records, offline, virtual_packages, timeout
        As `solve` takes them.
    asked
        Its other parameters.
    """
    texts = specs_of("specs", specs)
    sources = [channels] if isinstance(channels, (str, os.PathLike)) else list(channels)
    installed = asked.get("installed")
    prefix = as_prefix(installed)
    there = list(prefix.records) if prefix is not None else records_of("installed", cast("Records", installed or ()))
    if installed is not None:
        asked = {**asked, "installed": there if prefix is None else prefix}
    target = _platform(platform)
    facts = shape_virtual_packages(virtual_packages, target)

    def load(folders: Sequence[tuple[str | None, str]], keep: bool = True) -> Index:
        return _load(folders, target, channel_priority, skip_bad_records, keep)

    def ask(index: Index) -> Solution:
        return Session(index, virtual_packages=facts).solve(texts, **asked, timeout=timeout)

    opened = OpenedSources(sources, platform=target, selective=True, offline=offline)
    if opened.remote and timeout is None and _is_plain(asked):
        from .stepwise import solve_stepwise

        policy = policy_arguments(asked.get("exclude_newer"), asked.get("deny") or (), asked.get("licenses"))
        limits = {
            "constraints": specs_of("constraints", asked.get("constraints") or ()),
            "pins": specs_of("pins", asked.get("pins") or ()),
        }
        question = {**limits, "policy": policy, "priority": channel_priority, "facts": facts, "skip": skip_bad_records}
        found = solve_stepwise(opened, texts, question, load, ask)
        if found is not None:
            return found
    index = load(opened.folders([*texts, *(record.name for record in there)]))
    return ask(index), index


def _is_plain(asked: Wishes) -> bool:
    """Whether a fresh environment of the best packages is asked for, and nothing else."""
    usual = {"mode": "install", "deps": "all", "strategy": "highest"}
    free = {"constraints", "pins", "exclude_newer", "deny", "licenses", "ignore_pinned", "aggressive_updates"}
    return all(
        value == usual[key] if key in usual else value is None or value is False
        for key, value in asked.items()
        if key not in free
    )


def check(
    records: Records,
    specs: Specs,
    *,
    index: Index,
    virtual_packages: VirtualPackages = None,
    constraints: Specs = (),
    pins: Specs = (),
    installed: Installed = None,
    history: Specs | None = None,
    mode: Mode = "install",
    freeze_installed: bool = False,
    update_deps: bool = False,
    prune: bool = False,
    aggressive_updates: Specs = (),
    ignore_pinned: bool = False,
    exclude_newer: Cutoffs = None,
    deny: Deny = (),
    licenses: Licenses = None,
    channel_priority: ChannelPriority | None = None,
) -> list[str]:
    """Return the hard rules that `records` break as an answer to `specs`: one sentence each, none when valid.

    Works on the raw records and knows nothing of how they were found, so it also judges other tools' answers. The
    parameters are those of `resolvent.solve`. With an environment, what did not hold in it need not hold where the
    record stays, what is installed may stay under any policy, and earlier requests are a reason to be there.
    """
    asked = shape_request(
        specs,
        constraints=constraints,
        pins=pins,
        installed=installed,
        history=history,
        mode=mode,
        freeze_installed=freeze_installed,
        update_deps=update_deps,
        prune=prune,
        aggressive_updates=aggressive_updates,
        ignore_pinned=ignore_pinned,
        exclude_newer=exclude_newer,
        deny=deny,
        licenses=licenses,
        channel_priority=channel_priority,
    )
    return _core.check(
        records_of("records", records),
        asked["specs"],
        _index(index),
        shape_virtual_packages(virtual_packages, index.platform),
        asked["constraints"],
        asked["pins"],
        asked["channel_priority"],
        asked["policy"],
        asked["environment"],
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
        specs_of("specs", specs),
        _index(index),
        os.fspath(path),
        shape_virtual_packages(virtual_packages, index.platform),
        specs_of("constraints", constraints),
        specs_of("pins", pins),
    )


def _index(index: Index) -> Index:
    if not isinstance(index, Index):
        raise TypeError(f"index is what load_index() returns, not {type(index).__name__}")
    return _sound(index)


def _sound(index: Index) -> Index:
    """Return the index, loaded again if its files were found damaged: what is read of them is void then."""
    if not index.is_damaged:
        return index
    renewed = index.reload()
    _log([*renewed.log, "an index file was found damaged while it was used; it is rebuilt and read again"])
    return renewed


def _log(lines: Sequence[str]) -> None:
    if lines:
        import logging

        for line in lines:
            logging.getLogger("resolvent").warning(line)


def _platform(platform: str | None) -> str:
    if platform is None:
        return host_platform()
    if not isinstance(platform, str):
        raise TypeError(f"platform is a string, not {type(platform).__name__}")
    system, dash, machine = platform.partition("-")
    words = system.isalnum() and machine.isalnum() and platform.isascii() and platform.islower()
    if platform != "noarch" and not (dash and words):
        raise ResolventError(f"not a platform: {platform[:60]!r}; platforms look like linux-64 or osx-arm64")
    return platform
