"""Sharded repodata over HTTP (CEP 16): what is fetched, what is verified, what becomes of it."""

from __future__ import annotations

import logging
import os
from pathlib import Path
from typing import Any

import msgpack
import pytest
from network_support import (
    SUBDIRS,
    Answer,
    Site,
    config,
    entry,
    file_names,
    index_bytes,
    put_index,
    put_real_channel,
    put_shards,
    put_whole,
    read_json,
    shard_bytes,
    shard_path,
    wanted_names,
    zst,
)

from resolvent.network import (
    FetchedSubdir,
    InvalidRepodata,
    Limits,
    NetworkConfig,
    NetworkError,
    fetch_channel,
    fetch_channels,
)
from resolvent.network.depnames import names_in_spec

INDEX = "/ch/linux-64/repodata_shards.msgpack.zst"
CHAIN = {
    "linux-64": [entry("a", depends=["b >=1", "n"]), entry("b", depends=["c[version='>=1']"]), entry("c"), entry("x")],
    "noarch": [entry("n", depends=["a"], noarch="generic"), entry("y", noarch="generic")],
}


def fetch(
    site: Site, settings: NetworkConfig, *names: str, subdirs: tuple[str, ...] = ("linux-64",)
) -> list[FetchedSubdir]:
    return fetch_channel(f"{site.url}/ch", subdirs=subdirs, config=settings, names=names)


def shards_asked(site: Site) -> list[str]:
    return [path for path in site.paths if "/shards/" in path]


def test_only_reachable_names_are_fetched(site: Site, tmp_path: Path) -> None:
    put_shards(site, CHAIN)
    arch, noarch = fetch(site, config(tmp_path), "a", subdirs=SUBDIRS)
    assert file_names(arch.path) == {"a-1.0-0.conda", "b-1.0-0.conda", "c-1.0-0.conda"}
    assert file_names(noarch.path) == {"n-1.0-0.conda"}
    assert len(shards_asked(site)) == 4
    assert arch.sharded
    assert arch.folder == noarch.folder


def test_records_are_what_the_whole_file_says(site: Site, tmp_path: Path) -> None:
    put_shards(site, CHAIN)
    put_whole(site, CHAIN)
    for part in fetch(site, config(tmp_path / "s"), "a", "x", "y", subdirs=SUBDIRS):
        whole = fetch_channel(
            f"{site.url}/ch", subdirs=[part.subdir], config=config(tmp_path / "w", use_shards=False), names=["a"]
        )
        assert read_json(part.path)["packages.conda"] == read_json(whole[0].path)["packages.conda"]


def test_a_second_time_costs_only_the_index(site: Site, tmp_path: Path) -> None:
    put_shards(site, CHAIN)
    first = fetch(site, config(tmp_path), "a")
    site.forget()
    assert fetch(site, config(tmp_path), "a") == first
    assert site.paths == [INDEX]
    site.forget()
    assert fetch(site, config(tmp_path, offline=True), "a") == first
    assert site.paths == []
    assert fetch(site, config(tmp_path, offline=True), "b"), "a smaller question is answered from the same shards"


def test_offline_without_a_shard(site: Site, tmp_path: Path) -> None:
    put_shards(site, CHAIN)
    fetch(site, config(tmp_path), "c")
    with pytest.raises(NetworkError) as caught:
        fetch(site, config(tmp_path, offline=True), "x")
    assert caught.value.kind == "offline"


def test_whole_repodata_where_there_are_no_shards(site: Site, tmp_path: Path) -> None:
    put_whole(site, CHAIN)
    (part,) = fetch(site, config(tmp_path), "a")
    assert not part.sharded
    site.forget()
    fetch(site, config(tmp_path), "a")
    assert INDEX not in site.paths, "that there are no shards is remembered"


def test_a_channel_with_shards_only(site: Site, tmp_path: Path) -> None:
    put_shards(site, CHAIN)
    (part,) = fetch_channel(f"{site.url}/ch", subdirs=["linux-64"], config=config(tmp_path))
    assert len(file_names(part.path)) == 4


@pytest.mark.parametrize("damage", [b"junk", zst(b"\xc1"), index_bytes({})[:-3], zst(msgpack.packb({"version": 9}))])
def test_a_bad_index_gives_way_to_whole_repodata(site: Site, tmp_path: Path, damage: bytes) -> None:
    put_whole(site, CHAIN)
    site.routes[INDEX] = damage
    assert not fetch(site, config(tmp_path), "a")[0].sharded
    put_shards(site, CHAIN)
    assert fetch(site, config(tmp_path), "a")[0].sharded, "a failure is not remembered as absence"


