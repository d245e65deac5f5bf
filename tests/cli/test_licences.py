"""Licence rules on the command line, from the switch to the packages of the answer."""

from __future__ import annotations

import json

import pytest

from conftest import ChannelMaker, Cli, record


@pytest.fixture
def channel(make_channel: ChannelMaker) -> str:
    """One package in three versions, each of another licence."""
    licences = {"1.0": "MIT", "2.0": "BSD-3-Clause", "3.0": "GPL-3.0-only"}
    return f"demo={make_channel([record('lib', version, license=text) for version, text in licences.items()])}"


def version(cli: Cli, channel: str, *words: str) -> str | None:
    """Return the version of lib in the answer; None where there is none."""
    done = cli("solve", "lib", "-c", channel, "--platform", "linux-64", "--json", *words)
    packages = json.loads(done.stdout)["packages"]
    assert done.returncode == (0 if packages else 1), done.stderr
    return packages[0]["version"] if packages else None


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ((), "3.0"),
        (("--allow-license", "MIT"), "1.0"),
        (("--allow-license", "MIT", "--allow-license", "BSD*"), "2.0"),
        (("--allow-license", "*"), "3.0"),
        (("--allow-license", "Apache-2.0"), None),
        (("--deny-license", "GPL*"), "2.0"),
        (("--deny-license", "GPL*", "--deny-license", "bsd-3-clause"), "1.0"),
        (("--deny-license", "*"), None),
        (("--allow-license", "*", "--deny-license", "GPL*"), "2.0"),
        (("--allow-license", "GPL*", "--deny-license", "GPL*"), None),
    ],
)
def test_the_newest_version_that_the_rules_allow(
    cli: Cli, channel: str, words: tuple[str, ...], expected: str | None
) -> None:
    assert version(cli, channel, *words) == expected


@pytest.mark.parametrize(
    ("pattern", "advice"),
    [
        ("GPL", "(nearest: GPL-3.0-only); write '*GPL*'"),
        ("bsd", "(nearest: BSD-3-Clause); write '*bsd*'"),
        ("Apache*", None),
    ],
)
@pytest.mark.parametrize("option", ["--allow-license", "--deny-license"])
def test_a_pattern_that_matches_nothing_is_warned_about(
    cli: Cli, channel: str, option: str, pattern: str, advice: str | None
) -> None:
    done = cli("solve", "lib", "-c", channel, "--platform", "linux-64", f"{option}={pattern}", "--json")
    warnings = json.loads(done.stdout)["warnings"]
    assert [text for text in warnings if f"the licence pattern {pattern!r} matches no package" in text]
    assert any("nearest" in text for text in warnings) == (advice is not None)
    assert advice is None or any(advice in text for text in warnings)


def test_a_pattern_that_matches_is_not_warned_about(cli: Cli, channel: str) -> None:
    done = cli("solve", "lib", "-c", channel, "--platform", "linux-64", "--deny-license", "gpl*", "--json")
    assert json.loads(done.stdout)["warnings"] == []
