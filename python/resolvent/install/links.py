"""Soft links: files of an environment that are symbolic links into the package cache.

The engine links hard or copies. Where soft links are asked for, regular files are replaced by links afterwards, in the
staging folder. What must be a file of its own stays one: patched files, those that may not be linked, and everything
in `bin/`, for a python that is a link would take the package cache for its environment.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from .contents import PackagePath
from .metadata import LINK_TYPES


def soften(folder: Path, data: dict[str, Any], paths: list[PackagePath], package: Path) -> dict[str, Any]:
    """Replace a package's files by links into the package cache.

    Parameters
    ----------
    folder
        The staging folder.
    data
        The content of the package's `conda-meta` file.
    paths
        Its paths.
    package
        Its folder in the package cache.

    Returns
    -------
    The content with the link type of the result.
    """
    for path in paths:
        place = folder / path.target
        if path.kind != "hardlink" or path.placeholder or path.no_link or path.target.startswith(("bin/", "Scripts/")):
            continue
        if not place.is_file() or place.is_symlink():
            continue
        temporary = place.with_name(f".resolvent-{place.name}")
        os.symlink(package / path.source, temporary)
        temporary.replace(place)
    return {**data, "link": {**data["link"], "type": LINK_TYPES["soft"]}}
