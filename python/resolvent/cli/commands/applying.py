"""What every command that changes an environment takes, and how it goes on once the plan is made: show, ask, do."""

from __future__ import annotations

import argparse
import os
import shlex
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..._core import Channel, PackageRecord, ResolventError
from ...displays import human_size
from ..output import UsageError, complain, flushed, print_json, print_warnings, write

if TYPE_CHECKING:
    from ...channels import ChannelSource
    from ...install import Applied
    from ...install.change import Options, Wanted

EXIT_OK = 0


def add_applying(parser: argparse.ArgumentParser) -> None:
    """Add what every command that changes an environment takes."""
    group = parser.add_argument_group("the change")
    group.add_argument("-y", "--yes", action="store_true", help="do not ask")
    group.add_argument("-d", "--dry-run", action="store_true", help="print the plan and change nothing")
    group.add_argument("--download-only", action="store_true", help="only put the packages into the package cache")
    group.add_argument(
        "--link",
        choices=("auto", "hard", "soft", "copy"),
        default="auto",
        help="how files come in: hard links where possible (auto), only so (hard), symbolic links, copies",
    )
    group.add_argument("--package-cache", metavar="DIR", help="the folder of unpacked packages")
    group.add_argument("--run-link-scripts", action="store_true", help="run the scripts that packages bring")
    group.add_argument("--overwrite", action="store_true", help="put files aside that belong to no package")
    group.add_argument("--allow-clobber", action="store_true", help="let one of several packages win a file")
    group.add_argument("--override-frozen", action="store_true", help="change a frozen environment (CEP 22)")
    group.add_argument(
        "--lock-timeout",
        type=float,
        metavar="SECONDS",
        help="how long to wait for another process (default: until it ends)",
    )
    group.add_argument("--revert", action="store_true", help="take an interrupted change back instead of finishing it")
    group.add_argument("--json-progress", action="store_true", help="write progress to stderr, a JSON object a line")


def apply_options(options: argparse.Namespace) -> Options:
    """Return the installer's options, but for progress."""
    from ...install.change import Options
    from ...network.redact import redact

    credentials, copies = _channels(getattr(options, "sources", None) or getattr(options, "channels", []))
    timeout = options.lock_timeout
    if timeout is not None and not 0 <= timeout < float("inf"):
        raise UsageError(f"--lock-timeout is a number of seconds, not {timeout}")
    return Options(
        link=options.link,
        package_cache=None if options.package_cache is None else Path(options.package_cache).expanduser(),
        offline=getattr(options, "offline", False) or None,
        run_link_scripts=options.run_link_scripts,
        dry_run=options.dry_run,
        download_only=options.download_only,
        override_frozen=options.override_frozen,
        overwrite=options.overwrite,
        allow_clobber=options.allow_clobber,
        lock_timeout=timeout,
        revert=options.revert,
        command=redact(shlex.join(["resolvent", *options.words])),
        credentials=credentials,
        copies=copies,
    )


def _channels(sources: Sequence[ChannelSource]) -> tuple[dict[str, Any], dict[str, Path]]:
    """Return the credentials in channels' addresses, and the folders that are copies of channels."""
    from ...channels import LocalSource, NetworkSource, parse_source
    from ...network.locate import locate

    credentials: dict[str, Any] = {}
    copies: dict[str, Path] = {}
    for text in sources:
        source = parse_source(text)
        if isinstance(source, LocalSource) and source.name is not None and source.is_copy:
            copies[Channel(source.name).base_url.rstrip("/")] = Path(source.folder)
        if not isinstance(source, NetworkSource):
            continue
        for location in locate(source.location):
            if location.credential is not None:
                credentials[location.base_url] = location.credential
    return credentials, copies


def to_download(records: Sequence[PackageRecord], options: Options) -> int:
    """Return the bytes that are not in the package cache and not on this machine."""
    from ...install.locations import package_cache_folder
    from ...install.package_cache import PackageCache

    cache = PackageCache(options.package_cache or package_cache_folder())
    remote = (record for record in records if "://" in record.url and not record.url.startswith("file:"))
    return sum(record.size or 0 for record in remote if cache.find(record) is None)


def confirm(options: argparse.Namespace) -> bool:
    """Ask whether to go on; False if the user says no.

    Raises
    ------
    UsageError
        If there is nobody to ask.
    """
    if options.yes:
        return True
    if options.json or not sys.stdin or not sys.stdin.isatty():
        raise UsageError("nothing was changed: add --yes to go on without being asked, or --dry-run")
    sys.stderr.write("go on? [Y/n] ")
    sys.stderr.flush()
    answer = sys.stdin.readline()
    return bool(answer) and answer.strip().lower() in {"", "y", "yes"}


