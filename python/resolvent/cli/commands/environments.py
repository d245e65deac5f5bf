"""`resolvent create`, `install`, `update` and `remove`: environments are made and changed."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from ..._core import Index, PackageRecord, ResolventError, Solution
from ...prefix import Prefix
from ...report import solved_report
from ..output import UsageError, complain, flushed, write
from .applying import add_applying, apply_options, carry_out, plain_plan, refuse_missing_engine, show_plain
from .place import add_place, place_of, settle
from .request import add_modifiers, add_request, answer

_TEXTS = {
    "create": ("install", "make a new environment"),
    "install": ("install", "add packages to an environment"),
    "update": ("update", "update packages of an environment (all of them if no SPEC is given)"),
    "remove": ("remove", "remove packages from an environment, and what needs them"),
}


def add(commands: Any) -> None:
    """Add the commands to the parser."""
    for name, (mode, text) in _TEXTS.items():
        parser = commands.add_parser(
            name,
            help=text,
            description=f"{text[0].upper()}{text[1:]}. The plan is shown first; nothing is changed before you agree, "
            "and an interrupted change is finished by the next command.",
            allow_abbrev=False,
        )
        parser.set_defaults(run=run, command=name, mode=mode, all=False)
        what = "a MatchSpec, such as 'numpy >=2' or python=3.12"
        if name == "remove":
            what = "what leaves: a MatchSpec, whose name may be a pattern, such as 'lib*blas'"
        parser.add_argument("specs", nargs="*", metavar="SPEC", help=what)
        add_place(parser, what="the new environment" if name == "create" else "the environment")
        if name != "remove":
            parser.add_argument(
                "--file",
                dest="files",
                action="append",
                default=[],
                metavar="FILE",
                help="more SPECs, one a line; or an @EXPLICIT list of archives, which needs no solver. May be repeated",
            )
        add_request(parser)
        add_modifiers(parser)
        add_applying(parser)
        parser.add_argument("--proof", metavar="FILE", help="write a proof of the answer for `resolvent check-proof`")
        if name in ("install", "update"):
            parser.add_argument(
                "--why", action="store_true", help="explain why requested packages are not at their newest"
            )
        if name == "update":
            parser.add_argument("--update-deps", action="store_true", help="with their installed dependencies")
            parser.add_argument("--all", action="store_true", help="everything (the same as no SPEC)")
        elif name == "remove":
            parser.add_argument("--force", action="store_true", help="only these, whatever needs them")
            parser.add_argument("--all", action="store_true", help="the whole environment, its folder included")
        elif name == "install":
            parser.add_argument(
                "--satisfied-skip", action="store_true", help="do nothing when each SPEC matches an installed package"
            )
            parser.add_argument("--force-reinstall", action="store_true", help="link what the SPECs match again")
        parser.add_argument("--json", action="store_true", help="print one JSON object")


def run(options: argparse.Namespace) -> int:
    """Do what the command says."""
    new = options.command == "create"
    prefix = place_of(options, new=new)
    if not options.dry_run and not options.download_only:
        settle(prefix, revert=options.revert, quiet=options.json)
    elif not new:
        settle(prefix, quiet=options.json)
    if new and Prefix.is_environment(prefix):
        raise ResolventError(f"{prefix} is an environment already; `resolvent install` changes it")
    if options.command == "remove" and options.all:
        return _remove_all(options, prefix)
    refuse_missing_engine()
    archives, platform = _read_files(options)
    if not new:
        Prefix(prefix)  # fails with advice before anything is solved
    if archives:
        return _explicit(options, prefix, archives, platform)
    return _Solving(options, prefix, new=new).run()


def _read_files(options: argparse.Namespace) -> tuple[list[PackageRecord], str | None]:
    """Take the files in: their specs join those of the command line. Return the archives of an explicit list."""
    from ...install.spec_files import read_spec_file

    found = [read_spec_file(file) for file in getattr(options, "files", [])]
    archives = [record for one in found for record in one.archives]
    options.specs = [*options.specs, *(spec for one in found for spec in one.specs)]
    if archives and options.specs:
        raise UsageError("an @EXPLICIT list says everything itself; give no SPECs with it")
    return archives, next((one.platform for one in found if one.platform), None)


class _Solving:
    """A change that the solver plans."""

    def __init__(self, options: argparse.Namespace, prefix: Path, *, new: bool) -> None:
        self._options = options
        self._prefix = prefix
        self._new = new
        self._answer: tuple[Solution, Index] | None = None
        self._held_back: list[str] | None = None

    def run(self) -> int:
        """Plan, show, ask, and do it."""
        return carry_out(self._options, self._prefix, self._plan, self._show, self._report)

    def _plan(self) -> Any:
        from ...install.change import Wanted
        from ...install.history import Requests

        options = self._options
        # The solver is asked about the environment as it is, if there is one.
        asked = argparse.Namespace(**{**vars(options), "prefix": None if self._new else str(self._prefix)})
        solution, index = self._answer = answer(asked)
        options.sources = getattr(asked, "sources", options.channels)
        removing = options.mode == "remove"
        # An update that does less than was hoped for says why, unasked.
        if getattr(options, "why", False) or (options.mode == "update" and options.specs):
            from ...solution import held_back

            self._held_back = held_back(solution, options.specs)
        requests = Requests(
            update=() if removing else tuple(options.specs),
            remove=tuple(_removed(solution, options.specs)) if removing else (),
            neutered=tuple(_neutered(solution)),
        )
        transaction = solution.transaction
        return Wanted(transaction.link, transaction.unlink, requests, options.platform or index.platform or None)

    def _show(self) -> None:
        from ..tables import print_change, print_solution

        solution, _ = self._made()
        if self._new:
            print_solution(solution, self._options.specs)
        else:
            print_change(solution)
        for line in self._held_back or ():
            write(line + "\n")
        flushed(0)

    def _report(self) -> dict[str, Any]:
        return solved_report(self._made()[0], held_back=self._held_back)

    def _made(self) -> tuple[Solution, Index]:
        if self._answer is None:
            raise AssertionError("the plan is made first")
        return self._answer


def _removed(solution: Solution, specs: list[str]) -> list[str]:
    """Return what a removal took away by request; a pattern stands for the names that it matched."""
    from ..._core import MatchSpec

    found: list[str] = []
    for text in specs:
        spec = MatchSpec(text)
        matched = sorted({record.name for record in solution.transaction.unlink if spec.matches(record)})
        found += matched if spec.name not in matched else [text]
    return found


def _neutered(solution: Solution) -> list[str]:
    """Return what happens to earlier specs that were given up: the bare names of packages that stay."""
    from ..._core import MatchSpec

    names = {record.name for record in solution.records}
    dropped = (MatchSpec(spec).name for spec in solution.dropped)
    return [name for name in dropped if name is not None and name in names]


def _explicit(options: argparse.Namespace, prefix: Path, archives: list[PackageRecord], platform: str | None) -> int:
    """Make or change an environment from a list of archives."""
    from ...install.change import Wanted
    from ...install.history import Requests
    from ...install.installed import read_installed, same_package
    from ...install.locations import package_cache_folder
    from ...install.package_cache import PackageCache
    from ...install.spec_files import whole_records
    from ..install_progress import install_progress

    wanted = Wanted([])
    shaped = apply_options(options)

    def plan() -> Wanted:
        nonlocal wanted
        records = archives
        if not options.dry_run:
            cache = PackageCache(shaped.package_cache or package_cache_folder())
            with install_progress("none" if options.json else "auto") as progress:
                records = whole_records(archives, cache, offline=shaped.offline, progress=progress)
        there = read_installed(prefix) if Prefix.is_environment(prefix) else {}
        old = {name: package.record for name, package in there.items() if not package.by_pip}
        coming = [one for one in records if one.name not in old or not same_package(old[one.name], one)]
        requests = Requests(update=tuple(f"{one.name}=={one.version}={one.build}" for one in coming))
        leaving = [old[one.name] for one in coming if one.name in old]
        wanted = Wanted(coming, leaving, requests, options.platform or platform)
        return wanted

    return carry_out(options, prefix, plan, lambda: show_plain(wanted), lambda: plain_plan(wanted))


def _remove_all(options: argparse.Namespace, prefix: Path) -> int:
    """Remove an environment with its folder."""
    from ...install.removal import remove_environment
    from ..output import print_json
    from .applying import confirm

    if options.specs:
        raise UsageError("give SPECs or --all, not both (see: resolvent remove --help)")
    state = Prefix(prefix)
    if not options.json:
        write(f"{prefix} and its {len(state)} packages are to be removed\n")
        flushed(0)
    if not options.dry_run:
        if not confirm(options):
            complain("nothing was changed")
            return 0
        remove_environment(prefix, override_frozen=options.override_frozen, lock_timeout=options.lock_timeout)
    if options.json:
        print_json({"status": "planned" if options.dry_run else "removed", "prefix": str(prefix)})
    else:
        write("dry run: nothing was changed\n" if options.dry_run else f"done: {prefix} is removed\n")
    return 0
