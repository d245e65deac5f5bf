"""A web server on the loopback interface that misbehaves on request, and channels to put on it."""

from __future__ import annotations

import contextlib
import hashlib
import json
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import msgpack
import zstandard

from resolvent.network import NetworkConfig

SUBDIRS = ("linux-64", "noarch")


@dataclass
class Answer:
    """What the server does for one request."""

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    cut: int | None = None
    """Announce the whole body, send this many bytes of it and hang up."""
    stall: float = 0.0
    """Seconds of silence in the middle of the body."""
    drip: float = 0.0
    """Seconds between single bytes."""


@dataclass(frozen=True)
class Request:
    """What a client asked for; header names are lower-case."""

    path: str
    headers: Mapping[str, str]


Route = Answer | bytes | Sequence[Answer] | Callable[[Request], Answer]
"""A fixed answer, a body, answers for successive requests (the last one stays), or a function."""


class Site:
    """The server: routes by path, and a log of requests. Unknown paths are 404."""

    def __init__(self) -> None:
        self.routes: dict[str, Route] = {}
        self.requests: list[Request] = []
        self.sent = 0
        self.most_at_once = 0
        self._now = 0
        self._served: dict[str, int] = {}
        self._lock = threading.Lock()
        self._closing = threading.Event()
        site = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                site._handle(self)

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
                pass

        class Server(ThreadingHTTPServer):
            def handle_error(self, request: Any, client_address: Any) -> None:
                pass  # clients hang up and refuse certificates here all the time

        self._server = Server(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()

    @property
    def port(self) -> int:
        return int(self._server.server_address[1])

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def paths(self) -> list[str]:
        """Paths asked for, in order."""
        with self._lock:
            return [request.path for request in self.requests]

    def body(self, path: str) -> bytes:
        """The fixed body of a path."""
        route = self.routes[path]
        assert isinstance(route, bytes)
        return route

    def forget(self) -> None:
        """Empty the log of requests and the count of bytes."""
        with self._lock:
            self.requests.clear()
            self.sent = 0

    def close(self) -> None:
        self._closing.set()
        self._server.shutdown()
        self._server.server_close()

    def _answer(self, request: Request) -> Answer:
        with self._lock:
            self.requests.append(request)
            number = self._served.get(request.path, 0)
            self._served[request.path] = number + 1
        route = self.routes.get(request.path, Answer(404, b"not here"))
        if isinstance(route, bytes):
            return Answer(body=route)
        if isinstance(route, Answer):
            return route
        if callable(route):
            return route(request)
        return route[min(number, len(route) - 1)]

    def _handle(self, handler: BaseHTTPRequestHandler) -> None:
        headers = {key.lower(): value for key, value in handler.headers.items()}
        answer = self._answer(Request(handler.path, headers))
        handler.send_response(answer.status)
        for key, value in answer.headers.items():
            handler.send_header(key, value)
        if answer.status != 304 and "Content-Length" not in answer.headers:
            handler.send_header("Content-Length", str(len(answer.body)))
        handler.end_headers()
        with self._lock:
            self._now += 1
            self.most_at_once = max(self.most_at_once, self._now)
        try:
            with contextlib.suppress(OSError):
                self._send(handler, answer)
        finally:
            with self._lock:
                self._now -= 1

    def _send(self, handler: BaseHTTPRequestHandler, answer: Answer) -> None:
        body = answer.body if answer.cut is None else answer.body[: answer.cut]
        with self._lock:
            self.sent += len(body)
        if answer.drip:
            for position in range(len(body)):
                handler.wfile.write(body[position : position + 1])
                if self._closing.wait(answer.drip):
                    break
        else:
            half = len(body) // 2 if answer.stall else 0
            handler.wfile.write(body[:half])
            handler.wfile.flush()
            if answer.stall:
                self._closing.wait(answer.stall)
            handler.wfile.write(body[half:])
        if answer.cut is not None:
            handler.close_connection = True


@contextlib.contextmanager
def serving() -> Iterator[Site]:
    """A server for the length of the block."""
    site = Site()
    try:
        yield site
    finally:
        site.close()


def config(cache: Path, **changes: Any) -> NetworkConfig:
    """Settings for tests: short pauses, two retries."""
    settings: dict[str, Any] = {"cache_dir": cache, "retries": 2, "backoff": 0.001, "longest_pause": 0.05}
    return NetworkConfig(**{**settings, **changes})


def entry(name: str, version: str = "1.0", **keys: Any) -> dict[str, Any]:
    """A record with hashes."""
    hashes = {kind: hashlib.new(kind, f"{name}{version}".encode()).hexdigest() for kind in ("md5", "sha256")}
    base = {"name": name, "version": version, "build": "0", "build_number": 0, "depends": []}
    return {**base, "subdir": "linux-64", "size": 10, **hashes, **keys}


def repodata(records: Iterable[Mapping[str, Any]], subdir: str = "linux-64", **keys: Any) -> dict[str, Any]:
    """A repodata object of `.conda` records."""
    packages = {f"{r['name']}-{r['version']}-{r['build']}.conda": {**r, "subdir": subdir} for r in records}
    return {"info": {"subdir": subdir}, "packages": {}, "packages.conda": packages, **keys}


def plain(value: Mapping[str, Any]) -> bytes:
    """JSON bytes."""
    return json.dumps(value).encode()


def zst(data: bytes) -> bytes:
    """Compressed bytes."""
    return zstandard.compress(data, 3)


def read_json(path: Path) -> dict[str, Any]:
    """The object in a fetched file, compressed or not."""
    data = path.read_bytes()
    if path.suffix == ".zst":
        data = zstandard.ZstdDecompressor().decompressobj().decompress(data)
    value = json.loads(data)
    assert isinstance(value, dict)
    return value


def file_names(path: Path) -> set[str]:
    """The `.conda` file names in a fetched file."""
    return set(read_json(path)["packages.conda"])


def put_whole(
    site: Site, records: Mapping[str, Sequence[Mapping[str, Any]]], channel: str = "/ch", *, zstd: bool = True
) -> None:
    """Publish whole repodata: subdir to records."""
    for subdir, entries in records.items():
        data = plain(repodata(entries, subdir))
        site.routes[f"{channel}/{subdir}/repodata.json"] = data
        if zstd:
            site.routes[f"{channel}/{subdir}/repodata.json.zst"] = zst(data)


def shard_bytes(records: Iterable[Mapping[str, Any]], subdir: str = "linux-64", **keys: Any) -> bytes:
    """One shard, with raw hashes as CEP 16 has them."""
    packages = repodata(records, subdir)["packages.conda"]
    for packed in packages.values():
        for kind in ("md5", "sha256"):
            if kind in packed:
                packed[kind] = bytes.fromhex(packed[kind])
    return zst(msgpack.packb({"packages": {}, "packages.conda": packages, "removed": [], **keys}))


def index_bytes(shards: Mapping[str, bytes], subdir: str = "linux-64", **info: Any) -> bytes:
    """A shard index of the given shards."""
    table = {name: hashlib.sha256(data).digest() for name, data in shards.items()}
    info = {"subdir": subdir, "base_url": "", "shards_base_url": "shards/", **info}
    return zst(msgpack.packb({"version": 1, "info": info, "shards": table}))


def put_index(site: Site, shards: Mapping[str, bytes], subdir: str, channel: str = "/ch", **info: Any) -> None:
    """Publish a shard index and its shards."""
    base = f"{channel}/{subdir}"
    site.routes[f"{base}/repodata_shards.msgpack.zst"] = index_bytes(shards, subdir, **info)
    for data in shards.values():
        site.routes[shard_path(data, subdir, channel)] = data


def shard_path(data: bytes, subdir: str = "linux-64", channel: str = "/ch") -> str:
    """Where a shard lies."""
    return f"{channel}/{subdir}/shards/{hashlib.sha256(data).hexdigest()}.msgpack.zst"


def put_shards(
    site: Site, records: Mapping[str, Sequence[Mapping[str, Any]]], channel: str = "/ch", **info: Any
) -> None:
    """Publish sharded repodata: subdir to records."""
    for subdir, entries in records.items():
        names = sorted({r["name"] for r in entries})
        shards = {name: shard_bytes([r for r in entries if r["name"] == name], subdir) for name in names}
        put_index(site, shards, subdir, channel, **info)


def wait_for(condition: Callable[[], bool], seconds: float = 20.0) -> bool:
    """Whether a condition came true in time."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.005)
    return condition()


def put_real_channel(site: Site, folder: Path, channel: str = "/ch") -> dict[str, dict[str, Any]]:
    """Publish the whole files of a channel folder and shards of the same records; return the repodata objects."""
    found: dict[str, dict[str, Any]] = {}
    for subdir in SUBDIRS:
        path = folder / subdir / "repodata.json.zst"
        found[subdir] = read_json(path)
        site.routes[f"{channel}/{subdir}/{path.name}"] = path.read_bytes()
        put_index(site, shards_of(found[subdir]), subdir, channel)
    return found


def shards_of(value: Mapping[str, Any]) -> dict[str, bytes]:
    """Cut a repodata object into shards: by name the records of both sections, hashes raw."""
    by_name: dict[str, dict[str, Any]] = {}
    for section in ("packages", "packages.conda"):
        for fn, record in value.get(section, {}).items():
            raw = {key: bytes.fromhex(text) for key, text in record.items() if key in {"md5", "sha256"} and text}
            shard = by_name.setdefault(record["name"], {"packages": {}, "packages.conda": {}, "removed": []})
            shard[section][fn] = {**record, **raw}
    engine = zstandard.ZstdCompressor(level=9)
    return {name: engine.compress(msgpack.packb(shard)) for name, shard in by_name.items()}


def wanted_names(repodatas: Iterable[Mapping[str, Any]], *roots: str) -> set[str]:
    """Names that requests lead to, found the plain way: over and over, until nothing is new."""
    records = [
        record
        for value in repodatas
        for section in ("packages", "packages.conda")
        for record in value[section].values()
    ]
    reached = set(roots)
    while True:
        new = {spec.split()[0].split("[")[0] for r in records if r["name"] in reached for spec in r["depends"]}
        new = {name.rstrip("<>=!~0123456789.,*") if any(c in name for c in "<>=") else name for name in new}
        if new <= reached:
            return reached
        reached |= new
