"""Archives that nobody vouches for: what would write outside of the environment is refused before any link is made."""

from __future__ import annotations

import hashlib
import tarfile
from pathlib import Path
from typing import Any

import pytest
from install_support import install, snapshot
from packages import File, Link, Package, library, member, write_channel

from resolvent.install import CorruptPackage, UnsafePackage

OUT = "../../../../../../../../outside.txt"


def entry(path: str, **more: Any) -> dict[str, Any]:
    content = hashlib.sha256(b"payload").hexdigest()
    return {"_path": path, "path_type": "hardlink", "sha256": content, "size_in_bytes": 7, **more}


HOSTILE_MEMBERS = {
    "an absolute path": [member("/outside.txt", b"payload")],
    "a way up": [member(OUT, b"payload")],
    "a way up in the middle": [member("share/../../outside.txt", b"payload")],
    "a way up behind a dot": [member("./../outside.txt", b"payload")],
    "a path of Windows": [member("C:/outside.txt", b"payload")],
    "backslashes": [member("share\\..\\..\\outside.txt", b"payload")],
    "an absolute link": [member("share/link", kind=tarfile.SYMTYPE, link="/etc")],
    "a link that leads out": [member("share/link", kind=tarfile.SYMTYPE, link="../../outside")],
    "a link that leads out and back": [member("share/link", kind=tarfile.SYMTYPE, link="../../x/../share")],
    "a file through a link": [
        member("share/link", kind=tarfile.SYMTYPE, link="../lib"),
        member("share/link/file", b"payload"),
    ],
    "a folder through a link": [
        member("link", kind=tarfile.SYMTYPE, link="."),
        member("link/folder", kind=tarfile.DIRTYPE),
    ],
    "a folder on a link": [
        member("link", kind=tarfile.SYMTYPE, link="lib"),
        member("link", kind=tarfile.DIRTYPE),
        member("link/file", b"payload"),
    ],
    "a link that leads out through another": [
        member("lib", kind=tarfile.SYMTYPE, link="."),
        member("share/link", kind=tarfile.SYMTYPE, link="../lib/.."),
    ],
    "a hard link out": [member("share/passwd", kind=tarfile.LNKTYPE, link="/etc/passwd")],
    "a hard link up": [member("share/passwd", kind=tarfile.LNKTYPE, link="../../../../../../etc/passwd")],
    "a hard link to nothing": [member("share/file", kind=tarfile.LNKTYPE, link="share/absent")],
    "a hard link to a link": [
        member("share/link", kind=tarfile.SYMTYPE, link="absent"),
        member("share/file", kind=tarfile.LNKTYPE, link="share/link"),
    ],
    "a character device": [member("share/null", kind=tarfile.CHRTYPE)],
    "a block device": [member("share/disk", kind=tarfile.BLKTYPE)],
    "a pipe": [member("share/pipe", kind=tarfile.FIFOTYPE)],
    "a file for a folder": [member("share/x/y", b"payload"), member("share/x", b"payload")],
}


@pytest.mark.parametrize("extension", [".conda", ".tar.bz2"])
@pytest.mark.parametrize("what", HOSTILE_MEMBERS)
def test_members_that_lead_out(tmp_path: Path, pkgs: Path, what: str, extension: str) -> None:
    bad = Package("bad", files={"share/bad/ok": "fine\n"}, members=HOSTILE_MEMBERS[what], extension=extension)
    channel = write_channel(tmp_path / "channel", [library(), bad])
    env = tmp_path / "a" / "b" / "env"
    install(channel, env, ["libfoo"], cache=pkgs)
    before = snapshot(env, history=True)
    with pytest.raises(UnsafePackage, match=f"bad-1.0-0{extension} is not safe to install"):
        install(channel, env, ["bad"], cache=pkgs)
    assert snapshot(env, history=True) == before
    assert not list(tmp_path.rglob("outside.txt"))
    assert not (pkgs / "bad-1.0-0").exists()
    assert not [path for path in pkgs.iterdir() if path.name.startswith(".resolvent-")]


HOSTILE_LISTS = {
    "an absolute path": [entry("/outside.txt")],
    "a way up": [entry(OUT)],
    "conda-meta": [entry("conda-meta/evil-1.0-0.json")],
    "conda-meta in capitals": [entry("Conda-Meta/evil-1.0-0.json")],
}


@pytest.mark.parametrize("what", HOSTILE_LISTS)
def test_lists_of_paths_that_lead_out(tmp_path: Path, pkgs: Path, what: str) -> None:
    bad = Package("bad", files={"share/bad/ok": "payload"}, paths=HOSTILE_LISTS[what])
    channel = write_channel(tmp_path / "channel", [bad])
    with pytest.raises(UnsafePackage):
        install(channel, tmp_path / "env", ["bad"], cache=pkgs)
    assert not (tmp_path / "env").exists()
    assert not list(tmp_path.rglob("outside.txt"))


