"""`resolvent check-proof`: accept or refuse a proof, from the file alone."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from typing import Any

from ...text import one_line
from ..output import print_json, print_warnings, write
from .help import SKIP_HELP

EXIT_ACCEPTED = 0


def add(commands: Any) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser(
        "check-proof",
        help="check a proof that --proof wrote",
        description="Check the proof of an answer, or that there is none. Needs only the file, and shares no "
        "code with the solver. Exit code 0: accepted, 2: refused.",
        allow_abbrev=False,
    )
    parser.set_defaults(run=run)
    parser.add_argument("file", metavar="FILE", help="what --proof wrote")
    parser.add_argument(
        "-c",
        "--channel",
        dest="channels",
        action="append",
        default=[],
        metavar="CHANNEL",
        help="a channel that the records came from: check that the file has all of its records",
    )
    parser.add_argument("--skip-bad-records", action="store_true", help=SKIP_HELP)
    parser.add_argument("--verbose", action="store_true", help="list every step of the levels")
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def run(options: argparse.Namespace) -> int:
    """Check, and say what is shown; a refusal is an error with the step that fails."""
    from ...problems.proof import check_proof

    index = None
    if options.channels:
        from ...index import load_index
        from ...problems.problem import read_problem

        index = load_index(
            options.channels,
            platform=read_problem(options.file)["platform"],
            skip_bad_records=options.skip_bad_records,
        )
        print_warnings(index.warnings)
    proved = check_proof(options.file, index=index)
    if options.json:
        print_json(asdict(proved))
        return EXIT_ACCEPTED
    if proved.claim == "unsatisfiable":
        write("proved: the request has no answer\n")
    else:
        what = "no answer is better than" if proved.claim == "best" else "the removal leaves"
        write(f"proved: {what} these {len(proved.answer)} packages\n")
        for label in proved.answer:
            write(f"  {one_line(label)}\n")
        shown = [step for step in proved.levels if options.verbose or step[1]]
        if shown:
            write("the least that any answer pays, level by level:\n")
        for name, value in shown:
            write(f"  {value:>6}  {name}\n")
    if proved.claims:
        made = f"{proved.clauses} clauses made of the file's records"
        write(f"{proved.claims} claims by {proved.steps} steps, over {made}\n")
    if proved.compared:
        write("the records were compared with the channels\n")
    else:
        write("this holds of the records in the file; compare them with their channels by -c CHANNEL\n")
    return EXIT_ACCEPTED
