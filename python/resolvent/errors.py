"""Errors that the Python layer raises, kinds of `ResolventError` like those of the core."""

from __future__ import annotations

from ._core import ResolventError


class InvalidRequest(ResolventError, ValueError):
    """A request that has no meaning: a value that an option cannot have, or options that contradict each other."""


class ProofRefused(ResolventError):
    """A proof that does not hold; the message names the step that fails, or what is wrong with the file."""
