"""What must hold before an environment is changed: each check names what is wrong while nothing has happened yet."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from .contents import PackagePath
from .errors import InstallError, PathConflict, listed
from .installed import InstalledPackage
from .pip_packages import owner_of, pip_packages

#: Bytes that should stay free: records, history and the journal are written there, too.
_RESERVE = 1 << 20


@dataclass(frozen=True)
class Situation:
    """An environment and what is to happen to it.

    Attributes
    ----------
    prefix
        The environment, at its final path.
    coming
        The paths of each package that comes in, by its name.
    staying, leaving
        Installed packages that stay, and those that leave.
    copies
        Whether files are copied rather than linked.
    """

    prefix: Path
    coming: Mapping[str, Sequence[PackagePath]]
    staying: Sequence[InstalledPackage] = ()
    leaving: Sequence[InstalledPackage] = ()
    copies: bool = False
    targets: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name, paths in self.coming.items():
            for path in paths:
                if path.kind != "directory":
                    self.targets.setdefault(path.target, name)

    @property
    def leaving_paths(self) -> set[str]:
        """The files that leave."""
        return {path for package in self.leaving for path in package.paths}


def check_clobbers(situation: Situation) -> list[str]:
    """Return what two packages both claim, a line for each path; one of the two at least comes in."""
    claims: dict[str, list[str]] = {}
    for name, paths in situation.coming.items():
        for coming in paths:
            if coming.kind != "directory":
                claims.setdefault(coming.target, []).append(name)
    folders = _folders(claims)
    for package in situation.staying:
        for owned in package.paths:
            if owned in claims:
                claims[owned].append(package.record.name)
            elif owned in folders:
                claims[owned] = [package.record.name]
    for claimed, names in claims.items():
        if claimed in folders:
            names.append("a folder of another package")
    return [f"{path}: {', '.join(sorted(set(names)))}" for path, names in sorted(claims.items()) if len(names) > 1]


def check_case(situation: Situation) -> list[str]:
    """Return paths that differ in upper and lower case only, a line for each pair with a path that comes in."""
    spellings: dict[str, set[str]] = {}
    staying = (path for package in situation.staying for path in package.paths)
    for path in (*situation.targets, *staying):
        # Folders count, too: `Lib/a` and `lib/b` lie in one folder there, which is harmless for files alone.
        spellings.setdefault(path.casefold(), set()).add(path)
    return [
        " and ".join(sorted(paths))
        for _, paths in sorted(spellings.items())
        if len(paths) > 1 and any(path in situation.targets for path in paths)
    ]


def check_in_the_way(situation: Situation) -> list[str]:
    """Return paths of the environment where files are to go, and that belong to no package."""
    leaving = situation.leaving_paths
    owned = {path for package in situation.staying for path in package.paths}
    found = []
    for path in situation.targets:
        if path in leaving or path in owned:
            continue
        place = os.path.join(situation.prefix, path)
        if not os.path.lexists(place):
            continue
        if os.path.isdir(place) and not os.path.islink(place):
            found += _foreign(situation.prefix, path, leaving)
        else:
            found.append(path)
    for folder in _folders(situation.targets):
        place = os.path.join(situation.prefix, folder)
        if folder not in leaving and os.path.lexists(place) and not os.path.isdir(place):
            found.append(folder)
    return sorted(set(found))


def check_links_out(situation: Situation) -> list[str]:
    """Return folders of the environment that are links to somewhere outside of it, and that files would go through."""
    root = os.path.realpath(situation.prefix)
    leaving = situation.leaving_paths
    folders = _folders((*situation.targets, *leaving))
    found = []
    for folder in sorted(folders):
        place = os.path.join(situation.prefix, folder)
        if os.path.islink(place):
            real = os.path.realpath(place)
            if real != root and not real.startswith(root + os.sep):
                found.append(f"{folder} -> {real}")
    return found


def check_placeholders(situation: Situation) -> list[str]:
    """Return binary files in which the environment's path has no room, a line for each."""
    length = len(os.fsencode(situation.prefix))
    return [
        f"{path.target} of {name}: room for {len(path.placeholder.encode())} bytes, the path has {length}"
        for name, paths in sorted(situation.coming.items())
        for path in paths
        if path.placeholder and path.mode == "binary" and len(path.placeholder.encode()) < length
    ]


