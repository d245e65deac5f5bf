"""Is this really repodata? Checked before a downloaded file gets its name in the cache.

The check unpacks a zstd file to its end, in bounded pieces, so that a truncated, damaged or
exploding body is found here, where the address is known and a retry is possible. It looks at the
two ends of the JSON only: its content is the business of the reader in Rust, which gets every
byte anyway.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import IO

import zstandard

from resolvent.network.errors import invalid_repodata

CHUNK = 1 << 20
_MAGIC = b"\x28\xb5\x2f\xfd"
_SKIPPABLE = 0x184D2A50
_RLE = 1
_SPACE = b" \t\r\n"
_BOM = b"\xef\xbb\xbf"
_KEYS = (b'"packages"', b'"packages.conda"', b'"info"', b'"removed"', b'"v3"', b'"repodata_version"')
"""One of these is in everything that is repodata; none is in what servers say in JSON instead of it."""
_LONGEST_KEY = max(map(len, _KEYS))


def looks_like_html(head: bytes, content_type: str) -> bool:
    """Whether a body is a web page: what login walls and single-page sites answer to anything."""
    text = head.removeprefix(_BOM).lstrip(_SPACE)
    if text.startswith((b"{", _MAGIC)):
        return False
    return text.startswith(b"<") or content_type.split(";")[0].strip().lower() == "text/html"


def unpacked(file: IO[bytes], *, limit: int, window: int, url: str) -> Iterator[bytes]:
    """Yield the content of a zstd file in pieces of at most 1 MiB.

    Several frames in a row are one content. At most ``limit`` bytes come out.

    Raises
    ------
    InvalidRepodata
        Damaged, truncated, not zstd at all, or larger than ``limit``.
    """
    reader = zstandard.ZstdDecompressor(max_window_size=window).stream_reader(
        file, read_across_frames=True, closefd=False
    )
    total = 0
    while True:
        problem: str | None = None
        piece = b""
        try:
            piece = reader.read(CHUNK)
        except zstandard.ZstdError as error:
            problem = f"the zstd data is damaged ({error})"
        except MemoryError:
            problem = "the zstd data asks for too much memory"
        if problem is not None:
            raise invalid_repodata(problem, file=url)
        if not piece:
            return
        total += len(piece)
        if total > limit:
            raise invalid_repodata(f"it unpacks to more than {limit} bytes", file=url)
        yield piece


#: A small file may unpack to this many bytes, and so many more for each stored one.
_UNPACKED, _RATIO = 1 << 20, 64


def unpack_bytes(data: bytes, *, limit: int, window: int, url: str) -> bytes:
    """Return the content of one small zstd file in memory; errors as :func:`unpacked`.

    A file that ends inside a frame is an error too, and so is one that unpacks to far more than what is stored: hashes
    do not compress, so honest indices and shards shrink to a fifteenth at most, while a byte of a msgpack bomb becomes
    an object.
    """
    limit = min(limit, _UNPACKED + _RATIO * len(data))
    file = io.BytesIO(data)
    check_frames(file, url=url)
    file.seek(0)
    return b"".join(unpacked(file, limit=limit, window=window, url=url))


def check_frames(file: IO[bytes], *, url: str) -> None:
    """Walk the frames and blocks of a zstd file (RFC 8878, section 3.1) to its exact end.

    The decompressor takes a file that stops inside a frame for a shorter one; this does not. Only
    headers are looked at, one for up to 128 KiB of content.

    Raises
    ------
    InvalidRepodata
        No zstd data, or not all of it.
    """
    size = file.seek(0, 2)
    at = 0
    if size == 0:
        raise invalid_repodata("it is empty", file=url)
    while at < size:
        file.seek(at)
        head = file.read(18)
        magic = int.from_bytes(head[:4], "little")
        if magic & 0xFFFFFFF0 == _SKIPPABLE and len(head) >= 8:
            at += 8 + int.from_bytes(head[4:8], "little")
            continue
        if head[:4] != _MAGIC or len(head) < 5:
            raise invalid_repodata("it is not zstd data", file=url)
        at += _frame_header(head[4])
        last = False
        while not last:
            file.seek(at)
            block = int.from_bytes(file.read(3).ljust(3, b"\1"), "little")
            last = bool(block & 1)
            at += 3 + (1 if block >> 1 & 3 == _RLE else block >> 3)
            if at > size:
                raise invalid_repodata("the zstd data is truncated", file=url)
        at += 4 if head[4] & 4 else 0
    if at != size:
        raise invalid_repodata("the zstd data is truncated", file=url)


def _frame_header(descriptor: int) -> int:
    """Bytes of a frame header: magic, descriptor, window, dictionary id, content size."""
    single = descriptor >> 5 & 1
    flag = descriptor >> 6
    content = (1 << flag) if flag else single
    return 5 + (1 - single) + (0, 1, 2, 4)[descriptor & 3] + content


def check_repodata(file: IO[bytes], *, zstd: bool, limit: int, window: int, url: str) -> None:
    """Check that ``file``, read from its start, is whole and holds one JSON object by its two ends and a known key.

    A zero-byte plain file passes: it counts as ``{}``, which passes too.

    Raises
    ------
    InvalidRepodata
        It does not.
    """
    file.seek(0)
    if zstd:
        check_frames(file, url=url)
        file.seek(0)
        pieces = unpacked(file, limit=limit, window=window, url=url)
    else:
        pieces = iter(lambda: file.read(CHUNK), b"")
    first = b""
    last = b""
    total = 0
    known = False
    tail = b""
    for piece in pieces:
        total += len(piece)
        if not known:
            tail += piece
            known = any(key in tail for key in _KEYS)
            tail = tail[-_LONGEST_KEY:] if total > _LONGEST_KEY else tail
        if not first:
            first = piece.removeprefix(_BOM).lstrip(_SPACE)[:1]
        stripped = piece.rstrip(_SPACE)
        if stripped:
            last = stripped[-1:]
    if total > limit:
        raise invalid_repodata(f"it is larger than {limit} bytes", file=url)
    if total == 0 and not zstd:
        return
    if first != b"{":
        raise invalid_repodata("it does not hold a JSON object", file=url)
    if last != b"}":
        raise invalid_repodata("the JSON ends too early", file=url)
    if not known and tail.removeprefix(_BOM).translate(None, _SPACE + b"{}"):
        raise invalid_repodata("it is JSON, but no repodata", file=url)
