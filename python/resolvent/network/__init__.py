"""Repodata from the network: whole files and shards, cached, verified, private channels too.

The one call is :func:`fetch_channels` (:func:`fetch_channel` for a single one). It turns channel
names and addresses into local files that were checked to be whole; reading their records is the
core's business.
"""

from __future__ import annotations

from resolvent.network.config import DEFAULT_ALIAS, Limits, NetworkConfig
from resolvent.network.errors import (
    ChannelNotFound,
    InvalidRepodata,
    NetworkError,
    NetworkErrorKind,
    ResolventError,
)
from resolvent.network.fetch import FetchedSubdir, fetch_channel, fetch_channels
from resolvent.network.locate import ChannelLocation, is_network_source, locate
from resolvent.network.redact import redact
from resolvent.progress import Progress, ProgressCallback

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
