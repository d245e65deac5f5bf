"""What a configuration says about downloads, as the settings of the network layer."""

from __future__ import annotations

import dataclasses
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..network import NetworkConfig

if TYPE_CHECKING:
    from .config import Config

#: Key, and the setting that it gives as it is.
_SAME = {
    "offline": "offline",
    "remote_connect_timeout_secs": "connect_timeout",
    "remote_read_timeout_secs": "read_timeout",
    "remote_max_retries": "retries",
    "remote_backoff_factor": "backoff",
    "repodata_use_zst": "use_zst",
    "repodata_use_shards": "use_shards",
}


def network_config(config: Config, base: NetworkConfig | None = None) -> NetworkConfig:
    """Return settings: a base, changed by the configuration, changed by the variables `RESOLVENT_…`."""
    changes: dict[str, Any] = {
        setting: config.get(key) for key, setting in _SAME.items() if config.get(key) is not None
    }
    alias = config.get("channel_alias")
    if alias and alias.lower().startswith(("http://", "https://")):
        changes["channel_alias"] = alias.rstrip("/")
    threads = config.get("repodata_threads") or config.get("default_threads")
    if threads:
        changes["concurrency"] = threads
    ttl = config.get("local_repodata_ttl")
    if ttl is not None and ttl is not True and ttl != 1:
        changes["ttl"] = int(ttl)
    verify = config.get("ssl_verify")
    if verify is False:
        changes["verify_tls"] = False
    elif verify == "truststore":
        changes["system_certificates"] = True
    elif isinstance(verify, str):
        changes["ca_bundle"] = Path(verify).expanduser()
        changes["ca_source"] = f"ssl_verify in {config.origin('ssl_verify')}"
    certificate, key = config.get("client_ssl_cert"), config.get("client_ssl_cert_key")
    if certificate:
        changes["client_certificate"] = (Path(certificate).expanduser(), Path(key).expanduser() if key else None)
    proxies = config.get("proxy_servers") or {}
    changes["proxies"] = tuple((scheme, value) for scheme, value in proxies.items() if value)
    changes["no_proxy"] = tuple(config.get("no_proxy") or ())
    changes["mirrors"] = tuple((start, tuple(places)) for start, places in (config.get("mirrors") or {}).items())
    start = NetworkConfig() if base is None else base
    made = dataclasses.replace(start, **changes)
    # What the variables of this package say is stronger; they differ from its defaults.
    own, usual = NetworkConfig.from_environment(os.environ), NetworkConfig()
    names = ("cache_dir", "channel_alias", "offline", "ca_bundle")
    stronger: dict[str, Any] = {
        name: getattr(own, name) for name in names if getattr(own, name) != getattr(usual, name)
    }
    if "ca_bundle" in stronger:
        stronger["ca_source"] = usual.ca_source
    return dataclasses.replace(made, **stronger)
