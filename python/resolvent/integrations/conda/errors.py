"""Errors of this library as errors of conda.

An error that conda does not know ends in its report of an unexpected error, so nothing else may leave the solver.
Hints and fixes are an attribute of the error; the hook `conda_error_hints` gives them to conda, which prints them below
the text and puts them into `--json`. Versions of conda without that hook get them in the text.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from conda import CondaError
from conda.exceptions import PackagesNotFoundError, SpecsConfigurationConflictError, UnsatisfiableError

import resolvent

from .words import Told, tell

if TYPE_CHECKING:
    from conda.models.channel import Channel
    from conda.models.match_spec import MatchSpec

    from .translation import Situation, Translation

#: Where an error carries its hints. conda prints every attribute that does not begin with `_` with `--json`.
HINTS = "_resolvent_hints"


class ResolventUnsatisfiableError(UnsatisfiableError):
    """No answer; the text is this library's, `conflict` is the conflict as plain data.

    Parameters
    ----------
    text
        What is wrong.
    """

    def __init__(self, text: str) -> None:
        # The constructor of conda's class makes its text of chains that only conda's own solver has. Without keyword
        # arguments conda does not read `%` in a text.
        CondaError.__init__(self, text)


class ResolventError(CondaError):
    """What went wrong in this library: bad input, a time limit, a defect."""

    def __init__(self, text: str) -> None:
        CondaError.__init__(self, text)
        self.allow_retry = False


def raised(
    error: resolvent.ResolventError,
    *,
    situation: Situation,
    translation: Translation,
    specs: Sequence[MatchSpec],
    pins: Sequence[MatchSpec],
    channels: Sequence[Channel],
    prefix: str,
    words: Sequence[str],
) -> CondaError:
    """Return the error of conda that says what an error of this library says.

    Parameters
    ----------
    error
        What was raised.
    situation, translation
        What was asked.
    specs, pins
        The request and the pins as conda's objects.
    channels
        Where packages were looked for.
    prefix
        The environment.
    words
        The command line behind `conda`; empty where conda was called from Python.
    """
    if not isinstance(error, resolvent.UnsatisfiableError):
        return ResolventError(str(error))
    told = tell(error.conflict, situation, translation, prefix=prefix, words=words)
    lacking = [spec for spec in specs if spec.name in told.not_found]
    if lacking:
        return _told(not_in_channels(lacking, channels), told)
    if told.pin_against_request:
        clash = SpecsConfigurationConflictError(
            requested_specs=sorted(specs, key=lambda spec: str(spec.name)),
            pinned_specs=sorted(pins, key=lambda spec: str(spec.name)),
            prefix=prefix,
        )
        return _told(clash, told)
    return _told(ResolventUnsatisfiableError(told.text if _has_hints() else told.whole), told)


def _told(error: CondaError, told: Told) -> CondaError:
    """Return an error that carries the conflict and the hints, and is not worth another attempt."""
    found: Any = error
    found.conflict = told.conflict
    found.allow_retry = False
    setattr(found, HINTS, told.hints)
    return error


def _has_hints() -> bool:
    """Whether this conda asks plugins for hints."""
    from conda.plugins import hookspec

    return hasattr(hookspec.CondaSpecs, "conda_error_hints")


def not_in_channels(specs: Sequence[MatchSpec], channels: Sequence[Channel]) -> CondaError:
    """Return the error of a request that the channels cannot serve."""
    urls = [channel.base_url or channel.canonical_name for channel in channels]
    try:
        from conda.exceptions import PackagesNotFoundInChannelsError
    except ImportError:  # conda before 25.11
        return PackagesNotFoundError(specs, urls)
    return PackagesNotFoundInChannelsError(specs, urls)


def not_in_prefix(specs: Sequence[MatchSpec], prefix: str) -> CondaError:
    """Return the error of a removal of what is not installed."""
    error: Any
    try:
        from conda.exceptions import PackagesNotFoundInPrefixError
    except ImportError:  # conda before 25.11: without channels, the environment is meant
        error = PackagesNotFoundError(specs)
    else:
        error = PackagesNotFoundInPrefixError(specs, prefix)
    error.allow_retry = False
    return error
