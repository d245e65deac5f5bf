"""Errors of the network layer.

The common exceptions live in the compiled extension, because the readers there raise them too.
They are imported from it, so that one ``except ResolventError`` catches every failure.

No error carries a secret: every text that may hold a URL passes through
:func:`resolvent.network.redact.redact`, and the errors of the HTTP library, which hold the whole
request with its headers, are never chained.
"""

from __future__ import annotations

from typing import Literal

from resolvent._core import ChannelNotFound, InvalidRepodata, ResolventError
from resolvent.network.redact import redact

NetworkErrorKind = Literal[
    "cache",
    "connection",
    "offline",
    "proxy",
    "redirect",
    "status",
    "timeout",
    "tls",
    "too-large",
    "truncated",
    "unauthorized",
    "url",
]
"""What went wrong, as one word that a program can test."""


class NetworkError(ResolventError):
    """A download that failed, or that may not be tried because the caller is offline.

    Attributes
    ----------
    kind
        What went wrong, see :data:`NetworkErrorKind`.
    url
        The address without credentials, or ``None`` when no single one is to blame.
    status
        The HTTP status code, or ``None`` when no answer came.
    """

    kind: NetworkErrorKind
    url: str | None
    status: int | None

    def __init__(
        self,
        message: str,
        *,
        kind: NetworkErrorKind,
        url: str | None = None,
        status: int | None = None,
    ) -> None:
        super().__init__(redact(message))
        self.kind = kind
        self.url = None if url is None else redact(url)
        self.status = status


class Unreachable(NetworkError):
    """No connection could be made, so that no other file of this server can be had either."""


def is_final(error: NetworkError | InvalidRepodata) -> bool:
    """Whether there is no use in asking for another form of a file that could not be had."""
    if not isinstance(error, NetworkError):
        return False
    return isinstance(error, Unreachable) or error.kind in {"cache", "offline", "proxy", "tls"}


def is_offline(error: NetworkError | InvalidRepodata) -> bool:
    """Whether a file is just not in the cache while no connection may be opened."""
    return isinstance(error, NetworkError) and error.kind == "offline"


def invalid_repodata(message: str, *, file: str, field: str | None = None) -> InvalidRepodata:
    """Build an ``InvalidRepodata`` whose ``file`` and ``field`` name the culprit, without secrets."""
    shown = redact(file)
    error = InvalidRepodata(f"{shown}: {redact(message)}")
    error.file = shown
    error.field = field
    return error


__all__ = [
    "ChannelNotFound",
    "InvalidRepodata",
    "NetworkError",
    "NetworkErrorKind",
    "ResolventError",
    "invalid_repodata",
]
