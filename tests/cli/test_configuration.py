"""The command and the configuration of whoever runs it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from conftest import Cli, record

TARGET = ("--platform", "linux-64", "--no-detect")


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "home").mkdir()
    return tmp_path / "home"


def versions(text: str) -> dict[str, str]:
    return {entry["name"]: entry["version"] for entry in json.loads(text)["packages"]}


def test_channels_and_pins(cli: Cli, home: Path, make_channel: Callable[..., Path]) -> None:
    one = make_channel([record("app", "1.0"), record("app", "2.0")], name="one")
    two = make_channel([record("app", "9.0"), record("lib", "3.0")], name="two")
    (home / ".condarc").write_text(f"channels: ['{one}']\npinned_packages: [app <2]\n")
    place = {"HOME": str(home)}
    assert versions(cli("solve", "app", *TARGET, "--json", **place).stdout) == {"app": "1.0"}
    both = cli("solve", "lib", "app", "-c", str(two), *TARGET, "--json", "--channel-priority", "flexible", **place)
    assert versions(both.stdout) == {"lib": "3.0", "app": "1.0"}
    only = cli("solve", "app", "-c", str(two), *TARGET, "--json", "--no-config", **place)
    assert versions(only.stdout) == {"app": "9.0"}
    alone = cli("solve", "app", "-c", str(two), *TARGET, "--override-channels", **place)
    assert alone.returncode == 1, "the pin still counts"


def test_a_channel_that_nobody_names_is_conda_forge(cli: Cli) -> None:
    done = cli("solve", "app", *TARGET, "--offline")
    assert done.returncode == 2
    assert "https://conda.anaconda.org/conda-forge/" in done.stderr


def test_custom_channels_keep_their_address(cli: Cli, home: Path, make_channel: Callable[..., Path]) -> None:
    channel = make_channel([record("app")], name="mine")
    text = f"custom_channels:\n  mine: file://{channel.parent}\ncustom_multichannels:\n  many: [mine]\n"
    (home / ".condarc").write_text(text)
    for name, spec in (("mine", "mine::app"), ("many", "many::app")):
        done = cli("solve", spec, "-c", name, *TARGET, "--json", HOME=str(home))
        (entry,) = json.loads(done.stdout)["packages"]
        assert entry["channel"] == name
        assert entry["url"] == f"file://{channel}/linux-64/{entry['fn']}"


def test_keys_that_are_not_supported_are_named_once(
    cli: Cli, home: Path, make_channel: Callable[..., Path], tmp_path: Path
) -> None:
    channel = make_channel([record("app")])
    (home / ".condarc").write_text("track_features: [x]\nnew_key: 1\nchangeps1: false\n")
    place: dict[str, Any] = {"HOME": str(home), "RESOLVENT_CACHE_DIR": str(tmp_path / "cache")}
    said = [cli("solve", "app", "-c", str(channel), *TARGET, **place).stderr for _ in range(2)]
    assert said[0].count("track_features, new_key") == said[1].count("track_features, new_key") == 1
    assert (said[0].count("changeps1"), said[1].count("changeps1")) == (1, 0)
    assert cli("solve", "app", "-c", str(channel), *TARGET, "--no-config", **place).stderr == ""


def test_config_shows_values_and_where_they_come_from(cli: Cli, home: Path) -> None:
    (home / ".condarc").write_text("channels: [a, b]\noffline: true\n")
    place = {"HOME": str(home), "CONDA_CHANNELS": "c"}
    text = cli("config", **place).stdout
    assert 'channels: ["c", "a", "b"]' in text
    assert "from the environment" in text
    assert f"from {home / '.condarc'}" in text
    value = json.loads(cli("config", "offline", "--json", **place).stdout)
    assert value["settings"] == {"offline": {"value": True, "sources": [str(home / ".condarc")]}}
    assert json.loads(cli("config", "--json", "--no-config", **place).stdout)["settings"] == {}


def test_a_wrong_value_is_an_error_that_names_the_file(cli: Cli, home: Path) -> None:
    (home / ".condarc").write_text("channel_priority: often\n")
    done = cli("solve", "app", *TARGET, HOME=str(home))
    assert done.returncode == 2
    assert done.stderr.startswith(f"resolvent: {home / '.condarc'}: channel_priority is 'often'")
