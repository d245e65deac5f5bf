"""What conda asks, in this library's words; nothing of conda is needed for that."""

from __future__ import annotations

from typing import Any

import pytest

import resolvent
from resolvent.integrations.conda.translation import (
    Situation,
    is_satisfied,
    left_by_force,
    neutered,
    not_installed,
    removed_names,
    translate,
)

PLATFORM = "linux-64"


def record(name: str, version: str, *depends: str, build: str = "h0", **more: Any) -> dict[str, Any]:
    return {
        "name": name,
        "version": version,
        "build": build,
        "build_number": 0,
        "depends": list(depends),
        "subdir": PLATFORM,
        "channel": "https://ch.example/main",
        **more,
    }


def solved(situation: Situation, *available: dict[str, Any]) -> dict[str, str]:
    """Solve as the plugin does, without its channels: names to versions."""
    data = resolvent.ChannelData(url="https://ch.example/main", subdirs={PLATFORM: [*available, *situation.installed]})
    index = resolvent.load_index(data, platform=PLATFORM)
    translation = translate(situation)
    for _ in range(2):
        solution = resolvent.solve(
            index=index, installed=situation.installed, virtual_packages=[], **translation.arguments
        )
        lost = translation.roots - {one.name for one in solution.records}
        if not lost:
            break
        translation = translation.keeping(sorted(lost))
    return {one.name: one.version for one in solution.records}


def test_nothing_installed() -> None:
    found = translate(Situation(specs=("b", "a >=2")))
    assert found.arguments["specs"] == ["b", "a >=2"]
    assert found.arguments["mode"] == "install"
    assert not found.arguments["constraints"]


@pytest.mark.parametrize(
    ("modifier", "mode", "deps"),
    [
        ("update_specs", "update", False),
        ("specs_satisfied_skip_solve", "update", False),
        ("freeze_installed", "install", False),
        ("update_deps", "update", True),
        ("update_all", "update-all", False),
    ],
)
def test_update_modifiers(modifier: str, mode: str, deps: bool) -> None:
    found = translate(Situation(specs=("a",), installed=(record("b", "1"),), update_modifier=modifier))
    assert (found.arguments["mode"], found.arguments["update_deps"]) == (mode, deps)


@pytest.mark.parametrize(("modifier", "deps"), [("not_set", "all"), ("no_deps", "none"), ("only_deps", "only")])
def test_deps_modifiers(modifier: str, deps: str) -> None:
    assert translate(Situation(specs=("a",), deps_modifier=modifier)).arguments["deps"] == deps


@pytest.mark.parametrize("modifier", ["update_specs", "freeze_installed"])
def test_a_requested_package_moves_up_and_nothing_else(modifier: str) -> None:
    installed = (record("app", "1", "lib"), record("lib", "1"), record("other", "1"))
    available = (record("app", "2", "lib"), record("lib", "2"), record("other", "2"))
    situation = Situation(specs=("app",), installed=installed, update_modifier=modifier)
    assert solved(situation, *available) == {"app": "2", "lib": "1", "other": "1"}


def test_a_frozen_package_gives_way_where_the_request_needs_it() -> None:
    installed = (record("lib", "1"), record("user", "1", "lib"))
    situation = Situation(specs=("app",), installed=installed, update_modifier="freeze_installed")
    assert solved(situation, record("app", "1", "lib >=2"), record("lib", "2")) == {"app": "1", "lib": "2", "user": "1"}


@pytest.mark.parametrize("modifier", ["update_specs", "freeze_installed"])
@pytest.mark.parametrize("spec", ["tool 1.*", "tool", "tool ==1 h0"])
def test_what_was_asked_for_earlier_stays(modifier: str, spec: str) -> None:
    # tool 1 needs lib 1, and what is asked for now needs lib 2.
    installed = (record("tool", "1", "lib 1.*"), record("lib", "1"))
    situation = Situation(specs=("app",), installed=installed, history={"tool": spec}, update_modifier=modifier)
    with pytest.raises(resolvent.UnsatisfiableError):
        solved(situation, record("app", "1", "lib 2.*"), record("lib", "2"))


def test_only_the_build_of_an_earlier_spec_gives_way() -> None:
    installed = (record("tool", "1", "lib 1.*", build="a"), record("lib", "1"))
    situation = Situation(
        specs=("app",), installed=installed, history={"tool": "tool ==1 a"}, update_modifier="freeze_installed"
    )
    available = (record("tool", "1", "lib 2.*", build="b"), record("app", "1", "lib 2.*"), record("lib", "2"))
    assert solved(situation, *available) == {"app": "1", "lib": "2", "tool": "1"}


def test_naming_a_package_supersedes_its_earlier_spec() -> None:
    situation = Situation(specs=("tool",), installed=(record("tool", "1"),), history={"tool": "tool 1.*"})
    assert solved(situation, record("tool", "2")) == {"tool": "2"}


def test_history_of_what_is_not_there_any_more_does_not_count() -> None:
    situation = Situation(specs=("a",), installed=(record("b", "1"),), history={"gone": "gone 1.*"})
    assert solved(situation, record("a", "1"), record("gone", "1")) == {"a": "1", "b": "1"}


