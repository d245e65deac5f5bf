"""What pixi's and rattler's `config.toml` say about the network: mirrors, proxies, and a few switches."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

#: Keys that are obeyed, with both spellings; the rest of those files is about other things than the network.
_KNOWN = frozenset({"mirrors", "proxy-config", "default-channels", "tls-no-verify", "offline", "repodata-config"})


def read(path: Path) -> tuple[dict[str, Any], list[str]]:
    """Return what a file says, in the names of the keys of this package, and warnings."""
    if sys.version_info >= (3, 11):
        import tomllib
    else:
        import tomli as tomllib
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        return {}, [f"{path} is ignored: {error.strerror}"]
    except (ValueError, RecursionError):
        return {}, [f"{path} is ignored: it is not TOML"]
    said = {key.replace("_", "-"): value for key, value in raw.items()}
    wrong: list[str] = []
    values: dict[str, Any] = {}

    def take(name: str, value: object, kind: type, key: str) -> None:
        if isinstance(value, kind):
            values[key] = value
        elif value is not None:
            wrong.append(name)

    take("default-channels", _strings(said.get("default-channels")), tuple, "pixi_channels")
    take("offline", said.get("offline"), bool, "offline")
    if isinstance(said.get("tls-no-verify"), bool):
        values["ssl_verify"] = not said["tls-no-verify"]
    proxy = _table(said.get("proxy-config"))
    servers = {scheme: proxy[scheme] for scheme in ("http", "https") if isinstance(proxy.get(scheme), str)}
    take("proxy-config", servers or None, dict, "proxy_servers")
    take("proxy-config", _strings(proxy.get("non-proxy-hosts")), tuple, "no_proxy")
    repodata = _table(said.get("repodata-config"))
    for name, key in (("disable-zstd", "repodata_use_zst"), ("disable-sharded", "repodata_use_shards")):
        if isinstance(repodata.get(name), bool):
            values[key] = not repodata[name]
    mirrors: dict[str, tuple[str, ...]] = {}
    other = 0
    for start, given in _table(said.get("mirrors"), keep_names=True).items():
        all_places = _strings(given) or ()
        usable = tuple(place for place in all_places if place.lower().startswith(("http://", "https://")))
        other += len(all_places) - len(usable)
        if usable:
            mirrors[start] = usable
    take("mirrors", mirrors or None, dict, "mirrors")
    warnings = [f"{path}: {other} mirror(s) that are no http addresses are ignored"] if other else []
    warnings += [f"{path}: {name} has another type than expected and is ignored" for name in dict.fromkeys(wrong)]
    return values, warnings


def unsupported(path: Path) -> list[str]:
    """Return the keys of a file that are not obeyed."""
    if sys.version_info >= (3, 11):
        import tomllib
    else:
        import tomli as tomllib
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return []
    return sorted(key for key in raw if key.replace("_", "-") not in _KNOWN)


def _strings(value: object) -> tuple[str, ...] | None:
    texts = value if isinstance(value, list) else None
    return tuple(texts) if texts is not None and all(isinstance(text, str) for text in texts) else None


def _table(value: object, *, keep_names: bool = False) -> dict[str, Any]:
    if not isinstance(value, dict):
        return {}
    return dict(value) if keep_names else {key.replace("_", "-"): one for key, one in value.items()}
