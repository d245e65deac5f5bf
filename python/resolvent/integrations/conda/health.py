"""The health check: whether every installed package has what it depends on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from resolvent import MatchSpec, ResolventError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from typing import Any


def broken(
    installed: Iterable[Mapping[str, Any]], virtual_packages: Sequence[Mapping[str, Any]] = ()
) -> list[tuple[str, str, str]]:
    """Return dependencies that do not hold, as (package, dependency, what is installed instead).

    Parameters
    ----------
    installed
        Records as mappings with repodata's keys.
    virtual_packages
        The same of the machine; dependencies on those that are not given are not judged.
    """
    known = {record["name"]: record for record in (*installed, *virtual_packages)}
    found = []
    for name in sorted(known):
        for kind, specs in (
            ("depends", known[name].get("depends", ())),
            ("constrains", known[name].get("constrains", ())),
        ):
            for spec in specs:
                fault = _fault(spec, known, required=kind == "depends")
                if fault is not None:
                    found.append((name, spec, fault))
    return found


def _fault(spec: str, known: Mapping[str, Mapping[str, Any]], *, required: bool) -> str | None:
    try:
        wanted = MatchSpec(spec)
    except ResolventError:
        return "not a spec that can be read"
    name = wanted.name
    if name is None or wanted.when or (name.startswith("__") and name not in known):
        return None
    record = known.get(name)
    if record is None:
        return "not installed" if required else None
    return None if wanted.matches(record) else f"{record['version']} {record['build']} is installed"


def _records(prefix: str) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    from conda.base.context import context
    from conda.core.prefix_data import PrefixData

    from .records import plain

    installed = [plain(record) for record in PrefixData(prefix).iter_records() if not record.is_unmanageable]
    virtual = [plain(record) for record in context.plugin_manager.get_virtual_package_records()]
    return installed, virtual


def report(prefix: str, verbose: bool) -> None:
    """Print what does not hold, as `conda doctor` shows it."""
    faults = broken(*_records(prefix))
    if not faults:
        print("✅ Every installed package has what it depends on.\n")  # noqa: T201 - conda doctor prints
        return
    packages = sorted({name for name, _, _ in faults})
    print(f"❌ {len(packages)} installed packages lack something they depend on:\n")  # noqa: T201
    for name, spec, fault in faults if verbose else faults[:20]:
        print(f"{name}: {spec!r}: {fault}")  # noqa: T201
    if not verbose and len(faults) > 20:
        print(f"... and {len(faults) - 20} more; see them with --verbose")  # noqa: T201
    print()  # noqa: T201


def mend(prefix: str, arguments: Any, confirm: Callable[[str], None]) -> int:
    """Install what is missing and change what does not fit; return the exit code."""
    from conda.base.context import context

    faults = broken(*_records(prefix))
    if not faults:
        return 0
    names = sorted({name for name, _, _ in faults})
    confirm(f"Solve for {', '.join(names)} and what they depend on?")
    backend = context.plugin_manager.get_solver_backend("resolvent")
    solver = backend(prefix, context.channels, context.subdirs, specs_to_add=names)
    transaction = solver.solve_for_transaction(update_modifier="freeze_installed")
    if transaction.nothing_to_do:
        print("nothing in the channels mends it")  # noqa: T201
        return 1
    from conda.cli.install import handle_txn

    handle_txn(transaction, prefix, arguments, False)
    return 0
