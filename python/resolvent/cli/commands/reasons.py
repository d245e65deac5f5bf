"""`resolvent why` and `why-not`: what leads to a package, and what keeps one out."""

from __future__ import annotations

import argparse
from typing import Any

from ...arguments import specs_of
from ..output import write
from .request import add_environment, add_request, answer

EXIT_YES, EXIT_NO = 0, 1


def add(commands: Any) -> None:
    """Add the commands to the parser."""
    for name, metavar, run, text in (
        ("why", "NAME", why, "show which requirements lead from the request to a package"),
        ("why-not", "WISH", why_not, "show what keeps a spec out of the answer, or what it would cost"),
    ):
        parser = commands.add_parser(name, help=text, description=f"{text.capitalize()}.", allow_abbrev=False)
        parser.set_defaults(run=run, mode="install", json=False)
        parser.add_argument("wish", metavar=metavar, help="a package's name" if name == "why" else "a MatchSpec")
        parser.add_argument("specs", nargs="*", metavar="SPEC", help="the request, as for `resolvent solve`")
        add_request(parser)
        add_environment(parser, required=False)


def why(options: argparse.Namespace) -> int:
    """Print the chains of requirements that lead to a package."""
    from ... import solution as answers

    solution, _ = answer(options)
    chains = answers.why(solution, options.wish)
    if not chains:
        there = any(record.name == options.wish for record in solution.records)
        what = "is there, but nothing that was asked for requires it" if there else "is not in the answer"
        write(f"{options.wish} {what}\n")
        return EXIT_NO
    for chain in chains:
        write(" -> ".join(spec for _, spec in chain) + "\n")
    return EXIT_YES


def why_not(options: argparse.Namespace) -> int:
    """Print what a wish would cost, or why it cannot be granted."""
    from ... import solution as answers

    (options.wish,) = specs_of("wish", options.wish)
    solution, _ = answer(options, options.wish)
    found = answers.why_not(solution, options.wish, timeout=options.timeout)
    write(str(found) + "\n")
    return EXIT_YES if found.possible else EXIT_NO
