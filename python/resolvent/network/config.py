"""Settings of the network layer: one frozen object, handed down, never global."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from resolvent.cache_paths import cache_root

DEFAULT_ALIAS = "https://conda.anaconda.org"
"""Where a bare channel name is looked up (conda's ``channel_alias``)."""

MIB = 1 << 20
GIB = 1 << 30


@dataclass(frozen=True)
class Limits:
    """Upper bounds, in bytes, on what a server may make this process store or unpack."""

    download: int = 2 * GIB
    """One file as it comes over the wire."""
    repodata: int = 8 * GIB
    """One ``repodata.json`` after decompression."""
    shard_index: int = 256 * MIB
    """One shard index after decompression."""
    shard_download: int = 64 * MIB
    """One shard as it comes over the wire."""
    shard: int = 512 * MIB
    """One shard after decompression."""
    zstd_window: int = 1 << 27
    """The largest window of a zstd frame: what decompression may hold in memory at once."""


@dataclass(frozen=True)
class NetworkConfig:
    """How channels are fetched. The defaults suit a person at a terminal.

    Proxies come from the usual environment variables (``HTTPS_PROXY``, ``NO_PROXY``, ...), and so
    do ``SSL_CERT_FILE`` and ``SSL_CERT_DIR``; see ``resolvent.network.proxies`` and ``.tls``.
    """

    cache_dir: Path | None = None
    """Root of the cache; ``None`` means ``RESOLVENT_CACHE_DIR`` or the platform's place for caches."""
    channel_alias: str = DEFAULT_ALIAS
    """Base of bare channel names."""
    offline: bool = False
    """Never open a connection; use the cache, whatever its age."""
    ttl: int | None = None
    """Seconds for which a cached file is used unasked; ``None`` follows Cache-Control, 0 asks always."""
    use_shards: bool = True
    """Prefer sharded repodata where the channel has it; else neither the shard index nor a shard is asked for."""
    use_zst: bool = True
    """Prefer ``repodata.json.zst`` where the channel has it; else it is never asked for."""
    concurrency: int = 16
    """Downloads at the same time."""
    connect_timeout: float = 15.0
    """Seconds until a connection must stand."""
    read_timeout: float = 60.0
    """Seconds without a byte after which an attempt has failed."""
    low_speed: int = 1000
    """Bytes a second, averaged over ``read_timeout``, below which an attempt has failed; 0 is off."""
    retries: int = 3
    """Further attempts after the first one failed in a way that may pass."""
    backoff: float = 0.5
    """Seconds; the longest first pause between attempts. It doubles each time, with jitter."""
    longest_pause: float = 60.0
    """Seconds; bound of every pause, also of one that the server asks for."""
    redirects: int = 10
    """Redirects followed for one request."""
    verify_tls: bool = True
    """Check the server's certificate."""
    ca_bundle: Path | None = None
    """Certificates to trust instead of the usual ones, a file or a folder."""
    ca_source: str = "RESOLVENT_CA_BUNDLE"
    """The setting that named ``ca_bundle``, for messages."""
    system_certificates: bool = False
    """Trust what the operating system trusts."""
    client_certificate: tuple[Path, Path | None] | None = None
    """A certificate to show to servers, and its key if that is another file."""
    proxies: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    """Pairs of scheme (``http``, ``https``, ``all``) or scheme and host, and proxy; the environment's come first."""
    no_proxy: tuple[str, ...] = ()
    """Hosts and ranges without a proxy, in addition to the environment's."""
    mirrors: tuple[tuple[str, tuple[str, ...]], ...] = field(default=(), repr=False)
    """Pairs of the start of an address, and what is asked in its place, in order; the longest start counts."""
    user_agent: str = "resolvent"
    """The User-Agent header."""
    limits: Limits = field(default_factory=Limits)
    """Protection against endless or exploding bodies."""

    @classmethod
    def from_environment(cls, environ: Mapping[str, str] | None = None) -> NetworkConfig:
        """Return the defaults as changed by environment variables.

        ``RESOLVENT_CACHE_DIR``, ``RESOLVENT_CHANNEL_ALIAS``, ``RESOLVENT_OFFLINE`` (1, true, yes
        or on) and ``RESOLVENT_CA_BUNDLE``.
        """
        env = os.environ if environ is None else environ
        config = cls()
        if env.get("RESOLVENT_CACHE_DIR"):
            config = replace(config, cache_dir=Path(env["RESOLVENT_CACHE_DIR"]).expanduser())
        if env.get("RESOLVENT_CHANNEL_ALIAS"):
            config = replace(config, channel_alias=env["RESOLVENT_CHANNEL_ALIAS"])
        if env.get("RESOLVENT_OFFLINE", "").strip().lower() in {"1", "true", "yes", "on"}:
            config = replace(config, offline=True)
        if env.get("RESOLVENT_CA_BUNDLE"):
            config = replace(config, ca_bundle=Path(env["RESOLVENT_CA_BUNDLE"]).expanduser())
        return config

    def cache_root(self) -> Path:
        """Return the folder of the cache. It need not exist yet."""
        if self.cache_dir is not None:
            return self.cache_dir
        return Path(cache_root())
