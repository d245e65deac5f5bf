"""The reader of requests in JSON; `Request.to_json` writes them, `docs/request.schema.json` describes them.

Nothing is guessed: a key that is not known is an error, because a request that loses an option on its way is another
request.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

from .arguments import STRATEGIES
from .environment import ACTIONS, DEPS, Action
from .errors import InvalidRequest
from .policy import LicenseRule, Policy
from .request import Request, Target
from .values import Value

_Made = TypeVar("_Made", bound=Value)

#: Most bytes of a request's text.
MOST_BYTES = 64 * 1024 * 1024


def read_request(given: str | bytes | Mapping[str, Any]) -> Request:
    """Return the request that some JSON holds; see `Request.from_json`."""
    if isinstance(given, (str, bytes)):
        if len(given) > MOST_BYTES:
            raise InvalidRequest(f"the request has more than {MOST_BYTES} bytes")
        try:
            given = json.loads(given)
        except (ValueError, RecursionError) as error:
            raise InvalidRequest(f"the request is not JSON: {error}") from None
    data = _object("request", given, Request._fields)
    return _made(
        Request,
        "request",
        specs=_texts("specs", data.get("specs")),
        channels=None if data.get("channels") is None else _texts("channels", data["channels"]),
        target=_target(data.get("target")),
        channel_priority=_optional_text("channel_priority", data.get("channel_priority")),
        constraints=_texts("constraints", data.get("constraints")),
        pins=_texts("pins", data.get("pins")),
        strategy=_word("strategy", data.get("strategy", "highest"), STRATEGIES),
        policy=_policy(data.get("policy")),
        action=_action(data.get("action")),
    )


def _target(given: Any) -> Target:
    data = _object("target", {} if given is None else given, Target._fields)
    facts = data.get("virtual_packages")
    if isinstance(facts, Mapping):
        facts = {name: _text(f"target.virtual_packages.{name}", value) for name, value in facts.items()}
    elif facts is not None:
        facts = _texts("target.virtual_packages", facts)
    platform = _optional_text("target.platform", data.get("platform"))
    return _made(Target, "target", platform=platform, virtual_packages=facts)


def _policy(given: Any) -> Policy:
    data = _object("policy", {} if given is None else given, Policy._fields)
    cutoffs = data.get("exclude_newer")
    if isinstance(cutoffs, bool) or not isinstance(cutoffs, (str, int, Mapping, type(None))):
        raise InvalidRequest(f"policy.exclude_newer is a text, a number or an object, not {_named(cutoffs)}")
    denied: list[str | tuple[str, str]] = []
    for one in _list("policy.deny", data.get("deny")):
        if isinstance(one, list):
            if len(one) != 2:
                raise InvalidRequest("policy.deny holds specs and pairs of a spec and its reason")
            denied.append((_text("policy.deny", one[0]), _text("policy.deny", one[1])))
        else:
            denied.append(_text("policy.deny", one))
    return _made(Policy, "policy", exclude_newer=cutoffs, deny=denied, licenses=_licenses(data.get("licenses")))


def _licenses(given: Any) -> LicenseRule | None:
    if given is None:
        return None
    data = _object("policy.licenses", given, LicenseRule._fields)
    allow = None if data.get("allow") is None else _texts("policy.licenses.allow", data["allow"])
    return _made(LicenseRule, "policy.licenses", allow=allow, deny=_texts("policy.licenses.deny", data.get("deny")))


def _action(given: Any) -> Action | None:
    if given is None:
        return None
    if not isinstance(given, Mapping):
        raise InvalidRequest(f"action is an object, not {_named(given)}")
    kind = ACTIONS[_word("action.kind", given.get("kind"), tuple(ACTIONS))]
    data = _object(f"action of kind {kind.kind!r}", given, ("kind", *kind._fields))
    values: dict[str, Any] = {}
    for name, value in data.items():
        where = f"action.{name}"
        if name == "installed":
            values[name] = [_record(one) for one in _list(where, value)]
        elif name in {"history", "pins", "aggressive_updates"}:
            values[name] = _texts(where, value)
        elif name == "deps":
            values[name] = _word(where, value, DEPS)
        elif name != "kind":
            if not isinstance(value, bool):
                raise InvalidRequest(f"{where} is true or false, not {_named(value)}")
            values[name] = value
    return _made(kind, "action", **values)


def _record(given: Any) -> Mapping[str, Any]:
    if not isinstance(given, Mapping):
        raise InvalidRequest(f"action.installed holds objects with the keys of repodata, not {_named(given)}")
    return given


def _made(kind: type[_Made], where: str, **values: Any) -> _Made:
    """Call a constructor; what it finds to be of a wrong type is the fault of the JSON."""
    try:
        return kind(**values)
    except TypeError as error:
        raise InvalidRequest(f"{where}: {error}") from None


def _object(where: str, given: Any, keys: Iterable[str]) -> Mapping[str, Any]:
    if not isinstance(given, Mapping):
        raise InvalidRequest(f"{where} is an object, not {_named(given)}")
    known = list(keys)
    unknown = sorted(str(key) for key in given if key not in known)
    if unknown:
        raise InvalidRequest(f"{where} has the unknown key {unknown[0][:60]!r}; keys are {', '.join(sorted(known))}")
    return given


def _list(where: str, given: Any) -> list[Any]:
    if given is None:
        return []
    if not isinstance(given, (list, tuple)):
        raise InvalidRequest(f"{where} is a list, not {_named(given)}")
    return list(given)


def _texts(where: str, given: Any) -> list[str]:
    return [_text(where, one) for one in _list(where, given)]


def _text(where: str, given: Any) -> str:
    if not isinstance(given, str):
        raise InvalidRequest(f"{where} holds texts, not {_named(given)}")
    return given


def _optional_text(where: str, given: Any) -> str | None:
    if given is not None and not isinstance(given, str):
        raise InvalidRequest(f"{where} is a text, not {_named(given)}")
    return given


def _word(where: str, given: Any, words: tuple[str, ...]) -> Any:
    if given not in words:
        shown = repr(given)[:60] if isinstance(given, str) else _named(given)
        raise InvalidRequest(f"{where} is {shown}; it can be {', '.join(words)}")
    return given


def _named(given: Any) -> str:
    names = {dict: "an object", list: "a list", str: "a text", bool: "true or false", type(None): "null"}
    return names.get(type(given), "a number")
