"""Where the cache lies.

Every start asks. So the answer for Linux uses neither the library that knows all systems nor `pathlib`,
whose import costs as much as a small solve.
"""

# ruff: noqa: PTH111, PTH118

from __future__ import annotations

import os
import sys


def cache_root() -> str:
    """Return the folder of the cache: `RESOLVENT_CACHE_DIR`, or the platform's place for caches.

    On Linux that is `resolvent` in `$XDG_CACHE_HOME`, or in `~/.cache` (XDG Base Directory Specification).
    """
    given = os.environ.get("RESOLVENT_CACHE_DIR")
    if given:
        return os.path.expanduser(given)
    if sys.platform == "linux" and "ANDROID_DATA" not in os.environ:
        base = os.environ.get("XDG_CACHE_HOME", "")
        return os.path.join(base if base.strip() else os.path.expanduser("~/.cache"), "resolvent")
    import platformdirs

    return platformdirs.user_cache_dir("resolvent", appauthor=False)


def index_folder() -> str:
    """Return the folder of index files: `index` in the cache."""
    return os.path.join(cache_root(), "index")