@pytest.mark.parametrize(
    "point",
    [
        "../../../outside = app:run",
        "/outside = app:run",
        "..= app:run",
        "run = app:run; import os",
        "run = os",
        "= app:run",
    ],
)
def test_entry_points_that_lead_out(tmp_path: Path, pkgs: Path, tiny: Path, point: str) -> None:
    bad = Package(
        "bad",
        build="py_0",
        noarch="python",
        depends=["python"],
        files={"site-packages/bad.py": ""},
        entry_points=[point],
    )
    channel = write_channel(tmp_path / "channel", [bad])
    with pytest.raises(UnsafePackage, match="entry point"):
        install([channel, tiny], tmp_path / "env", ["bad"], cache=pkgs)
    assert not list(tmp_path.rglob("outside*"))


def test_files_behind_links_of_another_package(tmp_path: Path, pkgs: Path) -> None:
    # Each archive alone is harmless; together they would write through a link.
    first = Package("first", files={"share/data": Link("../lib"), "lib/x": "x"})
    second = Package("second", files={"share/data/file": "written through the link\n"})
    channel = write_channel(tmp_path / "channel", [first, second])
    with pytest.raises(Exception, match="claim the same files"):
        install(channel, tmp_path / "env", ["first", "second"], cache=pkgs)
    install(channel, tmp_path / "env", ["first"], cache=pkgs)
    before = snapshot(tmp_path / "env", history=True)
    with pytest.raises(Exception, match="claim the same files"):
        install(channel, tmp_path / "env", ["second"], cache=pkgs)
    assert snapshot(tmp_path / "env", history=True) == before


def test_set_user_id_bits_are_dropped(tmp_path: Path, pkgs: Path) -> None:
    header, content = member("bin/root-shell", b"#!/bin/sh\n")
    header.mode = 0o6755
    channel = write_channel(
        tmp_path / "channel",
        [Package("suid", members=[(header, content)], paths=[{"_path": "bin/root-shell", "path_type": "hardlink"}])],
    )
    install(channel, tmp_path / "env", ["suid"], cache=pkgs)
    assert (tmp_path / "env/bin/root-shell").stat().st_mode & 0o7777 == 0o755


@pytest.mark.parametrize("extension", [".conda", ".tar.bz2"])
@pytest.mark.parametrize("damage", ["cut", "flipped", "empty", "html"])
def test_damaged_archives_with_the_right_hash(tmp_path: Path, pkgs: Path, damage: str, extension: str) -> None:
    """The channel may be wrong about itself: hashes that fit do not make an archive."""
    package = library(extension=extension)
    path = package.build_into(tmp_path / "source")
    content = path.read_bytes()
    content = {
        "cut": content[: len(content) // 2],
        "flipped": content[: len(content) // 2] + bytes(40) + content[len(content) // 2 + 40 :],
        "empty": b"",
        "html": b"<html>not found</html>",
    }[damage]
    hashes = {
        "size": len(content),
        "sha256": hashlib.sha256(content).hexdigest(),
        "md5": hashlib.md5(content).hexdigest(),
    }
    channel = write_channel(tmp_path / "channel", [package], libfoo=hashes)
    (channel / "linux-64" / package.fn).write_bytes(content)
    with pytest.raises(CorruptPackage, match=package.fn):
        install(channel, tmp_path / "env", ["libfoo"], cache=pkgs)
    assert not (tmp_path / "env").exists()


@pytest.mark.parametrize(("key", "what"), [("sha256", "SHA-256"), ("md5", "MD5"), ("size", "bytes")])
def test_archives_that_are_not_what_the_channel_says(tmp_path: Path, pkgs: Path, key: str, what: str) -> None:
    wrong = {"sha256": "0" * 64, "md5": "0" * 32, "size": 12345}[key]
    channel = write_channel(tmp_path / "channel", [library(), library("2.0")])
    env = tmp_path / "env"
    install(channel, env, ["libfoo 1.*"], cache=pkgs)
    before = snapshot(env, history=True)
    bad = write_channel(tmp_path / "bad", [library("2.0")], libfoo={key: wrong})
    with pytest.raises(CorruptPackage, match=what):
        install(bad, env, ["libfoo 2.*"], cache=pkgs, mode="update")
    assert snapshot(env, history=True) == before


def test_a_file_that_is_not_as_listed(tmp_path: Path, pkgs: Path) -> None:
    bad = Package("bad", files={"share/bad": "payloaD"}, paths=[entry("share/bad")])
    channel = write_channel(tmp_path / "channel", [bad])
    with pytest.raises(CorruptPackage, match="another share/bad than it lists"):
        install(channel, tmp_path / "env", ["bad"], cache=pkgs)
    missing = Package("missing", files={}, paths=[entry("share/missing")])
    channel = write_channel(tmp_path / "channel2", [missing])
    with pytest.raises(CorruptPackage, match="which is not in it"):
        install(channel, tmp_path / "env", ["missing"], cache=pkgs)


def test_a_package_that_is_another_one_inside(tmp_path: Path, pkgs: Path) -> None:
    """The record decides what is linked where; what index.json says inside changes nothing."""
    liar = Package("liar", files={"share/liar": File(b"x")}, index={"depends": []})
    channel = write_channel(tmp_path / "channel", [liar])
    install(channel, tmp_path / "env", ["liar"], cache=pkgs)
    assert (tmp_path / "env/conda-meta/liar-1.0-0.json").exists()
