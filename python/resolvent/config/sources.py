"""Where configuration lies, and what each place says, before anything is merged.

A `.condarc` is read as a tree of YAML nodes whose scalars keep their text (`3.10` is no number here), with the comments
`#!final`, `#!top` and `#!bottom` that conda gives a meaning.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .keys import KEYS, UNSUPPORTED
from .places import NAMES

if TYPE_CHECKING:
    import yaml

_YAML = (".yml", ".yaml")
_FLAG = re.compile(r"\s*#!?(final|top|bottom)\s*\Z")
ENVIRONMENT = "the environment"


@dataclass(frozen=True)
class Item:
    """A value with the flag behind it: text, None, a tuple of items or a mapping to items."""

    value: Any
    flag: str | None = None


@dataclass(frozen=True)
class Layer:
    """What one place says: a file, or the environment."""

    source: str
    values: Mapping[str, Item]


def files(places: list[str]) -> Iterator[Path]:
    """Give the files that exist in places; of a folder those that end like YAML, by name."""
    seen: set[Path] = set()
    for place in places:
        path = Path(place)
        found: list[Path] = []
        try:
            if path.is_dir():
                found = sorted(file for file in path.iterdir() if file.suffix in _YAML and file.is_file())
            elif path.is_file() and (path.name in NAMES or path.suffix in _YAML):
                found = [path]
        except OSError:
            continue
        for file in found:
            if file not in seen:
                seen.add(file)
                yield file


def read_file(path: Path) -> tuple[Layer, str]:
    """Return what a file says, and what is wrong with it; one that is no YAML says nothing, as for conda."""
    import yaml

    nothing = Layer(str(path), {})
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        return nothing, f"{path} is ignored: {reason}"
    try:
        node = yaml.compose(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
        if node is None or node.tag.endswith(":null"):
            return nothing, ""
        if not isinstance(node, yaml.MappingNode):
            return nothing, f"{path} is ignored: it holds no keys"
        item = _shaped(node, text.split("\n"), 0)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f" (line {mark.line + 1})" if mark is not None else ""
        return nothing, f"{path} is ignored: it is not YAML{where}"
    except RecursionError:
        return nothing, f"{path} is ignored: it is nested too deeply"
    return Layer(str(path), item), ""


def _shaped(node: yaml.Node, lines: list[str], depth: int) -> Any:
    """Return a node's value; aliases that lead in circles end in a RecursionError."""
    from yaml.nodes import ScalarNode, SequenceNode

    if depth > 20:
        raise RecursionError
    if node.tag.endswith(":null"):
        return None
    if isinstance(node, ScalarNode):
        return node.value
    if isinstance(node, SequenceNode):
        return tuple(Item(_shaped(one, lines, depth + 1), _flag_behind(one, lines)) for one in node.value)
    shaped = {}
    for key, value in node.value:
        flag = None
        if not _is_block(value):
            flag = _flag_behind(value, lines)
        if flag is None and key.end_mark.line != value.start_mark.line:
            flag = _flag_in(lines[key.end_mark.line][key.end_mark.column :].lstrip().removeprefix(":"))
        shaped[str(key.value)] = Item(_shaped(value, lines, depth + 1), flag)
    return shaped


def _is_block(node: yaml.Node) -> bool:
    from yaml.nodes import CollectionNode

    return isinstance(node, CollectionNode) and not node.flow_style


def _flag_behind(node: yaml.Node, lines: list[str]) -> str | None:
    """Return the flag on the line that a value ends on."""
    if _is_block(node):
        return None  # it goes on to the next key
    mark = node.end_mark
    return _flag_in(lines[mark.line][mark.column :]) if mark.line < len(lines) else None


def _flag_in(text: str) -> str | None:
    match = _FLAG.match(text)
    return match[1] if match else None


def read_environment(environ: Mapping[str, str]) -> Layer:
    """Return what the `CONDA_…` variables say; a value with `!important` behind it is final."""
    values = {}
    for name, text in environ.items():
        key = KEYS.get(name.removeprefix("CONDA_").lower()) if name.startswith("CONDA_") else None
        if key is None and name.startswith("CONDA_") and name[6:].lower() in UNSUPPORTED:
            values[name[6:].lower()] = Item(text)
        if key is None or not text.strip():
            continue
        text, important, _ = text.partition("!important")
        value: Any = text.strip()
        if key.shape == "list":
            value = tuple(Item(part.strip()) for part in text.split(key.separator) if part.strip())
        values[name.removeprefix("CONDA_").lower()] = Item(value, "final" if important else None)
    return Layer(ENVIRONMENT, values)
