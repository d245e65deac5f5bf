"""Whole repodata over HTTP: formats, revalidation, and every way in which a server can fail."""

from __future__ import annotations

import gzip
import hashlib
import io
import shutil
import socket
import ssl
import subprocess
import threading
import time
from datetime import datetime, timedelta, timezone
from email.utils import format_datetime
from pathlib import Path

import pytest
import zstandard
from network_support import (
    SUBDIRS,
    Answer,
    Request,
    Site,
    config,
    entry,
    file_names,
    plain,
    put_whole,
    read_json,
    repodata,
    serving,
    zst,
)

from resolvent.network import (
    ChannelNotFound,
    FetchedSubdir,
    InvalidRepodata,
    Limits,
    NetworkConfig,
    NetworkError,
    Progress,
    fetch_channel,
)
from resolvent.network.http import retry_after

ZST = "/ch/linux-64/repodata.json.zst"
JSON = "/ch/linux-64/repodata.json"
DATA = plain(repodata([entry("a")]))


def fetch(site: Site, settings: NetworkConfig, subdirs: tuple[str, ...] = ("linux-64",)) -> list[FetchedSubdir]:
    return fetch_channel(f"{site.url}/ch", subdirs=subdirs, config=settings)


def test_compressed_file_is_preferred(site: Site, tmp_path: Path) -> None:
    put_whole(site, {"linux-64": [entry("a")], "noarch": [entry("n")]})
    both = fetch(site, config(tmp_path), SUBDIRS)
    assert [part.subdir for part in both] == list(SUBDIRS)
    assert [file_names(part.path) for part in both] == [{"a-1.0-0.conda"}, {"n-1.0-0.conda"}]
    assert all(part.base_url == f"{site.url}/ch" and not part.sharded for part in both)
    assert JSON not in site.paths
    assert both[0].folder == both[1].folder
    assert both[0].path == both[0].folder / "linux-64" / "repodata.json.zst"


def test_plain_file_serves_where_there_is_no_compressed_one(site: Site, tmp_path: Path) -> None:
    put_whole(site, {"linux-64": [entry("a")]}, zstd=False)
    assert fetch(site, config(tmp_path))[0].path.name == "repodata.json"
    site.forget()
    fetch(site, config(tmp_path))
    assert site.paths == [JSON], "that there is no compressed file is remembered"


def test_a_format_that_appears_replaces_the_other(site: Site, tmp_path: Path) -> None:
    put_whole(site, {"linux-64": [entry("a")]}, zstd=False)
    (old,) = fetch(site, config(tmp_path))
    state = old.path.with_name("repodata.json.info.json")
    state.write_text(state.read_text().replace('"last_checked": "2', '"last_checked": "1'))
    put_whole(site, {"linux-64": [entry("b")]})
    (new,) = fetch(site, config(tmp_path))
    assert file_names(new.path) == {"b-1.0-0.conda"}
    assert not old.path.exists()


def test_etag_is_revalidated(site: Site, tmp_path: Path) -> None:
    def route(request: Request) -> Answer:
        if request.headers.get("if-none-match") == '"v1"':
            return Answer(304)
        return Answer(body=zst(DATA), headers={"ETag": '"v1"'})

    site.routes[ZST] = route
    first = fetch(site, config(tmp_path))
    second = fetch(site, config(tmp_path))
    assert first == second
    assert [request.headers.get("if-none-match") for request in site.requests] == [None, '"v1"']


def test_last_modified_is_revalidated(site: Site, tmp_path: Path) -> None:
    stamp = "Wed, 21 Oct 2015 07:28:00 GMT"
    site.routes[ZST] = lambda request: (
        Answer(304)
        if request.headers.get("if-modified-since") == stamp
        else Answer(body=zst(DATA), headers={"Last-Modified": stamp})
    )
    fetch(site, config(tmp_path))
    fetch(site, config(tmp_path))
    assert len(site.requests) == 2
    assert site.requests[1].headers["if-modified-since"] == stamp


def test_a_changed_file_replaces_the_old_one(site: Site, tmp_path: Path) -> None:
    site.routes[ZST] = [Answer(body=zst(DATA), headers={"ETag": "1"})]
    fetch(site, config(tmp_path))
    site.routes[ZST] = Answer(body=zst(plain(repodata([entry("b")]))), headers={"ETag": "2"})
    assert file_names(fetch(site, config(tmp_path))[0].path) == {"b-1.0-0.conda"}


