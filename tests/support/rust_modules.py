"""The import graph of a Rust crate, read from its source: which module uses which.

Every `use` and every path that begins with `crate`, `super` or `self` is followed to the module that defines what it
names, through re-exports. Unit tests are left out. A module and those inside of it count as one
house: an arrow between them is no arrow, because `mod.rs` declares its rooms and they implement its types.
"""

import re
from dataclasses import dataclass, field
from pathlib import Path

Module = tuple[str, ...]

_COMMENT = re.compile(r"//[^\n]*")
_STRING = re.compile(r'"(?:[^"\\]|\\.)*"')
_TEST_FILE = re.compile(r"#\[cfg\(test\)\]\s*(?:pub(?:\([^)]*\))?\s+)?mod (\w+);")
_TESTS = re.compile(r"#\[cfg\(test\)\]\s*mod \w+ \{.*\Z", re.DOTALL)
_USE = re.compile(r"(?:^|(?<=[;{}\s]))(pub(?:\([^)]*\))?\s+)?use\s+([^;]+);")
_PATH = re.compile(r"(?<![\w:])(?:crate|super|self)(?:::\w+)+")
_NAMED = re.compile(r"(?<![\w:])([a-z]\w*)::")


@dataclass
class Crate:
    """The modules of a crate and the arrows between them."""

    source: Path
    modules: dict[Module, str] = field(default_factory=dict)
    #: What a module re-exports: the name there, and the path it stands for.
    exports: dict[Module, dict[str, list[str]]] = field(default_factory=dict)
    #: All arrows, those to and from a module's own rooms left out.
    arrows: dict[Module, set[Module]] = field(default_factory=dict)
    #: Other crates that are named.
    crates: set[str] = field(default_factory=set)


def crate(source: Path) -> Crate:
    """Reads the crate whose `lib.rs` is in the folder `source`."""
    found = Crate(source)
    for path in sorted(source.rglob("*.rs")):
        parts = path.relative_to(source).with_suffix("").parts
        module = parts[:-1] if parts[-1] in ("lib", "mod") else parts
        text = _STRING.sub('""', _COMMENT.sub("", path.read_text()))
        found.modules[module] = _TESTS.sub("", text)
    for module, text in list(found.modules.items()):
        for test in _TEST_FILE.findall(text):
            found.modules.pop((*module, test), None)
    for module, text in found.modules.items():
        found.exports[module] = {
            name: path for public, uses in _USE.findall(text) if public for name, path in _leaves(uses)
        }
    for module, text in found.modules.items():
        paths = [path for _, uses in _USE.findall(text) for _, path in _leaves(uses)]
        paths += [match.split("::") for match in _PATH.findall(_USE.sub("", text))]
        targets = {target for path in paths if (target := _target(found, module, path)) is not None}
        found.arrows[module] = {target for target in targets if not _is_same_house(module, target)}
        found.crates |= set(_NAMED.findall(text))
    return found


def _leaves(tree: str) -> list[tuple[str, list[str]]]:
    """The names that a use tree brings in, each with its whole path."""
    tree = " ".join(tree.split())
    if "{" not in tree:
        path, _, alias = tree.partition(" as ")
        segments = [segment.strip() for segment in path.split("::")]
        if segments[-1] == "self":
            segments.pop()
        return [(alias.strip() or segments[-1], segments)] if segments and segments[0] else []
    prefix, _, rest = tree.partition("{")
    head = [segment.strip() for segment in prefix.split("::") if segment.strip()]
    members, depth, member = [], 0, ""
    for char in rest[: rest.rindex("}")]:
        if char == "," and depth == 0:
            members.append(member)
            member = ""
            continue
        depth += (char == "{") - (char == "}")
        member += char
    members.append(member)
    return [
        (name if path != [""] else head[-1], head + path)
        for part in members
        if part.strip()
        for name, path in ([(head[-1], [])] if part.strip() == "self" else _leaves(part))
    ]


def _target(
    found: Crate, module: Module, path: list[str], seen: frozenset[tuple[Module, str]] = frozenset()
) -> Module | None:
    """The module that defines what a path names; `None` for another crate's."""
    segments = list(path)
    if segments[0] == "crate":
        at: Module = ()
        segments.pop(0)
    elif segments[0] in ("super", "self"):
        at = module
        while segments and segments[0] in ("super", "self"):
            at = at[:-1] if segments.pop(0) == "super" else at
    elif (*module, segments[0]) in found.modules:
        at = module
    else:
        return None
    for position, segment in enumerate(segments):
        if (*at, segment) in found.modules:
            at = (*at, segment)
            continue
        behind = found.exports.get(at, {}).get(segment)
        if behind is not None and (at, segment) not in seen:
            rest = [*behind, *segments[position + 1 :]]
            return _target(found, at, rest, seen | {(at, segment)}) or at
        return at
    return at


def _is_same_house(a: Module, b: Module) -> bool:
    shared = min(len(a), len(b))
    return a[:shared] == b[:shared]


def circles(arrows: dict[Module, set[Module]]) -> list[set[Module]]:
    """The sets of modules that lead to one another, each larger than one."""
    reach = {module: _reached(module, arrows) for module in arrows}
    found: list[set[Module]] = []
    for module in arrows:
        circle = {other for other in reach[module] if module in reach.get(other, set())} | {module}
        if len(circle) > 1 and circle not in found:
            found.append(circle)
    return found


def _reached(module: Module, arrows: dict[Module, set[Module]]) -> set[Module]:
    reached: set[Module] = set()
    open_ = [module]
    while open_:
        for other in arrows.get(open_.pop(), set()) - reached:
            reached.add(other)
            open_.append(other)
    return reached


def rooms(found: Crate, split: str = "") -> dict[Module, set[Module]]:
    """The arrows between the rooms of a crate: what lies in one folder is one room, in `split` each inner folder."""

    def room(module: Module) -> Module:
        return module[:2] if module[0] == split else module[:1]

    out: dict[Module, set[Module]] = {room(module): set() for module in found.modules if module and module != (split,)}
    for module, targets in found.arrows.items():
        if module and module != (split,):
            out[room(module)] |= {room(target) for target in targets if target and target != (split,)} - {room(module)}
    return out
