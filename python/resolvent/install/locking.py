"""Locks between processes, on the operating system's own: they end with the process, however it ends."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from .errors import EnvironmentBusy, InstallError

#: Seconds between two looks at a lock that somebody holds.
_PAUSE = 0.05
_umask_lock = threading.Lock()


def umask() -> int:
    """Return the process's umask."""
    with _umask_lock:
        value = os.umask(0o022)
        os.umask(value)
        return value


@contextlib.contextmanager
def file_lock(path: Path, *, shared: bool) -> Iterator[None]:
    """Hold a lock on a file, which is made if need be; wait for it.

    On a file system that cannot be written, nothing is held: nobody can change what the lock is for.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
    except OSError as error:
        if error.errno in {errno.EROFS, errno.EACCES, errno.EPERM} and shared:
            yield
            return
        raise InstallError(f"{path} cannot be written: {error.strerror}") from None
    try:
        _lock(handle, shared=shared, wait=True)
        yield
    finally:
        os.close(handle)


class EnvironmentLock:
    """The right to change one environment, held by one process at a time.

    Parameters
    ----------
    path
        The lock's file; it is there only while it is held. Its content describes the owner.
    command
        What the owner is doing, for those who wait.
    timeout
        Seconds to wait; None: without end.
    waiting
        Called once, with a description of the owner, if it has to wait.
    """

    def __init__(
        self,
        path: Path,
        *,
        command: str,
        timeout: float | None,
        waiting: Callable[[str], None] | None = None,
    ) -> None:
        self._path = path
        self._command = command
        self._timeout = timeout
        self._waiting = waiting
        self._handle: int | None = None

    def __enter__(self) -> EnvironmentLock:
        deadline = None if self._timeout is None else time.monotonic() + self._timeout
        said = False
        while True:
            try:
                handle = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o644)
            except OSError as error:
                raise InstallError(f"{self._path.parent} cannot be written: {error.strerror}") from None
            try:
                held = _lock(handle, shared=False, wait=False)
                # The previous owner may have removed the file after it was opened here.
                if held and _same_file(handle, self._path):
                    break
            except BaseException:
                os.close(handle)
                raise
            os.close(handle)
            if held:
                continue
            owner = read_owner(self._path)
            if deadline is not None and time.monotonic() >= deadline:
                raise EnvironmentBusy(
                    f"the environment is being changed by {describe_owner(owner)}; try again when it is done", owner
                )
            if not said and self._waiting is not None:
                self._waiting(describe_owner(owner))
            said = True
            time.sleep(_PAUSE)
        self._handle = handle
        owner = {"pid": os.getpid(), "host": socket.gethostname(), "command": self._command, "started": time.time()}
        with contextlib.suppress(OSError):  # a full disk: the lock holds without a description
            os.ftruncate(handle, 0)
            os.write(handle, json.dumps(owner).encode())
        return self

    def __exit__(self, *_: object) -> None:
        if self._handle is not None:
            with contextlib.suppress(OSError):
                self._path.unlink()
            os.close(self._handle)
            self._handle = None


def read_owner(path: Path) -> dict[str, Any]:
    """Return what the owner of a lock says about itself; empty if it does not."""
    try:
        owner = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return {}
    return owner if isinstance(owner, dict) else {}


def describe_owner(owner: dict[str, Any]) -> str:
    """Return who holds a lock and for how long, in words."""
    pid, host, started = owner.get("pid"), owner.get("host"), owner.get("started")
    if not isinstance(pid, int):
        return "another process"
    text = f"process {pid}"
    if host != socket.gethostname():
        text += f" on {host}"
    if isinstance(owner.get("command"), str) and owner["command"]:
        text += f" ({owner['command'][:120]})"
    if isinstance(started, (int, float)):
        text += f" for {max(0, time.time() - started):.0f} s"
    return text


def is_held(path: Path) -> bool:
    """Return whether a process holds the lock of this file."""
    try:
        handle = os.open(path, os.O_RDWR)
    except OSError:
        return False
    try:
        return not _lock(handle, shared=False, wait=False)
    finally:
        os.close(handle)


def _lock(handle: int, *, shared: bool, wait: bool) -> bool:
    """Lock an open file; False if another has it."""
    if os.name == "nt":
        return _lock_windows(handle, wait=wait)
    import fcntl

    kind = fcntl.LOCK_SH if shared else fcntl.LOCK_EX
    try:
        fcntl.flock(handle, kind | (0 if wait else fcntl.LOCK_NB))
    except BlockingIOError:
        return False
    except OSError as error:
        # Some network file systems have no locks; there, one writer at a time is up to the user.
        if error.errno in {errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP}:
            return True
        raise
    return True


def _lock_windows(handle: int, *, wait: bool) -> bool:
    import importlib

    # Its locks are exclusive; a byte far behind the description is locked.
    msvcrt: Any = importlib.import_module("msvcrt")
    while not _try_windows(msvcrt, handle):
        if not wait:
            return False
        time.sleep(_PAUSE)
    os.lseek(handle, 0, os.SEEK_SET)
    return True


def _try_windows(msvcrt: Any, handle: int) -> bool:
    try:
        os.lseek(handle, 1 << 30, os.SEEK_SET)
        msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
    except OSError:
        return False
    return True


def _same_file(handle: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(handle), path.stat())
    except OSError:
        return False
