"""What keeps a package from its newest version is said, in an environment and in a fresh answer."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from environment_support import write_prefix
from little_worlds import World

from conftest import Cli
from resolvent import ResolventError
from resolvent.prefix import Prefix
from resolvent.solution import held_back

CHANNEL = """
dask 1.0
dask 2.0
meta 5.2 : dask 1.0
gpu 1
gpu 2 : __cuda
x 1
x 2 : lib >=2
y 1
y 2 : lib >=2
y 3 : __cuda
lib 1.0
new 1
tied 1 : lib <2
tied 2 : lib >=1 ; nothing
"""


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path / "c", CHANNEL, "dask 1.0\nmeta 5.2 : dask 1.0\ngpu 1\nnew 1", ["meta", "gpu", "new"])


class TestHeldBack:
    def test_another_package(self, world: World) -> None:
        solution = world.solve("dask", mode="update")
        assert held_back(solution, ["dask"]) == [
            "dask 1.0 could be 2.0 0, at the price of: meta 5.2 0 -> absent (meta 5.2 needs 'dask 1.0')"
        ]

    def test_a_pin(self, world: World) -> None:
        solution = world.solve("dask", mode="update", history=["dask"], pins=["dask 1.*"])
        assert held_back(solution, ["dask"]) == ["dask 1.0 is not newer: a pin allows only dask 1.*"]

    def test_a_virtual_package(self, world: World) -> None:
        solution = world.solve("gpu", mode="update")
        assert held_back(solution, ["gpu"]) == [
            "gpu 1 is not newer: gpu 2 requires __cuda, but the target has no __cuda"
        ]

    @pytest.mark.parametrize("name", ["x", "y", "tied"])
    def test_a_dependency_that_no_record_matches(self, world: World, name: str) -> None:
        (line,) = held_back(world.solve(name, installed=None, history=[]), [name])
        assert line.startswith(f"{name} 1 is not newer: {name} ")

    def test_each_of_several(self, world: World) -> None:
        specs = ["x", "new", "y", "gpu", "x"]
        lines = held_back(world.solve(*specs, installed=None, history=[]), specs)
        assert [line.split()[0] for line in lines] == ["x", "y", "gpu"]

    @pytest.mark.parametrize("spec", ["new", "x <2", "x 1.*", "lib"])
    def test_nothing_to_say(self, world: World, spec: str) -> None:
        assert held_back(world.solve(spec, installed=None, history=[]), [spec]) == []


class TestCommandLine:
    def test_solve(self, world: World, cli: Cli) -> None:
        fixed = ("--platform", "linux-64", "--no-detect", "-c", world.source)
        done = cli("solve", "x", "--why", *fixed)
        assert "x 1 is not newer: x 2 requires lib >=2" in done.stdout
        report = json.loads(cli("solve", "x", "new", "--why", "--json", *fixed).stdout)
        assert [line.split()[0] for line in report["held_back"]] == ["x"]
        assert "held_back" not in json.loads(cli("solve", "x", "--json", *fixed).stdout)

    def test_an_update_says_it_unasked(self, world: World, cli: Cli, tmp_path: Path) -> None:
        pytest.importorskip("rattler", reason="changing environments needs the extra 'install'")
        prefix = write_prefix(tmp_path / "p", world.installed, history=["meta", "gpu"])
        fixed = ("-p", str(prefix), "--platform", "linux-64", "--no-detect", "-c", world.source, "--dry-run")
        done = cli("update", "gpu", "dask", *fixed)
        assert "gpu 2 requires __cuda" in done.stdout, done.stderr
        assert "meta 5.2 needs 'dask 1.0'" in done.stdout
        assert "meta 5.2 needs" in cli("update", "dask", "--why", *fixed).stdout
        report = json.loads(cli("update", "dask", "--json", *fixed).stdout)
        assert "meta 5.2 needs 'dask 1.0'" in report["held_back"][0]


class TestRemovalByPattern:
    INSTALLED = "libblas 1.0\nlibcblas 1.0 : libblas\nlibz 2.0\nzlib 1.0\ntop 1 : libz"

    @pytest.mark.parametrize(
        ("specs", "left"),
        [
            (["lib*blas"], {"libz", "zlib", "top"}),
            (["lib*"], {"zlib"}),
            (["lib* 2.*"], {"libblas", "libcblas", "zlib"}),
            (["*blas", "zlib"], {"libz", "top"}),
            (["libcblas"], {"libblas", "libz", "zlib", "top"}),
            (["*[build='0']"], set()),
        ],
    )
    def test_what_matches_leaves_with_what_needs_it(self, tmp_path: Path, specs: list[str], left: set[str]) -> None:
        world = World(tmp_path, "zlib 1.0", self.INSTALLED)
        assert set(world.after(*specs, mode="remove")) == left

    @pytest.mark.parametrize("spec", ["qt*", "lib* 3.*", "zlib 2.*"])
    def test_what_matches_nothing_is_not_installed(self, tmp_path: Path, spec: str) -> None:
        world = World(tmp_path, "zlib 1.0", self.INSTALLED)
        with pytest.raises(ResolventError, match="is not installed, so it cannot be removed"):
            world.solve(spec, "zlib", mode="remove")

    def test_reasons_and_earlier_requests(self, tmp_path: Path) -> None:
        world = World(tmp_path, "zlib 1.0", self.INSTALLED, ["libcblas", "zlib"])
        solution = world.solve("lib*blas", mode="remove")
        assert solution.dropped == []
        reasons = {change["name"]: change["reasons"] for change in solution.changes}
        assert reasons == {name: ["'lib*blas' is to be removed"] for name in ("libblas", "libcblas")}

    def test_only_a_removal_takes_patterns(self, tmp_path: Path) -> None:
        world = World(tmp_path, "zlib 1.0", self.INSTALLED)
        for mode in ("install", "update"):
            with pytest.raises(ResolventError, match="must be exact"):
                world.solve("z*", mode=mode)


class TestBarePins:
    def test_of_the_environment(self, tmp_path: Path) -> None:
        world = World(tmp_path / "c", "python 3.11.4\npython 3.12.1", "python 3.11.4", ["python"])
        pins = ["# mine", "python", "zlib 1.*"]
        folder = write_prefix(tmp_path / "p", world.installed, history=["python"], pins=pins)
        for prefix in (Prefix(folder), Prefix(folder, strict=True)):
            (warning,) = map(str, prefix.warnings)
            assert "pinned" in warning
            assert "line 2: the pin 'python' names no version, so it pins nothing" in warning
            assert "write 'python 3.11.*' to keep it in that series, or 'python ==3.11.4' to keep" in warning
            assert [pin.name for pin in prefix.pins] == ["python", "zlib"]
        assert world.after("python", mode="update", pins=["python"]) == {"python": "3.12.1"}
        assert world.after("python", mode="update", pins=["python 3.11.*"]) == {"python": "3.11.4"}

    @pytest.mark.parametrize(("pin", "told"), [("python", True), ("python *", True), ("python 3.11", False)])
    def test_of_the_command_line(self, tmp_path: Path, cli: Cli, pin: str, told: bool) -> None:
        world = World(tmp_path / "c", "python 3.11.4")
        done = cli("solve", "python", "--pin", pin, "--platform", "linux-64", "--no-detect", "-c", world.source)
        assert ("names no version, so it pins nothing" in done.stderr) == told, done.stderr
