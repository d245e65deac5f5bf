"""Shards put together into one file that reads like repodata, for the ordinary reader.

Its name is a digest of what it is made of: the hashes of the shards and where their packages lie.
So it is never stale, requests that need the same shards share it, and writing it twice at once is
harmless.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import IO

from resolvent.network.resource import Context
from resolvent.network.shard_index import ShardIndex
from resolvent.network.shards import SECTIONS, Shard
from resolvent.network.store import touch

_FORMAT = "1"
"""Part of every digest; to be raised when the files made here change."""


def assemble(context: Context, index: ShardIndex, shards: Sequence[Shard]) -> Path:
    """Write (or find) the repodata file of these shards, which are all of one subdir.

    Raises:
        NetworkError: (kind ``cache``) it cannot be written.
    """
    ordered = sorted(shards, key=lambda shard: shard.name)
    final = context.store.folder("assembled") / f"{_digest(index, ordered)}.json"
    if final.is_file():
        touch(final)
        return final
    with context.store.temporary(final.parent) as (path, file):
        with context.store.reported():
            _write(file, index, ordered)
        context.store.publish(path, file, final, durable=True)
    return final


def digest_of(parts: Iterable[str]) -> str:
    """A digest of a list of texts, 32 hex digits."""
    engine = hashlib.blake2b(digest_size=16)
    for part in (_FORMAT, *parts):
        data = part.encode()
        engine.update(len(data).to_bytes(8, "little") + data)
    return engine.hexdigest()


def _digest(index: ShardIndex, shards: Iterable[Shard]) -> str:
    info = json.dumps(_info(index), sort_keys=True)
    return digest_of([info, *(f"{shard.name} {shard.digest.hex()}" for shard in shards)])


def _info(index: ShardIndex) -> dict[str, object]:
    info: dict[str, object] = {"subdir": index.subdir, "base_url": index.base_url}
    for key in ("channel_relations", "repodata_revisions"):
        value = index.info.get(key)
        if isinstance(value, dict) and all(isinstance(v, (str, dict)) for v in value.values()):
            info[key] = value
    return info


def _write(file: IO[bytes], index: ShardIndex, shards: Sequence[Shard]) -> None:
    # CEP 15: repodata that uses base_url says version 2.
    head = json.dumps({"repodata_version": 2, "info": _info(index)}, default=str)
    file.write(head[:-1].encode())
    removed = sorted({fn for shard in shards for fn in shard.removed})
    file.write(b',"removed":' + json.dumps(removed).encode())
    for key in SECTIONS:
        file.write(b"," + json.dumps(key).encode() + b":{")
        _write_section(file, key, shards)
        file.write(b"}")
    newer = sorted({key for shard in shards for key in shard.sections if key not in SECTIONS})
    if newer:
        file.write(b',"v3":{')
        for number, key in enumerate(newer):
            extension = key.partition("/")[2]
            file.write((b"," if number else b"") + json.dumps(extension).encode() + b":{")
            _write_section(file, key, shards)
            file.write(b"}")
        file.write(b"}")
    file.write(b"}\n")


def _write_section(file: IO[bytes], key: str, shards: Iterable[Shard]) -> None:
    first = True
    for shard in shards:
        text = shard.sections.get(key)
        if text:
            file.write(text if first else b"," + text)
            first = False
