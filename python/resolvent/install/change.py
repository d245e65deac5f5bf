"""A change of an environment from its beginning to its end: the order in which everything happens.

1. lock; bring an interrupted change to an end; read what is installed; refuse a frozen environment;
2. compare the wanted change with what is installed;
3. fetch, verify and unpack packages into the package cache; read what they contain;
4. check: files in the way, clobbers, space, permissions, room for the prefix;
5. let the engine link into a staging folder; compare what it did with what was expected; complete `conda-meta`;
6. change the environment by renames (`journal`), or for a new one give the staging folder its name.

Up to 5 nothing of the environment has changed, and whatever fails leaves it as it was.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import sys
import threading
from collections.abc import Coroutine, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .._core import MatchSpec, PackageRecord, ResolventError
from ..platforms import host_platform
from ..prefix import Prefix
from ..prefix.pending import LOCK
from . import checks, history, journal, locations, metadata, rattler, revisions, scripts
from .contents import PackagePath, PythonPlaces, link_scripts, read_contents
from .errors import ChangeFailed, EnvironmentChanged, EnvironmentFrozen, InstallError
from .events import Changing, Done, ProgressCallback, Recovered, Reporter, Waiting
from .fetch import fetch
from .history import Requests
from .installed import InstalledPackage, python_of, read_installed, same_package
from .links import soften
from .locking import EnvironmentLock, umask
from .package_cache import CachedPackage, PackageCache
from .pip_packages import pip_packages
from .rattler import LinkMode

if TYPE_CHECKING:
    from ..network.auth import Credential

#: How often missing packages are fetched again, should another process replace them in the cache meanwhile.
_TRIES = 3


@dataclass(frozen=True, kw_only=True)
class Options:
    """How a change is carried out; the parameters of `resolvent.apply`, which documents them."""

    link: LinkMode = "auto"
    package_cache: Path | None = None
    progress: ProgressCallback | None = None
    offline: bool | None = None
    run_link_scripts: bool = False
    dry_run: bool = False
    download_only: bool = False
    override_frozen: bool = False
    overwrite: bool = False
    allow_clobber: bool = False
    lock_timeout: float | None = None
    revert: bool = False
    command: str = ""
    credentials: Mapping[str, Credential] = field(default_factory=dict)
    copies: Mapping[str, Path] = field(default_factory=dict)


@dataclass(frozen=True)
class Wanted:
    """What a change is to do.

    Attributes
    ----------
    link
        Records that come in, in link order.
    unlink
        Records that leave, in unlink order.
    requests
        What was asked for, for the history.
    platform
        The environment's subdir; None: what the records say, or this machine's.
    """

    link: Sequence[PackageRecord]
    unlink: Sequence[PackageRecord] = ()
    requests: Requests = field(default_factory=Requests)
    platform: str | None = None


@dataclass(frozen=True)
class Applied:
    """What was done to an environment.

    Attributes
    ----------
    prefix
        The environment.
    linked, unlinked
        The packages that came in and that left.
    revision
        The number of the environment's new revision; None where nothing changed.
    dry_run
        Nothing was done.
    recovered
        An interrupted change that was found was `finished` or `reverted`; None: there was none.
    skipped_scripts
        Link scripts that were not run, as `package: path`.
    saved
        Where files of the user were put that were in the way, relative to the environment.
    warnings
        What the user should know.
    """

    prefix: Path
    linked: tuple[PackageRecord, ...] = ()
    unlinked: tuple[PackageRecord, ...] = ()
    revision: int | None = None
    dry_run: bool = False
    recovered: str | None = None
    skipped_scripts: tuple[str, ...] = ()
    saved: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


@contextlib.contextmanager
def held(prefix: Path, options: Options) -> Iterator[str | None]:
    """Hold an environment that exists: lock it and bring an interrupted change to an end; give how that ended."""
    report = Reporter(options.progress)
    lock = EnvironmentLock(
        prefix / "conda-meta" / LOCK,
        command=options.command,
        timeout=options.lock_timeout,
        waiting=lambda owner: report(Waiting(owner)),
    )
    with lock:
        found = journal.recover(prefix, prefer_revert=options.revert)
        if found is not None:
            report(Recovered(found[0], found[1].command))
        yield None if found is None else found[0]


def change(prefix: Path, wanted: Wanted, options: Options) -> Applied:
    """Change an environment, or make it.

    Raises
    ------
    InstallError
        If it cannot be done. The environment is as it was, unless the text says otherwise.
    """
    prefix = Path(os.path.abspath(prefix.expanduser()))
    if Prefix.is_environment(prefix):
        with held(prefix, options) as recovered:
            done = _Change(prefix, wanted, options).in_place()
            return replace(done, recovered=recovered)
    if os.path.lexists(prefix) and (not prefix.is_dir() or any(prefix.iterdir())):
        what = "is not an environment, and not empty" if prefix.is_dir() else "is not a folder"
        raise InstallError(f"{prefix} {what}; give another folder for the new environment")
    return _create(prefix, wanted, options)


def _create(prefix: Path, wanted: Wanted, options: Options) -> Applied:
    """Make an environment beside its place, and give it its name when it is complete."""
    if options.dry_run:
        return Applied(prefix, tuple(wanted.link), dry_run=True)
    try:
        prefix.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InstallError(f"{prefix} cannot be made: {error.strerror}") from None
    report = Reporter(options.progress)
    lock = EnvironmentLock(
        prefix.parent / f".{prefix.name}{LOCK}",
        command=options.command,
        timeout=options.lock_timeout,
        waiting=lambda owner: report(Waiting(owner)),
    )
    with lock:
        if Prefix.is_environment(prefix):
            raise EnvironmentChanged(f"another process has made {prefix} meanwhile")
        return _Change(prefix, wanted, options).new()


def sibling(prefix: Path) -> Path:
    """Return the folder in which a new environment is prepared."""
    return prefix.parent / f".{prefix.name}.resolvent-new"


class _Change:
    """One change, under the environment's lock."""

    def __init__(self, prefix: Path, wanted: Wanted, options: Options) -> None:
        self._prefix = prefix
        self._wanted = wanted
        self._options = options
        self._report = Reporter(options.progress)
        self._cache = PackageCache(options.package_cache or locations.package_cache_folder())
        self._installed: dict[str, InstalledPackage] = {}
        self._warnings: list[str] = []
        self._scripts: list[str] = []
        self._mode = 0o666 & ~umask()

    def new(self) -> Applied:
        """Make the environment."""
        if self._options.download_only:
            return self._downloaded()
        folder = sibling(self._prefix)
        shutil.rmtree(folder, ignore_errors=True)
        try:
            folder.mkdir()
            self._stage(folder)
            _, number = self._write_history(folder)
            try:
                folder.rename(self._prefix)
            except OSError as error:
                raise ChangeFailed(f"{self._prefix} cannot be made: {error.strerror}") from None
        except OSError as error:
            raise InstallError(f"{self._prefix} cannot be made: {error}") from None
        finally:
            shutil.rmtree(folder, ignore_errors=True)
        locations.register(self._prefix)
        return self._end(number, [])

    def in_place(self) -> Applied:
        """Change the environment."""
        prefix, wanted, options = self._prefix, self._wanted, self._options
        self._installed = read_installed(prefix)
        state = Prefix(prefix)
        leaving, staying = self._compare()
        if not wanted.link and not leaving and not self._requests_change(state):
            return Applied(prefix, dry_run=options.dry_run)
        if state.frozen and not options.override_frozen:
            said = f": {state.frozen_message}" if state.frozen_message else ""
            raise EnvironmentFrozen(f"{prefix} asks to be left unchanged{said} (--override-frozen changes it)")
        if options.dry_run:
            return Applied(prefix, tuple(wanted.link), tuple(one.record for one in leaving), dry_run=True)
        if options.download_only:
            return self._downloaded()
        staging = journal.staging_folder(prefix)
        try:
            staging.mkdir()
            (staging / "new").mkdir()
            try:
                situation = self._stage(staging / "new", leaving, staying)
                plan, number = self._plan(staging / "new", situation)
                if options.run_link_scripts:
                    self._run_scripts([one.record for one in leaving], "pre-unlink")
                self._report(Changing(len(plan.leaving), len(plan.coming)))
                journal.start(prefix, plan)
            except BaseException:
                shutil.rmtree(staging, ignore_errors=True)
                raise
        except OSError as error:
            raise InstallError(f"{prefix} is as it was, it cannot be changed: {error}") from None
        self._move()
        saved = journal.clean_up(prefix)
        self._warn_of_orphans()
        return self._end(number, saved, tuple(one.record for one in leaving))

    def _move(self) -> None:
        """Make the change, which has been written down; take it back if that fails."""
        try:
            journal.finish(self._prefix)
        except KeyboardInterrupt:
            journal.finish(self._prefix)  # it takes a moment only; a second interrupt leaves it to the next command
            raise
        except ChangeFailed as error:
            try:
                journal.revert(self._prefix)
                journal.clean_up(self._prefix)
            except ChangeFailed as second:
                raise ChangeFailed(
                    f"{self._prefix} is half changed: it can be neither finished ({error}) nor reverted ({second}); "
                    "mend the cause and run: resolvent recover"
                ) from None
            raise ChangeFailed(f"the change failed and was taken back, {self._prefix} is as it was: {error}") from None

    def _downloaded(self) -> Applied:
        wanted = self._wanted.link
        fetch(
            wanted,
            self._cache,
            offline=self._options.offline,
            credentials=self._options.credentials,
            copies=self._options.copies,
            report=self._report,
        )
        return Applied(self._prefix, dry_run=True)

    def _compare(self) -> tuple[list[InstalledPackage], list[InstalledPackage]]:
        """Return the installed packages that leave and that stay; what is wanted must fit what is installed."""
        leaving: list[InstalledPackage] = []
        for record in self._wanted.unlink:
            package = self._installed.get(record.name)
            if package is None or not same_package(package.record, record):
                here = "is not installed" if package is None else f"is {package.record.version} {package.record.build}"
                raise EnvironmentChanged(
                    f"{self._prefix} has changed since the solution was made: {record.name} {record.version} "
                    f"{record.build} is to leave, and it {here}; solve again"
                )
            if package.by_pip:
                raise EnvironmentChanged(f"{record.name} was installed by pip in {self._prefix}; pip removes it")
            leaving.append(package)
        gone = {package.record.name for package in leaving}
        for record in self._wanted.link:
            package = self._installed.get(record.name)
            if package is not None and record.name not in gone and not package.by_pip:
                raise EnvironmentChanged(
                    f"{self._prefix} has {record.name} {package.record.version} already, and the solution does not "
                    f"say what happens to it; solve with installed={str(self._prefix)!r}"
                )
        staying = [package for name, package in self._installed.items() if name not in gone]
        return leaving, staying

    def _requests_change(self, state: Prefix) -> bool:
        """Whether what was asked for differs from what earlier requests asked for."""
        requests = self._wanted.requests
        earlier = {spec.name: str(spec) for spec in state.history}
        updated = {_name(spec): _text(spec) for spec in requests.update}
        return any(earlier.get(name) != spec for name, spec in updated.items() if name in self._installed) or any(
            _name(spec) in earlier for spec in requests.remove
        )

    def _stage(
        self, folder: Path, leaving: Sequence[InstalledPackage] = (), staying: Sequence[InstalledPackage] = ()
    ) -> checks.Situation:
        """Prepare what comes in, in a folder on the environment's file system, after all checks."""
        wanted, options = self._wanted.link, self._options
        python_record = next((record for record in wanted if record.name == "python"), None)
        stays = {package.record.name: package for package in staying}
        kept_python = stays.get("python") if python_record is None else None
        platform = self._platform()
        windows = platform.startswith("win-")
        python = PythonPlaces.of(python_record or python_of(stays), windows=windows)
        for attempt in range(_TRIES):
            with self._cache.shared():
                packages = {record.name: self._cache.find(record) for record in wanted}
                whole = {name: package for name, package in packages.items() if package is not None}
                if len(whole) == len(packages) or attempt == _TRIES - 1:
                    missing = sorted(set(packages) - set(whole))
                    if missing:
                        raise InstallError(f"the package cache lost {', '.join(missing)} while it was used")
                    contents = {
                        record.name: read_contents(whole[record.name].folder, record, python, windows=windows)
                        for record in wanted
                    }
                    situation = self._check(folder, contents, leaving, staying)
                    self._scripts = [
                        f"{record.fn}: {path}"
                        for record in wanted
                        for path in link_scripts(contents[record.name], record)
                    ]
                    _run(
                        rattler.stage(
                            wanted,
                            whole,
                            folder,
                            prefix=self._prefix,
                            platform=platform,
                            cache=self._cache.folder,
                            link=options.link,
                            python=kept_python.data if kept_python is not None and _needs_python(wanted) else None,
                            report=self._report,
                        )
                    )
                    self._complete(folder, contents, whole)
                    return situation
            self._fetch([record for record in wanted if packages[record.name] is None])
        raise AssertionError("the last attempt returns or raises")

    def _fetch(self, records: Sequence[PackageRecord]) -> None:
        fetched = fetch(
            records,
            self._cache,
            offline=self._options.offline,
            credentials=self._options.credentials,
            copies=self._options.copies,
            report=self._report,
        )
        # Of a record without hashes the archive itself is the only word; what was just unpacked is taken.
        self._wanted = replace(
            self._wanted, link=[_with_hashes(record, fetched.get(record.name)) for record in self._wanted.link]
        )

    def _check(
        self,
        folder: Path,
        contents: Mapping[str, Sequence[PackagePath]],
        leaving: Sequence[InstalledPackage],
        staying: Sequence[InstalledPackage],
    ) -> checks.Situation:
        options = self._options
        across = _device(self._cache.folder) != _device(folder)
        if across and options.link == "hard":
            raise InstallError(
                f"the package cache {self._cache.folder} is on another file system than {self._prefix}, "
                "so hard links are not possible; use --link copy, or a package cache there"
            )
        copies = options.link == "copy" or across
        situation = checks.Situation(self._prefix, contents, list(staying), list(leaving), copies)
        self._strangers = checks.refuse(
            situation,
            overwrite=options.overwrite,
            clobber=options.allow_clobber,
            case_sensitive=checks.is_case_sensitive(folder),
        )
        little = checks.check_space(folder, checks.space_needed(situation))
        if little is not None:
            raise InstallError(f"{little}; nothing was changed")
        return situation

    def _complete(
        self, folder: Path, contents: Mapping[str, list[PackagePath]], packages: Mapping[str, CachedPackage]
    ) -> None:
        """Compare what the engine linked with what was expected, and complete `conda-meta`."""
        meta = folder / "conda-meta"
        meta.mkdir(exist_ok=True)
        expected = {_record_file(record): record for record in self._wanted.link}
        written = {path.name for path in meta.iterdir() if path.name.endswith(".json")}
        if written != expected.keys():
            odd = sorted(written ^ expected.keys())
            raise ChangeFailed(f"the engine linked other packages than the plan says ({odd[0]}); nothing was changed")
        requested = self._requested()
        for file, record in expected.items():
            data = metadata.complete(
                meta / file,
                record,
                packages[record.name],
                requested=requested.get(record.name, []),
                mode=self._mode,
            )
            listed = set(data["files"])
            wanted = {path.target for path in contents[record.name] if path.kind != "directory"}
            if listed != wanted and not self._options.allow_clobber:
                odd = sorted(listed ^ wanted)
                raise ChangeFailed(
                    f"the engine linked other files of {record.fn} than the package lists ({odd[0]}); "
                    "nothing was changed"
                )
            if self._options.link == "soft":
                data = soften(folder, data, contents[record.name], packages[record.name].folder)
                metadata.write(meta / file, data, self._mode)

    def _requested(self) -> dict[str, list[str]]:
        """Return the specs by which packages are asked for, by name, after the change."""
        texts: dict[str, str] = {}
        if self._installed:
            texts = {spec.name or "": str(spec) for spec in Prefix(self._prefix).history}
        for spec in self._wanted.requests.remove:
            texts.pop(_name(spec), None)
        for spec in (*self._wanted.requests.update, *self._wanted.requests.neutered):
            texts[_name(spec)] = _text(spec)
        return {name: [text] for name, text in texts.items()}

    def _write_history(self, folder: Path) -> tuple[str, int]:
        """Write the history and the revision's file into a staging folder.

        Returns
        -------
        The date and the number of the new revision.
        """
        meta = folder / "conda-meta"
        current = self._prefix / "conda-meta" / "history"
        text = ""
        if self._installed or current.exists():
            with contextlib.suppress(OSError):
                text = current.read_text("utf-8", errors="surrogateescape")
        records = {name: one.record for name, one in self._installed.items() if not one.by_pip}
        before = {history.dist(record): record for record in records.values()}
        for record in self._wanted.unlink:
            records.pop(record.name, None)
        records |= {record.name: record for record in self._wanted.link}
        after = {history.dist(record): record for record in records.values()}
        date = history.now()
        blocks = history.parse(text)
        if text and not text.endswith("\n"):
            text += "\n"
        if history.state(blocks) != before.keys():
            # Somebody changed the environment without a word; conda notes that in the same way.
            text += history.block_text(date=date, command=None, before=history.state(blocks), after=before)
            blocks = history.parse(text)
        last = len(blocks) - 1
        files = meta / revisions.FOLDER
        files.mkdir(parents=True, exist_ok=True)
        if blocks and not (self._prefix / "conda-meta" / revisions.file_of(last)).exists():
            self._write(meta / revisions.file_of(last), revisions.pack(revisions.heading(blocks[-1]), before.values()))
        text += history.block_text(
            date=date,
            command=self._options.command or "resolvent (Python)",
            before=before,
            after=after,
            requests=self._wanted.requests,
        )
        block = history.parse(text)[-1]
        self._write(meta / revisions.file_of(last + 1), revisions.pack(revisions.heading(block), after.values()))
        self._write(meta / "history", text.encode("utf-8", "surrogateescape"))
        return date, last + 1

    def _write(self, file: Path, content: bytes) -> None:
        file.write_bytes(content)
        file.chmod(self._mode)

    def _plan(self, folder: Path, situation: checks.Situation) -> tuple[journal.Plan, int]:
        """Write what remains to be written into the staging folder, and return which paths are moved."""
        meta = folder / "conda-meta"
        meta.mkdir(exist_ok=True)
        requested = self._requested()
        rewritten = []
        names = {_name(spec) for spec in (*self._wanted.requests.update, *self._wanted.requests.remove)}
        for package in situation.staying:
            if package.record.name in names and not package.by_pip:
                data = metadata.with_requests(package.data, requested.get(package.record.name, []))
                if data is not None:
                    metadata.write(meta / package.file, data, self._mode)
                    rewritten.append(f"conda-meta/{package.file}")
        date, number = self._write_history(folder)
        coming = _files(folder)
        kept = {path for package in situation.staying for path in package.paths}
        leaving = [f"conda-meta/{package.file}" for package in situation.leaving] + rewritten
        leaving += [path for path in coming if path.startswith("conda-meta/") and path not in leaving]
        files = sorted(situation.leaving_paths - kept)
        claimed = sorted(path for path in kept if path in situation.targets)
        leaving += [*files, *_bytecode(self._prefix, files), *self._strangers, *claimed]
        return (
            journal.Plan(
                command=self._options.command,
                started=date,
                leaving=list(dict.fromkeys(leaving)),
                coming=coming,
                made=_new_folders(self._prefix, coming),
                saved=self._strangers,
                link=[record.name for record in self._wanted.link],
                unlink=[package.record.name for package in situation.leaving],
            ),
            number,
        )

    def _warn_of_orphans(self) -> None:
        """Warn of packages of pip that an update of python left behind."""
        old = python_of(self._installed)
        new = next((record for record in self._wanted.link if record.name == "python"), None)
        if old is None or new is None:
            return
        windows = self._platform().startswith("win-")
        before, after = PythonPlaces.of(old, windows=windows), PythonPlaces.of(new, windows=windows)
        if before is None or after is None or before.site_packages == after.site_packages:
            return
        owned = [path for package in read_installed(self._prefix).values() for path in package.paths]
        left = [one.name for one in pip_packages(self._prefix, owned) if one.folder == before.site_packages]
        if left:
            self._warnings.append(
                f"pip had installed {', '.join(left)} for python {old.version}; python is {new.version} now and does "
                f"not see them any more. They are still in {before.site_packages}; install them again with pip"
            )

    def _run_scripts(self, records: Iterable[PackageRecord], moment: scripts.Moment) -> None:
        self._warnings += scripts.run_scripts(self._prefix, records, moment)

    def _end(self, number: int, saved: Sequence[str], unlinked: tuple[PackageRecord, ...] = ()) -> Applied:
        if self._options.run_link_scripts:
            self._run_scripts(self._wanted.link, "post-link")
        self._report(Done(number))
        return Applied(
            self._prefix,
            tuple(self._wanted.link),
            unlinked,
            number,
            skipped_scripts=() if self._options.run_link_scripts else tuple(self._scripts),
            saved=tuple(saved),
            warnings=tuple(self._warnings),
        )

    def _platform(self) -> str:
        if self._wanted.platform is not None:
            return self._wanted.platform
        installed = (package.record for package in self._installed.values() if not package.by_pip)
        for record in (*self._wanted.link, *installed):
            if record.subdir and record.subdir != "noarch":
                return record.subdir
        return host_platform()


