"""Tables on narrow terminals: names are whole, versions stay as long as there is room."""

from __future__ import annotations

from io import StringIO

import pytest
from rich.console import Console
from rich.text import Text

from resolvent.cli.columns import Column, fitting, print_columns
from resolvent.cli.tables import _SOLUTION

ROWS = [
    ("ld_impl_linux-64", "2.46.1", "default_hbd61a6d_102", "file:///a/very/long/path/of/a/channel/linux-64", "1.2 MB"),
    ("python-dateutil", "2.9.0.post0", "pyhe01879c_2", "conda-forge/noarch", "233.3 kB"),
]


def printed(width: int) -> list[str]:
    text = StringIO()
    print_columns(Console(file=text, width=width), _SOLUTION, [tuple(map(Text, row)) for row in ROWS])
    return text.getvalue().splitlines()


@pytest.mark.parametrize("width", range(18, 140))
def test_every_width(width: int) -> None:
    lines = printed(width)
    assert len(lines) == 3, "a line a package"
    assert lines[1].startswith("ld_impl_linux-64")
    assert lines[2].startswith("python-dateutil")
    assert max(map(len, lines)) <= width
    if width >= 29:
        assert "2.46.1" in lines[1]
        assert "2.9.0.post0" in lines[2]


def test_channel_goes_before_size_and_size_before_build() -> None:
    heads = [printed(width)[0].split() for width in (130, 64, 60, 44, 30, 18)]
    assert heads == [
        ["package", "version", "build", "channel", "size"],
        ["package", "version", "build", "channel", "size"],
        ["package", "version", "build", "size"],
        ["package", "version", "build"],
        ["package", "version"],
        ["package"],
    ]


def test_wide_characters_count_twice() -> None:
    text = StringIO()
    console = Console(file=text, width=12)
    print_columns(console, [Column("a"), Column("b", 1, 3)], [(Text("名前"), Text("日本語日本語"))])
    assert text.getvalue().splitlines()[1] == "名前  日本…"


def test_what_is_left_goes_back_to_the_columns_that_stay() -> None:
    columns = [Column("a"), Column("b", 1, 3), Column("c", 2, 3)]
    assert fitting([5, 20, 20], columns, 32) == [5, 20, 3]
    assert fitting([5, 20, 20], columns, 26) == [5, 19, 0]
    assert fitting([5, 20, 20], columns, 12) == [5, 5, 0]
    assert fitting([5, 20, 20], columns, 5) == [5, 0, 0]
    assert fitting([5, 20, 20], columns, 100) == [5, 20, 20]
