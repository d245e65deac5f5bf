"""Index files that turn out to be damaged in the middle of a solve: rebuilt, and the request is solved again."""

from __future__ import annotations

import logging
import os
from pathlib import Path

import pytest

import resolvent
from conftest import ChannelMaker, record

BLOCK = 1 << 16
NAMES = 1_500


@pytest.fixture
def channel(make_channel: ChannelMaker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A channel whose index file has many blocks, with index files in a folder of the test's own."""
    monkeypatch.delenv("RESOLVENT_NO_INDEX_FILES")
    monkeypatch.setenv("RESOLVENT_CACHE_DIR", str(tmp_path / "cache"))
    records = [
        record(
            f"p{at:04}", f"{version}.{at}", "0", depends=[f"p{at + 1:04} >={version}.0,<9"] if at + 1 < NAMES else []
        )
        for at in range(NAMES)
        for version in (1, 2, 3)
    ]
    return make_channel(records)


def damage(path: Path, good: bytes, at: int) -> None:
    """Put a file with one wrong bit in the place of an index file; who has the old one mapped keeps it."""
    bad = bytearray(good)
    bad[at] ^= 0x20
    other = path.with_suffix(".other")
    other.write_bytes(bad)
    other.replace(path)


@pytest.mark.parametrize("warm", [False, True])
def test_a_request_is_solved_again(channel: Path, caplog: pytest.LogCaptureFixture, warm: bool) -> None:
    def load() -> resolvent.Index:
        return resolvent.load_index([channel], platform="linux-64")

    expected = [str(found) for found in resolvent.solve(["p0000"], index=load(), virtual_packages=[])]
    assert len(expected) == NAMES
    (path,) = Path(os.environ["RESOLVENT_CACHE_DIR"]).rglob("linux-64-*.index")
    good = path.read_bytes()
    assert len(good) > 6 * BLOCK
    solved_again = 0
    for block in range(len(good) // BLOCK):
        damage(path, good, block * BLOCK + 12_345)
        caplog.clear()
        with caplog.at_level(logging.WARNING, logger="resolvent"):
            session = resolvent.Session(load(), virtual_packages=[])
            if warm:
                assert session.solve(["p1499"])
            answer = session.solve(["p0000"])
        assert [str(found) for found in answer] == expected
        assert not session.index.is_damaged
        lines = [entry.getMessage() for entry in caplog.records]
        # Damage that opening sees is a refused file; damage that nobody read is none.
        assert len(lines) <= 1
        if lines and "damaged while it was used" in lines[0]:
            solved_again += 1
            assert path.read_bytes() == good
    assert solved_again > 2


def test_a_damaged_index_is_read_again_by_who_gets_it(channel: Path, caplog: pytest.LogCaptureFixture) -> None:
    resolvent.load_index([channel], platform="linux-64")
    (path,) = Path(os.environ["RESOLVENT_CACHE_DIR"]).rglob("linux-64-*.index")
    good = path.read_bytes()
    for block in range(1, len(good) // BLOCK):
        damage(path, good, block * BLOCK)
        index = resolvent.load_index([channel], platform="linux-64")
        answer = resolvent.solve(["p0000"], index=index, virtual_packages=[])
        if index.is_damaged:
            break
    else:
        pytest.fail("no block of the file was read")
    assert resolvent.check(list(answer), ["p0000"], index=index, virtual_packages=[]) == []
    assert not index.reload().is_damaged
