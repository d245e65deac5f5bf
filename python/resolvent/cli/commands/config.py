"""`resolvent config`: what configuration says, and where."""

from __future__ import annotations

import argparse
import json
from typing import Any

from ..output import print_warnings, write

EXIT_OK = 0


def add(commands: Any) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser(
        "config",
        help="show the configuration and where each value comes from",
        description="Show the keys of conda's and pixi's configuration that count here, their values, and the file or "
        "variable that each comes from. Secrets are not shown.",
        allow_abbrev=False,
    )
    parser.set_defaults(run=run)
    parser.add_argument("keys", nargs="*", metavar="KEY", help="show only these")
    parser.add_argument("-p", "--prefix", metavar="DIR", help="with the .condarc of this environment")
    parser.add_argument("--no-config", action="store_true", help="ignore all of it: show the defaults")
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def run(options: argparse.Namespace) -> int:
    """Print the settings."""
    from ...config import Config
    from ...config.keys import KEYS

    config = Config() if options.no_config else Config.load(prefix=options.prefix)
    names = [KEYS[key].name if key in KEYS else key for key in options.keys]
    shown = config.to_dict()
    if names:
        shown["settings"] = {key: value for key, value in shown["settings"].items() if key in names}
    if options.json:
        write(json.dumps(shown, indent=2) + "\n")
        return EXIT_OK
    print_warnings(shown["warnings"])
    for key, setting in shown["settings"].items():
        write(f"{key}: {json.dumps(setting['value'], ensure_ascii=False)}\n")
        for source in setting["sources"]:
            write(f"    from {source}\n")
    for name in names:
        if name not in shown["settings"]:
            write(f"{name}: not set\n")
    if not names:
        _print_rest(shown)
    return EXIT_OK


def _print_rest(shown: dict[str, Any]) -> None:
    if not shown["settings"]:
        write("nothing is configured\n")
    for title, part in (("not supported, and ignored", "unsupported"), ("of no effect here", "without_effect")):
        for source, keys in shown[part].items():
            write(f"{title}: {', '.join(keys)}\n    in {source}\n")
    for file in shown["files"]:
        write(f"read: {file}\n")
