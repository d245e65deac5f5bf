"""What goes wrong on real machines leaves the environment as it was, and says what to do."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from install_support import difference, install, snapshot, solve, worker
from network_support import Answer, Site
from packages import File, Package, binary_with_prefix, write_channel

import resolvent
from resolvent.install import EnvironmentBusy, InstallError, PathConflict, checks
from resolvent.install.locking import EnvironmentLock, read_owner
from resolvent.network import NetworkError

OLD, NEW = ["libfoo 1.*", "libbar 1.*"], ["libfoo 2.*", "libbar 2.*"]


def update(channel: Path, env: Path, pkgs: Path, **options: Any) -> Any:
    return install(channel, env, NEW, cache=pkgs, mode="update", **options)


class TestFilesInTheWay:
    def test_a_file_of_the_user(self, tiny: Path, tmp_path: Path, pkgs: Path) -> None:
        env = tmp_path / "env"
        install(tiny, env, OLD, cache=pkgs)
        mine = env / "share/libfoo/data-2.bin"
        mine.write_text("mine")
        before = snapshot(env, history=True)
        with pytest.raises(PathConflict, match="belong to no conda package") as raised:
            update(tiny, env, pkgs)
        assert raised.value.paths == ["share/libfoo/data-2.bin"]
        assert snapshot(env, history=True) == before
        done = update(tiny, env, pkgs, overwrite=True)
        assert done.saved == ("share/libfoo/data-2.bin.resolvent-saved",)
        assert (env / done.saved[0]).read_text() == "mine"
        assert resolvent.Environment(env).verify() == []

    @pytest.mark.parametrize("kind", ["link", "broken link", "folder", "empty folder", "file for a folder"])
    def test_other_things_in_the_way(self, tiny: Path, tmp_path: Path, pkgs: Path, kind: str) -> None:
        env = tmp_path / "env"
        install(tiny, env, OLD, cache=pkgs)
        place = env / "lib/libfoo.so.2.0"
        if kind == "link":
            (tmp_path / "elsewhere").write_text("not to be touched")
            place.symlink_to(tmp_path / "elsewhere")
        elif kind == "broken link":
            place.symlink_to("nowhere")
        elif kind == "folder":
            (place / "below").mkdir(parents=True)
            (place / "below/file").write_text("mine")
        elif kind == "empty folder":
            place.mkdir()
        else:
            channel = write_channel(tmp_path / "other", [Package("deep", files={"opt/deep/file": "x"})])
            (env / "opt").write_text("a file")
            with pytest.raises(PathConflict) as raised:
                install([channel, tiny], env, ["deep"], cache=pkgs)
            assert raised.value.paths == ["opt"]
            return
        before = snapshot(env, history=True)
        if kind == "empty folder":
            update(tiny, env, pkgs)
            assert place.is_file()
            return
        with pytest.raises(PathConflict):
            update(tiny, env, pkgs)
        assert snapshot(env, history=True) == before

    def test_files_of_pip_are_named(self, tiny: Path, tmp_path: Path, pkgs: Path) -> None:
        env = tmp_path / "env"
        install(tiny, env, ["python 3.11.*"], cache=pkgs)
        site = env / "lib/python3.11/site-packages"
        put_pip_package(site, "app", "9.9", {"app/__init__.py": "VERSION = 'from pip'\n"})
        before = snapshot(env, history=True)
        with pytest.raises(PathConflict, match="from pip: app"):
            install(tiny, env, ["app"], cache=pkgs)
        assert snapshot(env, history=True) == before

    def test_a_folder_that_leads_out_of_the_environment(self, tiny: Path, tmp_path: Path, pkgs: Path) -> None:
        env, outside = tmp_path / "env", tmp_path / "outside"
        install(tiny, env, ["tool"], cache=pkgs)
        (env / "share").rename(outside)
        (env / "share").symlink_to(outside)
        before = snapshot(outside)
        with pytest.raises(PathConflict, match="lead out"):
            install(tiny, env, ["libbar"], cache=pkgs)
        assert snapshot(outside) == before

    def test_two_packages_with_one_file(self, tmp_path: Path, pkgs: Path) -> None:
        one = Package("one", files={"share/both": "one\n", "share/one": "1"})
        two = Package("two", files={"share/both": "two\n", "share/two": "2"})
        channel = write_channel(tmp_path / "channel", [one, two])
        env = tmp_path / "env"
        with pytest.raises(PathConflict, match="share/both: one, two"):
            install(channel, env, ["one", "two"], cache=pkgs)
        assert not env.exists()
        install(channel, env, ["one"], cache=pkgs)
        with pytest.raises(PathConflict, match="share/both: one, two"):
            install(channel, env, ["two"], cache=pkgs)
        assert (env / "share/both").read_text() == "one\n"
        install(channel, env, ["two"], cache=pkgs, allow_clobber=True)
        assert (env / "share/both").read_text() == "two\n"
        install(channel, env, ["one"], cache=pkgs, mode="remove")
        assert (env / "share/both").read_text() == "two\n"
        install(channel, tmp_path / "both", ["one", "two"], cache=pkgs, allow_clobber=True)
        assert (tmp_path / "both/share/both").read_text() in {"one\n", "two\n"}


def put_pip_package(site: Path, name: str, version: str, files: dict[str, str]) -> None:
    """Write what pip would have installed."""
    info = site / f"{name}-{version}.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n\nA package.\n")
    (info / "INSTALLER").write_text("pip\n")
    for path, text in files.items():
        (site / path).parent.mkdir(parents=True, exist_ok=True)
        (site / path).write_text(text)
    (info / "RECORD").write_text(
        "".join(f"{path},,\n" for path in (*files, f"{info.name}/METADATA", f"{info.name}/RECORD"))
    )


class TestPip:
    def test_it_is_listed_with_its_origin(self, tiny: Path, tmp_path: Path, pkgs: Path) -> None:
        env = tmp_path / "env"
        install(tiny, env, ["python 3.11.*", "app 1.*"], cache=pkgs)
        site = env / "lib/python3.11/site-packages"
        put_pip_package(site, "fromindex", "1.2", {"fromindex.py": ""})
        put_pip_package(site, "fromgit", "0.1", {"fromgit.py": ""})
        (site / "fromgit-0.1.dist-info/direct_url.json").write_text('{"url": "https://user:secret@example.org/x.git"}')
        found = {one.name: (one.version, one.origin) for one in resolvent.Environment(env).pip_packages}
        assert found == {"fromindex": ("1.2", "pypi"), "fromgit": ("0.1", "https://***@example.org/x.git")}

    def test_an_update_of_python_says_what_stays_behind(self, tiny: Path, tmp_path: Path, pkgs: Path) -> None:
        env = tmp_path / "env"
        install(tiny, env, ["python 3.11.*", "app 1.*"], cache=pkgs)
        put_pip_package(env / "lib/python3.11/site-packages", "mine", "1.2", {"mine.py": "x = 1\n"})
        done = install(tiny, env, ["python 3.12.*"], cache=pkgs, mode="update")
        (warning,) = done.warnings
        assert "pip had installed mine for python 3.11.0" in warning
        assert (env / "lib/python3.11/site-packages/mine.py").read_text() == "x = 1\n"
        # A change that leaves python alone says nothing.
        assert install(tiny, env, ["libfoo"], cache=pkgs).warnings == ()


class TestPaths:
    def test_a_prefix_that_is_too_long_for_a_binary(self, tmp_path: Path, pkgs: Path) -> None:
        short = "/short/placeholder"
        package = Package("short", files={"lib/short.so": binary_with_prefix(short)})
        channel = write_channel(tmp_path / "channel", [package])
        with pytest.raises(PathConflict, match=r"lib/short.so of short: room for 18 bytes, the path has \d+"):
            install(channel, tmp_path / "env", ["short"], cache=pkgs)
        assert not (tmp_path / "env").exists()

    def test_paths_that_differ_in_case_only(self, tmp_path: Path, pkgs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        one = Package("one", files={"share/README": "one\n"})
        two = Package("two", files={"share/readme": "two\n"})
        channel = write_channel(tmp_path / "channel", [one, two])
        install(channel, tmp_path / "apart", ["one", "two"], cache=pkgs)
        monkeypatch.setattr(checks, "is_case_sensitive", lambda _folder: False)
        with pytest.raises(PathConflict, match="share/README and share/readme"):
            install(channel, tmp_path / "env", ["one", "two"], cache=pkgs)
        install(channel, tmp_path / "env", ["one"], cache=pkgs)
        with pytest.raises(PathConflict, match="share/README and share/readme"):
            install(channel, tmp_path / "env", ["two"], cache=pkgs)

    @pytest.mark.parametrize("name", ["with space", "ünïcödé", "a'b", "percent%20"])
    def test_odd_names(self, tiny: Path, tmp_path: Path, pkgs: Path, name: str) -> None:
        env = tmp_path / name / "env"
        install(tiny, env, ["libfoo 1.*", "python 3.11.*", "app 1.*"], cache=pkgs)
        assert resolvent.Environment(env).verify() == []
        assert (env / "lib/pkgconfig/libfoo.pc").read_text().startswith(f"prefix={env}\n")
        install(tiny, env, ["libfoo 2.*"], cache=pkgs, mode="update")
        assert resolvent.Environment(env).verify() == []

    def test_a_relative_prefix(self, tiny: Path, tmp_path: Path, pkgs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.chdir(tmp_path)
        install(tiny, Path("env"), ["libfoo 1.*"], cache=pkgs)
        assert (tmp_path / "env/lib/pkgconfig/libfoo.pc").read_text().startswith(f"prefix={tmp_path / 'env'}\n")


class TestPackageCache:
    @pytest.mark.parametrize("damage", ["changed", "cut", "missing", "folder missing", "lock missing", "note missing"])
    def test_a_damaged_entry_is_made_again(self, tiny: Path, tmp_path: Path, pkgs: Path, damage: str) -> None:
        install(tiny, tmp_path / "first", ["libfoo 1.*"], cache=pkgs, link="copy")
        entry = pkgs / "libfoo-1.0-h0_1"
        file = entry / "share/libfoo/data-1.bin"
        if damage == "changed":
            file.write_bytes(file.read_bytes()[:-1] + b"!")
        elif damage == "cut":
            file.write_bytes(b"")
        elif damage == "missing":
            file.unlink()
        elif damage == "folder missing":
            shutil.rmtree(entry)
        elif damage == "lock missing":
            (pkgs / "libfoo-1.0-h0_1.lock").unlink()
        else:
            (pkgs / "libfoo-1.0-h0_1.files").unlink()
        install(tiny, tmp_path / "second", ["libfoo 1.*"], cache=pkgs)
        assert (tmp_path / "second/share/libfoo/data-1.bin").read_bytes() == bytes(range(256)) * 40
        assert resolvent.Environment(tmp_path / "second").verify() == []

    def test_a_damaged_entry_is_made_again_from_the_archive_beside_it(
        self, tiny: Path, tmp_path: Path, pkgs: Path, site: Site
    ) -> None:
        url = serve(site, tiny)
        solution = solve_remote(url, ["libfoo 1.*"])
        resolvent.apply(solution, tmp_path / "first", package_cache=pkgs)
        (pkgs / "libfoo-1.0-h0_1/share/libfoo/data-1.bin").unlink()
        site.close()
        resolvent.apply(solution, tmp_path / "second", package_cache=pkgs, offline=True)
        assert resolvent.Environment(tmp_path / "second").verify() == []

    def test_an_edit_through_a_hard_link_does_not_spread(self, tiny: Path, tmp_path: Path, pkgs: Path) -> None:
        install(tiny, tmp_path / "first", ["libfoo 1.*"], cache=pkgs)
        with (tmp_path / "first/include/libfoo/libfoo.h").open("a") as file:
            file.write("#define EDITED\n")
        install(tiny, tmp_path / "second", ["libfoo 1.*"], cache=pkgs)
        assert "EDITED" not in (tmp_path / "second/include/libfoo/libfoo.h").read_text()
        (problem,) = resolvent.Environment(tmp_path / "first").verify()
        assert (problem.kind, problem.path) == ("size", "include/libfoo/libfoo.h")

    def test_a_changed_metadata_file_counts_as_damage(self, tiny: Path, tmp_path: Path, pkgs: Path) -> None:
        install(tiny, tmp_path / "first", ["libfoo 1.*"], cache=pkgs)
        listing = pkgs / "libfoo-1.0-h0_1/info/paths.json"
        listing.write_text(json.dumps({"paths": [{"_path": "../../evil", "path_type": "hardlink"}]}))
        install(tiny, tmp_path / "second", ["libfoo 1.*"], cache=pkgs)
        assert resolvent.Environment(tmp_path / "second").verify() == []

    def test_one_name_from_two_channels(self, tmp_path: Path, pkgs: Path) -> None:
        first = write_channel(tmp_path / "first", [Package("same", files={"share/same": "first\n"})])
        second = write_channel(tmp_path / "second", [Package("same", files={"share/same": "second\n"})])
        for number, channel in enumerate((first, second, first)):
            install(channel, tmp_path / f"env{number}", ["same"], cache=pkgs)
        texts = [(tmp_path / f"env{number}/share/same").read_text() for number in range(3)]
        assert texts == ["first\n", "second\n", "first\n"]

    def test_cleaning_keeps_what_is_linked(self, tiny: Path, tmp_path: Path, pkgs: Path) -> None:
        install(tiny, tmp_path / "env", ["libfoo 1.*", "libbar 1.*"], cache=pkgs)
        install(tiny, tmp_path / "env", ["libbar"], cache=pkgs, mode="remove")
        cache = resolvent.install.package_cache.PackageCache(pkgs)
        assert cache.clean(packages=True, archives=True, dry_run=True)[0] == 1
        assert cache.clean(packages=True, archives=True)[0] == 1
        assert sorted(path.name for path in pkgs.iterdir() if path.is_dir()) == ["libfoo-1.0-h0_1"]
        assert resolvent.Environment(tmp_path / "env").verify() == []

    def test_another_file_system_means_copies(self, tiny: Path, tmp_path: Path) -> None:
        shm = Path("/dev/shm")
        if not os.access(shm, os.W_OK) or shm.stat().st_dev == tmp_path.stat().st_dev:
            pytest.skip("there is no second file system")
        pkgs = shm / f"resolvent-test-{os.getpid()}"
        try:
            install(tiny, tmp_path / "env", OLD, cache=pkgs)
            assert resolvent.Environment(tmp_path / "env").verify() == []
            assert (tmp_path / "env/share/libfoo/data-1.bin").stat().st_nlink == 1
            update(tiny, tmp_path / "env", pkgs)
            assert resolvent.Environment(tmp_path / "env").verify() == []
            with pytest.raises(InstallError, match="on another file system"):
                install(tiny, tmp_path / "hard", OLD, cache=pkgs, link="hard")
        finally:
            shutil.rmtree(pkgs, ignore_errors=True)


def serve(site: Site, channel: Path) -> str:
    """Put a channel folder on a server and return its address."""
    for path in channel.rglob("*"):
        if path.is_file():
            site.routes[f"/channel/{path.relative_to(channel).as_posix()}"] = path.read_bytes()
    return f"{site.url}/channel"


def solve_remote(url: str, specs: list[str], **options: Any) -> resolvent.Solution:
    index = resolvent.load_index([url], platform="linux-64")
    return resolvent.solve(specs, index=index, virtual_packages=[], **options)


@pytest.mark.usefixtures("cache")
class TestDownloads:
    @pytest.fixture(autouse=True)
    def quick(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Retries without pauses."""
        from resolvent.network.http import HttpClient

        monkeypatch.setattr(HttpClient, "_pause", lambda *_: None)

    def test_from_a_server(self, tiny: Path, tmp_path: Path, pkgs: Path, site: Site) -> None:
        url = serve(site, tiny)
        events: list[Any] = []
        done = resolvent.apply(solve_remote(url, OLD), tmp_path / "env", package_cache=pkgs, progress=events.append)
        assert resolvent.Environment(tmp_path / "env").verify() == []
        assert {event.package for event in events if event.kind == "download"} == {record.fn for record in done.linked}
        data = json.loads((tmp_path / "env/conda-meta/libfoo-1.0-h0_1.json").read_text())
        assert data["url"] == f"{url}/linux-64/libfoo-1.0-h0_1.conda"
        assert data["package_tarball_full_path"] == str(pkgs / "libfoo-1.0-h0_1.conda")
        assert Path(data["package_tarball_full_path"]).is_file()
        site.forget()
        resolvent.apply(solve_remote(url, OLD), tmp_path / "second", package_cache=pkgs)
        assert not [path for path in site.paths if path.endswith((".conda", ".tar.bz2"))]

    @pytest.mark.parametrize("fault", ["cut", "other bytes", "404", "500", "gone"])
    def test_a_server_that_fails(self, tiny: Path, tmp_path: Path, pkgs: Path, site: Site, fault: str) -> None:
        env = tmp_path / "env"
        url = serve(site, tiny)
        resolvent.apply(solve_remote(url, OLD), env, package_cache=pkgs)
        before = snapshot(env, history=True)
        change = solve_remote(url, NEW, installed=env, mode="update")
        path = "/channel/linux-64/libfoo-2.0-h0_2.conda"
        content = site.body(path)
        if fault == "cut":
            site.routes[path] = Answer(body=content, cut=len(content) - 100)
        elif fault == "other bytes":
            site.routes[path] = content[:-1] + b"!"
        elif fault == "gone":
            site.close()
        else:
            site.routes[path] = Answer(status=int(fault))
        with pytest.raises((InstallError, NetworkError), match=r"libfoo-2.0-h0_2|libbar-2.0"):
            resolvent.apply(change, env, package_cache=pkgs)
        assert snapshot(env, history=True) == before
        assert not [path for path in pkgs.iterdir() if path.name.startswith(".resolvent-")]

    def test_offline(self, tiny: Path, tmp_path: Path, pkgs: Path, site: Site) -> None:
        solution = solve_remote(serve(site, tiny), ["libfoo 1.*"])
        with pytest.raises(NetworkError, match="not in the package cache") as raised:
            resolvent.apply(solution, tmp_path / "env", package_cache=pkgs, offline=True)
        assert raised.value.kind == "offline"
        assert not (tmp_path / "env").exists()

    def test_credentials_do_not_reach_the_environment(
        self, tiny: Path, tmp_path: Path, pkgs: Path, site: Site, cli: Any
    ) -> None:
        for path in tiny.rglob("*"):
            if path.is_file():
                site.routes[f"/t/s3cr3t-token/channel/{path.relative_to(tiny).as_posix()}"] = path.read_bytes()
        env = tmp_path / "env"
        done = cli(
            *("create", "-p", str(env), "-c", f"{site.url}/t/s3cr3t-token/channel", "libfoo 1.*", "--yes"),
            *("--platform", "linux-64", "--no-detect"),
        )
        assert done.returncode == 0, done.stderr
        assert "s3cr3t-token" not in done.stdout + done.stderr
        for place in (env, pkgs):
            for path in place.rglob("*"):
                assert not path.is_file() or b"s3cr3t-token" not in path.read_bytes(), path


