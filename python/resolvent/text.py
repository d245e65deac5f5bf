"""Text for people: what a terminal can show."""

from __future__ import annotations


def printable(text: str) -> str:
    """Return a text whose control characters, which may come from a channel, are spelled out."""
    return "".join(char if char.isprintable() or char in "\n\t" else repr(char)[1:-1] for char in text)
