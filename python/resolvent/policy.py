"""Policy: which records are left out, by age, by spec and by licence, as the mapping that the core takes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from ._core import Channel, MatchSpec, PackageRecord, ResolventError
from .arguments import Cutoff, Specs, cutoff_milliseconds, records_of, specs_of

if TYPE_CHECKING:
    from typing import TypeAlias

#: One cut-off for everything, or a mapping: `"*"`, a package's name, `"CHANNEL::*"` or a channel's URL; or with
#: `"channels"` and `"packages"` mappings of their own.
Cutoffs: TypeAlias = "Cutoff | Mapping[str, Cutoff | Mapping[str, Cutoff]]"
#: MatchSpecs whose names may be patterns, and records; or a mapping of such to reasons.
Deny: TypeAlias = "Specs | Iterable[str | MatchSpec | PackageRecord | Mapping[str, Any]]"
#: `{"allow": patterns, "deny": patterns}`, each optional; one pattern or several. Without keys: what is allowed.
Licenses = Mapping[str, str | Iterable[str]] | str | Iterable[str] | None


def policy_arguments(exclude_newer: Cutoffs, deny: Deny, licenses: Licenses) -> dict[str, Any]:
    """Return the policy as the core takes it.

    Raises
    ------
    ResolventError
        If a cut-off cannot be read, or a key of `licenses` is not known.
    """
    general, channels, packages = _cutoffs(exclude_newer)
    denied = _denied(deny)
    if licenses is not None and not isinstance(licenses, Mapping):
        licenses = {"allow": licenses}
    rules = {} if licenses is None else dict(licenses)
    unknown = set(rules) - {"allow", "deny"}
    if unknown:
        raise ResolventError(f"licenses has the key {min(unknown)!r}; keys are 'allow' and 'deny'")
    return {
        "exclude_newer": general,
        "exclude_newer_channels": channels,
        "exclude_newer_packages": packages,
        "deny": [spec for spec, _ in denied],
        "deny_reasons": [reason for _, reason in denied],
        "licenses_allow": None if rules.get("allow") is None else _patterns("allow", rules["allow"]),
        "licenses_deny": _patterns("deny", rules.get("deny") or ()),
    }


def _cutoffs(given: Cutoffs) -> tuple[int | None, list[tuple[str, int | None]], list[tuple[str, int | None]]]:
    """Return the general cut-off, those of channels and those of packages."""
    if not isinstance(given, Mapping):
        return cutoff_milliseconds(given), [], []
    general: int | None = None
    channels: list[tuple[str, int | None]] = []
    packages: list[tuple[str, int | None]] = []
    for key, value in given.items():
        if not isinstance(key, str):
            raise TypeError(f"exclude_newer has a key that is no string: {key!r}")
        if isinstance(value, Mapping):
            if key not in {"channels", "packages"}:
                raise ResolventError(
                    f"exclude_newer has a mapping at {key[:60]!r}; only 'channels' and 'packages' can be"
                )
            for name, cutoff in value.items():
                own = cutoff_milliseconds(cutoff)
                if key == "channels":
                    channels.append((_channel(name), own))
                else:
                    packages.append((name.lower(), own))
            continue
        cutoff_here = cutoff_milliseconds(value)
        if key == "*":
            general = cutoff_here
        elif key.endswith("::*") or "/" in key:
            channels.append((_channel(key.removesuffix("::*")), cutoff_here))
        elif "::" in key or not key:
            raise ResolventError(
                f"exclude_newer has the key {key[:60]!r}; keys are '*', a package's name, or 'CHANNEL::*'"
            )
        else:
            packages.append((key.lower(), cutoff_here))
    return general, channels, packages


def _channel(text: str) -> str:
    """Return the name by which an index knows a channel."""
    try:
        return Channel(text).name
    except ResolventError:
        return text


def _denied(given: Deny) -> list[tuple[str, str | None]]:
    """Return what is denied as specs, each with its reason if there is one."""
    if isinstance(given, Mapping) and not ("name" in given and "version" in given):
        pairs: list[tuple[Any, Any]] = list(given.items())
    elif isinstance(given, (str, MatchSpec, PackageRecord, Mapping)):
        pairs = [(given, None)]
    else:
        pairs = [(one, None) for one in given]
    out: list[tuple[str, str | None]] = []
    for one, reason in pairs:
        if isinstance(one, tuple) and len(one) == 2 and reason is None:
            one, reason = one
        if reason is not None and not isinstance(reason, str):
            raise TypeError(f"a reason of deny is a string, not {type(reason).__name__}")
        if isinstance(one, (PackageRecord, Mapping)):
            (record,) = records_of("deny", [one])
            out.append((_spec_of(record), reason))
        else:
            out.extend((spec, reason) for spec in specs_of("deny", [one]))
    return out


def _spec_of(record: PackageRecord) -> str:
    """Return the spec of one record: the package, and where it comes from as far as the record says."""
    spec = f"{record.name}=={record.version}={record.build}"
    if record.channel:
        spec = f"{record.channel}{'/' + record.subdir if record.subdir else ''}::{spec}"
    return f"{spec}[fn={record.fn!r}]" if record.fn else spec


def _patterns(name: str, given: str | Iterable[str]) -> list[str]:
    patterns = [given] if isinstance(given, str) else list(given)
    for pattern in patterns:
        if not isinstance(pattern, str):
            raise TypeError(f"licenses[{name!r}] holds strings, not {type(pattern).__name__}")
    return patterns
