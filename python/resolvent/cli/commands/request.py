"""What every command that solves takes: arguments of the request, of the target and of the environment."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ... import _core
from ..._core import Index, MatchSpec, ResolventError, Solution, UnsatisfiableError
from ...arguments import CHANNEL_PRIORITIES, STRATEGIES
from ...environment import DEPS, as_prefix
from ...platforms import host_platform
from ...request import request_of
from ...solve import solve_channels
from ...virtual_packages import VirtualPackage, default_virtual_packages, detect_virtual_packages, from_pair
from ..configuration import add_configuration, channels_of, configuration
from ..output import UsageError, print_warnings
from ..progress import terminal_progress
from .help import SKIP_HELP

if TYPE_CHECKING:
    from ...config import Config
    from ...environment import Mode
    from ...prefix import Prefix
    from ...request import Request, RequestOptions
    from ...session import Session


def add_channels(parser: argparse.ArgumentParser) -> None:
    """Add what every command that reads channels takes."""
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
    parser.add_argument(
        "--demo", action="store_true", help="add the demo channel carried in the package: tiny, but with its archives"
    )
    parser.add_argument("--offline", action="store_true", help="do not use the network; read channels from the cache")
    add_configuration(parser)
    parser.add_argument("--skip-bad-records", action="store_true", help=SKIP_HELP)
    parser.add_argument("--platform", metavar="P", help="target platform, such as linux-64 (default: this machine's)")


def add_request(parser: argparse.ArgumentParser) -> None:
    """Add what every command that solves takes."""
    add_channels(parser)
    parser.add_argument(
        "--virtual-package",
        dest="virtual_packages",
        action="append",
        default=[],
        metavar="NAME=VERSION[=BUILD]",
        help="a fact about the target, such as __cuda=12.6; overrides detection. May be repeated",
    )
    parser.add_argument(
        "--target-defaults",
        action="store_true",
        help="detect nothing: assume the documented defaults of the platform, as for a foreign one",
    )
    parser.add_argument("--no-detect", action="store_true", help="use only the virtual packages that are given")
    parser.add_argument("--strategy", choices=STRATEGIES, default="highest", help="which versions to prefer")
    parser.add_argument(
        "--channel-priority",
        choices=CHANNEL_PRIORITIES,
        default=None,
        help="(default: strict) whether a package may come from a later channel than the first that has it",
    )
    parser.add_argument(
        "--constraint",
        dest="constraints",
        action="append",
        default=[],
        metavar="SPEC",
        help="restrict a package without requesting it. May be repeated",
    )
    parser.add_argument(
        "--pin",
        dest="pins",
        action="append",
        default=[],
        metavar="SPEC",
        help="like --constraint, for versions that you want to hold",
    )
    parser.add_argument(
        "--exclude-newer",
        action="append",
        default=[],
        metavar="[NAME=]WHEN",
        help="leave out packages newer than a date (that day included), a time, or an age such as 7d. May be repeated "
        "with NAME=WHEN for one package and 'CHANNEL::*=WHEN' for one channel; WHEN can be never",
    )
    whole = "the whole text counts, so write '*GPL*'. May be repeated"
    for option, metavar, text in (
        ("--deny", "SPEC", "leave out packages that match; the name may be a pattern. May be repeated"),
        (
            "--allow-license",
            "PATTERN",
            f"use only packages whose licence matches; {whole}",
        ),
        (
            "--deny-license",
            "PATTERN",
            f"leave out packages whose licence matches; {whole}",
        ),
    ):
        parser.add_argument(option, action="append", default=[], metavar=metavar, help=text)
    parser.add_argument(
        "--timeout", type=_seconds, metavar="SECONDS", help="after this time, take the best answer found so far"
    )
    parser.add_argument("--verbose", action="store_true", help="show the full conflict")
    parser.add_argument(
        "--save-problem", metavar="FILE", help="write the request, and all records it can reach, to FILE"
    )


def add_environment(parser: argparse.ArgumentParser, *, required: bool) -> None:
    """Add what a command that plans on an existing environment takes."""
    parser.add_argument("-p", "--prefix", metavar="DIR", required=required, help="the environment to change")
    add_modifiers(parser)
    parser.add_argument("--dry-run", action="store_true", help="accepted for compatibility: nothing is ever changed")


def add_modifiers(parser: argparse.ArgumentParser) -> None:
    """Add what may be said of how an environment changes."""
    parser.add_argument("--freeze-installed", action="store_true", help="do not change installed packages")
    parser.add_argument("--keep-requested", action="store_true", help="never remove what was asked for earlier")
    parser.add_argument(
        "--hold-history", action="store_true", help="the same, and the versions asked for earlier hold, as in conda"
    )
    parser.add_argument("--prune", action="store_true", help="remove packages that nothing needs")
    parser.add_argument(
        "--deps", choices=DEPS, default="all", help="all; none: only the SPECs; only: only their dependencies"
    )
    parser.add_argument("--ignore-pinned", action="store_true", help="ignore pins")
    parser.add_argument(
        "--aggressive-update",
        dest="aggressive_updates",
        action="append",
        default=[],
        metavar="NAME",
        help="always update this package if it is installed. May be repeated",
    )


def reading(options: argparse.Namespace, config: Config | None) -> dict[str, Any]:
    """Return how channels are read, as keywords of `load_index`."""
    where: dict[str, Any] = {
        "offline": options.offline or None,
        "use_zst": False if options.no_zst else None,
        "use_shards": False if options.no_shards else None,
        "skip_bad_records": options.skip_bad_records,
    }
    if config is not None:
        where["network"] = config.network()
        where["add_pip_as_python_dependency"] = bool(config.get("add_pip_as_python_dependency"))
    return where


def _seconds(text: str) -> float:
    value = float(text)
    if not 0 <= value < float("inf"):
        raise ValueError(text)
    return value


_seconds.__name__ = "number of seconds"


def answer(options: argparse.Namespace, wish: str | None = None) -> tuple[Solution, Index]:
    """Solve what the arguments ask for; `wish` is what `why-not` asks about it."""
    heard: list[tuple[Index, list[str]]] = []
    try:
        return _answer(options, wish, heard)
    finally:
        # Also where there is no answer: what is wrong with the records that the request reaches may be why.
        for index, there in heard:
            asked = [*options.specs, *options.constraints, *options.pins, *([] if wish is None else [wish])]
            print_warnings(_core.reached_warnings(index, asked, there))
            if options.allow_license or options.deny_license:
                from ...licenses import idle_patterns

                print_warnings(idle_patterns(index, [*options.allow_license, *options.deny_license]))


def _answer(
    options: argparse.Namespace, wish: str | None, heard: list[tuple[Index, list[str]]]
) -> tuple[Solution, Index]:
    """Solve; into `heard` goes what warnings can be about: the index, and what the environment asks of it."""
    prefix = None
    if options.prefix:
        prefix = as_prefix(options.prefix)
    if not options.specs and (prefix is None or options.mode == "remove"):
        raise UsageError("give at least one SPEC (see: resolvent solve --help)")
    if prefix is not None and options.mode == "update":
        _check_update(options.specs, prefix, everything=options.all)
    config = configuration(options)
    # What leaves is looked up in the environment alone.
    alone = options.mode == "remove" and not (options.channels or options.sample or options.demo)
    channels = [] if alone else channels_of(options, config)
    options.platform = options.platform or (config.platform if config is not None else None)
    platform = options.platform or host_platform()
    if options.target_defaults and options.no_detect:
        raise UsageError("give --target-defaults or --no-detect, not both")
    facts = target_facts(
        platform,
        options.virtual_packages,
        detect=not options.no_detect,
        defaults=options.target_defaults,
        configured={} if config is None else config.virtual_packages(),
    )
    mode: Mode = "update-all" if options.mode == "update" and not options.specs else options.mode
    asked: RequestOptions = {
        "constraints": options.constraints,
        "pins": options.pins,
        "installed": prefix,
        "mode": mode,
        "freeze_installed": options.freeze_installed,
        "keep_requested": options.keep_requested,
        "hold_history": options.hold_history,
        "prune": options.prune,
        "deps": options.deps,
        "update_deps": getattr(options, "update_deps", False),
        "force_remove": getattr(options, "force", False),
        "satisfied_skip": getattr(options, "satisfied_skip", False),
        "force_reinstall": getattr(options, "force_reinstall", False),
        "aggressive_updates": options.aggressive_updates,
        "ignore_pinned": options.ignore_pinned,
        "strategy": options.strategy,
        "exclude_newer": _cutoffs(options.exclude_newer),
        "deny": options.deny,
        "licenses": _licenses(options),
        "channel_priority": options.channel_priority or "strict",
    }
    where = reading(options, config)
    there = [] if prefix is None else [text for record in prefix.records for text in (record.name, *record.depends)]

    def loaded(index: Index) -> None:
        heard[:] = [(index, there)]

    if config is not None:
        asked = config.options({**asked, "channel_priority": options.channel_priority})
    request = request_of(
        options.specs, asked, channels=[], platform=platform, virtual_packages=[str(fact) for fact in facts]
    )
    if not options.save_problem and not getattr(options, "proof", None):
        with terminal_progress() as progress:
            solution, index = solve_channels(
                request, sources=channels, timeout=options.timeout, progress=progress, loaded=loaded, **where
            )
    else:
        # A problem, and a proof, hold all that the request can reach.
        from ...index import load_index
        from ...session import Session

        installed = [] if prefix is None else [record.name for record in prefix.records]
        with terminal_progress() as progress:
            index = load_index(
                channels,
                platform=platform,
                channel_priority=request.channel_priority,
                specs=[*options.specs, *installed],
                progress=progress,
                **where,
            )
            loaded(index)
        if options.save_problem:
            from ...problems.problem import save_problem

            save_problem(options.save_problem, request, index=index, wish=wish)
        solution = _proved(Session(index, virtual_packages=request.target.virtual_packages), options, request)
    if prefix is not None:
        print_warnings([str(warning) for warning in prefix.warnings])
        if prefix.frozen and solution.changes:
            message = f": {prefix.frozen_message}" if prefix.frozen_message else ""
            print_warnings([f"the environment asks to be left unchanged{message}"])
    if not options.json:
        _warn_of_bare_pins(options.pins, prefix)
    return solution, index


def _warn_of_bare_pins(pins: Sequence[str], prefix: Prefix | None) -> None:
    """Say of each `--pin` that pins nothing what to write instead."""
    if not pins:
        return
    from ...prefix import bare_pin

    for text in pins:
        spec = MatchSpec(text)
        advice = bare_pin(spec, prefix.get(spec.name) if prefix is not None and spec.name else None)
        if advice is not None:
            print_warnings([f"--pin {text}: {advice}"])


def _proved(session: Session, options: argparse.Namespace, request: Request) -> Solution:
    """Solve, and write the proof of what comes out if it is asked for."""
    if not getattr(options, "proof", None):
        return session.solve(request, timeout=options.timeout)
    from ...problems.proof import PROOF_SECONDS, write_proof_of

    def write(answer: Solution | None) -> None:
        limit = options.timeout or PROOF_SECONDS
        write_proof_of(options.proof, answer, request, index=session.index, timeout=limit)

    try:
        answer = session.solve(request, timeout=options.timeout)
    except UnsatisfiableError:
        write(None)
        raise
    write(answer)
    return answer


def _check_update(specs: Sequence[str], prefix: Prefix, *, everything: bool) -> None:
    """Refuse to update a package that is not installed."""
    if everything and specs:
        raise UsageError("give SPECs or --all, not both (see: resolvent update --help)")
    for spec in specs:
        name = MatchSpec(spec).name or spec
        if prefix.get(name) is None:
            problem = f"{name} is not installed in {prefix.path}, so it cannot be updated"
            if any(record.name == name for record in prefix.unmanageable):
                raise ResolventError(f"{problem}: pip installed it")
            raise ResolventError(f"{problem}; `resolvent install` installs it")


def _cutoffs(given: Sequence[str]) -> dict[str, str | None] | None:
    """Return the cut-offs of `[NAME=]WHEN` arguments as a mapping by name, `*` for that of everything."""
    cutoffs: dict[str, str | None] = {}
    for text in given:
        name, _, when = text.rpartition("=")
        key = name or "*"
        if key in cutoffs:
            raise UsageError(f"--exclude-newer is given more than once{f' for {name}' if name else ''}")
        cutoffs[key] = None if when == "never" else when
    return cutoffs or None


def _licenses(options: argparse.Namespace) -> dict[str, list[str]]:
    given = {"allow": options.allow_license, "deny": options.deny_license}
    return {key: patterns for key, patterns in given.items() if patterns}


def target_facts(
    platform: str,
    given: Sequence[str],
    *,
    detect: bool,
    defaults: bool = False,
    configured: Mapping[str, str | None] | None = None,
) -> list[VirtualPackage]:
    """Return the target's virtual packages: what was given, and what was detected of other names.

    Parameters
    ----------
    platform
        The target's subdir.
    given
        `NAME=VERSION[=BUILD]`; a bare `NAME` has version 0.
    detect
        Whether to look for those not given.
    defaults
        Take the platform's documented defaults instead of looking, also where the platform is this machine's.
    configured
        What a configuration says of those not given, by name; None: the target has no such thing.
    """
    packages: dict[str, VirtualPackage] = {}
    for text in given:
        name, _, value = text.partition("=")
        package = from_pair(name, value.replace("=", " ", 1))
        if package.name in packages:
            raise ResolventError(f"virtual package {package.name} is given more than once")
        packages[package.name] = package
    known = {name: value for name, value in (configured or {}).items() if name not in packages}
    packages.update({name: from_pair(name, value.replace("=", " ", 1)) for name, value in known.items() if value})
    skip = {*packages, *known}
    found: list[VirtualPackage] = []
    if defaults:
        found = default_virtual_packages(platform, skip=skip)
    elif detect:
        found = detect_virtual_packages(platform, skip=skip)
    return sorted([*packages.values(), *found])
