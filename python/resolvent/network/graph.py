"""Names and where they lead, from whole repodata files that stand beside sharded channels.

A package of a channel without shards may depend on one whose records lie in shards, so its
dependencies must be followed too. That means reading the file in Python, which is fine for the
small channels that have no shards; beyond a size everything is fetched whole instead.
"""

from __future__ import annotations

import bz2
import contextlib
import json
from collections.abc import Sequence
from pathlib import Path

from resolvent.network.closure import NameGraph
from resolvent.network.config import MIB, Limits
from resolvent.network.depnames import names_in_sections
from resolvent.network.errors import InvalidRepodata
from resolvent.network.verify import unpacked

_LARGEST = 256 * MIB
_RATIO = 12
"""How much smaller compressed repodata is, about."""


def too_large(files: Sequence[Path]) -> bool:
    """Whether reading these files in Python would cost more than shards save."""
    total = 0
    for path in files:
        with contextlib.suppress(OSError):
            plain = path.suffix == ".json"
            total += path.stat().st_size * (1 if plain else _RATIO)
    return total > _LARGEST


def graph_of_file(path: Path, limits: Limits) -> NameGraph:
    """Return the graph of a ``.json``, ``.json.zst`` or ``.json.bz2`` file.

    A damaged file leads nowhere: the reader that loads its records reports it.
    """
    with contextlib.suppress(OSError, ValueError, RecursionError, InvalidRepodata, EOFError):
        value = json.loads(_text(path, limits) or b"{}")
        if isinstance(value, dict):
            return names_in_sections(value)
    return {}


def _text(path: Path, limits: Limits) -> bytes:
    if path.suffix == ".bz2":
        return bz2.decompress(path.read_bytes())
    with path.open("rb") as file:
        if path.suffix != ".zst":
            return file.read()
        pieces = unpacked(file, limit=limits.repodata, window=limits.zstd_window, url=str(path))
        return b"".join(pieces)
