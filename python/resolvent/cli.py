"""The command `resolvent`.

`resolvent solve` is a thin shape over `resolvent.load_index` and `resolvent.Session`: it reads arguments, calls, and
prints the answer as a table, as JSON or as an `@EXPLICIT` lock file. Exit codes: 0 solved, 1 unsatisfiable, 2 bad
input, 3 the deadline struck before there was any answer.

A cold start costs more than most solves, so what only some commands or forms of output need is imported there, and
only the arguments of the command that was given are declared.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NoReturn

from . import __version__
from ._core import DeadlineExceeded, Index, MatchSpec, ResolventError, Solution, UnsatisfiableError
from .arguments import CHANNEL_PRIORITIES, STRATEGIES
from .channels import host_platform, sample_channel
from .environments import DEPS, as_prefix
from .printing import (
    UsageError,
    complain,
    fail,
    flushed,
    print_json,
    print_warnings,
    silence,
    solved_report,
    tell_conflict,
)
from .solving import solve_channels
from .virtual_packages import VirtualPackage, detect_virtual_packages, from_pair

if TYPE_CHECKING:
    from .environments import Mode
    from .prefix import Prefix
    from .solving import Session

EXIT_SOLVED, EXIT_UNSATISFIABLE, EXIT_BAD_INPUT, EXIT_DEADLINE, EXIT_INTERRUPTED = 0, 1, 2, 3, 130

_EXAMPLES = """\
examples:
  resolvent solve --sample numpy 'python 3.12.*'
      try the solver on the sample channel that the package carries
  resolvent solve -c ./channel 'scipy >=1.11' --platform linux-64
      solve against a channel folder
  resolvent solve -c conda-forge=/srv/mirror/conda-forge numpy --explicit > numpy.lock
      read a mirror, write a lock file with conda-forge's own URLs
  resolvent solve -c ./channel pytorch --virtual-package __cuda=12.6 --virtual-package __archspec=1=x86_64_v3
      say what the target machine has
  resolvent solve -c ./channel numpy --no-detect --exclude-newer 2026-01-31 --json
      the same answer on every machine, for programs

exit codes: 0 solved, 1 unsatisfiable, 2 bad input, 3 deadline without an answer
"""


def run() -> NoReturn:
    """Be the command: run, and leave the process with the exit code.

    The process ends without taking its memory apart, which would take a seventh of the time of a usual solve. Nothing
    here waits for that, and what other code registered to be called at the end is called.
    """
    import gc

    gc.set_threshold(100_000)  # little of what a solve makes is garbage, and nothing of it is in cycles
    leave(main())


def leave(code: int) -> NoReturn:
    """End the process at once, after what was registered for its end and with everything written that was printed."""
    import atexit

    try:
        atexit._run_exitfuncs()
        for stream in (sys.stdout, sys.stderr):
            if stream is not None:
                stream.flush()
    except BrokenPipeError:
        code = silence()
    os._exit(code)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code.

    Parameters
    ----------
    arguments
        Without the program's name; None: the process's own.
    """
    words = list(sys.argv[1:] if arguments is None else arguments)
    # Known before the arguments are read, so that a mistake in them is reported in the form that was asked for.
    as_json = "--json" in words[: words.index("--") if "--" in words else None]
    try:
        options = _parser(words[0] if words else "").parse_args(words)
        run: Callable[[argparse.Namespace], int] = options.run
        return flushed(run(options))
    except UsageError as error:
        return flushed(fail(error, EXIT_BAD_INPUT, as_json))
    except UnsatisfiableError as error:
        if not as_json:
            tell_conflict(error.conflict, words)
            return flushed(EXIT_UNSATISFIABLE)
        return flushed(fail(error, EXIT_UNSATISFIABLE, as_json))
    except DeadlineExceeded as error:
        return flushed(fail(error, EXIT_DEADLINE, as_json))
    except (ResolventError, OSError, UnicodeError) as error:
        if isinstance(error, BrokenPipeError):
            return silence()
        return flushed(fail(error, EXIT_BAD_INPUT, as_json))
    except KeyboardInterrupt:
        complain("resolvent: interrupted")
        return EXIT_INTERRUPTED


