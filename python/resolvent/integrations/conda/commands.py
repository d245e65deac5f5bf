"""`conda resolvent why | why-not | fixes | outdated`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    import resolvent

    from .translation import Situation, Translation


def run(arguments: Any) -> int:
    """Run an action; return the exit code."""
    actions = {"why": _why, "why-not": _why_not, "fixes": _fixes, "outdated": _outdated}
    return actions[arguments.action](arguments)


class _Asked:
    """The environment that a command is about, ready to be solved."""

    def __init__(self, specs: Sequence[str], update_modifier: str) -> None:
        from conda.base.context import context
        from conda.common.constants import NULL
        from conda.core.prefix_data import PrefixData

        from .translation import translate

        PrefixData(context.target_prefix).assert_environment()
        backend = context.plugin_manager.get_solver_backend("resolvent")
        self.solver: Any = backend(context.target_prefix, context.channels, context.subdirs, specs_to_add=specs)
        situation, _, _ = self.solver._situation(update_modifier, NULL, NULL, NULL)
        self.situation: Situation = situation
        self.translation: Translation = translate(situation)
        self.index: resolvent.Index = self.solver._index_of(situation)

    def solution(self) -> resolvent.Solution:
        solution: resolvent.Solution = self.solver._solve(self.index, self.situation, self.translation)
        return solution


def _print(arguments: Any, data: Any, text: str) -> None:
    if getattr(arguments, "json", False):
        import json

        text = json.dumps(data, indent=2)
    print(text)  # noqa: T201 - the output of the command


def _why(arguments: Any) -> int:
    import resolvent

    asked = _Asked([], "freeze_installed")
    if arguments.name not in asked.situation.by_name:
        from .errors import ResolventError

        raise ResolventError(f"{arguments.name} is not installed in {asked.solver.prefix}")
    chains = resolvent.why(asked.solution(), arguments.name)
    lines = [" -> ".join(spec for _, spec in chain) for chain in chains]
    text = "\n".join(lines) if lines else f"nothing that was asked for needs {arguments.name}"
    _print(arguments, [[{"name": name, "spec": spec} for name, spec in chain] for chain in chains], text)
    return 0


def _why_not(arguments: Any) -> int:
    import resolvent

    asked = _Asked([], "freeze_installed")
    answer = resolvent.why_not(asked.solution(), arguments.spec)
    _print(arguments, answer.to_dict() if hasattr(answer, "to_dict") else {"text": str(answer)}, str(answer))
    return 0 if answer.possible else 1


def _fixes(arguments: Any) -> int:
    from .errors import HINTS

    asked = _Asked(arguments.specs, "freeze_installed")
    try:
        solution = asked.solution()
    except Exception as error:
        hints = getattr(error, HINTS, None)
        if hints is None:
            raise
        conflict = getattr(error, "conflict", None)
        data = {"conflict": conflict, "hints": [{"code": code, "text": text} for code, text in hints]}
        _print(arguments, data, "\n".join([str(error), "", *(f"- {text}" for _, text in hints)]))
        return 1
    count = len(solution.transaction)
    _print(arguments, {"conflict": None, "changes": count}, f"nothing to mend: the request changes {count} packages")
    return 0


def _outdated(arguments: Any) -> int:
    asked = _Asked([], "update_all")
    installed = asked.situation.by_name
    rows = []
    for record in asked.solution().records:
        old = installed.get(record.name)
        if old is not None and (old["version"], old["build"]) != (record.version, record.build):
            rows.append({"name": record.name, "installed": old["version"], "available": record.version})
    width = max((len(row["name"]) for row in rows), default=0)
    lines = [f"{row['name']:{width}}  {row['installed']} -> {row['available']}" for row in sorted(rows, key=str)]
    _print(arguments, rows, "\n".join(lines) if lines else "everything is up to date")
    return 0
