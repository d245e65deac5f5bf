"""`conda-meta/*.json`: one file a package, complete, as conda reads it (PrefixRecord, CEP 32).

The engine writes what it did with the files. What the channel says of the package, where its archive is, and which
requests asked for it are put in here.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from .._core import PackageRecord
from ..network.auth import split_credentials
from .errors import ChangeFailed
from .package_cache import CachedPackage

#: conda's numbers for how files came in.
LINK_TYPES = {"hard": 1, "soft": 2, "copy": 3}


def complete(
    file: Path, record: PackageRecord, package: CachedPackage, *, requested: Sequence[str], mode: int
) -> dict[str, Any]:
    """Complete the file of a package that was just linked, and return its content.

    Parameters
    ----------
    file
        The file as the engine wrote it.
    record
        The package's record.
    package
        Its entry in the package cache.
    requested
        The specs by which it was asked for.
    mode
        The file's permissions.
    """
    try:
        written = json.loads(file.read_bytes())
        paths = written["paths_data"]["paths"]
        link = written["link"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ChangeFailed(f"the engine left no usable record of {record.fn}: {error}") from None
    data = {
        **record.to_dict(),
        "sha256": package.sha256,
        "md5": package.md5,
        "size": package.size,
        **origin(record),
        "package_tarball_full_path": package.archive,
        "extracted_package_dir": os.fspath(package.folder),
        "link": {"source": os.fspath(package.folder), "type": link.get("type", LINK_TYPES["hard"])},
        **request_fields(requested),
        "files": written["files"],
        "paths_data": {"paths_version": 1, "paths": paths},
    }
    write(file, data, mode)
    return data


def origin(record: PackageRecord) -> dict[str, str]:
    """Return `url`, `channel` and `fn` of a record, without credentials."""
    url = split_credentials(record.url)[0] if "://" in record.url else record.url
    base = url.rsplit("/", 2)[0]
    return {"fn": record.fn, "url": url, "channel": f"{base}/{record.subdir}" if base else record.channel}


def request_fields(requested: Sequence[str]) -> dict[str, Any]:
    """Return the specs as new programs (a list) and old condas (a string) read them."""
    fields: dict[str, Any] = {"requested_specs": list(requested)}
    if requested:
        fields["requested_spec"] = requested[0]
    return fields


def with_requests(data: Mapping[str, Any], requested: Sequence[str]) -> dict[str, Any] | None:
    """Return the content of an installed package's file with other requests; None if they are those it has."""
    if list(data.get("requested_specs") or []) == list(requested):
        return None
    changed = {key: value for key, value in data.items() if key not in {"requested_spec", "requested_specs"}}
    return {**changed, **request_fields(requested)}


def write(file: Path, data: Mapping[str, Any], mode: int) -> None:
    """Write such a file: a line for each key, and one for each path."""
    lines = []
    for key, value in data.items():
        if key == "paths_data" and isinstance(value, dict) and isinstance(value.get("paths"), list):
            entries = ",\n".join(f"      {json.dumps(entry)}" for entry in value["paths"])
            rest = {name: inner for name, inner in value.items() if name != "paths"}
            head = json.dumps(rest)[1:-1]
            head = f"{head}, " if head else ""
            lines.append(
                f'  "{key}": {{{head}"paths": [\n{entries}\n  ]}}' if entries else f'  "{key}": {{{head}"paths": []}}'
            )
        else:
            lines.append(f"  {json.dumps(key)}: {json.dumps(value)}")
    temporary = file.with_name(f".{file.name}.part")
    temporary.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")
    temporary.chmod(mode)
    temporary.replace(file)
