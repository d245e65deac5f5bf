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


#: As `Fix.line_changes` has them: option, what goes, what takes its place, whether the line must have what goes.
Change = tuple[str, str | None, str | None, bool]


@pytest.mark.parametrize(
    ("made", "gone", "there"),
    [
        (("", "nunpy", "numpy", True), ["nunpy"], ["numpy"]),
        (("", "app >=2", None, True), ["app >=2"], []),
        (("--pin", "lib <2", None, True), ["lib <2"], ["other"]),
        (("--pin", "other", None, True), ["other"], ["lib <2"]),
        (("--constraint", "x <3", None, True), ["--constraint", "x <3"], []),
        (("--virtual-package", "__cuda", "__cuda=12", False), ["__cuda=11"], ["__cuda=12"]),
        (("--virtual-package", "__glibc", "__glibc=2.28", False), [], ["__cuda=11", "__glibc=2.28"]),
        (("--exclude-newer", "2024-01-01", "2025-01-01", True), ["7d"], ["2025-01-01"]),
        (("--channel-priority", None, "flexible", False), [], ["--channel-priority", "flexible"]),
        (("--freeze-installed", None, None, True), ["--freeze-installed"], []),
        (("--deny", "l*", None, True), ["l*"], ["evil"]),
        (("--deny-license", "GPL*", None, True), ["GPL*"], []),
        (("--platform", None, "osx-arm64", False), ["linux-64"], ["osx-arm64"]),
        (("--virtual-package", None, None, False), ["__cuda=11"], []),
    ],
)
def test_one_change(made: Change, gone: list[str], there: list[str]) -> None:
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
    assert changed_command(WORDS, [("", "absent 1", "absent", True)]) is None
    assert changed_command(WORDS, [("--pin", "from a file", None, True)]) is None
    assert changed_command(WORDS, [("--exclude-newer", "lib=2024-01-01", "lib=2025-01-01", True)]) is None
    assert changed_command([], []) is None


def test_a_pin_of_the_environment(tmp_path: Path) -> None:
    pinned = tmp_path / "conda-meta" / "pinned"
    pinned.parent.mkdir()
    pinned.write_text("python 3.11.*\n", encoding="utf-8")
    words = ["solve", "-p", str(tmp_path), "python 3.13.*"]
    lift: Change = ("--pin", "python 3.11.*", None, True)
    assert changed_command(words, [lift]) == f"resolvent solve --ignore-pinned -p {tmp_path} 'python 3.13.*'"
    # Whatever else is pinned stays so: it is said again, and the line works in any shell.
    line = changed_command([*words, "--pin", "lib <2"], [lift])
    assert line == f"resolvent solve --ignore-pinned -p {tmp_path} 'python 3.13.*' --pin 'lib <2'"
    pinned.write_text("python 3.11.*\nlib <2\n", encoding="utf-8")
    restated = f"resolvent solve --ignore-pinned --pin 'lib <2' -p {tmp_path} 'python 3.13.*'"
    assert changed_command(words, [lift]) == restated
    assert changed_command(words, [("--pin", "other", None, True)]) is None


def test_two_changes_and_words_behind_a_dash() -> None:
    line = changed_command(["solve", "--", "a 1", "b"], [("", "a 1", "a", True), ("", "b", None, True)])
    assert line == "resolvent solve a"
