"""The command `resolvent`.

`resolvent solve` is a thin shape over `resolvent.load_index` and `resolvent.Session`: it reads arguments, calls, and
prints the answer as a table, as JSON or as an `@EXPLICIT` lock file. Exit codes: 0 solved, 1 unsatisfiable, 2 bad
input, 3 the deadline struck before there was any answer.

Imports that only one form of output needs (rich) happen where that form is printed: a cold start costs more than
most solves.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from typing import Any, NoReturn

from . import __version__
from ._core import DeadlineExceeded, ResolventError, Solution, UnsatisfiableError
from .channels import host_platform, sample_channel
from .solving import CHANNEL_PRIORITIES, STRATEGIES, Session, load_index
from .virtual_packages import VirtualPackage, detect_virtual_packages, from_pair

EXIT_SOLVED, EXIT_UNSATISFIABLE, EXIT_BAD_INPUT, EXIT_DEADLINE, EXIT_INTERRUPTED = 0, 1, 2, 3, 130

#: Warnings about the index that are shown one by one; the rest is counted.
_SHOWN_WARNINGS = 5

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
        options = _parser().parse_args(words)
        run: Callable[[argparse.Namespace], int] = options.run
        return _flushed(run(options))
    except _UsageError as error:
        return _flushed(_fail(error, EXIT_BAD_INPUT, as_json))
    except UnsatisfiableError as error:
        return _flushed(_fail(error, EXIT_UNSATISFIABLE, as_json))
    except DeadlineExceeded as error:
        return _flushed(_fail(error, EXIT_DEADLINE, as_json))
    except (ResolventError, OSError, UnicodeError) as error:
        if isinstance(error, BrokenPipeError):
            return _silence()
        return _flushed(_fail(error, EXIT_BAD_INPUT, as_json))
    except KeyboardInterrupt:
        _complain("resolvent: interrupted")
        return EXIT_INTERRUPTED


class _UsageError(Exception):
    """The arguments make no sense; raised instead of argparse's own exit so that `--json` holds for it too."""


