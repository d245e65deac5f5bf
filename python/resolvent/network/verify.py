"""Is this really repodata? Checked before a downloaded file gets its name in the cache.

The check unpacks a zstd file to its end, in bounded pieces, so that a truncated, damaged or
exploding body is found here, where the address is known and a retry is possible. It looks at the
two ends of the JSON only: its content is the business of the reader in Rust, which gets every
byte anyway.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import IO

import zstandard

from resolvent.network.errors import invalid_repodata

CHUNK = 1 << 20
_SPACE = b" \t\r\n"
_BOM = b"\xef\xbb\xbf"


def looks_like_html(head: bytes, content_type: str) -> bool:
    """Whether a body is a web page: what login walls and single-page sites answer to anything."""
    text = head.removeprefix(_BOM).lstrip(_SPACE)
    if text.startswith((b"{", b"\x28\xb5\x2f\xfd")):
        return False
    return text.startswith(b"<") or content_type.split(";")[0].strip().lower() == "text/html"


def unpacked(file: IO[bytes], *, limit: int, window: int, url: str) -> Iterator[bytes]:
    """Yield the content of a zstd file in pieces of at most 1 MiB.

    Several frames in a row are one content. At most ``limit`` bytes come out.

    Raises:
        InvalidRepodata: damaged, truncated, not zstd at all, or larger than ``limit``.
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


def unpack_bytes(data: bytes, *, limit: int, window: int, url: str) -> bytes:
    """The content of one small zstd file in memory; errors as :func:`unpacked`.

    A file that ends inside a frame is an error too.
    """
    import io

    check_complete(data, url=url)
    return b"".join(unpacked(io.BytesIO(data), limit=limit, window=window, url=url))


def check_complete(data: bytes, *, url: str) -> None:
    """Raise ``InvalidRepodata`` unless ``data`` begins like a zstd file."""
    if not data.startswith(b"\x28\xb5\x2f\xfd"):
        raise invalid_repodata("it is not zstd data", file=url)


def check_repodata(file: IO[bytes], *, zstd: bool, limit: int, window: int, url: str) -> None:
    """Check that ``file``, read from its start, is whole and holds one JSON object by its two ends.

    A zero-byte plain file passes: it counts as ``{}``.

    Raises:
        InvalidRepodata: it does not.
    """
    file.seek(0)
    if zstd:
        check_complete(file.read(4), url=url)
        file.seek(0)
        pieces = unpacked(file, limit=limit, window=window, url=url)
    else:
        pieces = iter(lambda: file.read(CHUNK), b"")
    first = b""
    last = b""
    total = 0
    for piece in pieces:
        total += len(piece)
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