class _Parser(argparse.ArgumentParser):
    """A parser that raises."""

    def error(self, message: str) -> NoReturn:
        raise UsageError(f"{message} (see: {self.prog} --help)")


class _Help(argparse.RawDescriptionHelpFormatter):
    """Argparse's layout; the terminal is measured without the module that it would import for that.

    One is made for each argument that is declared.
    """

    def __init__(self, prog: str) -> None:
        super().__init__(prog, width=_columns() - 2)


def _columns() -> int:
    """Return the width of the terminal: `COLUMNS`, else what stdout is, else 80."""
    text = os.environ.get("COLUMNS", "")
    columns = int(text) if text.isascii() and text.isdigit() else 0
    if columns <= 0:
        try:
            columns = os.get_terminal_size(1).columns
        except (OSError, ValueError):
            columns = 0
    return columns or 80


def _parser(command: str) -> argparse.ArgumentParser:
    """Return the parser; of a command that there is, only that one's arguments are declared."""
    parser = _Parser(
        prog="resolvent",
        description="Find the best environment of conda packages, or say why there is none.",
        epilog=_EXAMPLES,
        formatter_class=_Help,
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"resolvent {__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True, prog="resolvent")
    groups: dict[str, Callable[[Any], None]] = {
        "solve": _add_solve,
        "update": _add_changes,
        "remove": _add_changes,
        "why": _add_reasons,
        "why-not": _add_reasons,
        "index": _add_cache,
        "cache": _add_cache,
        "replay": _add_files,
        "check-proof": _add_files,
    }
    for add in dict.fromkeys([groups[command]] if command in groups else groups.values()):
        add(commands)
    return parser


def _add_solve(commands: Any) -> None:
    """Add `solve`."""
    solve = commands.add_parser(
        "solve",
        help="find the packages that satisfy some specs",
        description="Find the best set of packages that satisfies every SPEC, and print it in link order.",
        epilog=_EXAMPLES,
        formatter_class=_Help,
        allow_abbrev=False,
    )
    solve.set_defaults(run=_solve, mode="install")
    solve.add_argument("specs", nargs="*", metavar="SPEC", help="a MatchSpec, such as 'numpy >=2' or python=3.12")
    _add_request(solve)
    _add_environment(solve, required=False)
    solve.add_argument("--proof", metavar="FILE", help="write a proof of the answer for `resolvent check-proof`")
    solve.add_argument(
        "--satisfied-skip", action="store_true", help="do nothing when each SPEC matches an installed package"
    )
    solve.add_argument("--force-reinstall", action="store_true", help="link what the SPECs match again")
    solve.add_argument("--why", action="store_true", help="say of each requested package that is not at its newest why")
    output = solve.add_mutually_exclusive_group()
    output.add_argument("--json", action="store_true", help="print one JSON object")
    output.add_argument("--explicit", action="store_true", help="print an @EXPLICIT lock file")


def _add_request(parser: argparse.ArgumentParser) -> None:
    """Add what every command that solves takes."""
    parser.add_argument(
        "-c",
        "--channel",
        dest="channels",
        action="append",
        default=[],
        metavar="CHANNEL|NAME=LOCATION",
        help="a channel: folder (./folder), URL or name; NAME=LOCATION reads LOCATION as a copy of channel NAME. "
        "May be repeated, the first has the highest priority",
    )
    parser.add_argument("--sample", action="store_true", help="add the sample channel carried in the package")
    parser.add_argument("--offline", action="store_true", help="read channels on the network from the cache alone")
    parser.add_argument("--platform", metavar="P", help="target platform, such as linux-64 (default: this machine's)")
    parser.add_argument(
        "--virtual-package",
        dest="virtual_packages",
        action="append",
        default=[],
        metavar="NAME=VERSION[=BUILD]",
        help="a fact about the target, such as __cuda=12.6; replaces what was detected. May be repeated",
    )
    parser.add_argument("--no-detect", action="store_true", help="start without any detected virtual package")
    parser.add_argument("--strategy", choices=STRATEGIES, default="highest", help="which versions are best")
    parser.add_argument(
        "--channel-priority",
        choices=CHANNEL_PRIORITIES,
        default="strict",
        help="whether a package may come from a channel below the first one that has it",
    )
    parser.add_argument(
        "--constraint",
        dest="constraints",
        action="append",
        default=[],
        metavar="SPEC",
        help="must hold for a package if it comes in, and does not ask for it. May be repeated",
    )
    parser.add_argument(
        "--pin", dest="pins", action="append", default=[], metavar="SPEC", help="the same, for what should stay put"
    )
    parser.add_argument(
        "--exclude-newer",
        metavar="WHEN",
        help="leave out packages newer than a date (that day included), a time, or an age such as 7d",
    )
    for option, metavar, text in (
        ("--deny", "SPEC", "leave out packages that match; the name may be a pattern. May be repeated"),
        ("--allow-license", "PATTERN", "leave out packages of all other licences. May be repeated"),
        ("--deny-license", "PATTERN", "leave out packages of such a licence. May be repeated"),
    ):
        parser.add_argument(option, action="append", default=[], metavar=metavar, help=text)
    parser.add_argument("--timeout", type=_seconds, metavar="SECONDS", help="take the best answer found by then")
    parser.add_argument("--verbose", action="store_true", help="tell a conflict in full")
    parser.add_argument("--save-problem", metavar="FILE", help="write the request and the records it can reach")


def _add_environment(parser: argparse.ArgumentParser, *, required: bool) -> None:
    """Add what a command on an existing environment takes."""
    parser.add_argument("-p", "--prefix", metavar="DIR", required=required, help="the environment to change")
    parser.add_argument("--freeze-installed", action="store_true", help="change nothing that is installed")
    parser.add_argument("--prune", action="store_true", help="remove what nothing needs")
    parser.add_argument("--deps", choices=DEPS, default="all", help="what becomes of dependencies")
    parser.add_argument("--ignore-pinned", action="store_true", help="pins do not count")
    parser.add_argument(
        "--aggressive-update",
        dest="aggressive_updates",
        action="append",
        default=[],
        metavar="NAME",
        help="a package that is updated with everything that is done, where it is installed. May be repeated",
    )
    parser.add_argument("--dry-run", action="store_true", help="print the plan (all that is ever done)")


def _add_changes(commands: Any) -> None:
    """Add `update` and `remove`."""
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
        parser.set_defaults(run=_solve, mode=mode, why=False, explicit=False)
        parser.add_argument("specs", nargs="*", metavar="SPEC", help="a MatchSpec of a package")
        _add_request(parser)
        _add_environment(parser, required=True)
        if mode == "update":
            parser.add_argument("--proof", metavar="FILE", help="write a proof of the answer")
            parser.add_argument("--update-deps", action="store_true", help="with their installed dependencies")
            parser.add_argument("--all", action="store_true", help="everything (the same as no SPEC)")
        else:
            parser.add_argument("--force", action="store_true", help="only these, whatever needs them")
        parser.add_argument("--json", action="store_true", help="print one JSON object")


def _add_reasons(commands: Any) -> None:
    """Add `why` and `why-not`."""
    for name, metavar, run, text in (
        ("why", "NAME", _why, "tell which requirements lead from the request to a package"),
        ("why-not", "WISH", _why_not, "tell what keeps a spec out of the answer, or what it would cost"),
    ):
        parser = commands.add_parser(name, help=text, description=f"{text.capitalize()}.", allow_abbrev=False)
        parser.set_defaults(run=run, mode="install", json=False)
        parser.add_argument("wish", metavar=metavar, help="a package's name" if name == "why" else "a MatchSpec")
        parser.add_argument("specs", nargs="*", metavar="SPEC", help="the request, as for `resolvent solve`")
        _add_request(parser)
        _add_environment(parser, required=False)


def _add_cache(commands: Any) -> None:
    """Add `index` and `cache`."""
    parser = commands.add_parser("index", help="build the index files of channels ahead of time", allow_abbrev=False)
    parser.set_defaults(run=_index, json=False)
    parser.add_argument("channel", nargs="+", metavar="CHANNEL", help="as `resolvent solve -c` takes it")
    parser.add_argument("--platform", metavar="P", help="target platform (default: this machine's)")
    parser.add_argument("--offline", action="store_true", help="read channels on the network from the cache alone")
    parser = commands.add_parser("cache", help="list, check or clear the cache", allow_abbrev=False)
    parser.set_defaults(run=_cache, json=False)
    parser.add_argument("action", choices=("list", "check", "clear"))


def _add_files(commands: Any) -> None:
    """Add `replay` and `check-proof`."""
    from .commands import check_proof, replay

    replay.add(commands)
    check_proof.add(commands)


def _seconds(text: str) -> float:
    value = float(text)
    if not 0 <= value < float("inf"):
        raise ValueError(text)
    return value


_seconds.__name__ = "number of seconds"


def _answer(options: argparse.Namespace) -> tuple[Solution, Index]:
    """Solve what the arguments ask for."""
    prefix = None
    if options.prefix:
        prefix = as_prefix(options.prefix)
    if not options.specs and (prefix is None or options.mode == "remove"):
        raise UsageError("give at least one SPEC (see: resolvent solve --help)")
    channels = [*options.channels, *([sample_channel()] if options.sample else [])]
    if prefix is not None and options.mode == "update":
        _check_update(options.specs, prefix, everything=options.all)
    # What leaves is looked up in the environment alone.
    if not channels and options.mode != "remove":
        raise UsageError("give a channel with -c, or try --sample (see: resolvent solve --help)")
    platform = options.platform or host_platform()
    facts = target_facts(platform, options.virtual_packages, detect=not options.no_detect)
    mode: Mode = "update-all" if options.mode == "update" and not options.specs else options.mode
    request: dict[str, Any] = {
        "constraints": options.constraints,
        "pins": options.pins,
        "installed": prefix,
        "mode": mode,
        "freeze_installed": options.freeze_installed,
        "prune": options.prune,
        "deps": options.deps,
        "update_deps": getattr(options, "update_deps", False),
        "force_remove": getattr(options, "force", False),
        "satisfied_skip": getattr(options, "satisfied_skip", False),
        "force_reinstall": getattr(options, "force_reinstall", False),
        "aggressive_updates": options.aggressive_updates,
        "ignore_pinned": options.ignore_pinned,
        "strategy": options.strategy,
        "exclude_newer": options.exclude_newer,
        "deny": options.deny,
        "licenses": _licenses(options),
    }
    where: dict[str, Any] = {
        "platform": platform,
        "channel_priority": options.channel_priority,
        "offline": options.offline or None,
    }
    texts = [str(fact) for fact in facts]
    if not options.save_problem and not getattr(options, "proof", None):
        solution, index = solve_channels(
            options.specs, channels, virtual_packages=texts, asked={**request, "timeout": options.timeout}, **where
        )
    else:
        # A problem, and a proof, hold all that the request can reach.
        from .solving import Session, load_index

        installed = [] if prefix is None else [record.name for record in prefix.records]
        index = load_index(channels, specs=[*options.specs, *installed], **where)
        if options.save_problem:
            from .reproducing import save_problem

            wish = options.wish if options.run is _why_not else None
            save_problem(options.save_problem, options.specs, index=index, virtual_packages=texts, wish=wish, **request)
        solution = _proved(Session(index, virtual_packages=texts), options, request)
    if prefix is not None and not options.json:
        print_warnings([str(warning) for warning in prefix.warnings])
        if prefix.frozen and solution.changes:
            message = f": {prefix.frozen_message}" if prefix.frozen_message else ""
            print_warnings([f"the environment asks to be left unchanged{message}"])
    return solution, index


def _proved(session: Session, options: argparse.Namespace, request: dict[str, Any]) -> Solution:
    """Solve, and write the proof of what comes out if it is asked for."""
    if not getattr(options, "proof", None):
        return session.solve(options.specs, timeout=options.timeout, **request)
    from .proving import PROOF_SECONDS, write_proof_of

    def write(answer: Solution | None) -> None:
        write_proof_of(
            options.proof,
            answer,
            options.specs,
            index=session.index,
            virtual_packages=session.virtual_packages,
            timeout=options.timeout or PROOF_SECONDS,
            **request,
        )

    try:
        answer = session.solve(options.specs, timeout=options.timeout, **request)
    except UnsatisfiableError:
        write(None)
        raise
    write(answer)
    return answer


def _check_update(specs: Sequence[str], prefix: Prefix, *, everything: bool) -> None:
    """Refuse an update of what is not there, which would rather be an installation."""
    if everything and specs:
        raise UsageError("give SPECs or --all, not both (see: resolvent update --help)")
    for spec in specs:
        name = MatchSpec(spec).name or spec
        if prefix.get(name) is None:
            told = f"{name} is not installed in {prefix.path}, so it cannot be updated"
            if any(record.name == name for record in prefix.unmanageable):
                raise ResolventError(f"{told}: pip installed it")
            raise ResolventError(f"{told}; `resolvent solve --prefix` plans an installation")


def _licenses(options: argparse.Namespace) -> dict[str, list[str]]:
    given = {"allow": options.allow_license, "deny": options.deny_license}
    return {key: patterns for key, patterns in given.items() if patterns}


def _solve(options: argparse.Namespace) -> int:
    solution, index = _answer(options)
    if options.json:
        print_json(solved_report(solution, environment=bool(options.prefix)))
        return EXIT_SOLVED
    print_warnings(index.warnings)
    if options.explicit:
        from .lockfiles import explicit

        sys.stdout.write(explicit(solution.transaction.link, options.platform or host_platform()))
        return EXIT_SOLVED
    from .tables import print_change, print_solution

    if options.prefix:
        print_change(solution)
    else:
        print_solution(solution, options.specs)
    if options.why:
        from .explaining import held_back

        for line in held_back(solution, options.specs):
            sys.stdout.write(line + "\n")
    return EXIT_SOLVED


def _why(options: argparse.Namespace) -> int:
    from .explaining import why

    solution, _ = _answer(options)
    chains = why(solution, options.wish)
    if not chains:
        sys.stdout.write(f"{options.wish} is not in the answer\n")
        return EXIT_UNSATISFIABLE
    for chain in chains:
        sys.stdout.write(" -> ".join(spec for _, spec in chain) + "\n")
    return EXIT_SOLVED


def _why_not(options: argparse.Namespace) -> int:
    from .explaining import why_not

    solution, _ = _answer(options)
    found = why_not(solution, options.wish, timeout=options.timeout)
    sys.stdout.write(str(found) + "\n")
    return EXIT_SOLVED if found.possible else EXIT_UNSATISFIABLE


def _index(options: argparse.Namespace) -> int:
    from . import commands

    return commands.index(options)


def _cache(options: argparse.Namespace) -> int:
    from . import commands

    return commands.cache(options)


def target_facts(platform: str, given: Sequence[str], *, detect: bool) -> list[VirtualPackage]:
    """Return the target's virtual packages: what was given, and what was detected of other names.

    Parameters
    ----------
    platform
        The target's subdir.
    given
        `NAME=VERSION[=BUILD]`; a bare `NAME` has version 0.
    detect
        Whether to look for those not given.
    """
    packages: dict[str, VirtualPackage] = {}
    for text in given:
        name, _, value = text.partition("=")
        package = from_pair(name, value.replace("=", " ", 1))
        if package.name in packages:
            raise ResolventError(f"virtual package {package.name} is given more than once")
        packages[package.name] = package
    found = detect_virtual_packages(platform, skip=packages) if detect else []
    return sorted([*packages.values(), *found])


if __name__ == "__main__":
    run()
