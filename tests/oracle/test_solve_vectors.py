"""Random problems with the verdicts of two other solvers; every answer is checked."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import resolvent
from conftest import write_subdir


def test_verdicts_are_those_that_two_solvers_share(shared: Path, tmp_path: Path) -> None:
    cases: list[dict[str, Any]] = json.loads((shared / "vectors" / "solve_random.json").read_text())["cases"]
    compared = satisfiable = 0
    wrong = []
    for number, case in enumerate(cases):
        folder = tmp_path / str(number)
        write_subdir(folder, [{"depends": [], "subdir": "linux-64", **entry} for entry in case["repo"]])
        index = resolvent.load_index([folder], platform="linux-64")
        request = case["request"]
        try:
            solution = resolvent.solve(request, index=index, virtual_packages=[])
        except resolvent.UnsatisfiableError as error:
            solution = None
            assert error.conflict.facts or isinstance(error, resolvent.PackagesNotFound)
        if (case["rattler"] is None) == (case["libsolv"] is None):
            compared += 1
            if (solution is None) != (case["rattler"] is None):
                wrong.append((number, request, case["rattler"], solution))
        if solution is not None:
            satisfiable += 1
            assert solution.optimality == "proved"
            assert resolvent.check(solution, request, index=index, virtual_packages=[]) == []
        # Two solvers of one mind have found valid answers, so the check accepts them.
        for solver in ("rattler", "libsolv"):
            if case[solver] is not None:
                entries = {f"{e['name']}-{e['version']}-{e['build']}": e for e in case["repo"]}
                records = [
                    resolvent.PackageRecord.from_dict(
                        {"depends": [], "subdir": "linux-64", "channel": index.channels[0], "fn": f"{key}.conda"}
                        | entries[key]
                    )
                    for key in case[solver]
                ]
                assert resolvent.check(records, request, index=index, virtual_packages=[]) == [], (number, solver)
    assert wrong == []
    assert compared > 230
    assert min(satisfiable, len(cases) - satisfiable) > 60
