"""What the claims checker needs to know of a drawn request."""

from __future__ import annotations

import fnmatch
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from claims import Asked, Raw, Records, check

import resolvent
from unsatisfiable import Case

MILLISECONDS = 253_402_300_799


class Shelf:
    """The records of channel folders, read once."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._read: dict[tuple[tuple[str, ...], str], Records] = {}
        self._platforms = sorted({path.name for path in folder.glob("*/*") if path.is_dir()} - {"noarch"})

    def records(self, channels: tuple[str, ...], platform: str) -> Records:
        key = (channels, platform)
        if key not in self._read:
            self._read[key] = Records.read(self.folder, channels, platform)
        return self._read[key]

    def asked(self, case: Case) -> Asked:
        """Return what a case asks, and of which records."""
        given = case.keywords
        installed = [{**r.to_dict(), "channel": ""} for r in given.get("installed", ())]
        elsewhere: dict[str, Callable[[], Records]] = {
            p: partial(self.records, case.channels, p) for p in self._platforms if p != case.platform
        }
        return Asked(
            records=self.records(case.channels, case.platform),
            specs=case.specs,
            constraints=tuple(given.get("constraints", ())),
            pins=tuple(given.get("pins", ())),
            virtual=case.virtual,
            installed=installed,
            strict=given.get("channel_priority", "strict") == "strict",
            cutoff=_cutoff(given.get("exclude_newer")),
            deny=tuple(given.get("deny", ())),
            licence_allowed=_licences(given.get("licenses")),
            elsewhere=elsewhere,
        )

    def check(self, case: Case, conflict: resolvent.Conflict, timeout: float = 0.0) -> tuple[int, list[Any]]:
        """Test everything that a conflict says of a case."""
        return check(conflict.to_dict(timeout=timeout), self.asked(case))


def _cutoff(given: Any) -> Callable[[Raw], int | None]:
    def milliseconds(value: Any) -> int:
        return int(value) if value > MILLISECONDS else int(value) * 1000

    if given is None:
        return lambda _: None
    if isinstance(given, dict):
        return lambda entry: milliseconds(given[entry["name"]]) if entry["name"] in given else None
    return lambda _: milliseconds(given)


def _licences(given: Any) -> Callable[[str | None], bool]:
    if not given:
        return lambda _: True

    def allowed(licence: str | None) -> bool:
        def among(patterns: list[str]) -> bool:
            return any(fnmatch.fnmatchcase((licence or "").lower(), p.lower()) for p in patterns)

        if among(given.get("deny", [])):
            return False
        return "allow" not in given or among(given["allow"])

    return allowed
