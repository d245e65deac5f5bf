"""`resolvent search`: the packages of some channels, their versions and builds, and what rules a build out."""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Sequence
from typing import Any

from ..._core import Index, MatchSpec, PackageRecord
from ...arguments import CHANNEL_PRIORITIES, ChannelPriority
from ...virtual_packages import VirtualPackage
from ..configuration import channels_of, configuration
from ..output import print_json, print_warnings, write
from ..progress import terminal_progress
from .request import add_channels, reading, target_facts

EXIT_FOUND, EXIT_NOTHING = 0, 1
#: Lines that are shown unless `--all` is given.
_SHOWN = 30


def add(commands: Any) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser(
        "search",
        help="look into channels: names, versions, builds",
        description="List what channels have: with one name its versions, with a version or build its builds, with a "
        "pattern the names that match. A build that cannot be chosen says why.",
        allow_abbrev=False,
    )
    parser.set_defaults(run=run)
    parser.add_argument("spec", metavar="SPEC", help="a name, a pattern such as '*numpy*', or a MatchSpec")
    add_channels(parser)
    parser.add_argument("--channel-priority", choices=CHANNEL_PRIORITIES, default=None, help="as for solve")
    parser.add_argument("--builds", action="store_true", help="list every build, not only versions")
    parser.add_argument("--all", action="store_true", help=f"list everything, not only the first {_SHOWN} lines")
    parser.add_argument("--json", action="store_true", help="print one JSON object with whole records")


def run(options: argparse.Namespace) -> int:
    """Search, and print names, versions or builds."""
    from ...index import load_index
    from ...platforms import host_platform

    spec = MatchSpec(options.spec)
    config = configuration(options)
    channels = channels_of(options, config)
    platform = options.platform or (config.platform if config is not None else None) or host_platform()
    priority: ChannelPriority = (
        options.channel_priority or (None if config is None else config.get("channel_priority")) or "strict"
    )
    with terminal_progress() as progress:
        index = load_index(
            channels, platform=platform, channel_priority=priority, progress=progress, **reading(options, config)
        )
    found = index.records(spec)
    configured = {} if config is None else config.virtual_packages()
    hindrance = Hindrance(index, target_facts(platform, [], detect=True, configured=configured))
    if options.json:
        packages = [{**record.to_dict(), "hindered_by": hindrance(record)} for record in found]
        print_json({"status": "found" if found else "nothing", "packages": packages, "warnings": index.warnings})
        return EXIT_FOUND if found else EXIT_NOTHING
    print_warnings(index.warnings)
    if not found:
        write(_nothing(index, spec) + "\n")
        return EXIT_NOTHING
    _print(_lines(found, spec, hindrance, builds=options.builds), whole=options.all)
    return EXIT_FOUND


class Hindrance:
    """What keeps a record from being chosen on a target, whatever else is requested.

    Parameters
    ----------
    index
        Where the records are.
    facts
        The target's virtual packages.
    """

    def __init__(self, index: Index, facts: Sequence[VirtualPackage]) -> None:
        self._index = index
        self._facts = [
            PackageRecord.from_dict(
                {"name": one.name, "version": one.version, "build": one.build, "build_number": 0, "subdir": "noarch"}
            )
            for one in facts
        ]
        self._first: dict[str, str] = {}

    def __call__(self, record: PackageRecord) -> list[str]:
        """Return one reason for each thing that is in the way; none for a record that can be chosen."""
        reasons = []
        for text in record.depends:
            if text.startswith("__"):
                spec = MatchSpec(text)
                if not any(spec.matches(fact) for fact in self._facts):
                    has = [f"has {fact.version}" for fact in self._facts if fact.name == spec.name]
                    reasons.append(f"requires {text}, the target {has[0] if has else 'has none'}")
        first = self._first_channel(record.name)
        if self._index.channel_priority == "strict" and record.channel != first:
            reasons.append(f"channel {first} comes first")
        return reasons

    def _first_channel(self, name: str) -> str:
        if name not in self._first:
            has = {record.channel for record in self._index.records(name)}
            self._first[name] = next(channel for channel in self._index.channels if channel in has)
        return self._first[name]


def _nothing(index: Index, spec: MatchSpec) -> str:
    """Return what to say where nothing matches: what is closest to it."""
    name = spec.name
    versions = index.versions(name) if name else []
    if versions:
        kept = f"{versions[-1]} to {versions[0]}" if len(versions) > 1 else versions[0]
        return f"no record matches {spec}; {name} has {kept}"
    from difflib import get_close_matches

    near = get_close_matches(name or str(spec), index.names(), n=3, cutoff=0.7)
    hint = f"; did you mean {' or '.join(near)}?" if near else ""
    return f"no package matches {spec} in {', '.join(index.channels)}{hint}"


def _lines(
    found: Sequence[PackageRecord], spec: MatchSpec, hindrance: Hindrance, *, builds: bool
) -> tuple[list[list[str]], list[str]]:
    """Return rows and their heads: names for a pattern, builds for a build or one version, else versions."""
    names = dict.fromkeys(record.name for record in found)
    versions = dict.fromkeys((record.name, record.version) for record in found)
    if builds or spec.build is not None or (len(versions) == 1 and len(found) > 1):
        rows = [
            [one.name, one.version, one.build, f"{one.channel}/{one.subdir}", "; ".join(hindrance(one))]
            for one in found
        ]
        return rows, ["package", "version", "build", "channel", "cannot be chosen"]
    if len(names) > 1:
        return [_name_row(name, [one for one in found if one.name == name]) for name in names], [
            "package",
            "newest",
            "versions",
            "channels",
        ]
    rows = []
    for name, version in versions:
        those = [one for one in found if (one.name, one.version) == (name, version)]
        reasons = [hindrance(one) for one in those]
        why = "" if not all(reasons) else "; ".join(dict.fromkeys(reason for each in reasons for reason in each))
        rows.append([name, version, str(len(those)), _channels(those), why])
    return rows, ["package", "version", "builds", "channels", "cannot be chosen"]


def _name_row(name: str, records: Sequence[PackageRecord]) -> list[str]:
    return [name, records[0].version, str(len({one.version for one in records})), _channels(records)]


def _channels(records: Iterable[PackageRecord]) -> str:
    return ", ".join(dict.fromkeys(record.channel for record in records))


def _print(table: tuple[list[list[str]], list[str]], *, whole: bool) -> None:
    """Print rows in columns; an empty last column is left out."""
    from ...text import printable

    rows, heads = table
    shown = rows if whole else rows[:_SHOWN]
    if not any(row[-1] for row in shown):
        heads, shown = heads[:-1], [row[:-1] for row in shown]
    cells = [heads, *([printable(cell) for cell in row] for row in shown)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    for row in cells:
        line = "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        write(line.rstrip() + "\n")
    if len(rows) > len(shown):
        write(f"and {len(rows) - len(shown)} more; --all lists them\n")
