"""The commands that make, change and show environments, as a user types them."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import shlex
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import zstandard
from install_support import snapshot, worker
from packages import write_channel
from test_readme import blocks

import resolvent
from conftest import ROOT
from resolvent.cli import main
from resolvent.install.locking import EnvironmentLock

Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def run(cli: Any, own_home: Path, tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: Any) -> Run:
    """Run a command against the tiny channel: in this process, but for `run`, which becomes another program."""
    target = ("-c", str(tiny), "--platform", "linux-64", "--no-detect")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.stdin", open(os.devnull))  # noqa: SIM115, PTH123 - closed with the process

    def typed(command: str, *words: str, code: int = 0, **environment: str) -> subprocess.CompletedProcess[str]:
        solves = command in {"create", "install", "update", "remove"}
        typed = [command, *words, *(target if solves else ())]
        if command == "run":
            done: subprocess.CompletedProcess[str] = cli(*typed)
        else:
            with monkeypatch.context() as patch:
                for name, value in environment.items():
                    patch.setenv(name, value)
                capfd.readouterr()
                status = main(typed)
                shown = capfd.readouterr()
            done = subprocess.CompletedProcess(typed, status, shown.out, shown.err)
        assert done.returncode == code, done.stderr + done.stdout
        assert "Traceback" not in done.stderr
        return done

    return typed


def test_a_newcomers_walk(run: Run, own_home: Path) -> None:
    done = run("create", "-n", "work", "libfoo 1.*", "python 3.11.*", "app", "--yes")
    env = own_home / ".conda/envs/work"
    assert f"done: {env} is at revision 0" in done.stdout
    assert "resolvent run -n work -- COMMAND" in done.stdout
    assert (own_home / ".conda/environments.txt").read_text() == f"{env}\n"
    assert f"work   {env}" in run("envs").stdout
    assert "libfoo   1.0" in run("list", "-n", "work").stdout
    assert run("run", "-n", "work", "--", "app").stdout == "app 2.0\n"
    assert run("run", "-n", "work", "sh", "-c", 'echo "$CONDA_PREFIX"; exit 3', code=3).stdout == f"{env}\n"
    assert f"{env}/bin" in run("shell-hook", "-n", "work", "--shell", "bash").stdout
    done = run("update", "-n", "work", "--all", "-y")
    assert "libfoo   1.0 h0_1  2.0 h0_2" in done.stdout
    assert "to go back:   resolvent rollback -n work" in done.stdout
    assert "libfoo-2.0-h0_2" in run("history", "-n", "work").stdout
    run("rollback", "-n", "work", "-y")
    assert "libfoo   1.0" in run("list", "-n", "work").stdout
    run("install", "-n", "work", "libbar", "-y")
    run("remove", "-n", "work", "libbar", "-y")
    assert run("list", "-n", "work", "libbar").stdout.count("\n") == 1
    assert "as they were linked" in run("verify", "-n", "work").stdout
    run("remove", "-n", "work", "--all", "-y")
    assert not env.exists()
    assert (own_home / ".conda/environments.txt").read_text() == ""
    assert run("clean", "--packages").stdout.startswith("removed ")


def test_nothing_changes_without_a_yes(run: Run, tmp_path: Path) -> None:
    done = run("create", "-p", "env", "libfoo", code=2)
    assert "libfoo" in done.stdout
    assert "add --yes to go on without being asked, or --dry-run" in done.stderr
    assert not (tmp_path / "env").exists()
    run("create", "-p", "env", "libfoo 1.*", "-y")
    before = snapshot(tmp_path / "env", history=True)
    for words in (
        ("install", "libbar"),
        ("update", "--all"),
        ("update", "libfoo"),
        ("remove", "libfoo"),
        ("remove", "--all"),
    ):
        run(*words, "-p", "env", code=2)
        run(*words, "-p", "env", "--dry-run")
    assert snapshot(tmp_path / "env", history=True) == before


def test_the_question(own_home: Path, tiny: Path, tmp_path: Path) -> None:
    """A terminal is asked; anything but yes leaves everything as it is."""
    import pty

    words = ["create", "-p", str(tmp_path / "env"), "-c", str(tiny), "--platform", "linux-64", "--no-detect", "libfoo"]
    for answer, made in ((b"n\n", False), (b"what\n", False), (b"\n", True)):
        ours, theirs = pty.openpty()
        process = subprocess.Popen(
            [sys.executable, "-m", "resolvent", *words],
            stdin=theirs,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        os.write(ours, answer)
        _, errors = process.communicate(timeout=60)
        os.close(ours)
        os.close(theirs)
        assert b"go on? [Y/n]" in errors
        assert process.returncode == 0
        assert (tmp_path / "env").exists() == made


def test_json(run: Run, tmp_path: Path) -> None:
    report = json.loads(run("create", "-p", "env", "libfoo 1.*", "-y", "--json").stdout)
    assert report["status"] == "solved"
    assert [record["name"] for record in report["transaction"]["link"]] == ["libfoo"]
    assert report["applied"]["linked"] == ["libfoo-1.0-h0_1.conda"]
    assert report["applied"]["revision"] == 0
    report = json.loads(run("update", "-p", "env", "--all", "--dry-run", "--json").stdout)
    assert report["applied"]["dry_run"] is True
    assert [change["kind"] for change in report["changes"]] == ["up"]
    report = json.loads(run("list", "-p", "env", "--json").stdout)
    assert [record["name"] for record in report["packages"]] == ["libfoo"]
    assert report["being_changed"] is None
    report = json.loads(run("history", "-p", "env", "--json").stdout)
    assert [len(one["linked"]) for one in report["revisions"]] == [1]
    report = json.loads(run("rollback", "7", "-p", "env", "--json", code=2).stdout)
    assert report["error"]["type"] == "InstallError"
    report = json.loads(run("install", "-p", "env", "libbar", "--json", code=2).stdout)
    assert report["error"]["type"] == "UsageError"
    report = json.loads(run("verify", "-p", "env", "--json").stdout)
    assert report["problems"] == []
    report = json.loads(run("remove", "-p", "env", "--all", "--json", "--yes").stdout)
    assert report["status"] == "removed"


def test_progress_as_json(run: Run) -> None:
    done = run("create", "-p", "env", "libfoo 1.*", "libbar 1.*", "-y", "--json-progress")
    events = [json.loads(line) for line in done.stderr.splitlines()]
    assert [event["kind"] for event in events] == ["extract", "extract", "link", "link", "done"]
    assert events[1] | {"package": ""} == {"kind": "extract", "package": "", "completed": 2, "total": 2}


def test_files_of_specs_and_of_archives(run: Run, tmp_path: Path) -> None:
    (tmp_path / "specs.txt").write_text("# what we need\nlibfoo 1.*\npython 3.11.*\n\napp  # our own\n")
    run("create", "-p", "env", "--file", "specs.txt", "-y")
    (tmp_path / "lock.txt").write_text(run("list", "-p", "env", "--explicit").stdout)
    run("create", "-p", "copy", "--file", "lock.txt", "-y")
    lists = [json.loads(run("list", "-p", place, "--json").stdout)["packages"] for place in ("env", "copy")]
    assert lists[0] == lists[1]
    # Into an environment that exists: what differs is replaced.
    run("update", "-p", "env", "--all", "-y")
    run("install", "-p", "env", "--file", "lock.txt", "-y")
    assert json.loads(run("list", "-p", "env", "--json").stdout)["packages"] == lists[1]
    assert "nothing" in run("install", "-p", "env", "--file", "lock.txt", "-y").stdout
    assert "give no SPECs" in run("create", "-p", "x", "--file", "lock.txt", "libbar", "-y", code=2).stderr


@pytest.mark.parametrize(
    ("line", "wrong"),
    [
        ("URL#0123456789abcdef0123456789abcdef", "MD5"),
        ("URL#" + "0" * 64, "SHA-256"),
        ("URL#sha256:" + "0" * 64, "SHA-256"),
        ("URL#what", "neither an MD5 nor a SHA-256"),
        ("not a package", "not the address of a conda package"),
        ("https://example.org/linux-64/readme.txt", "not the address of a conda package"),
    ],
)
def test_bad_lists_of_archives(run: Run, tmp_path: Path, tiny: Path, line: str, wrong: str) -> None:
    url = (tiny / "linux-64/libfoo-1.0-h0_1.conda").as_uri()
    (tmp_path / "lock.txt").write_text(f"@EXPLICIT\n{line.replace('URL', url)}\n")
    assert wrong in run("create", "-p", "env", "--file", "lock.txt", "-y", code=2).stderr
    assert not (tmp_path / "env").exists()


def test_an_interrupted_change_is_finished_by_the_next_command(
    run: Run, tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run("create", "-p", "env", "libfoo 1.*", "-y")
    code = """
