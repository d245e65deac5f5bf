"""What the installer reports while it works: one small value per step, handed to the callback `progress`.

Callbacks are called from several threads, one at a time. An exception in one ends the change, which is undone.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any, ClassVar


@dataclass(frozen=True)
class Event:
    """Base of all events; `kind` is its name in JSON."""

    kind: ClassVar[str] = "event"

    def to_json(self) -> dict[str, Any]:
        """Return the event as a JSON object with its `kind`."""
        return {"kind": self.kind, **asdict(self)}


@dataclass(frozen=True)
class Waiting(Event):
    """Another process holds the environment; `owner` describes it."""

    kind: ClassVar[str] = "waiting"
    owner: str


@dataclass(frozen=True)
class Recovered(Event):
    """An interrupted change was found and finished (`outcome` is `finished`) or undone (`reverted`)."""

    kind: ClassVar[str] = "recovered"
    outcome: str
    command: str


@dataclass(frozen=True)
class Downloading(Event):
    """Bytes of an archive; `total` is None where nobody knows it."""

    kind: ClassVar[str] = "download"
    package: str
    completed: int
    total: int | None


@dataclass(frozen=True)
class Extracted(Event):
    """An archive was checked and unpacked into the package cache: `completed` of `total`."""

    kind: ClassVar[str] = "extract"
    package: str
    completed: int
    total: int


@dataclass(frozen=True)
class Linked(Event):
    """A package's files are prepared: `completed` of `total`. The environment has not changed yet."""

    kind: ClassVar[str] = "link"
    package: str
    completed: int
    total: int


@dataclass(frozen=True)
class Changing(Event):
    """The environment is being changed: so many paths leave, so many come in."""

    kind: ClassVar[str] = "change"
    leaving: int
    coming: int


@dataclass(frozen=True)
class Done(Event):
    """The environment is complete; `revision` is its new number."""

    kind: ClassVar[str] = "done"
    revision: int


#: What `progress=` takes.
ProgressCallback = Callable[[Event], None]


class Reporter:
    """Hands events to a callback, one at a time."""

    def __init__(self, callback: ProgressCallback | None) -> None:
        self._callback = callback
        self._lock = threading.Lock()

    def __call__(self, event: Event) -> None:
        """Report one event."""
        if self._callback is not None:
            with self._lock:
                self._callback(event)
