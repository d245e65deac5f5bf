"""What a request says of an existing environment, as the mapping that the core takes."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

from ._core import MatchSpec, PackageRecord
from .arguments import Records, Specs, choice, flag, records_of, specs_of

if TYPE_CHECKING:
    from typing import TypeAlias

    from .prefix import Prefix

Mode = Literal["install", "update", "update-all", "remove"]
Deps = Literal["all", "none", "only"]
#: An environment: a `Prefix` or its folder, or what is in it.
Installed: TypeAlias = "Prefix | Records | str | os.PathLike[str] | None"

MODES: tuple[Mode, ...] = ("install", "update", "update-all", "remove")
DEPS: tuple[Deps, ...] = ("all", "none", "only")


def environment_arguments(
    installed: Installed,
    history: Specs | None,
    *,
    mode: Mode,
    deps: Deps,
    flags: Mapping[str, bool],
    aggressive_updates: Specs = (),
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
    aggressive_updates
        Names that are updated with every install or update.

    Raises
    ------
    ResolventError
        If a word is not known.
    """
    choice("mode", mode, MODES)
    choice("deps", deps, DEPS)
    shaped = {name: flag(name, value) for name, value in flags.items()}
    updated = [MatchSpec(spec).name or spec for spec in specs_of("aggressive_updates", aggressive_updates)]
    if installed is None and history is None and mode == "install" and deps == "all" and not any(shaped.values()):
        return None
    found: list[PackageRecord] = []
    prefix = as_prefix(installed)
    if prefix is not None:
        found = list(prefix.records)
        history = prefix.history if history is None else history
    elif installed is not None and not isinstance(installed, (str, os.PathLike)):
        found = records_of("installed", installed)
    return {
        "installed": found,
        "history": [] if history is None else specs_of("history", history),
        "mode": mode,
        "deps": deps,
        "aggressive_updates": updated,
        **shaped,
    }


def as_prefix(installed: Installed) -> Prefix | None:
    """Return what is installed if it is a `Prefix` or the folder of one; fresh environments do without the module."""
    if installed is None:
        return None
    from .prefix import Prefix

    if isinstance(installed, (str, os.PathLike)):
        return Prefix(installed)
    return installed if isinstance(installed, Prefix) else None


def opened(installed: Installed) -> Prefix | Records | None:
    """Return an environment that was given as a folder as a `Prefix`, and anything else as it is."""
    if isinstance(installed, (str, os.PathLike)):
        return as_prefix(installed)
    return installed
