"""The rooms of the code and the arrows between them, see docs/architecture.md."""

import re
from pathlib import Path

import pytest
from rust_modules import Crate, Module, circles, crate, rooms

CORE = Path(__file__).parents[2] / "solver-core"
CRATES = ("cdcl", "proof-check", "conda", "certify", "prove", "resolve", "bindings")

#: Circles that stay: one type whose methods are spread over files by duty, and a grammar that calls itself.
NATURAL: dict[str, list[set[Module]]] = {
    "cdcl": [{("assume",), ("reduce",), ("solver",)}],
    "conda": [{("match_spec", "condition"), ("match_spec", "parse")}],
}

#: Which of our crates each crate may name.
MAY_USE: dict[str, set[str]] = {
    "cdcl": set(),
    "proof-check": set(),
    "conda": set(),
    "certify": {"conda", "proof_check"},
    "prove": {"cdcl", "certify", "conda"},
    "resolve": {"cdcl", "conda"},
    "bindings": {"certify", "conda", "prove", "resolve"},
}

#: The rooms of `resolve`, from the ground up: each may use those before it. What a conflict is and how it is found lies
#: below the solve, what would resolve it above.
LAYERS = (
    "ids",
    "request",
    "graph",
    "transaction",
    "check",
    "policy",
    "universe",
    "encode",
    "solution",
    "optimize",
    "explain::conflict explain::dates explain::spec_union explain::versions",
    "explain::exists explain::other_platforms",
    "explain::words",
    "explain::core",
    "explain::facts",
    "explain::find",
    "solve",
    "explain::edits",
    "explain::further",
    "why package_changes export reproduce",
)


@pytest.fixture(scope="module", params=CRATES)
def source(request: pytest.FixtureRequest) -> tuple[str, Crate]:
    return request.param, crate(CORE / request.param / "src")


def test_modules_have_no_circles(source: tuple[str, Crate]) -> None:
    name, found = source
    assert circles(found.arrows) == NATURAL.get(name, [])


def test_rooms_have_no_circles(source: tuple[str, Crate]) -> None:
    name, found = source
    expected = [circle for circle in NATURAL.get(name, []) if all(len(module) == 1 for module in circle)]
    assert circles(rooms(found, split="explain")) == expected


def test_crates_use_only_those_below_them(source: tuple[str, Crate]) -> None:
    name, found = source
    ours = {other.replace("-", "_") for other in CRATES} - {name.replace("-", "_")}
    assert found.crates & ours <= MAY_USE[name]


def test_rooms_of_resolve_stand_on_each_other() -> None:
    found = rooms(crate(CORE / "resolve" / "src"), split="explain")
    height = {room: level for level, names in enumerate(LAYERS) for room in names.split()}
    assert {_text(room) for room in found} - set(height) == set()
    upwards = [
        f"{_text(room)} -> {_text(other)}"
        for room, others in found.items()
        for other in others
        if height[_text(other)] >= height[_text(room)]
    ]
    assert upwards == []


def _text(module: Module) -> str:
    return "::".join(module)


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({"a.rs": "use crate::b::B;", "b.rs": "use crate::a::A;"}, [{("a",), ("b",)}]),
        (
            {"a.rs": "use crate::b;", "b.rs": "fn f() { crate::c::g() }", "c.rs": "use super::{a::A, x};"},
            [{("a",), ("b",), ("c",)}],
        ),
        # Through a re-export, and with a name of its own.
        (
            {"a/mod.rs": "mod z; pub use z::Z as Y;", "a/z.rs": "use crate::b::B;", "b.rs": "use crate::a::Y;"},
            [{("a", "z"), ("b",)}],
        ),
        # A room and what is in it; tests; comments; text.
        ({"a/mod.rs": "mod z; use z::Z;", "a/z.rs": "use super::A;"}, []),
        ({"a.rs": "use crate::b::B;", "b.rs": "fn f() {}\n#[cfg(test)]\nmod tests { use crate::a::A; }"}, []),
        ({"a.rs": "use crate::b::B;", "b.rs": 'fn f() { g("crate::a") } // crate::a::A'}, []),
        ({"lib.rs": "mod a;\n#[cfg(test)]\nmod b;", "a.rs": "use crate::b::B;", "b.rs": "use crate::a::A;"}, []),
    ],
)
def test_circles_are_found(tmp_path: Path, files: dict[str, str], expected: list[set[Module]]) -> None:
    for name, text in {"lib.rs": "", **files}.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    assert circles(crate(tmp_path).arrows) == expected


def test_ids_of_resolve_index_only_their_own_tables() -> None:
    """A cast in an index takes any number for an id: only the tables of ids.rs may do it."""
    casts = [
        f"{path.relative_to(CORE)}: {line.strip()}"
        for path in (CORE / "resolve" / "src").rglob("*.rs")
        if path.name != "ids.rs"
        for line in path.read_text().splitlines()
        if re.search(r"as usize(?: [+-] \d+)?(?:\.\.)?[\])]|as usize\.\.", line)
    ]
    assert casts == []
