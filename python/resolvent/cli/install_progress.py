"""What the installer does, on stderr: bars on a terminal, plain lines elsewhere, JSON where that is asked for."""

from __future__ import annotations

import contextlib
import json
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Literal

from ..displays import human_size
from ..install.events import Changing, Downloading, Event, Extracted, Linked, ProgressCallback, Recovered, Waiting
from .output import complain

if TYPE_CHECKING:
    import rich.progress

Form = Literal["auto", "json", "none"]


@contextlib.contextmanager
def install_progress(form: Form) -> Iterator[ProgressCallback | None]:
    """Give a callback for the installer's events while the block runs."""
    if form == "none" or sys.stderr is None:
        yield None
    elif form == "json":
        yield _write_json
    elif not sys.stderr.isatty():
        yield _Lines()
    else:
        bars = _Bars()
        try:
            yield bars
        finally:
            bars.close()


def _write_json(event: Event) -> None:
    sys.stderr.write(json.dumps(event.to_json()) + "\n")
    sys.stderr.flush()


def _count(packages: int) -> str:
    return "1 package" if packages == 1 else f"{packages} packages"


def _note(event: Event) -> str | None:
    """Return what is said of an event on a line of its own, whatever the form."""
    if isinstance(event, Waiting):
        return f"waiting for {event.owner}"
    if isinstance(event, Recovered):
        return f"note: an interrupted change ({event.command}) was {event.outcome}"
    return None


class _Lines:
    """One line when each step is complete."""

    def __init__(self) -> None:
        self._bytes: dict[str, int] = {}

    def __call__(self, event: Event) -> None:
        note = _note(event)
        if note is not None:
            complain(note)
        elif isinstance(event, Downloading):
            self._bytes[event.package] = event.completed
        elif isinstance(event, Extracted) and event.completed == event.total:
            size = sum(self._bytes.values())
            complain(f"unpacked {_count(event.total)}" + (f" ({human_size(size)} downloaded)" if size else ""))
        elif isinstance(event, Linked) and event.completed == event.total:
            complain(f"linked {_count(event.total)}")
        elif isinstance(event, Changing):
            complain("changing the environment")


class _Bars:
    """A bar for each step that has begun."""

    def __init__(self) -> None:
        self._bars: rich.progress.Progress | None = None
        self._tasks: dict[str, Any] = {}
        self._sizes: dict[str, tuple[int, int]] = {}

    def __call__(self, event: Event) -> None:
        note = _note(event)
        if note is not None:
            complain(note)
        elif isinstance(event, Downloading):
            self._sizes[event.package] = (event.completed, event.total or event.completed)
            done = sum(one for one, _ in self._sizes.values())
            total = sum(one for _, one in self._sizes.values())
            self._draw("download", done, total, f"{human_size(done)} of {human_size(total)}")
        elif isinstance(event, Extracted):
            self._draw("unpack", event.completed, event.total, event.package)
        elif isinstance(event, Linked):
            self._draw("link", event.completed, event.total, event.package)

    def _draw(self, step: str, done: int, total: int, text: str) -> None:
        if self._bars is None:
            from rich.console import Console
            from rich.progress import BarColumn, Progress, TextColumn

            columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[text]}", markup=False))
            self._bars = Progress(*columns, console=Console(stderr=True), transient=True)
            self._bars.start()
        if step not in self._tasks:
            self._tasks[step] = self._bars.add_task(step, total=total, text="")
        self._bars.update(self._tasks[step], completed=done, total=total, text=text)

    def close(self) -> None:
        """Remove the bars."""
        if self._bars is not None:
            self._bars.stop()
