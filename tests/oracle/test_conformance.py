"""conda's own solver tests: same verdict, same packages, except where the contract asks for another answer."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from conformance.call import CASES, FOLDER, Call
from conformance.cases import Case
from conformance.exceptions import EXCEPTIONS
from conformance.setup import Dist, parse_dists
from environment_support import apply, identities

import resolvent
from resolvent import PackageRecord

pytest.importorskip("yaml", reason="the cases are YAML files: install PyYAML")
DOCUMENT = Path(__file__).parents[2] / "docs" / "conformance.md"

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
