"""Signatures for people: `**options: Unpack[RequestOptions]` is shown as the keywords it stands for.

Type checkers read the annotation. `help()`, notebooks and documentation ask `inspect.signature`, which does not.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

from .request import RequestOptions

if TYPE_CHECKING:
    from inspect import Signature

_F = TypeVar("_F", bound=Callable[..., Any])


class _Shown:
    """What `inspect.signature` finds behind a function; the signature is made when somebody asks."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self._function = function

    @property
    def __signature__(self) -> Signature:
        from inspect import Parameter, Signature, signature

        own = signature(self._function, follow_wrapped=False)
        shown = [one for one in own.parameters.values() if one.kind is not Parameter.VAR_KEYWORD]
        shown += [
            Parameter(name, Parameter.KEYWORD_ONLY, default=..., annotation=annotation)
            for name, annotation in RequestOptions.__annotations__.items()
        ]
        return Signature(shown, return_annotation=own.return_annotation)


def shows_options(function: _F) -> _F:
    """Let `inspect.signature` show the keywords of `RequestOptions`."""
    function.__wrapped__ = _Shown(function)  # type: ignore[attr-defined]
    return function
