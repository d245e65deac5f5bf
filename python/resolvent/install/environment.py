"""An environment on disk that can be changed: its packages, its revisions, and the way back."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .._core import PackageRecord
from ..prefix import NotAnEnvironment, Prefix
from ..prefix import history as prefix_history
from ..prefix.pending import change_in_progress
from . import history, revisions
from .change import Applied, Options, Wanted, change, held
from .errors import InstallError
from .history import Requests
from .installed import read_installed, same_package
from .pip_packages import PipPackage, pip_packages
from .revisions import Revision
from .verify import FileProblem, verify


class Environment:
    """An environment on disk.

    Nothing is kept: each property reads the folder again, for others change it, too.

    Parameters
    ----------
    prefix
        The environment's folder.

    Raises
    ------
    NotAnEnvironment
        If it has no `conda-meta`.
    """

    def __init__(self, prefix: str | os.PathLike[str]) -> None:
        self.path = Path(os.path.abspath(Path(prefix).expanduser()))
        if not Prefix.is_environment(self.path):
            Prefix(self.path)  # raises with advice
            raise NotAnEnvironment(f"{self.path} is not a conda environment", self.path)

    def __repr__(self) -> str:
        return f"<Environment {self.path}>"

    @property
    def state(self) -> Prefix:
        """Everything a solver asks of it: records, requests, pins."""
        return Prefix(self.path)

    @property
    def records(self) -> list[PackageRecord]:
        """The installed packages, sorted by name; not those of pip."""
        return self.state.records

    @property
    def pip_packages(self) -> list[PipPackage]:
        """What pip installed, sorted by name."""
        owned = [path for package in read_installed(self.path).values() for path in package.paths]
        return pip_packages(self.path, owned)

    @property
    def being_changed(self) -> str | None:
        """The change that has begun and has not ended, in words; None: the environment is whole."""
        return change_in_progress(self.path / "conda-meta")

    @property
    def revisions(self) -> list[Revision]:
        """The states it had, oldest first; the last one is the present."""
        try:
            text = (self.path / "conda-meta" / "history").read_text("utf-8", errors="replace")
        except OSError:
            return []
        return revisions.revisions_of(text)

    def verify(self) -> list[FileProblem]:
        """Compare the files with what `conda-meta` lists; see `resolvent.install.FileProblem`."""
        return verify(self.path)

    def recover(self, *, revert: bool = False, lock_timeout: float | None = None) -> str | None:
        """Bring an interrupted change to an end.

        Parameters
        ----------
        revert
            Take it back instead of finishing it.
        lock_timeout
            Seconds to wait for another process; None: without end.

        Returns
        -------
        `"finished"`, `"reverted"`, or None if there was none.
        """
        command = "resolvent recover"
        with held(self.path, Options(revert=revert, lock_timeout=lock_timeout, command=command)) as outcome:
            return outcome

    def wanted(self, revision: int) -> Wanted:
        """Return the change that leads back to a revision.

        Parameters
        ----------
        revision
            Its number; negative ones count from the newest: -2 is the state before the last change.

        Raises
        ------
        InstallError
            If there is no such revision, or it is not known where its packages come from.
        """
        installed = {name: one.record for name, one in read_installed(self.path).items() if not one.by_pip}
        known = {history.dist(record): record for record in installed.values()}
        records = {record.name: record for record in revisions.records_of(self.path / "conda-meta", revision, known)}
        same = {name for name, record in records.items() if name in installed and same_package(record, installed[name])}
        unlink = [record for name, record in sorted(installed.items()) if name not in same]
        link = [record for name, record in sorted(records.items()) if name not in same]
        relinked = self._noarch_of_python(installed, records, same)
        return Wanted(
            link=[*link, *(records[name] for name in relinked)],
            unlink=[*unlink, *(installed[name] for name in relinked)],
            requests=self._requests_of(revision),
        )

    def rollback(self, revision: int = -2, **options: Any) -> Applied:
        """Return to an earlier state. That is a new revision, so it can be taken back, too.

        Parameters
        ----------
        revision
            The number of the state; negative ones count from the newest: -2 is the state before the last change.
        options
            Those of `resolvent.apply`: `link`, `package_cache`, `progress`, `offline`, `run_link_scripts`, `dry_run`…

        Raises
        ------
        InstallError
            If there is no such revision, or it cannot be restored. The environment is as it was.
        """
        shaped = Options(**{"command": f"resolvent rollback {revision}", **_shaped(options)})
        with held(self.path, shaped) as outcome:
            recovered = outcome
        wanted = self.wanted(revision)
        done = change(self.path, wanted, shaped)
        return done if recovered is None else _with_recovery(done, recovered)

    def _requests_of(self, revision: int) -> Requests:
        """Return what makes the requests those of an earlier state."""
        text = (self.path / "conda-meta" / "history").read_text("utf-8", errors="surrogateescape")
        blocks = history.parse(text)
        at = revision if revision >= 0 else len(blocks) + revision
        now = _specs(text)
        then = _specs("\n".join(block.text for block in blocks[: at + 1]))
        return Requests(
            update=tuple(spec for name, spec in then.items() if now.get(name) != spec),
            remove=tuple(name for name in now if name not in then),
        )

    @staticmethod
    def _noarch_of_python(
        installed: Mapping[str, PackageRecord], records: Mapping[str, PackageRecord], same: set[str]
    ) -> list[str]:
        """Return noarch python packages that stay while python's minor version changes: they are linked again."""
        old, new = installed.get("python"), records.get("python")
        if old is None or new is None or old.version.split(".")[:2] == new.version.split(".")[:2]:
            return []
        return sorted(name for name in same if records[name].noarch == "python")


def _specs(text: str) -> dict[str, str]:
    from ..prefix import requested_name

    return prefix_history.requested_specs(text, requested_name, lambda _reason: None)


def _shaped(options: Mapping[str, Any]) -> dict[str, Any]:
    shaped = dict(options)
    if shaped.get("package_cache") is not None:
        shaped["package_cache"] = Path(shaped["package_cache"])
    unknown = set(shaped) - set(Options.__dataclass_fields__)
    if unknown:
        raise InstallError(f"rollback has no option {min(unknown)!r}")
    return shaped


def _with_recovery(done: Applied, recovered: str) -> Applied:
    from dataclasses import replace

    return replace(done, recovered=recovered)
