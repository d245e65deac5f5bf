"""How long is waited between attempts: twice as long each time, up to a bound, and as long as the server asks."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from network_support import Answer, Site, config

from resolvent.network import NetworkError, fetch_channel
from resolvent.network import http as transport


class Waiting:
    """Stands for the event that a pause waits on: notes how long, and never waits."""

    def __init__(self) -> None:
        self.pauses: list[float] = []

    def wait(self, seconds: float) -> bool:
        self.pauses.append(seconds)
        return False

    def is_set(self) -> bool:
        return False

    def set(self) -> None:
        pass


@pytest.fixture
def waiting(monkeypatch: pytest.MonkeyPatch) -> Waiting:
    """Pauses are noted; their jitter is always the longest."""
    noted = Waiting()
    monkeypatch.setattr(random, "uniform", lambda _, most: most)
    original = transport.HttpClient.__init__

    def init(self: transport.HttpClient, *arguments: object, **keywords: object) -> None:
        original(self, *arguments, **keywords)  # type: ignore[arg-type]
        self._stop = noted  # type: ignore[assignment]

    monkeypatch.setattr(transport.HttpClient, "__init__", init)
    return noted


def pauses(site: Site, folder: Path, waiting: Waiting, answer: Answer, **settings: float) -> list[float]:
    """Fetch from a server that always fails; return the pauses before the second and later attempts of one file."""
    for form in ("repodata_shards.msgpack.zst", "repodata.json.zst", "repodata.json"):
        site.routes[f"/ch/linux-64/{form}"] = answer
    with pytest.raises(NetworkError):
        fetch_channel(f"{site.url}/ch", subdirs=["linux-64"], config=config(folder, **settings))
    asked = max(site.paths.count(path) for path in set(site.paths))
    return waiting.pauses[: asked - 1]


def test_pauses_double(site: Site, tmp_path: Path, waiting: Waiting) -> None:
    found = pauses(site, tmp_path, waiting, Answer(503), retries=4, backoff=0.5, longest_pause=100)
    assert found == [0.5, 1.0, 2.0, 4.0]


def test_pauses_have_a_bound(site: Site, tmp_path: Path, waiting: Waiting) -> None:
    found = pauses(site, tmp_path, waiting, Answer(503), retries=4, backoff=0.5, longest_pause=1.5)
    assert found == [0.5, 1.0, 1.5, 1.5]


def test_the_server_may_ask_for_a_longer_pause(site: Site, tmp_path: Path, waiting: Waiting) -> None:
    answer = Answer(503, headers={"Retry-After": "7"})
    assert pauses(site, tmp_path, waiting, answer, retries=2, backoff=0.5, longest_pause=100) == [7.0, 7.0]


def test_but_not_beyond_the_bound(site: Site, tmp_path: Path, waiting: Waiting) -> None:
    answer = Answer(503, headers={"Retry-After": "7000"})
    assert pauses(site, tmp_path, waiting, answer, retries=1, backoff=0.5, longest_pause=60) == [60.0]
