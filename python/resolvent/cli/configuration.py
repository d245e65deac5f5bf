"""What configuration says about a command line, and the switches about it. Nothing is imported where none exists."""

from __future__ import annotations

import argparse
import os
from typing import TYPE_CHECKING

from ..channels import NetworkSource, demo_channel, parse_source, sample_channel
from .output import print_warnings, show_logged_warnings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..channels import ChannelSource
    from ..config import Config

#: The channel of a request that names none, where no configuration does.
DEFAULT_CHANNEL = "conda-forge"


def add_configuration(parser: argparse.ArgumentParser) -> None:
    """Add the switches of every command that reads channels."""
    parser.add_argument(
        "--no-config", action="store_true", help="ignore .condarc, CONDA_… variables and pixi's config.toml"
    )
    parser.add_argument(
        "--override-channels", action="store_true", help="use only the channels of -c, not the configured ones as well"
    )
    parser.add_argument("--no-zst", action="store_true", help="never ask for repodata.json.zst")
    parser.add_argument("--no-shards", action="store_true", help="never ask for sharded repodata")


def configuration(options: argparse.Namespace) -> Config | None:
    """Return what configuration says, and warn of what it says in vain; None: nothing, or it is to be ignored.

    It is read once for a command line. The environment's own `.condarc` is among it.
    """
    if getattr(options, "no_config", False):
        return None
    if not hasattr(options, "configuration"):
        from ..config.places import is_anything_said

        prefix = getattr(options, "prefix", None)
        options.configuration = None
        if is_anything_said(os.environ, prefix):
            from ..config import Config

            options.configuration = Config.load(prefix=prefix)
            print_warnings(options.configuration.warnings)
            _name_once(options.configuration)
    found: Config | None = options.configuration
    return found


def channels_of(options: argparse.Namespace, config: Config | None) -> list[ChannelSource]:
    """Return the channels of a command line: those of -c, then the configured ones; conda-forge if there are none."""
    given: Sequence[ChannelSource] = options.channels
    carried = [*([sample_channel()] if options.sample else []), *([demo_channel()] if options.demo else [])]
    if carried:
        # Someone who tries these wants them, and what is named beside them.
        channels: list[ChannelSource] = [*given, *carried]
    elif config is not None:
        channels = config.channels(given, override=options.override_channels)
    else:
        channels = [*given] or [DEFAULT_CHANNEL]
    options.sources = channels
    watch_downloads(channels)
    return channels


def watch_downloads(channels: Sequence[ChannelSource]) -> None:
    """Show what is logged as a warning while channels are fetched, if any of them is."""
    if any(isinstance(parse_source(channel), NetworkSource) for channel in channels):
        show_logged_warnings()


def _name_once(config: Config) -> None:
    """Name the keys that are about other things than plans once for each file: a note in the cache remembers it."""
    import contextlib
    import hashlib
    from pathlib import Path

    from ..cache_paths import cache_root

    for source, keys in config.without_effect.items():
        text = f"{source}: of no effect here: {', '.join(keys)}"
        note = Path(cache_root()) / "named" / hashlib.sha256(text.encode()).hexdigest()[:32]
        with contextlib.suppress(OSError):
            if note.exists():
                continue
            note.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            note.touch()
        print_warnings([f"{text} (said once; see: resolvent config)"])