def test_a_wrong_hash_is_asked_again_then_reported(site: Site, tmp_path: Path) -> None:
    good, other = shard_bytes([entry("a")]), shard_bytes([entry("a", "2.0")])
    put_index(site, {"a": good}, "linux-64")
    site.routes[shard_path(good)] = [Answer(body=other), Answer(body=good)]
    assert file_names(fetch(site, config(tmp_path / "once"), "a")[0].path) == {"a-1.0-0.conda"}
    site.routes[shard_path(good)] = other
    with pytest.raises(InvalidRepodata, match="SHA-256"):
        fetch(site, config(tmp_path / "always"), "a")
    assert not [path for path in (tmp_path / "always").rglob("*.msgpack.zst") if path.parent.parent.name == "shards"]


def test_passing_failures_of_single_shards(site: Site, tmp_path: Path) -> None:
    put_shards(site, CHAIN)
    for path, body in list(site.routes.items()):
        if "/shards/" in path:
            assert isinstance(body, bytes)
            site.routes[path] = [Answer(503), Answer(body=body, cut=9), Answer(body=body)]
    assert len(file_names(fetch(site, config(tmp_path), "a")[0].path)) == 3


def test_an_index_that_changes_under_way(site: Site, tmp_path: Path) -> None:
    old, new = shard_bytes([entry("a")]), shard_bytes([entry("a", "2.0")])
    put_index(site, {"a": new}, "linux-64")
    site.routes[INDEX] = [
        Answer(body=index_bytes({"a": old}), headers={"Cache-Control": "max-age=99"}),
        Answer(body=index_bytes({"a": new})),
    ]
    assert file_names(fetch(site, config(tmp_path), "a")[0].path) == {"a-2.0-0.conda"}


def test_a_shard_that_is_gone(site: Site, tmp_path: Path) -> None:
    put_index(site, {"a": shard_bytes([entry("a")])}, "linux-64")
    del site.routes[shard_path(shard_bytes([entry("a")]))]
    with pytest.raises(NetworkError, match="does not have it"):
        fetch(site, config(tmp_path), "a")


@pytest.mark.parametrize(
    "content",
    [
        b"\xc1",
        msgpack.packb([1]),
        msgpack.packb({"packages": [1]}),
        msgpack.packb({"packages.conda": {"x": float("nan")}}),
        msgpack.packb({"removed": 3}),
        msgpack.packb({"v3": 3}),
        b"\x81" * 5000,
    ],
)
def test_shards_that_are_none(site: Site, tmp_path: Path, content: bytes) -> None:
    put_index(site, {"a": zst(content)}, "linux-64")
    with pytest.raises(InvalidRepodata):
        fetch(site, config(tmp_path), "a")


def test_a_shard_bomb(site: Site, tmp_path: Path) -> None:
    put_index(site, {"a": zst(b"\x00" * (32 << 20))}, "linux-64")
    with pytest.raises(InvalidRepodata, match="unpacks to more than"):
        fetch(site, config(tmp_path, limits=Limits(shard=1 << 20)), "a")


def test_addresses_in_the_index(site: Site, tmp_path: Path) -> None:
    shard = shard_bytes([entry("a")])
    site.routes[f"/elsewhere/{shard_path(shard).rpartition('/')[2]}"] = shard
    info = {"shards_base_url": f"{site.url}/elsewhere", "base_url": "../files"}
    site.routes[INDEX] = index_bytes({"a": shard}, **info)
    (part,) = fetch(site, config(tmp_path), "a")
    assert read_json(part.path)["info"]["base_url"] == "../files"


@pytest.mark.parametrize("wrong", ["ftp://host/x", "http://[bad/", "file:///etc"])
def test_addresses_that_are_none(site: Site, tmp_path: Path, wrong: str) -> None:
    site.routes[INDEX] = index_bytes({"a": shard_bytes([entry("a")])}, shards_base_url=wrong)
    with pytest.raises(InvalidRepodata) as caught:
        fetch(site, config(tmp_path), "a")
    assert caught.value.field == "info.shards_base_url"


def test_packages_that_lie_in_the_subdir_need_no_address(site: Site, tmp_path: Path) -> None:
    put_shards(site, CHAIN)
    assert "base_url" not in read_json(fetch(site, config(tmp_path), "a")[0].path)["info"]


def test_sections_and_removed_are_kept(site: Site, tmp_path: Path) -> None:
    newer = {"conda": {"a-3.0-0": entry("a", "3.0", extra_depends={"all": ["b"]})}}
    for record in newer["conda"].values():
        record["sha256"], record["md5"] = bytes.fromhex(record["sha256"]), bytes.fromhex(record["md5"])
    shards = {"a": shard_bytes([entry("a")], removed=["a-0.1-0.conda"], v3=newer), "b": shard_bytes([entry("b")])}
    put_index(site, shards, "linux-64")
    value = read_json(fetch(site, config(tmp_path), "a")[0].path)
    assert value["removed"] == ["a-0.1-0.conda"]
    assert value["v3"]["conda"]["a-3.0-0"]["sha256"] == entry("a", "3.0")["sha256"]
    assert "b-1.0-0.conda" in value["packages.conda"], "extra_depends lead to names"


