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
                           Split at the first `=`; a location that is not a URL is a folder. No `=` splits a path,
                           and in a URL it must have a URL or a path (`/…`, `./…`, `../…`, `~…`) behind it
========================== ====================================================================================

A slash, a platform's subdir and a file of repodata at the end are dropped.

Which channel a name or URL *is* (its canonical name, its base URL) is decided by the core, after CEP 26.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from ._core import Channel, ChannelNotFound, InvalidRepodata, MatchSpec
from .arguments import flag
from .channel_data import ChannelData, CoreSource
from .subdirs import is_repodata, is_subdir, without_subdir

if TYPE_CHECKING:
    from pathlib import Path

    from .network import FetchedSubdir, NetworkConfig
    from .network.fetch import Surveyed
    from .network.lazy_shards import LazyShards
    from .progress import ProgressCallback

_PATH_STARTS = ("/", "./", "../", "~", ".\\", "..\\", "\\")
_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+://")


class LocalSource(NamedTuple):
    """A channel whose data lies in a local folder.

    Attributes
    ----------
    name
        The channel that the records belong to; None: the folder's own `file://` URL.
    folder
        The folder that holds the subdirs.
    is_copy
        Whether the packages lie where the channel `name` is; else they lie in the folder, which has this name.
    """

    name: str | None
    folder: str
    is_copy: bool = True


class NetworkSource(NamedTuple):
    """A channel whose data is fetched.

    Attributes
    ----------
    name
        The channel that the records belong to; None: the one that `location` names.
    location
        URL or channel name.
    is_copy
        Whether the packages lie where the channel `name` is; else they lie at `location`, which has this name.
    """

    name: str | None
    location: str
    is_copy: bool = True


#: What `load_index` and `solve` take as a channel; the tuples are what a configuration makes of a name.
ChannelSource = str | os.PathLike[str] | LocalSource | NetworkSource | ChannelData


def source_list(channels: ChannelSource | Sequence[ChannelSource]) -> list[ChannelSource]:
    """Return one source, or several, as a list."""
    if isinstance(channels, (str, os.PathLike, LocalSource, NetworkSource, ChannelData)):
        return [channels]
    return list(channels)


def parse_source(source: ChannelSource) -> LocalSource | NetworkSource | ChannelData:
    """Tell what a channel argument means; see the module's table.

    Raises
    ------
    ChannelNotFound
        If the string is empty or holds control characters, so that no channel can be meant.
    TypeError
        If `source` is neither a string, a path nor a `ChannelData`.
    """
    if isinstance(source, (LocalSource, NetworkSource, ChannelData)):
        return source
    if isinstance(source, os.PathLike):
        return LocalSource(None, _folder(os.fspath(source)))
    if not isinstance(source, str):
        raise TypeError(f"a channel is a string, a path or a ChannelData, not {type(source).__name__}")
    if any(ord(char) < 32 or ord(char) == 127 for char in source):
        raise ChannelNotFound(f"not a channel: {_shown(source)!r} holds control characters")
    text = source.strip()
    at = _separator(text)
    if at < 0:
        return _classify(text, None, bare_is_name=True)
    name, location = text[:at].strip(), text[at + 1 :].strip()
    if not name or not location:
        raise ChannelNotFound(f"not a channel: {_shown(text)!r}; expected NAME=LOCATION")
    return _classify(location, _clean_name(name), bare_is_name=False)


def _separator(text: str) -> int:
    """Return where the `=` between NAME and LOCATION is; -1: it is no copy.

    Addresses and paths have `=` in them, too: in passwords, tokens, queries, and names of folders. So in a path none
    separates, and in an address only one with a location behind it, and none inside credentials or a query.
    """
    if text.lower().startswith("file:") or _is_path(text) or ("/" in text and "=" in text and _exists(text)):
        return -1
    if not _ADDRESS.match(text):
        # Nor is one in the token of an address whose scheme was forgotten.
        token = re.search(r"/t/[^/]*", text)
        at = text.find("=")
        return -1 if token is not None and token.start() < at < token.end() else at
    rest = text.partition("://")[2]
    start = len(text) - len(rest)
    authority = re.split(r"[/?#]", rest, maxsplit=1)[0]
    secrets = [(start, start + authority.rfind("@") + 1)]
    secrets += [(start + token.start(), start + token.end()) for token in re.finditer(r"(?<=/t/)[^/?#]+", rest)]
    for match in re.finditer("=", text):
        at = match.start()
        if "?" in text[:at]:
            return -1
        behind = text[at + 1 :].lstrip()
        leads = _is_path(behind) or _ADDRESS.match(behind) or behind.lower().startswith("file:")
        if leads and not any(begin <= at < end for begin, end in secrets):
            return at
    return -1


def _clean_name(name: str) -> str:
    """Return the name of a copy without credentials, and without a slash or a subdir behind it."""
    if "://" in name:
        # Imported where an address has to be cleaned: most names are plain words.
        from .network.redact import without_credentials

        name = without_credentials(name)
    return without_subdir(name)


