"""A channel and an environment in a few lines of text each, for tests that are about one situation.

A line is `NAME VERSION [BUILD] [: DEPENDENCY; DEPENDENCY]`; a dependency that begins with `!` is a constraint. Further
keys of a record are given as a mapping, by name.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import resolvent
from conftest import record, write_subdir
from resolvent import PackageRecord, Session, Solution

CHANNEL = "channel"


def records(text: str, keys: Mapping[str, Mapping[str, Any]] | None = None) -> list[dict[str, Any]]:
    """Return the repodata records that the lines of a text describe."""
    found = []
    for line in filter(str.strip, text.splitlines()):
        head, _, tail = line.partition(":")
        words = head.split()
        specs = [spec.strip() for spec in tail.split(";") if spec.strip()]
        build = words[2] if len(words) > 2 else "0"
        more = (keys or {}).get(words[0], {})
        subdir = "noarch" if "noarch" in more else "linux-64"
        found.append(
            record(
                words[0],
                words[1],
                build if build[-1].isdigit() else f"{build}_0",
                depends=[spec for spec in specs if not spec.startswith("!")],
                constrains=[spec[1:].strip() for spec in specs if spec.startswith("!")],
                **{"subdir": subdir, **more},
            )
        )
    return found


class World:
    """A channel, and an environment that need not agree with it.

    Parameters
    ----------
    folder
        Where the channel is written.
    channel, installed
        Lines of records.
    history
        What was asked for earlier.
    keys
        Further keys of records, by name.
    """

    def __init__(
        self,
        folder: Path,
        channel: str,
        installed: str = "",
        history: Iterable[str] = (),
        *,
        keys: Mapping[str, Mapping[str, Any]] | None = None,
    ) -> None:
        self.entries = records(channel, keys)
        for subdir in ("linux-64", "noarch"):
            write_subdir(folder, [entry for entry in self.entries if entry["subdir"] == subdir], subdir)
        self.source = f"{CHANNEL}={folder}"
        self.index = resolvent.load_index([self.source], platform="linux-64")
        self.session = Session(self.index, virtual_packages=[])
        there = [{**entry, "channel": CHANNEL} for entry in records(installed, keys)]
        self.installed = [PackageRecord.from_dict(entry) for entry in there]
        self.history = list(history)

    def solve(self, *specs: str, **options: Any) -> Solution:
        """Solve over the environment, and check the answer."""
        options = {"installed": self.installed, "history": self.history, **options}
        solution = self.session.solve(list(specs), **options)
        if options.get("deps", "all") == "all" and not options.get("force_remove"):
            known = {key: value for key, value in options.items() if key not in ("satisfied_skip", "force_reinstall")}
            assert resolvent.check(solution.records, list(specs), index=self.index, virtual_packages=[], **known) == []
        return solution

    def after(self, *specs: str, **options: Any) -> dict[str, str]:
        """Return the versions of the answer, by name."""
        return {entry.name: entry.version for entry in self.solve(*specs, **options).records}

    def judge(self, left: Iterable[str], *specs: str, **options: Any) -> list[str]:
        """Return what `check` says of the environment after all but these names were unlinked from it."""
        options = {"installed": self.installed, "history": self.history, **options}
        stay = [entry for entry in self.installed if entry.name in set(left)]
        return resolvent.check(stay, list(specs), index=self.index, virtual_packages=[], **options)
