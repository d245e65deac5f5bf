"""Which package names a dependency may lead to.

This is not a parser of match specs (the core has that). It answers an easier question: which
shards could matter. Naming one too many costs a download; the core decides what matches.
"""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Iterable, Mapping

_NAME = re.compile(r"\^.*|[A-Za-z0-9_.*?-]+")
_ARCHIVE = re.compile(r"(?:^|[/\\])([^/\\]+)-[^-/\\]+-[^-/\\]+\.(?:conda|tar\.bz2)(?:#.*)?$")
_KEY_NAME = re.compile(r"[\[,]\s*name\s*=\s*['\"]?([^'\",\]]+)")
_CONDITION = re.compile(r"\bwhen\s*=\s*(\"[^\"]*\"|'[^']*'|[^,\]]*)|;\s*if\b(.*)")
_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*")


def names_in_spec(spec: str) -> set[str]:
    """Lower-case names (patterns too, see :func:`matching`) that a match spec asks for.

    ``channel/subdir::name 1.*``, ``name>=2``, ``name[version='>=2', when="python <3.9"]``,
    ``*[name=foo]`` and the address of an archive are understood; the words of a condition count as
    names. A spec of any name gives ``*``.
    """
    archive = _ARCHIVE.search(spec)
    if archive:
        return {archive[1].lower()}
    found: set[str] = set()
    head = spec.partition("[")[0]
    text = head.rpartition("::")[2].strip() or spec.partition("::")[2].strip()
    match = _NAME.match(text)
    if match and (match.group() != "*" or not _KEY_NAME.search(spec)):
        found.add(match.group().lower())
    if "[" in spec:
        found.update(m.strip().lower() for m in _KEY_NAME.findall(spec))
    if "when" in spec or ";" in spec:
        for quoted, tail in _CONDITION.findall(spec):
            found.update(word.lower() for word in _WORD.findall(quoted or tail))
    return found


def matching(name: str, names: Mapping[str, object]) -> Iterable[str]:
    """Return those of ``names`` that ``name`` may mean: itself, by wildcards, or by a regular expression."""
    if name.startswith("^"):
        return list(names)  # rare enough that everything is the honest answer
    if "*" in name:
        return fnmatch.filter(names, name)
    return (name,) if name in names else ()


def names_in_record(record: Mapping[str, object]) -> set[str]:
    """Names that a record's ``depends`` and ``extra_depends`` lead to. Wrong types lead nowhere."""
    found: set[str] = set()
    for spec in _specs(record.get("depends")):
        found |= names_in_spec(spec)
    extras = record.get("extra_depends")
    if isinstance(extras, Mapping):
        for group in extras.values():
            for spec in _specs(group):
                found |= names_in_spec(spec)
    return found


def names_in_sections(repodata: Mapping[str, object]) -> dict[str, set[str]]:
    """For each package name in a repodata object (or a shard): the names its records lead to."""
    graph: dict[str, set[str]] = {}
    memo: dict[str, set[str]] = {}
    for section in record_sections(repodata):
        for record in section.values():
            if not isinstance(record, Mapping):
                continue
            name = record.get("name")
            if not isinstance(name, str):
                continue
            reached = graph.setdefault(name.lower(), set())
            for spec in _specs(record.get("depends")):
                if spec not in memo:
                    memo[spec] = names_in_spec(spec)
                reached |= memo[spec]
            if "extra_depends" in record:
                reached |= names_in_record(record)
    return graph


def record_sections(repodata: Mapping[str, object]) -> list[Mapping[str, object]]:
    """Return the maps of records: ``packages``, ``packages.conda`` and those below ``v3`` (CEP 48)."""
    sections = [repodata.get("packages"), repodata.get("packages.conda")]
    newer = repodata.get("v3")
    if isinstance(newer, Mapping):
        sections += newer.values()
    return [section for section in sections if isinstance(section, Mapping)]


def _specs(value: object) -> Iterable[str]:
    if isinstance(value, str):
        return (value,)
    if isinstance(value, list):
        return [spec for spec in value if isinstance(spec, str)]
    return ()
