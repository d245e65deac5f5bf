"""The cache under many processes, kills and damage: nothing wrong or unreadable ever comes out of it."""

from __future__ import annotations

import json
import os
import random
import stat
import subprocess
import sys
import time
from pathlib import Path
from typing import IO

import pytest
from network_support import (
    Answer,
    Request,
    Site,
    config,
    entry,
    file_names,
    plain,
    put_shards,
    put_whole,
    repodata,
    wait_for,
    zst,
)

from resolvent.network import NetworkError, fetch_channel
from resolvent.network.store import Store

ZST = "/ch/linux-64/repodata.json.zst"

_CHILD = """
import sys
from pathlib import Path
from resolvent.network import NetworkConfig, fetch_channel
address, cache, *names = sys.argv[1:]
config = NetworkConfig(cache_dir=Path(cache), backoff=0.01)
for part in fetch_channel(address, subdirs=["linux-64"], config=config, names=names or None):
    print(part.path)
"""


def child(site: Site, cache: Path, *names: str) -> subprocess.Popen[str]:
    """Another process that fetches the channel and prints the path."""
    command = [sys.executable, "-c", _CHILD, f"{site.url}/ch", str(cache), *names]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def version(number: int) -> bytes:
    """A compressed file of some 40 kB that differs from version to version."""
    noise = random.Random(number)
    records = [entry(f"p{n}", str(number), md5=f"{noise.getrandbits(128):032x}") for n in range(400)]
    return zst(plain(repodata(records)))


def test_processes_at_once(site: Site, tmp_path: Path) -> None:
    site.routes[ZST] = Answer(body=version(0), headers={"Cache-Control": "max-age=100"}, stall=0.3)
    children = [child(site, tmp_path) for _ in range(4)]
    paths = set()
    for process in children:
        out, err = process.communicate(timeout=60)
        assert process.returncode == 0, err
        paths.add(out)
    assert len(paths) == 1
    assert Path(paths.pop().strip()).read_bytes() == version(0)
    assert len(site.requests) == 1, "one downloads, the others wait for it"


def test_processes_at_once_with_shards(site: Site, tmp_path: Path) -> None:
    put_shards(
        site, {"linux-64": [entry("root", depends=[f"p{n}" for n in range(40)]), *(entry(f"p{n}") for n in range(40))]}
    )
    children = [child(site, tmp_path, "root") for _ in range(3)]
    paths = set()
    for process in children:
        out, err = process.communicate(timeout=60)
        assert process.returncode == 0, err
        paths.add(out.strip())
    assert len(paths) == 1
    assert len(file_names(Path(paths.pop()))) == 41


def kill_often(site: Site, cache: Path, rounds: int) -> int:
    """Kill a process at a random moment of its download, and look at the cache; return kills that struck."""
    chance = random.Random(rounds)
    published = {b""}
    struck = 0
    for number in range(rounds):
        body = version(number)
        published.add(body)
        tag = f'"{number}"'
        site.routes[ZST] = lambda request, body=body, tag=tag: (  # type: ignore[misc]
            Answer(304)
            if request.headers.get("if-none-match") == tag
            else Answer(body=body, headers={"ETag": tag}, stall=0.03)
        )
        site.forget()
        process = child(site, cache)
        assert wait_for(lambda: bool(site.paths) or process.poll() is not None, 300)  # noqa: B023
        time.sleep(chance.random() * 0.06)
        process.kill()
        process.communicate()
        struck += process.returncode < 0
        for path in cache.rglob("repodata.json.zst"):
            assert path.read_bytes() in published
        if list(cache.rglob("repodata.json.zst")):
            (kept,) = fetch_channel(f"{site.url}/ch", subdirs=["linux-64"], config=config(cache, offline=True))
            assert kept.path.read_bytes() in published
        if chance.random() < 0.5:
            (now,) = fetch_channel(f"{site.url}/ch", subdirs=["linux-64"], config=config(cache))
            assert now.path.read_bytes() == body
    return struck


