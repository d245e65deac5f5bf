"""Channels whose repodata a program already has: as single files, as text, or as records in memory."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, TypeAlias

from ._core import PackageRecord, ResolventError
from .values import Value

if TYPE_CHECKING:
    #: The repodata of one subdir: a file, the text of one, or its records.
    Repodata: TypeAlias = "str | os.PathLike[str] | bytes | Iterable[Mapping[str, Any] | PackageRecord]"

#: A channel as the core takes it: its name (None: the folder's URL) and a folder; with its URL where the name does not
#: tell that; or its name, its URL, and files or texts.
CoreSource: TypeAlias = "tuple[str | None, str] | tuple[str, str, str] | tuple[str, str, list[tuple[str, bytes | str]]]"

__all__ = ["ChannelData", "CoreSource"]


class ChannelData(Value):
    """A channel whose repodata is at hand; `load_index` and `solve` take it where they take a channel.

    It is for installers, which fetch in their own way and know their channels by their own configuration.

    Parameters
    ----------
    url
        Where the archives are: the channel's URL, without a subdir and without credentials.
    subdirs
        The subdir (`linux-64`, `noarch`) to its repodata, which is one of:

        - a path (`str` or `os.PathLike`): a repodata file of any name, stored as its ending says (`.json`,
          `.json.zst`, `.json.bz2`). It gets an index file, as the files of a channel's folder do;
        - `bytes`: the text of such a file. It is read into memory each time;
        - records: mappings with repodata's keys (and `fn`), or `PackageRecord`s.

        All of them are read, in this order, whatever platform the index is for.
    name
        The channel as specs (`name::package`) and cut-offs name it, and as the records' `.channel` says it; None: the
        URL.
    """

    __slots__ = _fields = ("url", "subdirs", "name")
    url: str
    subdirs: Mapping[str, Repodata]
    name: str | None

    def __init__(self, *, url: str, subdirs: Mapping[str, Repodata] | None = None, name: str | None = None) -> None:
        if not isinstance(url, str) or "://" not in url:
            raise ResolventError(f"the url of a ChannelData is {url!r}; expected a URL such as https://host/channel")
        self._set(url=url, subdirs={} if subdirs is None else subdirs, name=name)

    def __hash__(self) -> int:
        return hash((self.url, self.name))

    def __repr__(self) -> str:
        return f"ChannelData(url={self.url!r}, subdirs={sorted(self.subdirs)}, name={self.name!r})"

    def for_core(self) -> CoreSource:
        """Return the channel as the core of this library takes it."""
        url = self.url.rstrip("/")
        subdirs = [(subdir, _content(subdir, repodata)) for subdir, repodata in self.subdirs.items()]
        return self.name or url, url, subdirs


def _content(subdir: str, repodata: Repodata) -> bytes | str:
    """Return a path as text, and everything else as the text of a repodata file."""
    if isinstance(repodata, (bytes, bytearray, memoryview)):
        return bytes(repodata)
    if isinstance(repodata, (str, os.PathLike)):
        return os.fspath(repodata)
    if isinstance(repodata, Mapping):
        raise TypeError(f"the repodata of {subdir} is a mapping; give json.dumps(it).encode(), or its records")
    import json

    groups: dict[str, dict[str, Any]] = {"packages": {}, "packages.conda": {}}
    for record in repodata:
        fields = record.to_dict() if isinstance(record, PackageRecord) else dict(record)
        fn = fields.pop("fn", None) or _file_name(subdir, fields)
        if fn.endswith(".whl"):
            raise ResolventError(f"{fn}: wheels are not packages of conda's format")
        for ours in ("channel", "url"):
            fields.pop(ours, None)
        groups["packages" if fn.endswith(".tar.bz2") else "packages.conda"][fn] = fields
    return json.dumps({"info": {"subdir": subdir}, **groups}).encode()


def _file_name(subdir: str, fields: Mapping[str, Any]) -> str:
    try:
        return f"{fields['name']}-{fields['version']}-{fields['build']}.conda"
    except KeyError as error:
        raise ResolventError(f"a record of {subdir} has no {error}") from None
