"""An unchanged environment is read from a cache; whatever changes in it is seen all the same."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from environment_support import write_prefix

import resolvent
from conftest import record
from resolvent.prefix import files


@pytest.fixture
def env(tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An environment of thirty packages that nobody has touched for a while."""
    monkeypatch.delenv("RESOLVENT_NO_INDEX_FILES", raising=False)
    records = [
        {**record(f"lib{number}"), "channel": "demo", "requested_specs": [f"lib{number}"]} for number in range(30)
    ]
    folder = write_prefix(tmp_path / "env", records, history=None)
    for path in (folder / "conda-meta").iterdir():
        os.utime(path, (1_700_000_000, 1_700_000_000))
    # The time of a change of status cannot be set back, so the cache's clock goes ahead.
    monkeypatch.setattr("time.time_ns", lambda: 4_000_000_000_000_000_000)
    return folder


def reads(env: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[resolvent.Prefix, list[str]]:
    """Return the environment, and the files that were opened for it."""
    opened = []
    read = files.read_object

    def watched(path: Path, limit: int = files.LARGEST_FILE) -> dict[str, object]:
        opened.append(path.name)
        return read(path, limit)

    with monkeypatch.context() as patch:
        patch.setattr(files, "read_object", watched)
        return resolvent.Prefix(env), opened


def state(prefix: resolvent.Prefix) -> tuple[object, ...]:
    return ([one.to_dict() for one in prefix.records], [str(spec) for spec in prefix.history], prefix.warnings)


def test_the_second_time_nothing_is_opened(env: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first, opened = reads(env, monkeypatch)
    assert len(opened) == 30
    second, opened = reads(env, monkeypatch)
    assert opened == []
    assert state(second) == state(first)


@pytest.mark.parametrize(
    "how", ["content", "same size", "same size and time", "replaced", "added", "removed", "damaged"]
)
def test_changes_are_seen(env: Path, monkeypatch: pytest.MonkeyPatch, how: str) -> None:
    reads(env, monkeypatch)
    file = env / "conda-meta/lib3-1.0-0.json"
    text = file.read_text()
    if how == "content":
        file.write_text(text.replace('"depends": []', '"depends": ["lib4"]'))
    elif how == "same size":
        file.write_text(text.replace('"build_number": 0', '"build_number": 7'))
    elif how == "same size and time":
        file.write_text(text.replace('"build_number": 0', '"build_number": 7'))
        os.utime(file, (1_700_000_000, 1_700_000_000))
    elif how == "replaced":
        other = env / "other"
        other.write_text(text.replace('"build_number": 0', '"build_number": 7'))
        os.utime(other, (1_700_000_000, 1_700_000_000))
        other.rename(file)
    elif how == "added":
        (env / "conda-meta/new-1.0-0.json").write_text(text.replace("lib3", "new"))
    elif how == "removed":
        file.unlink()
    else:
        file.write_text(text[:50])
    cached, opened = reads(env, monkeypatch)
    assert len(opened) == (0 if how == "removed" else 1)
    monkeypatch.setenv("RESOLVENT_NO_INDEX_FILES", "1")
    plain, opened = reads(env, monkeypatch)
    assert len(opened) == len(list((env / "conda-meta").glob("*.json")))
    assert [str(one) for one in cached.warnings] == [str(one) for one in plain.warnings]
    assert state(cached)[:2] == state(plain)[:2]


def test_files_that_have_just_changed_are_not_kept(env: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    monkeypatch.delenv("RESOLVENT_NO_INDEX_FILES", raising=False)
    reads(env, monkeypatch)
    assert len(reads(env, monkeypatch)[1]) == 30


@pytest.mark.parametrize("damage", ["", "{", "[]", '{"format": 1}', '{"format": 99, "place": "x", "rows": {}}', "ROWS"])
def test_a_damaged_cache_is_not_used(env: Path, cache: Path, monkeypatch: pytest.MonkeyPatch, damage: str) -> None:
    first, _ = reads(env, monkeypatch)
    (file,) = (cache / "prefix").iterdir()
    if damage == "ROWS":
        content = json.loads(file.read_text())
        content["rows"] = {name: [[1, 2, 3, 4], {}] for name in content["rows"]}
        damage = json.dumps(content)
    file.write_text(damage)
    second, opened = reads(env, monkeypatch)
    assert len(opened) == 30
    assert state(second) == state(first)
    assert reads(env, monkeypatch)[1] == []


def test_a_cache_that_cannot_be_written_is_no_error(env: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cache.mkdir(exist_ok=True)
    (cache / "prefix").write_text("in the way")
    assert len(resolvent.Prefix(env)) == 30
