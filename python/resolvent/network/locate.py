"""From a channel as a user writes it to the address of its folders (CEP 26, conda's ``Channel``).

A bare name is looked up under the channel alias, ``pkgs/...`` and ``defaults`` on their own server.
Credentials are no part of a channel's identity: they are split off here, before anything is shown,
compared or stored.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from resolvent.network.auth import Credential, origin, split_credentials
from resolvent.network.config import DEFAULT_ALIAS
from resolvent.network.errors import NetworkError, ResolventError
from resolvent.network.proxies import must_be_encoded
from resolvent.network.redact import redact_address
from resolvent.subdirs import without_subdir

_ANACONDA = "https://repo.anaconda.com"
_DEFAULTS = ("pkgs/main", "pkgs/r")
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*(?:/[A-Za-z0-9_][A-Za-z0-9_.+-]*)*\Z")


@dataclass(frozen=True)
class ChannelLocation:
    """A channel on the network.

    ``base_url`` has no credentials, no subdir and no trailing slash. ``credential`` is what the
    source text carried.
    """

    name: str
    base_url: str
    credential: Credential | None = field(default=None, compare=False, repr=False)

    def subdir_url(self, subdir: str) -> str:
        """Return the address of a subdir, with a trailing slash, without credentials."""
        return f"{self.base_url}/{subdir}/"

    def credential_for(self, url: str) -> Credential | None:
        """Return the channel's own credential if ``url`` is on the channel's origin, else ``None``."""
        return self.credential if origin(url) == origin(self.base_url) else None


def is_network_source(source: str) -> bool:
    """Whether ``source`` reads as an ``http(s)://`` channel or a bare channel name.

    A name that is also a folder here is the caller's decision.
    """
    return source.lower().startswith(("http://", "https://")) or bool(_NAME.match(source))


def locate(source: str, alias: str = DEFAULT_ALIAS) -> list[ChannelLocation]:
    """Resolve one source; ``defaults`` gives several channels, everything else one.

    Raises
    ------
    NetworkError
        (kind ``url``) for an address that cannot be one.
    ResolventError
        For a source that is neither a URL nor a name.
    """
    if without_subdir(source) == "defaults":
        return [ChannelLocation(name, f"{_ANACONDA}/{name}") for name in _DEFAULTS]
    if source.lower().startswith(("http://", "https://")):
        return [_from_url(source, alias)]
    name = without_subdir(source)
    if not _NAME.match(name):
        raise ResolventError(f"not a channel name or http(s) address: {redact_address(source)!r}")
    if name.startswith("pkgs/"):
        return [ChannelLocation(name, f"{_ANACONDA}/{name}")]
    base, credential = _clean(alias)
    return [ChannelLocation(name, f"{base}/{name}", credential)]


def _from_url(source: str, alias: str) -> ChannelLocation:
    base, credential = _clean(source)
    base = without_subdir(base)
    for prefix in (_clean(alias)[0], _ANACONDA):
        if base.startswith(prefix + "/"):
            return ChannelLocation(base[len(prefix) + 1 :], base, credential)
    return ChannelLocation(base, base, credential)


def _clean(url: str) -> tuple[str, Credential | None]:
    """Normalise an address and split its credentials off."""
    problem: str | None = None
    clean, credential, scheme, host, port = "", None, "", "", 0
    try:
        clean, credential = split_credentials(url)
        scheme, host, port = origin(clean)
        if not host:
            problem = "it names no host"
    except ValueError:
        problem = "it is malformed"
    if problem is None and any(char <= " " or char == "\x7f" for char in url):
        problem = "it holds spaces or control characters"
    hint = must_be_encoded(url)
    if hint and (problem is not None or not urlsplit(url).netloc.endswith(url.rpartition("@")[2].partition("/")[0])):
        problem = hint  # also where the address has another meaning, with a part of the password as its host
    if problem is not None:
        shown = redact_address(url)
        raise NetworkError(f"bad channel address {shown}: {problem}", kind="url", url=shown)
    if ":" in host:
        host = f"[{host}]"
    netloc = host if port == (443 if scheme == "https" else 80) else f"{host}:{port}"
    path = re.sub(r"/{2,}", "/", urlsplit(clean).path).rstrip("/")
    return f"{scheme}://{netloc}{path}", credential
