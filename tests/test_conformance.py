"""conda's own solver tests: same verdict, same packages, except where the contract asks for another answer."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

import resolvent
from conformance.cases import Case, read_cases, wheel_folder
from conformance.exceptions import EXCEPTIONS
from conformance.setup import PLATFORM, Dist, parse_dists, write_channels, write_environment
from conformance.translate import solve_arguments
from environment_support import apply, identities
from resolvent import PackageRecord
from resolvent.prefix import Prefix

pytest.importorskip("yaml", reason="the cases are YAML files: install PyYAML")
FOLDER = wheel_folder()
CASES = {} if FOLDER is None else {case.id: case for case in read_cases(FOLDER)}
DOCUMENT = Path(__file__).parent.parent / "docs" / "conformance.md"

needs_wheel = pytest.mark.skipif(
    FOLDER is None,
    reason="the wheel pytest-conda-solvers is not here: pip install --no-deps --target .venv/conformance "
    "pytest-conda-solvers, or set RESOLVENT_CONFORMANCE to where it is unpacked",
)


def parameters() -> list[Any]:
    """Return one parameter a case, the exceptions marked."""
    return [
        pytest.param(
            case,
            id=f"{case.id}-{case.name}",
            marks=[pytest.mark.xfail(strict=True, reason=EXCEPTIONS[case.id])] if case.id in EXCEPTIONS else [],
        )
        for case in CASES.values()
    ]


class Call:
    """A case made ready: channels loaded, environment written and read, arguments translated."""

    def __init__(self, case: Case, folder: Path) -> None:
        assert FOLDER is not None
        sources = write_channels(
            FOLDER, case.strings("channels"), folder / "channels", add_pip=bool(case.input.get("add_pip"))
        )
        self.index = resolvent.load_index(sources, platform=PLATFORM)
        self.prefix = Prefix(write_environment(FOLDER, case, folder / "env"), strict=True)
        self.arguments = solve_arguments(case, self.prefix)

    def solve(self) -> resolvent.Solution:
        """Call the library."""
        return resolvent.solve(index=self.index, **self.arguments)


def dists(records: Iterable[PackageRecord]) -> set[Dist]:
    return {(record.channel, record.subdir, record.name, record.version, record.build) for record in records}


@needs_wheel
@pytest.mark.parametrize("case", parameters())
def test_case(case: Case, tmp_path: Path) -> None:
    call = Call(case, tmp_path)
    if case.kind == "unsatisfiable":
        with pytest.raises(resolvent.UnsatisfiableError) as caught:
            call.solve()
        if case.expected["exception"] == "PackagesNotFoundError":
            # conda counts a name none of whose records fits among the missing ones; both are verdicts of "no".
            assert caught.value.conflict.facts
        return
    solution = call.solve()
    assert solution.optimality == "proved"
    assert apply(call.prefix.records, solution) == identities(solution.records)
    if case.kind == "solve_for_diff":
        assert dists(solution.transaction.unlink) == parse_dists(case.expected.get("unlink_precs") or [])
        assert dists(solution.transaction.link) == parse_dists(case.expected.get("link_precs") or [])
    elif case.expected.get("final_state") is not None:
        assert dists(solution.records) == parse_dists(case.expected["final_state"])


@needs_wheel
def test_all_cases_are_there() -> None:
    kinds = [case.kind for case in CASES.values()]
    assert {kind: kinds.count(kind) for kind in set(kinds)} == {"solve": 48, "solve_for_diff": 11, "unsatisfiable": 14}
    assert set(EXCEPTIONS) <= set(CASES)


def test_the_exceptions_are_documented() -> None:
    rows = dict(re.findall(r"^\| (\w+) \| (.+?) \|$", DOCUMENT.read_text(encoding="utf-8"), re.MULTILINE))
    rows.pop("case", None)
    assert rows == EXCEPTIONS
