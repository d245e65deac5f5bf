"""Environments are made and changed: files, `conda-meta`, history, link modes."""

from __future__ import annotations

import asyncio
import json
import os
import stat
import subprocess
from pathlib import Path

import pytest
from install_support import difference, install, snapshot, solve
from packages import PLACEHOLDER

import resolvent
from resolvent.install import EnvironmentChanged, EnvironmentFrozen, InstallError

SPECS = ["libfoo 1.*", "libbar 1.*", "python 3.11.*", "app 1.*", "old"]


def meta(prefix: Path, name: str) -> dict[str, object]:
    (file,) = (prefix / "conda-meta").glob(f"{name}-[0-9]*.json")
    content: dict[str, object] = json.loads(file.read_text())
    return content


def test_a_new_environment_is_complete_and_runs(tiny: Path, tmp_path: Path, pkgs: Path) -> None:
    env = tmp_path / "envs" / "work"
    applied = install(tiny, env, SPECS, cache=pkgs)
    assert {record.name for record in applied.linked} == {"libfoo", "libbar", "python", "app", "old"}
    assert applied.revision == 0
    assert resolvent.Environment(env).verify() == []
    assert (env / "lib/pkgconfig/libfoo.pc").read_text().startswith(f"prefix={env}\n")
    assert f"{env}/lib".encode() + b"\0" in (env / "lib/libfoo.so.1.0").read_bytes()
    assert (env / "share/old/prefix.txt").read_text() == f"home={env}\n"
    assert (env / "lib/libfoo.so").readlink() == Path("libfoo.so.1.0")
    assert subprocess.run([env / "bin/app"], capture_output=True, text=True, check=True).stdout == "app 1.0\n"
    assert not [path for path in tmp_path.rglob("*") if PLACEHOLDER.encode() in _content(path) and env in path.parents]


def _content(path: Path) -> bytes:
    # conda-meta names the placeholder on purpose.
    return path.read_bytes() if path.is_file() and path.suffix != ".json" else b""


def test_nothing_is_left_beside_a_new_environment(tiny: Path, tmp_path: Path, pkgs: Path) -> None:
    install(tiny, tmp_path / "envs" / "work", SPECS, cache=pkgs)
    assert [path.name for path in (tmp_path / "envs").iterdir()] == ["work"]
    names = {path.name for path in (tmp_path / "envs/work/conda-meta").iterdir()}
    assert {name for name in names if not name.endswith(".json")} == {"history", ".resolvent-revisions"}
    assert not (tmp_path / "envs/work/CACHEDIR.TAG").exists()


def test_an_update_and_a_removal_give_what_a_new_environment_has(tiny: Path, tmp_path: Path, pkgs: Path) -> None:
    changed, fresh = tmp_path / "changed", tmp_path / "fresh"
    install(tiny, changed, SPECS, cache=pkgs)
    install(tiny, changed, ["libfoo 2.*", "libbar 2.*", "python 3.12.*", "app 2.*"], cache=pkgs, mode="update")
    install(tiny, changed, ["old"], cache=pkgs, mode="remove")
    install(tiny, fresh, ["libfoo 2.*", "libbar 2.*", "python 3.12.*", "app 2.*"], cache=pkgs)
    ours = {path: text for path, text in snapshot(changed).items() if not path.startswith("conda-meta")}
    wanted = {path: text for path, text in snapshot(fresh).items() if not path.startswith("conda-meta")}
    # Files with the environment's own path in them differ.
    patched = [
        "bin/app",
        "lib/libbar.so.2.0",
        "lib/libfoo.so.2.0",
        "lib/pkgconfig/libbar.pc",
        "lib/pkgconfig/libfoo.pc",
    ]
    assert difference(ours, wanted) == patched
    assert ours.keys() == wanted.keys()
    assert resolvent.Environment(changed).verify() == []