def resolve_sources(
    sources: Sequence[ChannelSource],
    *,
    platform: str,
    specs: Iterable[str] | None = None,
    offline: bool | None = None,
    network: NetworkConfig | None = None,
) -> list[CoreSource]:
    """Return channels as (channel or None, local folder), in the order given; fetch those on the network.

    Parameters
    ----------
    sources
        Channels as they are written.
    platform
        Target subdir; `noarch` is taken with it.
    specs
        MatchSpecs of the request, and the names of what is installed: of channels that are published in shards
        (CEP 16) only the packages that these can lead to are fetched. None: everything.
    offline
        Use the cache alone, whatever its age; None: what `network` says.
    network
        Settings; None: the defaults as changed by the environment.

    Returns
    -------
    One triple a source; more for `defaults`, which stands for several channels.

    Raises
    ------
    ChannelNotFound
        If a source cannot mean a channel, or a channel on the network has neither the platform's data nor `noarch`'s.
    InvalidMatchSpec
        If one of `specs` is no MatchSpec.
    ResolventError
        If something cannot be fetched; see `resolvent.network.NetworkError`, whose `.kind` says why.
    """
    opened = OpenedSources(sources, platform=platform, selective=specs is not None, offline=offline, network=network)
    return opened.folders(specs)


class OpenedSources:
    """Channels that were found; of those on the network the shard indices, or whole files, are here.

    Parameters are those of `resolve_sources`; `selective`: only what specs can lead to will be asked for.
    `progress`: called with what is fetched.
    """

    def __init__(
        self,
        sources: Sequence[ChannelSource],
        *,
        platform: str,
        selective: bool,
        offline: bool | None = None,
        use_zst: bool | None = None,
        use_shards: bool | None = None,
        network: NetworkConfig | None = None,
        progress: ProgressCallback | None = None,
    ) -> None:
        self.use_zst = True if use_zst is None else flag("use_zst", use_zst)
        self._parsed = [parse_source(source) for source in sources]
        self._remote = [source for source in self._parsed if isinstance(source, NetworkSource)]
        self._subdirs = ["noarch"] if platform == "noarch" else [platform, "noarch"]
        self._surveyed: Surveyed | None = None
        self._progress = progress
        if self._remote:
            changes: dict[str, Any] = {"offline": offline, "use_zst": use_zst, "use_shards": use_shards}
            self._survey(selective, {key: value for key, value in changes.items() if value is not None}, network)

    def _survey(self, selective: bool, changes: dict[str, Any], network: NetworkConfig | None) -> None:
        # Imported here: most of what it needs is not needed for local channels.
        import dataclasses

        from .network import NetworkConfig
        from .network.fetch import survey

        config = NetworkConfig.from_environment() if network is None else network
        checked: dict[str, Any] = {name: flag(name, value) for name, value in changes.items()}
        config = dataclasses.replace(config, **checked)
        self._surveyed = survey(
            [source.location for source in self._remote],
            subdirs=self._subdirs,
            config=config,
            selective=selective,
            progress=self._progress,
            local_files=self._local_files(),
        )

    def do_without_zst(self, error: InvalidRepodata) -> bool:
        """Take plain repodata in place of a compressed file whose content cannot be read; False if it is none of ours.

        What comes is checked where that costs little; the rest turns up when its records are read.
        """
        return self._surveyed is not None and self._surveyed.do_without_zst(error, self._progress)

    @property
    def remote(self) -> bool:
        """Whether there are channels on the network."""
        return bool(self._remote)

    def folders(self, specs: Iterable[str] | None) -> list[CoreSource]:
        """Return what `resolve_sources` does."""
        if self._surveyed is None:
            return self.arranged([])
        names = None if specs is None else _names(specs)
        fetched = self._surveyed.fetch(names, progress=self._progress, local_files=self._local_files())
        return self.arranged(fetched)

    def lazy_shards(self) -> LazyShards | None:
        """Return the shards of these channels, to be fetched as a solver needs them; None if not all have shards."""
        if self._surveyed is None or len(self._remote) != len(self._parsed) or not self._surveyed.indices:
            return None
        from .network.lazy_shards import LazyShards

        shards = LazyShards(self._surveyed, self._surveyed.indices)
        shards.progress = self._progress
        return shards

    @property
    def warnings(self) -> list[str]:
        """What went wrong on the network and was got over, such as a damaged file beside which there is another."""
        return [] if self._surveyed is None else list(self._surveyed.warnings)

    def arranged(self, fetched: Sequence[Sequence[FetchedSubdir]]) -> list[CoreSource]:
        """Return the place of each channel, given what was fetched of those on the network."""
        results = iter(fetched)
        folders: list[CoreSource] = []
        for source in self._parsed:
            if isinstance(source, LocalSource):
                if source.is_copy or source.name is None:
                    folders.append((source.name, source.folder))
                else:
                    folders.append((source.name, source.folder, Channel(source.folder).base_url))
                continue
            if isinstance(source, ChannelData):
                folders.append(source.for_core())
                continue
            # One folder a channel, in order; a plain name means conda's own server to the core, so others are URLs.
            for folder, one in {str(one.folder): one for one in next(results)}.items():
                name = source.name or _channel_of(one.channel, one.base_url)
                folders.append((name, folder) if source.is_copy else (name, folder, one.base_url))
        return folders

    def _local_files(self) -> list[Path]:
        from pathlib import Path

        local = [Path(source.folder) for source in self._parsed if isinstance(source, LocalSource)]
        return [file for folder in local for subdir in self._subdirs for file in _repodata(folder / subdir)]


