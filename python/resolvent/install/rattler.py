"""The engine: py-rattler links packages into a folder that is not the environment yet.

It gets a staging folder and the path that the files will have later, so prefixes, shebangs and entry points come out
right for the final place. What it is good at is used: linking, patching prefixes, noarch python. What it is not made
for never happens here: it does not see the environment, does not unlink, does not download.
"""

from __future__ import annotations

import asyncio
import atexit
import contextlib
import json
import os
import shutil
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from .._core import PackageRecord
from .errors import ChangeFailed, InstallError
from .events import Linked, Reporter
from .package_cache import CachedPackage

LinkMode = Literal["auto", "hard", "soft", "copy"]
LINK_MODES: tuple[LinkMode, ...] = ("auto", "hard", "soft", "copy")

_COPY = "allow-hard-links = false\nallow-ref-links = false\n"
_registered = False


async def stage(
    records: Sequence[PackageRecord],
    packages: Mapping[str, CachedPackage],
    folder: Path,
    *,
    prefix: Path,
    platform: str,
    cache: Path,
    link: LinkMode,
    python: Mapping[str, Any] | None,
    report: Reporter,
) -> None:
    """Link packages into a folder as they will be in an environment.

    Parameters
    ----------
    records
        What to link; each is in the package cache.
    packages
        Their entries there, by name.
    folder
        An empty folder on the file system of the environment.
    prefix
        The environment that the files are for.
    platform
        Its subdir.
    cache
        The package cache.
    link
        How files come in. `soft` is a later pass, for which they are linked as usual first.
    python
        The content of the `conda-meta` file of a python that stays and that is not among the records.
    report
        Receives an event for each package.

    Raises
    ------
    InstallError
        If py-rattler is not installed.
    ChangeFailed
        If it fails.
    """
    rattler = import_engine()
    _settle_at_exit()
    meta = folder / "conda-meta"
    meta.mkdir(parents=True, exist_ok=True)
    wanted = [_record(rattler, record, packages[record.name]) for record in records]
    installed = []
    if python is not None:
        # The engine asks the environment's python where modules go. This one is there already, so it stays as it is.
        beside = meta / f"{python['name']}-{python['version']}-{python['build']}.json"
        beside.write_text(json.dumps({**_plain(python), "files": [], "paths_data": {"paths_version": 1, "paths": []}}))
        kept = rattler.PrefixRecord.from_path(beside)
        installed.append(kept)
        wanted.append(kept)
    config = rattler.Config.from_toml(_COPY) if link == "copy" else None
    # It insists on a cache that it may write, although nothing is fetched here.
    spare = None if os.access(cache, os.W_OK) else _writable_view(meta / ".resolvent-cache", packages)
    problem: str | None = None
    try:
        await rattler.install(
            wanted,
            str(folder),
            package_cache=rattler.PackageCache(spare or cache),
            installed_packages=installed,
            platform=rattler.Subdir(platform),
            execute_link_scripts=False,
            show_progress=False,
            reporter=_Events(report, len(records)),
            alternative_target_prefix=str(prefix),
            config=config,
        )
    except asyncio.CancelledError:
        raise
    except Exception as error:  # noqa: BLE001 - whatever it raises, nothing has changed yet
        problem = str(error)
    except BaseException as error:  # a panic of the engine is no Exception
        if type(error).__name__ != "PanicException":
            raise
        problem = f"the engine stopped: {error}"
    if problem is not None:
        raise ChangeFailed(f"linking failed, and the environment is as it was: {' '.join(problem.split())}")
    if spare is not None:
        shutil.rmtree(spare, ignore_errors=True)
    if python is not None:
        beside.unlink()
    for extra in (folder / "CACHEDIR.TAG", meta / "history"):
        extra.unlink(missing_ok=True)


def _writable_view(folder: Path, packages: Mapping[str, CachedPackage]) -> Path:
    """Make a package cache of links to the entries of one that cannot be written."""
    folder.mkdir()
    for package in packages.values():
        entry = package.folder
        (folder / entry.name).symlink_to(entry)
        shutil.copyfile(entry.with_name(f"{entry.name}.lock"), folder / f"{entry.name}.lock")
    return folder


def import_engine() -> Any:
    """Return py-rattler.

    Raises
    ------
    InstallError
        If it is not installed.
    """
    try:
        import rattler
    except ImportError as error:
        raise InstallError(
            f"py-rattler links packages, and it is not installed ({error}); try: pip install 'resolvent[install]'"
        ) from None
    return rattler


def _record(rattler: Any, record: PackageRecord, package: CachedPackage) -> Any:
    """Return a record as the engine takes it: only what linking depends on; the rest is written by us."""
    made = rattler.PackageRecord(
        name=record.name,
        version=record.version,
        build=rattler.BuildString(record.build),
        build_number=record.build_number,
        subdir=record.subdir,
        noarch=record.noarch,
        depends=[],
        sha256=bytes.fromhex(package.sha256),
        md5=bytes.fromhex(package.md5),
        size=package.size,
        python_site_packages_path=record.python_site_packages_path,
    )
    # Nothing is fetched: the entry is in the cache. Should it vanish now, the engine fails instead of going online.
    return rattler.RepoDataRecord(made, f"{record.name}-{record.version}-{record.build}.conda", _NOWHERE, "file:///")


#: An address that the engine could not fetch from.
_NOWHERE = "file:///nonexistent/resolvent/package.conda"


def _plain(data: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields of a `conda-meta` file that every version of the engine reads."""
    keys = (
        *("name", "version", "build", "build_number", "subdir", "noarch", "sha256", "md5", "size"),
        *("fn", "url", "channel", "python_site_packages_path"),
    )
    plain = {key: data[key] for key in keys if data.get(key) is not None}
    return {"depends": [], "constrains": [], "url": _NOWHERE, "channel": "file:///", **plain}


class _Events:
    """What the engine calls; it ignores what is raised here."""

    def __init__(self, report: Reporter, total: int) -> None:
        self._report = report
        self._total = total
        self._done = 0
        self._names: dict[int, str] = {}

    def on_link_start(self, operation: int, package_name: str) -> int:
        self._names[operation] = package_name
        return operation

    def on_link_complete(self, index: int) -> None:
        self._done += 1
        with contextlib.suppress(Exception):
            self._report(Linked(self._names.get(index, ""), self._done, self._total))


def _settle_at_exit() -> None:
    """Give the engine's threads a moment before the interpreter is taken apart.

    They may still be handing back the last result, and touching Python then ends the process with a signal
    (https://github.com/PyO3/pyo3-async-runtimes/issues/40).
    """
    global _registered
    if not _registered:
        _registered = True
        atexit.register(time.sleep, 0.1)
