"""What a request does to an environment: `Install`, `Update`, `UpdateAll` or `Remove`.

Each holds the options that mean something for it, so one without a meaning cannot be written.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from ._core import MatchSpec, PackageRecord
from .arguments import Records, Specs, choice, flag, records_of, specs_of
from .errors import InvalidRequest
from .values import Value

if TYPE_CHECKING:
    from typing import TypeAlias

    from .prefix import Prefix

Mode = Literal["install", "update", "update-all", "remove"]
Deps = Literal["all", "none", "only"]
#: An environment: a `Prefix` or its folder, or what is in it.
Installed: TypeAlias = "Prefix | Records | str | os.PathLike[str] | None"

MODES: tuple[Mode, ...] = ("install", "update", "update-all", "remove")
DEPS: tuple[Deps, ...] = ("all", "none", "only")


class Action(Value):
    """Base of the actions: the environment that is changed, and how.

    Parameters
    ----------
    installed
        What the environment holds: a `Prefix`, its folder, or records. A `Prefix` brings its history and pins along.
    history
        Specs of earlier requests; None: those of the `Prefix`, else none.
    pins
        Pins of the environment itself; None: those of the `Prefix`, else none.
    ignore_pinned
        No pin counts, neither those of the environment nor those of the request.
    keep_requested
        No package that was asked for earlier is removed: where nothing else is possible, there is no answer. Such a
        package may change within what pins and the request allow.
    """

    __slots__ = ("history", "ignore_pinned", "installed", "keep_requested", "pins")
    #: The word for it in JSON, and for `mode=` of `resolvent.solve`.
    kind: ClassVar[Mode]
    installed: tuple[PackageRecord, ...]
    history: tuple[str, ...]
    pins: tuple[str, ...]
    ignore_pinned: bool
    keep_requested: bool

    def _set_environment(
        self,
        installed: Installed,
        history: Specs | None,
        pins: Specs | None,
        ignore_pinned: bool,
        keep_requested: bool,
    ) -> None:
        prefix = as_prefix(installed)
        if prefix is not None:
            records: Records = prefix.records
            history = prefix.history if history is None else history
            pins = prefix.pins if pins is None and not ignore_pinned else pins
        else:
            assert not isinstance(installed, (str, os.PathLike))  # noqa: S101 - those were opened
            records = installed or ()
        self._set(
            installed=tuple(records_of("installed", records)),
            history=tuple(specs_of("history", history or ())),
            pins=tuple(specs_of("pins", pins or ())),
            ignore_pinned=flag("ignore_pinned", ignore_pinned),
            keep_requested=flag("keep_requested", keep_requested),
        )

    def _set_flags(self, **flags: bool) -> None:
        self._set(**{name: flag(name, value) for name, value in flags.items()})

    def to_dict(self) -> dict[str, Any]:
        """Return `kind` and what differs from the usual, as JSON can hold it."""
        usual = self._usual()
        out: dict[str, Any] = {"kind": self.kind}
        for name, value in self._parts():
            if name == "installed":
                if value:
                    out[name] = [record.to_dict() for record in value]
            elif value != usual[name]:
                out[name] = list(value) if isinstance(value, tuple) else value
        return out

    def core_arguments(self) -> dict[str, Any]:
        """Return the environment as the core takes it."""
        given = {name: list(value) if isinstance(value, tuple) else value for name, value in self._parts()}
        del given["pins"], given["ignore_pinned"]
        return {**_PLAIN, **given, "mode": self.kind}


#: What the core is given for an option that an action does not have.
_PLAIN: dict[str, Any] = {
    "freeze_installed": False,
    "update_deps": False,
    "deps": "all",
    "prune": False,
    "satisfied_skip": False,
    "force_reinstall": False,
    "force_remove": False,
    "aggressive_updates": [],
    "keep_requested": False,
    "hold_history": False,
}


def _names(specs: Specs | None) -> tuple[str, ...]:
    return tuple(MatchSpec(spec).name or spec for spec in specs_of("aggressive_updates", specs or ()))


class Install(Action):
    """The specs join the environment, and as little else as possible changes.

    Parameters
    ----------
    installed, history, pins, ignore_pinned, keep_requested
        See `Action`.
    freeze_installed
        No installed record changes, unless a requested spec does not match it.
    hold_history
        What was asked for earlier stays, as with `keep_requested`, and the versions of those specs hold; their builds
        may give way. This is how conda treats its history.
    deps
        `none`: only the requested records are linked, though the environment may break; `only`: everything but them.
    prune
        Installed packages that nothing needs leave.
    satisfied_skip
        Nothing is done when each spec matches an installed record, unless the environment breaks a pin or a
        constraint, or has something to prune.
    force_reinstall
        Installed records that a spec matches are unlinked and linked again.
    aggressive_updates
        Names that go to their best versions, too, where they are installed and not frozen.
    """

    __slots__ = (
        "aggressive_updates",
        "deps",
        "force_reinstall",
        "freeze_installed",
        "hold_history",
        "prune",
        "satisfied_skip",
    )
    _fields = (*Action.__slots__, *__slots__)
    kind = "install"
    freeze_installed: bool
    deps: Deps
    hold_history: bool
    prune: bool
    satisfied_skip: bool
    force_reinstall: bool
    aggressive_updates: tuple[str, ...]

    def __init__(
        self,
        *,
        installed: Installed = None,
        history: Specs | None = None,
        pins: Specs | None = None,
        ignore_pinned: bool = False,
        keep_requested: bool = False,
        freeze_installed: bool = False,
        hold_history: bool = False,
        deps: Deps = "all",
        prune: bool = False,
        satisfied_skip: bool = False,
        force_reinstall: bool = False,
        aggressive_updates: Specs | None = (),
    ) -> None:
        self._set_environment(installed, history, pins, ignore_pinned, keep_requested)
        self._set_flags(
            freeze_installed=freeze_installed,
            hold_history=hold_history,
            prune=prune,
            satisfied_skip=satisfied_skip,
            force_reinstall=force_reinstall,
        )
        self._set(deps=choice("deps", deps, DEPS), aggressive_updates=_names(aggressive_updates))


class Update(Action):
    """The requested packages go to their best versions.

    Parameters
    ----------
    installed, history, pins, ignore_pinned, keep_requested
        See `Action`.
    update_deps
        The installed dependencies of the requested packages are updated, too.
    freeze_installed, hold_history, deps, prune, satisfied_skip, force_reinstall, aggressive_updates
        See `Install`.
    """

    __slots__ = (
        "aggressive_updates",
        "deps",
        "force_reinstall",
        "freeze_installed",
        "hold_history",
        "prune",
        "satisfied_skip",
        "update_deps",
    )
    _fields = (*Action.__slots__, *__slots__)
    kind = "update"
    update_deps: bool
    freeze_installed: bool
    deps: Deps
    hold_history: bool
    prune: bool
    satisfied_skip: bool
    force_reinstall: bool
    aggressive_updates: tuple[str, ...]

    def __init__(
        self,
        *,
        installed: Installed = None,
        history: Specs | None = None,
        pins: Specs | None = None,
        ignore_pinned: bool = False,
        keep_requested: bool = False,
        update_deps: bool = False,
        freeze_installed: bool = False,
        hold_history: bool = False,
        deps: Deps = "all",
        prune: bool = False,
        satisfied_skip: bool = False,
        force_reinstall: bool = False,
        aggressive_updates: Specs | None = (),
    ) -> None:
        self._set_environment(installed, history, pins, ignore_pinned, keep_requested)
        self._set_flags(
            update_deps=update_deps,
            freeze_installed=freeze_installed,
            hold_history=hold_history,
            prune=prune,
            satisfied_skip=satisfied_skip,
            force_reinstall=force_reinstall,
        )
        self._set(deps=choice("deps", deps, DEPS), aggressive_updates=_names(aggressive_updates))


class UpdateAll(Action):
    """Everything that was asked for goes to its best version, the request's specs included.

    Parameters
    ----------
    installed, history, pins, ignore_pinned, keep_requested
        See `Action`.
    freeze_installed, deps, prune, satisfied_skip, force_reinstall, aggressive_updates
        See `Install`.
    """

    __slots__ = ("aggressive_updates", "deps", "force_reinstall", "freeze_installed", "prune", "satisfied_skip")
    _fields = (*Action.__slots__, *__slots__)
    kind = "update-all"
    freeze_installed: bool
    deps: Deps
    prune: bool
    satisfied_skip: bool
    force_reinstall: bool
    aggressive_updates: tuple[str, ...]

    def __init__(
        self,
        *,
        installed: Installed = None,
        history: Specs | None = None,
        pins: Specs | None = None,
        ignore_pinned: bool = False,
        keep_requested: bool = False,
        freeze_installed: bool = False,
        deps: Deps = "all",
        prune: bool = False,
        satisfied_skip: bool = False,
        force_reinstall: bool = False,
        aggressive_updates: Specs | None = (),
    ) -> None:
        self._set_environment(installed, history, pins, ignore_pinned, keep_requested)
        self._set_flags(
            freeze_installed=freeze_installed,
            prune=prune,
            satisfied_skip=satisfied_skip,
            force_reinstall=force_reinstall,
        )
        self._set(deps=choice("deps", deps, DEPS), aggressive_updates=_names(aggressive_updates))


class Remove(Action):
    """Packages that match the specs leave, with what needs them and what was only there for them.

    Parameters
    ----------
    installed, history, pins, ignore_pinned, keep_requested
        See `Action`.
    prune
        Other installed packages that nothing needs leave, too.
    force_remove
        Only matching packages leave, whatever needs them.
    """

    __slots__ = ("force_remove", "prune")
    _fields = (*Action.__slots__, *__slots__)
    kind = "remove"
    prune: bool
    force_remove: bool

    def __init__(
        self,
        *,
        installed: Installed = None,
        history: Specs | None = None,
        pins: Specs | None = None,
        ignore_pinned: bool = False,
        keep_requested: bool = False,
        prune: bool = False,
        force_remove: bool = False,
    ) -> None:
        self._set_environment(installed, history, pins, ignore_pinned, keep_requested)
        self._set_flags(prune=prune, force_remove=force_remove)


#: The class of each mode.
ACTIONS: dict[str, type[Action]] = {one.kind: one for one in (Install, Update, UpdateAll, Remove)}


#: Options that contradict every mode but one. Others say how packages come in, which a removal does not ask.
_ONE_MODE = {"update_deps": "update", "force_remove": "remove"}


def action_of(mode: Mode, options: Mapping[str, Any]) -> Action | None:
    """Return the action that the flat keywords of `resolvent.solve` say; None for a fresh environment.

    Parameters
    ----------
    mode
        What is done.
    options
        The other keywords about the environment that were given.

    Raises
    ------
    InvalidRequest
        If an option is set that has no meaning with the mode.
    """
    kind = ACTIONS[choice("mode", mode, MODES)]
    flags: dict[str, Any] = {}
    for name, value in options.items():
        if name in kind._fields:
            flags[name] = value
        elif name == "deps":
            choice(name, value, DEPS)
        elif isinstance(_PLAIN[name], bool) and flag(name, value) and name in _ONE_MODE:
            raise InvalidRequest(f"{name} has no meaning with mode={mode!r}; it goes with mode={_ONE_MODE[name]!r}")
    quiet = {"aggressive_updates", "ignore_pinned"}
    given = {name for name, value in flags.items() if name not in quiet and value not in (None, False, "all")}
    return kind(**flags) if given or mode != "install" else None


def as_prefix(installed: Installed) -> Prefix | None:
    """Return what is installed if it is a `Prefix` or the folder of one; new environments do not need the module."""
    if installed is None:
        return None
    from .prefix import Prefix

    if isinstance(installed, (str, os.PathLike)):
        return Prefix(installed)
    return installed if isinstance(installed, Prefix) else None