def _channel_of(name: str, base_url: str) -> str:
    from .network import DEFAULT_ALIAS

    return name if base_url == f"{DEFAULT_ALIAS}/{name}" else base_url


def _names(specs: Iterable[str]) -> list[str]:
    """Return the names that specs ask for (`*` where one asks for any), and the texts, for their conditions."""
    texts = list(specs)
    return [*((MatchSpec(text).name or "*") for text in texts), *(text for text in texts if "[" in text)]


def _repodata(folder: Path) -> list[Path]:
    """Return the repodata file that the core reads in a subdir's folder: none or one."""
    files = [folder / f"repodata.json{suffix}" for suffix in (".zst", "", ".bz2")]
    return [file for file in files if file.is_file()][:1]


def sample_channel() -> str:
    """Return the source of the sample channel that the package carries.

    A slice of real conda-forge data for `linux-64` (with `noarch`): enough to try the solver without a network.
    Its records belong to `conda-forge`.
    """
    from pathlib import Path

    return f"conda-forge={Path(__file__).parent / '_sample'}"


def demo_channel() -> str:
    """Return the source of the demo channel that the package carries.

    Two tiny packages in two versions, with their archives: enough to try the installer without a network.
    """
    from pathlib import Path

    return str(Path(__file__).parent / "_demo")


def _classify(text: str, name: str | None, *, bare_is_name: bool) -> LocalSource | NetworkSource:
    if not text:
        raise ChannelNotFound("not a channel: the name is empty")
    if text.lower().startswith("file:"):
        return LocalSource(name, _folder(_file_url_path(text)))
    if "://" in text:
        if text.lower().startswith(("http://", "https://")):
            return NetworkSource(name, text)
        raise ChannelNotFound(f"not a channel: {_shown(text)!r}; URLs start with https://, http:// or file://")
    if text.startswith("//") and "@" in text:
        raise ChannelNotFound(f"not a channel: {_shown(text)!r}; URLs start with https://, http:// or file://")
    if not bare_is_name or _is_path(text) or ("/" in text and _exists(text)):
        return LocalSource(name, _folder(text))
    return NetworkSource(name, text)


def _is_path(text: str) -> bool:
    """Whether a text is written like a path, wherever it leads."""
    return text in {".", ".."} or text.startswith(_PATH_STARTS) or _on_a_drive(text)


def _on_a_drive(text: str) -> bool:
    """Whether a text starts like a path of Windows, with a drive's letter."""
    return text[1:2] == ":" and text[2:3] in {"/", "\\"} and text[0].isascii() and text[0].isalpha()


def _exists(text: str) -> bool:
    try:
        return os.path.lexists(text)
    except ValueError:
        return False


def _folder(text: str) -> str:
    """Return the channel's folder: without `~` and `..`, and without a subdir or a file of repodata at its end."""
    if text.startswith("/") and os.sep == "/" and os.path.normpath(text) == text:
        folder = text  # as `Path` would have it
    else:
        from pathlib import Path

        try:
            folder = os.path.abspath(Path(text).expanduser())  # noqa: PTH100 - links stay as they are written
        except RuntimeError as error:
            raise ChannelNotFound(f"not a channel: {_shown(text)!r}: {error}") from None
        except FileNotFoundError:
            raise ChannelNotFound(f"not a channel: {_shown(text)!r}: the working folder is gone") from None
    head, last = os.path.split(folder)
    if is_repodata(last) and is_subdir(os.path.split(head)[1]):
        folder = head
        head, last = os.path.split(folder)
    # A channel may be called like a subdir: then it has subdirs itself.
    return head if is_subdir(last) and head.strip(os.sep) and not _has_subdirs(folder) else folder


def _has_subdirs(folder: str) -> bool:
    try:
        return any(entry.is_dir() and is_subdir(entry.name) for entry in os.scandir(folder))
    except OSError:
        return False


def _file_url_path(url: str) -> str:
    """Turn a `file:` URL into the path it names, on this operating system."""
    from urllib.parse import unquote, urlsplit

    try:
        parts = urlsplit(url)
    except ValueError as error:
        raise ChannelNotFound(f"not a channel: {_shown(url)!r}: {error}") from None
    if parts.netloc not in {"", "localhost"}:
        raise ChannelNotFound(f"not a channel: {_shown(url)!r} names another machine")
    path = unquote(parts.path)
    return path[1:] if path.startswith("/") and path[2:3] == ":" and path[1].isalpha() else path


def _shown(text: str, limit: int = 80) -> str:
    """Return what was given for a message: shortened, and without secrets."""
    from .network.redact import redact_address

    text = redact_address(text)
    return text if len(text) <= limit else f"{text[: limit - 3]}..."
