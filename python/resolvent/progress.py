"""Progress of what takes long, as plain data for whoever draws it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Progress:
    """One moment of one download.

    ``label`` names it (an address without credentials), ``done`` and ``total`` count ``unit``;
    ``total`` is ``None`` while unknown. ``finished`` is true once, on the last event of a label.
    """

    label: str
    unit: Literal["bytes", "shards"]
    done: int
    total: int | None
    finished: bool


ProgressCallback = Callable[[Progress], None]
"""Called from worker threads, but never twice at the same time."""