def _needs_python(records: Sequence[PackageRecord]) -> bool:
    return any(record.noarch == "python" for record in records)


def _record_file(record: PackageRecord) -> str:
    return f"{record.name}-{record.version}-{record.build}.json"


def _with_hashes(record: PackageRecord, package: CachedPackage | None) -> PackageRecord:
    if package is None or record.sha256 is not None or record.md5 is not None:
        return record
    hashes = {"sha256": package.sha256, "md5": package.md5, "size": package.size}
    return PackageRecord.from_dict({**record.to_dict(), **hashes})


def _name(spec: str) -> str:
    """Return the name in a spec; of what is none the text."""
    try:
        return MatchSpec(spec).name or spec
    except ResolventError:
        return spec


def _text(spec: str) -> str:
    """Return a spec as `MatchSpec` spells it."""
    try:
        return str(MatchSpec(spec))
    except ResolventError:
        return spec


def _files(folder: Path) -> list[str]:
    """Return all files and links below a folder, relative to it."""
    found = []
    pending = [(os.fspath(folder), "")]
    while pending:
        place, path = pending.pop()
        with os.scandir(place) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    pending.append((entry.path, f"{path}{entry.name}/"))
                else:
                    found.append(path + entry.name)
    return sorted(found)


def _new_folders(prefix: Path, paths: Iterable[str]) -> list[str]:
    """Return the folders above some paths that are not there yet."""
    folders: dict[str, bool] = {}
    for path in paths:
        parent = path.rpartition("/")[0]
        while parent and parent not in folders:
            folders[parent] = not (prefix / parent).is_dir()
            parent = parent.rpartition("/")[0]
    return sorted(folder for folder, new in folders.items() if new)


