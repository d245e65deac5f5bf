"""A request as a value: what is asked for, of which channels, for which target, under which policy.

A `Request` is what a problem file, a service and a batch hold; `to_json` and `from_json` are its one form outside
(`docs/request.schema.json`).

>>> import resolvent
>>> request = resolvent.Request(specs=["numpy", "python 3.12.*"], target=resolvent.Target(platform="linux-64"))
>>> request.to_json()
'{"specs": ["numpy", "python 3.12.*"], "target": {"platform": "linux-64"}}'
>>> resolvent.Request.from_json(request.to_json()) == request
True
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypedDict

from .arguments import CHANNEL_PRIORITIES, STRATEGIES, ChannelPriority, Specs, Strategy, choice, flag, specs_of
from .environment import ACTIONS, Action, Deps, Installed, Mode, action_of
from .errors import InvalidRequest
from .platforms import target_platform
from .policy import Cutoffs, Deny, Licenses, Policy
from .values import Value
from .virtual_packages import VirtualPackages
from .virtual_packages import virtual_packages as shape_virtual_packages

if TYPE_CHECKING:
    from .channels import ChannelSource


class RequestOptions(TypedDict, total=False):
    """The flat keywords of `resolvent.solve` and its like that say what is asked.

    Attributes
    ----------
    channel_priority
        `strict`: a package comes only from the first channel that has it. `flexible`: channels are preferred in their
        order. `disabled`. None: the index's own, which is `strict` unless it was loaded otherwise.
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
        With `install` and `update`: no installed record changes, unless a requested spec does not match it.
    keep_requested
        No package that was asked for earlier is removed; where nothing else is possible, there is no answer.
    hold_history
        With `install` and `update`: the same, and the versions of the earlier specs hold. Conda treats its history so.
    update_deps
        With `update`: the installed dependencies of the requested packages are updated, too.
    deps
        `none`: only the requested records are linked, though the environment may break; `only`: everything but them.
        Not with `remove`.
    prune
        Installed packages that nothing needs leave.
    satisfied_skip
        With `install` and `update`: nothing is done when each spec matches an installed record, unless the
        environment breaks a pin or a constraint, or has something to prune.
    force_reinstall
        Installed records that a spec matches are unlinked and linked again. Not with `remove`.
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
        Leave out records newer than this; see `resolvent.arguments.cutoff_milliseconds`. A record without a timestamp
        stays. Or a mapping: `"*"` to the general cut-off, a package's name to its own, `"CHANNEL::*"` or a URL to a
        channel's; None lifts it there. The latter two may also be mappings of their own, at `"packages"` and
        `"channels"`.
    deny
        Records that match one of these MatchSpecs (names may be patterns), and these records, are left out. A mapping
        gives each its reason, which a conflict then names.
    licenses
        A mapping with `allow`, `deny` or both, lists of licence patterns: records of other licences are left out.
        A list alone is what is allowed.
    """

    constraints: Specs
    pins: Specs
    installed: Installed
    history: Specs | None
    mode: Mode
    freeze_installed: bool
    keep_requested: bool
    hold_history: bool
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


class CoreRequest(TypedDict):
    """A request as the core takes it."""

    specs: list[str]
    constraints: list[str]
    pins: list[str]
    virtual_packages: list[str]
    strategy: str
    channel_priority: str | None
    policy: dict[str, Any]
    environment: dict[str, Any] | None


class Target(Value):
    """The machine that the packages are for.

    Attributes
    ----------
    platform
        Its subdir, such as `linux-64`; None: that of the index, or of this machine.
    virtual_packages
        What is known of it, as `"name version build"`, sorted; empty means nothing, None detects it when the request is
        solved. Given as a list of `"name [version [build]]"`, or a mapping of name to `"version"` or
        `"version build"`.
    """

    __slots__ = _fields = ("platform", "virtual_packages")
    platform: str | None
    virtual_packages: tuple[str, ...] | None

    def __init__(self, *, platform: str | None = None, virtual_packages: VirtualPackages = None) -> None:
        facts = None if virtual_packages is None else tuple(shape_virtual_packages(virtual_packages, ""))
        self._set(platform=None if platform is None else target_platform(platform), virtual_packages=facts)

    def to_dict(self) -> dict[str, Any]:
        """Return what is set, as JSON can hold it."""
        out: dict[str, Any] = {} if self.platform is None else {"platform": self.platform}
        if self.virtual_packages is not None:
            out["virtual_packages"] = list(self.virtual_packages)
        return out


class Request(Value):
    """What is asked for; a value that never changes.

    Parameters
    ----------
    specs
        MatchSpecs; their order breaks ties between them.
    channels
        Sources in order of priority; None where an index is given when the request is solved.
    target
        The machine that the packages are for.
    channel_priority, constraints, pins, strategy
        See `RequestOptions`.
    policy
        Which records are left out.
    action
        What is done to an environment: `Install`, `Update`, `UpdateAll` or `Remove`; None: a fresh one is made.

    Raises
    ------
    InvalidRequest
        If a value has no meaning.
    ResolventError
        If something cannot be read.
    TypeError
        If something has the wrong type.
    """

    __slots__ = _fields = (
        "specs",
        "channels",
        "target",
        "channel_priority",
        "constraints",
        "pins",
        "strategy",
        "policy",
        "action",
    )
    specs: tuple[str, ...]
    channels: tuple[ChannelSource, ...] | None
    target: Target
    channel_priority: ChannelPriority | None
    constraints: tuple[str, ...]
    pins: tuple[str, ...]
    strategy: Strategy
    policy: Policy
    action: Action | None

    def __init__(
        self,
        *,
        specs: Specs = (),
        channels: ChannelSource | Sequence[ChannelSource] | None = None,
        target: Target | None = None,
        channel_priority: ChannelPriority | None = None,
        constraints: Specs | None = (),
        pins: Specs | None = (),
        strategy: Strategy = "highest",
        policy: Policy | None = None,
        action: Action | None = None,
    ) -> None:
        for name, value, kind in (("target", target, Target), ("policy", policy, Policy), ("action", action, Action)):
            if value is not None and not isinstance(value, kind):
                raise TypeError(f"{name} is a resolvent.{kind.__name__}, not {type(value).__name__}")
        self._set(
            specs=tuple(specs_of("specs", specs)),
            channels=None if channels is None else _sources(channels),
            target=Target() if target is None else target,
            channel_priority=channel_priority and choice("channel_priority", channel_priority, CHANNEL_PRIORITIES),
            constraints=tuple(specs_of("constraints", constraints or ())),
            pins=tuple(specs_of("pins", pins or ())),
            strategy=choice("strategy", strategy, STRATEGIES),
            policy=Policy() if policy is None else policy,
            action=action,
        )

    def __repr__(self) -> str:
        shown = super().__repr__()
        if "://" not in shown:
            return shown
        from .network.redact import redact

        return redact(shown)

    def to_dict(self) -> dict[str, Any]:
        """Return what is set, as JSON can hold it; what is not set is left out."""
        out: dict[str, Any] = {"specs": list(self.specs)}
        if self.channels is not None:
            for source in self.channels:
                if not isinstance(source, str):
                    raise InvalidRequest(f"a request with a {type(source).__name__} for a channel cannot be written")
            out["channels"] = list(self.channels)
        if self.channel_priority is not None:
            out["channel_priority"] = self.channel_priority
        if self.strategy != "highest":
            out["strategy"] = self.strategy
        parts = {
            "target": self.target.to_dict(),
            "constraints": list(self.constraints),
            "pins": list(self.pins),
            "policy": self.policy.to_dict(),
            "action": None if self.action is None else self.action.to_dict(),
        }
        out.update((name, part) for name, part in parts.items() if part)
        return out

    def to_json(self) -> str:
        """Return the request as one line of JSON, after the schema in `docs/request.schema.json`.

        It holds the channels as they were given, with a password if one is in a URL.
        """
        import json

        return json.dumps(self.to_dict())

    @classmethod
    def from_json(cls, text: str | bytes | Mapping[str, Any]) -> Request:
        """Read what `to_json` wrote.

        Parameters
        ----------
        text
            JSON, or what was made of it.

        Raises
        ------
        InvalidRequest
            If it is no JSON, or no request; the message names the key.
        ResolventError
            If a spec, a cut-off or a record in it cannot be read.
        """
        from .request_json import read_request

        return read_request(text)


def _sources(channels: ChannelSource | Sequence[ChannelSource]) -> tuple[ChannelSource, ...]:
    """Return channels as text; a path is written so that it reads as one. `ChannelData` stays what it is."""
    one: Any = channels
    given: Iterable[Any] = [one] if isinstance(one, (str, os.PathLike)) or _is_data(one) else one
    texts: list[Any] = []
    for source in given:
        if isinstance(source, os.PathLike):
            path = os.fsdecode(source)
            texts.append(path if os.path.isabs(path) else os.path.join(".", path))  # noqa: PTH117, PTH118
        elif isinstance(source, str) or _is_data(source):
            texts.append(source)
        else:
            raise TypeError(f"a channel is a string or a path, not {type(source).__name__}")
    return tuple(texts)


def _is_data(source: object) -> bool:
    """Whether a source is a `ChannelData`, without importing it."""
    return callable(getattr(source, "for_core", None))


#: Keywords that an action has; the rest of `RequestOptions` is the request's own.
_OF_ACTIONS = frozenset(name for kind in ACTIONS.values() for name in kind._fields) - {"pins"}
_OF_POLICY = frozenset(Policy._fields)
_OWN = frozenset({"constraints", "pins", "strategy", "channel_priority"})


def request_of(
    specs: Request | Specs,
    options: Mapping[str, Any],
    *,
    channels: ChannelSource | Sequence[ChannelSource] | None = None,
    platform: str | None = None,
    virtual_packages: VirtualPackages = None,
) -> Request:
    """Return the request that is given as such, or by the flat keywords.

    Channels and a target may be given beside a request that leaves them out.

    Raises
    ------
    InvalidRequest
        If something is said twice, or options contradict each other.
    TypeError
        If a keyword is not known, or has the wrong type.
    """
    if isinstance(specs, Request):
        if options:
            named = ", ".join(sorted(options))
            raise InvalidRequest(f"{named}: the Request says that itself; use request.replace(...)")
        request = specs
        for name, given, own in (
            ("channels", channels, request.channels),
            ("platform", platform, request.target.platform),
            ("virtual_packages", virtual_packages, request.target.virtual_packages),
        ):
            if given is not None and own is not None:
                raise InvalidRequest(f"{name}: the Request says that itself; use request.replace(...)")
        if channels is not None:
            request = request.replace(channels=channels)
        target = request.target
        if platform is not None:
            target = target.replace(platform=platform)
        if virtual_packages is not None:
            target = target.replace(virtual_packages=virtual_packages)
        return request if target is request.target else request.replace(target=target)
    unknown = sorted(set(options) - _OF_ACTIONS - _OF_POLICY - _OWN - {"mode"})
    if unknown:
        raise TypeError(f"unexpected keyword argument {unknown[0]!r}")
    about = {name: value for name, value in options.items() if name in _OF_ACTIONS}
    action = action_of(options.get("mode", "install"), about)
    ignored = flag("ignore_pinned", options.get("ignore_pinned", False)) and action is None
    return Request(
        specs=specs,
        channels=channels,
        target=Target(platform=platform, virtual_packages=virtual_packages),
        channel_priority=options.get("channel_priority"),
        constraints=options.get("constraints"),
        pins=() if ignored else options.get("pins"),
        strategy=options.get("strategy", "highest"),
        policy=Policy(**{name: value for name, value in options.items() if name in _OF_POLICY}),
        action=action,
    )


def core_request(request: Request, virtual_packages: Sequence[str]) -> CoreRequest:
    """Return a request as the core takes it.

    Parameters
    ----------
    request
        The request.
    virtual_packages
        What is known of its target.
    """
    action = request.action
    pins = [*request.pins, *(() if action is None else action.pins)]
    return {
        "specs": list(request.specs),
        "constraints": list(request.constraints),
        "pins": [] if action is not None and action.ignore_pinned else pins,
        "virtual_packages": list(virtual_packages),
        "strategy": request.strategy,
        "channel_priority": request.channel_priority,
        "policy": request.policy.core_arguments(),
        "environment": None if action is None else action.core_arguments(),
    }


def facts_of(request: Request, platform: str) -> list[str]:
    """Return the virtual packages of a request's target, detected if it does not say them.

    Raises
    ------
    InvalidRequest
        If the request is for another platform than the one at hand.
    """
    target = request.target
    if target.platform is not None and target.platform != platform:
        raise InvalidRequest(f"the request is for {target.platform}, but the index is of {platform}")
    if target.virtual_packages is not None:
        return list(target.virtual_packages)
    return shape_virtual_packages(None, platform)
