"""Repodata that is not what it should be: a typed error that names file, key and reason, never a crash."""

from __future__ import annotations

import bz2
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import zstandard

import resolvent
from conftest import ChannelMaker, record, write_subdir
from resolvent import ChannelNotFound, Index, InvalidRepodata, ResolventError

GOOD = record("app", "1.0", "0", depends=["lib >=1"])


def load(folder: Path, *, skip: bool = False) -> Index:
    """Load one channel folder."""
    return resolvent.load_index([folder], platform="linux-64", skip_bad_records=skip)


def write(folder: Path, content: bytes | str, name: str = "repodata.json") -> Path:
    """Write raw bytes as a file of linux-64."""
    path = folder / "linux-64" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def repodata(**packages: Any) -> str:
    """Return repodata of `.conda` records, `name` standing for `name-1.0-0.conda`."""
    return json.dumps({"packages.conda": {f"{name}-1.0-0.conda": value for name, value in packages.items()}})


NESTED = 1_000

NOT_REPODATA: dict[str, str | bytes] = {
    "truncated in a string": '{"packages": {"app-1.0-0.tar.bz2": {"name": "ap',
    "truncated after a record": '{"packages": {"app-1.0-0.tar.bz2": {"name": "app"}',
    "one brace": "{",
    "not JSON": "hello",
    "HTML": "<!DOCTYPE html><html><body>404</body></html>",
    "NUL bytes": b"\x00" * 64,
    "NUL in the middle": b'{"packages": \x00{}}',
    "not UTF-8": b'{"packages": {"app-1.0-0.conda": {"name": "\xff\xfe"}}}',
    "text after the end": '{"packages": {}} {"packages": {}}',
    "a list": "[]",
    "a string": '"packages"',
    "a number": "42",
    "null": "null",
    "packages is a list": '{"packages": []}',
    "packages is a number": '{"packages.conda": 7}',
    "a record is a list": '{"packages.conda": {"app-1.0-0.conda": []}}',
    "a record is null": '{"packages.conda": {"app-1.0-0.conda": null}}',
    "info is a list": '{"info": [], "packages": {}}',
    "removed is an object": '{"removed": {}, "packages": {}}',
    "nested lists": "[" * NESTED + "]" * NESTED,
    "nested objects": '{"packages": ' * NESTED + "{}" + "}" * NESTED,
    "nested and cut": '{"a":[' * NESTED,
    "nested a million deep": "[" * 1_000_000,
    "a trailing comma": '{"packages": {},}',
    "a version of the future": '{"repodata_version": 99, "packages": {}}',
}

#: Of fields that a choice needs; the others are in `test_hostile_repodata.py`.
BAD_VALUES: dict[str, list[Any]] = {
    "name": [None, 1, [], {}],
    "version": [None, 1.0, [], {}],
    "build": [None, 0, [], {}],
    "build_number": [None, "many", -1, 1.5, [], {}],
    "depends": [7, {}, [1], [None], [[]]],
    "constrains": [7, {}, [1], [None]],
    "track_features": [1, {}, [1]],
}


