"""`conda-meta/*.json`: one installed package each (PrefixRecord, CEP 32).

Such a file holds the repodata record of the package and what the installer did with it. Only the former matters
here. It is brought to the form that an index gives its records: the channel is its canonical name (conda writes
the URL with the subdir, rattler without, older programs only the name), timestamps count milliseconds, numbers in
quotes are numbers. So an installed record and the channel's own agree in the fields that identify a package.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .._core import Channel, PackageRecord, ResolventError
from .files import Unreadable

#: The last millisecond of the year 9999 in seconds: up to here a timestamp counts seconds (CEP 36).
_LARGEST_SECONDS = 253_402_300_799
_TEXTS = ("md5", "sha256", "license", "license_family", "python_site_packages_path")
_NUMBERS = ("build_number", "timestamp", "indexed_timestamp", "size")
_LISTS = ("depends", "constrains", "track_features", "features", "flags", "extra_depends")
_EXTENSIONS = (".conda", ".tar.bz2", ".whl")


def to_record(data: Mapping[str, Any]) -> PackageRecord:
    """Return the package record in the content of a `conda-meta/*.json`.

    Raises
    ------
    Unreadable
        If it has no name, version or build, or a field of the wrong type.
    """
    return from_fields(fields(data))


def fields(data: Mapping[str, Any]) -> dict[str, Any]:
    """Return what `from_fields` needs of the content of a `conda-meta/*.json`.

    Raises
    ------
    Unreadable
        If it has no name, version or build, or a field that is clearly wrong.
    """
    mapping: dict[str, Any] = {key: _text(data, key) for key in ("name", "version")}
    # The first versions of conda wrote `build_string`, too, and some programs only that.
    mapping["build"] = _text(data, "build" if data.get("build") is not None else "build_string")
    mapping |= {key: data[key] for key in _TEXTS if data.get(key) is not None}
    mapping |= {key: data[key] for key in _LISTS if data.get(key) is not None}
    mapping |= {key: _number(data[key], key) for key in _NUMBERS if data.get(key) not in (None, "")}
    if 0 < mapping.get("timestamp", 0) <= _LARGEST_SECONDS:
        mapping["timestamp"] *= 1000
    if data.get("noarch") is not None:
        mapping["noarch"] = data["noarch"]
    return mapping | _origin(data, mapping)


def from_fields(mapping: Mapping[str, Any]) -> PackageRecord:
    """Return the package record with some fields.

    Raises
    ------
    Unreadable
        If a field has the wrong type.
    """
    try:
        return PackageRecord.from_dict(mapping)
    except (ResolventError, TypeError, ValueError) as error:
        raise Unreadable(f"is not a package record: {error}") from None


def is_unmanageable(data: Mapping[str, Any]) -> bool:
    """Tell whether pip installed the package: conda's transactions must leave it alone."""
    package_type = data.get("package_type")
    return (
        data.get("channel") == "pypi"
        or data.get("subdir") == "pypi"
        or (isinstance(package_type, str) and package_type.startswith("virtual_python_"))
    )


def requested(data: Mapping[str, Any]) -> list[str]:
    """Return the specs that an installer noted in the record itself, as rattler and newer condas do."""
    specs = data.get("requested_specs")
    if isinstance(specs, list) and specs:
        return [spec for spec in specs if isinstance(spec, str) and spec.strip()]
    spec = data.get("requested_spec")
    # `None` in quotes is what some installers wrote for packages that nobody asked for.
    return [spec] if isinstance(spec, str) and spec.strip() not in ("", "None") else []


def file_name(record: PackageRecord) -> str:
    """Return the name that the record's file has in `conda-meta`."""
    return f"{record.name}-{record.version}-{record.build}.json"


def _origin(data: Mapping[str, Any], mapping: Mapping[str, Any]) -> dict[str, str]:
    """Return channel, subdir, file name and URL, each guessed from the others where it is missing."""
    url = _without_secrets(data["url"]) if isinstance(data.get("url"), str) else None
    written = next((data[key] for key in ("channel", "schannel") if isinstance(data.get(key), str)), None)
    archive = url.rpartition("/")[2].partition("#")[0] if url else ""
    fn = data.get("fn")
    if not isinstance(fn, str) or not fn:
        stem = f"{mapping['name']}-{mapping['version']}-{mapping['build']}"
        fn = archive if archive.endswith(_EXTENSIONS) else f"{stem}.tar.bz2"
    text = written or (url.rpartition("/")[0] if url else "")
    if not text or text in ("pypi", "<unknown>"):
        name, base, subdir = text, "", None
    else:
        try:
            channel = Channel(text)
        except ResolventError as error:
            raise Unreadable(f"names a channel that is none: {error}") from None
        name, base, subdir = channel.name, channel.base_url, channel.subdir
    known = data.get("subdir") or subdir
    if not isinstance(known, str):
        known = "noarch" if data.get("noarch") else ""
    if not url:
        url = f"{base.rstrip('/')}/{known}/{fn}" if base and known else ""
    return {"channel": name, "subdir": known, "fn": fn, "url": url}


def _without_secrets(url: str) -> str:
    """Return an address without credentials, which some installers leave in it."""
    if "@" not in url and "/t/" not in url:
        return url
    from ..network.redact import without_credentials

    return without_credentials(url)


def _text(data: Mapping[str, Any], key: str) -> str:
    value = data.get(key)
    if not isinstance(value, str) or not value:
        raise Unreadable(f"has no '{key}', or one that is not a string")
    return value


def _number(value: object, key: str) -> int:
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= 20:
        return int(value)
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise Unreadable(f"has a '{key}' that is no whole number")
    return value
