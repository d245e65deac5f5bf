"""`resolvent list`, `envs`, `history` and `verify`: what environments there are and what is in them."""

from __future__ import annotations

import argparse
import os
import re
from pathlib import Path
from typing import Any

from ...text import one_line
from ..output import UsageError, print_json, print_warnings, write
from .place import add_place, place_of, settle

EXIT_OK, EXIT_PROBLEMS = 0, 1


def add(commands: Any) -> None:
    """Add the commands to the parser."""
    parser = commands.add_parser("list", help="list the packages of an environment", allow_abbrev=False)
    parser.set_defaults(run=list_packages)
    parser.add_argument("pattern", nargs="?", metavar="REGEX", help="only packages whose name matches")
    add_place(parser)
    parser.add_argument("--no-pip", action="store_true", help="without what pip installed")
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--explicit", action="store_true", help="print an @EXPLICIT lock file")
    form.add_argument("--json", action="store_true", help="print one JSON object")

    parser = commands.add_parser("envs", help="list the environments that conda's tools know", allow_abbrev=False)
    parser.set_defaults(run=list_environments)
    parser.add_argument("--json", action="store_true", help="print one JSON object")

    parser = commands.add_parser("history", help="list the revisions of an environment", allow_abbrev=False)
    parser.set_defaults(run=list_revisions)
    add_place(parser)
    parser.add_argument("--json", action="store_true", help="print one JSON object")

    parser = commands.add_parser(
        "verify",
        help="find files of an environment that are missing or were changed",
        description="Compare the files of an environment with what conda-meta says of them; "
        "exit code 1 if they differ.",
        allow_abbrev=False,
    )
    parser.set_defaults(run=verify)
    add_place(parser)
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def list_packages(options: argparse.Namespace) -> int:
    """List the packages of an environment, those of pip with their origin."""
    from ...install import Environment

    try:
        wanted = re.compile(options.pattern or "")
    except re.error as error:
        raise UsageError(f"{options.pattern!r} is not a regular expression: {error}") from None
    prefix = place_of(options)
    settle(prefix, quiet=options.json)
    environment = Environment(prefix)
    state = environment.state
    records = [record for record in state.records if wanted.search(record.name)]
    if options.explicit:
        from ...lockfiles import explicit
        from ...platforms import host_platform

        platform = next((record.subdir for record in state.records if record.subdir != "noarch"), None)
        write(explicit(records, platform or host_platform()))
        return EXIT_OK
    pip = [] if options.no_pip else [one for one in environment.pip_packages if wanted.search(one.name)]
    if options.json:
        print_json(
            {
                "prefix": str(prefix),
                "being_changed": environment.being_changed,
                "packages": [record.to_dict() for record in records],
                "pip": [{"name": one.name, "version": one.version, "origin": one.origin} for one in pip],
                "warnings": [str(warning) for warning in state.warnings],
            }
        )
        return EXIT_OK
    print_warnings([str(warning) for warning in state.warnings])
    asked = {spec.name for spec in state.history}
    rows = [(record.name, record.version, record.build, f"{record.channel}/{record.subdir}") for record in records]
    rows += [(one.name, one.version, "", "pypi" if one.origin == "pypi" else f"pypi ({one.origin})") for one in pip]
    _print_rows(("package", "version", "build", "channel"), sorted(rows), bold=asked)
    return EXIT_OK


def list_environments(options: argparse.Namespace) -> int:
    """List the environments; the active one is marked."""
    from ...install.locations import known_environments, name_of

    found = known_environments()
    active = os.environ.get("CONDA_PREFIX")
    if options.json:
        print_json(
            {
                "envs": [{"name": name_of(path), "prefix": str(path)} for path in found],
                "active": active,
            }
        )
        return EXIT_OK
    width = max((len(name_of(path) or "") for path in found), default=0)
    for path in found:
        mark = "*" if active and Path(active) == path else " "
        write(f"{name_of(path) or '':{width}} {mark} {path}\n")
    return EXIT_OK


def list_revisions(options: argparse.Namespace) -> int:
    """List the revisions of an environment and what each changed."""
    from ...install import Environment

    prefix = place_of(options)
    settle(prefix, quiet=options.json)
    found = Environment(prefix).revisions
    if options.json:
        print_json(
            {
                "prefix": str(prefix),
                "revisions": [
                    {
                        "revision": one.number,
                        "date": one.date,
                        "command": one.command,
                        "linked": list(one.linked),
                        "unlinked": list(one.unlinked),
                    }
                    for one in found
                ],
            }
        )
        return EXIT_OK
    for one in found:
        write(f"{one.number}  {one.date}  {one.command or '(another program)'}\n")
        for sign, names in (("-", one.unlinked), ("+", one.linked)):
            for name in names:
                write(f"    {sign} {name}\n")
    if found:
        write(f"the present is revision {found[-1].number}; `resolvent rollback` returns to another\n")
    return EXIT_OK


def verify(options: argparse.Namespace) -> int:
    """Find files that are missing or were changed."""
    from ...install import Environment

    prefix = place_of(options)
    settle(prefix, quiet=options.json)
    problems = Environment(prefix).verify()
    if options.json:
        fields = ("kind", "package", "path", "detail")
        print_json(
            {"prefix": str(prefix), "problems": [{key: getattr(one, key) for key in fields} for one in problems]}
        )
    else:
        for problem in problems:
            write(f"{problem}\n")
        write(f"{len(problems)} problems\n" if problems else "all files are as they were linked\n")
    return EXIT_PROBLEMS if problems else EXIT_OK


def _print_rows(head: tuple[str, ...], rows: list[tuple[str, ...]], bold: set[str | None]) -> None:
    from rich.text import Text

    from ..columns import Column, print_columns
    from ..tables import on_stdout

    # Names are never cut; what stands farther right gives way first.
    columns = [Column(text, at, 6 if at else 0) for at, text in enumerate(head)]
    cells = [
        [Text(one_line(name), style="bold green" if name in bold else ""), *(Text(one_line(one)) for one in rest)]
        for name, *rest in rows
    ]
    with on_stdout() as console:
        print_columns(console, columns, cells)
