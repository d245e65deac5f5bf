"""Environments that do not agree with themselves or with their channel: patched metadata, forced removals."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

import pytest
from little_worlds import World

import resolvent
from conftest import write_subdir
from resolvent import Solution

CHANNEL = """
app 1.0 : lib <2
lib 1.0
lib 2.0
other 1.0
"""
BROKEN = "app 1.0 was broken before: it needs 'lib <2', and lib is 2.0"
#: Ways to the same broken environment: what conda-meta says of app.
SIDES = {"both": "app 1.0 : lib <2\nlib 2.0", "channel": "app 1.0 : lib\nlib 2.0", "no word": "app 1.0\nlib 2.0"}


def reasons(solution: Solution, name: str) -> list[str]:
    (found,) = (change["reasons"] for change in solution.changes if change["name"] == name)
    return list(found)


def touched(solution: Solution) -> set[str]:
    return {change["name"] for change in solution.changes}


@pytest.mark.parametrize("side", SIDES)
class TestOneBrokenDependency:
    @pytest.fixture
    def world(self, side: str, tmp_path: Path) -> World:
        return World(tmp_path, CHANNEL, SIDES[side], ["app"])

    @pytest.mark.parametrize("options", [{}, {"freeze_installed": True}, {"mode": "update"}, {"prune": True}])
    def test_what_is_far_from_it_leaves_it_alone(self, world: World, options: dict[str, Any]) -> None:
        solution = world.solve("other", **options)
        assert touched(solution) == {"other"}
        assert solution.exempt == [BROKEN]

    @pytest.mark.parametrize(
        ("specs", "options"),
        [
            (["app"], {}),
            (["app"], {"mode": "update"}),
            (["app"], {"mode": "update", "update_deps": True}),
            (["lib"], {}),
            (["lib"], {"mode": "update"}),
            (["other", "app"], {}),
            ([], {"mode": "update-all"}),
        ],
    )
    @pytest.mark.parametrize("history", [["app"], ["app", "lib"], ["app", "lib >=1"], []])
    def test_what_names_or_updates_it_mends_it(
        self, world: World, specs: list[str], options: dict[str, Any], history: list[str]
    ) -> None:
        solution = world.solve(*specs, history=history, **options)
        assert {entry.name: entry.version for entry in solution}["lib"] == "1.0"
        assert solution.exempt == []
        assert reasons(solution, "lib") == ["app 1.0 needs 'lib <2'"]

    def test_a_removal_of_something_else_leaves_it_alone(self, world: World) -> None:
        world.history.append("other")
        world.installed.append(world.solve("other").records[-1])
        assert world.after("other", mode="remove") == {"app": "1.0", "lib": "2.0"}

    def test_its_removal_takes_what_only_it_named(self, world: World) -> None:
        assert world.after("app", mode="remove") == {}

    def test_check_finds_a_plan_wrong_that_unlinks_what_stays_to_be_named(self, world: World) -> None:
        for mode in ("install", "update-all"):
            assert world.judge(["app"], mode=mode) == ["lib is unlinked, and app 1.0 0, which stays, names it"]
        assert world.judge(["app", "lib"]) == []


class TestDeeper:
    def test_a_chain_is_mended_from_its_top(self, tmp_path: Path) -> None:
        channel = "app 1.0 : mid\nmid 1.0 : lib <2\nlib 1.0 : deep 1.*\nlib 2.0 : deep 2.*\ndeep 1.0\ndeep 2.0\nother 1"
        world = World(tmp_path, channel, "app 1.0 : mid\nmid 1.0 : lib <2\nlib 2.0 : deep 2.*\ndeep 2.0", ["app"])
        assert touched(world.solve("other")) == {"other"}
        for specs, mode in ((["app"], "install"), (["mid"], "update"), ([], "update-all")):
            after = world.after(*specs, mode=mode)
            assert after == {"app": "1.0", "mid": "1.0", "lib": "1.0", "deep": "1.0"}

    def test_what_lacks_a_package_is_mended_by_its_name(self, tmp_path: Path) -> None:
        world = World(tmp_path, CHANNEL, "app 1.0 : lib <2", ["app"])
        assert world.after("lib") == {"app": "1.0", "lib": "1.0"}
        assert world.after("app") == {"app": "1.0", "lib": "1.0"}
        left = world.solve("other")
        assert touched(left) == {"other"}
        assert left.exempt == ["app 1.0 was broken before: it needs 'lib <2', and lib is not installed"]

    def test_what_cannot_be_mended_stays(self, tmp_path: Path) -> None:
        world = World(tmp_path, "app 1.0 : lib <1\nlib 1.0\nlib 2.0", "app 1.0 : lib <1\nlib 2.0", ["app"])
        for specs, mode in ((["app"], "install"), (["app"], "update"), ([], "update-all"), (["lib"], "update")):
            solution = world.solve(*specs, mode=mode)
            assert touched(solution) == set()
            assert len(solution.exempt) == 1

    def test_an_explicit_version_wins_over_mending(self, tmp_path: Path) -> None:
        world = World(tmp_path, CHANNEL, "app 1.0 : lib <2", ["app"])
        assert world.after("lib 2.*") == {"app": "1.0", "lib": "2.0"}

    def test_mending_is_no_removal(self, tmp_path: Path) -> None:
        channel = "app 1.0 : lib <1\nlib 2.0\ntop 1.0\n"
        world = World(tmp_path, channel, "app 1.0 : lib <1\nlib 2.0\ntop 1.0", ["top"])
        # Nothing needs app and lib; they stay as they were, and what is named stays with what names it.
        assert world.after("lib") == {"app": "1.0", "lib": "2.0", "top": "1.0"}
        assert world.after("top", prune=True) == {"top": "1.0"}

    def test_constraints_are_mended_too(self, tmp_path: Path) -> None:
        channel = "app 1.0 : ! lib <2\nlib 1.0\nlib 2.0\nother 1.0"
        world = World(tmp_path, channel, "app 1.0\nlib 2.0", ["app", "lib"])
        assert world.solve("other").exempt == ["app 1.0 was broken before: it allows only 'lib <2', and lib is 2.0"]
        assert world.after("app") == {"app": "1.0", "lib": "1.0"}

    def test_a_missing_virtual_package_is_told_of_the_target(self, tmp_path: Path) -> None:
        world = World(tmp_path, "gpu 1.0 : __cuda\nother 1.0", "gpu 1.0 : __cuda", ["gpu"])
        assert world.solve("other").exempt == [
            "gpu 1.0 was broken before: it needs '__cuda', and the target has no __cuda"
        ]

    def test_a_spec_that_cannot_be_read(self, tmp_path: Path) -> None:
        world = World(tmp_path, "other 1.0", "app 1.0 : ! lib >=1.0[build=\nlib 2.0", ["app", "lib"])
        assert world.solve("other").exempt == ["app 1.0 was broken before: 'lib >=1.0[build=' cannot be read"]
        assert world.after("app", "other") == {"app": "1.0", "lib": "2.0", "other": "1.0"}


PIP = """
python 3.11.1
python 3.11.2
pip 23.0 : python; setuptools
setuptools 68 : python
numpy 1.24 : python >=3.11,<3.12.0a0
numpy 1.25 : python >=3.11,<3.12.0a0
"""
INSTALLED = "python 3.11.1 : pip\n" + "\n".join(PIP.strip().splitlines()[2:5])


class TestNamedOnOneSide:
    """What only conda-meta, or only the channel, names stays while the record that names it does."""

    @pytest.mark.parametrize("channel", ["app 1.0", "app 1.0 : lib"], ids=["prefix only", "channel only"])
    @pytest.mark.parametrize("options", [{}, {"freeze_installed": True}, {"mode": "update"}, {"prune": True}])
    def test_every_mode(self, tmp_path: Path, channel: str, options: dict[str, Any]) -> None:
        installed = "app 1.0\nlib 1.0" if channel.endswith("lib") else "app 1.0 : lib\nlib 1.0"
        world = World(tmp_path, f"{channel}\nlib 1.0\nother 1.0", installed, ["app"])
        assert touched(world.solve("other", **options)) == {"other"}
        assert touched(world.solve(mode="update-all")) == set()
        assert touched(world.solve("app", mode="update")) == set()

    def test_conda_adds_pip_to_python(self, tmp_path: Path) -> None:
        keys = {name: {"noarch": "python"} for name in ("pip", "setuptools")}
        world = World(tmp_path, PIP, INSTALLED, ["python=3.11", "numpy"], keys=keys)
        everything = {"python", "pip", "setuptools", "numpy"}
        assert set(world.after("numpy=1.25")) == everything
        assert set(world.after("numpy", mode="update")) == everything
        assert set(world.after("numpy", mode="remove")) == everything - {"numpy"}
        # A removal of what the channel's python does not require takes no python.
        assert set(world.after("pip", mode="remove")) == {"python", "numpy"}
        assert set(world.after("setuptools", mode="remove")) == {"python", "numpy"}

    def test_a_name_goes_with_the_record_that_named_it(self, tmp_path: Path) -> None:
        channel = "app 1.0\napp 2.0\nlib 1.0\n"
        world = World(tmp_path, channel, "app 1.0 : lib\nlib 1.0", ["app"])
        solution = world.solve("app", mode="update")
        assert {entry.name for entry in solution} == {"app"}
        assert reasons(solution, "lib") == ["no longer needed"]


class TestReasons:
    def test_of_the_record_that_counts(self, tmp_path: Path) -> None:
        channel = "app 1.0 : lib <2\nlib 1.0\nlib 2.0\nneed 1 : lib >=2"
        world = World(tmp_path, channel, "app 1.0 : lib\nlib 1.0", ["app"])
        assert reasons(world.solve("need"), "app") == ["it needs 'lib <2', and lib is 2.0"]

    def test_effects_are_no_causes(self, tmp_path: Path) -> None:
        channel = "tool 1 : h\ntool 2\nh 1 : hp\nhp 1 : hq\nhq 1"
        world = World(tmp_path, channel, "tool 1 : h\nh 1 : hp\nhp 1 : hq\nhq 1", ["tool"])
        solution = world.solve("tool", mode="update")
        assert reasons(solution, "tool") == []
        assert all(reasons(solution, name) == ["no longer needed"] for name in ("h", "hp", "hq"))

    def test_what_is_kept_out_is_one(self, tmp_path: Path) -> None:
        channel = "app 1 : h\nh 1 : z <2\nz 1\nz 2\nneed 1 : z 2.*"
        world = World(tmp_path, channel, "app 1 : h\nh 1 : z <2\nz 1", ["app"])
        solution = world.solve("need")
        assert reasons(solution, "app") == ["it needs 'h', which cannot stay"]
        assert reasons(solution, "h") == ["it needs 'z <2', and z is 2"]
        assert reasons(solution, "z") == ["need 1 needs 'z 2.*'"]


class TestDuplicates:
    """Two records of one name: the first counts."""

    INSTALLED = "app 1.0 : lib\nlib 2.0\nlib 1.0"

    def test_left_alone_and_told(self, tmp_path: Path) -> None:
        world = World(tmp_path, CHANNEL.replace("lib <2", "lib"), self.INSTALLED, ["app"])
        solution = world.solve("other")
        assert touched(solution) == {"other"}
        assert solution.exempt == ["lib was installed twice before: 2.0 counts, 1.0 0 is left as it is"]

    @pytest.mark.parametrize(
        ("specs", "mode", "linked"),
        [(["lib"], "install", ["lib"]), ([], "update-all", []), (["lib"], "update", ["lib"]), (["app"], "remove", [])],
    )
    def test_mended_with_the_name(self, tmp_path: Path, specs: list[str], mode: str, linked: list[str]) -> None:
        world = World(tmp_path, CHANNEL.replace("lib <2", "lib"), self.INSTALLED, ["app"])
        solution = world.solve(*specs, mode=mode)
        assert [entry.name for entry in solution.transaction.link] == linked
        gone = [entry.version for entry in solution.transaction.unlink if entry.name == "lib"]
        assert sorted(gone) == (["1.0", "2.0"] if linked or mode == "remove" else [])

    def test_the_same_record_twice_is_one(self, tmp_path: Path) -> None:
        world = World(tmp_path, CHANNEL, "lib 2.0\nlib 2.0", ["lib"])
        assert touched(world.solve("lib", mode="update")) == set()


class TestSitePackages:
    """CEP 17: noarch python packages are linked again when the folder that python looks into is another."""

    CHANNEL = """
        python 3.13.1 h_100_cp313_0
        python 3.13.1 h_0_cp313t_1
        python 3.12.9 h_0_cp312_0
        gil 1.0 : python 3.13.1 h_100_cp313_0
        free 1.0 : python 3.13.1 h_0_cp313t_1
        old 1.0 : python 3.12.*
        pure 1.0 : python
        data 1.0
    """
    KEYS: ClassVar = {"pure": {"noarch": "python"}, "data": {"noarch": "generic"}}

    @pytest.mark.parametrize(
        ("before", "after", "moves"),
        [
            ("lib/python3.13/site-packages", "lib/python3.13t/site-packages", True),
            (None, "lib/python3.13t/site-packages", True),
            ("lib/python3.13t/site-packages", None, True),
            (None, "lib/python3.13/site-packages", False),
            ("lib/python3.13/site-packages", None, False),
            ("lib/python3.13/site-packages/", "lib/python3.13/site-packages", False),
        ],
    )
    def test_paths(self, tmp_path: Path, before: str | None, after: str | None, moves: bool) -> None:
        world = World(tmp_path, self.CHANNEL, keys=self.KEYS)
        entries = {entry["build"]: entry for entry in world.entries if entry["name"] == "python"}
        for build, path in (("h_100_cp313_0", before), ("h_0_cp313t_1", after)):
            if path is not None:
                entries[build]["python_site_packages_path"] = path
        world = _again(world, tmp_path / "again")
        installed = world.session.solve(["gil", "pure", "data"]).records
        solution = world.solve("free", installed=installed, history=["pure", "data"])
        linked = {entry.name for entry in solution.transaction.link}
        assert "python" in linked
        assert ("pure" in linked) == moves
        assert "data" not in linked
        if moves:
            folder = after or "lib/python3.13/site-packages"
            assert reasons(solution, "pure") == [f"python's site-packages folder moves to {folder}"]

    def test_another_minor_version(self, tmp_path: Path) -> None:
        world = World(tmp_path, self.CHANNEL, keys=self.KEYS)
        installed = world.session.solve(["gil", "pure", "data"]).records
        solution = world.solve("old", installed=installed, history=["pure", "data"])
        assert reasons(solution, "pure") == ["python's minor version changes"]


def _again(world: World, folder: Path) -> World:
    """Return a world of the same records, as they are now."""
    for subdir in ("linux-64", "noarch"):
        write_subdir(folder, [entry for entry in world.entries if entry["subdir"] == subdir], subdir)
    world.index = resolvent.load_index([f"channel={folder}"], platform="linux-64")
    world.session = resolvent.Session(world.index, virtual_packages=[])
    return world
