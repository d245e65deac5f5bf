"""What is done when a form of repodata cannot be had: the next one is taken, with a warning."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgpack
import pytest
from network_support import (
    Answer,
    Site,
    config,
    entry,
    file_names,
    index_bytes,
    plain,
    put_index,
    put_shards,
    put_whole,
    repodata,
    shard_bytes,
    shard_path,
    zst,
)

import resolvent
from resolvent.network import InvalidRepodata, NetworkError, fetch_channel
from resolvent.network.fetch import survey

ZST = "/ch/linux-64/repodata.json.zst"
JSON = "/ch/linux-64/repodata.json"
INDEX = "/ch/linux-64/repodata_shards.msgpack.zst"
GOOD = plain(repodata([entry("a"), entry("b", depends=["a"])]))

#: Ways in which an optional form is bad: statuses, bodies, and what is inside.
BAD: dict[str, Answer] = {
    **{str(status): Answer(status) for status in (400, 401, 402, 405, 406, 409, 415, 418, 429, 451, 500, 501, 503)},
    "garbage": Answer(body=b"garbage"),
    "empty": Answer(body=b""),
    "truncated": Answer(body=zst(GOOD)[:-9]),
    "cut on the way": Answer(body=zst(GOOD), cut=30),
    "trailing": Answer(body=zst(GOOD) + b"x"),
    "plain JSON": Answer(body=GOOD),
    "an error in JSON": Answer(body=b'{"errors": [{"status": 404}]}'),
    "an error in zstd": Answer(body=zst(b'{"errors": [{"status": 404}]}')),
    "a page in zstd": Answer(body=zst(b"<html>log in</html>")),
    "half of the JSON": Answer(body=zst(GOOD[: len(GOOD) // 2])),
    "a list": Answer(body=zst(b"[]")),
    "nothing in zstd": Answer(body=zst(b"")),
    "too many redirects": Answer(302, headers={"Location": ZST}),
    "a bad redirect": Answer(302, headers={"Location": "ftp://elsewhere/x"}),
}


def _sources(site: Site, cache: Path, **changes: object) -> tuple[set[str], list[str]]:
    """Names of what was fetched, and the warnings."""
    settings = config(cache, retries=1, **changes)
    surveyed = survey([f"{site.url}/ch"], subdirs=["linux-64"], config=settings, selective=True)
    found = surveyed.fetch(["b"])[0]
    return file_names(found[0].path), surveyed.warnings


@pytest.mark.parametrize("bad", BAD)
def test_a_bad_compressed_file_leads_to_the_plain_one(site: Site, tmp_path: Path, bad: str) -> None:
    site.routes[ZST] = BAD[bad]
    site.routes[JSON] = GOOD
    names, warnings = _sources(site, tmp_path)
    assert names == {"a-1.0-0.conda", "b-1.0-0.conda"}
    assert len(warnings) == 1
    assert f"{site.url}{ZST}" in warnings[0]
    assert "repodata.json is used instead" in warnings[0]


def test_without_another_form_the_first_problem_stands(site: Site, tmp_path: Path) -> None:
    site.routes[ZST] = b"garbage"
    with pytest.raises(InvalidRepodata, match="not zstd data"):
        _sources(site, tmp_path)


def test_a_good_form_gives_no_warning(site: Site, tmp_path: Path) -> None:
    put_whole(site, {"linux-64": [entry("b")]})
    assert _sources(site, tmp_path) == ({"b-1.0-0.conda"}, [])


def test_a_bad_file_is_not_remembered_as_absent(site: Site, tmp_path: Path) -> None:
    site.routes[ZST] = [Answer(500), Answer(500), Answer(body=zst(GOOD))]
    site.routes[JSON] = GOOD
    assert _sources(site, tmp_path)[1]
    assert not _sources(site, tmp_path)[1], "the server has recovered"


@pytest.mark.parametrize("form", ["use_zst", "use_shards"])
def test_what_is_switched_off_is_never_asked_for(site: Site, tmp_path: Path, form: str) -> None:
    put_whole(site, {"linux-64": [entry("b")]})
    put_shards(site, {"linux-64": [entry("b")]})
    assert _sources(site, tmp_path, **{form: False})[0] == {"b-1.0-0.conda"}
    asked = [path for path in site.paths if ("shards" in path if form == "use_shards" else path == ZST)]
    assert not asked


def test_an_unreachable_server_is_not_asked_twice(site: Site, tmp_path: Path) -> None:
    site.close()
    with pytest.raises(NetworkError, match=r"repodata_shards.*connection failed"):
        _sources(site, tmp_path)


# Shards


def _shard(site: Site, bad: Answer) -> None:
    """Publish good whole repodata, and shards of which that of `a` cannot be had."""
    put_whole(site, {"linux-64": [entry("a"), entry("b", depends=["a"])]})
    shards = {"a": shard_bytes([entry("a")]), "b": shard_bytes([entry("b", depends=["a"])])}
    put_index(site, shards, "linux-64")
    site.routes[shard_path(shards["a"])] = bad


@pytest.mark.parametrize("bad", [*BAD, "403", "404", "410", "a page"])
def test_shards_that_cannot_be_had_lead_to_whole_repodata(site: Site, tmp_path: Path, bad: str) -> None:
    answer = BAD.get(bad) or (Answer(int(bad)) if bad.isdigit() else Answer(body=b"<html>log in</html>"))
    _shard(site, answer)
    names, warnings = _sources(site, tmp_path)
    assert names == {"a-1.0-0.conda", "b-1.0-0.conda"}
    assert len(warnings) == 1
    assert "whole repodata is used instead" in warnings[0]


@pytest.mark.parametrize("inside", [b"no msgpack", msgpack.packb([1]), msgpack.packb({"packages": 7})])
def test_shards_that_hold_something_else(site: Site, tmp_path: Path, inside: bytes) -> None:
    put_whole(site, {"linux-64": [entry("b")]})
    put_index(site, {"b": zst(inside)}, "linux-64")
    names, warnings = _sources(site, tmp_path)
    assert names == {"b-1.0-0.conda"}
    assert len(warnings) == 1


@pytest.mark.parametrize("bad", BAD)
def test_a_bad_index_of_shards_leads_to_whole_repodata(site: Site, tmp_path: Path, bad: str) -> None:
    put_whole(site, {"linux-64": [entry("b")]})
    answer = BAD[bad]
    if answer.status == 302:
        answer = Answer(302, headers={"Location": INDEX})
    site.routes[INDEX] = answer
    names, warnings = _sources(site, tmp_path)
    assert names == {"b-1.0-0.conda"}
    assert len(warnings) == 1
    assert "repodata_shards.msgpack.zst" in warnings[0]


def test_shards_without_whole_repodata_beside_them(site: Site, tmp_path: Path) -> None:
    _shard(site, Answer(500))
    del site.routes[ZST], site.routes[JSON]
    with pytest.raises(NetworkError, match="500"):
        _sources(site, tmp_path)


def test_solve_goes_on_with_whole_repodata(site: Site, cache: Path) -> None:
    _shard(site, Answer(403))
    put_whole(site, {"noarch": []})
    settings = {"channels": f"{site.url}/ch", "platform": "linux-64", "virtual_packages": []}
    solution = resolvent.solve("b", **settings)  # type: ignore[call-overload]
    assert [record.name for record in solution.records] == ["a", "b"]
    site.routes.update({path: Answer(500) for path in site.routes})
    again = resolvent.solve("b", offline=True, **settings)  # type: ignore[call-overload]
    assert [record.name for record in again.records] == ["a", "b"], "whole repodata is in the cache"


# Where shards and packages lie


@pytest.mark.parametrize("base", ["", None, ".", "./", " ", "../linux-64", "/ch/linux-64/", "absent"])
def test_addresses_in_an_index_are_relative_to_it(site: Site, tmp_path: Path, base: str | None) -> None:
    data = shard_bytes([entry("b")])
    info: dict[str, Any] = {"base_url": base, "shards_base_url": base}
    index = index_bytes({"b": data}, **info)
    if base == "absent":
        import zstandard

        value = msgpack.unpackb(zstandard.ZstdDecompressor().decompress(index))
        del value["info"]["base_url"], value["info"]["shards_base_url"]
        index = zst(msgpack.packb(value))
    site.routes[INDEX] = index
    site.routes[shard_path(data).replace("/shards/", "/")] = data
    found = fetch_channel(f"{site.url}/ch", subdirs=["linux-64"], config=config(tmp_path), names=["b"])
    assert file_names(found[0].path) == {"b-1.0-0.conda"}
    url = resolvent.load_index(f"{site.url}/ch={found[0].folder}", platform="linux-64")
    record = resolvent.solve("b", index=url, virtual_packages=[]).records[0]
    assert record.url == f"{site.url}/ch/linux-64/b-1.0-0.conda"


# Subdirs that are refused


@pytest.mark.parametrize("refused", ["linux-64", "noarch"])
def test_a_refused_subdir_counts_as_empty(site: Site, tmp_path: Path, refused: str) -> None:
    other = "noarch" if refused == "linux-64" else "linux-64"
    put_whole(site, {other: [entry("b")]})
    for name in ("repodata.json", "repodata.json.zst", "repodata_shards.msgpack.zst"):
        site.routes[f"/ch/{refused}/{name}"] = Answer(403)
    settings = config(tmp_path)
    surveyed = survey([f"{site.url}/ch"], subdirs=["linux-64", "noarch"], config=settings, selective=True)
    assert [one.subdir for one in surveyed.fetch(["b"])[0]] == [other]
    assert len(surveyed.warnings) == 1
    assert refused in surveyed.warnings[0]
    assert "403" in surveyed.warnings[0]
    site.close()
    offline = survey(
        [f"{site.url}/ch"], subdirs=["linux-64", "noarch"], config=config(tmp_path, offline=True), selective=True
    )
    assert [one.subdir for one in offline.fetch(["b"])[0]] == [other]


def test_refused_altogether_is_an_error(site: Site, tmp_path: Path) -> None:
    for subdir in ("linux-64", "noarch"):
        for name in ("repodata.json", "repodata.json.zst", "repodata_shards.msgpack.zst"):
            site.routes[f"/ch/{subdir}/{name}"] = Answer(403)
    with pytest.raises(NetworkError, match="403") as caught:
        fetch_channel(f"{site.url}/ch", subdirs=["linux-64", "noarch"], config=config(tmp_path), names=["b"])
    assert caught.value.kind == "unauthorized"


# Content encodings


@pytest.mark.parametrize("word", ["none", "aws-chunked", "binary", "utf-8", "identity", "gzip", "gzip, aws-chunked"])
@pytest.mark.parametrize("path", [JSON, ZST])
def test_an_encoding_that_says_nothing(site: Site, tmp_path: Path, word: str, path: str) -> None:
    site.routes[path] = Answer(body=zst(GOOD) if path == ZST else GOOD, headers={"Content-Encoding": word})
    assert _sources(site, tmp_path)[0] == {"a-1.0-0.conda", "b-1.0-0.conda"}


def test_an_encoding_that_says_something_is_named(site: Site, tmp_path: Path) -> None:
    site.routes[JSON] = Answer(body=b"\x1b\x03\x00", headers={"Content-Encoding": "br"})
    with pytest.raises(InvalidRepodata, match="content encoding 'br'"):
        _sources(site, tmp_path)


# What is inside


@pytest.mark.parametrize(
    "value", [{"errors": [1]}, {"detail": "not found"}, {"message": "x", "packagesx": {}}, {"status": 404}]
)
def test_another_json_object_is_no_repodata(site: Site, tmp_path: Path, value: dict[str, object]) -> None:
    site.routes[JSON] = json.dumps(value).encode()
    with pytest.raises(InvalidRepodata, match="no repodata"):
        _sources(site, tmp_path)


@pytest.mark.parametrize(
    "value", [b"{}", b" { } ", b'{"packages": {}}', b'{"info": {"subdir": "linux-64"}}', b'{"v3": {}}']
)
def test_repodata_without_packages(site: Site, tmp_path: Path, value: bytes) -> None:
    site.routes[JSON] = value
    surveyed = survey([f"{site.url}/ch"], subdirs=["linux-64"], config=config(tmp_path), selective=True)
    assert surveyed.fetch(["b"])[0][0].path.read_bytes() == value