def carry_out(
    options: argparse.Namespace,
    prefix: Path,
    plan: Callable[[], Wanted],
    show: Callable[[], None],
    report: Callable[[], dict[str, Any]],
) -> int:
    """Show a plan, ask, and carry it out.

    Parameters
    ----------
    options
        The arguments.
    prefix
        The environment.
    plan
        Makes the plan; called again should another process change the environment meanwhile.
    show, report
        Prints the plan, and returns it for JSON; about the plan that was made last.
    """
    from dataclasses import replace

    from ...install import EnvironmentChanged
    from ...install.change import change
    from ..install_progress import install_progress

    shaped = apply_options(options)
    for attempt in range(3):
        wanted = plan()
        if not options.json:
            show()
            size = to_download(wanted.link, shaped)
            if size:
                write(f"{human_size(size)} to download\n")
            flushed(EXIT_OK)
        nothing = not wanted.link and not wanted.unlink
        if not options.dry_run and not nothing and not confirm(options):
            complain("nothing was changed")
            return EXIT_OK
        form = "json" if options.json_progress else "none" if options.json else "auto"
        try:
            with install_progress(form) as progress:  # type: ignore[arg-type]
                done = change(prefix, wanted, replace(shaped, progress=progress))
        except EnvironmentChanged:
            if attempt == 2 or not options.yes:
                raise
            continue
        break
    if options.json:
        print_json({**report(), "applied": applied_report(done)})
    else:
        print_outcome(done, options)
    return EXIT_OK


def applied_report(done: Applied) -> dict[str, Any]:
    """Return what was done as `--json` prints it."""
    return {
        "prefix": str(done.prefix),
        "dry_run": done.dry_run,
        "linked": [record.fn for record in done.linked],
        "unlinked": [record.fn for record in done.unlinked],
        "revision": done.revision,
        "recovered": done.recovered,
        "skipped_scripts": list(done.skipped_scripts),
        "saved": list(done.saved),
        "warnings": list(done.warnings),
    }


def print_outcome(done: Applied, options: argparse.Namespace) -> None:
    """Print what was done, what the user should know, and what to type next."""
    print_warnings(list(done.warnings))
    for script in done.skipped_scripts:
        complain(f"note: a link script was not run (--run-link-scripts does): {script}")
    for path in done.saved:
        complain(f"note: your file was put aside as {path}")
    if done.dry_run:
        complain("packages are in the package cache" if options.download_only else "dry run: nothing was changed")
        return
    if done.revision is None:
        write("nothing was changed\n")
        return
    place = f"-n {options.name}" if options.name else f"-p {shlex.quote(options.prefix or os.fspath(done.prefix))}"
    write(f"done: {done.prefix} is at revision {done.revision}\n")
    if done.revision == 0:
        write(f'activate it:  eval "$(resolvent shell-hook {place})"\n')
        write(f"run in it:    resolvent run {place} -- COMMAND\n")
    else:
        write(f"to go back:   resolvent rollback {place}\n")


def records_table(records: Sequence[PackageRecord], word: str) -> str:
    """Return a line for each record, for plans without a solver."""
    width = max((len(record.name) for record in records), default=0)
    return "".join(f"{word:7} {one.name:{width}} {one.version} {one.build} ({one.channel})\n" for one in records)


def refuse_missing_engine() -> None:
    """Fail before anything is solved if the engine is not installed."""
    from ...install.rattler import import_engine

    import_engine()


def plain_plan(wanted: Wanted) -> dict[str, Any]:
    """Return a plan that no solver made as `--json` prints it."""
    return {
        "status": "planned",
        "transaction": {
            "link": [record.to_dict() for record in wanted.link],
            "unlink": [record.to_dict() for record in wanted.unlink],
        },
    }


def show_plain(wanted: Wanted) -> None:
    """Print a plan that no solver made."""
    if not wanted.link and not wanted.unlink:
        write("nothing to do\n")
        return
    write(records_table(wanted.unlink, "unlink") + records_table(wanted.link, "link"))


def need(condition: bool, message: str) -> None:
    """Raise a `ResolventError` unless something holds."""
    if not condition:
        raise ResolventError(message)