def space_needed(situation: Situation) -> int:
    """Return the bytes that linking takes: of files that cannot be links to the package cache."""
    return sum(
        path.size
        for paths in situation.coming.values()
        for path in paths
        if situation.copies or path.placeholder or path.no_link
    )


def check_space(folder: Path, needed: int) -> str | None:
    """Return what is wrong if a file system has too little room; None: there is enough."""
    free = shutil.disk_usage(folder).free
    if free >= needed + _RESERVE:
        return None
    return f"{folder} has {free / 1e6:.1f} MB free, and {(needed + _RESERVE) / 1e6:.1f} MB are needed"


def check_writable(situation: Situation) -> list[str]:
    """Return folders of the environment that would change and cannot be written."""
    folders = {"conda-meta"} | _folders((*situation.targets, *situation.leaving_paths))
    found = []
    for folder in sorted({"", *folders}):
        place = os.path.join(situation.prefix, folder)
        if os.path.isdir(place) and not os.access(place, os.W_OK | os.X_OK):
            found.append(folder or ".")
    return found


def refuse(situation: Situation, *, overwrite: bool, clobber: bool, case_sensitive: bool) -> list[str]:
    """Run all checks of the environment's paths.

    Parameters
    ----------
    situation
        What is to happen.
    overwrite
        Files that belong to no package may be moved out of the way.
    clobber
        Two packages may claim one path; the engine decides who wins.
    case_sensitive
        Whether the file system distinguishes upper and lower case.

    Returns
    -------
    The files that belong to no package and are in the way: empty unless `overwrite`.

    Raises
    ------
    InstallError, PathConflict
        If a check fails.
    """
    outside = check_links_out(situation)
    if outside:
        raise PathConflict(
            f"folders of {situation.prefix} are links that lead out of it, and nothing is written through those:\n"
            f"{listed(outside)}",
            outside,
        )
    readonly = check_writable(situation)
    if readonly:
        raise InstallError(f"{situation.prefix} cannot be changed; these folders are not writable:\n{listed(readonly)}")
    long = check_placeholders(situation)
    if long:
        raise PathConflict(
            f"the path {situation.prefix} is too long for these packages; choose a shorter one:\n{listed(long)}", long
        )
    clobbers = check_clobbers(situation)
    if clobbers and not clobber:
        raise PathConflict(
            "packages claim the same files, and nothing was changed "
            f"(--allow-clobber lets one win):\n{listed(clobbers)}",
            clobbers,
        )
    if not case_sensitive:
        alike = check_case(situation)
        if alike:
            raise PathConflict(
                f"the file system of {situation.prefix} does not distinguish these paths:\n{listed(alike)}", alike
            )
    strangers = check_in_the_way(situation)
    if strangers and not overwrite:
        owners = _pip_owners(situation, strangers)
        lines = [f"{path} (from pip: {owners[path]})" if path in owners else path for path in strangers]
        raise PathConflict(
            f"files that belong to no conda package are in the way, and nothing was changed "
            f"(move them, or let --overwrite put them aside):\n{listed(lines)}",
            strangers,
        )
    return strangers


def is_case_sensitive(folder: Path) -> bool:
    """Return whether a folder's file system distinguishes upper and lower case; a file is written for a moment."""
    probe = folder / ".resolvent-case"
    try:
        probe.touch()
        return not (folder / ".RESOLVENT-CASE").exists()
    except OSError:
        return True
    finally:
        probe.unlink(missing_ok=True)


def _pip_owners(situation: Situation, paths: Iterable[str]) -> dict[str, str]:
    owned = [path for package in (*situation.staying, *situation.leaving) for path in package.paths]
    return owner_of(situation.prefix, paths, pip_packages(situation.prefix, owned))


def _folders(paths: Iterable[str]) -> set[str]:
    """Return all folders above some paths."""
    found: set[str] = set()
    for path in paths:
        parent = path.rpartition("/")[0]
        while parent and parent not in found:
            found.add(parent)
            parent = parent.rpartition("/")[0]
    return found


def _foreign(prefix: Path, folder: str, leaving: set[str]) -> list[str]:
    """Return files below a folder that do not leave."""
    found = []
    for place, _, names in os.walk(os.path.join(prefix, folder)):
        for name in names:
            path = os.path.relpath(os.path.join(place, name), prefix).replace(os.sep, "/")
            if path not in leaving:
                found.append(path)
    return found
