"""From a channel on the network to an index and an answer: `load_index`, `solve`, the environment variables."""

from __future__ import annotations

import contextlib
import io
import sys
import types
from pathlib import Path

import pytest
from network_support import (
    SUBDIRS,
    Answer,
    Site,
    config,
    entry,
    put_real_channel,
    put_shards,
    put_whole,
)

import resolvent
from conftest import ChannelMaker, record
from resolvent import ChannelNotFound, InvalidMatchSpec, ResolventError
from resolvent.channels import resolve_sources
from resolvent.cli.progress import terminal_progress
from resolvent.network import NetworkError, Progress

CHANNEL = {
    "linux-64": [entry("a", depends=["b >=1", "n"]), entry("b"), entry("b", "2.0"), entry("x")],
    "noarch": [entry("n", noarch="generic", subdir="noarch")],
}


pytestmark = pytest.mark.usefixtures("cache")


def solved(*specs: str, channels: list[str | Path], offline: bool | None = None) -> set[str]:
    solution = resolvent.solve(
        list(specs), channels=list(channels), platform="linux-64", virtual_packages=[], offline=offline
    )
    return {one.url for one in solution.records}


@pytest.mark.parametrize("put", [put_whole, put_shards])
def test_solve(site: Site, cache: Path, put: types.FunctionType) -> None:
    put(site, CHANNEL)
    base = f"{site.url}/ch"
    expected = {f"{base}/linux-64/a-1.0-0.conda", f"{base}/linux-64/b-2.0-0.conda", f"{base}/noarch/n-1.0-0.conda"}
    assert solved("a", channels=[base]) == expected
    assert cache.is_dir()
    site.forget()
    assert solved("a", channels=[f"{base}/linux-64"], offline=True) == expected
    assert site.paths == []


def test_an_index_of_some_specs_and_of_all(site: Site) -> None:
    put_shards(site, CHANNEL)
    put_whole(site, CHANNEL)
    channel = f"{site.url}/ch"
    assert len(resolvent.load_index(channel, platform="linux-64", specs=["b"])) == 2
    assert len(resolvent.load_index(channel, platform="linux-64", specs="a")) == 4
    assert len(resolvent.load_index(channel, platform="linux-64", specs="*[build=0]")) == 5
    assert len(resolvent.load_index(channel, platform="linux-64")) == 5
    with pytest.raises(InvalidMatchSpec):
        resolvent.load_index(channel, platform="linux-64", specs="a >=>=")


def test_installed_packages_count(site: Site) -> None:
    put_shards(site, CHANNEL)
    installed = [{**entry("x"), "fn": "x-1.0-0.conda", "channel": f"{site.url}/ch", "url": ""}]
    channel = f"{site.url}/ch"
    with contextlib.suppress(ResolventError):  # what the solver makes of them is not the question here
        resolvent.solve("b", channels=channel, platform="linux-64", virtual_packages=[], installed=installed)
    assert len([path for path in site.paths if "/shards/" in path]) == 2


