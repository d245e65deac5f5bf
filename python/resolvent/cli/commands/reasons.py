"""`resolvent why` and `why-not`: what leads to a package, and what keeps one out."""

from __future__ import annotations

import argparse
from typing import Any

from ..._core import Index, MatchSpec
from ...arguments import specs_of
from ..output import print_json, write
from .request import add_environment, add_request, answer

EXIT_YES, EXIT_NO = 0, 1


def add(commands: Any) -> None:
    """Add the commands to the parser."""
    for name, metavar, run, text in (
        ("why", "NAME", why, "show which requirements lead from the request to a package"),
        ("why-not", "WISH", why_not, "show what keeps a spec out of the answer, or what it would cost"),
    ):
        parser = commands.add_parser(name, help=text, description=f"{text.capitalize()}.", allow_abbrev=False)
        parser.set_defaults(run=run, mode="install")
        parser.add_argument("wish", metavar=metavar, help="a package's name" if name == "why" else "a MatchSpec")
        parser.add_argument("specs", nargs="*", metavar="SPEC", help="the request, as for `resolvent solve`")
        add_request(parser)
        add_environment(parser, required=False)
        parser.add_argument("--json", action="store_true", help="print one JSON object")


def why(options: argparse.Namespace) -> int:
    """Print the chains of requirements that lead to a package."""
    from ... import solution as answers

    solution, index = answer(options)
    chains = answers.why(solution, options.wish)
    found = options.wish in solution
    if options.json:
        shown = [[{"name": name, "spec": spec} for name, spec in chain] for chain in chains]
        status = "required" if chains else "unrequired" if found else "absent"
        print_json({"status": status, "name": options.wish, "specs": options.specs, "chains": shown})
    elif chains:
        for chain in chains:
            write(" -> ".join(spec for _, spec in chain) + "\n")
    elif found:
        write(f"{options.wish} is in the answer, but no request requires it\n")
    else:
        write(_absent(options, index) + "\n")
    return EXIT_YES if chains else EXIT_NO


def _absent(options: argparse.Namespace, index: Index) -> str:
    """Return what to say of a name that the answer does not have: how the line was read, and what may be meant."""
    from ..parsing import nearest

    request = " ".join(options.specs) or "what the environment holds"
    near = None if options.wish in index else nearest(options.wish, index.names())
    hint = f"; did you mean {near}?" if near else " (the first word is the package; the request follows it)"
    return f"{options.wish} is not in the answer to: {request}{hint}"


def why_not(options: argparse.Namespace) -> int:
    """Print what a wish would cost, or why it cannot be granted."""
    from ... import solution as answers

    (options.wish,) = specs_of("wish", options.wish)
    solution, _ = answer(options, options.wish)
    found = answers.why_not(solution, options.wish, timeout=options.timeout)
    if options.json:
        price = [{"name": one.name, "before": one.before, "after": one.after} for one in found.price]
        status = "granted" if found.granted else "possible" if found.possible else "impossible"
        conflict = None if found.conflict is None else found.conflict.to_dict()
        report = {"status": status, "spec": options.wish, "specs": options.specs, "price": price, "conflict": conflict}
        print_json(report)
    elif found.granted:
        record = solution.get(MatchSpec(options.wish).name or "")
        write(str(found) + (f": {record.name} {record.version}" if record is not None else "") + "\n")
    else:
        write(str(found) + "\n")
    return EXIT_YES if found.possible else EXIT_NO
