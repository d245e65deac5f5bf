"""`resolvent index` and `resolvent cache`: index files built ahead of time, and what the cache holds."""

from __future__ import annotations

import argparse
import sys
from typing import Any

from ...index import load_index
from ...platforms import host_platform
from ..output import print_warnings, write
from .help import SKIP_HELP, Help

EXIT_OK, EXIT_BAD = 0, 1

STATES = """\
states of an index file:
  fresh      its source is unchanged
  unsure     its source may have changed; check and the next load compare the contents
  stale      its source has changed; rebuilt on the next load
  orphan     its source is gone
  refused, bad
             it cannot be used; rebuilt on the next load; check exits with 1
"""


def add(commands: Any) -> None:
    """Add the commands to the parser."""
    parser = commands.add_parser("index", help="build the index files of channels ahead of time", allow_abbrev=False)
    parser.set_defaults(run=index, json=False)
    parser.add_argument("channel", nargs="+", metavar="CHANNEL", help="as `resolvent solve -c` takes it")
    parser.add_argument("--platform", metavar="P", help="target platform (default: this machine's)")
    parser.add_argument("--offline", action="store_true", help="do not use the network; read channels from the cache")
    parser.add_argument("--skip-bad-records", action="store_true", help=SKIP_HELP)
    parser = commands.add_parser(
        "cache", help="list, check or clear the cache", allow_abbrev=False, epilog=STATES, formatter_class=Help
    )
    parser.set_defaults(run=cache, json=False)
    parser.add_argument("action", choices=("list", "check", "clear"))


def index(options: argparse.Namespace) -> int:
    """Build the index files of channels ahead of time."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    platform = options.platform or host_platform()
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.completed}/{task.total}"),
        TimeElapsedColumn(),
    )
    rows = []
    with Progress(*columns, console=Console(stderr=True), disable=not sys.stderr.isatty()) as progress:
        task = progress.add_task("indexing", total=len(options.channel))
        for channel in options.channel:
            progress.update(task, description=f"indexing {channel}")
            found = load_index(
                [channel],
                platform=platform,
                offline=options.offline or None,
                skip_bad_records=options.skip_bad_records,
            )
            rows.append((channel, len(found), len(found.warnings)))
            print_warnings(found.warnings)
            progress.advance(task)
    for channel, records, warnings in rows:
        note = f", {warnings} warnings" if warnings else ""
        write(f"{channel}: {records} records{note}\n")
    return EXIT_OK


def cache(options: argparse.Namespace) -> int:
    """List, check or clear the cache. What was fetched is checked whenever it is read, so only index files are here."""
    from ... import cache as files
    from ...displays import human_size

    if options.action == "clear":
        count, size = files.clear()
        write(f"removed {count} index files, {human_size(size)}\n")
        count, size = files.clear_fetched()
        if count:
            write(f"removed {count} fetched files, {human_size(size)}\n")
        return EXIT_OK
    code = EXIT_OK
    for entry in files.index_files():
        state = entry.state
        if options.action == "check":
            wrong = files.check(entry.file)
            state, code = (files.compare(entry.file), code) if wrong is None else (f"bad: {wrong}", EXIT_BAD)
        source = entry.source or "unknown source"
        write(f"{source} [{entry.subdir}]: {entry.records} records, {human_size(entry.size)}, {state}\n")
    count, size = files.fetched()
    if count:
        write(f"fetched from the network: {count} files, {human_size(size)}\n")
    return code
