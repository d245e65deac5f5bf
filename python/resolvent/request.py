"""A request in the form that the core takes, made of what a caller of `solve` gives.

One place shapes the arguments of everything that solves, so that a saved problem holds what the core was given, and
solves again without any of the shaping.
"""

from __future__ import annotations

from typing import Any, TypedDict

from .arguments import CHANNEL_PRIORITIES, STRATEGIES, ChannelPriority, Specs, Strategy, choice, flag, specs_of
from .environment import Deps, Installed, Mode, as_prefix, environment_arguments, opened
from .policy import Cutoffs, Deny, Licenses, policy_arguments


class Wishes(TypedDict, total=False):
    """The parameters of `resolvent.solve` that say what is asked, for what hands them on."""

    constraints: Specs
    pins: Specs
    installed: Installed
    history: Specs | None
    mode: Mode
    freeze_installed: bool
    update_deps: bool
    deps: Deps
    prune: bool
    satisfied_skip: bool
    force_reinstall: bool
    force_remove: bool
    aggressive_updates: Specs
    ignore_pinned: bool
    exclude_newer: Cutoffs
    deny: Deny
    licenses: Licenses
    strategy: Strategy
    channel_priority: ChannelPriority | None


class Asked(TypedDict):
    """What the core's `Session.solve` takes, but for the timeout."""

    specs: list[str]
    constraints: list[str]
    pins: list[str]
    strategy: str
    channel_priority: str | None
    policy: dict[str, Any]
    environment: dict[str, Any] | None


def shape_request(
    specs: Specs,
    *,
    constraints: Specs | None = (),
    pins: Specs | None = (),
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
    aggressive_updates: Specs | None = (),
    ignore_pinned: bool = False,
    exclude_newer: Cutoffs = None,
    deny: Deny | None = (),
    licenses: Licenses = None,
    strategy: Strategy = "highest",
    channel_priority: ChannelPriority | None = None,
) -> Asked:
    """Return the request; the parameters are those of `resolvent.solve`.

    Raises
    ------
    ResolventError
        If a word is not known, or a cut-off cannot be read.
    TypeError
        If an argument has the wrong type.
    """
    installed = opened(installed)
    environment = environment_arguments(
        installed,
        history,
        mode=mode,
        deps=deps,
        flags={
            "freeze_installed": freeze_installed,
            "update_deps": update_deps,
            "prune": prune,
            "satisfied_skip": satisfied_skip,
            "force_reinstall": force_reinstall,
            "force_remove": force_remove,
        },
        aggressive_updates=aggressive_updates or (),
    )
    prefix = as_prefix(installed)
    pinned = [*specs_of("pins", pins or ()), *specs_of("pins", () if prefix is None else prefix.pins)]
    if channel_priority is not None:
        choice("channel_priority", channel_priority, CHANNEL_PRIORITIES)
    return {
        "specs": specs_of("specs", specs),
        "constraints": specs_of("constraints", constraints or ()),
        "pins": [] if flag("ignore_pinned", ignore_pinned) else pinned,
        "strategy": choice("strategy", strategy, STRATEGIES),
        "channel_priority": channel_priority,
        "policy": policy_arguments(exclude_newer, deny or (), licenses),
        "environment": environment,
    }
