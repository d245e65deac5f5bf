"""The arrows between the rooms of the package that must never be (docs/architecture.md draws them)."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import resolvent

ROOT = Path(resolvent.__file__).parent
MODULES = {
    ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path
    for path in ROOT.rglob("*.py")
    if "static" not in path.parts
}
#: Rooms that stand beside each other, and the arrows that are allowed between them all the same.
SIBLINGS = {"install", "lock", "integrations", "service", "batch"}
ALLOWED = {("service", "lock"), ("batch", "service.schema")}
#: What solves, or holds a request or an answer.
SOLVER = {"solve", "session", "lazy_solve", "request", "policy", "environment", "conflict", "solution", "problems"}
#: What only the command needs.
TERMINAL = {"argparse", "rich", "cli"}


def imported(module: str) -> Iterator[str]:
    """Yield what a module imports anywhere in it, those of the package without its name."""
    path = MODULES[module]
    package = [*module.split("."), ""][: len(path.relative_to(ROOT).parts)]
    here = package[: len(path.parent.relative_to(ROOT).parts)]
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name.removeprefix("resolvent.") for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            start = here[: len(here) + 1 - node.level] if node.level else []
            base = [*start, *([node.module] if node.module else [])]
            for alias in node.names:
                yield ".".join([*base, alias.name]).removeprefix("resolvent.")


def room(module: str) -> str:
    return module.split(".")[0]


def inside(name: str, where: str) -> bool:
    return name == where or name.startswith(f"{where}.")


@pytest.mark.parametrize("module", sorted(m for m in MODULES if room(m) not in {"cli", "__main__"}))
def test_nothing_outside_the_command_knows_a_terminal(module: str) -> None:
    assert not {name for name in imported(module) if room(name) in TERMINAL}


@pytest.mark.parametrize("module", sorted(m for m in MODULES if room(m) in SIBLINGS))
def test_siblings_do_not_know_each_other(module: str) -> None:
    others = SIBLINGS - {room(module)}
    known = {name for name in imported(module) if room(name) in others}
    allowed = [target for owner, target in ALLOWED if owner == room(module)]
    assert not {name for name in known if not any(inside(name, target) for target in allowed)}


@pytest.mark.parametrize("module", sorted(m for m in MODULES if room(m) == "network"))
def test_the_network_does_not_know_the_solver(module: str) -> None:
    assert not {name for name in imported(module) if room(name) in SOLVER}


def test_imports_are_seen_however_they_are_written() -> None:
    assert "argparse" in set(imported("cli.commands.solve"))
    assert "_core.Index" in set(imported("index"))
    assert "network.redact.redact" in set(imported("network.errors"))
    assert "problems.problem.problem_text" in set(imported("problems.proof"))
    assert "rich.console.Console" in set(imported("cli.tables"))
