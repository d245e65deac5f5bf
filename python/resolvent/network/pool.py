"""Threads for downloads that nobody has to wait for.

The standard pool waits for its threads when the interpreter ends, and a thread that sits in a read or in the look-up of
a name cannot be woken. Ctrl-C must not wait for a server's silence; so these are daemon threads, and
the end of a pool waits for them a moment only.
"""

from __future__ import annotations

import queue
import threading
import time
import weakref
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future
from typing import Any, ParamSpec, TypeVar

_In = TypeVar("_In")
_Out = TypeVar("_Out")
_Arguments = ParamSpec("_Arguments")

_MOMENT = 0.7
"""Seconds that the end of a pool waits in all for downloads that were called off, so that they can clean up."""

_Job = tuple["Future[Any]", Callable[[], Any]]


class DownloadPool:
    """At most `workers` calls at the same time, in the order in which they were submitted."""

    def __init__(self, workers: int) -> None:
        self._workers = max(1, workers)
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._threads: list[threading.Thread] = []
        self._submitted: weakref.WeakSet[Future[Any]] = weakref.WeakSet()
        self._idle = threading.Semaphore(0)

    def submit(
        self, work: Callable[_Arguments, _Out], *arguments: _Arguments.args, **keywords: _Arguments.kwargs
    ) -> Future[_Out]:
        """Have a call made by one of the threads."""
        future: Future[_Out] = Future()
        self._submitted.add(future)
        self._jobs.put((future, lambda: work(*arguments, **keywords)))
        if not self._idle.acquire(blocking=False) and len(self._threads) < self._workers:
            thread = threading.Thread(target=self._work, name=f"download-{len(self._threads)}", daemon=True)
            self._threads.append(thread)
            thread.start()
        return future

    def map(self, work: Callable[[_In], _Out], items: Iterable[_In]) -> Iterator[_Out]:
        """Make a call for each item at once; the results come in the order of the items."""
        futures = [self.submit(work, item) for item in items]
        return (future.result() for future in futures)

    def close(self, *, cancelled: bool) -> None:
        """End the threads: all when their work is done, or those that are not stuck when it was called off."""
        if cancelled:
            for future in list(self._submitted):
                future.cancel()
        for _ in self._threads:
            self._jobs.put(None)
        end = time.monotonic() + _MOMENT
        for thread in self._threads:
            thread.join(max(0.0, end - time.monotonic()) if cancelled else None)

    def _work(self) -> None:
        while True:
            job = self._jobs.get()
            if job is None:
                return
            future, call = job
            if future.set_running_or_notify_cancel():
                try:
                    result = call()
                except BaseException as error:  # noqa: BLE001 - the one who waits for the future gets it
                    future.set_exception(error)
                else:
                    future.set_result(result)
            self._idle.release()
