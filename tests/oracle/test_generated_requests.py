"""Random requests on generated channels: no timeout, no failed check, and the verdict CaDiCaL gives of the formula."""

from __future__ import annotations

from pathlib import Path

import pytest

from verdicts import CHANNELS, tally

pytest.importorskip("pysat.solvers", reason="the oracle CaDiCaL (extra `oracle`) is not installed")

TIMEOUT_SECONDS = 10


@pytest.mark.parametrize("channel", [CHANNELS[0], CHANNELS[4]], ids=lambda channel: f"{channel[0]}")
def test_requests(tmp_path: Path, channel: tuple[int, int, int]) -> None:
    found = tally(tmp_path, *channel, 120, timeout=TIMEOUT_SECONDS)
    assert found.faults == []
    assert min(found.answers, found.none) > 20, str(found)


@pytest.mark.long
@pytest.mark.parametrize("channel", CHANNELS, ids=lambda channel: f"{channel[0]}")
def test_many_requests(tmp_path: Path, channel: tuple[int, int, int]) -> None:
    """10,000 in all."""
    records, names, seed = channel
    found = tally(tmp_path, records, names, seed + 100, 10_000 // len(CHANNELS), timeout=TIMEOUT_SECONDS)
    assert found.faults == []
    assert min(found.answers, found.none) > 200, str(found)
