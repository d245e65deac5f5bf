"""From channels as a configuration names them to sources: multichannels, custom channels, `defaults`, the alias."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from .._core import Channel, ChannelNotFound, ResolventError
from ..channels import ChannelSource, LocalSource, NetworkSource, parse_source
from ..subdirs import without_subdir

if TYPE_CHECKING:
    from .config import Config

_WEB = ("http://", "https://")


def sources(config: Config, names: Sequence[ChannelSource]) -> list[ChannelSource]:
    """Return what channels stand for, each once; `nodefaults` stands for nothing.

    Raises
    ------
    ChannelNotFound
        If the configuration forbids one of them.
    """
    found = [source for name in names for source in _expanded(config, name)]
    kept = list(dict.fromkeys(found))
    _check(config, kept)
    return kept


def _expanded(config: Config, name: ChannelSource) -> list[ChannelSource]:
    if not isinstance(name, str) or not _is_plain(name):
        return [name]
    plain = without_subdir(name.strip())
    if plain == "nodefaults":
        return []
    multi: Mapping[str, Sequence[str]] = config.get("custom_multichannels") or {}
    members = multi.get(plain)
    if members is None and plain == "defaults":
        members = config.get("default_channels")
    if members is not None:
        return [_named(plain, place) for member in members for place in _single(config, member)]
    return _single(config, name)


def _single(config: Config, name: str) -> list[ChannelSource]:
    """Return what one channel stands for, a member of a multichannel, say."""
    if not _is_plain(name):
        return [name]
    plain = without_subdir(name.strip())
    custom: Mapping[str, str] = config.get("custom_channels") or {}
    parts = plain.split("/")
    for count in range(len(parts), 0, -1):
        place = custom.get("/".join(parts[:count]))
        if place:
            return [_named(plain, f"{place.rstrip('/')}/{plain}")]
    alias = config.get("channel_alias")
    if alias and not alias.lower().startswith(_WEB):
        return [_named(plain, f"{alias.rstrip('/')}/{plain}")]
    return [name]


def _named(name: str, place: ChannelSource) -> ChannelSource:
    """Return a place whose channel is called by a name."""
    source = parse_source(place)
    if isinstance(source, LocalSource):
        return LocalSource(name, source.folder, is_copy=False)
    return NetworkSource(name, source.location, is_copy=False) if isinstance(source, NetworkSource) else source


def _is_plain(text: str) -> bool:
    """Whether a text is a channel's name, rather than a place or a copy."""
    source = parse_source(text)
    return isinstance(source, NetworkSource) and source.name is None and "://" not in source.location


def _check(config: Config, found: Sequence[ChannelSource]) -> None:
    """Refuse channels that the configuration does not allow, as conda does: the denial is stronger."""
    allowed, denied = config.get("allowlist_channels") or (), config.get("denylist_channels") or ()
    if not (allowed or denied):
        return
    rules = {"allowed": _addresses(config, allowed), "denied": _addresses(config, denied)}
    for source in found:
        for address in _addresses(config, [source]):
            key = ""
            if address in rules["denied"]:
                key = "denylist_channels"
            elif allowed and address not in rules["allowed"]:
                key = "allowlist_channels"
            if key:
                raise ChannelNotFound(f"channel {address} is not allowed by {key} in {config.origin(key)}")


def _addresses(config: Config, names: Sequence[Any]) -> set[str]:
    """Return the base URLs of channels."""
    from ..network.locate import locate

    found: set[str] = set()
    for name in names:
        for one in _expanded(config, name):
            source = parse_source(one)
            if not isinstance(source, NetworkSource):
                found.add(Channel(source.folder).base_url if isinstance(source, LocalSource) else source.url)
                continue
            try:
                located = locate(source.location, config.network().channel_alias)
            except ResolventError:
                continue
            found.update(place.base_url for place in located)
    return found
