"""`resolvent clean`: what lies in the caches and is not needed any more."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from ...displays import human_size
from ..output import UsageError, print_json, write


def add(commands: Any) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser(
        "clean",
        help="remove cached packages and files that are not needed",
        description="Remove downloaded archives, unpacked packages that no environment is hard-linked to, and what "
        "killed processes left. Environments of soft links need their packages: do not clean those.",
        allow_abbrev=False,
    )
    parser.set_defaults(run=run)
    parser.add_argument("--packages", action="store_true", help="unpacked packages that no environment is linked to")
    parser.add_argument("--archives", action="store_true", help="downloaded archives")
    parser.add_argument("--index", action="store_true", help="index files and fetched repodata")
    parser.add_argument("-a", "--all", action="store_true", help="all of these")
    parser.add_argument("--package-cache", metavar="DIR", help="the folder of unpacked packages")
    parser.add_argument("-d", "--dry-run", action="store_true", help="say what would be removed")
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def run(options: argparse.Namespace) -> int:
    """Remove it."""
    from ... import cache as index_files
    from ...install.locations import package_cache_folder
    from ...install.package_cache import PackageCache

    if not (options.packages or options.archives or options.index or options.all):
        raise UsageError("say what to remove: --packages, --archives, --index or --all")
    cache = PackageCache(Path(options.package_cache).expanduser() if options.package_cache else package_cache_folder())
    removed: dict[str, tuple[int, int]] = {}
    if options.packages or options.all:
        removed["packages"] = cache.clean(packages=True, archives=False, dry_run=options.dry_run)
    if options.archives or options.all:
        removed["archives"] = cache.clean(packages=False, archives=True, dry_run=options.dry_run)
    if options.index or options.all:
        if options.dry_run:
            found = index_files.index_files()
            count, size = index_files.fetched()
            removed["index"] = (len(found) + count, sum(entry.size for entry in found) + size)
        else:
            first, second = index_files.clear(), index_files.clear_fetched()
            removed["index"] = (first[0] + second[0], first[1] + second[1])
    if options.json:
        print_json(
            {
                "dry_run": options.dry_run,
                "removed": {what: {"count": count, "bytes": size} for what, (count, size) in removed.items()},
            }
        )
        return 0
    for what, (count, size) in removed.items():
        verb = "would remove" if options.dry_run else "removed"
        write(f"{verb} {count} {what}, {human_size(size)}\n")
    return 0
