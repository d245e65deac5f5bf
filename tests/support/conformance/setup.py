"""A case's channels and environment, written to disk.

The wheel keeps a channel as two mappings of file name to record, one for `noarch` and one for every platform, from
the first years of conda: no subdir, no repodata around them. A case names installed packages by strings such as
`channel-1/${{ arch }}::numpy-1.7.1-py33_0`; the environment gets the channel's record of that name.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from environment_support import write_prefix

from .cases import Case

#: The platform that every case is solved for.
PLATFORM = "linux-64"
_DIST = re.compile(r"(?P<channel>.+)/(?P<subdir>[^/]+)::(?P<name>.+)-(?P<version>[^-]+)-(?P<build>[^-]+)")

#: A package as the cases name it: channel, subdir, name, version, build.
Dist = tuple[str, str, str, str, str]


def parse_dist(text: str) -> Dist:
    """Return the parts of a package string."""
    match = _DIST.fullmatch(text.replace("${{ arch }}", PLATFORM))
    if match is None:
        raise ValueError(f"not a package string: {text!r}")
    return match["channel"], match["subdir"], match["name"], match["version"], match["build"]


def parse_dists(texts: Iterable[str]) -> set[Dist]:
    """Return the parts of several package strings."""
    return {parse_dist(text) for text in texts}


@cache
def channel_records(folder: Path, channel: str, subdir: str) -> dict[str, dict[str, Any]]:
    """Return the records of a channel's subdir by file name."""
    part = "noarch" if subdir == "noarch" else "non-noarch"
    records: dict[str, dict[str, Any]] = json.loads((folder / "data" / f"{channel}_{part}.json").read_text())
    return {fn: {**record, "subdir": subdir} for fn, record in records.items()}


def write_channels(folder: Path, channels: Sequence[str], target: Path, *, add_pip: bool) -> list[str]:
    """Write channels as folders of repodata; return them as `load_index` takes them.

    Parameters
    ----------
    folder
        The wheel's package folder.
    channels
        Names, in order of priority.
    target
        Where to write.
    add_pip
        Make each python of the channels depend on pip, as conda's option of this name does.
    """
    for channel in channels:
        for subdir in (PLATFORM, "noarch"):
            records = channel_records(folder, channel, subdir)
            if add_pip:
                records = {fn: _with_pip(record) for fn, record in records.items()}
            path = target / channel / subdir / "repodata.json"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(json.dumps({"info": {"subdir": subdir}, "packages": records}))
    return [f"{channel}={target / channel}" for channel in channels]


def write_environment(folder: Path, case: Case, target: Path) -> Path:
    """Write the environment of a case: its packages, its history and its pins."""
    installed = []
    for text in case.strings("prefix"):
        channel, subdir, name, version, build = parse_dist(text)
        fn = f"{name}-{version}-{build}.tar.bz2"
        installed.append({**channel_records(folder, channel, subdir)[fn], "channel": channel, "fn": fn})
    return write_prefix(target, installed, history=case.strings("history_specs"), pins=case.strings("pinned_packages"))


def _with_pip(record: dict[str, Any]) -> dict[str, Any]:
    if record["name"] != "python" or not record["version"].startswith(("2.", "3.")):
        return record
    return {**record, "depends": [*record["depends"], "pip"]}
