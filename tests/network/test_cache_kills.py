"""A hundred SIGKILLs at random moments while four processes write one cache: no file is wrong or unreadable."""

from __future__ import annotations

import multiprocessing
import random
import sys
import time
from pathlib import Path

import pytest
from cache_writers import ROOT, readable, write_for_ever, wrong_files
from network_support import Answer, Request, Site, entry, plain, put_shards, repodata, serving, zst

import resolvent

WRITERS = 4
NAMES = [f"p{number}" for number in range(30)]


class Changing:
    """Channels on a server that change all the time; remembers each version of the whole file."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.number = 0
        self.published: list[bytes] = []
        self.change()
        site.routes["/whole/linux-64/repodata.json.zst"] = self._whole

    def change(self) -> None:
        """Publish the next version."""
        self.number += 1
        noise = random.Random(self.number)
        records = [entry(f"p{n}", str(self.number), md5=f"{noise.getrandbits(128):032x}") for n in range(300)]
        self.published.append(zst(plain(repodata(records))))
        sharded = [entry(ROOT, str(self.number), depends=NAMES), *(entry(name, str(self.number)) for name in NAMES)]
        put_shards(self.site, {"linux-64": sharded}, "/shards")

    def _whole(self, request: Request) -> Answer:
        body, tag = self.published[-1], f'"{len(self.published)}"'
        if request.headers.get("if-none-match") == tag:
            return Answer(304)
        return Answer(body=body, headers={"ETag": tag}, stall=0.002)


def kill(kills: int, cache: Path) -> Changing:
    """Let writers write, kill one after the other, and look at the cache each time."""
    # Processes come from a server that has imported everything: a kill then strikes work, not imports.
    nursery = multiprocessing.get_context("forkserver")
    nursery.set_forkserver_preload(["cache_writers", "httpx"])
    chance = random.Random(kills)
    with serving() as site:
        channels = Changing(site)

        def start() -> multiprocessing.process.BaseProcess:
            place = (site.url, str(cache), chance.randrange(1 << 30))
            process = nursery.Process(target=write_for_ever, args=place, daemon=True)
            process.start()
            return process

        writers = [start() for _ in range(WRITERS)]
        try:
            for number in range(kills):
                time.sleep(chance.random() * 0.25)
                victim = chance.randrange(WRITERS)
                writers[victim].kill()
                writers[victim].join()
                assert writers[victim].exitcode == -9, "a writer ended by itself"
                assert wrong_files(cache, channels.published) == []
                if number % 10 == 0:
                    assert readable(site.url, cache) == []
                writers[victim] = start()
                if chance.random() < 0.5:
                    channels.change()
        finally:
            for writer in writers:
                writer.kill()
                writer.join()
        assert wrong_files(cache, channels.published) == []
        index = resolvent.load_index(f"{site.url}/whole", platform="linux-64")
        assert len(index) == 300
        (record,) = resolvent.solve("p0", index=index, virtual_packages=[]).records
        assert str(record.version) == str(channels.number)
    return channels


@pytest.fixture
def cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """The cache of all processes."""
    monkeypatch.setenv("RESOLVENT_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setenv("RESOLVENT_NO_INDEX_FILES", "")
    return tmp_path / "cache"


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGKILL")
def test_kills(cache: Path) -> None:
    kill(8, cache)


@pytest.mark.long
@pytest.mark.skipif(sys.platform == "win32", reason="no SIGKILL")
def test_a_hundred_kills(cache: Path) -> None:
    channels = kill(100, cache)
    assert channels.number > 10
    for kind in ("channels", "shards", "assembled", "closures", "index"):
        assert any(path.is_file() for path in (cache / kind).rglob("*")), f"nothing was ever written below {kind}"
