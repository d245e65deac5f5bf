"""Fixes told as the command line that failed, with changes."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest

from resolvent.cli.suggest import changed_command

WORDS = shlex.split(
    "solve -c conda-forge=./mirror --platform linux-64 --pin 'lib <2' --pin=other --constraint 'x <3' --deny 'l*' "
    "--deny evil --exclude-newer 7d --virtual-package __cuda=11 --deny-license 'GPL*' --freeze-installed "
    "nunpy 'app >=2'"
)


def change(kind: str, old: str = "", new: str = "", name: str = "") -> dict[str, str]:
    return {"kind": kind, "name": name, "from": old, "to": new, "text": ""}


@pytest.mark.parametrize(
    ("made", "gone", "there"),
    [
        (change("rename_spec", "nunpy", "numpy"), ["nunpy"], ["numpy"]),
        (change("relax_spec", "app >=2", "app"), ["app >=2"], ["app"]),
        (change("drop_spec", "app >=2"), ["app >=2"], []),
        (change("lift_pin", "lib <2"), ["lib <2"], ["other"]),
        (change("lift_pin", "other"), ["other"], ["lib <2"]),
        (change("drop_constraint", "x <3"), ["--constraint", "x <3"], []),
        (change("add_virtual_package", "", "__cuda=12", "__cuda"), ["__cuda=11"], ["__cuda=12"]),
        (change("move_cutoff", "2024-01-01", "2025-01-01"), ["7d"], ["2025-01-01"]),
        (change("channel_priority", "strict", "flexible"), [], ["--channel-priority", "flexible"]),
        (change("lift_freeze"), ["--freeze-installed"], []),
        (change("lift_deny", "l*"), ["l*"], ["evil"]),
        (change("allow_license", "", "GPL-3.0-only"), ["GPL*"], []),
        (change("platform", "linux-64", "osx-arm64"), ["linux-64", "__cuda=11"], ["osx-arm64"]),
    ],
)
def test_one_change(made: dict[str, str], gone: list[str], there: list[str]) -> None:
    line = changed_command(WORDS, [made])
    assert line is not None
    words = shlex.split(line)
    assert words[:2] == ["resolvent", "solve"]
    for word in gone:
        assert word in WORDS or f"--pin={word}" in WORDS
        assert word not in words
    assert set(there) <= set(words)
    assert "conda-forge=./mirror" in words


def test_what_the_line_does_not_say() -> None:
    assert changed_command(WORDS, [change("relax_spec", "absent 1", "absent")]) is None
    assert changed_command(WORDS, [change("lift_pin", "from a file")]) is None
    assert changed_command(WORDS, [change("move_cutoff", "a", "b", "lib")]) is None
    assert changed_command([], []) is None


def test_a_pin_of_the_environment(tmp_path: Path) -> None:
    pinned = tmp_path / "conda-meta" / "pinned"
    pinned.parent.mkdir()
    pinned.write_text("python 3.11.*\n", encoding="utf-8")
    words = ["solve", "-p", str(tmp_path), "python 3.13.*"]
    lift = change("lift_pin", "python 3.11.*")
    assert changed_command(words, [lift]) == f"resolvent solve --ignore-pinned -p {tmp_path} 'python 3.13.*'"
    # Whatever else is pinned stays so: that cannot be said on the line.
    remark = "  # once 'python 3.11.*' is out of conda-meta/pinned"
    line = changed_command([*words, "--pin", "lib <2"], [lift])
    assert line == f"resolvent solve -p {tmp_path} 'python 3.13.*' --pin 'lib <2'{remark}"
    pinned.write_text("python 3.11.*\nlib <2\n", encoding="utf-8")
    assert changed_command(words, [lift]) == f"resolvent solve -p {tmp_path} 'python 3.13.*'{remark}"
    assert changed_command(words, [change("lift_pin", "other")]) is None


def test_two_changes_and_words_behind_a_dash() -> None:
    line = changed_command(["solve", "--", "a 1", "b"], [change("relax_spec", "a 1", "a"), change("drop_spec", "b")])
    assert line == "resolvent solve a"