class TestSpace:
    @pytest.fixture
    def small(self, tmp_path: Path) -> Iterator[Path]:
        """A file system of 3 MB."""
        place = tmp_path / "small"
        place.mkdir()
        done = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", place], capture_output=True, check=False
        )
        if done.returncode:
            pytest.skip("a file system cannot be mounted here")
        yield place
        subprocess.run(["umount", "-l", place], check=True)

    @pytest.fixture
    def large(self, tmp_path_factory: pytest.TempPathFactory) -> Path:
        """A channel of a package that does not fit there, and of a small one."""
        noise = os.urandom(1 << 20)
        files = {f"share/large/{number}": File(noise) for number in range(6)}
        return write_channel(
            tmp_path_factory.mktemp("large"),
            [Package("large", files=files), Package("large", "0.1", files={"share/x": "x"})],
        )

    def test_a_full_disk_of_the_environment(self, large: Path, small: Path, pkgs: Path) -> None:
        env = small / "env"
        install(large, env, ["large 0.1"], cache=pkgs)
        before = snapshot(env, history=True)
        with pytest.raises(InstallError, match="MB free"):
            install(large, env, ["large 1.0"], cache=pkgs, mode="update")
        assert snapshot(env, history=True) == before
        with pytest.raises(InstallError, match="MB free"):
            install(large, small / "new", ["large 1.0"], cache=pkgs)
        assert [path.name for path in small.iterdir()] == ["env"]

    def test_a_disk_that_is_fuller_than_it_says(
        self, large: Path, small: Path, pkgs: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        env = small / "env"
        install(large, env, ["large 0.1"], cache=pkgs)
        before = snapshot(env, history=True)
        monkeypatch.setattr(checks, "check_space", lambda *_: None)
        with pytest.raises(InstallError):
            install(large, env, ["large 1.0"], cache=pkgs, mode="update")
        resolvent.Environment(env).recover()
        assert snapshot(env, history=True) == before

    def test_a_full_disk_of_the_package_cache(self, large: Path, small: Path, tmp_path: Path) -> None:
        with pytest.raises(InstallError, match="No space left"):
            install(large, tmp_path / "env", ["large 1.0"], cache=small / "pkgs")
        assert not (tmp_path / "env").exists()
        assert not [path for path in (small / "pkgs").iterdir() if path.is_dir()]


class TestReadOnly:
    @pytest.fixture
    def frozen_disk(self) -> Iterator[Any]:
        """Makes a folder read-only, for the superuser, too."""
        mounted = []

        def freeze(folder: Path) -> None:
            for options in (["--bind", str(folder), str(folder)], ["-o", "remount,ro,bind", str(folder)]):
                if subprocess.run(["mount", *options], capture_output=True, check=False).returncode:
                    pytest.skip("a file system cannot be mounted here")
                mounted.append(folder)

        yield freeze
        for folder in dict.fromkeys(mounted):
            subprocess.run(["umount", "-l", folder], check=True)

    def test_a_read_only_environment(self, tiny: Path, tmp_path: Path, pkgs: Path, frozen_disk: Any) -> None:
        env = tmp_path / "env"
        install(tiny, env, OLD, cache=pkgs)
        before = snapshot(env, history=True)
        frozen_disk(env)
        with pytest.raises(InstallError, match="cannot be written"):
            update(tiny, env, pkgs)
        assert snapshot(env, history=True) == before
        assert len(resolvent.Environment(env).records) == 2

    def test_a_read_only_folder_in_it(self, tiny: Path, tmp_path: Path, pkgs: Path, frozen_disk: Any) -> None:
        env = tmp_path / "env"
        install(tiny, env, OLD, cache=pkgs)
        before = snapshot(env, history=True)
        frozen_disk(env / "lib")
        with pytest.raises(InstallError, match="not writable"):
            update(tiny, env, pkgs)
        assert difference(snapshot(env, history=True), before) == []

    def test_a_read_only_package_cache(self, tiny: Path, tmp_path: Path, pkgs: Path, frozen_disk: Any) -> None:
        install(tiny, tmp_path / "first", OLD, cache=pkgs)
        frozen_disk(pkgs)
        install(tiny, tmp_path / "second", OLD, cache=pkgs)
        assert resolvent.Environment(tmp_path / "second").verify() == []
        with pytest.raises(InstallError, match="package cache"):
            install(tiny, tmp_path / "third", NEW, cache=pkgs)
        assert not (tmp_path / "third").exists()


#: Changes one environment in a process of its own.
CHANGE = """
import sys
from pathlib import Path
from install_support import install
channel, env, pkgs = map(Path, sys.argv[1:4])
install(channel, env, sys.argv[4].split(";"), cache=pkgs, mode=sys.argv[5])
import os
os._exit(0)
"""


class TestProcesses:
    def test_two_on_one_package_cache(self, tiny: Path, tmp_path: Path, pkgs: Path) -> None:
        specs = "libfoo 1.*;libbar 1.*;python 3.11.*;app 1.*;old"
        running = [worker(CHANGE, tiny, tmp_path / f"env{number}", pkgs, specs, "install") for number in range(4)]
        for process in running:
            assert process.wait(timeout=60) == 0, process.stderr and process.stderr.read()
        for number in range(4):
            assert resolvent.Environment(tmp_path / f"env{number}").verify() == []
        assert not [path for path in pkgs.iterdir() if path.name.startswith(".resolvent-")]

    def test_two_on_one_environment(self, tiny: Path, tmp_path: Path, pkgs: Path) -> None:
        env = tmp_path / "env"
        install(tiny, env, ["old"], cache=pkgs)
        running = [
            worker(CHANGE, tiny, env, pkgs, specs, "install")
            for specs in ("libfoo 1.*", "libbar 1.*", "python 3.11.*;app")
        ]
        codes = [process.wait(timeout=60) for process in running]
        # They solved for different states: one that came too late fails with a clear error.
        assert 0 in codes
        for process, code in zip(running, codes, strict=True):
            assert process.stderr
            assert code == 0 or b"EnvironmentChanged" in process.stderr.read()
        assert resolvent.Environment(env).verify() == []
        names = {record.name for record in resolvent.Environment(env).records}
        wanted = [{"libfoo"}, {"libbar"}, {"python", "app"}]
        assert names == {"old"}.union(*(one for one, code in zip(wanted, codes, strict=True) if code == 0))

    def test_two_that_make_one_environment(self, tiny: Path, tmp_path: Path, pkgs: Path) -> None:
        env = tmp_path / "env"
        running = [worker(CHANGE, tiny, env, pkgs, "libfoo 1.*;libbar 1.*", "install") for _ in range(3)]
        codes = [process.wait(timeout=60) for process in running]
        assert codes.count(0) >= 1
        assert resolvent.Environment(env).verify() == []
        assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".env")] == []

    def test_who_holds_an_environment(self, tiny: Path, tmp_path: Path, pkgs: Path) -> None:
        env = tmp_path / "env"
        install(tiny, env, OLD, cache=pkgs)
        path = env / "conda-meta/.resolvent-lock"
        with EnvironmentLock(path, command="resolvent update numpy", timeout=0):
            assert read_owner(path)["pid"] == os.getpid()
            with pytest.raises(EnvironmentBusy, match=rf"process {os.getpid()} \(resolvent update numpy\) for \d+ s"):
                update(tiny, env, pkgs, lock_timeout=0)
        assert not path.exists()
        update(tiny, env, pkgs, lock_timeout=0)

    def test_a_second_waits(self, tiny: Path, tmp_path: Path, pkgs: Path) -> None:
        env = tmp_path / "env"
        install(tiny, env, OLD, cache=pkgs)
        solution = solve(tiny, NEW, installed=env, mode="update")
        waiting = threading.Event()
        done: list[Any] = []

        def progress(event: Any) -> None:
            if event.kind == "waiting":
                waiting.set()

        def change() -> None:
            done.append(resolvent.apply(solution, env, package_cache=pkgs, progress=progress))

        with EnvironmentLock(env / "conda-meta/.resolvent-lock", command="test", timeout=0):
            thread = threading.Thread(target=change)
            thread.start()
            assert waiting.wait(20)
            assert not done
        thread.join(30)
        assert done[0].revision == 1

    def test_a_lock_that_a_killed_process_left(self, tiny: Path, tmp_path: Path, pkgs: Path) -> None:
        env = tmp_path / "env"
        install(tiny, env, OLD, cache=pkgs)
        stale = env / "conda-meta/.resolvent-lock"
        stale.write_text(json.dumps({"pid": 1, "host": "elsewhere", "command": "x", "started": time.time()}))
        update(tiny, env, pkgs, lock_timeout=0)
        assert not stale.exists()


