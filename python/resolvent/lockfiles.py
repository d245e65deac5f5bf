"""Lock files: a solution written down so that an installer needs no solver.

The one format so far is the *explicit* file of CEP 23: the line `@EXPLICIT`, then one archive URL a line, in link
order, each with its hash after `#`. conda, mamba, micromamba and pixi create environments from it. The hash is the
MD5 where the channel gives one, since every reader knows that form, and else the SHA-256 as `sha256:…`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from urllib.parse import quote

from ._core import PackageRecord
from .platforms import target_platform

_HEX = re.compile(r"[0-9A-Fa-f]+")


def explicit_line(record: PackageRecord) -> str:
    """Return the line of one record: its URL and, if the channel tells one, a hash.

    What a record says becomes part of one line and of no other one: in the URL, characters that would end it are
    percent-encoded; what is no hash is no hash.
    """
    url = "".join(char if _is_of_urls(char) else quote(char) for char in record.url)
    if _is_hash(record.md5, 32):
        return f"{url}#{record.md5}"
    if _is_hash(record.sha256, 64):
        return f"{url}#sha256:{record.sha256}"
    return url


def _is_of_urls(char: str) -> bool:
    """Whether a character neither ends a URL nor a line, nor begins the hash."""
    return char.isprintable() and not char.isspace() and char != "#"


def _is_hash(text: str | None, digits: int) -> bool:
    return text is not None and len(text) == digits and _HEX.fullmatch(text) is not None


def explicit(records: Iterable[PackageRecord], platform: str) -> str:
    """Return the text of an `@EXPLICIT` file.

    Parameters
    ----------
    records
        What to link, in link order.
    platform
        The target, written as a comment that conda checks.
    """
    head = [
        "# This file creates an environment without a solver:",
        "#   conda create --name NAME --file THIS_FILE",
        f"# platform: {target_platform(platform)}",
        "@EXPLICIT",
    ]
    return "\n".join([*head, *map(explicit_line, records), ""])
