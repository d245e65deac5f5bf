"""Channels whose repodata a program already has: files of any name, texts, records in memory."""

from __future__ import annotations

import bz2
import json
from pathlib import Path
from typing import Any

import pytest
import zstandard

import resolvent
from resolvent import ChannelData

URL = "https://mirror.example/some/channel"


def record(name: str, version: str, **more: Any) -> dict[str, Any]:
    return {"name": name, "version": version, "build": "h0", "build_number": 0, "depends": [], **more}


def repodata(*records: dict[str, Any]) -> bytes:
    return json.dumps(
        {"packages.conda": {f"{r['name']}-{r['version']}-{r['build']}.conda": r for r in records}}
    ).encode()


def solved(spec: str, *channels: Any, **options: Any) -> resolvent.PackageRecord:
    solution = resolvent.solve([spec], channels=list(channels), platform="linux-64", virtual_packages=[], **options)
    return next(found for found in solution.records if found.name == resolvent.MatchSpec(spec).name)


@pytest.mark.parametrize("ending", [".json", ".json.zst", ".json.bz2", ""])
def test_a_file_of_any_name(tmp_path: Path, ending: str) -> None:
    text = repodata(record("a", "1"))
    packed = {".json.zst": zstandard.compress, ".json.bz2": bz2.compress}.get(ending, bytes)(text)
    file = tmp_path / f"0123abcd{ending}"
    file.write_bytes(packed)
    for given in (file, str(file)):
        found = solved("a", ChannelData(url=URL, subdirs={"linux-64": given}))
        assert found.url == f"{URL}/linux-64/a-1-h0.conda"
        assert found.channel == URL
        assert found.subdir == "linux-64"


def test_a_file_gets_an_index_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RESOLVENT_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.delenv("RESOLVENT_NO_INDEX_FILES", raising=False)
    file = tmp_path / "repodata"
    file.write_bytes(repodata(record("a", "1")))
    data = ChannelData(url=URL, subdirs={"noarch": file})
    assert solved("a", data).version == "1"
    assert list((tmp_path / "cache").rglob("*.index"))
    file.write_bytes(repodata(record("a", "2")))
    assert solved("a", data).version == "2"


def test_text_and_records_say_the_same_as_a_file(tmp_path: Path) -> None:
    records = [record("a", "1", depends=["b >=2"]), record("b", "1"), record("b", "2", timestamp=1_700_000_000_000)]
    file = tmp_path / "x.json"
    file.write_bytes(repodata(*records))
    answers = set()
    for data in (file, repodata(*records), records, iter(records)):
        index = resolvent.load_index(ChannelData(url=URL, subdirs={"linux-64": data}), platform="linux-64")
        assert len(index) == 3
        answers.add(tuple(resolvent.solve(["a"], index=index, virtual_packages=[]).records))
    assert len(answers) == 1


def test_records_of_an_answer_are_repodata_again() -> None:
    index = resolvent.load_index([resolvent.sample_channel()], platform="linux-64")
    linux = {"__glibc": "2.28", "__unix": "0", "__linux": "5.10"}
    first = resolvent.solve(["numpy"], index=index, virtual_packages=linux)
    by_subdir: dict[str, list[resolvent.PackageRecord]] = {}
    for one in first.records:
        by_subdir.setdefault(one.subdir, []).append(one)
    again = resolvent.load_index(ChannelData(url=URL, subdirs=by_subdir), platform="linux-64")
    second = resolvent.solve(["numpy"], index=again, virtual_packages=linux)
    assert [(r.name, r.version, r.build, r.fn, r.sha256) for r in second.records] == [
        (r.name, r.version, r.build, r.fn, r.sha256) for r in first.records
    ]


def test_a_name_is_not_an_address() -> None:
    data = ChannelData(url=URL, name="mine", subdirs={"linux-64": repodata(record("a", "1"))})
    found = solved("mine::a", data)
    assert (found.channel, found.url) == ("mine", f"{URL}/linux-64/a-1-h0.conda")
    with pytest.raises(resolvent.UnsatisfiableError):
        solved("other::a", data)


