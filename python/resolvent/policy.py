"""Policy: which records are left out, by age, by spec and by licence."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from ._core import Channel, MatchSpec, PackageRecord, ResolventError
from .arguments import Cutoff, Specs, cutoff_milliseconds, cutoff_text, records_of, specs_of
from .errors import InvalidRequest
from .values import Value

if TYPE_CHECKING:
    from typing import TypeAlias

#: One cut-off for everything, or a mapping: `"*"`, a package's name, `"CHANNEL::*"` or a channel's URL; or with
#: `"channels"` and `"packages"` mappings of their own. Pairs stand for a mapping.
Cutoffs: TypeAlias = "Cutoff | Mapping[str, Cutoff | Mapping[str, Cutoff]] | tuple[tuple[str, Cutoff], ...]"
#: MatchSpecs whose names may be patterns, and records; or a mapping of such to reasons, or pairs.
Deny: TypeAlias = "Specs | Iterable[str | MatchSpec | PackageRecord | Mapping[str, Any] | tuple[str, str]]"
#: `{"allow": patterns, "deny": patterns}`, each optional; one pattern or several. Without keys: what is allowed.
Licenses = Mapping[str, str | Iterable[str]] | str | Iterable[str] | None


class LicenseRule(Value):
    """Which licences packages may have; patterns are matched against the whole text of a licence, in any case.

    Attributes
    ----------
    allow
        Only licences that match one of these patterns; None: all.
    deny
        No licence that matches one of these.
    """

    __slots__ = _fields = ("allow", "deny")
    allow: tuple[str, ...] | None
    deny: tuple[str, ...]

    def __init__(self, *, allow: str | Iterable[str] | None = None, deny: str | Iterable[str] = ()) -> None:
        self._set(
            allow=None if allow is None else tuple(_patterns("allow", allow)),
            deny=tuple(_patterns("deny", deny or ())),
        )


class Policy(Value):
    """Which records are left out.

    Parameters
    ----------
    exclude_newer, deny, licenses
        As `resolvent.solve` takes them.

    Attributes
    ----------
    exclude_newer
        The cut-off as ISO 8601 text in UTC, None for none; or, where it differs between packages, pairs of `"*"`, a
        package's name or `"CHANNEL::*"` and such a text, None lifting the cut-off there. An age (`7d`) is counted back
        from the moment when the policy is made.
    deny
        MatchSpecs whose names may be patterns; one with a reason is a pair of both.
    licenses
        The rule about licences; None for none.

    Raises
    ------
    InvalidRequest
        If a key or a pattern has no meaning.
    ResolventError
        If a cut-off or a spec cannot be read.
    TypeError
        If something has the wrong type.
    """

    __slots__ = _fields = ("exclude_newer", "deny", "licenses")
    exclude_newer: str | tuple[tuple[str, str | None], ...] | None
    deny: tuple[str | tuple[str, str], ...]
    licenses: LicenseRule | None

    def __init__(
        self,
        *,
        exclude_newer: Cutoffs = None,
        deny: Deny = (),
        licenses: LicenseRule | Licenses = None,
    ) -> None:
        pairs = _cutoffs(exclude_newer)
        plain = all(key == "*" for key in pairs)
        self._set(
            exclude_newer=pairs.get("*") if plain else tuple(sorted(pairs.items())),
            deny=tuple(spec if reason is None else (spec, reason) for spec, reason in _denied(deny or ())),
            licenses=_license_rule(licenses),
        )

    def to_dict(self) -> dict[str, Any]:
        """Return what is set, as JSON can hold it."""
        out: dict[str, Any] = {}
        if self.exclude_newer is not None:
            out["exclude_newer"] = (
                self.exclude_newer if isinstance(self.exclude_newer, str) else dict(self.exclude_newer)
            )
        if self.deny:
            out["deny"] = [one if isinstance(one, str) else list(one) for one in self.deny]
        if self.licenses is not None:
            allow, deny = self.licenses.allow, self.licenses.deny
            out["licenses"] = {} if allow is None else {"allow": list(allow)}
            if deny:
                out["licenses"]["deny"] = list(deny)
        return out

    def core_arguments(self) -> dict[str, Any]:
        """Return the policy as the core takes it; cut-offs in milliseconds since 1970."""
        given = (
            {"*": self.exclude_newer}
            if self.exclude_newer is None or isinstance(self.exclude_newer, str)
            else dict(self.exclude_newer)
        )
        cutoffs = {key: cutoff_milliseconds(text) for key, text in given.items()}
        denied = [(one, None) if isinstance(one, str) else one for one in self.deny]
        rule = self.licenses or LicenseRule()
        return {
            "exclude_newer": cutoffs.pop("*", None),
            "exclude_newer_channels": [
                (k.removesuffix(_CHANNEL), v) for k, v in cutoffs.items() if k.endswith(_CHANNEL)
            ],
            "exclude_newer_packages": [(k, v) for k, v in cutoffs.items() if not k.endswith(_CHANNEL)],
            "deny": [spec for spec, _ in denied],
            "deny_reasons": [reason for _, reason in denied],
            "licenses_allow": None if rule.allow is None else list(rule.allow),
            "licenses_deny": list(rule.deny),
        }


#: The end of a cut-off's key that means a channel.
_CHANNEL = "::*"


def _license_rule(given: LicenseRule | Licenses) -> LicenseRule | None:
    if given is None or isinstance(given, LicenseRule):
        rule = given
    elif isinstance(given, Mapping):
        unknown = sorted(str(key) for key in given if key not in {"allow", "deny"})
        if unknown:
            raise InvalidRequest(f"licenses has the key {unknown[0]!r}; keys are 'allow' and 'deny'")
        rule = LicenseRule(allow=given.get("allow"), deny=given.get("deny") or ())
    else:
        rule = LicenseRule(allow=given)
    return None if rule is None or (rule.allow is None and not rule.deny) else rule


def _cutoffs(given: Cutoffs) -> dict[str, str | None]:
    """Return each cut-off as text, by what it applies to: `"*"`, a package's name, `"CHANNEL::*"`."""
    if given is None:
        return {}
    if isinstance(given, tuple):
        given = dict(given)
    if not isinstance(given, Mapping):
        return {"*": cutoff_text(cutoff_milliseconds(given))}
    out: dict[str, str | None] = {}
    for key, value in given.items():
        if not isinstance(key, str):
            raise TypeError(f"exclude_newer has a key that is no string: {key!r}")
        if isinstance(value, Mapping):
            if key not in {"channels", "packages"}:
                raise InvalidRequest(
                    f"exclude_newer has a mapping at {key[:60]!r}; only 'channels' and 'packages' can be"
                )
            for name, cutoff in value.items():
                if not isinstance(name, str):
                    raise TypeError(f"exclude_newer has a key that is no string: {name!r}")
                own = cutoff_text(cutoff_milliseconds(cutoff))
                out[_channel(name) + _CHANNEL if key == "channels" else name.lower()] = own
            continue
        text = cutoff_text(cutoff_milliseconds(value))
        if key == "*":
            out["*"] = text
        elif key.endswith(_CHANNEL) or "/" in key:
            out[_channel(key.removesuffix(_CHANNEL)) + _CHANNEL] = text
        elif "::" in key or not key:
            raise InvalidRequest(
                f"exclude_newer has the key {key[:60]!r}; keys are '*', a package's name, or 'CHANNEL::*'"
            )
        else:
            out[key.lower()] = text
    return out


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
    """Return the spec of one record: the package, and where it comes from, if the record says so."""
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
