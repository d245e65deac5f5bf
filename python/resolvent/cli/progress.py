"""Progress of long downloads on a terminal: one bar a file, gone when all is done.

Nothing is drawn before a download has lasted a moment, and nothing at all where stderr is no
terminal. The drawing library is imported only when there is something to draw.
"""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import rich.progress

    from ..progress import Progress, ProgressCallback

_PATIENCE = 0.5
"""Seconds of a fetch that pass in silence."""


@contextlib.contextmanager
def terminal_progress() -> Iterator[ProgressCallback | None]:
    """Give a callback that draws on stderr while the block runs; ``None`` where that is no terminal."""
    if sys.stderr is None or not sys.stderr.isatty():
        yield None
        return
    display = _Display()
    try:
        yield display
    finally:
        display.close()


class _Display:
    """Draws events. They come one at a time, see `ProgressCallback`."""

    def __init__(self) -> None:
        self._start = time.monotonic()
        self._bars: rich.progress.Progress | None = None
        self._tasks: dict[str, rich.progress.TaskID] = {}

    def __call__(self, event: Progress) -> None:
        if event.phase != "fetch":
            return
        if self._bars is None:
            if event.finished or time.monotonic() - self._start < _PATIENCE:
                return
            self._bars = _bars()
            self._bars.start()
        task = self._tasks.get(event.label)
        if task is None:
            task = self._tasks[event.label] = self._bars.add_task(_short(event.label), total=event.total, amount="")
        total = event.done if event.finished else event.total
        amount = f"{event.done / 1e6:.1f} MB" if event.unit == "bytes" else f"{event.done} shards"
        self._bars.update(task, completed=event.done, total=total, amount=amount)

    def close(self) -> None:
        """Remove the bars."""
        if self._bars is not None:
            self._bars.stop()


def _bars() -> rich.progress.Progress:
    from rich.console import Console
    from rich.progress import BarColumn, TextColumn
    from rich.progress import Progress as Bars

    columns = (TextColumn("{task.description}", markup=False), BarColumn(), TextColumn("{task.fields[amount]}"))
    return Bars(*columns, console=Console(stderr=True), transient=True)


def _short(label: str) -> str:
    """Channel and subdir of an address; other labels as they are."""
    parts = label.split("/")
    return "/".join(parts[-3:-1]) if "://" in label and len(parts) > 4 else label
