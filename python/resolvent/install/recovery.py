"""What every command does first with an environment: bring what was interrupted to an end."""

from __future__ import annotations

import contextlib
import os
import shutil
from pathlib import Path

from ..prefix.pending import CHANGE, DONE, LOCK, STAGING
from . import journal
from .change import sibling
from .errors import EnvironmentBusy
from .locking import EnvironmentLock


def settle_environment(
    prefix: Path, *, revert: bool = False, command: str = "recover", lock_timeout: float | None = 0
) -> str | None:
    """Finish or revert an interrupted change of an environment, and remove what a killed process left.

    Nothing is locked or written where there is nothing to do.

    Parameters
    ----------
    prefix
        The environment; it need not exist.
    revert
        Take the change back instead of finishing it.
    command
        What this process is doing, for those who wait for the lock.
    lock_timeout
        Seconds to wait for another process; None: without end.

    Returns
    -------
    `finished`, `reverted`, or None if there was no interrupted change.

    Raises
    ------
    EnvironmentBusy
        If another process is at work on it.
    InstallError
        If the change can be neither finished nor reverted.
    """
    unfinished, beside = sibling(prefix), prefix.parent / f".{prefix.name}{LOCK}"
    if os.path.lexists(unfinished) or os.path.lexists(beside):
        with contextlib.suppress(EnvironmentBusy), EnvironmentLock(beside, command=command, timeout=lock_timeout):
            shutil.rmtree(unfinished, ignore_errors=True)
    meta = prefix / "conda-meta"
    names = _names(meta)
    if not any(name in {CHANGE, STAGING, LOCK} or name.startswith(DONE) for name in names):
        return None
    try:
        with EnvironmentLock(meta / LOCK, command=command, timeout=lock_timeout):
            found = journal.recover(prefix, prefer_revert=revert)
    except EnvironmentBusy:
        if CHANGE in names:
            raise
        return None  # a change is being prepared, and the environment is whole
    return None if found is None else found[0]


def _names(folder: Path) -> list[str]:
    try:
        return os.listdir(folder)
    except OSError:
        return []
