"""What an index can be asked: names, versions, records."""

from __future__ import annotations

from pathlib import Path

import pytest

import resolvent
from conftest import ChannelMaker, record


@pytest.fixture
def index(make_channel: ChannelMaker) -> resolvent.Index:
    """Two channels that share a name."""
    libs = [record("lib", "1.10"), record("lib", "1.9"), record("lib", "1.10", "h_2")]
    first = make_channel([*libs, record("app", "2.0")], noarch=[record("lib", "2.0")], name="first")
    second = make_channel([record("lib", "3.0"), record("lib", "1.9.0"), record("tool")], name="second")
    return resolvent.load_index([f"first={first}", f"second={second}"], platform="linux-64")


def test_names(index: resolvent.Index) -> None:
    assert index.names() == ["app", "lib", "tool"]
    assert "lib" in index
    assert "LIB" in index
    assert "li" not in index
    assert 1 not in index
    assert len(index) == 8


def test_versions_are_distinct_and_newest_first(index: resolvent.Index) -> None:
    assert [resolvent.Version(text) for text in index.versions("lib")] == [
        resolvent.Version(text) for text in ("3.0", "2.0", "1.10", "1.9")
    ]
    assert len(index.versions("lib")) == 4  # 1.9 and 1.9.0 are one version
    assert index.versions("no") == []


@pytest.mark.parametrize(
    ("spec", "found"),
    [
        ("lib >=1.10,<3", ["2.0 0 first", "1.10 h_2 first", "1.10 0 first"]),
        ("second::lib", ["3.0 0 second", "1.9.0 0 second"]),
        ("lib 1.9", ["1.9 0 first", "1.9.0 0 second"]),
        ("lib[build_number=2]", ["1.10 h_2 first"]),
        ("first/noarch::lib", ["2.0 0 first"]),
        ("nothing", []),
        ("lib >9", []),
    ],
)
def test_records(index: resolvent.Index, spec: str, found: list[str]) -> None:
    for given in (spec, resolvent.MatchSpec(spec)):
        assert [f"{one.version} {one.build} {one.channel}" for one in index.records(given)] == found


def test_a_pattern_finds_several_names(index: resolvent.Index) -> None:
    assert [one.name for one in index.records("*o*")] == ["tool"]
    assert [one.name for one in index.records("^(app|tool)$")] == ["app", "tool"]
    assert len(index.records("*")) == len(index)


def test_what_is_no_spec(index: resolvent.Index) -> None:
    with pytest.raises(resolvent.InvalidMatchSpec):
        index.records("lib >=")
    with pytest.raises(TypeError):
        index.records(3)  # type: ignore[arg-type]


def test_records_are_those_that_the_spec_matches(sample: resolvent.Index) -> None:
    everything = sample.records("*")
    assert len(everything) == len(sample)
    for text in ("python 3.12.*", "numpy >=2", "*ssl*", "python[build='*cpython']"):
        spec = resolvent.MatchSpec(text)
        assert sample.records(text) == [one for one in everything if spec.matches(one)]


def test_versions_are_those_of_the_records(sample: resolvent.Index) -> None:
    for name in sample.names():
        versions = [resolvent.Version(text) for text in sample.versions(name)]
        assert versions == sorted(versions, reverse=True)
        assert {resolvent.Version(one.version) for one in sample.records(name)} == set(versions)


def test_an_empty_channel(tmp_path: Path) -> None:
    (tmp_path / "noarch").mkdir()
    (tmp_path / "noarch" / "repodata.json").write_text("{}")
    index = resolvent.load_index([tmp_path], platform="linux-64")
    assert (index.names(), index.records("*"), index.versions("x"), "x" in index) == ([], [], [], False)