def test_noarch_python_follows_python_to_another_minor_version(tiny: Path, tmp_path: Path, pkgs: Path) -> None:
    env = tmp_path / "env"
    install(tiny, env, ["python 3.11.*", "app 1.*"], cache=pkgs)
    (env / "lib/python3.11/site-packages/app/__pycache__").mkdir()
    (env / "lib/python3.11/site-packages/app/__pycache__/main.cpython-311.pyc").write_bytes(b"compiled")
    install(tiny, env, ["python 3.12.*"], cache=pkgs, mode="update")
    assert (env / "lib/python3.12/site-packages/app/main.py").is_file()
    assert not (env / "lib/python3.11").exists()
    assert subprocess.run([env / "bin/app"], capture_output=True, text=True, check=True).stdout == "app 1.0\n"


def test_conda_meta_is_complete(tiny: Path, tmp_path: Path, pkgs: Path) -> None:
    env = tmp_path / "env"
    install(tiny, env, ["libfoo 1.*", "libbar 1.*"], cache=pkgs)
    for name, extension in (("libfoo", ".conda"), ("libbar", ".tar.bz2")):
        data = meta(env, name)
        folder = pkgs / f"{name}-1.0-h0_1"
        assert data["extracted_package_dir"] == str(folder)
        assert data["package_tarball_full_path"] == str(tiny / "linux-64" / f"{name}-1.0-h0_1{extension}")
        assert data["link"] == {"source": str(folder), "type": 1}
        assert data["requested_specs"] == [str(resolvent.MatchSpec(f"{name} 1.*"))]
        assert data["requested_spec"] == str(resolvent.MatchSpec(f"{name} 1.*"))
        assert data["url"] == (tiny / "linux-64" / f"{name}-1.0-h0_1{extension}").as_uri()
        assert data["channel"] == f"{tiny.as_uri()}/linux-64"
        assert data["fn"] == f"{name}-1.0-h0_1{extension}"
        paths = {entry["_path"]: entry for entry in data["paths_data"]["paths"]}  # type: ignore[index]
        assert set(paths) == set(data["files"])  # type: ignore[call-overload]
        assert paths[f"lib/{name}.so"]["path_type"] == "softlink"
        assert paths[f"etc/{name}.conf"]["no_link"] is True
        assert paths[f"lib/{name}.so.1.0"]["prefix_placeholder"] == PLACEHOLDER


def test_permissions_of_records_follow_the_umask(tiny: Path, tmp_path: Path, pkgs: Path) -> None:
    for mask, wanted in ((0o022, 0o644), (0o077, 0o600), (0o002, 0o664)):
        before = os.umask(mask)
        try:
            install(tiny, tmp_path / f"env{mask:o}", ["libfoo 1.*"], cache=pkgs)
        finally:
            os.umask(before)
        files = [path for path in (tmp_path / f"env{mask:o}" / "conda-meta").iterdir() if path.is_file()]
        assert {stat.S_IMODE(path.stat().st_mode) for path in files} == {wanted}


def test_history_has_the_form_of_conda(tiny: Path, tmp_path: Path, pkgs: Path) -> None:
    env = tmp_path / "env"
    install(tiny, env, ["libfoo 1.*", "old"], cache=pkgs, command="resolvent create 'libfoo 1.*' old")
    install(tiny, env, ["libfoo 2.*"], cache=pkgs, mode="update", command="resolvent update")
    install(tiny, env, ["old"], cache=pkgs, mode="remove", command="resolvent remove old")
    lines = [line for line in (env / "conda-meta/history").read_text().splitlines() if not line.startswith("==>")]
    url = tiny.as_uri()
    assert [line for line in lines if not line.startswith("# resolvent version")] == [
        "# cmd: resolvent create 'libfoo 1.*' old",
        f"+{url}/linux-64::libfoo-1.0-h0_1",
        f"+{url}/linux-64::old-1.0-0",
        "# update specs: ['libfoo 1.*', 'old']",
        "# cmd: resolvent update",
        f"-{url}/linux-64::libfoo-1.0-h0_1",
        f"+{url}/linux-64::libfoo-2.0-h0_2",
        "# update specs: ['libfoo 2.*']",
        "# cmd: resolvent remove old",
        f"-{url}/linux-64::old-1.0-0",
        "# remove specs: ['old']",
    ]
    assert [str(spec) for spec in resolvent.Prefix(env).history] == ["libfoo=2"]


