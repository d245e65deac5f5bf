"""Shaping of the arguments that people pass: into plain strings, numbers and records that the core takes.

A spec may be a string or a `MatchSpec`, installed packages may be records or mappings, a cut-off may be a date. No rule
of conda lives here.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Literal

from ._core import MatchSpec, PackageRecord, ResolventError
from .errors import InvalidRequest
from .foreign import is_spec, record_mapping

if TYPE_CHECKING:
    import datetime as _datetime
    from typing import TypeAlias

ChannelPriority = Literal["strict", "flexible", "disabled"]
Strategy = Literal["highest", "lowest", "lowest-direct", "ordered"]
#: Specs: one string or `MatchSpec`, or several of them.
Specs: TypeAlias = "str | MatchSpec | Iterable[str | MatchSpec]"
#: Packages: records, or mappings with repodata's keys.
Records: TypeAlias = "Iterable[PackageRecord | Mapping[str, Any]]"
#: A cut-off: see `cutoff_milliseconds`.
Cutoff: TypeAlias = "_datetime.datetime | _datetime.date | _datetime.timedelta | str | int | None"

CHANNEL_PRIORITIES: tuple[ChannelPriority, ...] = ("strict", "flexible", "disabled")
STRATEGIES: tuple[Strategy, ...] = ("highest", "lowest", "lowest-direct", "ordered")

#: The last millisecond of the year 9999 in seconds: up to here repodata's timestamps count seconds (CEP 36).
_LARGEST_SECONDS = 253_402_300_799
#: `3d12h`, `2 weeks 1 day`: each unit at most once, the larger first.
_AGE = r"\s*".join(
    rf"(?:(\d{{1,9}})\s*{unit}(?![a-z]))?"
    for unit in ("w(?:eeks?)?", "d(?:ays?)?", "h(?:ours?|rs?)?", "m(?:in(?:ute)?s?)?", "s(?:ec(?:ond)?s?)?")
)
#: ISO 8601: `P7D`, `P1DT12H`, `PT90M`.
_ISO_AGE = r"p(?:(\d{1,9})w)?(?:(\d{1,9})d)?(?:t(?:(\d{1,9})h)?(?:(\d{1,9})m)?(?:(\d{1,9})s)?)?"
_UNIT_SECONDS = (604_800, 86_400, 3600, 60, 1)


def cutoff_milliseconds(cutoff: Cutoff) -> int | None:
    """Return a cut-off as milliseconds since 1970 (UTC); records with a larger timestamp are left out.

    Parameters
    ----------
    cutoff
        None for no cut-off. A `datetime`, or its ISO 8601 text; without a zone it is UTC. A `date`, or its text
        `YYYY-MM-DD`, which includes that whole day in UTC. A whole number since 1970, of seconds up to the year
        9999 and of milliseconds above, as in repodata. Or an age such as `90m`, `3d12h`, `2 weeks`, `P1DT12H`, the text
        `0` for now, or a `timedelta`, counted back from now: the only forms whose meaning depends on the clock.

    Raises
    ------
    ResolventError
        If the text is none of these.
    """
    if cutoff is None:
        return None
    import datetime as _datetime

    if isinstance(cutoff, str):
        cutoff = _parse_cutoff(cutoff.strip())
    if isinstance(cutoff, _datetime.timedelta):
        import time

        cutoff = int((time.time() - cutoff.total_seconds()) * 1000)
    if isinstance(cutoff, bool):
        raise TypeError("exclude_newer is a date, a time, a text or a number, not bool")
    if isinstance(cutoff, int):
        milliseconds = cutoff * 1000 if cutoff <= _LARGEST_SECONDS else cutoff
    elif isinstance(cutoff, _datetime.datetime):
        moment = cutoff if cutoff.tzinfo else cutoff.replace(tzinfo=_datetime.timezone.utc)
        milliseconds = int(moment.timestamp() * 1000 // 1)
    elif isinstance(cutoff, _datetime.date):
        midnight = _datetime.datetime(cutoff.year, cutoff.month, cutoff.day, tzinfo=_datetime.timezone.utc)
        milliseconds = int(midnight.timestamp() * 1000) + 86_400_000 - 1
    else:
        raise TypeError(f"exclude_newer is a date, a time, a text or a number, not {type(cutoff).__name__}")
    if not 0 <= milliseconds < 2**63:
        raise ResolventError(f"exclude_newer is out of range: {milliseconds} ms since 1970")
    return milliseconds


def _parse_cutoff(text: str) -> _datetime.datetime | _datetime.date | int:
    import datetime as _datetime
    import re
    import time

    for form in (_AGE, _ISO_AGE):
        # Whatever a unit is followed by, there must be one.
        age = re.fullmatch(form, text.lower())
        if age and any(age.groups()):
            counts = (int(count or 0) for count in age.groups())
            return int((time.time() - sum(map(int.__mul__, counts, _UNIT_SECONDS))) * 1000)
    if text == "0":
        return int(time.time() * 1000)
    if re.fullmatch(r"p.*\d[ym].*", text.lower().partition("t")[0]):
        raise ResolventError(f"not a cut-off: {text[:60]!r}: months and years differ in length; give weeks or days")
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
    if text.isascii() and text.isdigit():
        raise ResolventError(
            f"not a cut-off: {text[:60]!r} could be an age in seconds, or a time; give {text[:20]}s for the age, "
            "2026-01-31 for a date, or ten digits and more for a time since 1970"
        )
    raise ResolventError(
        f"not a cut-off: {text[:60]!r}; give 2026-01-31, 2026-01-31T12:00:00Z, or an age such as 7d, 3d12h or P1DT12H"
    )


def cutoff_text(milliseconds: int | None) -> str | None:
    """Return a moment as text that `cutoff_milliseconds` reads as the same moment: ISO 8601 in UTC."""
    if milliseconds is None:
        return None
    if milliseconds > _LARGEST_SECONDS * 1000 + 999:
        # No calendar has the year; no record is newer than the largest number that can be written.
        return str(min(milliseconds, 10**18 - 1))
    import datetime as _datetime

    moment = _datetime.datetime.fromtimestamp(milliseconds // 1000, tz=_datetime.timezone.utc)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{milliseconds % 1000:03}Z".replace(".000Z", "Z")


def choice(name: str, value: str, choices: tuple[str, ...]) -> str:
    """Return `value` if it is one of the words that `name` can be; an InvalidRequest if not."""
    if value not in choices:
        raise InvalidRequest(f"{name} is {value!r}; it can be {', '.join(choices)}")
    return value


def flag(name: str, value: bool) -> bool:
    """Return `value` if it is a bool; a TypeError if not."""
    if not isinstance(value, bool):
        raise TypeError(f"{name} is True or False, not {type(value).__name__}")
    return value


def timeout_seconds(timeout: float | None) -> float | None:
    """Return a timeout in seconds; None for none."""
    if timeout is None:
        return None
    if isinstance(timeout, bool) or not isinstance(timeout, (int, float)):
        raise TypeError(f"timeout is a number of seconds, not {type(timeout).__name__}")
    if not timeout >= 0 or timeout == float("inf"):
        raise ResolventError(f"timeout is {timeout}; it is a number of seconds, zero or more")
    return float(timeout)


def specs_of(name: str, specs: Specs) -> list[str]:
    """Return the texts of one spec or several."""
    if isinstance(specs, (str, MatchSpec)) or is_spec(specs):
        specs = [specs]  # type: ignore[list-item] # one of another library, too
    texts: list[str] = []
    for spec in specs:
        if isinstance(spec, MatchSpec):
            texts.append(spec_text(spec))
        elif isinstance(spec, str) or is_spec(spec):
            texts.append(_without_secrets(str(spec)))
        else:
            raise TypeError(f"{name} holds strings or MatchSpecs, not {_type_name(spec)}")
    return texts


def _without_secrets(spec: str) -> str:
    """Return a spec whose address has no credentials: answers and conflicts name specs by their text."""
    if "://" not in spec:
        return spec
    from .network.redact import without_credentials

    return without_credentials(spec)


def spec_text(spec: MatchSpec) -> str:
    """Return a spec as people write it, `numpy >=2,<3`, where that says all of it; its canonical text where not.

    What is solved is the same; answers, reasons and conflicts name specs by the text they were given.
    """
    written = " ".join(str(part) for part in (spec.name, spec.version, spec.build) if part is not None)
    with contextlib.suppress(ResolventError):
        if MatchSpec(written) == spec:
            return written
    return str(spec)


def _type_name(value: object) -> str:
    """Return the name of a value's type, with its module where another library has one of the same name."""
    kind = type(value)
    return kind.__name__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__name__}"


def records_of(name: str, records: Records) -> list[PackageRecord]:
    """Return records, made of mappings where such are given."""
    shaped: list[PackageRecord] = []
    for record in records:
        if isinstance(record, PackageRecord):
            shaped.append(record)
        elif isinstance(record, Mapping):
            shaped.append(PackageRecord.from_dict(record))
        else:
            mapping = record_mapping(record)
            if mapping is None:
                raise TypeError(f"{name} holds PackageRecords or mappings, not {_type_name(record)}")
            shaped.append(PackageRecord.from_dict(mapping))
    return shaped
