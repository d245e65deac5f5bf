"""What a cold solve from shards fetches, against the whole repodata of the same channel.

    python benches/shards.py                                        the shared conda-forge
    python benches/shards.py --channel OUT/channels/conda-forge     a deepened or generated one

The channel is cut into shards (CEP 16), which a server on the loopback interface hands out. Each request is solved by
`resolvent.solve` with an empty cache, and its answer compared with the one that the channel's folder gives. Bytes are
those of the bodies that the server sent. *floor* is what no client can do without: the shard indices, 32 bytes a name
that nothing compresses, and the shards of the names in the answer.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import msgpack
import zstandard

from sources import Json, open_text, repodata_file, shared_folder

REQUESTS = ("python", "numpy", "pandas scipy", "r-base")
FACTS = ("__glibc 2.28", "__linux 5.10", "__unix 0", "__archspec 1 x86_64")
SECTIONS = ("packages", "packages.conda")


class Files:
    """What the server has, and how many bytes of it were asked for."""

    def __init__(self) -> None:
        self.bodies: dict[str, bytes] = {}
        self.sent = 0
        self.requests = 0
        self._lock = threading.Lock()

    def get(self, path: str) -> bytes | None:
        """Return a body, and count it."""
        body = self.bodies.get(path)
        with self._lock:
            self.requests += 1
            self.sent += len(body or b"")
        return body

    def reset(self) -> None:
        """Count from zero."""
        self.sent = self.requests = 0


@contextmanager
def serving(files: Files) -> Iterator[str]:
    """Serve on the loopback interface; gives the address."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            body = files.get(self.path)
            self.send_response(404 if body is None else 200)
            self.send_header("Content-Length", str(len(body or b"")))
            self.end_headers()
            self.wfile.write(body or b"")

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()


def publish(folder: Path, subdir: str, files: Files, level: int) -> tuple[int, int, dict[str, int]]:
    """Put a subdir on the server; return the bytes of its whole repodata, of its shard index, and of each shard."""
    file = repodata_file(folder, subdir)
    if file is None:
        return 0, 0, {}
    with open_text(file) as text:
        data = json.load(text)
    packed = folder / subdir / "repodata.json.zst"
    engine = zstandard.ZstdCompressor(level=level)
    whole = packed.read_bytes() if packed.is_file() else engine.compress(json.dumps(data).encode())
    by_name: dict[str, Json] = {}
    for section in SECTIONS:
        for fn, record in (data.get(section) or {}).items():
            for key in ("md5", "sha256"):
                if record.get(key):
                    record[key] = bytes.fromhex(record[key])
            shard = by_name.setdefault(record["name"], {"packages": {}, "packages.conda": {}, "removed": []})
            shard[section][fn] = record
    table, sizes = {}, {}
    for name, shard in sorted(by_name.items()):
        body = engine.compress(msgpack.packb(shard))
        digest = hashlib.sha256(body)
        table[name], sizes[name] = digest.digest(), len(body)
        files.bodies[f"/ch/{subdir}/shards/{digest.hexdigest()}.msgpack.zst"] = body
    info = {"subdir": subdir, "base_url": "", "shards_base_url": "shards/"}
    index = engine.compress(msgpack.packb({"version": 1, "info": info, "shards": table}))
    files.bodies[f"/ch/{subdir}/repodata_shards.msgpack.zst"] = index
    files.bodies[f"/ch/{subdir}/repodata.json.zst"] = whole
    return len(whole), len(index), sizes


def main() -> None:
    """Read the options, publish, solve, report."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--channel", type=Path, help="the channel's folder; default: the shared conda-forge")
    parser.add_argument("--platform", default="linux-64")
    parser.add_argument("--request", action="append", help="specs, separated by commas or blanks; may be repeated")
    parser.add_argument("--level", type=int, default=19, help="zstd level of indices and shards")
    parser.add_argument("--json", type=Path, help="write the figures to this file")
    options = parser.parse_args()
    import resolvent

    folder = options.channel or shared_folder() / "data" / "channels" / "conda-forge"
    files = Files()
    parts = [publish(folder, subdir, files, options.level) for subdir in (options.platform, "noarch")]
    whole, index = sum(part[0] for part in parts), sum(part[1] for part in parts)
    print(f"whole repodata.json.zst: {whole:,} bytes; shard indices: {index:,} bytes, {index / whole:.2%}")
    print(f"{'request':24} {'fetched':>12} {'share':>7} {'floor':>7} {'requests':>8} {'seconds':>8}  same answer")
    rows: list[Json] = []
    local = resolvent.load_index(f"conda-forge={folder}", platform=options.platform)
    with serving(files) as address:
        for text in options.request or REQUESTS:
            specs = text.replace(",", " ").split()
            files.reset()
            with tempfile.TemporaryDirectory() as cache:
                begin = time.perf_counter()
                found = solve_with_cache(specs, f"conda-forge={address}/ch", options.platform, cache)
                seconds = time.perf_counter() - begin
            expected = resolvent.solve(specs, index=local, virtual_packages=list(FACTS))
            same = [one.url for one in found.records] == [one.url for one in expected.records]
            floor = index + sum(part[2].get(one.name, 0) for part in parts for one in expected.records)
            row = {"request": text, "fetched": files.sent, "share": files.sent / whole, "floor": floor / whole}
            rows.append({**row, "requests": files.requests, "seconds": seconds, "same": same})
            cells = f"{files.sent:12,} {row['share']:7.2%} {row['floor']:7.2%} {files.requests:8} {seconds:8.2f}"
            print(f"{text:24} {cells}  {'yes' if same else 'NO'}", flush=True)
    if options.json:
        facts = {"channel": folder.name, "whole": whole, "index": index, "rows": rows}
        options.json.write_text(json.dumps(facts, indent=1) + "\n", encoding="utf-8")
    if not all(row["same"] for row in rows):
        raise SystemExit("an answer differs from that of the whole channel")


def solve_with_cache(specs: list[str], channel: str, platform: str, cache: str) -> Any:
    """Solve with a cache folder of one's own."""
    import os

    import resolvent

    before = os.environ.get("RESOLVENT_CACHE_DIR")
    os.environ["RESOLVENT_CACHE_DIR"] = cache
    try:
        return resolvent.solve(specs, channels=channel, platform=platform, virtual_packages=list(FACTS))
    finally:
        if before is None:
            del os.environ["RESOLVENT_CACHE_DIR"]
        else:
            os.environ["RESOLVENT_CACHE_DIR"] = before


if __name__ == "__main__":
    main()
