"""How channel arguments are read, and where records say they come from."""

from __future__ import annotations

from pathlib import Path

import pytest

import resolvent
from conftest import ChannelMaker, record
from resolvent import ChannelNotFound, ResolventError
from resolvent.channels import LocalSource, NetworkSource, parse_source


class TestParsing:
    @pytest.mark.parametrize(
        ("source", "expected"),
        [
            ("/srv/channel", LocalSource(None, "/srv/channel")),
            ("file:///srv/my%20channel", LocalSource(None, "/srv/my channel")),
            ("file://localhost/srv/channel", LocalSource(None, "/srv/channel")),
            (Path("/srv/a=b"), LocalSource(None, "/srv/a=b")),
            ("name=/srv/channel", LocalSource("name", "/srv/channel")),
            ("name=/srv/a=b", LocalSource("name", "/srv/a=b")),
            (" name = /srv/channel ", LocalSource("name", "/srv/channel")),
            ("https://host/name=/srv/channel", LocalSource("https://host/name", "/srv/channel")),
            ("conda-forge", NetworkSource(None, "conda-forge")),
            ("conda-forge/label/dev", NetworkSource(None, "conda-forge/label/dev")),
            ("https://host/channel", NetworkSource(None, "https://host/channel")),
            ("HTTP://host/channel", NetworkSource(None, "HTTP://host/channel")),
            ("conda-forge=https://mirror/cf", NetworkSource("conda-forge", "https://mirror/cf")),
        ],
    )
    def test_forms(self, source: str | Path, expected: LocalSource | NetworkSource) -> None:
        assert parse_source(source) == expected

    def test_relative_folders(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.chdir(tmp_path)
        (tmp_path / "channels" / "mine").mkdir(parents=True)
        mine = LocalSource(None, str(tmp_path / "channels" / "mine"))
        assert parse_source("channels/mine") == mine
        assert parse_source("./channels/mine") == mine
        # A word alone stays a channel's name even where a folder is called so.
        assert parse_source("channels") == NetworkSource(None, "channels")
        assert parse_source("./channels") == LocalSource(None, str(tmp_path / "channels"))
        assert parse_source("name=channels") == LocalSource("name", str(tmp_path / "channels"))

    def test_home(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("HOME", str(tmp_path))
        monkeypatch.setenv("USERPROFILE", str(tmp_path))
        assert parse_source("~/channel") == LocalSource(None, str(tmp_path / "channel"))

    @pytest.mark.parametrize(
        "source", ["", "  ", "=", "name=", "=/srv", "a\x00b", "a\nb", "ftp://host/x", "file://other/x", "s3://b/x"]
    )
    def test_nonsense(self, source: str) -> None:
        with pytest.raises(ChannelNotFound):
            parse_source(source)

    @pytest.mark.parametrize("source", [None, 1, b"conda-forge", ["conda-forge"]])
    def test_other_types(self, source: object) -> None:
        with pytest.raises(TypeError):
            parse_source(source)  # type: ignore[arg-type]


class TestRecordsTellTheirChannel:
    def test_a_named_copy(self, make_channel: ChannelMaker) -> None:
        folder = make_channel([record("x")], noarch=[record("y", depends=["x"], noarch="generic")])
        index = resolvent.load_index([f"conda-forge={folder}"], platform="linux-64")
        x, y = resolvent.solve("y", index=index, virtual_packages=[]).records
        assert (x.channel, x.subdir) == ("conda-forge", "linux-64")
        assert x.url == "https://conda.anaconda.org/conda-forge/linux-64/x-1.0-0.conda"
        assert y.url == "https://conda.anaconda.org/conda-forge/noarch/y-1.0-0.conda"

    def test_a_copy_of_a_url(self, make_channel: ChannelMaker) -> None:
        folder = make_channel([record("x")])
        index = resolvent.load_index([f"https://repo.example/private={folder}"], platform="linux-64")
        (x,) = resolvent.solve("x", index=index, virtual_packages=[]).records
        assert x.url == "https://repo.example/private/linux-64/x-1.0-0.conda"

    def test_a_folder(self, make_channel: ChannelMaker) -> None:
        folder = make_channel([record("x")])
        index = resolvent.load_index([folder], platform="linux-64")
        (x,) = resolvent.solve("x", index=index, virtual_packages=[]).records
        assert x.url == f"{folder.as_uri()}/linux-64/x-1.0-0.conda"
        assert x.channel == folder.as_uri()

    def test_order_is_priority(self, make_channel: ChannelMaker) -> None:
        first, second = make_channel([record("x", "1.0")], name="a"), make_channel([record("x", "2.0")], name="b")
        for sources, version in (((first, second), "1.0"), ((second, first), "2.0")):
            index = resolvent.load_index(list(sources), platform="linux-64")
            assert len(index) == 2
            (x,) = resolvent.solve("x", index=index, virtual_packages=[]).records
            assert x.version == version


def test_the_sample_channel_is_conda_forges(sample: resolvent.Index) -> None:
    assert len(sample) > 1_000
    assert sample.warnings == []
    assert sample.platform == "linux-64"


def test_a_platform_that_is_none() -> None:
    for platform in ("", "linux", "LINUX-64", "../..", "linux-64/x"):
        with pytest.raises(ResolventError):
            resolvent.load_index([resolvent.sample_channel()], platform=platform)
