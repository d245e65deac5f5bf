"""Text for people: what a terminal, and a file that is read line by line, can show.

Names, versions, builds and addresses come from channels and files, which may have been made to harm: escape sequences
move the cursor, C1 controls do the same in one character, a line end begins a line of somebody else's making, and
right-to-left marks turn what follows. Everything that is printed passes one of these two functions.
"""

from __future__ import annotations


def printable(text: str) -> str:
    """Return a text of several lines with every character spelled out that does not only show itself."""
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() or char in "\n\t" else repr(char)[1:-1] for char in text)


def one_line(text: str) -> str:
    """Return the same in one line: line ends and tabs are spelled out, too."""
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else repr(char)[1:-1] for char in text)
