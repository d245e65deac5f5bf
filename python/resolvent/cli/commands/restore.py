"""`resolvent rollback` and `recover`: the way back to an earlier state, and out of an interrupted change."""

from __future__ import annotations

import argparse
from typing import Any

from ..output import print_json, write
from .applying import add_applying, carry_out, plain_plan, refuse_missing_engine, show_plain
from .place import add_place, place_of, settle

EXIT_OK = 0


def add(commands: Any) -> None:
    """Add the commands to the parser."""
    parser = commands.add_parser(
        "rollback",
        help="return an environment to an earlier revision",
        description="Return an environment to an earlier revision. That is a new revision, so it can be undone, too.",
        allow_abbrev=False,
    )
    parser.set_defaults(run=rollback)
    parser.add_argument(
        "revision",
        nargs="?",
        type=int,
        default=-2,
        metavar="REVISION",
        help="its number (see: resolvent history); default: the state before the last change",
    )
    add_place(parser)
    add_applying(parser)
    parser.add_argument("--offline", action="store_true", help="download nothing")
    parser.add_argument("--json", action="store_true", help="print one JSON object")

    parser = commands.add_parser(
        "recover",
        help="finish or revert an interrupted change of an environment",
        description="Finish an interrupted change of an environment, or take it back. "
        "Every command that meets one does this.",
        allow_abbrev=False,
    )
    parser.set_defaults(run=recover)
    add_place(parser)
    parser.add_argument("--revert", action="store_true", help="take it back")
    parser.add_argument("--lock-timeout", type=float, metavar="SECONDS", help="how long to wait for another process")
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def rollback(options: argparse.Namespace) -> int:
    """Return to an earlier revision."""
    from ...install import Environment
    from ...install.change import Wanted

    prefix = place_of(options)
    settle(prefix, revert=options.revert, quiet=options.json)
    refuse_missing_engine()
    environment = Environment(prefix)
    wanted = Wanted([])

    def plan() -> Wanted:
        nonlocal wanted
        wanted = environment.wanted(options.revision)
        return wanted

    return carry_out(options, prefix, plan, lambda: show_plain(wanted), lambda: plain_plan(wanted))


def recover(options: argparse.Namespace) -> int:
    """Bring an interrupted change to an end."""
    from ...install.recovery import settle_environment

    prefix = place_of(options)
    outcome = settle_environment(prefix, revert=options.revert, lock_timeout=options.lock_timeout)
    if options.json:
        print_json({"prefix": str(prefix), "outcome": outcome})
    elif outcome is None:
        write(f"no change of {prefix} was interrupted\n")
    else:
        write(f"the interrupted change of {prefix} was {outcome}\n")
    return EXIT_OK