def test_what_is_asked_for_again_is_remembered_though_nothing_is_linked(tiny: Path, tmp_path: Path, pkgs: Path) -> None:
    env = tmp_path / "env"
    install(tiny, env, ["tool"], cache=pkgs)
    applied = install(tiny, env, ["libfoo"], cache=pkgs)
    assert applied.linked == ()
    assert applied.revision == 1
    assert meta(env, "libfoo")["requested_specs"] == ["libfoo"]
    assert {spec.name for spec in resolvent.Prefix(env).history} == {"tool", "libfoo"}
    assert install(tiny, env, ["libfoo"], cache=pkgs).revision is None


@pytest.mark.parametrize("link", ["auto", "hard", "copy", "soft"])
def test_link_modes(tiny: Path, tmp_path: Path, pkgs: Path, link: str) -> None:
    env = tmp_path / "env"
    install(tiny, env, SPECS, cache=pkgs, link=link)
    plain, patched, copied = env / "share/libfoo/data-1.bin", env / "lib/libfoo.so.1.0", env / "etc/libfoo.conf"
    assert plain.is_symlink() == (link == "soft")
    assert (plain.lstat().st_nlink > 1) == (link in {"auto", "hard"})
    for own in (patched, copied, env / "bin/app", env / "bin/libfoo-tool"):
        assert not own.is_symlink()
    assert patched.stat().st_nlink == copied.stat().st_nlink == 1
    assert meta(env, "libfoo")["link"]["type"] == {"auto": 1, "hard": 1, "soft": 2, "copy": 3}[link]  # type: ignore[index]
    assert resolvent.Environment(env).verify() == []
    install(tiny, env, ["libfoo 2.*", "app 2.*"], cache=pkgs, mode="update", link=link)
    assert resolvent.Environment(env).verify() == []
    assert not (env / "share/libfoo/data-1.bin").exists()


def test_a_solution_for_another_state_is_refused(tiny: Path, tmp_path: Path, pkgs: Path) -> None:
    env = tmp_path / "env"
    install(tiny, env, ["libfoo 1.*"], cache=pkgs)
    update = solve(tiny, ["libfoo 2.*"], installed=env)
    fresh = solve(tiny, ["libfoo 2.*"])
    with pytest.raises(EnvironmentChanged, match=r"has libfoo 1\.0 already"):
        resolvent.apply(fresh, env, package_cache=pkgs)
    resolvent.apply(update, env, package_cache=pkgs)
    before = snapshot(env, history=True)
    with pytest.raises(EnvironmentChanged, match=r"is to leave, and it is 2\.0"):
        resolvent.apply(update, env, package_cache=pkgs)
    assert snapshot(env, history=True) == before


def test_frozen_environments_stay_as_they_are(tiny: Path, tmp_path: Path, pkgs: Path) -> None:
    env = tmp_path / "env"
    install(tiny, env, ["libfoo 1.*"], cache=pkgs)
    (env / "conda-meta/frozen").write_text('{"message": "ask the platform team"}')
    before = snapshot(env, history=True)
    with pytest.raises(EnvironmentFrozen, match="ask the platform team"):
        install(tiny, env, ["libfoo 2.*"], cache=pkgs, mode="update")
    assert snapshot(env, history=True) == before
    install(tiny, env, ["libfoo 2.*"], cache=pkgs, mode="update", override_frozen=True)
    assert resolvent.Prefix(env).get("libfoo").version == "2.0"  # type: ignore[union-attr]


