"""Record what the plugin for conda uses of conda: which names, with which parameters, members and values.

    /opt/conda/bin/python tools/record_conda.py tests/material/conda_interface.json

is run by hand with a Python that has conda (from its sources, say); what is used is read off the imports of the plugin.
The tests build their stand-in for conda from the file and refuse a stand-in with another signature, so that it cannot
say more, or other things, than conda does. Only names and signatures are recorded, no code.
"""

from __future__ import annotations

import ast
import enum
import importlib
import inspect
import json
import sys
from pathlib import Path
from typing import Any

PYTHON = Path(__file__).parents[1] / "python"
PLUGIN = [*PYTHON.glob("resolvent_conda/*.py"), *PYTHON.glob("resolvent/integrations/conda/*.py")]


def used() -> dict[str, set[str]]:
    """Return the modules of conda that the plugin imports, with the names that it takes from them."""
    found: dict[str, set[str]] = {}
    for path in sorted(PLUGIN):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if (
                isinstance(node, ast.ImportFrom)
                and node.module
                and node.module.split(".")[0] == "conda"
                and not node.level
            ):
                found.setdefault(node.module, set()).update(alias.name for alias in node.names)
    return found


def settings() -> set[str]:
    """Return the attributes of conda's context that the plugin reads."""
    found = set()
    for path in sorted(PLUGIN):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "context":
                found.add(node.attr)
    return found


def parameters(of: Any) -> list[str] | None:
    """Return the names of a callable's parameters, with `*` and `**` where they have them."""
    try:
        signature = inspect.signature(of)
    except (TypeError, ValueError):
        return None
    stars: dict[Any, str] = {inspect.Parameter.VAR_POSITIONAL: "*", inspect.Parameter.VAR_KEYWORD: "**"}
    return [stars.get(one.kind, "") + one.name for one in signature.parameters.values()]


def describe(value: Any) -> dict[str, Any]:
    """Return what is recorded of a name."""
    if inspect.isclass(value):
        if issubclass(value, enum.Enum):
            return {"kind": "enum", "members": {member.name: str(member.value) for member in value}}
        members = {}
        for name in dir(value):
            if name.startswith("_") and name not in {"__init__", "_match_components"}:
                continue
            member = inspect.getattr_static(value, name)
            if isinstance(member, (staticmethod, classmethod)):
                member = getattr(value, name)
            members[name] = parameters(member) if callable(member) else None
        members |= dict.fromkeys(getattr(value, "__dataclass_fields__", ()))
        bases = [f"{base.__module__}.{base.__qualname__}" for base in value.__mro__[1:-1]]
        return {"kind": "class", "parameters": parameters(value), "members": members, "bases": bases}
    if callable(value):
        return {"kind": "function", "parameters": parameters(value)}
    return {"kind": "value", "value": value if isinstance(value, (str, int, float, bool)) else type(value).__name__}


def record() -> dict[str, Any]:
    """Return the recording of the conda that this Python has."""
    import conda
    from conda.base.context import context

    modules: dict[str, Any] = {}
    for name, names in sorted(used().items()):
        try:
            module = importlib.import_module(name)
        except ImportError:
            modules[name] = None
            continue
        modules[name] = {one: describe(getattr(module, one)) for one in sorted(names) if hasattr(module, one)}
    return {
        "conda": conda.__version__,
        "modules": modules,
        "context": {
            name: type(getattr(context, name)).__name__ for name in sorted(settings()) if hasattr(context, name)
        },
    }


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(json.dumps(record(), indent=1, sort_keys=True) + "\n", encoding="utf-8")