@pytest.mark.parametrize(
    ("cache_control", "ttl", "requests"),
    [
        ("max-age=3600", None, 1),
        ("public, max-age=3600, must-revalidate", None, 1),
        ("max-age=0", None, 2),
        ("no-cache, max-age=3600", None, 2),
        ("no-store", None, 2),
        ("s-maxage=3600", None, 2),
        ("max-age=nonsense", None, 2),
        ("", None, 2),
        ("max-age=3600", 0, 2),
        ("max-age=0", 3600, 1),
    ],
)
def test_freshness(site: Site, tmp_path: Path, cache_control: str, ttl: int | None, requests: int) -> None:
    site.routes[ZST] = Answer(body=zst(DATA), headers={"Cache-Control": cache_control})
    for _ in range(2):
        fetch(site, config(tmp_path, ttl=ttl))
    assert len(site.requests) == requests


def test_age_counts_against_max_age(site: Site, tmp_path: Path) -> None:
    site.routes[ZST] = Answer(body=zst(DATA), headers={"Cache-Control": "max-age=100", "Age": "200"})
    for _ in range(2):
        fetch(site, config(tmp_path))
    assert len(site.requests) == 2


def test_channel_without_any_subdir(site: Site, tmp_path: Path) -> None:
    with pytest.raises(ChannelNotFound, match=r"/ch\b.*linux-64, noarch"):
        fetch(site, config(tmp_path), SUBDIRS)


def test_one_absent_subdir_is_left_out(site: Site, tmp_path: Path) -> None:
    put_whole(site, {"noarch": [entry("n")]})
    assert [part.subdir for part in fetch(site, config(tmp_path), SUBDIRS)] == ["noarch"]


def test_a_subdir_that_disappears_leaves_the_cache(site: Site, tmp_path: Path) -> None:
    put_whole(site, {"linux-64": [entry("a")], "noarch": [entry("n")]})
    gone = fetch(site, config(tmp_path), SUBDIRS)[0].path
    del site.routes[ZST], site.routes[JSON]
    assert [part.subdir for part in fetch(site, config(tmp_path), SUBDIRS)] == ["noarch"]
    assert not gone.exists()
    offline = fetch(site, config(tmp_path, offline=True), SUBDIRS)
    assert [part.subdir for part in offline] == ["noarch"]


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503, 504])
def test_passing_failures_are_retried(site: Site, tmp_path: Path, status: int) -> None:
    site.routes[ZST] = [Answer(status), Answer(status), Answer(body=zst(DATA))]
    assert file_names(fetch(site, config(tmp_path))[0].path) == {"a-1.0-0.conda"}
    assert site.paths == [ZST] * 3


def test_lasting_failure_is_reported(site: Site, tmp_path: Path) -> None:
    site.routes[ZST] = Answer(503)
    with pytest.raises(NetworkError, match=r"503.*after 3 attempts") as caught:
        fetch(site, config(tmp_path))
    assert (caught.value.kind, caught.value.status) == ("status", 503)
    assert caught.value.url == f"{site.url}{ZST}"
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None


def test_other_statuses_are_not_retried(site: Site, tmp_path: Path) -> None:
    site.routes[ZST] = Answer(418)
    with pytest.raises(NetworkError, match="418"):
        fetch(site, config(tmp_path))
    assert site.paths == [ZST, JSON], "once each; the other form is not there"


def test_retry_after_is_read_and_bounded(site: Site, tmp_path: Path) -> None:
    site.routes[ZST] = [Answer(429, headers={"Retry-After": "86400"}), Answer(body=zst(DATA))]
    assert fetch(site, config(tmp_path)), "a day of waiting is cut to the configured bound"


def test_retry_after_forms() -> None:
    assert retry_after("7") == 7.0
    later = datetime.now(timezone.utc) + timedelta(seconds=100)
    waited = retry_after(format_datetime(later, usegmt=True))
    assert waited is not None
    assert 90 < waited <= 100
    assert retry_after("Wed, 21 Oct 2015 07:28:00 GMT") == 0.0
    assert [retry_after(text) for text in ("", "soon", "-3", "9" * 40)] == [None] * 4


