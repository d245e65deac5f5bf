"""The solving function that people call: it shapes arguments and hands them to the core.

No rule of conda lives here.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, cast

from ._core import Index, Solution
from .arguments import ChannelPriority, Records, Specs, Strategy, records_of, specs_of
from .channel_data import ChannelData, CoreSource
from .channels import ChannelSource, OpenedSources
from .environment import Deps, Installed, Mode, as_prefix
from .index import load_folders
from .platforms import target_platform
from .policy import Cutoffs, Deny, Licenses, policy_arguments
from .request import Wishes
from .session import Session
from .virtual_packages import VirtualPackages
from .virtual_packages import virtual_packages as shape_virtual_packages

if TYPE_CHECKING:
    from .progress import ProgressCallback


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
    progress: ProgressCallback | None = None,
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
    progress
        Called with a `resolvent.progress.Progress` while something is fetched, from worker threads but never twice at
        the same time.

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
            progress=progress,
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
    progress: ProgressCallback | None = None,
) -> tuple[Solution, Index]:
    """Return the answer to a request on channels, and the index that it was found in.

    Parameters
    ----------
    specs, channels, platform, channel_priority, skip_bad_records, offline, virtual_packages, timeout, progress
        As `solve` takes them.
    asked
        Its other parameters.
    """
    texts = specs_of("specs", specs)
    sources = [channels] if isinstance(channels, (str, os.PathLike, ChannelData)) else list(channels)
    installed = asked.get("installed")
    prefix = as_prefix(installed)
    there = list(prefix.records) if prefix is not None else records_of("installed", cast("Records", installed or ()))
    if installed is not None:
        asked = {**asked, "installed": there if prefix is None else prefix}
    target = target_platform(platform)
    facts = shape_virtual_packages(virtual_packages, target)

    def load(folders: Sequence[CoreSource], keep: bool = True) -> Index:
        return load_folders(folders, target, channel_priority, skip_bad_records, keep)

    def ask(index: Index) -> Solution:
        return Session(index, virtual_packages=facts).solve(texts, **asked, timeout=timeout)

    opened = OpenedSources(sources, platform=target, selective=True, offline=offline, progress=progress)
    if opened.remote and timeout is None and _is_plain(asked):
        from .lazy_solve import solve_lazily

        policy = policy_arguments(asked.get("exclude_newer"), asked.get("deny") or (), asked.get("licenses"))
        limits = {
            "constraints": specs_of("constraints", asked.get("constraints") or ()),
            "pins": specs_of("pins", asked.get("pins") or ()),
        }
        question = {**limits, "policy": policy, "priority": channel_priority, "facts": facts, "skip": skip_bad_records}
        found = solve_lazily(opened, texts, question, load, ask)
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
