"""Progress of what takes long, as plain data for those who draw it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, NamedTuple, TypeAlias

#: What is going on: a download, reading repodata into an index, solving.
Phase = Literal["fetch", "index", "solve"]


class Progress(NamedTuple):
    """One moment of something that takes long.

    Attributes
    ----------
    label
        What it is about: the address of a download, without credentials; the platform of an index; the specs of
        a solve.
    unit
        What `done` and `total` count.
    done
        How much of it is done.
    total
        How much there is; None while that is not known.
    finished
        True once, on the last event of a label.
    phase
        What is going on.
    """

    label: str
    unit: Literal["bytes", "shards", "records", "packages"]
    done: int
    total: int | None
    finished: bool
    phase: Phase = "fetch"


#: Called from worker threads, but never twice at the same time.
ProgressCallback: TypeAlias = Callable[[Progress], None]
