"""Fixes as `conda` commands that can be pasted."""

from __future__ import annotations

import shlex

import pytest

from resolvent.integrations.conda.pasted import changed_command, typed_command
from resolvent.integrations.conda.translation import Situation, Translation


def change(kind: str, old: str = "", new: str = "", name: str = "") -> dict[str, str]:
    return {"kind": kind, "name": name, "from": old, "to": new}


def changed(line: str, *changes: dict[str, str], reasons: dict[str, str] | None = None) -> str | None:
    translation = Translation(arguments={}, reasons=reasons or {}, roots=frozenset())
    return changed_command(shlex.split(line)[1:], changes, translation)


@pytest.mark.parametrize(
    ("line", "one", "expected"),
    [
        ("conda install numpy=1", change("relax_spec", "numpy 1.*", "numpy >=1"), "conda install 'numpy >=1'"),
        ("conda install numpy=1", change("relax_spec", "numpy=1", "numpy"), "conda install numpy"),
        ("conda create -n x a b", change("drop_spec", "b"), "conda create -n x a"),
        ("conda create --name=x nunpy", change("rename_spec", "nunpy", "numpy"), "conda create --name x numpy"),
        ("conda install -c b a z -n x", change("drop_spec", "a"), "conda install -c b z -n x"),
        ("conda install a", change("lift_pin", "a 1.*"), "conda install --no-pin a"),
        (
            "conda install a",
            change("add_virtual_package", "", "__cuda=12.6"),
            "CONDA_OVERRIDE_CUDA=12.6 conda install a",
        ),
        (
            "conda install --exclude-newer 7d a",
            change("move_cutoff", "x", "2026-01-31"),
            "conda install --exclude-newer 2026-01-31 a",
        ),
        (
            "conda install --strict-channel-priority a",
            change("channel_priority", "strict", "flexible"),
            "CONDA_CHANNEL_PRIORITY=flexible conda install a",
        ),
        ("conda create a", change("platform", "linux-64", "osx-arm64"), "conda create --platform osx-arm64 a"),
        ("conda install a", change("lift_deny", "*.conda"), "CONDA_USE_ONLY_TAR_BZ2=false conda install a"),
        ("conda install -- a", change("relax_spec", "a", "a >1"), "conda install 'a >1'"),
    ],
)
def test_changes(line: str, one: dict[str, str], expected: str) -> None:
    assert changed(line, one) == expected


@pytest.mark.parametrize(
    ("line", "one"),
    [
        ("conda install a", change("platform", "linux-64", "osx-arm64")),
        ("conda install --file specs.txt", change("drop_spec", "a")),
        ("conda install a", change("allow_license", "MIT")),
        ("conda install a", change("add_virtual_package", "", "__unix=0")),
        ("conda install a", change("drop_spec", "never typed")),
        ("conda install -n x a", change("drop_spec", "a")),
        ("conda install a", change("move_cutoff", "x", "y", name="a")),
    ],
)
def test_what_conda_has_no_words_for(line: str, one: dict[str, str]) -> None:
    assert changed(line, one) is None


def test_what_nobody_typed_is_superseded_by_naming_the_package() -> None:
    reasons = {
        "python 3.11.*": "python stays at 3.11 unless it is named",
        "numpy 1.*": "was asked for earlier",
        "a >=1": "requested",
        "conda >=26": "conda does not downgrade itself",
    }
    line = "conda install 'a >=1'"
    assert changed(line, change("drop_constraint", "python 3.11.*"), reasons=reasons) == "conda install 'a >=1' python"
    assert changed(line, change("drop_constraint", "numpy 1.*"), reasons=reasons) == "conda install 'a >=1' numpy"
    assert changed(line, change("relax_spec", "numpy 1.*", "numpy >=1"), reasons=reasons) == (
        "conda install 'a >=1' 'numpy >=1'"
    )
    assert changed(line, change("drop_spec", "numpy 1.*"), reasons=reasons) is None
    assert changed(line, change("drop_constraint", "a >=1"), reasons=reasons) == "conda install a"
    assert changed(line, change("drop_constraint", "conda >=26"), reasons=reasons) is None


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["install", "-n", "x", "numpy=1"], ["install", "-n", "x", "numpy=1"]),
        (["resolvent", "fixes", "-c", "ch", "numpy=1"], ["install", "-c", "ch", "numpy=1"]),
        (["update", "numpy"], ["install", "--prefix", "/env", "numpy=1"]),
        (["-m", "pytest"], ["install", "--prefix", "/env", "numpy=1"]),
        ([], ["install", "--prefix", "/env", "numpy=1"]),
        (["install", "--file", "x.txt"], ["install", "--file", "x.txt"]),
    ],
)
def test_the_line_that_is_changed(words: list[str], expected: list[str]) -> None:
    assert typed_command(words, Situation(specs=("numpy=1",)), "/env") == expected


@pytest.mark.parametrize("text", ["a b", "a'b", "$HOME", "a;b", "`id`", 'a[build="x*"]', "a\nb"])
def test_a_shell_reads_every_word_back(text: str) -> None:
    line = changed("conda install x", change("relax_spec", "x", text))
    assert line is not None
    assert shlex.split(line) == ["conda", "install", text]
