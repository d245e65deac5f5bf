"""conda's records as plain data, and answers as conda's records."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from conda.models.channel import Channel
    from conda.models.records import PackageRecord as CondaRecord

    from resolvent import PackageRecord

#: What a solve needs to know of an installed record; the rest of conda's fields describe its files.
_FIELDS = (
    "name",
    "version",
    "build",
    "build_number",
    "subdir",
    "md5",
    "sha256",
    "size",
    "license",
    "license_family",
    "python_site_packages_path",
)
_LISTS = ("depends", "constrains", "track_features", "features", "flags")
_TIMES = ("timestamp", "indexed_timestamp")


def plain(record: CondaRecord) -> dict[str, Any]:
    """Return a record of conda as a mapping with repodata's keys.

    Its channel is the channel's URL without credentials. Hashes, URL and file name are left out where they are
    missing: records of old environments do not have all of them.
    """
    found = {key: value for key in _FIELDS if (value := _get(record, key)) is not None}
    for key in _LISTS:
        values = _get(record, key)
        if values:
            found[key] = [str(value) for value in values]
    for key in _TIMES:
        time = _get(record, key)
        if time:
            found[key] = int(time * 1000) if time < 253_402_300_800 else int(time)
    noarch = _get(record, "noarch")
    if noarch:
        found["noarch"] = str(getattr(noarch, "value", noarch))
    extras = _get(record, "extra_depends")
    if extras:
        found["extra_depends"] = {str(name): [str(spec) for spec in specs] for name, specs in extras.items()}
    fn, url = _get(record, "fn"), _get(record, "url")
    if fn and fn.endswith((".conda", ".tar.bz2", ".whl")):
        found["fn"] = fn
    if url:
        found["url"] = without_credentials(url)
    channel = getattr(_get(record, "channel"), "base_url", None)
    if channel:
        found["channel"] = channel
    return found


def _get(record: CondaRecord, key: str) -> Any:
    """Return a field; None where the record has none (a field of a newer conda, or one without a default)."""
    try:
        return getattr(record, key, None)
    except (KeyError, TypeError, ValueError):
        return None


def without_credentials(url: str) -> str:
    """Return a URL without user, password and token."""
    from conda.common.url import remove_auth, split_anaconda_token

    return url if url.startswith("file:") else str(split_anaconda_token(remove_auth(url))[0])


def same_package(record: PackageRecord, known: CondaRecord) -> bool:
    """Whether a record of the answer is an installed one, by what conda compares."""
    return (record.name, record.version, record.build, record.build_number, record.subdir) == (
        known.name,
        known.version,
        known.build,
        known.build_number,
        known.subdir,
    )


def to_conda(record: PackageRecord, channels: Mapping[str, Channel]) -> CondaRecord:
    """Return a record of the answer as conda's.

    Parameters
    ----------
    record
        A record of the index.
    channels
        The channels that were read, by their URL without credentials.
    """
    from conda.models.channel import Channel
    from conda.models.records import PackageRecord as CondaRecord

    fields: dict[str, Any] = record.to_dict()
    channel = channels.get(record.channel)
    if channel is None:
        fields["channel"] = Channel(f"{record.channel}/{record.subdir}")
    else:
        base = channel.base_url or ""
        if record.url.startswith(f"{base}/") and (channel.token or channel.auth):
            fields["url"] = _with_credentials(channel) + record.url[len(base) :]
        parts = {key: value for key, value in channel.dump().items() if key not in {"platform", "package_filename"}}
        fields["channel"] = Channel(**parts, platform=record.subdir)
    return CondaRecord(**fields)


def _with_credentials(channel: Channel) -> str:
    """Return a channel's URL with its token and its user, which downloads need."""
    base = channel.base_url or ""
    scheme, _, rest = base.partition("://")
    if channel.token and channel.location:
        rest = f"{channel.location}/t/{channel.token}{rest[len(channel.location) :]}"
    return f"{scheme}://{channel.auth}@{rest}" if channel.auth else f"{scheme}://{rest}"


def in_link_order(records: Iterable[CondaRecord]) -> tuple[CondaRecord, ...]:
    """Return records in conda's own link order, which its transaction expects."""
    from conda.models.prefix_graph import PrefixGraph

    return tuple(PrefixGraph(records).graph)
