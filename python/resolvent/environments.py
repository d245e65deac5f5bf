"""What a request says of an existing environment and of policy, as the mappings that the core takes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Literal

from ._core import PackageRecord, ResolventError
from .arguments import Cutoff, Records, Specs, choice, cutoff_milliseconds, flag, records_of, specs_of

if TYPE_CHECKING:
    from typing import TypeAlias

    from .prefix import Prefix

Mode = Literal["install", "update", "update-all", "remove"]
Deps = Literal["all", "none", "only"]
#: One cut-off for everything, or a mapping: `"*"`, a package's name, or `"CHANNEL::*"`.
Cutoffs: TypeAlias = "Cutoff | Mapping[str, Cutoff]"
#: `{"allow": patterns, "deny": patterns}`, each optional.
Licenses = Mapping[str, Iterable[str]] | None

MODES: tuple[Mode, ...] = ("install", "update", "update-all", "remove")
DEPS: tuple[Deps, ...] = ("all", "none", "only")


def environment_arguments(
    installed: Prefix | Records | None,
    history: Specs | None,
    *,
    mode: Mode,
    deps: Deps,
    flags: Mapping[str, bool],
) -> dict[str, Any] | None:
    """Return the environment as the core takes it; None for a fresh one.

    Parameters
    ----------
    installed
        The environment, or its records.
    history
        Specs of earlier requests; None: those of the prefix.
    mode, deps
        As `resolvent.solve` takes them.
    flags
        The other modifiers, by name.

    Raises
    ------
    ResolventError
        If a word is not known.
    """
    choice("mode", mode, MODES)
    choice("deps", deps, DEPS)
    shaped = {name: flag(name, value) for name, value in flags.items()}
    if installed is None and history is None and mode == "install" and deps == "all" and not any(shaped.values()):
        return None
    found: list[PackageRecord] = []
    prefix = as_prefix(installed)
    if prefix is not None:
        found = list(prefix.records)
        history = prefix.history if history is None else history
    elif installed is not None:
        found = records_of("installed", installed)
    return {
        "installed": found,
        "history": [] if history is None else specs_of("history", history),
        "mode": mode,
        "deps": deps,
        **shaped,
    }


def as_prefix(installed: Prefix | Records | None) -> Prefix | None:
    """Return what is installed if it is a `Prefix`; the module of that is not needed for fresh environments."""
    if installed is None:
        return None
    from .prefix import Prefix

    return installed if isinstance(installed, Prefix) else None


def policy_arguments(exclude_newer: Cutoffs, deny: Specs, licenses: Licenses) -> dict[str, Any]:
    """Return the policy as the core takes it.

    Raises
    ------
    ResolventError
        If a cut-off cannot be read, or a key of `licenses` is not known.
    """
    general: int | None = None
    channels: list[tuple[str, int | None]] = []
    packages: list[tuple[str, int | None]] = []
    if isinstance(exclude_newer, Mapping):
        for key, value in exclude_newer.items():
            cutoff = cutoff_milliseconds(value)
            if key == "*":
                general = cutoff
            elif key.endswith("::*"):
                channels.append((key[:-3], cutoff))
            elif "::" in key or not key:
                raise ResolventError(
                    f"exclude_newer has the key {key[:60]!r}; keys are '*', a package's name, or 'CHANNEL::*'"
                )
            else:
                packages.append((key.lower(), cutoff))
    else:
        general = cutoff_milliseconds(exclude_newer)
    rules = {} if licenses is None else dict(licenses)
    unknown = set(rules) - {"allow", "deny"}
    if unknown:
        raise ResolventError(f"licenses has the key {min(unknown)!r}; keys are 'allow' and 'deny'")
    return {
        "exclude_newer": general,
        "exclude_newer_channels": channels,
        "exclude_newer_packages": packages,
        "deny": specs_of("deny", deny),
        "licenses_allow": None if "allow" not in rules else list(rules["allow"]),
        "licenses_deny": list(rules.get("deny", ())),
    }
