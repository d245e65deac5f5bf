"""Finding and reading the cases."""

from __future__ import annotations

import importlib.metadata
import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

_DISTRIBUTION = "pytest-conda-solvers"
_PACKAGE = "pytest_conda_solvers"

#: The kinds of cases that call a solver. The others ask for a helper of conda that explains version bounds.
KINDS = ("solve", "solve_for_diff", "unsatisfiable")


@dataclass(frozen=True)
class Case:
    """One call of a solver, and what is expected of it.

    Attributes
    ----------
    id, name
        As in the wheel; the id is unique.
    kind
        One of `KINDS`.
    solvers
        The conda solvers that the case was recorded for; none: every one of them.
    input
        The raw input: channels, specs, environment, modifiers.
    expected
        The raw output, empty for a case that must only be solvable.
    """

    id: str
    name: str
    kind: str
    solvers: tuple[str, ...]
    input: dict[str, Any]
    expected: dict[str, Any]

    def strings(self, key: str) -> list[str]:
        """Return an input that may be one string, several or none."""
        return listed(self.input.get(key))


def listed(value: Any) -> list[str]:
    """Return a value of the YAML files as a list: they write one string without brackets, and nothing as null."""
    if value is None or value == "":
        return []
    return [str(item) for item in value] if isinstance(value, list) else [str(value)]


@cache
def wheel_folder() -> Path | None:
    """Return the folder of the unpacked wheel's package; None if the wheel is nowhere."""
    named = os.environ.get("RESOLVENT_CONFORMANCE")
    places = [Path(named)] if named else [Path(sys.prefix) / "conformance"]
    for place in places:
        for folder in (place / _PACKAGE, place):
            if (folder / "conda-solver-tests").is_dir():
                return folder
    if named:
        raise FileNotFoundError(
            f"RESOLVENT_CONFORMANCE is {named}, but the wheel {_DISTRIBUTION} is not unpacked there"
        )
    try:
        located = Path(str(importlib.metadata.distribution(_DISTRIBUTION).locate_file(_PACKAGE)))
    except importlib.metadata.PackageNotFoundError:
        return None
    return located if (located / "conda-solver-tests").is_dir() else None


def read_cases(folder: Path) -> Iterator[Case]:
    """Yield every case of the wheel that calls a solver, by file and place in it."""
    import yaml

    for path in sorted((folder / "conda-solver-tests").glob("*.yaml")):
        for test in yaml.safe_load(path.read_text(encoding="utf-8"))["tests"]:
            if test["kind"] in KINDS:
                yield Case(
                    id=test["id"],
                    name=test["name"],
                    kind=test["kind"],
                    solvers=tuple(listed(test.get("solvers"))),
                    input=test["input"],
                    expected=test.get("output") or test.get("error") or {},
                )