@pytest.mark.parametrize("modifier", ["update_specs", "freeze_installed", "update_all", "update_deps"])
def test_python_keeps_its_minor_version(modifier: str) -> None:
    installed = (record("python", "3.11.1"), record("app", "1", "python"))
    situation = Situation(specs=("app",), installed=installed, update_modifier=modifier)
    pythons = (record("python", "3.11.5"), record("python", "3.12.0"))
    assert solved(situation, *pythons)["python"].startswith("3.11.")
    if modifier == "freeze_installed":
        return  # where python may go then is another question
    named = Situation(specs=("python",), installed=installed, update_modifier=modifier)
    assert solved(named, *pythons)["python"] == "3.12.0"


def test_conda_does_not_leave_or_downgrade_its_own_environment() -> None:
    installed = (record("conda", "4.5", "lib 1.*"), record("lib", "1"))
    available = (record("conda", "4.4", "lib 0.*"), record("lib", "0"), record("app", "1", "lib 0.*"))
    for own in (True, False):
        situation = Situation(specs=("app",), installed=installed, own_base=own, update_modifier="freeze_installed")
        if own:
            with pytest.raises(resolvent.UnsatisfiableError):
                solved(situation, *available)
        else:
            assert solved(situation, *available)["conda"] == "4.4"


@pytest.mark.parametrize(
    ("auto", "offline", "version"), [(True, False, "4.6"), (False, False, "4.5"), (True, True, "4.5")]
)
def test_conda_updates_itself_where_that_is_wanted(auto: bool, offline: bool, version: str) -> None:
    situation = Situation(
        specs=("app",),
        installed=(record("conda", "4.5"),),
        history={"conda": "conda 4.5.*"},
        own_base=True,
        auto_update_conda=auto,
        offline=offline,
        update_modifier="freeze_installed",
    )
    assert solved(situation, record("conda", "4.6"), record("app", "1"))["conda"] == version


@pytest.mark.parametrize("offline", [False, True])
def test_aggressive_updates(offline: bool) -> None:
    situation = Situation(
        specs=("app",), installed=(record("openssl", "1"),), aggressive_updates=("openssl", "certifi"), offline=offline
    )
    found = solved(situation, record("openssl", "2"), record("certifi", "1"), record("app", "1"))
    assert found == {"app": "1", "openssl": "1" if offline else "2"}


def test_pins() -> None:
    installed = (record("lib", "1"), record("bare", "1"))
    situation = Situation(
        specs=("app",), installed=installed, pins=("lib 1.*", "bare", "absent"), update_modifier="update_all"
    )
    assert translate(situation).arguments["pins"] == ["lib 1.*", "bare==1=h0"]
    assert translate(Situation(pins=("lib 1.*",), ignore_pinned=True)).arguments["pins"] == []


def test_prune_forgets_what_was_asked_for_earlier() -> None:
    installed = (record("old", "1"), record("python", "3.11.1"))
    situation = Situation(specs=("app",), installed=installed, history={"old": "old"}, prune=True)
    assert solved(situation, record("app", "1", "python"), record("python", "3.12.0"))["app"] == "1"
    assert "old" not in solved(situation, record("app", "1"))


def test_only_bzip2_archives() -> None:
    assert list(translate(Situation(specs=("a",), use_only_tar_bz2=True)).arguments["deny"]) == ['*[fn="*.conda"]']


@pytest.mark.parametrize(
    ("removals", "gone"),
    [
        (("lib*",), ("liba", "libb")),
        (("liba",), ("liba",)),
        (("lib* 2",), ("libb",)),
        (("*",), ("app", "liba", "libb")),
        (("liba ==1 h1",), ()),
    ],
)
def test_removals_may_be_patterns(removals: tuple[str, ...], gone: tuple[str, ...]) -> None:
    installed = (record("app", "1", "liba"), record("liba", "1"), record("libb", "2"))
    situation = Situation(removals=removals, installed=installed)
    assert removed_names(situation) == gone
    assert not_installed(situation) == (() if gone else removals)
    assert set(left_by_force(situation)) == {"app", "liba", "libb"} - set(gone)


def test_a_removal_takes_dependents_along_and_forgets_their_specs() -> None:
    installed = (record("app", "1", "lib"), record("lib", "1"), record("other", "1"))
    situation = Situation(removals=("lib",), installed=installed, history={"app": "app", "other": "other"})
    assert solved(situation) == {"other": "1"}


def test_satisfied_skip() -> None:
    def asked(*specs: str, **more: Any) -> bool:
        return is_satisfied(
            Situation(specs=specs, installed=(record("a", "1"),), update_modifier="specs_satisfied_skip_solve", **more)
        )

    assert asked("a")
    assert asked("a 1.*", "a")
    assert not asked("a >1")
    assert not asked("b")
    assert not asked("a", prune=True)


def test_neutered() -> None:
    situation = Situation(history={"a": "a ==1 x", "b": "b 1.*", "c": "c"})
    answer = [record("a", "1", build="y"), record("b", "1.5"), record("c", "9")]
    assert neutered(situation, answer) == {"a": "a ==1"}


def test_requests_are_not_reordered() -> None:
    specs = tuple(f"p{n}" for n in (3, 1, 2))
    assert translate(Situation(specs=specs, installed=(record("x", "1"),))).arguments["specs"] == list(specs)
