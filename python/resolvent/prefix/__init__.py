"""An environment on disk: what is installed, what was asked for, what is pinned.

>>> prefix = resolvent.Prefix("envs/science")                               # doctest: +SKIP
>>> resolvent.solve(["numpy"], index=index, installed=prefix).transaction   # doctest: +SKIP

Everything comes from the folder `conda-meta`, which conda, mamba, micromamba and pixi all keep in the same form:
`*.json` (records.py), `history` (history.py), and the small files `pinned`, `state` and `frozen` (this one).
Environments are often a little broken: an update was killed, a disk was full, somebody edited a pin. One bad
file must not hide the other four hundred. So by default a file that cannot be used is left out and noted in
`Prefix.warnings`; with `strict=True` the first such file is an error. Nothing is ever written there; what was read is
kept in the cache (record_cache.py).
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

from .._core import MatchSpec, PackageRecord, ResolventError
from . import files, history, records
from .errors import InvalidPrefix, NotAnEnvironment, PrefixError, printable
from .files import Unreadable
from .pending import CHANGE, change_in_progress
from .record_cache import RecordCache, stamp_of

__all__ = ["InvalidPrefix", "NotAnEnvironment", "Prefix", "PrefixError"]

#: Enough for any hand-written file.
_LARGEST_SMALL_FILE = 1 << 20
_LEADING_NAME = re.compile(r"(?:[^\s\[\]:]+::)?([A-Za-z0-9_][A-Za-z0-9_.-]*)")


class Prefix:
    """The content of one environment, read once.

    Parameters
    ----------
    path
        The environment's folder, the one that holds `conda-meta`.
    strict
        Raise on the first file that cannot be used, instead of noting it in `warnings`.

    Attributes
    ----------
    path
        The folder.
    records
        The installed packages, sorted by name, one a name. What pip installed is not among them.
    unmanageable
        The packages that pip installed and that conda's metadata knows of; no transaction may touch them.
    history
        What earlier calls asked for, of names that are still installed: first the names in the history file, one
        spec each, oldest first; then, of other names, the `requested_specs` of the records, where pixi writes them.
    pins
        The MatchSpecs of `conda-meta/pinned`: they hold only if the package is installed.
    env_vars
        Environment variables of `conda-meta/state`, set on activation.
    frozen
        Whether the environment asks to be left unchanged (CEP 22).
    frozen_message
        What it says to those who want to change it; None: nothing.
    warnings
        The files that could not be used, wholly or in part, in reading order. Each is an `InvalidPrefix`.

    Raises
    ------
    NotAnEnvironment
        If there is no such folder or it has no `conda-meta`.
    InvalidPrefix
        If `conda-meta` cannot be listed; with `strict`, if any file of it cannot be used.
    """

    def __init__(self, path: str | os.PathLike[str], *, strict: bool = False) -> None:
        self.path = Path(path)
        self.records: list[PackageRecord] = []
        self.unmanageable: list[PackageRecord] = []
        self.history: list[MatchSpec] = []
        self.pins: list[MatchSpec] = []
        self.env_vars: dict[str, str] = {}
        self.frozen = False
        self.frozen_message: str | None = None
        self.warnings: list[InvalidPrefix] = []
        self._strict = strict
        self._meta = self.path / "conda-meta"
        if not self.is_environment(self.path):
            raise NotAnEnvironment(_advice(self.path), self.path)
        self._read_pending()
        noted = self._read_records()
        self._read_history(noted)
        self._read_pins()
        self._read_state()
        self._read_frozen()

    @staticmethod
    def is_environment(path: str | os.PathLike[str]) -> bool:
        """Tell whether a folder is a conda environment: whether it holds a folder `conda-meta`."""
        try:
            return (Path(path) / "conda-meta").is_dir()
        except (OSError, ValueError):
            return False

    def get(self, name: str) -> PackageRecord | None:
        """Return the installed record of a name; None if there is none, or pip installed it."""
        return next((record for record in self.records if record.name == name), None)

    def __len__(self) -> int:
        return len(self.records)

    def __iter__(self) -> Iterator[PackageRecord]:
        return iter(self.records)

    def __repr__(self) -> str:
        return f"<Prefix {printable(self.path)}: {len(self.records)} packages, {len(self.history)} requested>"

    def _complain(self, file: Path, reason: str) -> None:
        error = InvalidPrefix(self.path, file, reason)
        if self._strict:
            raise error
        self.warnings.append(error)

    def _read_pending(self) -> None:
        """Note that the environment is in the middle of a change, so what is read here is not the whole of it."""
        what = change_in_progress(self._meta)
        if what is not None:
            self._complain(
                self._meta / CHANGE,
                f"the environment is being changed, or a change was interrupted ({what}); "
                "`resolvent recover` brings that to an end",
            )

    def _read_records(self) -> dict[str, list[str]]:
        """Read every record; return the specs that the records themselves carry, by package name."""
        try:
            paths = [path for path in files.entries(self._meta) if path.name.endswith(".json")]
        except Unreadable as error:
            raise InvalidPrefix(self.path, self._meta, str(error)) from None
        cache = RecordCache(self._meta)
        found: dict[str, tuple[Path, PackageRecord]] = {}
        noted: dict[str, list[str]] = {}
        # Hidden files are what editors and copying tools leave behind.
        for path in (path for path in paths if not path.name.startswith(".")):
            try:
                record, asked, by_pip = _read_record(path, cache)
            except Unreadable as error:
                self._complain(path, str(error))
                continue
            if by_pip:
                self.unmanageable.append(record)
                continue
            proper = path.name == records.file_name(record)
            if not proper:
                self._complain(path, f"is named differently from what it holds, {records.file_name(record)}")
            if record.name in found:
                kept, other = found[record.name]
                # Of two files, the one that no installer would have named like this is the stray copy.
                if proper and kept.name != records.file_name(other):
                    found[record.name] = (path, record)
                    noted[record.name] = asked
                    path, kept = kept, path
                self._complain(path, f"is a second record of {record.name}; {printable(kept.name)} is used instead")
                continue
            found[record.name] = (path, record)
            noted[record.name] = asked
        cache.save()
        self.records = [record for _, record in sorted(found.values(), key=lambda pair: pair[1].name)]
        self.unmanageable.sort(key=lambda record: record.name)
        return noted

    def _read_history(self, noted: dict[str, list[str]]) -> None:
        path = self._meta / "history"
        texts: dict[str, str] = {}
        text = self._read_optional(path, files.LARGEST_FILE)
        if text is not None:
            texts = history.requested_specs(text, requested_name, lambda reason: self._complain(path, reason))
        installed = {record.name: record for record in self.records}
        for name, spec in texts.items():
            if name in installed:
                self.history.append(self._root(path, spec, name))
        for record in self.records:
            for spec in noted[record.name] if record.name not in texts else ():
                self.history.append(self._root(self._meta / records.file_name(record), spec, record.name))

    def _root(self, file: Path, text: str, name: str) -> MatchSpec:
        """Return a requested spec; if it cannot be read its bare name, for a root that is forgotten gets removed."""
        try:
            spec = MatchSpec(text)
            if spec.name == name:
                return spec
            reason = f"is of {spec.name or 'no package'}"
        except ResolventError as error:
            reason = str(error)
        self._complain(
            file, f"the requested spec {text[:80]!r} cannot be used ({reason}); {name} is kept at any version"
        )
        return MatchSpec(name)

    def _read_pins(self) -> None:
        path = self._meta / "pinned"
        for number, line in enumerate((self._read_optional(path, _LARGEST_SMALL_FILE) or "").splitlines(), start=1):
            text = line.strip()
            if not text or text.startswith("#"):
                continue
            try:
                spec = MatchSpec(text)
            except ResolventError as error:
                self._complain(path, f"line {number} is no MatchSpec: {error}")
                continue
            if spec.name is None:
                self._complain(path, f"line {number} pins no package by name: {text[:80]!r}")
                continue
            self.pins.append(spec)
            advice = bare_pin(spec, self.get(spec.name))
            if advice is not None:
                # Nothing is wrong with the file, so this is never an error.
                self.warnings.append(InvalidPrefix(self.path, path, f"line {number}: {advice}"))

    def _read_state(self) -> None:
        path = self._meta / "state"
        if not files.exists(path):
            return
        try:
            variables = files.read_object(path, _LARGEST_SMALL_FILE).get("env_vars") or {}
        except Unreadable as error:
            self._complain(path, str(error))
            return
        if not isinstance(variables, dict):
            self._complain(path, "has an 'env_vars' that is no object")
            return
        for name, value in variables.items():
            if isinstance(value, str):
                self.env_vars[name] = value
            else:
                self._complain(path, f"has a variable {name[:80]!r} that is no string")

    def _read_frozen(self) -> None:
        path = self._meta / "frozen"
        # The marker counts by being there, whatever it holds.
        self.frozen = files.exists(path)
        if not self.frozen:
            return
        text = self._read_optional(path, _LARGEST_SMALL_FILE)
        if text is None or not text.strip():
            return
        try:
            message = files.read_object(path, _LARGEST_SMALL_FILE).get("message")
        except Unreadable as error:
            self._complain(path, str(error))
            return
        if isinstance(message, str):
            self.frozen_message = message
        elif message is not None:
            self._complain(path, "has a 'message' that is no string")

    def _read_optional(self, path: Path, limit: int) -> str | None:
        if not files.exists(path):
            return None
        try:
            return files.read_text(path, limit)
        except Unreadable as error:
            self._complain(path, str(error))
            return None


def _read_record(path: Path, cache: RecordCache) -> tuple[PackageRecord, list[str], bool]:
    """Return a file's record, the specs by which it was requested, and whether pip installed it."""
    try:
        stamp = stamp_of(os.stat(path))  # noqa: PTH116 - four hundred of them
    except OSError:
        stamp = None  # reading it says why
    row = None if stamp is None else cache.find(path.name, stamp)
    if row is None:
        data = files.read_object(path)
        row = (records.fields(data), records.requested(data), records.is_unmanageable(data))
        record = records.from_fields(row[0])
        if stamp is not None:
            cache.note(path.name, stamp, row)
    else:
        record = records.from_fields(row[0])
    return record, row[1], row[2]