import os, sys
from pathlib import Path
from install_support import install
from resolvent.install import journal
left = [4]
def step():
    left[0] -= 1
    if not left[0]:
        os._exit(9)
finish = journal.finish
journal.finish = lambda prefix: finish(prefix, step)
install(*map(Path, sys.argv[1:3]), ["libfoo 2.*"], cache=Path(sys.argv[3]), mode="update")
"""
    for command, outcome in (("list", "finished"), ("recover --revert", "reverted"), ("verify", "finished")):
        before = snapshot(tmp_path / "env")
        version = "2.0" if outcome == "finished" else "1.0"
        assert worker(code, tiny, tmp_path / "env", tmp_path / "pkgs").wait(timeout=60) == 9
        assert (tmp_path / "env/conda-meta/.resolvent-change").is_dir()
        first = run(*command.split(), "-p", "env")
        assert outcome in first.stderr + first.stdout
        assert f"libfoo   {version}" in run("list", "-p", "env").stdout
        assert (snapshot(tmp_path / "env") == before) == (outcome == "reverted")
        run("install", "-p", "env", "libfoo 1.*", "-y")


def test_an_environment_that_is_being_changed(run: Run, tmp_path: Path) -> None:
    run("create", "-p", "env", "libfoo 1.*", "-y")
    meta = tmp_path / "env/conda-meta"
    with EnvironmentLock(meta / ".resolvent-lock", command="resolvent update", timeout=0):
        (meta / ".resolvent-change").mkdir()
        (meta / ".resolvent-change/plan.json").write_text('{"command": "resolvent update", "started": "today"}')
        done = run("list", "-p", "env")
        assert "being changed by process" in done.stderr
        done = run("update", "-p", "env", "--all", "-y", "--lock-timeout", "0", code=2)
        assert f"process {os.getpid()}" in done.stderr


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("create", "libfoo", "-y"), "say which environment"),
        (("create", "-n", "a/b", "libfoo", "-y"), "is not a name of an environment"),
        (("list", "-n", "absent"), "no environment named absent"),
        (("install", "-p", "absent", "libfoo", "-y"), "absent"),
        (("create", "-n", "x", "-p", "y", "libfoo"), "not allowed with"),
        (("update", "-p", "env", "libbar", "-y"), "libbar is not installed"),
        (("create", "-p", "env", "libfoo", "-y"), "is an environment already"),
        (("remove", "-p", "env", "--all", "libfoo", "-y"), "not both"),
        (("run", "-p", "env"), "give the command after --"),
        (("list", "-p", "env", "["), "not a regular expression"),
        (("install", "-p", "env", "libfoo", "--lock-timeout", "-1"), "number of seconds"),
        (("install", "-p", "env", "--file", "absent.txt"), "absent.txt"),
        (("install", "-p", "env", "--file", "environment.yml"), "environment.yml"),
        (("clean",), "say what to remove"),
    ],
)
def test_mistakes(run: Run, words: tuple[str, ...], said: str) -> None:
    run("create", "-p", "env", "libfoo 1.*", "-y")
    assert said in run(*words, code=2).stderr


def test_activation_scripts_and_variables(run: Run, tmp_path: Path) -> None:
    run("create", "-p", "env", "libfoo", "-y")
    hooks = tmp_path / "env/etc/conda/activate.d"
    hooks.mkdir(parents=True)
    (hooks / "hook.sh").write_text("export FROM_HOOK=yes\n")
    (tmp_path / "env/conda-meta/state").write_text('{"env_vars": {"FROM_STATE": "set"}}')
    shown = run("run", "-p", "env", "--", "sh", "-c", 'echo "$FROM_HOOK $FROM_STATE $CONDA_PREFIX"').stdout
    assert shown == f"yes set {tmp_path / 'env'}\n"


def test_two_environments_of_one_name(run: Run, tmp_path: Path) -> None:
    folders = [tmp_path / "first", tmp_path / "second"]
    places = os.pathsep.join(map(str, folders))
    run("create", "-n", "same", "libfoo 1.*", "-y", CONDA_ENVS_DIRS=places)
    assert (folders[0] / "same/conda-meta").is_dir()
    run("create", "-p", str(folders[1] / "same"), "libbar", "-y", CONDA_ENVS_DIRS=places)
    assert "libfoo" in run("list", "-n", "same", CONDA_ENVS_DIRS=places).stdout
    run("create", "-n", "same", "libbar", "-y", CONDA_ENVS_DIRS=places, code=2)


@pytest.mark.parametrize("page", ["README.md", "docs/installing.md"])
def test_the_walk_on_the_pages(page: str, own_home: Path, tmp_path: Path, cli: Any) -> None:
    """The commands of the pages' demo do what is shown, one after the other."""
    (block,) = [code for code in blocks(ROOT / page, "console") if "--demo" in code]
    steps = re.findall(r"^\$ resolvent (.*)\n((?:(?!\$ ).*\n)*)", block, re.MULTILINE)
    assert len(steps) > 5
    for command, shown in steps:
        done = cli(*shlex.split(command))
        assert done.returncode == 0, done.stderr
        assert shown in done.stdout
    assert not (tmp_path / "first").exists()


def test_the_demo_channel_is_what_its_tool_writes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    spec = importlib.util.spec_from_file_location("make_demo", ROOT / "tools" / "make_demo.py")
    assert spec and spec.loader
    tool = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tool)
    made = write_channel(tmp_path / "demo", tool.packages())
    carried = Path(resolvent.demo_channel())
    for path in carried.rglob("*.conda"):
        # Compressed bytes may differ between versions of zstandard; what is packed may not.
        assert unpacked(path) == unpacked(made / path.relative_to(carried))


def unpacked(archive: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(archive) as parts:
        found = {name: parts.read(name) for name in parts.namelist()}
    unpack = zstandard.ZstdDecompressor().decompress
    return {
        name: unpack(data, max_output_size=1 << 20) if name.endswith(".zst") else data for name, data in found.items()
    }