def _bytecode(prefix: Path, files: Iterable[str]) -> list[str]:
    """Return the compiled files that python made of modules that leave."""
    modules: dict[str, set[str]] = {}
    for path in files:
        if path.endswith(".py"):
            folder, _, name = path.rpartition("/")
            modules.setdefault(folder, set()).add(name[:-3])
    found = []
    for folder, names in modules.items():
        with contextlib.suppress(OSError):
            compiled = os.listdir(prefix / folder / "__pycache__")
            found += [
                f"{folder}/__pycache__/{name}"
                for name in compiled
                if name.endswith(".pyc") and name.split(".")[0] in names
            ]
    return sorted(found)


def _device(folder: Path) -> int:
    place = folder
    while not place.exists() and place != place.parent:
        place = place.parent
    return place.stat().st_dev


def _run(work: Coroutine[Any, Any, None]) -> None:
    """Run a coroutine to its end, in a thread of its own where this one has an event loop already."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        asyncio.run(work)
        return
    problem: list[BaseException] = []

    def target() -> None:
        try:
            asyncio.run(work)
        except BaseException as error:  # noqa: BLE001 - raised again below
            problem.append(error)

    thread = threading.Thread(target=target)
    thread.start()
    thread.join()
    if problem:
        raise problem[0]


def command_line() -> str:
    """Return the command that this process was started with, for the history."""
    return " ".join([Path(sys.argv[0]).name, *sys.argv[1:]]) if sys.argv and sys.argv[0] else "python"
