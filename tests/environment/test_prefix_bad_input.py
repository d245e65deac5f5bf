"""Environments that are damaged: each bad file is named, the others still load, strict reading stops at the first."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from environment_support import write_prefix

from conftest import record
from resolvent.prefix import InvalidPrefix, Prefix, files

GOOD = json.dumps({**record("bad"), "channel": "conda-forge"})

BROKEN: dict[str, tuple[bytes, str]] = {
    "empty": (b"", "is empty"),
    "blank": (b" \n", "is empty"),
    "half written": (GOOD[: len(GOOD) // 2].encode(), "not JSON"),
    "NUL bytes": (b"\x00" * 512, "NUL"),
    "NUL at the end": (GOOD.encode() + b"\x00" * 8, "NUL"),
    "not UTF-8": (GOOD.replace("conda", "c\xff").encode("latin-1"), "not UTF-8"),
    "UTF-16": (GOOD.encode("utf-16-le"), "NUL"),
    "nested": (b"[" * 1_000 + b"]" * 1_000, "nested|a list"),
    "nested a million deep": (b'{"a":' * 1_000_000, "nested|not JSON"),
    "a list": (b"[]", "a list"),
    "a string": (b'"x"', "a string"),
    "null": (b"null", "null"),
    "a number of 10,000 digits": (b'{"size": ' + b"9" * 10_000 + b"}", "not JSON|whole number"),
    "no name": (json.dumps({**record("bad"), "name": None}).encode(), "'name'"),
    "a number for a name": (json.dumps({**record("bad"), "name": 7}).encode(), "'name'"),
    "no version": (json.dumps({**record("bad"), "version": ""}).encode(), "'version'"),
    "no build": (json.dumps({**record("bad"), "build": None}).encode(), "'build"),
    "depends of numbers": (json.dumps({**record("bad"), "depends": [1]}).encode(), "depends"),
    "a build number of words": (json.dumps({**record("bad"), "build_number": "x"}).encode(), "build_number"),
    "a negative build number": (json.dumps({**record("bad"), "build_number": -1}).encode(), "build_number"),
    "a huge build number": (json.dumps({**record("bad"), "build_number": 2**64}).encode(), "build_number"),
    "no kind of noarch": (json.dumps({**record("bad"), "noarch": "ruby"}).encode(), "noarch"),
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An environment of one good package."""
    return write_prefix(tmp_path / "env", [record("good")], history=["good"])


def the_warning(folder: Path, file: Path) -> InvalidPrefix:
    """Read an environment with one bad file: the good package loads, strict reading fails with the same words."""
    prefix = Prefix(folder)
    assert [entry.name for entry in prefix.records] == ["good"]
    assert [spec.name for spec in prefix.history] == ["good"]
    (warning,) = prefix.warnings
    assert (warning.path, warning.file) == (folder, file)
    assert file.name in str(warning)
    with pytest.raises(InvalidPrefix) as caught:
        Prefix(folder, strict=True)
    assert str(caught.value) == str(warning)
    return warning


@pytest.mark.parametrize("kind", BROKEN)
def test_a_broken_record(folder: Path, kind: str) -> None:
    content, words = BROKEN[kind]
    file = folder / "conda-meta" / "bad-1.0-0.json"
    file.write_bytes(content)
    assert any(word in the_warning(folder, file).reason for word in words.split("|"))


def test_a_record_over_the_limit(folder: Path) -> None:
    file = folder / "conda-meta" / "bad-1.0-0.json"
    with file.open("wb") as stream:
        stream.truncate(files.LARGEST_FILE + 1)
    assert "64 MiB" in the_warning(folder, file).reason


def link_to_itself(file: Path) -> None:
    file.symlink_to(file.name)


def link_to_nothing(file: Path) -> None:
    file.symlink_to("nothing")


def link_to_a_device(file: Path) -> None:
    file.symlink_to("/dev/zero")


def pipe(file: Path) -> None:
    os.mkfifo(file)


def directory(file: Path) -> None:
    file.mkdir()


@pytest.mark.skipif(sys.platform == "win32", reason="links and pipes as Unix has them")
@pytest.mark.parametrize("make", [link_to_itself, link_to_nothing, link_to_a_device, pipe, directory])
@pytest.mark.parametrize("name", ["bad-1.0-0.json", "pinned", "state"])
def test_something_that_is_no_file(folder: Path, make: Callable[[Path], None], name: str) -> None:
    file = folder / "conda-meta" / name
    make(file)
    the_warning(folder, file)


@pytest.mark.parametrize("content", [b"\xff\xfe", b"\x00" * 64, b"a" * (1 << 20) + b"a"])
@pytest.mark.parametrize("name", ["pinned", "state"])
def test_a_broken_small_file(folder: Path, name: str, content: bytes) -> None:
    file = folder / "conda-meta" / name
    file.write_bytes(content)
    the_warning(folder, file)


@pytest.mark.parametrize("content", [b"\xff\xfe==> 1 <==", b"==> 1 <==\n\x00\x00"])
def test_a_broken_history(folder: Path, content: bytes) -> None:
    (folder / "conda-meta" / "history").write_bytes(content)
    prefix = Prefix(folder)
    assert [entry.name for entry in prefix.records] == ["good"]
    assert prefix.history == []
    assert [warning.file.name for warning in prefix.warnings] == ["history"]


def test_two_records_of_one_name(folder: Path) -> None:
    write_prefix(folder, [record("good", "2.0")], history=["good"])
    file = folder / "conda-meta" / "good-2.0-0.json"
    assert "second record of good" in the_warning(folder, file).reason
    assert Prefix(folder).records[0].version == "1.0"


def test_a_stray_copy(folder: Path) -> None:
    meta = folder / "conda-meta"
    # Sorts before the real one, which must win all the same.
    (meta / "a copy of good.json").write_text((meta / "good-1.0-0.json").read_text())
    prefix = Prefix(folder)
    assert [entry.name for entry in prefix.records] == ["good"]
    assert {warning.file.name for warning in prefix.warnings} == {"a copy of good.json"}


def test_what_is_no_record_is_left_alone(folder: Path) -> None:
    meta = folder / "conda-meta"
    (meta / ".good-1.0-0.json.swp").write_bytes(b"\x00")
    (meta / ".hidden.json").write_bytes(b"\x00")
    (meta / "good-1.0-0.json.tmp").write_bytes(b"{")
    assert Prefix(folder, strict=True).warnings == []


@pytest.mark.skipif(sys.platform in ("win32", "darwin"), reason="the file system takes no such names")
def test_a_file_name_that_is_not_utf8(folder: Path) -> None:
    raw = os.fsencode(folder / "conda-meta") + b"/b\xffd\n.json"
    with open(raw, "wb") as stream:  # noqa: PTH123 - the name is bytes
        stream.write(b"{")
    (warning,) = Prefix(folder).warnings
    assert "b\\xffd\\n.json" in str(warning)
    str(warning).encode("utf-8")


@pytest.mark.skipif(sys.platform == "win32" or os.geteuid() == 0, reason="needs a user who can be refused")
def test_no_permission(folder: Path) -> None:
    file = folder / "conda-meta" / "bad-1.0-0.json"
    file.write_text(GOOD)
    file.chmod(0)
    assert "Permission denied" in the_warning(folder, file).reason
