"""What conflicts are worth: seeded requests without an answer over a real index, and what is said about each.

    python benches/conflicts.py DATA                       210 requests, the figures as a table and as JSON
    python benches/conflicts.py DATA --count 40 --seed 7   fewer, others
    python benches/conflicts.py DATA --show 5              print the texts of the first five of each family, too

DATA is a folder of channel folders (`conda-forge/linux-64/repodata.json.zst`, …). For each request (see
`unsatisfiable.py`):

minimal
    The facts alone have no answer, and without any one of them they have one: both asked of universes that are
    written from the facts and nothing else, as the tests do.
request
    The same for the specs, pins and constraints among the facts, all packages as they are.
culprit
    What spoils the request, known by construction, stands in the first five lines.
fix
    At least one fix is offered, and the answer of each one passes the independent check.
time
    To the exception, as a multiple of the time of the same request without the culprit (best of three each); to the
    first fix.
lines
    Of what the command line prints by default.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import statistics
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console

import resolvent
from resolvent.cli.conflicts import render
from unsatisfiable import Case, Material, arguments, cases

TESTS = Path(__file__).resolve().parent.parent / "tests"
sys.path[:0] = [str(TESTS), str(TESTS / "support"), str(TESTS / "solve")]
from test_conflict_minimal import holds  # noqa: E402

# The tests do without index files; real indices are read with them.
os.environ.pop("RESOLVENT_NO_INDEX_FILES", None)


def conflict_of(material: Material, case: Case, **changed: Any) -> resolvent.Conflict | None:
    """Return the conflict of a request, None if it has an answer."""
    try:
        resolvent.solve(**{**arguments(material, case), **changed})
    except resolvent.UnsatisfiableError as error:
        conflict: resolvent.Conflict = error.conflict
        return conflict
    return None


def best_of(times: int, work: Callable[[], object]) -> float:
    """Return the shortest time of some runs, in seconds."""
    found = []
    for _ in range(times):
        start = time.perf_counter()
        work()
        found.append(time.perf_counter() - start)
    return min(found)


def is_minimal(material: Material, case: Case, conflict: resolvent.Conflict) -> bool:
    """Restate the facts as universes and solve those, whole and without each fact."""
    records: Mapping[str, Sequence[Mapping[str, Any]]] = {c: material.records(c) for c in case.channels}
    facts = conflict.facts
    with tempfile.TemporaryDirectory() as folder:
        if holds(facts, records, Path(folder) / "all", case.virtual):
            return False
        return all(
            holds(facts, records, Path(folder) / str(number), case.virtual, fact) for number, fact in enumerate(facts)
        )


def is_minimal_request(material: Material, case: Case, conflict: resolvent.Conflict) -> bool:
    """Solve the specs, pins and constraints among the facts over the whole index, all and without each."""
    parts = {"specs": "request", "pins": "pin", "constraints": "constraint"}
    given = {part: [f.spec for f in conflict.facts if f.kind == kind] for part, kind in parts.items()}
    if conflict_of(material, case, **given) is None:
        return False
    for part, specs in given.items():
        for at in range(len(specs)):
            fewer = {**given, part: specs[:at] + specs[at + 1 :]}
            if conflict_of(material, case, **fewer) is not None:
                return False
    return True


def accepted(case: Case, fix: Any) -> bool:
    """Check the answer of a fix anew, under the request that its changes make of the case's."""
    if any(change["kind"] == "platform" for change in fix.changes):
        return len(fix.solution) > 0
    given: dict[str, Any] = {**case.keywords, "virtual_packages": list(case.virtual)}
    for change in fix.changes:
        kind, old, new = change["kind"], change["from"], change["to"]
        if kind == "add_virtual_package":
            kept = [v for v in given["virtual_packages"] if v.split()[0] != change["name"]]
            given["virtual_packages"] = [*kept, new.replace("=", " ")]
        elif kind in {"lift_pin", "drop_constraint", "lift_deny"}:
            part = {"lift_pin": "pins", "drop_constraint": "constraints", "lift_deny": "deny"}[kind]
            given[part] = [spec for spec in given[part] if spec not in old.split(", ")]
        elif kind == "move_cutoff":
            given["exclude_newer"] = new
        elif kind == "channel_priority":
            given["channel_priority"] = new
        elif kind == "lift_freeze":
            given["freeze_installed"] = False
        elif kind == "allow_license":
            denied = [licence for licence in given["licenses"]["deny"] if licence != new]
            given["licenses"] = {"deny": denied}
    names = {record.name for record in fix.solution}
    if not {str(resolvent.MatchSpec(spec).name) for spec in fix.specs if not spec.startswith("__")} <= names:
        return False
    return not resolvent.check(fix.solution.records, fix.specs, index=MATERIAL.index(case.channels), **given)


