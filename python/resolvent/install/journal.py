"""The state machine of a change: from the old environment to the new one by renames alone.

Everything that can fail for a reason (downloads, hashes, unpacking, disk space, patching of prefixes) has happened
before it starts, in a staging folder inside the environment's `conda-meta`:

    .resolvent-staging/new/…      the files that come in, complete, at their paths
    .resolvent-staging/plan.json  which paths leave, which come in

One rename makes this `.resolvent-change`, and from then on the change is a fact: it is either finished or reverted.
*Finishing* moves each leaving path to `.resolvent-change/old/`, then each path of `new/` into the environment.
*Reverting* moves them back. When all is done, one rename makes the folder `.resolvent-done`, which is garbage.

Where a file lies shows how far the change got. So each step can be repeated, and the direction can change at any time:

- `new/P` is there   <=> what lies at P in the environment, if anything, is not the new file;
- `old/P` is there   <=> what lies at P in the environment, if anything, is not the old file.

docs/installing.md has the proof. No step needs the package cache, the network or the engine.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import shutil
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

from ..prefix.pending import CHANGE, DONE, PLAN, STAGING
from .errors import ChangeFailed, InstallError

Outcome = Literal["finished", "reverted"]

#: A file in the change's folder that says that it is to be reverted.
_REVERT = "revert"
_FORMAT = 1
#: What a file is called that stood where a package's file went, and that the user wanted out of the way.
SAVED_SUFFIX = ".resolvent-saved"


@dataclass(frozen=True)
class Plan:
    """What a change does, as `plan.json` holds it; all paths are relative to the environment, with slashes.

    Attributes
    ----------
    command
        What the user typed, for those who find the journal.
    started
        When, as ISO 8601 text.
    leaving
        Paths that leave, `conda-meta` files first.
    coming
        Paths that come in: all files below `new/`.
    made
        Folders that the change makes.
    saved
        Those of `leaving` that no package owns and that are kept beside their places.
    link, unlink
        Names of packages, for messages.
    """

    command: str
    started: str
    leaving: list[str]
    coming: list[str]
    made: list[str] = field(default_factory=list)
    saved: list[str] = field(default_factory=list)
    link: list[str] = field(default_factory=list)
    unlink: list[str] = field(default_factory=list)
    format: int = _FORMAT


def staging_folder(prefix: Path) -> Path:
    """Return the folder in which a change of an environment is prepared."""
    return prefix / "conda-meta" / STAGING


def pending(prefix: Path) -> Plan | None:
    """Return the plan of a change that has begun and has not ended; None if there is none.

    Raises
    ------
    InstallError
        If the plan cannot be read.
    """
    folder = prefix / "conda-meta" / CHANGE
    if not folder.is_dir():
        return None
    return _read(folder)


def start(prefix: Path, plan: Plan) -> None:
    """Make what lies in the staging folder a change that has begun. Nothing has been moved yet."""
    staging = staging_folder(prefix)
    (staging / "old").mkdir(exist_ok=True)
    with (staging / PLAN).open("w", encoding="utf-8") as file:
        json.dump(asdict(plan), file)
        file.flush()
        os.fsync(file.fileno())
    _sync_folder(staging)
    staging.rename(staging.with_name(CHANGE))
    _sync_folder(prefix / "conda-meta")


def finish(prefix: Path, moved: Callable[[], None] | None = None) -> None:
    """Bring a change that has begun to its end.

    Parameters
    ----------
    prefix
        The environment.
    moved
        For tests: called before each rename.

    Raises
    ------
    ChangeFailed
        If a path cannot be moved; the change can be tried again, or reverted.
    """
    change = prefix / "conda-meta" / CHANGE
    plan = _read(change)
    coming = set(plan.coming)
    root, new, old = os.fspath(prefix), os.fspath(change / "new"), os.fspath(change / "old")
    move = _Mover(moved)
    try:
        for path in plan.leaving:
            if _there(f"{old}/{path}") or (path in coming and not _there(f"{new}/{path}")):
                continue  # it has left; a file there now is new
            if _there(f"{root}/{path}"):
                move(f"{root}/{path}", f"{old}/{path}")
        _move_tree(new, root, move, last="conda-meta")
    except OSError as error:
        raise ChangeFailed(f"{error.filename or prefix}: {error.strerror}") from None
    _end(change)


def revert(prefix: Path, moved: Callable[[], None] | None = None) -> None:
    """Take back a change that has begun: the environment becomes what it was.

    Raises
    ------
    ChangeFailed
        If a path cannot be moved; it can be tried again.
    """
    change = prefix / "conda-meta" / CHANGE
    plan = _read(change)
    # Should this be interrupted, the next command goes on in the same direction.
    _touch(change / _REVERT)
    root, new, old = os.fspath(prefix), os.fspath(change / "new"), os.fspath(change / "old")
    move = _Mover(moved)
    try:
        for path in reversed(plan.coming):
            if not _there(f"{new}/{path}") and _there(f"{root}/{path}"):
                move(f"{root}/{path}", f"{new}/{path}")
        for folder in sorted(plan.made, key=len, reverse=True):
            with contextlib.suppress(OSError):
                (prefix / folder).rmdir()
        _move_tree(old, root, move, last="conda-meta")
    except OSError as error:
        raise ChangeFailed(f"{error.filename or prefix}: {error.strerror}") from None
    _end(change)


def recover(prefix: Path, *, prefer_revert: bool = False) -> tuple[Outcome, Plan] | None:
    """Bring an interrupted change to an end, and remove what others left behind.

    The caller holds the environment's lock.

    Parameters
    ----------
    prefix
        The environment.
    prefer_revert
        Revert the change instead of finishing it. One that was being reverted is reverted in any case.

    Returns
    -------
    What was done with which change; None if there was none.

    Raises
    ------
    ChangeFailed
        If neither way can be gone. The environment stays marked as being changed.
    """
    meta = prefix / "conda-meta"
    for leftover in _done_folders(meta):
        _clean(prefix, leftover)
    shutil.rmtree(staging_folder(prefix), ignore_errors=True)
    plan = pending(prefix)
    if plan is None:
        return None
    if prefer_revert or (meta / CHANGE / _REVERT).exists():
        ways: list[tuple[Outcome, Callable[[Path], None]]] = [("reverted", revert), ("finished", finish)]
    else:
        ways = [("finished", finish), ("reverted", revert)]
    problems = []
    for outcome, way in ways:
        try:
            way(prefix)
        except ChangeFailed as error:
            problems.append(str(error))
            continue
        for leftover in _done_folders(meta):
            _clean(prefix, leftover)
        return outcome, plan
    raise ChangeFailed(
        f"an interrupted change of {prefix} can be neither finished ({problems[0]}) nor reverted ({problems[1]}); "
        "mend the cause and run: resolvent recover"
    )


def clean_up(prefix: Path) -> list[str]:
    """Remove what a change that has ended left, and return where files of the user were put."""
    return [path for leftover in _done_folders(prefix / "conda-meta") for path in _clean(prefix, leftover)]


class _Mover:
    """Moves one path; the folders above its new place are made."""

    def __init__(self, moved: Callable[[], None] | None) -> None:
        self._moved = moved
        self._made: set[str] = set()

    def __call__(self, source: str, target: str) -> None:
        if self._moved is not None:
            self._moved()
        parent = target.rpartition("/")[0]
        if parent not in self._made:
            os.makedirs(parent, exist_ok=True)
            self._made.add(parent)
        try:
            os.rename(source, target)
        except OSError as error:
            if error.errno == errno.EXDEV:
                _copy(Path(source), Path(target))
            elif error.errno in {errno.EISDIR, errno.ENOTEMPTY, errno.EEXIST} and os.path.isdir(target):
                # A folder whose files have all left makes way for a file of its name.
                _remove_empty(target)
                os.rename(source, target)
            else:
                raise


def _move_tree(source: str, target: str, move: _Mover, *, last: str = "") -> None:
    """Move all files of a tree to their places in another; whole folders where there is none of the name."""
    try:
        with os.scandir(source) as found:
            entries = sorted(found, key=lambda entry: (entry.name == last, entry.name))
    except FileNotFoundError:
        return
    for entry in entries:
        place = f"{target}/{entry.name}"
        if entry.is_dir(follow_symlinks=False) and os.path.isdir(place):
            _move_tree(entry.path, place, move)
        else:
            move(entry.path, place)


def _copy(source: Path, target: Path) -> None:
    """Move between file systems; the target appears whole."""
    temporary = target.with_name(f".resolvent-{target.name}")
    if source.is_dir() and not source.is_symlink():
        shutil.rmtree(temporary, ignore_errors=True)
        shutil.copytree(source, temporary, symlinks=True)
    else:
        shutil.copy2(source, temporary, follow_symlinks=False)
    temporary.rename(target)
    if source.is_dir() and not source.is_symlink():
        shutil.rmtree(source)
    else:
        source.unlink()


def _remove_empty(folder: str) -> None:
    """Remove a folder that has nothing but empty folders in it."""
    for place, _, _ in os.walk(folder, topdown=False):
        os.rmdir(place)


def _end(change: Path) -> None:
    """End a change by one rename."""
    done = change.with_name(DONE)
    number = 0
    while done.exists():
        number += 1
        done = change.with_name(f"{DONE}-{number}")
    change.rename(done)
    _sync_folder(change.parent)


def _done_folders(meta: Path) -> list[Path]:
    try:
        return sorted(path for path in meta.iterdir() if path.name == DONE or path.name.startswith(f"{DONE}-"))
    except OSError:
        return []


def _clean(prefix: Path, done: Path) -> list[str]:
    """Remove the folder of a change that has ended, and folders that it left empty."""
    places: list[str] = []
    with contextlib.suppress(InstallError):
        plan = _read(done)
        reverted = (done / _REVERT).exists()
        if not reverted:
            for path in plan.saved:
                if _there(done / "old" / path):
                    place = _free_name(prefix / path)
                    os.rename(done / "old" / path, place)
                    places.append(place.relative_to(prefix).as_posix())
        _remove_emptied(prefix, plan.coming if reverted else plan.leaving)
        if reverted:
            for folder in sorted(plan.made, key=len, reverse=True):
                with contextlib.suppress(OSError):
                    (prefix / folder).rmdir()
    # The plan goes last: until then, this can be repeated.
    for name in ("new", "old"):
        shutil.rmtree(done / name, ignore_errors=True)
    shutil.rmtree(done, ignore_errors=True)
    return places


def _remove_emptied(prefix: Path, paths: Iterable[str]) -> None:
    """Remove folders above paths that have left, where they are empty now."""
    folders: set[str] = set()
    for path in paths:
        parent = path.rpartition("/")[0]
        while parent and parent not in folders:
            folders.add(parent)
            parent = parent.rpartition("/")[0]
    for folder in sorted(folders, key=len, reverse=True):
        if folder != "conda-meta":
            with contextlib.suppress(OSError):
                os.rmdir(prefix / folder)


def _free_name(path: Path) -> Path:
    place, number = path.with_name(path.name + SAVED_SUFFIX), 0
    while _there(place):
        number += 1
        place = path.with_name(f"{path.name}{SAVED_SUFFIX}-{number}")
    return place


def _read(folder: Path) -> Plan:
    try:
        data: Any = json.loads((folder / PLAN).read_bytes())
        if data["format"] != _FORMAT:
            raise InstallError(
                f"{folder} was written by another version of resolvent (format {data['format']}); use that to go on"
            )
        return Plan(**data)
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise InstallError(f"the journal {folder} cannot be read: {error}") from None


def _there(path: str | Path) -> bool:
    return os.path.lexists(path)


def _touch(path: Path) -> None:
    with path.open("wb") as file:
        os.fsync(file.fileno())
    _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    """Make the names in a folder durable."""
    if os.name == "nt":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        with contextlib.suppress(OSError):  # some file systems cannot
            os.fsync(handle)
    finally:
        os.close(handle)
