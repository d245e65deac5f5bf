"""conda's words through the Python API: the conformance vectors, and how the classes behave in Python."""

from __future__ import annotations

import json
import pickle
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any, ClassVar

import pytest

from resolvent import (
    Channel,
    InvalidMatchSpec,
    InvalidRepodata,
    InvalidVersion,
    MatchSpec,
    PackageRecord,
    ResolventError,
    Version,
    VersionSpec,
)


@cache
def vectors(shared: Path, name: str) -> dict[str, Any]:
    """Return one file of the vectors."""
    return dict(json.loads((shared / "vectors" / f"{name}.json").read_text()))


class TestVectors:
    def test_version_order(self, shared: Path) -> None:
        groups = [[Version(text) for text in group] for group in vectors(shared, "version_order")["groups"]]
        assert len(groups) > 600
        for group in groups:
            for version in group:
                assert version == group[0]
                assert hash(version) == hash(group[0])
                assert not version < group[0]
                assert version <= group[0]
        for lower, higher in pairwise(groups):
            for left in lower:
                for right in higher:
                    assert left < right
                    assert right > left
                    assert left != right
        assert sorted(version for group in reversed(groups) for version in group) == [
            version for group in groups for version in group
        ]

    def test_version_match(self, shared: Path) -> None:
        wrong, counted = [], 0
        for spec, version, expected, *others in vectors(shared, "version_match")["cases"]:
            if others:
                continue
            counted += 1
            if self._version_match(spec, version) != expected:
                wrong.append((spec, version, expected))
        assert counted > 2_000
        assert wrong == []

    @staticmethod
    def _version_match(spec: str, version: str) -> bool | str:
        try:
            return VersionSpec(spec).matches(Version(version))
        except (InvalidMatchSpec, InvalidVersion):
            return "error"

    def test_matchspec_match(self, shared: Path) -> None:
        wrong, counted = [], 0
        for spec, record, expected, *others in vectors(shared, "matchspec_match")["cases"]:
            if others:
                continue
            counted += 1
            if self._matchspec_match(spec, record) != expected:
                wrong.append((spec, record["fn"], expected))
        assert counted > 500
        assert wrong == []

    @staticmethod
    def _matchspec_match(spec: str, record: dict[str, Any]) -> bool | str:
        try:
            parsed = MatchSpec(spec)
        except InvalidMatchSpec:
            return "error"
        answer = parsed.matches(record)
        assert parsed.matches(PackageRecord.from_dict(record)) is answer
        return answer

    def test_matchspec_parse(self, shared: Path) -> None:
        wrong: list[tuple[object, ...]] = []
        counted = 0
        for case in vectors(shared, "matchspec_parse")["cases"]:
            conda = case.get("v3", case)
            if ("error" in conda) != ("error" in case["rattler"]):
                continue
            counted += 1
            try:
                spec = MatchSpec(case["input"])
            except InvalidMatchSpec:
                if "error" not in conda:
                    wrong.append((case["input"], "rejected", conda))
                continue
            if "error" in conda:
                wrong.append((case["input"], str(spec), "accepted"))
                continue
            fields = conda["fields"]
            got = (spec.name or "*", spec.version, spec.build)
            if got != (fields["name"], fields.get("version"), fields.get("build")):
                wrong.append((case["input"], got, fields))
        assert counted > 300
        assert wrong == []


class TestVersion:
    def test_text_and_equality(self) -> None:
        assert str(Version("1.0")) == "1.0"
        assert repr(Version("1.0")) == "Version('1.0')"
        assert Version("1.0") == Version("1") == Version("01.0.0")
        assert len({Version("1.0"), Version("1"), Version("1.1")}) == 2
        assert Version("1") != "1"
        assert max(Version(text) for text in ("1.9", "1.10", "1.10rc1")) == Version("1.10")

    def test_ordering_with_other_types_is_a_type_error(self) -> None:
        with pytest.raises(TypeError):
            assert Version("1") < "2"  # type: ignore[operator]

    def test_numbers_have_no_limit(self) -> None:
        assert Version("9" * 60_000) > Version("8" * 60_000)
        assert Version("1" + "0" * 400) > Version("9" * 400)

    @pytest.mark.parametrize(
        "text",
        ["", " ", "..", ".", "-", "_", "___", "1..2", "1.", "+", "1+", "!", "1!", "1!2!3", "1 2", "1\x002", "é", "1,2"],
    )
    def test_nonsense(self, text: str) -> None:
        with pytest.raises(InvalidVersion):
            Version(text)

    @pytest.mark.parametrize("size", [65 * 1024, 10 * 1024 * 1024])
    def test_too_long(self, size: int) -> None:
        with pytest.raises(InvalidVersion) as caught:
            Version("1" * size)
        assert len(str(caught.value)) < 1_000

    @pytest.mark.parametrize("value", [None, 1, 1.5, b"1.0"])
    def test_other_types(self, value: object) -> None:
        with pytest.raises(TypeError):
            Version(value)  # type: ignore[arg-type]


