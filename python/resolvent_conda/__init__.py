"""What conda loads of resolvent: the hooks of the plugin, `conda install --solver=resolvent`.

conda imports this module at the start of each of its commands, also of those that never solve. It is a package of its
own so that this does not import `resolvent` itself, which waits until there is something to solve. What is offered:

=================== ===============================================================================================
hook                what
=================== ===============================================================================================
conda_solvers       the solver `resolvent`
conda_subcommands   `conda resolvent why | why-not | fixes | outdated`
conda_health_checks `conda doctor`: whether installed packages have what they depend on
conda_settings      `plugins: resolvent_strategy` and `plugins: resolvent_timeout`
conda_error_hints   the hints and fixes of a conflict
=================== ===============================================================================================

See docs/conda.md, and `resolvent.integrations.conda` for the work.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from conda.plugins import hookimpl
from conda.plugins.types import CondaHealthCheck, CondaSetting, CondaSolver, CondaSubcommand

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

__all__ = ["conda_health_checks", "conda_settings", "conda_solvers", "conda_subcommands"]

#: The name that conda knows the solver by.
NAME = "resolvent"


@hookimpl
def conda_solvers() -> Iterator[CondaSolver]:
    """Offer the solver.

    conda calls this for the choices of its option `--solver`, that is, whenever it parses a command line.
    """
    from .solver import ResolventSolver

    yield CondaSolver(name=NAME, backend=ResolventSolver)


@hookimpl
def conda_subcommands() -> Iterator[CondaSubcommand]:
    """Offer `conda resolvent …`."""
    yield CondaSubcommand(
        name=NAME,
        summary="Explain an environment: why a package is there, why not another version, what is outdated.",
        action=_run,
        configure_parser=_configure,
    )


def _configure(parser: Any) -> None:
    """Add the options of `conda resolvent`; conda calls this with each of its commands."""
    from conda.cli.helpers import (
        add_parser_channels,
        add_parser_json,
        add_parser_networking,
        add_parser_prefix,
    )

    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)

    def action(name: str, summary: str) -> Any:
        added = actions.add_parser(name, help=summary, description=summary)
        add_parser_prefix(added)
        add_parser_channels(added)
        add_parser_networking(added)
        add_parser_json(added)
        return added

    why = action("why", "Show what an installed package is there for.")
    why.add_argument("name", help="an installed package")
    why_not = action("why-not", "Show what keeps a version out of the environment, or what it would change.")
    why_not.add_argument("spec", help="such as 'numpy >=2'")
    fixes = action("fixes", "Show what would make a request possible.")
    fixes.add_argument("specs", nargs="+", metavar="spec", help="what `conda install` would be given")
    action("outdated", "List installed packages that `conda update --all` would change, and what holds others back.")


def _run(arguments: Any) -> int:
    from resolvent.integrations.conda.commands import run

    return run(arguments)


@hookimpl
def conda_health_checks() -> Iterator[CondaHealthCheck]:
    """Offer the check of `conda doctor`."""
    fields = getattr(CondaHealthCheck, "__dataclass_fields__", {})
    more = {
        "fixer": _mend,
        "summary": "Check that installed packages have what they depend on",
        "fix": "Install what is missing, change what does not fit",
    }
    # conda 25 knows only a name and an action.
    known = {key: value for key, value in more.items() if key in fields}
    yield CondaHealthCheck(name="resolvent-consistency", action=_check, **known)


def _check(prefix: str, verbose: bool) -> None:
    from resolvent.integrations.conda.health import report

    report(prefix, verbose)


def _mend(prefix: str, arguments: Any, confirm: Callable[[str], None]) -> int:
    from resolvent.integrations.conda.health import mend

    return mend(prefix, arguments, confirm)


@hookimpl
def conda_settings() -> Iterator[CondaSetting]:
    """Offer what `.condarc` may say below `plugins:`."""
    from conda.common.configuration import PrimitiveParameter

    yield CondaSetting(
        name="resolvent_strategy",
        description="Which versions resolvent prefers: highest, lowest, lowest-direct or ordered.",
        parameter=PrimitiveParameter("highest", element_type=str, validation=_is_strategy),
    )
    yield CondaSetting(
        name="resolvent_timeout",
        description="Seconds after which resolvent returns its best answer so far; 0 means no limit.",
        parameter=PrimitiveParameter(0.0, element_type=(int, float), validation=_is_timeout),
    )


def _is_strategy(value: str) -> bool | str:
    words = ("highest", "lowest", "lowest-direct", "ordered")
    return value in words or f"resolvent_strategy is {value!r}; it can be {', '.join(words)}"


def _is_timeout(value: float) -> bool | str:
    return value >= 0 or f"resolvent_timeout is {value}; it is a number of seconds, zero or more"


@hookimpl
def conda_error_hints(error: Exception) -> Iterator[object]:
    """Give conda the hints and fixes of a conflict, to be printed below its text and put into `--json`."""
    hints = getattr(error, "_resolvent_hints", None)
    if hints:
        from conda.plugins.types import CondaErrorHint

        for code, text in hints:
            yield CondaErrorHint(text=text, hint_code=code)
