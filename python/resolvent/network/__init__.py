"""Repodata from the network: whole files and shards, cached, verified, private channels too.

The one call is :func:`fetch_channels` (:func:`fetch_channel` for a single one). It turns channel
names and addresses into local files that were checked to be whole; reading their records is the
core's business.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from resolvent.network.config import DEFAULT_ALIAS, Limits, NetworkConfig
from resolvent.network.errors import (
    ChannelNotFound,
    InvalidRepodata,
    NetworkError,
    NetworkErrorKind,
    ResolventError,
)
from resolvent.network.locate import ChannelLocation, is_network_source, locate
from resolvent.network.redact import redact
from resolvent.progress import Progress, ProgressCallback

if TYPE_CHECKING:
    from resolvent.network.fetch import FetchedSubdir, fetch_channel, fetch_channels

__all__ = [
    "DEFAULT_ALIAS",
    "ChannelLocation",
    "ChannelNotFound",
    "FetchedSubdir",
    "InvalidRepodata",
    "Limits",
    "NetworkConfig",
    "NetworkError",
    "NetworkErrorKind",
    "Progress",
    "ProgressCallback",
    "ResolventError",
    "fetch_channel",
    "fetch_channels",
    "is_network_source",
    "locate",
    "redact",
]


def __getattr__(name: str) -> Any:
    """Import what downloads when it is asked for: masking a message, say, needs no HTTP."""
    if name in {"FetchedSubdir", "fetch_channel", "fetch_channels"}:
        from resolvent.network import fetch

        return getattr(fetch, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