def test_names_below_the_alias(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    put_whole(site, CHANNEL, "/some/mine")
    monkeypatch.setenv("RESOLVENT_CHANNEL_ALIAS", f"{site.url}/some")
    (url,) = solved("x", channels=["mine"])
    assert url == f"{site.url}/some/mine/linux-64/x-1.0-0.conda"


@pytest.mark.parametrize("put", [put_whole, put_shards])
def test_a_mirror_of_a_named_channel(site: Site, put: types.FunctionType) -> None:
    put(site, CHANNEL, "/mirror")
    (url,) = solved("x", channels=[f"conda-forge={site.url}/mirror"])
    assert url == "https://conda.anaconda.org/conda-forge/linux-64/x-1.0-0.conda"


def test_local_and_remote_together(site: Site, make_channel: ChannelMaker) -> None:
    put_shards(site, CHANNEL)
    folder = make_channel([record("top", depends=["a"])])
    assert len(solved("top", channels=[folder, f"{site.url}/ch"])) == 4
    assert f"{folder.as_uri()}/linux-64/top-1.0-0.conda" in solved("top", channels=[f"{site.url}/ch", folder])


def test_absent(site: Site) -> None:
    with pytest.raises(ChannelNotFound, match="/ch"):
        resolvent.load_index(f"{site.url}/ch", platform="linux-64")
    put_whole(site, {"noarch": CHANNEL["noarch"]})
    assert len(resolvent.load_index(f"{site.url}/ch", platform="linux-64")) == 1
    assert len(resolvent.load_index(f"{site.url}/ch", platform="noarch")) == 1


def test_offline(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    put_whole(site, CHANNEL)
    monkeypatch.setenv("RESOLVENT_OFFLINE", "yes")
    with pytest.raises(NetworkError) as caught:
        resolvent.load_index(f"{site.url}/ch", platform="linux-64")
    assert caught.value.kind == "offline"
    assert isinstance(caught.value, ResolventError)
    assert site.paths == []
    assert resolvent.load_index(f"{site.url}/ch", platform="linux-64", offline=False)


def test_names_that_the_core_is_given(site: Site, tmp_path: Path) -> None:
    put_whole(site, CHANNEL)
    settings = config(tmp_path / "other")
    (source,) = resolve_sources([f"{site.url}/ch/"], platform="linux-64", network=settings)
    assert len(source) == 2
    name, folder = source
    assert name == f"{site.url}/ch"
    assert (Path(folder) / "linux-64" / "repodata.json.zst").is_file()
    assert Path(folder).is_relative_to(tmp_path / "other")


def test_secrets_are_no_part_of_an_answer(site: Site) -> None:
    put_whole(site, CHANNEL, "/t/tk-secret-0123/ch")
    (url,) = solved("x", channels=[f"{site.url}/t/tk-secret-0123/ch"])
    assert url == f"{site.url}/ch/linux-64/x-1.0-0.conda"
    index = resolvent.load_index(f"{site.url}/t/tk-secret-0123/ch", platform="linux-64")
    assert index.channels == [f"{site.url}/ch"]


def test_shards_answer_like_the_whole(site: Site, shared: Path) -> None:
    """The real channel: the same environments from shards as from the folder itself."""
    folder = shared / "data" / "channels" / "conda-forge"
    put_real_channel(site, folder)
    index = resolvent.load_index(f"conda-forge={folder}", platform="linux-64")
    facts = ["__glibc 2.28", "__linux 5.10", "__unix 0", "__archspec 1 x86_64"]
    for specs in (["python"], ["numpy", "python 3.10.*"], ["r-base"]):
        remote = resolvent.solve(
            specs, channels=f"conda-forge={site.url}/ch", platform="linux-64", virtual_packages=facts
        )
        local = resolvent.solve(specs, index=index, virtual_packages=facts)
        assert [one.url for one in remote.records] == [one.url for one in local.records]
    assert not [path for path in site.paths if path.endswith("repodata.json.zst")]
    assert len(SUBDIRS) == len([path for path in site.paths if path.endswith("repodata_shards.msgpack.zst")]) / 3


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_progress_is_drawn_on_a_terminal_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("resolvent.cli.progress._PATIENCE", 0.0)
    monkeypatch.setenv("TERM", "xterm")
    for stream, drawn in ((_Terminal(), True), (io.StringIO(), False)):
        monkeypatch.setattr(sys, "stderr", stream)
        with terminal_progress() as callback:
            assert (callback is not None) == drawn
            for done in (10_000_000, 20_000_000) if callback else ():
                label = "https://host/conda-forge/linux-64/repodata.json.zst"
                assert callback is not None
                callback(Progress(label, "bytes", done, 20_000_000, finished=done == 20_000_000))
        assert ("conda-forge/linux-64" in stream.getvalue()) == drawn


def test_quick_fetches_draw_nothing(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    stream = _Terminal()
    monkeypatch.setattr(sys, "stderr", stream)
    monkeypatch.setattr("resolvent.cli.progress._PATIENCE", 1000.0)
    put_whole(site, CHANNEL)
    with terminal_progress() as progress:
        resolvent.load_index(f"{site.url}/ch", platform="linux-64", progress=progress)
    assert stream.getvalue() == ""


def test_the_library_reports_to_its_caller_and_draws_nothing(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    stream = _Terminal()
    monkeypatch.setattr(sys, "stderr", stream)
    put_whole(site, CHANNEL)
    seen: list[Progress] = []
    resolvent.load_index(f"{site.url}/ch", platform="linux-64", progress=seen.append)
    ends = [event for event in seen if event.finished and event.phase == "fetch"]
    assert {event.label.rpartition("/")[0] for event in ends} == {f"{site.url}/ch/{subdir}" for subdir in SUBDIRS}
    assert stream.getvalue() == ""


def test_a_failure_in_one_channel_stops_the_others(site: Site) -> None:
    put_whole(site, CHANNEL)
    site.routes["/bad/linux-64/repodata.json.zst"] = Answer(418)
    site.routes["/bad/noarch/repodata.json.zst"] = Answer(418)
    with pytest.raises(NetworkError, match="418"):
        resolvent.load_index([f"{site.url}/ch", f"{site.url}/bad"], platform="linux-64")
