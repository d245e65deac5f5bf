"""Lock files: a solution written down so that an installer needs no solver.

The one format so far is the *explicit* file of CEP 23: the line `@EXPLICIT`, then one archive URL a line, in link
order, each with its hash after `#`. conda, mamba, micromamba and pixi create environments from it. The hash is the
MD5 where the channel gives one, since every reader knows that form, and else the SHA-256 as `sha256:…`.
"""

from __future__ import annotations

from collections.abc import Iterable

from ._core import PackageRecord


def explicit_line(record: PackageRecord) -> str:
    """Return the line of one record: its URL and, if the channel tells one, a hash."""
    if record.md5:
        return f"{record.url}#{record.md5}"
    if record.sha256:
        return f"{record.url}#sha256:{record.sha256}"
    return record.url


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
        f"# platform: {platform}",
        "@EXPLICIT",
    ]
    return "\n".join([*head, *map(explicit_line, records), ""])