def kill_often_with_shards(site: Site, cache: Path, rounds: int) -> int:
    """The same with shards: after each kill a request is answered rightly, and from a cache without bad files."""
    chance = random.Random(rounds + 1)
    struck = 0
    for number in range(rounds):
        names = [f"p{n}" for n in range(30)]
        records = [entry("root", str(number), depends=names), *(entry(name, str(number)) for name in names)]
        put_shards(site, {"linux-64": records})
        site.forget()
        process = child(site, cache, "root")
        assert wait_for(lambda: bool(site.paths) or process.poll() is not None, 300)  # noqa: B023
        time.sleep(chance.random() * 0.1)
        process.kill()
        process.communicate()
        struck += process.returncode < 0
        (part,) = fetch_channel(f"{site.url}/ch", subdirs=["linux-64"], config=config(cache), names=["root"])
        assert file_names(part.path) == {f"{name}-{number}-0.conda" for name in ["root", *names]}
    return struck


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGKILL")
def test_kills(site: Site, tmp_path: Path) -> None:
    assert kill_often(site, tmp_path / "whole", 12) > 0
    assert kill_often_with_shards(site, tmp_path / "shards", 4) > 0


@pytest.mark.long
@pytest.mark.skipif(sys.platform == "win32", reason="no SIGKILL")
def test_a_hundred_kills(site: Site, tmp_path: Path) -> None:
    assert kill_often(site, tmp_path / "whole", 100) > 0
    assert kill_often_with_shards(site, tmp_path / "shards", 100) > 0


def garbage(path: Path, kind: str) -> None:
    """Damage a file; the times stay what they were."""
    stamp = path.stat()
    data = path.read_bytes()
    middle = len(data) // 2
    damaged = {
        "empty": b"",
        "noise": bytes(len(data)),
        "cut": data[:middle],
        "flipped": data[:middle] + bytes([data[middle] ^ 4]) + data[middle + 1 :],
        "longer": data + b"x",
        "other": zst(plain(repodata([entry("evil")]))),
    }
    path.write_bytes(damaged[kind])
    os.utime(path, ns=(stamp.st_mtime_ns, stamp.st_mtime_ns))


@pytest.mark.parametrize("kind", ["empty", "noise", "cut", "flipped", "longer", "other"])
@pytest.mark.parametrize("what", ["repodata.json.zst", "repodata.json", "repodata.json.zst.info.json"])
def test_garbage(site: Site, tmp_path: Path, what: str, kind: str) -> None:
    put_whole(site, {"linux-64": [entry("a")]}, zstd=what != "repodata.json")
    for path, body in list(site.routes.items()):
        assert isinstance(body, bytes)
        site.routes[path] = Answer(body=body, headers={"ETag": "1", "Cache-Control": "max-age=1000"})
    (part,) = fetch_channel(f"{site.url}/ch", subdirs=["linux-64"], config=config(tmp_path))
    good = part.path.read_bytes()
    garbage(part.path.with_name(what), kind)
    if what != "repodata.json.zst.info.json":
        with pytest.raises(NetworkError) as caught:
            fetch_channel(f"{site.url}/ch", subdirs=["linux-64"], config=config(tmp_path, offline=True))
        assert caught.value.kind == "offline"
    (again,) = fetch_channel(f"{site.url}/ch", subdirs=["linux-64"], config=config(tmp_path))
    assert again.path.read_bytes() == good


def test_a_kill_between_data_and_state(site: Site, tmp_path: Path) -> None:
    """The data is new, the state still describes the old one: good offline, and asked for online."""
    site.routes[ZST] = Answer(body=version(0), headers={"ETag": "0"})
    (part,) = fetch_channel(f"{site.url}/ch", subdirs=["linux-64"], config=config(tmp_path))
    info = part.path.with_name(f"{part.path.name}.info.json")
    old = json.loads(info.read_text())
    site.routes[ZST] = Answer(body=version(1), headers={"ETag": "1"})
    fetch_channel(f"{site.url}/ch", subdirs=["linux-64"], config=config(tmp_path))
    info.write_text(json.dumps({**old, "pending": json.loads(info.read_text())["blake2_256"]}))
    (kept,) = fetch_channel(f"{site.url}/ch", subdirs=["linux-64"], config=config(tmp_path, offline=True))
    assert kept.path.read_bytes() == version(1)
    site.forget()
    fetch_channel(f"{site.url}/ch", subdirs=["linux-64"], config=config(tmp_path))
    assert "if-none-match" not in site.requests[0].headers


