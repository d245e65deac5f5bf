"""conda's rules for one key in several places.

A value: the strongest place wins, unless a weaker one says `#!final`. A list: the strongest place's elements come
first, then the others'; elements with `#!top` before all and with `#!bottom` behind all; nothing of places that are
stronger than one that says `#!final`. A mapping: each of its keys is merged like that by itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from .sources import Item


class Found(NamedTuple):
    """A value and the place that it comes from."""

    item: Item
    source: str


class Merged(NamedTuple):
    """What is left: text, None, a tuple or a mapping, and the places that it comes from, one a part."""

    value: Any
    sources: tuple[str, ...]


def merge(found: Sequence[Found], shape: str) -> Merged:
    """Merge what places say, the weakest place first."""
    kept = _up_to_the_final(found)
    if shape in {"list", "list of maps"}:
        return _lists([one for one in kept if one.item.value is not None])
    if shape in {"map", "map of lists"}:
        return _maps([one for one in kept if one.item.value is not None], shape)
    chosen = next((one for one in found if one.item.flag == "final"), found[-1])
    return Merged(chosen.item.value, (chosen.source,))


def _up_to_the_final(found: Sequence[Found]) -> Sequence[Found]:
    for at, one in enumerate(found):
        if one.item.flag == "final":
            return found[: at + 1]
    return found


def _lists(found: Sequence[Found]) -> Merged:
    lines = [[Found(element, one.source) for element in one.item.value] for one in found]

    def marked(flag: str, places: Sequence[list[Found]]) -> list[Found]:
        return [line for place in places for line in place if line.item.flag == flag]

    strongest_first = lines[::-1]
    ordered = _unique([*marked("top", lines), *(line for place in strongest_first for line in place)])
    backwards = _unique([*reversed(marked("bottom", strongest_first)), *reversed(ordered)])
    result = backwards[::-1]
    return Merged(tuple(plain(line.item) for line in result), tuple(line.source for line in result))


def _maps(found: Sequence[Found], shape: str) -> Merged:
    grouped: dict[str, list[Found]] = {}
    final: dict[str, Found] = {}
    for one in found:
        for key, item in one.item.value.items():
            grouped.setdefault(key, []).append(Found(item, one.source))
            if item.flag == "final":
                final.setdefault(key, Found(item, one.source))
    inner = "list" if shape == "map of lists" else "value"
    merged = {key: merge([final[key]] if key in final else group, inner) for key, group in grouped.items()}
    value = {key: one.value for key, one in merged.items()}
    return Merged(value, tuple(dict.fromkeys(source for one in merged.values() for source in one.sources)))


def _unique(lines: Sequence[Found]) -> list[Found]:
    seen: set[str] = set()
    kept = []
    for line in lines:
        text = repr(plain(line.item))
        if text not in seen:
            seen.add(text)
            kept.append(line)
    return kept


def plain(item: Item) -> Any:
    """Return an item's value without flags."""
    if isinstance(item.value, tuple):
        return tuple(plain(one) for one in item.value)
    if isinstance(item.value, dict):
        return {key: plain(one) for key, one in item.value.items()}
    return item.value
