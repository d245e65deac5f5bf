r"""What a channel argument means: where its records are read from, and which channel they belong to.

A source is written in one of these ways:

========================== ====================================================================================
written                    meaning
========================== ====================================================================================
`./channel`, `/srv/ch`     a local folder with one folder a subdir in it; so are `../…`, `~/…`, `C:\…`, a
                           `file://` URL, any `os.PathLike`, and any string with a slash that exists on disk
`https://host/channel`     a channel on the network
`conda-forge`              a channel name, looked up below the channel alias. A bare word is always a name, never
                           a folder that happens to be called so: write `./conda-forge` for the folder
`name=location`            the data is read from `location` (folder or URL), the records belong to channel `name`.
                           Split at the first `=`; a location that is not a URL is a folder
========================== ====================================================================================

Which channel a name or URL *is* (its canonical name, its base URL) is decided by the core, after CEP 26.
"""

from __future__ import annotations

import os
import platform as _platform
import re
import sys
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

from ._core import ChannelNotFound, ResolventError

#: What `load_index` and `solve` take as a channel.
ChannelSource = str | os.PathLike[str]

_WINDOWS_DRIVE = re.compile(r"^[A-Za-z]:[\\/]")
_PATH_STARTS = ("/", "./", "../", "~", ".\\", "..\\", "\\")

#: Spellings of machine names, as the operating systems give them, to the architecture part of a subdir.
_ARCHITECTURES = {
    "x86_64": "64",
    "amd64": "64",
    "i386": "32",
    "i486": "32",
    "i586": "32",
    "i686": "32",
    "x86": "32",
    "aarch64": "aarch64",
    "arm64": "aarch64",
    "armv6l": "armv6l",
    "armv7l": "armv7l",
    "ppc64": "ppc64",
    "ppc64le": "ppc64le",
    "riscv64": "riscv64",
    "s390x": "s390x",
}


@dataclass(frozen=True)
class LocalSource:
    """A channel whose data lies in a local folder.

    Attributes
    ----------
    name
        The channel that the records belong to; None: the folder's own `file://` URL.
    folder
        The folder that holds the subdirs.
    """

    name: str | None
    folder: str


@dataclass(frozen=True)
class NetworkSource:
    """A channel whose data is fetched.

    Attributes
    ----------
    name
        The channel that the records belong to; None: the one that `location` names.
    location
        URL or channel name.
    """

    name: str | None
    location: str


def host_platform() -> str:
    """Return the subdir of this machine, such as `linux-64`.

    Raises
    ------
    ResolventError
        If the operating system or the architecture has no conda subdir; name a platform then.
    """
    machine = _platform.machine().lower()
    arch = _ARCHITECTURES.get(machine)
    if sys.platform.startswith("linux") and arch:
        # A 32-bit Python on a 64-bit kernel installs 32-bit packages.
        return "linux-32" if arch == "64" and sys.maxsize < 2**32 else f"linux-{arch}"
    if sys.platform == "darwin" and arch in {"64", "aarch64"}:
        return "osx-arm64" if arch == "aarch64" else "osx-64"
    if sys.platform == "win32" and arch in {"64", "32", "aarch64"}:
        return "win-arm64" if arch == "aarch64" else f"win-{arch}"
    raise ResolventError(f"this machine ({sys.platform}, {machine}) has no known conda platform; give one")


def parse_source(source: ChannelSource) -> LocalSource | NetworkSource:
    """Tell what a channel argument means; see the module's table.

    Raises
    ------
    ChannelNotFound
        If the string is empty or holds control characters, so that no channel can be meant.
    TypeError
        If `source` is neither a string nor a path.
    """
    if isinstance(source, os.PathLike):
        return LocalSource(None, _folder(os.fspath(source)))
    if not isinstance(source, str):
        raise TypeError(f"a channel is a string or a path, not {type(source).__name__}")
    if any(ord(char) < 32 or ord(char) == 127 for char in source):
        raise ChannelNotFound(f"not a channel: {_shorten(source)!r} holds control characters")
    text = source.strip()
    name, separator, location = text.partition("=")
    if not separator:
        return _classify(text, None, bare_is_name=True)
    if not name.strip() or not location.strip():
        raise ChannelNotFound(f"not a channel: {_shorten(text)!r}; expected NAME=LOCATION")
    return _classify(location.strip(), name.strip(), bare_is_name=False)


def resolve_sources(sources: list[ChannelSource]) -> list[tuple[str | None, str]]:
    """Return each source as (channel name or None, local folder), in the order given.

    Raises
    ------
    ResolventError
        For a channel that has to be fetched.
    """
    folders: list[tuple[str | None, str]] = []
    for source in sources:
        parsed = parse_source(source)
        if isinstance(parsed, NetworkSource):
            raise ResolventError(
                f"cannot read channel {parsed.location!r}: channels on the network are not supported yet; "
                "give a local folder as ./folder, or NAME=FOLDER for a copy of a channel"
            )
        folders.append((parsed.name, parsed.folder))
    return folders


def sample_channel() -> str:
    """Return the source of the sample channel that the package carries.

    A slice of real conda-forge data for `linux-64` (with `noarch`): enough to try the solver without a network.
    Its records belong to `conda-forge`.
    """
    return f"conda-forge={Path(__file__).parent / '_sample'}"


def _classify(text: str, name: str | None, *, bare_is_name: bool) -> LocalSource | NetworkSource:
    if not text:
        raise ChannelNotFound("not a channel: the name is empty")
    lowered = text.lower()
    if lowered.startswith("file:"):
        return LocalSource(name, _folder(_file_url_path(text)))
    if "://" in text:
        if lowered.startswith(("http://", "https://")):
            return NetworkSource(name, text)
        raise ChannelNotFound(f"not a channel: {_shorten(text)!r}; URLs start with https://, http:// or file://")
    is_path = text in {".", ".."} or text.startswith(_PATH_STARTS) or _WINDOWS_DRIVE.match(text)
    if not bare_is_name or is_path or ("/" in text and _exists(text)):
        return LocalSource(name, _folder(text))
    return NetworkSource(name, text)


def _exists(text: str) -> bool:
    try:
        return os.path.lexists(text)
    except ValueError:
        return False


def _folder(text: str) -> str:
    try:
        return str(Path(text).expanduser().absolute())
    except RuntimeError as error:
        raise ChannelNotFound(f"not a channel: {_shorten(text)!r}: {error}") from None


def _file_url_path(url: str) -> str:
    """Turn a `file:` URL into the path it names, on this operating system."""
    try:
        parts = urlsplit(url)
    except ValueError as error:
        raise ChannelNotFound(f"not a channel: {_shorten(url)!r}: {error}") from None
    if parts.netloc not in {"", "localhost"}:
        raise ChannelNotFound(f"not a channel: {_shorten(url)!r} names another machine")
    path = unquote(parts.path)
    return path[1:] if re.match(r"^/[A-Za-z]:", path) else path


def _shorten(text: str, limit: int = 80) -> str:
    return text if len(text) <= limit else f"{text[: limit - 3]}..."