MATERIAL: Material


def measure(material: Material, case: Case) -> dict[str, Any]:
    """Return the figures of one request."""
    conflict = conflict_of(material, case)
    assert conflict is not None
    told = best_of(3, lambda: conflict_of(material, case))
    solved = best_of(3, lambda: resolvent.solve(**arguments(material, case, base=True)))
    fixed = best_of(1, lambda: conflict.fixes(timeout=10, most=1))
    fixes = conflict.fixes(timeout=10)
    out = io.StringIO()
    render(conflict, Console(file=out, width=200, color_system=None, highlight=False))
    text = out.getvalue()
    head = "\n".join(text.splitlines()[:5])
    return {
        "family": case.family,
        "specs": case.specs,
        "facts": len(conflict.facts),
        "minimal": is_minimal(material, case, conflict),
        "request": is_minimal_request(material, case, conflict),
        "culprit": all(word in head for word in case.culprit),
        "fixed": len(fixes) > 0 and all(accepted(case, fix) for fix in fixes),
        "conflict_seconds": told,
        "solve_seconds": solved,
        "first_fix_seconds": fixed,
        "lines": len(text.splitlines()),
        "text": text,
    }


def summary(rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the figures of all requests together."""
    ratios = [row["conflict_seconds"] / row["solve_seconds"] for row in rows]
    fix_ratios = [row["first_fix_seconds"] / row["solve_seconds"] for row in rows if row["fixed"]]
    return {
        "requests": len(rows),
        "minimal": sum(row["minimal"] for row in rows),
        "request part minimal": sum(row["request"] for row in rows),
        "culprit in five lines": sum(row["culprit"] for row in rows),
        "with an accepted fix": sum(row["fixed"] for row in rows),
        "conflict time / solve time, median": round(statistics.median(ratios), 2),
        "conflict seconds, median": round(statistics.median(row["conflict_seconds"] for row in rows), 4),
        "conflict seconds, worst": round(max(row["conflict_seconds"] for row in rows), 3),
        "first fix time / solve time, median": round(statistics.median(fix_ratios), 2),
        "first fix seconds, worst": round(max(row["first_fix_seconds"] for row in rows), 3),
        "lines, median": statistics.median(row["lines"] for row in rows),
        "lines, most": max(row["lines"] for row in rows),
    }


def main() -> None:
    """Measure and print."""
    global MATERIAL
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("data", type=Path, help="folder of channel folders")
    parser.add_argument("--count", type=int, default=210)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--show", type=int, default=0, help="print so many texts a family")
    parser.add_argument("--json", type=Path, help="write all rows here")
    options = parser.parse_args()
    MATERIAL = Material(options.data)
    rows = []
    shown: dict[str, int] = defaultdict(int)
    for case in cases(MATERIAL, options.seed, options.count):
        row = measure(MATERIAL, case)
        rows.append(row)
        flaws = [key for key in ("minimal", "request", "culprit", "fixed") if not row[key]]
        shown[case.family] += 1
        if shown[case.family] <= options.show or flaws:
            text = "\n".join(line for line in row["text"].splitlines() if not line.startswith("    resolvent "))
            print(f"{case.family}: {list(case.specs)} {sorted(case.keywords)} not {flaws}\n{text}\n")
    if options.json:
        options.json.write_text(json.dumps(rows, indent=1))
    by_family: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in rows:
        by_family[row["family"]].append(row)
    for family, some in by_family.items():
        figures = summary(some) if any(row["fixed"] for row in some) else {"requests": len(some)}
        print(f"{family}: {json.dumps(figures)}")
    for key, value in summary(rows).items():
        print(f"{key:40} {value}")


if __name__ == "__main__":
    main()
