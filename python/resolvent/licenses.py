"""Licence rules that do nothing: patterns that match no licence of an index, and what was probably meant."""

from __future__ import annotations

import fnmatch
from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ._core import Index


def idle_patterns(index: Index, patterns: Iterable[str]) -> list[str]:
    """Return a sentence for each licence pattern that matches no record of an index.

    A pattern is compared with the whole text of a record's `license`, ignoring case; `*` stands for any text.

    Parameters
    ----------
    index
        The records.
    patterns
        As `Policy.licenses` takes them.
    """
    given = list(dict.fromkeys(patterns))
    if not given:
        return []
    known = {record.license for record in index.records("*") if record.license}
    lowered = [text.lower() for text in known]
    sentences = []
    for pattern in given:
        if any(fnmatch.fnmatchcase(text, pattern.lower()) for text in lowered):
            continue
        inner = pattern.strip("*").lower()
        near = sorted(text for text in known if inner and inner in text.lower())
        advice = f" (nearest: {near[0]}); write '*{pattern.strip('*')}*'" if near else ""
        sentences.append(f"the licence pattern {pattern!r} matches no package of these channels{advice}")
    return sentences
