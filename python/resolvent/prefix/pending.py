"""Names in `conda-meta` by which a change of an environment is seen while it goes on.

Readers must not take an environment in the middle of a change for a whole one; what the names mean is the
installer's business (`resolvent.install.journal`).
"""

from __future__ import annotations

import json
from pathlib import Path

#: The lock of the process that changes the environment; it exists only while it is held.
LOCK = ".resolvent-lock"
#: A change that is being prepared: nothing has happened yet.
STAGING = ".resolvent-staging"
#: A change that has begun and has not ended.
CHANGE = ".resolvent-change"
#: A change that has ended; garbage.
DONE = ".resolvent-done"
#: What a change does.
PLAN = "plan.json"


def change_in_progress(meta: Path) -> str | None:
    """Return what an environment's unfinished change is, in words; None if it is whole.

    Parameters
    ----------
    meta
        The environment's `conda-meta`.
    """
    folder = meta / CHANGE
    if not folder.is_dir():
        return None
    try:
        plan = json.loads((folder / PLAN).read_bytes())
        return f"{plan['command']}, begun {plan['started']}"
    except (OSError, ValueError, KeyError, TypeError):
        return "an unknown change"
