"""The plugin for conda with a stand-in for conda that a recording of the real one keeps honest."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import conda_double
import pytest
from conda_double import MatchSpec, PackageRecord, World

import resolvent

sys.path.insert(0, str(Path(__file__).parents[2] / "tools"))
import record_conda

PLATFORM = "linux-64"


@pytest.fixture
def world() -> Iterator[World]:
    with conda_double.conda() as found:
        yield found


@pytest.fixture
def channel(tmp_path: Path) -> str:
    """A channel on disk; its URL."""

    def one(name: str, version: str, *depends: str, **more: Any) -> dict[str, Any]:
        return {
            "name": name,
            "version": version,
            "build": "0",
            "build_number": 0,
            "depends": list(depends),
            "subdir": PLATFORM,
            **more,
        }

    records = [
        one("lib", "1.0"),
        one("lib", "2.0", timestamp=86_400_000),
        one("app", "1.0", "lib"),
        one("app", "2.0", "lib >=2", timestamp=86_400_000),
        one("tool", "1.0", "lib <2"),
        one("gpu", "1.0", "__cuda >=12"),
    ]
    named = {f"{r['name']}-{r['version']}-{r['build']}.conda": r for r in records}
    for subdir, content in ((PLATFORM, named), ("noarch", {})):
        (tmp_path / "main" / subdir).mkdir(parents=True)
        repodata = json.dumps({"info": {"subdir": subdir}, "packages": {}, "packages.conda": content})
        (tmp_path / "main" / subdir / "repodata.json").write_text(repodata)
    return f"file://{tmp_path}/main"


def solver(channel: str, *specs: str, remove: tuple[str, ...] = (), prefix: str = "/env", **more: Any) -> Any:
    backend = conda_double.plugin("solver").ResolventSolver
    return backend(prefix, [channel], (), specs_to_add=specs, specs_to_remove=remove, **more)


def versions(records: Any) -> dict[str, str]:
    return {record.name: record.version for record in records}


def installed(channel: str, *packages: tuple[str, str, tuple[str, ...]]) -> list[PackageRecord]:
    return [
        PackageRecord(
            name=name,
            version=version,
            build="0",
            build_number=0,
            subdir=PLATFORM,
            depends=depends,
            channel=f"{channel}/{PLATFORM}",
            fn=f"{name}-{version}-0.conda",
        )
        for name, version, depends in packages
    ]


def test_the_recording_has_all_that_the_plugin_imports() -> None:
    # Names of other versions of conda are imported where their absence is caught.
    other_versions: set[tuple[str, str]] = set()
    for module, names in record_conda.used().items():
        recorded = conda_double.RECORDING["modules"].get(module)
        assert recorded is not None, f"{module} is not in the recording"
        assert {(module, name) for name in names - set(recorded)} <= other_versions
    assert record_conda.settings() <= set(conda_double.RECORDING["context"]) | {"plugins"}


def test_the_stand_in_says_nothing_that_conda_does_not() -> None:
    conda_double.modules()


def test_create(world: World, channel: str) -> None:
    asked = solver(channel, "app")
    answer = asked.solve_final_state()
    assert [record.name for record in answer] == ["lib", "app"]
    assert versions(answer) == {"app": "2.0", "lib": "2.0"}
    app = answer[1]
    assert app.url == f"{channel}/{PLATFORM}/app-2.0-0.conda"
    assert app.fn == "app-2.0-0.conda"
    assert (app.channel.base_url, app.channel.platform) == (channel, PLATFORM)
    assert len(world.spinners) == 2


def test_what_stays_is_the_installed_record_itself(world: World, channel: str) -> None:
    world.installed = installed(channel, ("lib", "1.0", ()))
    answer = solver(channel, "tool").solve_final_state(update_modifier="freeze_installed")
    assert answer[0] is world.installed[0]
    assert versions(answer) == {"lib": "1.0", "tool": "1.0"}


def test_records_of_pip_are_kept_and_not_asked_about(world: World, channel: str) -> None:
    pypi = PackageRecord(name="requests", version="2", build="pypi_0", build_number=0, is_unmanageable=True)
    world.installed = [pypi]
    answer = solver(channel, "lib").solve_final_state()
    assert set(versions(answer)) == {"lib", "requests"}
    assert pypi in answer


def test_remove(world: World, channel: str) -> None:
    world.installed = installed(channel, ("lib", "1.0", ()), ("tool", "1.0", ("lib <2",)))
    world.history = {"tool": MatchSpec("tool")}
    assert versions(solver(channel, remove=("tool",)).solve_final_state()) == {}
    assert versions(solver(channel, remove=("lib",)).solve_final_state(force_remove=True)) == {"tool": "1.0"}


@pytest.mark.parametrize("force", [False, True])
def test_removing_what_is_not_there(world: World, channel: str, force: bool) -> None:
    world.installed = installed(channel, ("lib", "1.0", ()))
    with pytest.raises(conda_double.PackagesNotFoundInPrefixError) as caught:
        solver(channel, remove=("lib", "nothing*")).solve_final_state(force_remove=force)
    assert [str(spec) for spec in caught.value.packages] == ["nothing*"]
    assert caught.value.allow_retry is False  # type: ignore[attr-defined]


def test_satisfied_specs_need_no_channel(world: World) -> None:
    world.installed = installed("file:///gone", ("lib", "1.0", ()))
    asked = solver("file:///gone", "lib")
    assert versions(asked.solve_final_state(update_modifier="specs_satisfied_skip_solve")) == {"lib": "1.0"}
    assert world.spinners == []


def test_no_such_package(world: World, channel: str) -> None:
    with pytest.raises(conda_double.PackagesNotFoundInChannelsError) as caught:
        solver(channel, "ap", "lib").solve_final_state()
    assert [str(spec) for spec in caught.value.packages] == ["ap"]
    hints = list(conda_double.plugin("plugin").conda_error_hints(caught.value))
    assert any("app" in hint.text for hint in hints)
    json.dumps(caught.value.conflict)  # type: ignore[attr-defined]


def test_a_conflict(world: World, channel: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["conda", "create", "-n", "x", "tool", "lib=2.0"])
    with pytest.raises(conda_double.UnsatisfiableError) as caught:
        solver(channel, "tool", "lib=2.0").solve_final_state()
    error: Any = caught.value
    assert error.allow_retry is False
    assert "tool" in str(error)
    assert "lib" in str(error)
    assert "resolvent " not in str(error)
    # All public attributes are printed by `--json`.
    json.dumps({key: value for key, value in vars(error).items() if not key.startswith("_")})
    texts = [hint.text for hint in conda_double.plugin("plugin").conda_error_hints(error)]
    assert any("conda create -n x tool" in text for text in texts), texts
    codes = [hint.hint_code for hint in conda_double.plugin("plugin").conda_error_hints(error)]
    assert len(set(codes)) == len(codes)


def test_an_earlier_request_is_called_that(world: World, channel: str) -> None:
    world.installed = installed(channel, ("lib", "1.0", ()), ("tool", "1.0", ("lib <2",)))
    world.history = {"tool": MatchSpec("tool")}
    for modifier in ("update_specs", "freeze_installed"):
        with pytest.raises(conda_double.UnsatisfiableError) as caught:
            solver(channel, "lib=2.0").solve_final_state(update_modifier=modifier)
        assert "asked for earlier" in str(caught.value)
        assert "constraint" not in str(caught.value)


def test_a_pin_against_the_request(world: World, channel: str) -> None:
    world.pins = [MatchSpec("lib 1.*")]
    with pytest.raises(conda_double.SpecsConfigurationConflictError) as caught:
        solver(channel, "lib=2.0").solve_final_state()
    assert caught.value.allow_retry is False  # type: ignore[attr-defined]
    assert versions(solver(channel, "lib=2.0").solve_final_state(ignore_pinned=True)) == {"lib": "2.0"}
    assert versions(solver(channel, "app").solve_final_state()) == {"app": "1.0", "lib": "1.0"}


@pytest.mark.parametrize("spec", ["lib >=", "lib[nonsense=1]", "*[track_features=mkl]"])
def test_bad_input_is_an_error_of_conda(world: World, channel: str, spec: str) -> None:
    with pytest.raises((conda_double.CondaError, resolvent.InvalidMatchSpec)):
        solver(channel, spec).solve_final_state()


def test_damaged_repodata_is_an_error_of_conda(world: World, channel: str) -> None:
    Path(channel.removeprefix("file://"), PLATFORM, "repodata.json").write_text("{")
    with pytest.raises(conda_double.CondaError, match="repodata"):
        solver(channel, "lib").solve_final_state()


def test_virtual_packages_are_those_of_conda(world: World, channel: str) -> None:
    with pytest.raises(conda_double.CondaError, match="__cuda"):
        solver(channel, "gpu").solve_final_state()
    world.virtual = [PackageRecord(name="__cuda", version="12.6", build="0", build_number=0)]
    assert versions(solver(channel, "gpu").solve_final_state()) == {"gpu": "1.0"}


def test_a_weaker_earlier_spec_is_written_to_the_history(world: World, channel: str) -> None:
    world.installed = installed(channel, ("tool", "1.0", ("lib <2",)), ("lib", "1.0", ()))
    world.history = {"tool": MatchSpec("tool ==1.0 other")}
    asked = solver(channel, "app")
    asked.solve_final_state(update_modifier="freeze_installed")
    assert [str(spec) for spec in asked.neutered_specs] == ["tool ==1.0"]


def test_credentials_come_back_on_the_way_out(world: World) -> None:
    records = conda_double.plugin("records")
    record = resolvent.PackageRecord.from_dict(
        {
            "name": "a",
            "version": "1",
            "build": "0",
            "build_number": 0,
            "subdir": PLATFORM,
            "channel": "https://host.example/ch",
            "url": f"https://host.example/ch/{PLATFORM}/a-1-0.conda",
            "fn": "a-1-0.conda",
        }
    )
    for written, expected in (
        ("https://host.example/t/tk-123/ch", f"https://host.example/t/tk-123/ch/{PLATFORM}/a-1-0.conda"),
        ("https://me:pw@host.example/ch", f"https://me:pw@host.example/ch/{PLATFORM}/a-1-0.conda"),
        ("https://host.example/ch", f"https://host.example/ch/{PLATFORM}/a-1-0.conda"),
    ):
        channels = {"https://host.example/ch": conda_double.Channel(written)}
        assert records.to_conda(record, channels).url == expected


@pytest.mark.parametrize("added", [False, True])
def test_pip_is_a_dependency_of_python_where_conda_says_so(world: World, tmp_path: Path, added: bool) -> None:
    folder = tmp_path / "main" / PLATFORM
    folder.mkdir(parents=True)
    common = {"build": "0", "build_number": 0, "depends": []}
    records = {
        "python-3.12-0.conda": {"name": "python", "version": "3.12", **common},
        "pip-24-0.conda": {"name": "pip", "version": "24", **common, "depends": ["python"]},
    }
    (folder / "repodata.json").write_text(json.dumps({"packages.conda": records}))
    (tmp_path / "main" / "noarch").mkdir()
    (tmp_path / "main" / "noarch" / "repodata.json").write_text("{}")
    world.settings["add_pip_as_python_dependency"] = added
    answer = solver(f"file://{tmp_path}/main", "python").solve_final_state()
    assert set(versions(answer)) == ({"python", "pip"} if added else {"python"})
    python = next(record for record in answer if record.name == "python")
    assert list(python.depends) == (["pip"] if added else [])


def at(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, timezone.utc)


def test_cutoffs_by_conda_s_own_selectors() -> None:
    with conda_double.conda():

        class Rule:
            def __init__(self, word: str, cutoff: float | None) -> None:
                self.word, self.cutoff = word, cutoff

            def matches(self, record: dict[str, str]) -> bool:
                return self.word in record["channel"]

        class Policy:
            active = True
            global_cutoff = 10.0
            channel_cutoffs = (Rule("one", 1.0), Rule("o", None))
            package_cutoffs = {"lib": 3.5}  # noqa: RUF012

        found = conda_double.plugin("reading").cutoffs_of(Policy, ["https://h/one", "https://h/xxx"])
        assert found == {"*": at(10), "channels": {"https://h/one": None}, "packages": {"lib": at(3.5)}}


def test_capabilities_survive_the_subclass_that_conda_makes(world: World) -> None:
    backend = conda_double.plugin("solver").ResolventSolver
    made = type("Partial", (backend,), {})
    for flag in ("global", "channel", "package"):
        assert getattr(made, f"supports_exclude_newer_{flag}") is True


def test_adding_and_removing_at_once_is_refused(world: World, channel: str) -> None:
    with pytest.raises(ValueError, match="only one of"):
        solver(channel, "app", remove=("lib",))


def test_the_small_repodata_is_not_tried_first(world: World, channel: str) -> None:
    assert solver(channel, "app", repodata_fn="current_repodata.json")._repodata_fn == "repodata.json"
    world.settings["collect_all"] = lambda: {"file": {"repodata_fns": ["current_repodata.json"]}}
    assert solver(channel, "app", repodata_fn="current_repodata.json")._repodata_fn == "current_repodata.json"


def test_shards_become_repodata(world: World) -> None:
    class Shards:
        base_url = "https://cdn.example/pkgs/"

        def iter_records_v3(self) -> Iterator[tuple[tuple[str, str], dict[str, Any]]]:
            common = {"name": "a", "version": "1", "build": "0", "build_number": 0, "depends": []}
            yield ("a-1-0.conda", "packages.conda"), {**common, "sha256": b"\x01\x02"}
            yield ("a-1-0.tar.bz2", "packages"), common
            yield ("a-2-0", "v3.conda"), {**common, "version": "2"}

    text = conda_double.plugin("channels").shard_repodata(Shards())
    data = resolvent.ChannelData(url="https://h.example/ch", subdirs={PLATFORM: text})
    index = resolvent.load_index(data, platform=PLATFORM)
    assert len(index) == 3
    record = resolvent.solve(["a"], index=index, virtual_packages=[]).records[0]
    assert (record.version, record.url) == ("2", "https://cdn.example/pkgs/a-2-0.conda")


def test_hooks(world: World) -> None:
    plugin = conda_double.plugin("plugin")
    assert [one.name for one in plugin.conda_solvers()] == ["resolvent"]
    assert [one.name for one in plugin.conda_subcommands()] == ["resolvent"]
    (check,) = plugin.conda_health_checks()
    assert check.fixer is not None
    strategy, timeout = plugin.conda_settings()
    assert strategy.parameter.validation("lowest") is True
    assert "lowest-direct" in strategy.parameter.validation("low")
    assert "zero or more" in timeout.parameter.validation(-1)
    assert list(plugin.conda_error_hints(ValueError())) == []


def test_health() -> None:
    from resolvent.integrations.conda.health import broken

    def one(name: str, version: str, *depends: str, constrains: tuple[str, ...] = ()) -> dict[str, Any]:
        fields = {"name": name, "version": version, "build": "0", "build_number": 0}
        return {**fields, "depends": list(depends), "constrains": list(constrains)}

    whole = [one("a", "1", "b >=1", "__glibc >=2"), one("b", "1")]
    assert broken(whole) == []
    assert broken(whole, [one("__glibc", "1.9")]) == [("a", "__glibc >=2", "1.9 0 is installed")]
    assert broken([one("a", "1", "b >=2", "c"), one("b", "1", constrains=("a 2", "d 1"))]) == [
        ("a", "b >=2", "1 0 is installed"),
        ("a", "c", "not installed"),
        ("b", "a 2", "1 0 is installed"),
    ]


def test_what_conda_loads_with_every_command_does_not_load_the_library(tmp_path: Path) -> None:
    script = """
import sys
import conda_double
with conda_double.conda():
    for name in [name for name in sys.modules if name.split(".")[0] == "resolvent"]:
        del sys.modules[name]
    plugin = conda_double.plugin("plugin")
    solvers, (command,) = list(plugin.conda_solvers()), list(plugin.conda_subcommands())
    import argparse
    parser = argparse.ArgumentParser()
    command.configure_parser(parser)
    for line in ("why a", "why-not 'a >1'", "fixes a b", "outdated --json"):
        parser.parse_args(__import__("shlex").split(line))
    list(plugin.conda_health_checks()), list(plugin.conda_settings()), list(plugin.conda_error_hints(ValueError()))
    print([name for name in sys.modules if name.split(".")[0] == "resolvent"])
"""
    import subprocess

    paths = [str(Path(resolvent.__file__).parents[1]), str(Path(conda_double.__file__).parent)]
    done = subprocess.run(
        [sys.executable, "-c", f"import sys; sys.path[:0] = {paths!r}\n{script}"],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
    )
    assert done.stdout.strip() == "[]", done.stderr
