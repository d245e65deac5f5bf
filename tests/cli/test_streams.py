"""Standard output that is closed, full, or read by nobody; empty arguments; Ctrl-C while a server is silent."""

from __future__ import annotations

import functools
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from network_support import Answer, Site, wait_for

from conftest import Cli, record

RUN = [sys.executable, "-m", "resolvent"]
FULL = Path("/dev/full")

Output = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def words(make_channel: Callable[..., Path]) -> dict[str, list[str]]:
    """Command lines, by the form of their output."""
    channel = make_channel([record("app"), record("lib")])
    where = ["-c", str(channel), "--platform", "linux-64", "--no-detect"]
    return {
        "table": ["solve", "app", *where],
        "json": ["solve", "app", *where, "--json"],
        "explicit": ["solve", "app", *where, "--explicit"],
        "conflict as JSON": ["solve", "absent", *where, "--json"],
        "why": ["why", "app", "app", *where],
        "why not": ["why-not", "lib", "app", *where],
        "index": ["index", str(channel), "--platform", "linux-64"],
        "config": ["config"],
        "config as JSON": ["config", "--json"],
        "help": ["solve", "--help"],
        "version": ["--version"],
    }


FORMS = ["table", "json", "explicit", "conflict as JSON", "why", "why not", "index", "config", "config as JSON"]
FORMS += ["help", "version"]


@pytest.mark.skipif(not FULL.exists(), reason="the system has no device that is full")
@pytest.mark.parametrize("form", FORMS)
def test_full(words: dict[str, list[str]], form: str) -> None:
    with FULL.open("w") as full:
        done = subprocess.run([*RUN, *words[form]], stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr == "resolvent: standard output cannot be written: No space left on device\n"


@pytest.mark.skipif(sys.platform == "win32", reason="a shell is needed")
@pytest.mark.parametrize("form", [form for form in FORMS if form not in {"help", "version"}])
def test_closed(words: dict[str, list[str]], form: str) -> None:
    line = ["sh", "-c", '"$@" >&-', "sh", *RUN, *words[form]]
    done = subprocess.run(line, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr == "resolvent: standard output is closed\n"


@pytest.mark.skipif(sys.platform == "win32", reason="pipes break otherwise there")
@pytest.mark.parametrize("form", FORMS)
def test_nobody_reads(words: dict[str, list[str]], form: str) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run([*RUN, *words[form]], stdout=writer, stderr=subprocess.PIPE, text=True, check=False)
    os.close(writer)
    assert done.returncode == 141
    assert done.stderr == ""


@pytest.mark.skipif(not FULL.exists(), reason="the system has no device that is full")
def test_messages_that_cannot_be_written_change_no_exit_code(words: dict[str, list[str]]) -> None:
    line = [word for word in words["conflict as JSON"] if word != "--json"]
    with FULL.open("w") as full:
        assert subprocess.run([*RUN, *line], stderr=full, check=False).returncode == 1
    assert subprocess.run(["sh", "-c", '"$@" 2>&-', "sh", *RUN, *line], check=False).returncode == 1


@pytest.mark.parametrize(
    "arguments",
    [
        ("solve", "app", "-p", ""),
        ("solve", "app", "-p", "  "),
        ("solve", "app", "--platform", ""),
        ("solve", "app", "--save-problem", ""),
        ("solve", "app", "--proof", ""),
        ("solve", "app", "--pin", ""),
        ("solve", "app", "-c", ""),
        ("solve", ""),
        ("update", "app", "-p", ""),
        ("remove", "app", "-p", ""),
        ("why", "", "app"),
        ("why-not", "app", "app", "-p", ""),
        ("config", "-p", ""),
    ],
)
def test_an_empty_argument_is_not_an_absent_one(cli: Cli, arguments: tuple[str, ...]) -> None:
    done = cli(*arguments, *(() if arguments[0] == "config" else ("--offline",)))
    assert done.returncode == 2
    assert "is empty" in done.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="signals are others there")
@pytest.mark.parametrize("silent", ["repodata_shards.msgpack.zst", "repodata.json.zst", "repodata.json"])
def test_ctrl_c_while_a_server_is_silent(site: Site, tmp_path: Path, silent: str) -> None:
    body = b'{"packages": {}}'
    for subdir in ("linux-64", "noarch"):
        site.routes[f"/ch/{subdir}/{silent}"] = Answer(body=body, stall=300)
    line = [*RUN, "solve", "app", "-c", f"{site.url}/ch", "--platform", "linux-64", "--no-detect"]
    environ = {**os.environ, "RESOLVENT_CACHE_DIR": str(tmp_path / "cache")}
    # A shell that starts the tests in the background has them ignore the signal, and what they start as well.
    heard = functools.partial(signal.signal, signal.SIGINT, signal.SIG_DFL)
    running = subprocess.Popen(line, stderr=subprocess.PIPE, text=True, env=environ, preexec_fn=heard)
    assert wait_for(lambda: sum(path.endswith(silent) for path in site.paths) == 2)
    running.send_signal(signal.SIGINT)
    _, said = running.communicate(timeout=20)  # reading alone would wait for a minute
    assert running.returncode == 130
    assert said == "resolvent: interrupted\n"
