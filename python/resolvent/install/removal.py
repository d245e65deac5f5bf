"""Removing an environment with everything in it."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

from ..prefix import Prefix
from ..prefix.pending import LOCK
from . import locations
from .errors import EnvironmentFrozen, InstallError
from .locking import EnvironmentLock


def remove_environment(prefix: Path, *, override_frozen: bool = False, lock_timeout: float | None = None) -> None:
    """Remove an environment and its folder: it is gone at once, by a rename, and its files after that.

    Raises
    ------
    EnvironmentFrozen
        If it asks to be left unchanged (CEP 22).
    InstallError
        If it is the python that runs this, or cannot be removed.
    """
    import sys

    state = Prefix(prefix)
    if state.frozen and not override_frozen:
        said = f": {state.frozen_message}" if state.frozen_message else ""
        raise EnvironmentFrozen(f"{prefix} asks to be left unchanged{said} (--override-frozen removes it)")
    if os.path.realpath(sys.prefix) == os.path.realpath(prefix):
        raise InstallError(f"{prefix} is the environment that this command runs in; remove it from another one")
    with EnvironmentLock(prefix / "conda-meta" / LOCK, command="resolvent remove --all", timeout=lock_timeout):
        try:
            trash = Path(tempfile.mkdtemp(prefix=f".{prefix.name}.resolvent-gone-", dir=prefix.parent))
            prefix.rename(trash / "environment")
        except OSError as error:
            raise InstallError(f"{prefix} cannot be removed: {error.strerror}") from None
        shutil.rmtree(trash, ignore_errors=True)
    locations.unregister(prefix)
