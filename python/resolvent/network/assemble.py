"""Shards put together into a folder that reads like a channel, for the ordinary reader.

The folder's name is a digest of what it is made of: the hashes of the shards and where their
packages lie. So it is never stale, requests that need the same shards share it, and writing it
twice at once is harmless: every writer writes the same bytes. A digest of these bytes lies beside
each file, written before it; a file that does not match is made again.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from resolvent.network.resource import Context, Copy
from resolvent.network.shard_index import ShardIndex
from resolvent.network.shards import SECTIONS, Shard
from resolvent.network.state import State, digest_of_file, file_digest
from resolvent.network.store import touch

_FORMAT = "1"
"""Part of every digest; to be raised when the files made here change."""


@dataclass(frozen=True)
class Piece:
    """One subdir of a channel to assemble: shards of an index, or a whole file as it is."""

    subdir: str
    source: tuple[ShardIndex, Sequence[Shard]] | Copy
    note: str = ""
    """What else the content depends on."""


def assemble(context: Context, pieces: Sequence[Piece]) -> list[Path]:
    """Write (or find) the folder of these subdirs, all of one channel, and return their files.

    Raises
    ------
    NetworkError
        Of kind ``cache``: it cannot be written.
    """
    folder = f"assembled/{digest_of(_identity(piece) for piece in pieces)}"
    return [_place(context, context.store.folder(f"{folder}/{piece.subdir}"), piece) for piece in pieces]


def digest_of(parts: Iterable[str]) -> str:
    """Return a digest of a list of texts, 32 hex digits."""
    engine = hashlib.blake2b(digest_size=16)
    for part in (_FORMAT, *parts):
        data = part.encode()
        engine.update(len(data).to_bytes(8, "little") + data)
    return engine.hexdigest()


def _identity(piece: Piece) -> str:
    if isinstance(piece.source, Copy):
        return json.dumps([piece.subdir, piece.source.path.name, piece.source.digest])
    index, shards = piece.source
    content = sorted((shard.name, shard.digest.hex()) for shard in shards)
    return json.dumps([piece.subdir, _info(index), content, *([piece.note] if piece.note else [])], sort_keys=True)


def _place(context: Context, folder: Path, piece: Piece) -> Path:
    store = context.store
    if isinstance(piece.source, Copy):
        final = folder / piece.source.path.name
        if not is_intact(final):
            _seal(context, final, piece.source.digest)
            _link(context, piece.source.path, final)
        return final
    final = folder / "repodata.json"
    if is_intact(final):
        return final
    index, shards = piece.source
    with store.temporary(folder) as (path, file):
        with store.reported():
            _write(file, index, sorted(shards, key=lambda shard: shard.name))
            file.seek(0)
            digest = digest_of_file(file)
        _seal(context, final, digest)
        store.publish(path, file, final, durable=True)
    return final


def is_intact(path: Path) -> bool:
    """Whether an assembled file is there and as it was written; it then counts as used now."""
    seal = _seal_of(path)
    digest = file_digest(path)
    if not digest or State.read(seal).blake2_256 != digest:
        return False
    touch(path)
    touch(seal)
    return True


def _seal(context: Context, final: Path, digest: str) -> None:
    State(blake2_256=digest).write(context.store, _seal_of(final), durable=True)


def _seal_of(path: Path) -> Path:
    return path.with_name(f"{path.name}.info.json")


def _link(context: Context, source: Path, final: Path) -> None:
    """Give a file of the cache a second name; where that cannot be, copy it.

    The second name keeps its content when the first one is replaced by a newer file.
    """
    store = context.store
    with contextlib.suppress(OSError):
        final.unlink()  # a damaged one
    with contextlib.suppress(OSError):
        os.link(source, final)
        return
    with store.temporary(final.parent) as (path, file), store.reported():
        with source.open("rb") as original:
            shutil.copyfileobj(original, file)
        store.publish(path, file, final, durable=True)


def _info(index: ShardIndex) -> dict[str, object]:
    """Return the ``info`` object; what the server says beyond text and maps of text is left out."""
    info: dict[str, object] = {"subdir": index.subdir}
    if index.declared_base:  # left out, the packages lie where the channel is said to be, copies included
        info["base_url"] = index.declared_base
    relations = index.info.get("channel_relations")
    if isinstance(relations, Mapping):
        info["channel_relations"] = {str(key): value for key, value in relations.items() if isinstance(value, str)}
    return info


def _write(file: IO[bytes], index: ShardIndex, shards: Sequence[Shard]) -> None:
    # CEP 15: repodata that uses base_url says version 2.
    head = json.dumps({"repodata_version": 2 if index.declared_base else 1, "info": _info(index)})
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
