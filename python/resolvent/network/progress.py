"""Counting of what a download has fetched, for a callback of the caller."""

from __future__ import annotations

import threading
import time
from typing import Literal

from resolvent.progress import Progress, ProgressCallback

_INTERVAL = 0.1
_calls = threading.Lock()


class Meter:
    """Counts towards one label and tells the callback at most ten times a second."""

    def __init__(self, callback: ProgressCallback | None, label: str, unit: Literal["bytes", "shards"]) -> None:
        self._callback = callback
        self._label = label
        self._unit = unit
        self._last = 0.0
        self.done = 0
        self.total: int | None = None

    def restart(self, total: int | None) -> None:
        """Begin again from zero, because an attempt failed and the next one starts over."""
        self.done = 0
        self.total = total

    def advance(self, amount: int) -> None:
        """Count ``amount`` more."""
        self.done += amount
        now = time.monotonic()
        if now - self._last >= _INTERVAL:
            self._last = now
            self._tell(finished=False)

    def finish(self) -> None:
        """Send the last event."""
        self._tell(finished=True)

    def _tell(self, *, finished: bool) -> None:
        if self._callback is not None:
            with _calls:
                self._callback(Progress(self._label, self._unit, self.done, self.total, finished))