def test_truncated_body_is_retried(site: Site, tmp_path: Path) -> None:
    body = zst(DATA)
    site.routes[ZST] = [Answer(body=body, cut=len(body) // 2), Answer(body=body)]
    assert file_names(fetch(site, config(tmp_path))[0].path) == {"a-1.0-0.conda"}


def test_body_that_stays_truncated(site: Site, tmp_path: Path) -> None:
    site.routes[ZST] = Answer(body=zst(DATA), cut=10)
    with pytest.raises(NetworkError) as caught:
        fetch(site, config(tmp_path))
    assert caught.value.kind == "truncated"
    assert not list(tmp_path.rglob("repodata.json.zst"))


@pytest.mark.parametrize("keep", [0, 3, 4, 7, 30, -5, -1])
def test_compressed_file_that_is_cut_on_the_server(site: Site, tmp_path: Path, keep: int) -> None:
    checked = zstandard.ZstdCompressor(write_checksum=True).compress(DATA)
    site.routes[ZST] = checked[:keep]
    with pytest.raises(InvalidRepodata) as caught:
        fetch(site, config(tmp_path))
    assert caught.value.file == f"{site.url}{ZST}"
    assert not list(tmp_path.rglob("repodata.json.zst"))


def test_compressed_file_with_a_flipped_bit(site: Site, tmp_path: Path) -> None:
    data = bytearray(zstandard.ZstdCompressor(write_checksum=True).compress(DATA))
    data[len(data) // 2] ^= 0x10
    site.routes[ZST] = bytes(data)
    with pytest.raises(InvalidRepodata):
        fetch(site, config(tmp_path))


def test_frames_may_follow_each_other(site: Site, tmp_path: Path) -> None:
    skippable = (0x184D2A53).to_bytes(4, "little") + (5).to_bytes(4, "little") + b"hello"
    middle = len(DATA) // 2
    site.routes[ZST] = zst(DATA[:middle]) + skippable + zst(DATA[middle:])
    (part,) = fetch(site, config(tmp_path))
    with zstandard.open(io.BytesIO(part.path.read_bytes())) as file:
        assert file.read(10) == DATA[:10]


@pytest.mark.parametrize("text", [b"[1, 2]", b"null", b"\x00\x00", b'{"packages": {', b"   "])
def test_plain_file_that_is_no_object(site: Site, tmp_path: Path, text: bytes) -> None:
    site.routes[JSON] = text
    with pytest.raises(InvalidRepodata):
        fetch(site, config(tmp_path))


@pytest.mark.parametrize("text", [b"", b"{}", b"\xef\xbb\xbf \n{}\n"])
def test_plain_files_that_pass(site: Site, tmp_path: Path, text: bytes) -> None:
    site.routes[JSON] = text
    assert fetch(site, config(tmp_path))[0].path.read_bytes() == text


@pytest.mark.parametrize("content_type", ["text/html; charset=utf-8", "application/octet-stream"])
def test_web_page_in_place_of_everything(site: Site, tmp_path: Path, content_type: str) -> None:
    page = Answer(body=b"\n<!doctype html><p>sign in</p>", headers={"Content-Type": content_type})
    site.routes[ZST] = site.routes[JSON] = page
    with pytest.raises(InvalidRepodata, match="web page"):
        fetch(site, config(tmp_path))


def test_web_page_in_place_of_the_compressed_file_only(site: Site, tmp_path: Path) -> None:
    site.routes[ZST] = b"<html>no such file</html>"
    site.routes[JSON] = DATA
    assert read_json(fetch(site, config(tmp_path))[0].path)["packages.conda"]


def test_refusals(site: Site, tmp_path: Path) -> None:
    site.routes[ZST] = Answer(403)
    site.routes[JSON] = DATA
    assert fetch(site, config(tmp_path / "a")), "storage services answer 403 for what they do not have"
    site.routes[JSON] = Answer(403)
    with pytest.raises(NetworkError, match="RESOLVENT_AUTH_") as caught:
        fetch(site, config(tmp_path / "b"))
    assert (caught.value.kind, caught.value.status) == ("unauthorized", 403)


def test_redirects_are_followed(site: Site, tmp_path: Path) -> None:
    site.routes[ZST] = Answer(302, headers={"Location": "/mirror/a%20b.zst?sig=x"})
    site.routes["/mirror/a%20b.zst?sig=x"] = Answer(301, headers={"Location": f"{site.url}/last"})
    site.routes["/last"] = zst(DATA)
    assert file_names(fetch(site, config(tmp_path))[0].path) == {"a-1.0-0.conda"}


@pytest.mark.parametrize(
    ("location", "message"),
    [
        (ZST, "too many redirects"),
        ("file:///etc/passwd", "not http"),
        ("ftp://127.0.0.1/x", "not http"),
        ("http://[bad/", "malformed"),
    ],
)
def test_bad_redirects(site: Site, tmp_path: Path, location: str, message: str) -> None:
    site.routes[ZST] = Answer(302, headers={"Location": location})
    with pytest.raises(NetworkError, match=message) as caught:
        fetch(site, config(tmp_path))
    assert caught.value.kind == "redirect"


def test_silent_server(site: Site, tmp_path: Path) -> None:
    site.routes[ZST] = Answer(body=zst(DATA), stall=30)
    with pytest.raises(NetworkError) as caught:
        fetch(site, config(tmp_path, read_timeout=0.1, retries=1))
    assert caught.value.kind == "timeout"


def test_crawling_server(site: Site, tmp_path: Path) -> None:
    site.routes[ZST] = Answer(body=zst(DATA) * 100, drip=0.01)
    with pytest.raises(NetworkError, match="too slowly") as caught:
        fetch(site, config(tmp_path, read_timeout=0.2, low_speed=100_000, retries=0))
    assert caught.value.kind == "timeout"


def test_silence_once(site: Site, tmp_path: Path) -> None:
    site.routes[ZST] = [Answer(body=zst(DATA), stall=30), Answer(body=zst(DATA))]
    # The second attempt must succeed on a slow machine, too.
    assert fetch(site, config(tmp_path, read_timeout=3))


def test_nobody_listens(tmp_path: Path) -> None:
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))
        port = reserved.getsockname()[1]
    with pytest.raises(NetworkError) as caught:
        fetch_channel(f"http://127.0.0.1:{port}/ch", subdirs=["linux-64"], config=config(tmp_path))
    assert caught.value.kind == "connection"


def test_zstd_bomb(site: Site, tmp_path: Path) -> None:
    site.routes[ZST] = zst(b"{" + b" " * (64 << 20) + b"}")
    with pytest.raises(InvalidRepodata, match="unpacks to more than"):
        fetch(site, config(tmp_path, limits=Limits(repodata=1 << 20)))


def test_zstd_window_that_asks_for_all_memory(site: Site, tmp_path: Path) -> None:
    parameters = zstandard.ZstdCompressionParameters(window_log=29, enable_ldm=False)
    engine = zstandard.ZstdCompressor(compression_params=parameters).compressobj()
    site.routes[ZST] = engine.compress(DATA) + engine.flush()
    with pytest.raises(InvalidRepodata):
        fetch(site, config(tmp_path))


def test_gzip_transfer(site: Site, tmp_path: Path) -> None:
    def route(request: Request) -> Answer:
        assert request.headers["accept-encoding"] == "gzip"
        return Answer(body=gzip.compress(DATA), headers={"Content-Encoding": "gzip"})

    site.routes[JSON] = route
    assert fetch(site, config(tmp_path))[0].path.read_bytes() == DATA


@pytest.mark.parametrize("damage", ["bomb", "cut"])
def test_bad_gzip_transfer(site: Site, tmp_path: Path, damage: str) -> None:
    bodies = {
        "bomb": gzip.compress(b"{" + b" " * (64 << 20) + b"}"),
        "cut": gzip.compress(DATA)[:-20],
    }
    site.routes[JSON] = Answer(body=bodies[damage], headers={"Content-Encoding": "gzip"})
    with pytest.raises(NetworkError) as caught:
        fetch(site, config(tmp_path, limits=Limits(download=1 << 20, repodata=1 << 20)))
    assert caught.value.kind == ("too-large" if damage == "bomb" else "truncated")


def test_server_that_names_the_file_type_as_encoding(site: Site, tmp_path: Path) -> None:
    site.routes[ZST] = Answer(body=zst(DATA), headers={"Content-Encoding": "zstd"})
    assert file_names(fetch(site, config(tmp_path))[0].path) == {"a-1.0-0.conda"}


def test_body_over_the_limit(site: Site, tmp_path: Path) -> None:
    site.routes[ZST] = Answer(body=b"x" * 5000)
    with pytest.raises(NetworkError) as caught:
        fetch(site, config(tmp_path, limits=Limits(download=1000)))
    assert caught.value.kind == "too-large"
    assert site.paths == [ZST, JSON], "once each; the other form is not there"


def test_endless_body_without_a_length(site: Site, tmp_path: Path) -> None:
    endless = Answer(body=b"x" * 200_000, headers={"Content-Length": "", "Connection": "close"}, cut=200_000)
    site.routes[ZST] = endless
    with pytest.raises(NetworkError) as caught:
        fetch(site, config(tmp_path, limits=Limits(download=1000), retries=0))
    assert caught.value.kind in {"too-large", "truncated"}


def test_not_modified_without_being_asked(site: Site, tmp_path: Path) -> None:
    site.routes[ZST] = Answer(304)
    with pytest.raises(NetworkError, match="was not asked"):
        fetch(site, config(tmp_path))


def test_offline(site: Site, tmp_path: Path) -> None:
    put_whole(site, {"linux-64": [entry("a")]})
    with pytest.raises(NetworkError, match=r"offline; load the channel once online") as caught:
        fetch(site, config(tmp_path, offline=True))
    assert caught.value.kind == "offline"
    online = fetch(site, config(tmp_path))
    site.forget()
    assert fetch(site, config(tmp_path, offline=True)) == online
    assert site.paths == []
    site.close()
    with pytest.raises(NetworkError, match=r"\(--offline\) the copy in the cache would do") as caught:
        fetch(site, config(tmp_path, ttl=0))
    assert caught.value.kind == "connection"
    assert fetch(site, config(tmp_path, offline=True)) == online


def test_progress(site: Site, tmp_path: Path) -> None:
    body = zst(DATA)
    site.routes[ZST] = [Answer(body=body, cut=5), Answer(body=body)]
    events: list[Progress] = []
    fetch_channel(f"{site.url}/ch", subdirs=["linux-64"], config=config(tmp_path), progress=events.append)
    last = [event for event in events if event.finished]
    assert [(event.label, event.done, event.total) for event in last] == [(f"{site.url}{ZST}", len(body), len(body))]


def test_proxy_from_the_environment(site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", site.url)
    for name in ("NO_PROXY", "no_proxy", "http_proxy"):
        monkeypatch.delenv(name, raising=False)
    site.routes["http://channel.invalid/ch/linux-64/repodata.json.zst"] = zst(DATA)
    (part,) = fetch_channel("http://channel.invalid/ch", subdirs=["linux-64"], config=config(tmp_path))
    assert part.base_url == "http://channel.invalid/ch"


def test_unusable_proxy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "gopher://someone:hunter2secret@127.0.0.1:1")
    monkeypatch.delenv("http_proxy", raising=False)
    with pytest.raises(NetworkError) as caught:
        fetch_channel("http://channel.invalid/ch", subdirs=["linux-64"], config=config(tmp_path))
    assert caught.value.kind == "proxy"
    assert "hunter2" not in str(caught.value)


def test_tls_to_a_server_without_tls(site: Site, tmp_path: Path) -> None:
    address = site.url.replace("http://", "https://")
    with pytest.raises(NetworkError) as caught:
        fetch_channel(f"{address}/ch", subdirs=["linux-64"], config=config(tmp_path))
    assert caught.value.kind == "tls"


def test_certificate_that_nobody_signed(tmp_path: Path) -> None:
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("no openssl program to make a certificate with")
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    subject = ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"]
    command = [openssl, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", *subject]
    subprocess.run([*command, "-keyout", key, "-out", certificate], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    with serving() as site:
        site._server.socket = context.wrap_socket(site._server.socket, server_side=True)
        site.routes[ZST] = zst(DATA)
        address = site.url.replace("http://", "https://")
        with pytest.raises(NetworkError, match=r"self.signed") as caught:
            fetch_channel(f"{address}/ch", subdirs=["linux-64"], config=config(tmp_path / "no"))
        assert caught.value.kind == "tls"
        for trust in ({"ca_bundle": certificate}, {"verify_tls": False}):
            cache = tmp_path / hashlib.sha256(str(trust).encode()).hexdigest()[:8]
            assert fetch_channel(f"{address}/ch", subdirs=["linux-64"], config=config(cache, **trust))


def test_threads_share_one_download(site: Site, tmp_path: Path) -> None:
    site.routes[ZST] = Answer(body=zst(DATA), headers={"Cache-Control": "max-age=100"}, stall=0.2)
    found: list[list[FetchedSubdir]] = []
    threads = [threading.Thread(target=lambda: found.append(fetch(site, config(tmp_path)))) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 6
    assert len(site.requests) == 1


def test_redirect_from_https_to_http_is_refused() -> None:
    from resolvent.network.http import HttpClient, _Failure

    with pytest.raises(_Failure, match="plain http"):
        HttpClient._redirected("https://host/a", "http://host/a")
    assert HttpClient._redirected("http://host/a", "https://user:pw@host/b") == "https://host/b"


def test_clock_set_back(site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    site.routes[ZST] = Answer(body=zst(DATA), headers={"Cache-Control": "max-age=100"})
    fetch(site, config(tmp_path))
    now = time.time_ns()
    monkeypatch.setattr(time, "time_ns", lambda: now - 10**15)
    fetch(site, config(tmp_path))
    assert len(site.requests) == 2
