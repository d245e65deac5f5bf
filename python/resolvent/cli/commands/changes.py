"""`resolvent update` and `remove`: what becomes of an environment."""

from __future__ import annotations

from typing import Any

from .request import add_environment, add_request
from .solve import run


def add(commands: Any) -> None:
    """Add the commands to the parser."""
    for name, mode, text in (
        ("update", "update", "bring packages of an environment to their best versions; without SPECs everything"),
        ("remove", "remove", "take packages out of an environment, and what needs them"),
    ):
        parser = commands.add_parser(
            name,
            help=text,
            description=f"Plan how to {text}. Nothing is changed: an installer carries the plan out.",
            allow_abbrev=False,
        )
        parser.set_defaults(run=run, mode=mode, why=False, explicit=False)
        parser.add_argument("specs", nargs="*", metavar="SPEC", help="a MatchSpec of a package")
        add_request(parser)
        add_environment(parser, required=True)
        parser.add_argument("--proof", metavar="FILE", help="write a proof of the answer")
        if mode == "update":
            parser.add_argument("--update-deps", action="store_true", help="with their installed dependencies")
            parser.add_argument("--all", action="store_true", help="everything (the same as no SPEC)")
        else:
            parser.add_argument("--force", action="store_true", help="only these, whatever needs them")
        parser.add_argument("--json", action="store_true", help="print one JSON object")