def test_link_scripts_do_not_run_unless_they_are_asked_for(tmp_path: Path, pkgs: Path) -> None:
    script = b'#!/bin/sh\necho "$PKG_NAME $PKG_VERSION $PKG_BUILDNUM" > "$PREFIX/ran-$1"\n'
    after = File(script.replace(b"$1", b"post-link"), executable=True)
    leaving = File(b'#!/bin/sh\necho gone > "$PREFIX/../unlinked"\n', executable=True)
    failing = File(b"#!/bin/sh\necho broken >&2\nexit 7\n", executable=True)
    channel = write_channel(
        tmp_path / "channel",
        [
            Package(
                "scripted",
                build="h_3",
                files={"bin/.scripted-post-link.sh": after, "bin/.scripted-pre-unlink.sh": leaving},
            ),
            Package("failing", files={"bin/.failing-post-link.sh": failing}),
        ],
    )
    env = tmp_path / "env"
    done = install(channel, env, ["scripted"], cache=pkgs)
    assert done.skipped_scripts == (
        "scripted-1.0-h_3.conda: bin/.scripted-post-link.sh",
        "scripted-1.0-h_3.conda: bin/.scripted-pre-unlink.sh",
    )
    assert not (env / "ran-post-link").exists()
    install(channel, env, ["scripted"], cache=pkgs, mode="remove")
    assert not (tmp_path / "unlinked").exists()
    done = install(channel, env, ["scripted", "failing"], cache=pkgs, run_link_scripts=True)
    assert (env / "ran-post-link").read_text() == "scripted 1.0 3\n"
    assert done.skipped_scripts == ()
    assert done.warnings == ("the post-link script of failing failed with exit code 7: broken",)
    install(channel, env, ["scripted"], cache=pkgs, mode="remove", run_link_scripts=True)
    assert (tmp_path / "unlinked").read_text() == "gone\n"
