"""Specs, virtual packages and records of py-rattler and conda: taken in by what they can do, and given out again.

Neither library is imported to take something in; what its objects offer is enough.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ._core import Channel, ResolventError

if TYPE_CHECKING:
    from ._core import PackageRecord

#: Keys of an installed record that say how it was installed, not which package it is.
_OF_PREFIX = ("files", "paths_data", "link", "extracted_package_dir", "package_tarball_full_path", "requested_specs")


def is_spec(value: object) -> bool:
    """Whether a value is a MatchSpec of another library; its text is the spec."""
    return type(value).__name__ == "MatchSpec"


def record_mapping(record: object) -> Mapping[str, Any] | None:
    """Return a record of another library as a mapping with repodata's keys; None if it is none.

    py-rattler's records write themselves as JSON (`to_json`), conda's as a mapping (`dump`).
    """
    if not all(hasattr(record, name) for name in ("name", "version", "build", "build_number")):
        return None
    to_json, dump = getattr(record, "to_json", None), getattr(record, "dump", None)
    if callable(to_json):
        import json

        entry = json.loads(to_json())
    elif callable(dump):
        entry = dict(dump())
    else:
        return None
    entry = {key: value for key, value in entry.items() if key not in _OF_PREFIX and value is not None}
    if "channel" in entry:
        # They write its URL, an index knows its name.
        entry["channel"] = Channel(str(entry["channel"])).name
    return entry


def virtual_package_text(value: object) -> str | None:
    """Return a virtual package of another library as `"name version build"`; None if it is none.

    It is an object with `name`, `version` and `build_string` (py-rattler's `GenericVirtualPackage`), with `build`
    instead (conda's record of one), or with `into_generic` (py-rattler's `VirtualPackage`).
    """
    generic = getattr(value, "into_generic", None)
    if callable(generic):
        value = generic()
    name, version = getattr(value, "name", None), getattr(value, "version", None)
    build = getattr(value, "build_string", getattr(value, "build", None))
    if name is None or version is None or build is None:
        return None
    name = getattr(name, "normalized", name)
    return f"{name} {version} {build}"


def to_rattler(record: PackageRecord) -> Any:
    """Return a record as py-rattler has it, a `rattler.RepoDataRecord`.

    Raises
    ------
    ResolventError
        If py-rattler is not installed.
    """
    try:
        import rattler
    except ImportError:
        raise ResolventError("to_rattler() needs py-rattler: pip install py-rattler") from None
    # Older versions of py-rattler take a text.
    build: Any = getattr(rattler, "BuildString", str)(record.build)
    made = rattler.PackageRecord(
        record.name,
        record.version,
        build,
        record.build_number,
        record.subdir,
        noarch=record.noarch,
        depends=record.depends,
        constrains=record.constrains,
        sha256=None if record.sha256 is None else bytes.fromhex(record.sha256),
        md5=None if record.md5 is None else bytes.fromhex(record.md5),
        size=record.size,
        license=record.license,
        license_family=record.license_family,
        python_site_packages_path=record.python_site_packages_path,
    )
    if record.timestamp:
        import datetime

        seconds, rest = divmod(record.timestamp, 1000)
        moment = datetime.datetime.fromtimestamp(seconds, tz=datetime.timezone.utc)
        made.timestamp = moment + datetime.timedelta(milliseconds=rest)
    made.track_features = record.track_features
    channel = Channel(record.channel).base_url if record.channel else record.url.rsplit("/", 2)[0]
    return rattler.RepoDataRecord(made, record.fn, record.url, channel)