def test_a_dry_run_says_what_it_would_do(tiny: Path, tmp_path: Path, pkgs: Path) -> None:
    env = tmp_path / "env"
    applied = install(tiny, env, ["libfoo 1.*"], cache=pkgs, dry_run=True)
    assert applied.dry_run
    assert [record.name for record in applied.linked] == ["libfoo"]
    assert not env.exists()
    assert not pkgs.exists()
    install(tiny, env, ["libfoo 1.*"], cache=pkgs)
    before = snapshot(env, history=True)
    applied = install(tiny, env, ["libfoo 2.*"], cache=pkgs, mode="update", dry_run=True)
    assert [record.version for record in applied.unlinked] == ["1.0"]
    assert snapshot(env, history=True) == before


def test_folders_that_are_no_environments_are_left_alone(tiny: Path, tmp_path: Path, pkgs: Path) -> None:
    (tmp_path / "home").mkdir(exist_ok=True)
    folder = tmp_path / "documents"
    folder.mkdir()
    (folder / "letter.txt").write_text("dear")
    with pytest.raises(InstallError, match="not an environment, and not empty"):
        install(tiny, folder, ["libfoo"], cache=pkgs)
    with pytest.raises(InstallError, match="is not a folder"):
        install(tiny, folder / "letter.txt", ["libfoo"], cache=pkgs)
    (tmp_path / "empty").mkdir()
    install(tiny, tmp_path / "empty", ["libfoo"], cache=pkgs)
    assert resolvent.Environment(tmp_path / "empty").verify() == []


def test_apply_async_lets_the_loop_go_on(tiny: Path, tmp_path: Path, pkgs: Path) -> None:
    env = tmp_path / "env"
    solution = solve(tiny, SPECS)

    async def main() -> int:
        work = asyncio.ensure_future(resolvent.apply_async(solution, env, package_cache=pkgs))
        ticks = 0
        while not work.done():
            await asyncio.sleep(0.001)
            ticks += 1
        assert (await work).revision == 0
        return ticks

    assert asyncio.run(main()) > 3
    assert resolvent.Environment(env).verify() == []


def test_apply_works_where_an_event_loop_runs(tiny: Path, tmp_path: Path, pkgs: Path) -> None:
    async def main() -> None:
        install(tiny, tmp_path / "env", ["libfoo"], cache=pkgs)

    asyncio.run(main())
    assert resolvent.Environment(tmp_path / "env").verify() == []


def test_a_failing_progress_callback_changes_nothing(tiny: Path, tmp_path: Path, pkgs: Path) -> None:
    env = tmp_path / "env"
    install(tiny, env, ["libfoo 1.*"], cache=pkgs)
    before = snapshot(env, history=True)

    def progress(event: resolvent.install.Event) -> None:
        if event.kind == "change":
            raise RuntimeError("the terminal is gone")

    with pytest.raises(RuntimeError, match="terminal"):
        install(tiny, env, ["libfoo 2.*"], cache=pkgs, mode="update", progress=progress)
    assert snapshot(env, history=True) == before


def test_a_request_says_what_was_asked_for(tiny: Path, tmp_path: Path, pkgs: Path) -> None:
    env = tmp_path / "env"
    index = resolvent.load_index([tiny], platform="linux-64")

    def carry_out(request: resolvent.Request) -> None:
        solution = resolvent.solve(request, index=index, virtual_packages=[])
        resolvent.apply(solution, env, specs=request, package_cache=pkgs)

    carry_out(resolvent.Request(specs=["libfoo 1.*", "old"]))
    assert [spec.name for spec in resolvent.Prefix(env).history] == ["libfoo", "old"]
    state = resolvent.Prefix(env)
    carry_out(resolvent.Request(specs=["old"], action=resolvent.Remove(installed=state)))
    assert [spec.name for spec in resolvent.Prefix(env).history] == ["libfoo"]