class TestVersionSpec:
    def test_matches_versions_and_strings(self) -> None:
        spec = VersionSpec(">=1,<2")
        assert spec.matches(Version("1.5"))
        assert spec.matches("1.5")
        assert not spec.matches("2")

    @pytest.mark.parametrize("text", [">=", ">=1,", "1|", "(1", "1)", "||", ">=1,,<2", "~=", "\x00", "1 >="])
    def test_nonsense(self, text: str) -> None:
        with pytest.raises(ResolventError):
            VersionSpec(text)

    @pytest.mark.parametrize("text", ["(" * 10_000_000, "1|" * 5_000_000, ">=1," * 2_500_000])
    def test_ten_megabytes(self, text: str) -> None:
        with pytest.raises(ResolventError) as caught:
            VersionSpec(text)
        assert len(str(caught.value)) < 1_000


class TestMatchSpec:
    def test_fields(self) -> None:
        spec = MatchSpec("conda-forge/linux-64::NumPy >=1.11,<2 *_cpython")
        assert (spec.name, spec.version, spec.build) == ("numpy", ">=1.11,<2", "*_cpython")
        assert (spec.channel, spec.subdir) == ("conda-forge", "linux-64")
        bare = MatchSpec("numpy")
        absent = (bare.version, bare.build, bare.build_number, bare.channel, bare.subdir, bare.fn, bare.url, bare.md5)
        assert absent == (None,) * 8

    def test_any_version_is_given_back_where_it_was_written(self) -> None:
        assert [MatchSpec(text).version for text in ("numpy", "numpy *", "numpy=*=py_0", "numpy[version='*']")] == [
            *(None, "*", "*", "*")
        ]
        assert MatchSpec("numpy *") == MatchSpec("numpy")
        assert hash(MatchSpec("numpy *")) == hash(MatchSpec("numpy"))

    def test_text_can_be_parsed_again(self) -> None:
        for text in ("numpy", "numpy 1.11 py36_0", "numpy[version='>=1,<2',build=py*]", "conda-forge::numpy=1.11"):
            spec = MatchSpec(text)
            assert MatchSpec(str(spec)) == spec
            assert hash(MatchSpec(str(spec))) == hash(spec)
            assert "MatchSpec" in repr(spec)

    @pytest.mark.parametrize(
        "text",
        [
            "",
            " ",
            "numpy[",
            "numpy]",
            "numpy[version=1",
            "numpy[[version=1]]",
            "numpy[nosuchkey=1]",
            "numpy[version='1]",
            "numpy >=",
            "numpy 1..2",
            "numpy\x00",
            "numpy\x1b[31m",
            "num py\n1",
            ">=1",
            "-numpy",
        ],
    )
    def test_nonsense(self, text: str) -> None:
        with pytest.raises(InvalidMatchSpec) as caught:
            MatchSpec(text)
        assert str(caught.value)

    @pytest.mark.parametrize("piece", ["a", "[", "(", "numpy >=1,", "\x00", "::", "a="])
    def test_ten_megabytes(self, piece: str) -> None:
        with pytest.raises(InvalidMatchSpec) as caught:
            MatchSpec(piece * (10_000_000 // len(piece)))
        assert len(str(caught.value)) < 1_000

    def test_the_error_points_at_the_part(self) -> None:
        with pytest.raises(InvalidMatchSpec) as caught:
            MatchSpec("numpy[nosuchkey=1]")
        assert "nosuchkey" in str(caught.value)

    @pytest.mark.parametrize("value", [None, 1, b"numpy", ["numpy"]])
    def test_other_types(self, value: object) -> None:
        with pytest.raises(TypeError):
            MatchSpec(value)  # type: ignore[arg-type]


class TestPackageRecord:
    RAW: ClassVar[dict[str, Any]] = {
        "name": "numpy",
        "version": "2.0.0",
        "build": "py312h_3",
        "build_number": 3,
        "subdir": "linux-64",
        "channel": "conda-forge",
        "fn": "numpy-2.0.0-py312h_3.conda",
        "url": "https://conda.anaconda.org/conda-forge/linux-64/numpy-2.0.0-py312h_3.conda",
        "depends": ["python >=3.12,<3.13.0a0", "__glibc >=2.17"],
        "constrains": ["numpy-base <0a0"],
        "track_features": "one two",
        "timestamp": 1_700_000_000_000,
        "size": 123,
        "md5": "0" * 32,
        "sha256": "1" * 64,
        "license": "BSD-3-Clause",
        "purls": ["pkg:pypi/numpy"],
    }

    def test_fields(self) -> None:
        record = PackageRecord.from_dict(self.RAW)
        for key in ("name", "version", "build", "build_number", "subdir", "channel", "fn", "url", "depends"):
            assert getattr(record, key) == self.RAW[key]
        assert record.constrains == ["numpy-base <0a0"]
        assert record.track_features == ["one", "two"]
        assert (record.timestamp, record.size, record.noarch) == (1_700_000_000_000, 123, None)
        assert (record.md5, record.sha256, record.license) == ("0" * 32, "1" * 64, "BSD-3-Clause")

    def test_round_trip(self) -> None:
        record = PackageRecord.from_dict(self.RAW)
        written = record.to_dict()
        assert PackageRecord.from_dict(written) == record
        assert hash(PackageRecord.from_dict(written)) == hash(record)
        assert written["purls"] == ["pkg:pypi/numpy"]
        assert json.loads(json.dumps(written)) == written

    def test_keys_of_other_tools_are_kept(self) -> None:
        extra = {"purls": ["pkg:pypi/numpy"], "app_type": None, "été": {"a": [1, 2.5, True]}}
        record = PackageRecord.from_dict({**self.RAW, **extra})
        assert record.extra == extra
        assert {key: record.to_dict()[key] for key in extra} == extra
        assert PackageRecord.from_dict(self.RAW).extra == {"purls": ["pkg:pypi/numpy"]}

    def test_equality_is_of_all_that_is_said(self) -> None:
        record = PackageRecord.from_dict(self.RAW)
        changes: list[dict[str, Any]] = [
            {"build_number": 4},
            {"depends": []},
            {"purls": []},
            {"purls": None},
            {"license": None},
        ]
        for change in changes:
            assert PackageRecord.from_dict({**self.RAW, **change}) != record
        assert record != "numpy"
        reordered = {"new": 1, **self.RAW}, {**self.RAW, "new": 1}
        assert PackageRecord.from_dict(reordered[0]) == PackageRecord.from_dict(reordered[1])

    def test_seconds_become_milliseconds(self) -> None:
        record = PackageRecord.from_dict({**self.RAW, "timestamp": 1_700_000_000, "indexed_timestamp": 1_700_000_001})
        assert (record.timestamp, record.indexed_timestamp) == (1_700_000_000_000, 1_700_000_001_000)

    @pytest.mark.parametrize(
        "change",
        [
            *({"name": None}, {"version": 1.0}, {"build_number": "many"}, {"build_number": -1}, {"build_number": True}),
            *({"build_number": 2**64}, {"depends": [1]}, {"depends": 7}, {"subdir": []}, {"noarch": "windows"}),
            *({"extra_depends": []}, {"size": 1.5}, {"purls": {1, 2}}, {"purls": float("nan")}),
        ],
    )
    def test_wrong_types(self, change: dict[str, Any]) -> None:
        with pytest.raises(InvalidRepodata, match=next(iter(change))) as caught:
            PackageRecord.from_dict({**self.RAW, **change})
        assert caught.value.field == next(iter(change))
        assert caught.value.file is None

    @pytest.mark.parametrize("key", ["name", "version", "build", "build_number"])
    def test_missing_keys(self, key: str) -> None:
        with pytest.raises(InvalidRepodata, match=key) as caught:
            PackageRecord.from_dict({name: value for name, value in self.RAW.items() if name != key})
        assert caught.value.field == key

    @pytest.mark.parametrize("value", [None, 1, "numpy", [("name", "numpy")]])
    def test_no_mapping(self, value: object) -> None:
        with pytest.raises(TypeError):
            PackageRecord.from_dict(value)  # type: ignore[arg-type]


class TestChannel:
    def test_names_and_urls(self) -> None:
        channel = Channel("https://user:secret@conda.anaconda.org/t/tk-123/conda-forge/linux-64")
        assert channel.name == "conda-forge"
        assert channel.base_url == "https://conda.anaconda.org/conda-forge"
        assert channel.subdir == "linux-64"
        assert "secret" not in repr(channel)
        assert "tk-123" not in repr(channel)

    def test_alias(self) -> None:
        assert Channel("mine").base_url == "https://conda.anaconda.org/mine"
        assert Channel("mine", alias="https://mirror.example").base_url == "https://mirror.example/mine"


def test_words_can_be_pickled() -> None:
    for word in (
        Version("1.0"),
        VersionSpec(">=1"),
        MatchSpec("numpy >=1"),
        MatchSpec("numpy * py_0"),
        PackageRecord.from_dict(TestPackageRecord.RAW),
        Channel("conda-forge/linux-64"),
        Channel("mine", alias="https://mirror.example"),
        Channel("/srv/channel"),
    ):
        copy = pickle.loads(pickle.dumps(word))
        assert copy == word
        assert (repr(copy), str(copy)) == (repr(word), str(word))
    assert pickle.loads(pickle.dumps(MatchSpec("numpy *"))).version == "*"
    assert b"secret" not in pickle.dumps(Channel("https://user:secret@example.com/channel"))