def test_several_channels_under_one_pattern() -> None:
    channels = [ChannelData(url=f"{URL}/{n}", subdirs={"noarch": repodata(record("a", str(n)))}) for n in range(3)]
    pattern = f"a[channel='^({URL}/1|{URL}/2)$']"
    assert solved(pattern, *channels).version == "1"
    assert solved(pattern, *channels, channel_priority="disabled").version == "2"


def test_all_subdirs_that_are_given_are_read() -> None:
    subdirs = {name: repodata(record(name, "1")) for name in ("linux-64", "linux-32", "noarch", "emscripten-wasm32")}
    index = resolvent.load_index(ChannelData(url=URL, subdirs=subdirs), platform="linux-64")
    assert len(index) == 4
    assert resolvent.solve(["linux-32"], index=index, virtual_packages=[]).records[0].subdir == "linux-32"


def test_a_channel_may_be_empty() -> None:
    index = resolvent.load_index(
        [ChannelData(url=URL), ChannelData(url=f"{URL}/2", subdirs={"noarch": b"{}"})], platform="linux-64"
    )
    assert len(index) == 0


@pytest.mark.parametrize(
    ("data", "error", "words"),
    [
        ({"url": "conda-forge"}, resolvent.ResolventError, "expected a URL"),
        ({"subdirs": {"noarch": b"["}}, resolvent.InvalidRepodata, "noarch/repodata.json"),
        ({"subdirs": {"noarch": "/nowhere/at/all.json"}}, resolvent.ResolventError, "/nowhere/at/all.json"),
        ({"subdirs": {"noarch": {"packages": {}}}}, TypeError, "is a mapping"),
        ({"subdirs": {"noarch": [{"name": "a"}]}}, resolvent.ResolventError, "version"),
        ({"subdirs": {"noarch": [record("a", "1", fn="a-1-py3-none-any.whl")]}}, resolvent.ResolventError, "wheel"),
        ({"subdirs": {"noarch": [record("a", "1", build_number="x")]}}, resolvent.InvalidRepodata, "build_number"),
    ],
)
def test_bad_data(data: dict[str, Any], error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        resolvent.load_index(ChannelData(**{"url": URL, **data}), platform="linux-64")


@pytest.mark.parametrize(
    ("version", "depends", "expected"),
    [
        ("3.12.1", [], ["pip"]),
        ("2.7.18", ["zlib"], ["zlib", "pip"]),
        ("3.12.1", ["pip", "zlib"], ["pip", "zlib"]),
        ("1.5", [], []),
        ("30.1", [], []),
        ("3", [], []),
    ],
)
@pytest.mark.parametrize("as_file", [False, True])
def test_pip_as_a_dependency_of_python(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    version: str,
    depends: list[str],
    expected: list[str],
    as_file: bool,
) -> None:
    monkeypatch.setenv("RESOLVENT_CACHE_DIR", str(tmp_path / "cache"))
    others = [record("pip", "24"), record("zlib", "1"), record("python-dateutil", "3.1")]
    text = repodata(record("python", version, depends=depends), *others)
    (tmp_path / "x.json").write_bytes(text)
    data = ChannelData(url=URL, subdirs={"noarch": tmp_path / "x.json" if as_file else text})
    for _ in range(2):  # with an index file of each kind the second time
        for added, names in ((True, expected), (False, depends)):
            index = resolvent.load_index(data, platform="linux-64", add_pip_as_python_dependency=added)
            answer = resolvent.solve(["python", "python-dateutil"], index=index, virtual_packages=[])
            by_name = {one.name: one for one in answer.records}
            assert by_name["python"].depends == names
            assert by_name["python-dateutil"].depends == []
            assert set(by_name) == {"python", "python-dateutil", *names}
