"""Reading environments: what conda, mamba and pixi leave in `conda-meta`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from environment_support import write_prefix

from conftest import record
from resolvent import MatchSpec, PackageRecord, ResolventError
from resolvent.prefix import InvalidPrefix, NotAnEnvironment, Prefix, PrefixError
from resolvent.prefix.history import parse_blocks, requested_specs, split_old_list


def names(records: list[PackageRecord]) -> list[str]:
    return [entry.name for entry in records]


def specs(*texts: str) -> list[MatchSpec]:
    return [MatchSpec(text) for text in texts]


class TestRecords:
    def test_an_empty_environment(self, tmp_path: Path) -> None:
        prefix = Prefix(write_prefix(tmp_path))
        assert (len(prefix), prefix.records, prefix.history, prefix.pins, prefix.warnings) == (0, [], [], [], [])
        assert not prefix.frozen

    def test_records_are_sorted_by_name_and_hold_the_fields(self, tmp_path: Path) -> None:
        app = record("app", "2.0", "h1_3", depends=["lib >=1"], constrains=["old <2"], timestamp=1_700_000_000_000)
        prefix = Prefix(write_prefix(tmp_path, [record("lib"), app]), strict=True)
        assert names(prefix.records) == ["app", "lib"]
        assert list(prefix) == prefix.records
        installed = prefix.get("app")
        assert installed is not None
        assert (installed.version, installed.build, installed.build_number) == ("2.0", "h1_3", 3)
        assert (installed.depends, installed.constrains) == (["lib >=1"], ["old <2"])
        assert installed.timestamp == 1_700_000_000_000
        assert prefix.get("absent") is None
        assert "2 packages" in repr(prefix)

    @pytest.mark.parametrize(
        "channel",
        [
            "conda-forge",
            "https://conda.anaconda.org/conda-forge",
            "https://conda.anaconda.org/conda-forge/",
            "https://conda.anaconda.org/conda-forge/linux-64",
            "https://conda.anaconda.org/conda-forge/noarch",
        ],
    )
    def test_every_spelling_of_a_channel_is_one_channel(self, tmp_path: Path, channel: str) -> None:
        data = {**record("app"), "channel": channel}
        (installed,) = Prefix(write_prefix(tmp_path, [data]), strict=True).records
        assert (installed.channel, installed.subdir) == ("conda-forge", "linux-64")
        assert installed.url == "https://conda.anaconda.org/conda-forge/linux-64/app-1.0-0.conda"

    def test_the_channel_is_taken_from_the_url_if_need_be(self, tmp_path: Path) -> None:
        url = "https://conda.anaconda.org/bioconda/noarch/app-1.0-0.tar.bz2"
        data = {"name": "app", "version": "1.0", "build": "0", "build_number": 0, "url": url}
        folder = write_prefix(tmp_path)
        (folder / "conda-meta" / "app-1.0-0.json").write_text(json.dumps(data))
        (installed,) = Prefix(folder, strict=True).records
        assert (installed.channel, installed.subdir, installed.fn) == ("bioconda", "noarch", "app-1.0-0.tar.bz2")

    @pytest.mark.parametrize(
        ("key", "written", "expected"),
        [
            ("build_number", "7", 7),
            ("timestamp", 1_500_000_000, 1_500_000_000_000),
            ("timestamp", 1_500_000_000_123.0, 1_500_000_000_123),
            ("size", "12", 12),
            ("size", "", None),
            ("depends", None, []),
            ("track_features", "mkl, nomkl", ["mkl", "nomkl"]),
            ("noarch", True, "generic"),
            ("noarch", False, None),
        ],
    )
    def test_odd_values_of_old_installers(self, tmp_path: Path, key: str, written: Any, expected: Any) -> None:
        (installed,) = Prefix(write_prefix(tmp_path, [{**record("app"), key: written}]), strict=True).records
        assert getattr(installed, key) == expected

    @pytest.mark.parametrize(
        "keys", [{"channel": "pypi"}, {"subdir": "pypi"}, {"package_type": "virtual_python_wheel", "channel": "pypi"}]
    )
    def test_what_pip_installed_is_kept_apart(self, tmp_path: Path, keys: dict[str, str]) -> None:
        prefix = Prefix(write_prefix(tmp_path, [record("app"), {**record("wheel"), **keys}]), strict=True)
        assert names(prefix.records) == ["app"]
        assert names(prefix.unmanageable) == ["wheel"]

    def test_what_pip_installed_beside_the_conda_package(self, tmp_path: Path) -> None:
        folder = write_prefix(tmp_path, [record("app"), {**record("app", "2.0", "pypi_0"), "channel": "pypi"}])
        prefix = Prefix(folder, strict=True)
        assert [entry.version for entry in prefix.records] == ["1.0"]
        assert [entry.version for entry in prefix.unmanageable] == ["2.0"]

    def test_nothing_is_written(self, tmp_path: Path) -> None:
        folder = write_prefix(tmp_path, [record("app")], history=["app"], pins=["app 1.*"])
        before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
        Prefix(folder)
        assert before == {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


class TestHistory:
    def test_the_last_request_counts(self, tmp_path: Path) -> None:
        folder = write_prefix(tmp_path, [record("app"), record("lib"), record("tool")])
        (folder / "conda-meta" / "history").write_text(
            "# update specs: ['lib']\n"
            "==> 2026-01-01 00:00:00 <==\n# cmd: conda create app lib\n# update specs: ['app', 'lib >=1', 'gone']\n"
            "==> 2026-01-02 00:00:00 <==\n# cmd: conda install\n# install specs: [\"app[version='1.*']\"]\n"
            "==> 2026-01-03 00:00:00 <==\n# cmd: conda remove lib\n# remove specs: ['lib']\n"
            "==> 2026-01-04 00:00:00 <==\n# update specs: ['tool']\n"
            "==> 2026-01-05 00:00:00 <==\n+conda-forge/linux-64::tool-1.0-0\n"
        )
        prefix = Prefix(folder, strict=True)
        assert [(spec.name, spec.version) for spec in prefix.history] == [("app", "1.*")]

    def test_neutered_specs_override(self, tmp_path: Path) -> None:
        folder = write_prefix(tmp_path, [record("app"), record("lib")])
        (folder / "conda-meta" / "history").write_text(
            "==> 1 <==\n# cmd: x\n# update specs: ['lib 1.0 0']\n"
            "==> 2 <==\n# cmd: x\n# update specs: ['app']\n# neutered specs: ['lib >=1']\n"
        )
        assert Prefix(folder).history == specs(*["lib >=1", "app"])

    def test_lists_of_old_conda(self) -> None:
        assert split_old_list("numpy >=1,<2,scipy,a=1,!=1.1") == ["numpy >=1,<2", "scipy", "a=1,!=1.1"]
        text = "==> 1 <==\n# cmd: x\n# create specs: numpy >=1,<2, scipy,mkl@\n"
        assert requested_specs(text, lambda spec: spec.split()[0], pytest.fail) == {
            "numpy": "numpy >=1,<2",
            "scipy": "scipy",
        }

    @pytest.mark.parametrize(
        "line",
        ["['a', ", "[open('x')]", "[1, 2]", "['a', None]", "[" * 5_000, "['a'] + ['b']", "[" + "-" * 9_000 + "1]"],
    )
    def test_a_line_that_is_no_list(self, tmp_path: Path, line: str) -> None:
        folder = write_prefix(tmp_path, [record("app"), record("lib")])
        text = f"==> 1 <==\n# cmd: x\n# update specs: {line}\n# update specs: ['app']\n"
        (folder / "conda-meta" / "history").write_text(text)
        prefix = Prefix(folder)
        assert [spec.name for spec in prefix.history] == ["app"]
        (warning,) = prefix.warnings
        assert "line 3" in str(warning)

    def test_blocks_know_their_line(self) -> None:
        blocks = list(parse_blocks("\n==> a <==\n\n==>b<==\n#cmd: y\n", pytest.fail))
        assert [(block.line, block.is_command) for block in blocks] == [(2, False), (4, True)]

    def test_a_spec_that_cannot_be_read_keeps_its_root(self, tmp_path: Path) -> None:
        folder = write_prefix(tmp_path, [record("app")], history=["app >>>=1"])
        prefix = Prefix(folder)
        assert prefix.history == specs(*["app"])
        assert "app >>>=1" in str(prefix.warnings[0])

    def test_requests_noted_in_the_records(self, tmp_path: Path) -> None:
        records = [
            {**record("app"), "requested_specs": ["app >=1", "app <2"]},
            {**record("lib"), "requested_spec": "None"},
            {**record("old"), "requested_spec": "old 1.*"},
            {**record("both"), "requested_specs": ["both 1.0"]},
        ]
        prefix = Prefix(write_prefix(tmp_path, records, history=["both"]), strict=True)
        assert prefix.history == specs(*["both", "app >=1", "app <2", "old 1.*"])

    def test_without_the_file(self, tmp_path: Path) -> None:
        assert Prefix(write_prefix(tmp_path, [record("app")], history=None), strict=True).history == []


class TestSmallFiles:
    def test_pins(self, tmp_path: Path) -> None:
        folder = write_prefix(tmp_path, pins=["# a comment", "", "  python 3.12.*  ", "numpy <2", "numpy >=1"])
        assert Prefix(folder, strict=True).pins == specs(*["python 3.12.*", "numpy <2", "numpy >=1"])

    @pytest.mark.parametrize("line", ["numpy >>>1", "*[version=1]", "numpy [", "=1"])
    def test_a_bad_pin(self, tmp_path: Path, line: str) -> None:
        folder = write_prefix(tmp_path, pins=["python 3.12.*", line])
        prefix = Prefix(folder)
        assert prefix.pins == specs(*["python 3.12.*"])
        (warning,) = prefix.warnings
        assert warning.file == folder / "conda-meta" / "pinned"
        assert "line 2" in warning.reason
        with pytest.raises(InvalidPrefix, match="line 2"):
            Prefix(folder, strict=True)

    def test_state(self, tmp_path: Path) -> None:
        folder = write_prefix(tmp_path)
        (folder / "conda-meta" / "state").write_text('{"env_vars": {"A": "1", "B": 2}}')
        prefix = Prefix(folder)
        assert prefix.env_vars == {"A": "1"}
        assert "'B'" in str(prefix.warnings[0])

    @pytest.mark.parametrize(
        ("content", "message"), [("", None), ("{}", None), ('{"message": "ask us first"}', "ask us first")]
    )
    def test_frozen(self, tmp_path: Path, content: str, message: str | None) -> None:
        folder = write_prefix(tmp_path)
        (folder / "conda-meta" / "frozen").write_text(content)
        prefix = Prefix(folder, strict=True)
        assert prefix.frozen
        assert prefix.frozen_message == message

    def test_a_broken_marker_still_freezes(self, tmp_path: Path) -> None:
        folder = write_prefix(tmp_path)
        (folder / "conda-meta" / "frozen").write_text("{")
        assert Prefix(folder).frozen


class TestNotAnEnvironment:
    def test_advice(self, tmp_path: Path) -> None:
        (tmp_path / "file").write_text("")
        (tmp_path / "venv").mkdir()
        (tmp_path / "venv" / "pyvenv.cfg").write_text("")
        write_prefix(tmp_path / "project" / ".pixi" / "envs" / "default")
        (tmp_path / "conda-meta").mkdir()
        for name, words in {
            "absent": "does not exist",
            "file": "not a folder",
            "venv": "venv",
            "project": "default",
            "conda-meta": str(tmp_path),
        }.items():
            with pytest.raises(NotAnEnvironment) as caught:
                Prefix(tmp_path / name)
            assert words in str(caught.value)
            assert caught.value.path == tmp_path / name
            assert not Prefix.is_environment(tmp_path / name)
        (tmp_path / "plain").mkdir()
        with pytest.raises(NotAnEnvironment, match="no conda-meta"):
            Prefix(tmp_path / "plain")

    def test_is_environment(self, tmp_path: Path) -> None:
        assert Prefix.is_environment(write_prefix(tmp_path))
        assert Prefix.is_environment(str(tmp_path))
        assert not Prefix.is_environment("nul\0byte")

    def test_kinds_of_errors(self) -> None:
        for kind in (NotAnEnvironment, InvalidPrefix):
            assert issubclass(kind, PrefixError)
        assert issubclass(PrefixError, ResolventError)
