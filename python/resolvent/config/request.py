"""What a configuration adds to a request."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ..arguments import specs_of

if TYPE_CHECKING:
    from ..request import RequestOptions
    from .config import Config

_OFF = frozenset({"false", "no", "off", "none", "0", ""})


def extended(config: Config, asked: RequestOptions) -> RequestOptions:
    """Return a request's keywords with what the configuration says where they say nothing; lists are joined."""
    out: RequestOptions = {**asked}
    pins = config.get("pinned_packages") or ()
    if pins:
        out["pins"] = [*specs_of("pins", asked.get("pins") or ()), *pins]
    if config.get("ignore_pinned"):
        out["ignore_pinned"] = True
    updates = config.get("aggressive_update_packages") or ()
    if updates:
        out["aggressive_updates"] = [*specs_of("aggressive_updates", asked.get("aggressive_updates") or ()), *updates]
    denied = config.get("disallowed_packages") or ()
    if denied:
        reason = f"disallowed_packages in {config.origin('disallowed_packages')}"
        given: Any = asked.get("deny") or ()
        own = dict(given) if isinstance(given, Mapping) else dict.fromkeys(specs_of("deny", given))
        out["deny"] = {**dict.fromkeys(denied, reason), **own}
    priority = config.get("channel_priority")
    if asked.get("channel_priority") is None and priority:
        out["channel_priority"] = priority
    if asked.get("exclude_newer") is None:
        cutoffs = _cutoffs(config)
        if cutoffs:
            out["exclude_newer"] = cutoffs
    return out


def _cutoffs(config: Config) -> dict[str, Any]:
    """Return the cut-offs: of everything, of packages, of channels; as conda's `exclude_newer` policy has them."""
    found: dict[str, Any] = {}
    general = config.get("exclude_newer")
    if general and general.lower() not in _OFF:
        found["*"] = _moment(general)
    packages = {
        name: _moment(value) for name, value in config.get("exclude_newer_package", {}).items() if value is not None
    }
    channels = {}
    for settings in config.get("channel_settings") or ():
        value = settings.get("exclude_newer", settings.get("exclude-newer"))
        if settings.get("channel") and value is not None:
            channels[str(settings["channel"])] = _moment(str(value))
    if packages:
        found["packages"] = packages
    if channels:
        found["channels"] = channels
    return found


def _moment(value: str) -> Any:
    """Return a cut-off as `solve` takes it: None for "none", a time for conda's plain number of seconds."""
    text = value.strip()
    if text.lower() in _OFF and text != "0":
        return None
    if text.isdecimal():
        # An age here, where elsewhere a number is a time.
        return max(0, int(time.time()) - int(text))
    return text