def test_two_kills_in_a_row(site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first after the data of its version came into place, the second just before that of the next."""
    publish, write = Store.publish, Store.write

    def data_only(self: Store, final: Path, data: bytes, *, durable: bool) -> None:
        if not durable:  # the state after the data
            raise KeyboardInterrupt
        write(self, final, data, durable=durable)

    def never(self: Store, temporary: Path, file: IO[bytes], final: Path, *, durable: bool) -> None:
        if final.name == "repodata.json.zst":
            raise KeyboardInterrupt
        publish(self, temporary, file, final, durable=durable)

    for number, (name, stand_in) in enumerate((("write", data_only), ("publish", never))):
        site.routes[ZST] = Answer(body=version(number))
        with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
            patched.setattr(Store, name, stand_in)
            fetch_channel(f"{site.url}/ch", subdirs=["linux-64"], config=config(tmp_path))
        (kept,) = fetch_channel(f"{site.url}/ch", subdirs=["linux-64"], config=config(tmp_path, offline=True))
        assert kept.path.read_bytes() == version(0)


def test_a_cache_that_cannot_be_written(site: Site, tmp_path: Path) -> None:
    put_whole(site, {"linux-64": [entry("a")]})
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(NetworkError, match="RESOLVENT_CACHE_DIR") as caught:
        fetch_channel(f"{site.url}/ch", subdirs=["linux-64"], config=config(tmp_path / "file" / "cache"))
    assert caught.value.kind == "cache"


@pytest.mark.skipif(sys.platform == "win32", reason="other permissions there")
def test_others_cannot_read(site: Site, tmp_path: Path) -> None:
    put_whole(site, {"linux-64": [entry("a")]})
    fetch_channel(f"{site.url}/ch", subdirs=["linux-64"], config=config(tmp_path / "cache"))
    assert stat.S_IMODE((tmp_path / "cache").stat().st_mode) == 0o700


def test_sweep(tmp_path: Path) -> None:
    store = Store(tmp_path)
    old, now = time.time() - 40 * 86400, time.time()
    kept: list[Path] = []
    gone: list[Path] = []
    for name, stamp, stays in (
        ("channels/c/linux-64/repodata.json.zst", old, True),
        ("channels/c/linux-64/.x.tmp", old, False),
        ("channels/c/linux-64/.y.tmp", now, True),
        ("assembled/a/linux-64/repodata.json", old, False),
        ("assembled/b/linux-64/repodata.json", now, True),
        ("shards/aa/x.msgpack.zst", old, False),
        ("shards/aa/y.msgpack.zst", now, True),
        ("closures/c.json", old, False),
    ):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("x")
        os.utime(path, (stamp, stamp))
        (kept if stays else gone).append(path)
    store.sweep()
    assert all(path.exists() for path in kept)
    assert not any(path.exists() for path in gone)


def test_conditional_headers_are_not_sent_for_damaged_data(site: Site, tmp_path: Path) -> None:
    """A 304 for data that is no longer there would be believed."""

    def route(request: Request) -> Answer:
        return Answer(304) if "if-none-match" in request.headers else Answer(body=version(0), headers={"ETag": "1"})

    site.routes[ZST] = route
    (part,) = fetch_channel(f"{site.url}/ch", subdirs=["linux-64"], config=config(tmp_path))
    garbage(part.path, "flipped")
    (part,) = fetch_channel(f"{site.url}/ch", subdirs=["linux-64"], config=config(tmp_path))
    assert part.path.read_bytes() == version(0)
