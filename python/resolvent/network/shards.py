"""Shards: fetched by content hash, verified, cached for ever, turned into repodata text.

The SHA-256 of the compressed bytes is both the address and the check, also of what lies in the
cache: a damaged file there is a file that is not there. A decoded shard is kept as the JSON text of
its records and the set of names that they lead to; the Python objects of thousands of records would
cost more memory than everything else.
"""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from resolvent.network.depnames import names_in_sections
from resolvent.network.errors import InvalidRepodata, NetworkError, invalid_repodata
from resolvent.network.resource import Context
from resolvent.network.shard_index import ShardIndex, unpack_map
from resolvent.network.store import DAY, touch
from resolvent.network.verify import unpack_bytes
from resolvent.network.whole import offline_error

_HASH_ATTEMPTS = 3
SECTIONS = ("packages", "packages.conda")


class ShardMissing(NetworkError):
    """The server does not have a shard that its index names: the index is probably outdated."""


class ShardFailure(Exception):
    """A shard cannot be had: whole repodata may do instead. Never leaves this package."""

    def __init__(self, index: ShardIndex, problem: NetworkError | InvalidRepodata) -> None:
        super().__init__(str(problem))
        self.index = index
        self.problem = problem


@dataclass(frozen=True)
class Shard:
    """One package's records of one subdir.

    ``sections`` holds, per section of a repodata object (``packages``, ``packages.conda``,
    ``v3/conda``, ...), the JSON text of its entries without the braces; ``removed`` file names;
    ``leads_to`` the names that its records depend on.
    """

    name: str
    digest: bytes
    sections: Mapping[str, bytes]
    removed: tuple[str, ...]
    leads_to: frozenset[str]


def load_shard(context: Context, index: ShardIndex, name: str) -> Shard:
    """Return a shard from the cache or the server.

    Raises
    ------
    ShardMissing
        The server does not have it.
    NetworkError, InvalidRepodata
        It cannot be had, or is damaged.
    """
    return decode_shard(shard_bytes(context, index, name), name, index.shards[name], index.shard_url(name), context)


def shard_bytes(context: Context, index: ShardIndex, name: str) -> bytes:
    """Return the verified bytes of a shard; errors as :func:`load_shard`."""
    digest = index.shards[name]
    url = index.shard_url(name)
    path = shard_path(context, digest)
    data = _from_cache(path, digest)
    if data is None:
        if context.config.offline:
            raise offline_error(url)
        data = _download(context, index, url, digest)
        with context.store.reported():
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        context.store.write(path, data, durable=False)
    return data


def shard_path(context: Context, digest: bytes) -> Path:
    """Where the cache keeps a shard."""
    text = digest.hex()
    return context.store.folder("shards") / text[:2] / f"{text}.msgpack.zst"


def _from_cache(path: Path, digest: bytes) -> bytes | None:
    try:
        data = path.read_bytes()
    except OSError:
        return None
    if hashlib.sha256(data).digest() != digest:
        return None
    touch(path, every=DAY)
    return data


def _download(context: Context, index: ShardIndex, url: str, digest: bytes) -> bytes:
    headers: dict[str, str] = {}
    for _ in range(_HASH_ATTEMPTS):
        sink = io.BytesIO()
        reply = context.http.get(
            url,
            sink,
            credential=index.credential,
            headers=headers,
            limit=context.config.limits.shard_download,
            quiet=True,
        )
        if reply.missing:
            raise ShardMissing(
                f"{url}: the index names this shard but the server does not have it",
                kind="status",
                url=url,
                status=reply.status,
            )
        if reply.status != 200:
            raise NetworkError(
                f"{url}: the server refuses access ({reply.status})",
                kind="unauthorized",
                url=url,
                status=reply.status,
            )
        data = sink.getvalue()
        if hashlib.sha256(data).digest() == digest:
            return data
        headers = {"Cache-Control": "no-cache"}  # perhaps a proxy on the way kept a damaged copy
    raise invalid_repodata("the SHA-256 of the shard is not the one in the index", file=url)


def unpack_shard(data: bytes, url: str, context: Context) -> dict[str, Any]:
    """Return the map in the bytes of a shard; its records are not checked."""
    limits = context.config.limits
    return unpack_map(unpack_bytes(data, limit=limits.shard, window=limits.zstd_window, url=url), url)


def decode_shard(data: bytes, name: str, digest: bytes, url: str, context: Context) -> Shard:
    """Turn the verified bytes of a shard into repodata text.

    Raises
    ------
    InvalidRepodata
        Not a shard.
    """
    return shape_shard(unpack_shard(data, url, context), name, digest, url)


def shape_shard(raw: Mapping[str, Any], name: str, digest: bytes, url: str) -> Shard:
    """Turn the map of a shard into repodata text; errors as :func:`decode_shard`."""
    sections: dict[str, bytes] = {}
    for key in SECTIONS:
        _add_section(sections, key, raw.get(key), url)
    newer = raw.get("v3")
    if newer is not None and not isinstance(newer, dict):
        raise invalid_repodata("v3 is not a map", file=url, field="v3")
    for extension, records in (newer or {}).items():
        _add_section(sections, f"v3/{extension}", records, url)
    removed = raw.get("removed") or []
    if not isinstance(removed, list) or not all(isinstance(fn, str) for fn in removed):
        raise invalid_repodata("removed is not a list of file names", file=url, field="removed")
    leads_to: set[str] = set()
    for reached in names_in_sections(raw).values():
        leads_to |= reached
    return Shard(name, digest, sections, tuple(removed), frozenset(leads_to))


def _add_section(sections: dict[str, bytes], key: str, records: object, url: str) -> None:
    if records is None:
        return
    if not isinstance(records, dict):
        raise invalid_repodata(f"{key} is not a map", file=url, field=key)
    if not records:
        return
    problem: InvalidRepodata | None = None
    text = ""
    try:
        text = json.dumps(records, default=_plain, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    except (TypeError, ValueError, RecursionError):
        problem = invalid_repodata("a value that JSON does not have", file=url, field=key)
    if problem is not None:
        raise problem
    # A lone surrogate cannot come out of msgpack's UTF-8, so encoding cannot fail.
    sections[key] = text[1:-1].encode()


def _plain(value: object) -> str:
    """JSON form of what only msgpack has: hashes are raw bytes there."""
    if isinstance(value, bytes):
        return value.hex()
    raise TypeError(type(value).__name__)
