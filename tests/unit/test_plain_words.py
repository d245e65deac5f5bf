"""Plain English: words that a native reader stumbles over stand nowhere that a person reads.

Looked through are the pages, the README, and every string, docstring and comment of the package and of the core; names
of variables are free. `docs/style-of-messages.md` says what to write instead.
"""

from __future__ import annotations

import io
import re
import tokenize
from pathlib import Path

import pytest

from conftest import ROOT

#: Pattern, and what to write.
BANNED = {
    r"\bstruck\b": "reached, passed",
    r"\banew\b": "again",
    r"\btold\b": "said, shown, reported",
    r"\bas far as\b": "if, where",
    r"\bwhat is there\b": "what is installed, what exists",
    r"\bwhoever\b": "the one that, anyone who",
    r"\b(?:do|does|did) without\b": "does not use, omits",
    r"\bno more\b(?! than)": "no longer",
    r"\bbesides,": "also",
    r"\blooks after\b": "manages",
    r"\bby the letter\b": "exactly",
    r"\bcomes? near\b": "touches",
    r"\bof the day\b": "of that time",
    r"\b(?:to|for) whom\b|\bfor who\b": "for those who",
    r"\brather do(?:es)?\b": "prefers",
    r"\bwhat becomes of\b": "what happens to",
    r"\b(?:literal|variable|clause|item) an? (?:record|spec|name|package|dependency)\b": "per",
}
#: Where the words stand for themselves, and files that are generated.
EXEMPT = {"style-of-messages.md", "conflicts-side-by-side.md"}

_RUST = re.compile(r'//[/!]?[^\n]*|"(?:[^"\\]|\\.)*"', re.DOTALL)
_MARK = re.compile(r"^(?:///?!?|//!|#:?)\s*")


def readable(path: Path) -> str:
    """Return what a person reads of a file, on one line, so that line ends hide no phrase."""
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".rs":
        parts = _RUST.findall(text)
    elif path.suffix in {".py", ".pyi"}:
        kinds = {tokenize.STRING, tokenize.COMMENT, getattr(tokenize, "FSTRING_MIDDLE", -1)}
        parts = [one.string for one in tokenize.generate_tokens(io.StringIO(text).readline) if one.type in kinds]
    else:
        parts = [text]
    return re.sub(r"\s+", " ", " ".join(_MARK.sub("", part) for part in parts))


def texts() -> list[Path]:
    """Return every file that people read."""
    found = [ROOT / name for name in ("README.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md")]
    found += (ROOT / "docs").rglob("*.md")
    found += (ROOT / "python" / "resolvent").rglob("*.py")
    found += (ROOT / "python" / "resolvent").rglob("*.pyi")
    for crate in sorted((ROOT / "solver-core").iterdir()):
        found += (crate / "src").rglob("*.rs")
    return sorted(path for path in found if path.name not in EXEMPT)


@pytest.fixture(scope="module")
def everything() -> dict[Path, str]:
    return {path.relative_to(ROOT): readable(path) for path in texts()}


@pytest.mark.parametrize("pattern", BANNED)
def test_no_odd_words(everything: dict[Path, str], pattern: str) -> None:
    odd = re.compile(pattern, re.IGNORECASE)
    found = [
        f"{path}: ...{text[max(0, match.start() - 50) : match.end() + 40]}..."
        for path, text in everything.items()
        for match in odd.finditer(text)
    ]
    assert not found, f"write {BANNED[pattern]!r} instead:\n" + "\n".join(found)


def test_something_is_looked_through(everything: dict[Path, str]) -> None:
    suffixes = [path.suffix for path in everything]
    assert min(suffixes.count(suffix) for suffix in (".md", ".py", ".rs")) > 20
    assert "resolvent" in everything[Path("python/resolvent/cli/__init__.py")]
    assert "import" not in readable(ROOT / "python/resolvent/__main__.py").split()
