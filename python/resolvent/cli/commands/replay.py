"""`resolvent replay`: solve a saved problem again, anywhere."""

from __future__ import annotations

import argparse
from typing import Any

EXIT_OK, EXIT_NO = 0, 1


def add(commands: Any) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser(
        "replay",
        help="solve a problem that --save-problem wrote",
        description="Solve a saved problem again. Needs only the file.",
        allow_abbrev=False,
    )
    parser.set_defaults(run=run)
    parser.add_argument("file", metavar="FILE", help="what --save-problem, --proof or a failed check wrote")
    parser.add_argument(
        "--timeout", type=float, metavar="SECONDS", help="after this time, take the best answer found so far"
    )
    parser.add_argument("--verbose", action="store_true", help="show the full conflict")
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def run(options: argparse.Namespace) -> int:
    """Solve and print as `resolvent solve` does; a saved `why-not` is answered as that."""
    from ...problems.problem import read_problem, replay, replay_why_not
    from ...report import solved_report
    from ..output import print_json, write
    from ..tables import print_change, print_solution

    problem = read_problem(options.file)
    if "wish" in problem and not options.json:
        found = replay_why_not(options.file, timeout=options.timeout)
        write(f"{found}\n")
        return EXIT_OK if found is not None and found.possible else EXIT_NO
    solution = replay(options.file, timeout=options.timeout)
    if options.json:
        print_json(solved_report(solution))
    elif problem["request"]["environment"] is not None:
        print_change(solution)
    else:
        print_solution(solution, problem["request"]["specs"])
    return EXIT_OK
