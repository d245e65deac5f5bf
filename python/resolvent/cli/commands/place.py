"""Which environment a command is about: `-n NAME` or `-p DIR`, and what is said of one that is not whole."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from ..configuration import configuration
from ..output import UsageError, complain, print_warnings


def add_place(parser: argparse.ArgumentParser, *, what: str = "the environment") -> None:
    """Add the two ways to name an environment."""
    group = parser.add_mutually_exclusive_group()
    group.add_argument("-p", "--prefix", metavar="DIR", help=f"{what}, by its folder")
    group.add_argument("-n", "--name", metavar="NAME", help=f"{what}, by its name (see: resolvent envs)")


def place_of(options: argparse.Namespace, *, new: bool = False, active: bool = True) -> Path:
    """Return the environment's folder.

    Parameters
    ----------
    options
        The arguments.
    new
        It is to be made.
    active
        Without an argument the active one is meant, the one of `CONDA_PREFIX`.
    """
    from ...install.locations import named_environment

    if options.name:
        return _configured(options, new) or named_environment(options.name, new=new)
    if options.prefix:
        return Path(os.path.abspath(Path(options.prefix).expanduser()))  # noqa: PTH100 - links are kept as they are
    current = os.environ.get("CONDA_PREFIX") if active and not new else None
    if current:
        return Path(current)
    raise UsageError("say which environment: -n NAME or -p DIR")


def _configured(options: argparse.Namespace, new: bool) -> Path | None:
    """Return the environment's folder as `envs_dirs` of the configuration has it; None if that says nothing."""
    config = configuration(options)
    if config is None or not config.get("envs_dirs"):
        return None
    if new:
        return Path(config.get("envs_dirs")[0]).expanduser() / str(options.name)
    return config.environment(options.name)


def settle(prefix: Path, *, revert: bool = False, quiet: bool = False) -> None:
    """Bring an interrupted change to an end before an environment is read; say so, or who is changing it.

    Parameters
    ----------
    prefix
        The environment; it need not exist.
    revert
        Take the change back instead of finishing it.
    quiet
        Say nothing; errors are raised all the same.
    """
    from ...install.errors import EnvironmentBusy, InstallError
    from ...install.recovery import settle_environment

    try:
        outcome = settle_environment(prefix, revert=revert)
    except EnvironmentBusy as error:
        if not quiet:
            print_warnings([f"{error}; what is shown may be half of it"])
        return
    except InstallError as error:
        print_warnings([str(error)])
        return
    if outcome is not None and not quiet:
        complain(f"note: an interrupted change of {prefix} was {outcome}")