class _Parser(argparse.ArgumentParser):
    """A parser that raises."""

    def error(self, message: str) -> NoReturn:
        raise _UsageError(f"{message} (see: {self.prog} --help)")


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="resolvent",
        description="Find the best environment of conda packages, or say why there is none.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"resolvent {__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    solve = commands.add_parser(
        "solve",
        help="find the packages that satisfy some specs",
        description="Find the best set of packages that satisfies every SPEC, and print it in link order.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    solve.set_defaults(run=_solve)
    solve.add_argument("specs", nargs="*", metavar="SPEC", help="a MatchSpec, such as 'numpy >=2' or python=3.12")
    solve.add_argument(
        "-c",
        "--channel",
        dest="channels",
        action="append",
        default=[],
        metavar="CHANNEL|NAME=LOCATION",
        help="a channel: folder (./folder), URL or name; NAME=LOCATION reads LOCATION as a copy of channel NAME. "
        "May be repeated, the first has the highest priority",
    )
    solve.add_argument("--sample", action="store_true", help="add the sample channel carried in the package")
    solve.add_argument("--platform", metavar="P", help="target platform, such as linux-64 (default: this machine's)")
    solve.add_argument(
        "--virtual-package",
        dest="virtual_packages",
        action="append",
        default=[],
        metavar="NAME=VERSION[=BUILD]",
        help="a fact about the target, such as __cuda=12.6; replaces what was detected. May be repeated",
    )
    solve.add_argument("--no-detect", action="store_true", help="start without any detected virtual package")
    solve.add_argument("--strategy", choices=STRATEGIES, default="highest", help="which versions are best")
    solve.add_argument(
        "--channel-priority",
        choices=CHANNEL_PRIORITIES,
        default="strict",
        help="whether a package may come from a channel below the first one that has it",
    )
    solve.add_argument(
        "--exclude-newer",
        metavar="WHEN",
        help="leave out packages newer than a date (that day included), a time, or an age such as 7d",
    )
    solve.add_argument("--timeout", type=_seconds, metavar="SECONDS", help="take the best answer found by then")
    output = solve.add_mutually_exclusive_group()
    output.add_argument("--json", action="store_true", help="print one JSON object")
    output.add_argument("--explicit", action="store_true", help="print an @EXPLICIT lock file")
    return parser


def _seconds(text: str) -> float:
    value = float(text)
    if not 0 <= value < float("inf"):
        raise ValueError(text)
    return value


_seconds.__name__ = "number of seconds"


def _solve(options: argparse.Namespace) -> int:
    if not options.specs:
        raise _UsageError("give at least one SPEC (see: resolvent solve --help)")
    channels = [*options.channels, *([sample_channel()] if options.sample else [])]
    if not channels:
        raise _UsageError("give a channel with -c, or try --sample (see: resolvent solve --help)")
    platform = options.platform or host_platform()
    index = load_index(channels, platform=platform, channel_priority=options.channel_priority)
    facts = target_facts(platform, options.virtual_packages, detect=not options.no_detect)
    session = Session(index, virtual_packages=[str(fact) for fact in facts])
    solution = session.solve(
        options.specs,
        strategy=options.strategy,
        exclude_newer=options.exclude_newer,
        timeout=options.timeout,
    )
    if options.json:
        _print_json(solved_report(solution))
        return EXIT_SOLVED
    _print_warnings(index.warnings)
    if options.explicit:
        from .lockfiles import explicit

        sys.stdout.write(explicit(solution.transaction.link, platform))
    else:
        from .tables import print_solution

        print_solution(solution, options.specs)
    return EXIT_SOLVED


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


def solved_report(solution: Solution) -> dict[str, Any]:
    """Return what `--json` prints for a solution."""
    transaction = solution.transaction
    return _report(
        "solved",
        optimality=solution.optimality,
        packages=[record.to_dict() for record in solution.records],
        transaction={
            "link": [record.to_dict() for record in transaction.link],
            "unlink": [record.to_dict() for record in transaction.unlink],
        },
        stats=solution.stats,
    )


def failed_report(error: BaseException) -> dict[str, Any]:
    """Return what `--json` prints for an error."""
    status, conflict = "error", None
    if isinstance(error, UnsatisfiableError):
        status, conflict = "unsatisfiable", error.conflict.to_dict()
    elif isinstance(error, DeadlineExceeded):
        status = "timeout"
    return _report(
        status,
        conflict=conflict,
        error={
            "type": "UsageError" if isinstance(error, _UsageError) else type(error).__name__,
            "message": str(error),
            "file": _text(getattr(error, "file", None) or getattr(error, "filename", None)),
            "field": _text(getattr(error, "field", None)),
        },
    )


def _report(status: str, **values: Any) -> dict[str, Any]:
    empty: dict[str, Any] = {
        "status": status,
        "optimality": None,
        "packages": [],
        "transaction": {"link": [], "unlink": []},
        "conflict": None,
        "stats": {},
        "error": None,
    }
    return {**empty, **values}


def _text(value: object) -> str | None:
    return None if value is None else str(value)


def _print_json(report: dict[str, Any]) -> None:
    import json

    # ASCII only: whatever the terminal's encoding, and whatever a record holds, it can be written.
    json.dump(report, sys.stdout, indent=2)
    sys.stdout.write("\n")


def _print_warnings(warnings: Sequence[str]) -> None:
    for warning in warnings[:_SHOWN_WARNINGS]:
        _complain(f"warning: {warning}")
    if len(warnings) > _SHOWN_WARNINGS:
        _complain(f"warning: {len(warnings) - _SHOWN_WARNINGS} more of these")


def _fail(error: Exception, code: int, as_json: bool) -> int:
    if as_json:
        _print_json(failed_report(error))
    else:
        _complain(f"resolvent: {error}")
    return code


def _complain(text: str) -> None:
    """Write to stderr what any terminal can show: control characters of a file's text do not reach it."""
    safe = "".join(char if char.isprintable() or char in "\n\t" else repr(char)[1:-1] for char in text)
    encoding = getattr(sys.stderr, "encoding", None) or "ascii"
    sys.stderr.write(safe.encode(encoding, "backslashreplace").decode(encoding) + "\n")


def _flushed(code: int) -> int:
    """Flush while a closed pipe can still be answered quietly."""
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        return _silence()
    return code


def _silence() -> int:
    """Whoever read our output has left: end without a word, as other tools do."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 128 + 13


if __name__ == "__main__":
    sys.exit(main())