def requested_name(text: str) -> str | None:
    """Return the name that a requested spec is about, if need be from a spec that is otherwise unreadable."""
    try:
        return MatchSpec(text).name
    except ResolventError:
        match = _LEADING_NAME.match(text.strip())
        return match[1].lower() if match else None


def _advice(path: Path) -> str:
    """Return why a folder is no environment, and what may have been meant."""
    shown = printable(path)
    try:
        if not path.exists():
            return f"{shown} does not exist; for a new environment, leave the prefix out"
        if not path.is_dir():
            return f"{shown} is not a folder; give the environment's folder, the one that holds conda-meta"
        if path.name == "conda-meta":
            return f"{shown} lies inside an environment; give the folder above it, {printable(path.absolute().parent)}"
        below = next(iter(sorted(path.glob(".pixi/envs/*/conda-meta"))), None)
        if below is not None:
            return f"{shown} is a pixi project; its environments are folders such as {printable(below.parent)}"
        if (path / "pyvenv.cfg").exists():
            return f"{shown} was made by venv, not by conda: it has no conda-meta"
    except (OSError, ValueError) as error:
        return f"{shown} cannot be read: {error}"
    return (
        f"{shown} is not a conda environment: it has no conda-meta folder. Give an environment's folder "
        "(`conda info --envs` lists them), or for a new environment leave the prefix out"
    )


def bare_pin(spec: MatchSpec, installed: PackageRecord | None) -> str | None:
    """Return why a pin pins nothing, and how to write what may be meant; None for one that says more than a name.

    Parameters
    ----------
    spec
        The pin.
    installed
        The installed record of the name.
    """
    if spec.name is None or spec != MatchSpec(spec.name):
        return None
    problem = f"the pin {spec.name!r} names no version, so it pins nothing"
    if installed is None:
        return f"{problem}; write a version, such as '{spec.name} 1.2.*'"
    series = ".".join(installed.version.split(".")[:2])
    return (
        f"{problem}; write '{spec.name} {series}.*' to keep it in that series, or '{spec.name} =={installed.version}' "
        "to keep that version"
    )