def test_names_cross_channels(site: Site, tmp_path: Path) -> None:
    put_shards(site, {"linux-64": [entry("a", depends=["b"])]}, "/one")
    put_shards(site, {"linux-64": [entry("b", depends=["c"]), entry("x")]}, "/two")
    put_whole(site, {"linux-64": [entry("c", depends=["x"])]}, "/three")
    parts = fetch_channels(
        [f"{site.url}/{name}" for name in ("one", "two", "three")],
        subdirs=["linux-64"],
        config=config(tmp_path),
        names=["a"],
    )
    assert file_names(parts[1][0].path) == {"b-1.0-0.conda", "x-1.0-0.conda"}
    assert [group[0].sharded for group in parts] == [True, True, False]


def test_one_subdir_without_shards(site: Site, tmp_path: Path) -> None:
    put_shards(site, {"linux-64": CHAIN["linux-64"]})
    put_whole(site, {"noarch": CHAIN["noarch"]})
    arch, noarch = fetch(site, config(tmp_path), "y", "x", subdirs=SUBDIRS)
    assert (arch.sharded, noarch.sharded) == (True, False)
    assert arch.folder == noarch.folder
    assert file_names(noarch.path) == {"n-1.0-0.conda", "y-1.0-0.conda"}


def test_downloads_at_once_are_bounded(site: Site, tmp_path: Path) -> None:
    records = [entry("root", depends=[f"p{n}" for n in range(30)]), *(entry(f"p{n}") for n in range(30))]
    put_shards(site, {"linux-64": records})
    for path, body in list(site.routes.items()):
        assert isinstance(body, bytes)
        site.routes[path] = Answer(body=body, stall=0.01)
    assert len(file_names(fetch(site, config(tmp_path, concurrency=3), "root")[0].path)) == 31
    assert 1 < site.most_at_once <= 3


@pytest.mark.parametrize("what", ["shards", "assembled", "closures", "channels"])
def test_garbage_in_the_cache_is_replaced(site: Site, tmp_path: Path, what: str) -> None:
    put_shards(site, CHAIN)
    (first,) = fetch(site, config(tmp_path), "a")
    good = first.path.read_bytes()
    for path in (tmp_path / what).rglob("*"):
        if path.is_file():
            stamp = path.stat()
            path.write_bytes(b"\x00" + path.read_bytes()[1:])
            os.utime(path, ns=(stamp.st_mtime_ns, stamp.st_mtime_ns))  # hidden from who looks at times only
    assert fetch(site, config(tmp_path), "a")[0].path.read_bytes() == good


@pytest.mark.parametrize(
    ("spec", "names"),
    [
        ("python", {"python"}),
        ("conda-forge/linux-64::numpy >=2", {"numpy"}),
        ("Numpy=2", {"numpy"}),
        ("a[version='>=1', when=\"python <3.9 and win\"]", {"a", "python", "and", "win"}),
        ("*[name=foo]", {"foo"}),
        ("*", {"*"}),
        ("py*", {"py*"}),
        ("https://host/ch/linux-64/my-pkg-1.0-h1_0.conda", {"my-pkg"}),
        ("file:///x/my-pkg-1.0-h1_0.tar.bz2#0123", {"my-pkg"}),
        ("", set()),
    ],
)
def test_names_in_spec(spec: str, names: set[str]) -> None:
    assert names_in_spec(spec) >= names
    assert names_in_spec(spec) - names <= {"3.9"}


@pytest.mark.parametrize("name", ["*", "^(a|b)$", "[a-"])
def test_patterns(site: Site, tmp_path: Path, name: str) -> None:
    put_shards(site, CHAIN)
    found = file_names(fetch(site, config(tmp_path), name)[0].path)
    assert found == (set() if name == "[a-" else {f"{n}-1.0-0.conda" for n in "abcx"})


def test_real_channel(site: Site, tmp_path: Path, shared: Path) -> None:
    """The shards of a request hold each record that it can reach, as an independent closure finds them."""
    folder = shared / "data" / "channels" / "conda-forge"
    repodata: dict[str, dict[str, Any]] = put_real_channel(site, folder)
    parts = fetch(site, config(tmp_path), "python", subdirs=SUBDIRS)
    names = wanted_names(repodata.values(), "python")
    assert len(names) > 20
    for part in parts:
        got, source = read_json(part.path), repodata[part.subdir]
        for section in ("packages", "packages.conda"):
            assert got[section] == {fn: r for fn, r in source[section].items() if r["name"] in names}
    whole = sum((folder / subdir / "repodata.json.zst").stat().st_size for subdir in SUBDIRS)
    indices = sum(len(site.body(f"/ch/{subdir}/repodata_shards.msgpack.zst")) for subdir in SUBDIRS)
    # The index holds a 32-byte hash a name, which nothing compresses; the shards are what a request adds.
    assert site.sent < 0.15 * whole
    assert site.sent - indices < 0.1 * whole
    logging.getLogger("tests").info("sent %d bytes, %d of them indices; whole %d", site.sent, indices, whole)
