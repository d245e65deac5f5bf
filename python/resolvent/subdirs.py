"""What may stand at the end of a channel's address and is no part of it: a subdir, a file of repodata."""

from __future__ import annotations

import re

_SUBDIR = re.compile(r"(?:noarch|[a-z0-9]+-[a-z0-9_]+)\Z")
#: CEP 26 allows any word-word; a channel may well be called so, thus only known systems count.
_SYSTEMS = frozenset({"emscripten", "freebsd", "linux", "osx", "wasi", "win", "zos"})
_REPODATA = re.compile(
    r"(?:(?:current_)?repodata(?:_from_packages)?\.json(?:\.zst|\.bz2)?|repodata_shards\.msgpack\.zst)\Z"
)


def is_subdir(text: str) -> bool:
    """Whether a component of an address is a subdir, such as `linux-64` or `noarch`."""
    return bool(_SUBDIR.match(text)) and (text == "noarch" or text.partition("-")[0] in _SYSTEMS)


def is_repodata(text: str) -> bool:
    """Whether a component of an address is a file that lies in a subdir and lists its packages."""
    return bool(_REPODATA.match(text))


def without_subdir(text: str) -> str:
    """Return a channel's name or address without slashes, a subdir and a file of repodata at its end."""
    text = text.rstrip("/")
    head, slash, last = text.rpartition("/")
    if slash and is_repodata(last) and is_subdir(head.rstrip("/").rpartition("/")[2]):
        text = head.rstrip("/")
        head, slash, last = text.rpartition("/")
    return head.rstrip("/") if slash and is_subdir(last) and head.rstrip("/") and not head.endswith("//") else text
