"""`resolvent solve`: the best answer to some specs."""

from __future__ import annotations

import argparse
from typing import Any

from ...platforms import host_platform
from ...report import solved_report
from ..output import print_json, write
from .help import EXAMPLES, Help
from .request import add_environment, add_request, answer

EXIT_SOLVED = 0


def add(commands: Any) -> None:
    """Add the command to the parser."""
    solve = commands.add_parser(
        "solve",
        help="find the packages that satisfy some specs",
        description="Find the best set of packages that satisfies every SPEC, and print it in link order.",
        epilog=EXAMPLES,
        formatter_class=Help,
        allow_abbrev=False,
    )
    solve.set_defaults(run=run, mode="install")
    solve.add_argument("specs", nargs="*", metavar="SPEC", help="a MatchSpec, such as 'numpy >=2' or python=3.12")
    add_request(solve)
    add_environment(solve, required=False)
    solve.add_argument("--proof", metavar="FILE", help="write a proof of the answer, for `resolvent check-proof`")
    solve.add_argument(
        "--satisfied-skip", action="store_true", help="do nothing when each SPEC matches an installed package"
    )
    solve.add_argument("--force-reinstall", action="store_true", help="reinstall the packages that match the SPECs")
    solve.add_argument("--why", action="store_true", help="explain why requested packages are not at their newest")
    output = solve.add_mutually_exclusive_group()
    output.add_argument("--json", action="store_true", help="print one JSON object")
    output.add_argument("--explicit", action="store_true", help="print an @EXPLICIT lock file")


def run(options: argparse.Namespace) -> int:
    """Solve, and print the answer in the form that is asked for."""
    solution, _ = answer(options)
    held: list[str] | None = None
    if options.why:
        from ...solution import held_back

        held = held_back(solution, options.specs)
    if options.json:
        print_json(solved_report(solution, held_back=held))
        return EXIT_SOLVED
    if options.explicit:
        from ...lockfiles import explicit

        write(explicit(solution.transaction.link, options.platform or host_platform()))
        return EXIT_SOLVED
    from ..tables import print_change, print_solution

    if options.prefix:
        print_change(solution)
    else:
        print_solution(solution, options.specs)
    for line in held or ():
        write(line + "\n")
    return EXIT_SOLVED
