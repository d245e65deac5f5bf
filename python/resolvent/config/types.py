"""Texts of configuration as the types of their keys, as conda reads them."""

from __future__ import annotations

from typing import Any

from .._core import ResolventError
from .keys import Key

_TRUE = frozenset({"true", "yes", "on", "y", "1"})
_FALSE = frozenset({"false", "no", "off", "n", "non", "none", "0", ""})
PRIORITIES = ("strict", "flexible", "disabled")


class ConfigError(ResolventError):
    """A key of a configuration has a value of the wrong type; the message names the file and the key."""


def typed(key: Key, value: Any, source: str) -> Any:
    """Return a merged value in its key's type.

    Raises
    ------
    ConfigError
        If it has another one.
    """
    if key.shape == "value":
        return _one(key, value, source)
    if value is None:
        return () if key.shape in {"list", "list of maps"} else {}
    if key.shape == "list":
        return tuple(_one(key, one, source) for one in _checked(key, value, tuple, source) if one is not None)
    if key.shape == "list of maps":
        return tuple(dict(_checked(key, one, dict, source)) for one in _checked(key, value, tuple, source))
    mapping = _checked(key, value, dict, source)
    if key.shape == "map of lists":
        lists = {name: () if one is None else _checked(key, one, tuple, source) for name, one in mapping.items()}
        return {name: tuple(_one(key, part, source) for part in one) for name, one in lists.items()}
    return {name: _one(key, one, source) for name, one in mapping.items()}


def check_shape(key: Key, value: Any, source: str) -> None:
    """Refuse a value that cannot be merged with those of other places."""
    if value is None or key.shape == "value":
        return
    _checked(key, value, tuple if key.shape in {"list", "list of maps"} else dict, source)


def _checked(key: Key, value: Any, kind: type, source: str) -> Any:
    if isinstance(value, kind):
        return value
    expected = "a list, each value on a line of its own behind a dash" if kind is tuple else "a mapping"
    raise ConfigError(f"{source}: {key.name} is {_shown(value)}; expected {expected}")


def _one(key: Key, value: Any, source: str) -> Any:
    if isinstance(value, (tuple, dict)):
        raise ConfigError(f"{source}: {key.name} holds {_shown(value)}; expected one value")
    if value is None:
        return None
    text = str(value).strip()
    lowered = text.lower()
    kind = key.kind
    if kind in {"text", "text or null"}:
        return text
    if kind == "priority":
        word = {"true": "flexible", "false": "disabled"}.get(lowered, lowered)
        word = "flexible" if word in _TRUE else "disabled" if word in _FALSE else word
        if word in PRIORITIES:
            return word
        raise ConfigError(f"{source}: {key.name} is {_shown(text)}; expected {', '.join(PRIORITIES)}")
    if kind in {"bool", "text or bool", "number or bool"} and lowered in _TRUE | _FALSE:
        return lowered in _TRUE
    if kind == "text or bool":
        return text
    if kind in {"int", "float", "number or bool"}:
        try:
            number = float(text)
        except ValueError:
            number = -1.0
        if 0 <= number < float("inf") and (kind == "float" or number == int(number)):
            return number if kind == "float" else int(number)
    expected = {"bool": "true or false", "int": "a whole number", "float": "a number"}.get(kind, "a number of seconds")
    raise ConfigError(f"{source}: {key.name} is {_shown(text)}; expected {expected}")


def _shown(value: Any) -> str:
    from ..network.redact import redact_address

    text = redact_address(str(value)) if isinstance(value, str) else type(value).__name__.replace("dict", "a mapping")
    return repr(text[:60]) if isinstance(value, str) else text.replace("tuple", "a list")
