"""Making and changing environments on disk, so that nothing is ever half done.

`resolvent.apply` carries out a solution, `resolvent.Environment` reads an environment, verifies it and leads it back to
earlier states. The rooms below have one duty each; the order in which everything happens is in `change`, the state
machine that survives a kill in `journal`, and docs/installing.md has both in words.
"""

from __future__ import annotations

from .api import apply, apply_async
from .change import Applied
from .environment import Environment
from .errors import (
    ChangeFailed,
    CorruptPackage,
    EnvironmentBusy,
    EnvironmentChanged,
    EnvironmentFrozen,
    InstallError,
    PathConflict,
    UnsafePackage,
)
from .events import Changing, Done, Downloading, Event, Extracted, Linked, ProgressCallback, Recovered, Waiting
from .history import Requests
from .pip_packages import PipPackage
from .revisions import Revision
from .verify import FileProblem

__all__ = [
    "Applied",
    "ChangeFailed",
    "Changing",
    "CorruptPackage",
    "Done",
    "Downloading",
    "Environment",
    "EnvironmentBusy",
    "EnvironmentChanged",
    "EnvironmentFrozen",
    "Event",
    "Extracted",
    "FileProblem",
    "InstallError",
    "Linked",
    "PathConflict",
    "PipPackage",
    "ProgressCallback",
    "Recovered",
    "Requests",
    "Revision",
    "UnsafePackage",
    "Waiting",
    "apply",
    "apply_async",
]
