"""Words of the command line: in any order, misspelt, or of other tools."""

from __future__ import annotations

import itertools
import json

import pytest

import resolvent
from conftest import ChannelMaker, Cli, record
from resolvent.cli.parsing import FOREIGN_COMMANDS, FOREIGN_OPTIONS


@pytest.fixture
def channel(make_channel: ChannelMaker) -> str:
    """A channel of three packages, as a command-line source."""
    return f"demo={make_channel([record('app', depends=['lib']), record('lib'), record('tool')])}"


def names(output: str) -> list[str]:
    return sorted(package["name"] for package in json.loads(output)["packages"])


def test_specs_and_options_in_any_order(cli: Cli, channel: str) -> None:
    parts = [["app"], ["-c", channel], ["tool"], ["--platform", "linux-64"]]
    for order in itertools.permutations(parts):
        done = cli("solve", "--json", *itertools.chain(*order))
        assert (done.returncode, names(done.stdout)) == (0, ["app", "lib", "tool"]), order


@pytest.mark.parametrize("command", ["why", "why-not"])
def test_questions_take_options_in_any_order(cli: Cli, channel: str, command: str) -> None:
    plain = cli(command, "lib", "app", "-c", channel, "--platform", "linux-64")
    mixed = cli(command, "-c", channel, "lib", "--platform", "linux-64", "app")
    assert (mixed.returncode, mixed.stdout, mixed.stderr) == (plain.returncode, plain.stdout, plain.stderr)
    assert mixed.stdout


def test_a_spec_behind_two_dashes_may_begin_with_one(cli: Cli, channel: str) -> None:
    done = cli("solve", "-c", channel, "app", "--", "-odd")
    assert done.returncode == 2
    assert "no option" not in done.stderr


@pytest.mark.parametrize("word", ["numpy", "libgomp", "xyzzy"])
def test_a_package_instead_of_a_command(cli: Cli, word: str) -> None:
    done = cli(word)
    assert done.returncode == 2
    assert f"resolvent solve {word}" in done.stderr
    assert "choose from" not in done.stderr


@pytest.mark.parametrize(("word", "meant"), [("slove", "solve"), ("uninstall", "remove"), ("upgrade", "update")])
def test_a_command_of_another_spelling(cli: Cli, word: str, meant: str) -> None:
    done = cli(word, "numpy")
    assert done.returncode == 2
    assert f"did you mean: resolvent {meant}" in done.stderr


def test_words_of_other_tools_lead_to_what_exists(cli: Cli) -> None:
    known = cli("--help").stdout
    for word, meant in FOREIGN_COMMANDS.items():
        done = cli(word)
        assert done.returncode == 2, word
        if meant.split()[0] in known:
            assert "did you mean" in done.stderr or "to solve for a package" in done.stderr, word


@pytest.mark.parametrize("option", ["--subdir", "--lock", "--no-pin", "--excluse-newer", "--chanel"])
def test_an_unknown_option_names_the_nearest_and_the_right_help(cli: Cli, channel: str, option: str) -> None:
    done = cli("solve", "app", option, "x", "-c", channel)
    assert done.returncode == 2
    assert f"no option {option}; did you mean --" in done.stderr
    assert "see: resolvent solve --help" in done.stderr
    assert option not in cli("solve", "--help").stdout.split()


def test_no_alias_hides_an_option(cli: Cli) -> None:
    help_text = cli("solve", "--help").stdout.replace(",", " ").split()
    assert not set(FOREIGN_OPTIONS) & set(help_text)


def test_help_of_a_command_as_words(cli: Cli) -> None:
    assert cli("help", "solve").stdout == cli("solve", "--help").stdout
    assert cli("help").stdout == cli("--help").stdout


def test_target_defaults_are_the_same_on_every_machine(cli: Cli, make_channel: ChannelMaker) -> None:
    default = {package.name: str(package) for package in resolvent.default_virtual_packages("linux-64")}
    assert default["__glibc"].startswith("__glibc 2.28")
    glibc = f"demo={make_channel([record('app', depends=['__glibc <9'])])}"
    words = ("solve", "app", "-c", glibc, "--platform", "linux-64")
    assert cli(*words, CONDA_OVERRIDE_GLIBC="9.9").returncode == 1
    assert cli(*words, "--target-defaults", CONDA_OVERRIDE_GLIBC="9.9").returncode == 0
    assert cli(*words, "--target-defaults", "--virtual-package", "__glibc=9.9").returncode == 1
    both = cli(*words, "--target-defaults", "--no-detect")
    assert (both.returncode, "not both" in both.stderr) == (2, True)
