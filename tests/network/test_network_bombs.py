"""Shard indices and shards that unpack to far more than they are: refused, in memory of their own size (H9)."""

from __future__ import annotations

import msgpack
import pytest
import zstandard
from limits import limited

from resolvent import InvalidRepodata
from resolvent.network.shard_index import unpack_map
from resolvent.network.verify import unpack_bytes

READ = """
import sys, resolvent
from resolvent.network.shard_index import unpack_map
from resolvent.network.verify import unpack_bytes
data = open(sys.argv[1], "rb").read()
try:
    print(len(unpack_map(unpack_bytes(data, limit=1 << 30, window=1 << 27, url="u"), "u")))
except resolvent.InvalidRepodata as error:
    print("refused", str(error)[:200])
"""

BOMBS = {
    "empty lists": b"\x90" * 60_000_000,
    "nested lists": b"\x91" * 60_000_000,
    "nested maps": b"\x81\xa1a" * 20_000_000,
    "a long list": b"\xdd\x03\x93\x87\x00" + b"\xc0" * 60_000_000,
    "a list said to be long": b"\xdd\xff\xff\xff\xff",
    "a map said to be long": b"\xdf\xff\xff\xff\xff",
    "a text said to be long": b"\xdb\xff\xff\xff\xff",
    "zeros": b"\x00" * 60_000_000,
}


@pytest.mark.parametrize("kind", BOMBS)
def test_bombs_are_refused_within_their_means(tmp_path, kind: str) -> None:  # type: ignore[no-untyped-def]
    path = tmp_path / "repodata_shards.msgpack.zst"
    path.write_bytes(zstandard.compress(BOMBS[kind], 19 if len(BOMBS[kind]) < 100 else 3))
    assert path.stat().st_size < 20_000
    found = limited(READ, str(path), memory=1 << 28)
    assert found.returncode == 0, found.stderr[-400:]
    assert found.stdout.startswith("refused"), found.stdout


def test_honest_ones_are_read() -> None:
    shards = {f"package-{n}": n.to_bytes(32, "big") for n in range(20_000)}
    index = {"version": 1, "info": {"base_url": "", "shards_base_url": ""}, "shards": shards}
    data = zstandard.compress(msgpack.packb(index))
    unpacked = unpack_bytes(data, limit=1 << 30, window=1 << 27, url="u")
    assert unpack_map(unpacked, "u") == index
    with pytest.raises(InvalidRepodata):
        unpack_bytes(data, limit=1000, window=1 << 27, url="u")