class TestFiles:
    @pytest.mark.parametrize("kind", NOT_REPODATA)
    def test_not_repodata(self, tmp_path: Path, kind: str) -> None:
        path = write(tmp_path, NOT_REPODATA[kind])
        for skip in (False, True):
            if skip and kind.startswith("a record is"):
                continue
            with pytest.raises(InvalidRepodata) as caught:
                load(tmp_path, skip=skip)
            assert str(caught.value.file) == str(path)
            assert str(path) in str(caught.value)
            assert len(str(caught.value)) < 2_000

    @pytest.mark.parametrize("name", ["repodata.json.zst", "repodata.json.bz2"])
    def test_bad_archives(self, tmp_path: Path, name: str) -> None:
        text = repodata(app=GOOD).encode() * 50
        packed = zstandard.compress(text) if name.endswith("zst") else bz2.compress(text)
        for content in (b"not an archive", packed[: len(packed) // 2], packed[:-1], b"\x00" * 100):
            path = write(tmp_path, content, name)
            with pytest.raises(InvalidRepodata) as caught:
                load(tmp_path)
            assert str(caught.value.file) == str(path)

    @pytest.mark.parametrize("name", ["repodata.json", "repodata.json.zst", "repodata.json.bz2"])
    def test_the_three_forms_are_read(self, tmp_path: Path, name: str) -> None:
        text = repodata(app=GOOD).encode()
        packers: dict[str, Callable[[bytes], bytes]] = {"zst": zstandard.compress, "bz2": bz2.compress, "json": bytes}
        write(tmp_path, packers[name.rpartition(".")[2]](text), name)
        assert len(load(tmp_path)) == 1

    def test_several_frames_of_zstd(self, tmp_path: Path) -> None:
        text = repodata(app=GOOD).encode()
        write(tmp_path, zstandard.compress(text[:40]) + zstandard.compress(text[40:]), "repodata.json.zst")
        assert len(load(tmp_path)) == 1

    @pytest.mark.parametrize("content", ["", "{}", '{"packages": {}}', '{"unknown": [1, {"a": null}]}'])
    def test_empty_is_no_error(self, tmp_path: Path, content: str) -> None:
        write(tmp_path, content)
        index = load(tmp_path)
        assert len(index) == 0
        assert index.warnings == []


class TestRecords:
    @pytest.mark.parametrize("key", ["name", "version", "build", "build_number"])
    def test_a_missing_key(self, tmp_path: Path, key: str) -> None:
        path = write(tmp_path, repodata(app={name: value for name, value in GOOD.items() if name != key}))
        with pytest.raises(InvalidRepodata) as caught:
            load(tmp_path)
        assert (str(caught.value.file), caught.value.field) == (str(path), key)
        assert "app-1.0-0.conda" in str(caught.value)

    @pytest.mark.parametrize(("key", "value"), [(key, value) for key, values in BAD_VALUES.items() for value in values])
    def test_a_wrong_type(self, tmp_path: Path, key: str, value: Any) -> None:
        path = write(tmp_path, repodata(app={**GOOD, key: value}, lib=record("lib")))
        if key == "build_number" and value is None:
            pytest.skip("whether null stands for an absent build number is the reader's choice")
        with pytest.raises(InvalidRepodata) as caught:
            load(tmp_path)
        assert (str(caught.value.file), caught.value.field) == (str(path), key)
        assert "app-1.0-0.conda" in str(caught.value)

    @pytest.mark.parametrize("key", ["name", "version", "build"])
    def test_skipped_and_counted(self, tmp_path: Path, key: str) -> None:
        write(tmp_path, repodata(app={**GOOD, key: 7}, lib=record("lib"), other={**GOOD, key: None}))
        index = load(tmp_path, skip=True)
        assert len(index) == 1
        assert len([warning for warning in index.warnings if f": {key}: " in warning]) == 2
        solution = resolvent.solve("lib", index=index, virtual_packages=[])
        assert [found.name for found in solution.records] == ["lib"]
        with pytest.raises(resolvent.UnsatisfiableError):
            resolvent.solve("app", index=index, virtual_packages=[])

    def test_duplicate_keys_do_not_crash(self, tmp_path: Path) -> None:
        once = json.dumps(GOOD)
        write(tmp_path, f'{{"packages.conda": {{"app-1.0-0.conda": {once}, "app-1.0-0.conda": {once}}}}}')
        try:
            assert len(load(tmp_path)) == 1
        except InvalidRepodata as error:
            assert "app-1.0-0.conda" in str(error)

    @pytest.mark.parametrize("spec", ["lib >=<", "", "lib[", "lib 1..2", "[]", "lib >=1,,<2", "x" * 70_000])
    @pytest.mark.parametrize("key", ["depends", "constrains"])
    def test_an_unparsable_dependency_is_never_an_error(self, make_channel: ChannelMaker, key: str, spec: str) -> None:
        folder = make_channel([record("app", "1.0"), {**record("app", "2.0"), key: [spec]}])
        index = load(folder)
        assert len(index) == 2
        assert any("app-2.0-0.conda" in warning for warning in index.warnings)
        assert [found.version for found in resolvent.solve("app", index=index, virtual_packages=[]).records] == ["1.0"]
        with pytest.raises(resolvent.UnsatisfiableError):
            resolvent.solve("app 2.0", index=index, virtual_packages=[])

    def test_old_spellings_are_read(self, make_channel: ChannelMaker) -> None:
        folder = make_channel(
            [
                record("a", depends=None, constrains=None, noarch=True, track_features="x,y z"),
                record("b", depends="a", build_number="0", timestamp=1_600_000_000),
                record("c", depends=["b"], unknown_key={"deep": [1]}, noarch=False, size="12"),
            ]
        )
        solution = resolvent.solve("c", index=load(folder), virtual_packages=[])
        found = {entry.name: entry for entry in solution.records}
        assert list(found) == ["a", "b", "c"]
        assert (found["a"].noarch, found["a"].track_features) == ("generic", ["x", "y", "z"])
        assert (found["b"].timestamp, found["c"].size) == (1_600_000_000_000, 12)

    def test_removed_records_are_not_there(self, tmp_path: Path) -> None:
        content = json.loads(repodata(app=GOOD, lib=record("lib")))
        write(tmp_path, json.dumps({**content, "removed": ["lib-1.0-0.conda"]}))
        assert len(load(tmp_path)) == 1


class TestChannels:
    def test_neither_subdir(self, tmp_path: Path) -> None:
        (tmp_path / "channel").mkdir()
        write_subdir(tmp_path / "channel", [GOOD], "osx-64")
        with pytest.raises(ChannelNotFound, match="channel"):
            load(tmp_path / "channel")

    @pytest.mark.parametrize("subdir", ["linux-64", "noarch"])
    def test_one_of_two_subdirs_is_enough(self, tmp_path: Path, subdir: str) -> None:
        write_subdir(tmp_path, [{**GOOD, "subdir": subdir}], subdir)
        assert len(load(tmp_path)) == 1

    def test_missing(self, tmp_path: Path) -> None:
        for source in (tmp_path / "missing", f"{tmp_path}/missing", f"name={tmp_path}/missing", "./no/such/folder"):
            with pytest.raises(ChannelNotFound, match=r"missing|no/such"):
                resolvent.load_index([source], platform="linux-64")

    def test_a_file_where_a_folder_is_meant(self, tmp_path: Path) -> None:
        path = tmp_path / "channel.txt"
        path.write_text("{}")
        with pytest.raises(ResolventError) as caught:
            load(path)
        assert str(path) in str(caught.value)

    def test_a_folder_where_a_file_is_meant(self, tmp_path: Path) -> None:
        (tmp_path / "linux-64" / "repodata.json").mkdir(parents=True)
        with pytest.raises(ResolventError) as caught:
            load(tmp_path)
        assert "repodata.json" in str(caught.value)

    def test_a_subdir_that_is_a_file(self, tmp_path: Path) -> None:
        (tmp_path / "linux-64").write_text("{}")
        with pytest.raises(ResolventError):
            load(tmp_path)

    @pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root can read everything")
    def test_unreadable(self, tmp_path: Path) -> None:
        path = write_subdir(tmp_path, [GOOD])
        path.chmod(0)
        with pytest.raises(ResolventError, match=r"repodata\.json"):
            load(tmp_path)
        path.chmod(0o600)

    def test_a_loop_of_links(self, tmp_path: Path) -> None:
        (tmp_path / "linux-64").mkdir()
        (tmp_path / "linux-64" / "repodata.json").symlink_to("repodata.json")
        with pytest.raises(ResolventError):
            load(tmp_path)
