"""The shard index of a subdir (CEP 16): package name to the hash of its shard."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import IO, Any
from urllib.parse import urljoin, urlsplit

import msgpack

from resolvent.network.auth import Credential, split_credentials
from resolvent.network.config import NetworkConfig
from resolvent.network.depnames import matching
from resolvent.network.errors import invalid_repodata
from resolvent.network.locate import ChannelLocation
from resolvent.network.resource import Context, Copy, Resource
from resolvent.network.verify import unpack_bytes
from resolvent.network.whole import Availability

INDEX = "repodata_shards.msgpack.zst"


@dataclass(frozen=True)
class ShardIndex:
    """A decoded shard index.

    ``shards`` maps names to the SHA-256 (32 bytes) of the compressed shard. ``shards_url`` is
    absolute, ends in ``/`` and has no credentials. ``declared_base`` is where the packages are, as
    repodata says it: relative to the subdir, empty for the subdir itself, or absolute and then
    without credentials. ``digest`` names the content.
    """

    location: ChannelLocation
    subdir: str
    digest: str
    shards: Mapping[str, bytes]
    shards_url: str
    declared_base: str
    info: Mapping[str, object]
    credential: Credential | None

    def shard_url(self, name: str) -> str:
        """Where the shard of a name is."""
        return f"{self.shards_url}{self.shards[name].hex()}.msgpack.zst"

    def matching(self, name: str) -> Iterable[str]:
        """Return the names of this index that ``name`` (maybe with wildcards, or a regex) may mean."""
        return matching(name, self.shards)


def fetch_index(context: Context, location: ChannelLocation, subdir: str, *, force: bool = False) -> ShardIndex | None:
    """Return the subdir's shard index, or ``None`` if the channel does not offer shards for it.

    Offline it comes from the cache, ``None`` if it is not there. ``force`` asks the server even
    while the cached copy is fresh.

    Raises
    ------
    NetworkError, InvalidRepodata
        It cannot be had, or is damaged.
    """
    availability = Availability(context, location, subdir)
    resource = _resource(location, subdir, context.config)
    if context.config.offline:
        copy = resource.cached(context)
        return None if copy is None else _load(copy, resource, context.config)
    if availability.absent("has_shards"):
        return None
    copy = resource.fetch(context, force=force)
    if copy is not None:
        availability.remember("has_shards", True)
        return _load(copy, resource, context.config)
    return None


def _resource(location: ChannelLocation, subdir: str, config: NetworkConfig) -> Resource:
    url = location.subdir_url(subdir) + INDEX

    def check(file: IO[bytes]) -> None:
        file.seek(0)
        _decode(file.read(), url, config)

    return Resource(location, subdir, INDEX, check=check, optional=True)


def unpack_map(data: bytes, url: str) -> dict[str, Any]:
    """Decode msgpack bytes that must hold a map.

    Raises
    ------
    InvalidRepodata
        Anything else.
    """
    problem = ""
    value: object = None
    try:
        value = msgpack.unpackb(data, raw=False, strict_map_key=True)
    except (ValueError, msgpack.UnpackException, RecursionError, MemoryError) as error:
        problem = f"it is not msgpack ({type(error).__name__})"
    if not problem and not isinstance(value, dict):
        problem = "it does not hold a msgpack map"
    if not isinstance(value, dict) or problem:
        raise invalid_repodata(problem, file=url)
    return value


def _decode(data: bytes, url: str, config: NetworkConfig) -> tuple[dict[str, Any], dict[str, bytes]]:
    """``info`` and ``shards`` of an index, their types checked."""
    limits = config.limits
    raw = unpack_map(unpack_bytes(data, limit=limits.shard_index, window=limits.zstd_window, url=url), url)
    version = raw.get("version", 1)
    if version != 1:
        raise invalid_repodata(f"unknown version {version!r}", file=url, field="version")
    info, shards = raw.get("info", {}), raw.get("shards")
    if not isinstance(info, dict):
        raise invalid_repodata("info is not a map", file=url, field="info")
    if not isinstance(shards, dict):
        raise invalid_repodata("shards is missing or not a map", file=url, field="shards")
    for key in ("base_url", "shards_base_url"):
        if not isinstance(info.get(key) or "", str):
            raise invalid_repodata(f"info.{key} is not a string", file=url, field=f"info.{key}")
    for name, digest in shards.items():
        if not isinstance(digest, bytes) or len(digest) != 32:
            raise invalid_repodata(f"the hash of {name!r} is not 32 bytes", file=url, field=f"shards.{name}")
    return info, shards


def _load(copy: Copy, resource: Resource, config: NetworkConfig) -> ShardIndex:
    url = resource.url
    try:
        data = copy.path.read_bytes()
    except OSError:
        data = b""
    info, shards = _decode(data, url, config)
    location = resource.location
    shards_url, carried = _absolute(url, info.get("shards_base_url") or "", "shards_base_url")
    declared = (info.get("base_url") or "").strip()
    base_url, _ = _absolute(url, declared, "base_url")
    if base_url == location.subdir_url(resource.subdir):
        declared = ""
    elif urlsplit(declared).netloc:
        declared = base_url
    return ShardIndex(
        location,
        resource.subdir,
        copy.digest,
        shards,
        shards_url,
        declared,
        info,
        location.credential_for(shards_url) or carried,
    )


def _absolute(index_url: str, given: str, field: str) -> tuple[str, Credential | None]:
    """Return a folder address of the index, made absolute; with the credential that the server put in.

    Both are relative to the index (CEP 16), so that an empty one is the folder that the index lies in.
    """
    problem = ""
    clean, carried = "", None
    try:
        clean, carried = split_credentials(urljoin(index_url, given.strip() or "."))
        parts = urlsplit(clean)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            problem = "is not an http address"
        elif parts.scheme == "http" and index_url.startswith("https:"):
            problem = "leads from https to plain http"
    except ValueError:
        problem = "is malformed"
    if problem:
        raise invalid_repodata(f"info.{field} {problem}", file=index_url, field=f"info.{field}")
    return clean.rstrip("/") + "/", carried
