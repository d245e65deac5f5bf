"""resolvent as a backend of solvatron, which compares the answers of conda's solvers.

Copy this file into its package as `src/solvatron/resolvent.py`, and add `"resolvent"` to `KNOWN_SOLVERS` and to
`solver_to_callable` in `common.py` there.
"""

from __future__ import annotations

from typing import Any

from solvatron.common import Record, SolutionNotFound  # type: ignore[import-not-found]

import resolvent

_ALIAS = "https://conda.anaconda.org/"


def solve(specs: list[str], channels: list[str], subdirs: list[str] | None) -> list[Any]:
    """Return the records of the best fresh environment.

    Parameters
    ----------
    specs
        MatchSpecs.
    channels
        Names, URLs or folders, first the preferred one.
    subdirs
        The target and `noarch`; None: this machine's.
    """
    platform = subdirs[0] if subdirs else None
    try:
        solution = resolvent.solve(specs, channels=channels, platform=platform)
    except resolvent.UnsatisfiableError as error:
        raise SolutionNotFound(error.conflict.report()) from error
    return [
        Record(
            name=record.name,
            version=record.version,
            build=record.build,
            channel=record.channel.removeprefix(_ALIAS).rstrip("/"),
            subdir=record.subdir,
        )
        for record in solution.records
    ]
