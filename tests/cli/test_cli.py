"""The command line: output forms, exit codes, and bad input without a traceback."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import platformdirs
import pytest

import resolvent
from conftest import ChannelMaker, Cli, record, write_subdir
from resolvent.cache_paths import cache_root

KEYS = {"status", "optimality", "packages", "transaction", "conflict", "stats", "warnings", "error"}
#: What only an answer has.
OF_ANSWERS = {"specs", "target", "levels", "tradeoffs", "changes", "dropped", "exempt"}
LIBRARY = [record("lib", "1.0", "0"), record("lib", "2.0", "0"), record("app", "1.0", "0", depends=["lib <2"])]


@pytest.fixture
def channel(make_channel: ChannelMaker) -> str:
    """A channel of two packages, as a command-line source."""
    return f"demo={make_channel(LIBRARY)}"


def report(output: str) -> dict[str, Any]:
    """Parse `--json` output, which is one object with the documented keys."""
    parsed = json.loads(output)
    assert set(parsed) == (KEYS | OF_ANSWERS if parsed["status"] == "solved" else KEYS)
    assert set(parsed["transaction"]) == {"link", "unlink"}
    if parsed["error"] is not None:
        assert set(parsed["error"]) == {"type", "message", "file", "field"}
    return dict(parsed)


class TestSolved:
    def test_json(self, cli: Cli, channel: str) -> None:
        done = cli("solve", "app", "-c", channel, "--platform", "linux-64", "--no-detect", "--json")
        assert (done.returncode, done.stderr) == (0, "")
        answer = report(done.stdout)
        assert answer["status"] == "solved"
        assert answer["optimality"] == "proved"
        assert answer["conflict"] is None
        assert answer["error"] is None
        assert [(package["name"], package["version"]) for package in answer["packages"]] == [
            ("lib", "1.0"),
            ("app", "1.0"),
        ]
        assert answer["transaction"] == {"link": answer["packages"], "unlink": []}
        for package in answer["packages"]:
            assert package["channel"] == "demo"
            assert package["fn"] == f"{package['name']}-1.0-0.conda"
            assert package["url"].endswith(f"/demo/linux-64/{package['fn']}")
        assert answer["packages"][1]["depends"] == ["lib <2"]

    def test_json_is_the_same_bytes_each_time(self, cli: Cli, channel: str) -> None:
        outputs = []
        for seed in ("0", "1"):
            done = cli("solve", "app", "-c", channel, "--platform", "linux-64", "--json", PYTHONHASHSEED=seed)
            answer = report(done.stdout)
            outputs.append({key: value for key, value in answer.items() if key != "stats"})
        assert outputs[0] == outputs[1]

    def test_table(self, cli: Cli, channel: str) -> None:
        done = cli("solve", "app", "-c", channel, "--platform", "linux-64", "--no-detect")
        assert done.returncode == 0
        rows = [line.split()[:4] for line in done.stdout.splitlines()]
        assert ["lib", "1.0", "0", "demo/linux-64"] in rows
        assert ["app", "1.0", "0", "demo/linux-64"] in rows
        assert "2 packages" in done.stdout
        assert "proved optimal" in done.stdout
        assert "\x1b" not in done.stdout

    def test_explicit(self, cli: Cli, make_channel: ChannelMaker) -> None:
        folder = make_channel(
            [
                record("lib", md5="0" * 32, sha256="1" * 64),
                record("app", depends=["lib", "old"], sha256="2" * 64),
                record("old"),
            ]
        )
        done = cli("solve", "app", "-c", f"demo={folder}", "--platform", "linux-64", "--no-detect", "--explicit")
        assert done.returncode == 0
        lines = [line for line in done.stdout.splitlines() if not line.startswith("#")]
        base = "https://conda.anaconda.org/demo/linux-64"
        assert lines[0] == "@EXPLICIT"
        assert lines[-1] == f"{base}/app-1.0-0.conda#sha256:{'2' * 64}"
        assert set(lines[1:-1]) == {f"{base}/lib-1.0-0.conda#{'0' * 32}", f"{base}/old-1.0-0.conda"}
        assert "# platform: linux-64" in done.stdout

    def test_sample_channel(self, cli: Cli) -> None:
        done = cli("solve", "numpy", "python 3.12.*", "--sample", "--platform", "linux-64", "--json")
        assert done.returncode == 0, done.stdout + done.stderr
        versions = {package["name"]: package["version"] for package in report(done.stdout)["packages"]}
        assert versions["python"].startswith("3.12.")
        assert "numpy" in versions

    def test_strategy(self, cli: Cli, channel: str) -> None:
        for strategy, version in (("highest", "2.0"), ("lowest", "1.0")):
            done = cli("solve", "lib", "-c", channel, "--platform", "linux-64", "--strategy", strategy, "--json")
            assert [package["version"] for package in report(done.stdout)["packages"]] == [version]

    def test_channel_priority(self, cli: Cli, make_channel: ChannelMaker) -> None:
        first, second = make_channel([record("x", "1.0")], name="a"), make_channel([record("x", "2.0")], name="b")
        for priority, version in (("strict", "1.0"), ("disabled", "2.0")):
            done = cli(
                *("solve", "x", "-c", f"a={first}", "-c", f"b={second}", "--platform", "linux-64"),
                *("--channel-priority", priority, "--json"),
            )
            assert [package["version"] for package in report(done.stdout)["packages"]] == [version]

    def test_exclude_newer(self, cli: Cli, make_channel: ChannelMaker) -> None:
        old, new = 1_700_000_000_000, 1_760_000_000_000
        folder = make_channel([record("x", "1.0", timestamp=old), record("x", "2.0", timestamp=new)])
        for cutoff, version in (("2023-11-14", "1.0"), ("2025-10-09", "2.0"), ("2025-10-09T00:00:00Z", "1.0")):
            done = cli(
                *("solve", "x", "-c", f"demo={folder}", "--platform", "linux-64"),
                *("--exclude-newer", cutoff, "--json"),
            )
            assert [package["version"] for package in report(done.stdout)["packages"]] == [version]


class TestVirtualPackages:
    @pytest.fixture
    def gpu(self, make_channel: ChannelMaker) -> str:
        """A channel whose package wants to know the machine."""
        return f"demo={make_channel([record('gpu', depends=['__cuda >=12', '__archspec * x86_64_v3'])])}"

    def test_given_ones(self, cli: Cli, gpu: str) -> None:
        given = ("--virtual-package", "__cuda=12.6", "--virtual-package", "__archspec=1=x86_64_v3")
        done = cli("solve", "gpu", "-c", gpu, "--platform", "linux-64", "--no-detect", "--json", *given)
        assert report(done.stdout)["status"] == "solved"

    def test_no_detect_means_none(self, cli: Cli, gpu: str) -> None:
        done = cli(
            *("solve", "gpu", "-c", gpu, "--platform", "linux-64", "--no-detect", "--json"),
            CONDA_OVERRIDE_CUDA="12.6",
            CONDA_OVERRIDE_ARCHSPEC="x86_64_v3",
        )
        assert done.returncode == 1

    def test_detected_ones_and_their_overrides(self, cli: Cli, gpu: str) -> None:
        done = cli(
            *("solve", "gpu", "-c", gpu, "--platform", "linux-64", "--json"),
            CONDA_OVERRIDE_CUDA="12.6",
            CONDA_OVERRIDE_ARCHSPEC="x86_64_v3",
        )
        assert report(done.stdout)["status"] == "solved"

    def test_given_ones_replace_detected_ones(self, cli: Cli, gpu: str) -> None:
        done = cli(
            *("solve", "gpu", "-c", gpu, "--platform", "linux-64", "--json", "--virtual-package", "__cuda=11"),
            CONDA_OVERRIDE_CUDA="12.6",
            CONDA_OVERRIDE_ARCHSPEC="x86_64_v3",
        )
        assert report(done.stdout)["status"] == "unsatisfiable"

    @pytest.mark.parametrize("given", ["glibc=2.28", "__glibc=2..28", "=1", "", "__glibc=1=2=3"])
    def test_nonsense(self, cli: Cli, gpu: str, given: str) -> None:
        done = cli("solve", "gpu", "-c", gpu, "--platform", "linux-64", "--virtual-package", given)
        assert_one_message(done.stdout, done.stderr)
        assert done.returncode == 2

    def test_given_twice(self, cli: Cli, gpu: str) -> None:
        twice = ("--virtual-package", "__cuda=12", "--virtual-package", "__cuda=11")
        done = cli("solve", "gpu", "-c", gpu, "--platform", "linux-64", *twice)
        assert done.returncode == 2
        assert "__cuda" in done.stderr


def assert_one_message(stdout: str, stderr: str) -> None:
    """One message for people: nothing on stdout, no traceback, no panic."""
    assert stdout == ""
    assert stderr.startswith("resolvent: ")
    assert "Traceback" not in stderr
    assert "panicked" not in stderr


class TestUnsatisfiable:
    def test_json(self, cli: Cli, channel: str) -> None:
        done = cli("solve", "app", "lib >=2", "-c", channel, "--platform", "linux-64", "--no-detect", "--json")
        assert done.returncode == 1
        answer = report(done.stdout)
        assert answer["status"] == "unsatisfiable"
        assert answer["packages"] == []
        assert answer["optimality"] is None
        assert isinstance(answer["conflict"], dict)
        assert answer["conflict"]
        assert answer["error"]["type"] == "UnsatisfiableError"

    def test_text_names_both_sides(self, cli: Cli, channel: str) -> None:
        done = cli("solve", "app", "lib >=2", "-c", channel, "--platform", "linux-64", "--no-detect")
        assert done.returncode == 1
        assert_one_message(done.stdout, done.stderr)
        assert "app" in done.stderr
        assert "lib" in done.stderr

    def test_unknown_name(self, cli: Cli, channel: str) -> None:
        done = cli("solve", "nosuchpackage", "-c", channel, "--platform", "linux-64", "--no-detect", "--json")
        assert done.returncode == 1
        answer = report(done.stdout)
        assert answer["status"] == "unsatisfiable"
        assert answer["error"]["type"] == "PackagesNotFound"
        assert "nosuchpackage" in answer["error"]["message"]


class TestDeadline:
    def test_no_time_at_all(self, cli: Cli, channel: str) -> None:
        done = cli("solve", "app", "-c", channel, "--platform", "linux-64", "--timeout", "0", "--json")
        answer = report(done.stdout)
        # Whether an answer is found before a deadline of zero is looked at is the solver's choice; both are honest.
        if done.returncode == 3:
            assert answer["status"] == "timeout"
            assert answer["error"]["type"] == "DeadlineExceeded"
        else:
            assert (done.returncode, answer["status"]) == (0, "solved")


BAD_ARGUMENTS = [
    (),
    ("nonsense",),
    ("solve",),
    ("solve", "app"),
    ("solve", "app", "--no-such-option"),
    ("solve", "app", "-c", "CHANNEL", "--json=yes"),
    ("solve", "app", "-c", "CHANNEL", "--strategy", "newest"),
    ("solve", "app", "-c", "CHANNEL", "--channel-priority", "none"),
    ("solve", "app", "-c", "CHANNEL", "--timeout", "soon"),
    ("solve", "app", "-c", "CHANNEL", "--timeout", "-1"),
    ("solve", "app", "-c", "CHANNEL", "--timeout", "nan"),
    ("solve", "app", "-c", "CHANNEL", "--exclude-newer", "yesterday"),
    ("solve", "app", "-c", "CHANNEL", "--exclude-newer", "2026-13-01"),
    ("solve", "app", "-c", "CHANNEL", "--platform", "linux 64"),
    ("solve", "app", "-c", "CHANNEL", "--platform", "../.."),
    ("solve", "app", "-c", "CHANNEL", "--json", "--explicit"),
    ("solve", "app", "-c", ""),
    ("solve", "app", "-c", "="),
    ("solve", "app", "-c", "demo="),
    ("solve", "app", "-c", "=CHANNEL"),
    ("solve", "app", "-c", "./missing"),
    ("solve", "app", "-c", "demo=/no/such/folder"),
    ("solve", "app", "-c", "ftp://example.com/channel"),
    ("solve", "", "-c", "CHANNEL"),
    ("solve", "app[", "-c", "CHANNEL"),
    ("solve", "app[version=1", "-c", "CHANNEL"),
    ("solve", "app]", "-c", "CHANNEL"),
    ("solve", "app[nosuchkey=1]", "-c", "CHANNEL"),
    ("solve", "app\x01", "-c", "CHANNEL"),
    ("solve", "app >=", "-c", "CHANNEL"),
    ("solve", "app 1..2", "-c", "CHANNEL"),
    ("solve", "a" * 100_000, "-c", "CHANNEL"),
]


class TestBadInput:
    @pytest.mark.parametrize("arguments", BAD_ARGUMENTS, ids=lambda words: " ".join(words)[:60] or "nothing")
    def test_one_message(self, cli: Cli, channel: str, arguments: tuple[str, ...]) -> None:
        words = [channel if word == "CHANNEL" else word.replace("CHANNEL", channel) for word in arguments]
        if "--platform" not in words:
            words += ["--platform", "linux-64"] if words[:1] == ["solve"] else []
        done = cli(*words)
        assert done.returncode == 2, done.stdout + done.stderr
        # In JSON the message is inside the object.
        if "--json" in words:
            assert report(done.stdout)["status"] == "error"
        else:
            assert_one_message(done.stdout, done.stderr)
            assert len(done.stderr) < 2_000

    @pytest.mark.parametrize(
        ("arguments", "kind"),
        [
            (("solve", "--json"), "UsageError"),
            (("solve", "app", "--json", "--strategy", "newest"), "UsageError"),
            (("solve", "app[", "-c", "CHANNEL", "--json"), "InvalidMatchSpec"),
            (("solve", "app", "-c", "./missing", "--json"), "ChannelNotFound"),
            (("solve", "app", "-c", "CHANNEL", "--exclude-newer", "soon", "--json"), "ResolventError"),
            (("solve", "app", "-c", "CHANNEL", "--virtual-package", "__cuda=..", "--json"), "InvalidVersion"),
        ],
    )
    def test_as_json(self, cli: Cli, channel: str, arguments: tuple[str, ...], kind: str) -> None:
        done = cli(*(channel if word == "CHANNEL" else word for word in arguments))
        assert done.returncode == 2
        assert done.stderr == ""
        answer = report(done.stdout)
        assert answer["status"] == "error"
        assert answer["error"]["type"] == kind
        assert answer["error"]["message"]
        assert answer["packages"] == []

    def test_bad_repodata_tells_where(self, cli: Cli, tmp_path: Path) -> None:
        path = write_subdir(tmp_path / "bad", [record("app")])
        path.write_text(path.read_text().replace('"build_number": 0', '"build_number": []'))
        done = cli("solve", "app", "-c", str(tmp_path / "bad"), "--platform", "linux-64", "--json")
        assert done.returncode == 2
        error = report(done.stdout)["error"]
        assert error["type"] == "InvalidRepodata"
        assert error["field"] == "build_number"
        assert error["file"].endswith("linux-64/repodata.json")
        assert "app-1.0-0.conda" in error["message"]

    def test_a_message_cannot_play_with_the_terminal(self, cli: Cli, channel: str) -> None:
        done = cli("solve", "app", "-c", channel, "--exclude-newer", "\x1b[31mred", "--platform", "linux-64")
        assert done.returncode == 2
        assert "\x1b" not in done.stderr


class TestInformation:
    def test_version(self, cli: Cli) -> None:
        done = cli("--version")
        assert (done.returncode, done.stdout) == (0, f"resolvent {resolvent.__version__}\n")
        assert re.fullmatch(r"\d+\.\d+\.\d+\S*", resolvent.__version__)

    @pytest.mark.parametrize("arguments", [("--help",), ("solve", "--help")])
    def test_help_has_examples(self, cli: Cli, arguments: tuple[str, ...]) -> None:
        done = cli(*arguments)
        assert done.returncode == 0
        assert "resolvent solve --sample" in done.stdout
        assert "exit codes" in done.stdout

    def test_warnings_are_shown(self, cli: Cli, make_channel: ChannelMaker) -> None:
        folder = make_channel([record("x", "1.0"), record("x", "2.0", depends=["y >=<"])])
        done = cli("solve", "x", "-c", f"demo={folder}", "--platform", "linux-64", "--no-detect")
        assert done.returncode == 0
        assert "x-2.0-0" in done.stderr
        assert "1 package," in done.stdout

    def test_a_table_in_a_pipe_is_not_folded(self, cli: Cli, make_channel: ChannelMaker) -> None:
        name = "x" * 150
        folder = make_channel([record(name)])
        done = cli("solve", name, "-c", f"demo={folder}", "--platform", "linux-64", "--no-detect")
        assert [name, "1.0", "0", "demo/linux-64"] in [line.split()[:4] for line in done.stdout.splitlines()]


class TestIndexFiles:
    def test_built_listed_checked_and_cleared(self, cli: Cli, channel: str, tmp_path: Path) -> None:
        place = {"RESOLVENT_NO_INDEX_FILES": "", "RESOLVENT_CACHE_DIR": str(tmp_path / "cache")}
        assert cli("cache", "list", **place).stdout == ""
        done = cli("index", channel, "--platform", "linux-64", **place)
        assert (done.returncode, done.stdout, done.stderr) == (0, f"{channel}: 3 records\n", "")
        listed = cli("cache", "list", **place).stdout.splitlines()
        assert [(" 3 records" in line, "[linux-64]" in line) for line in listed] == [(True, True), (False, False)]
        assert all("repodata.json [" in line and line.endswith((", fresh", ", unsure")) for line in listed)
        done = cli("cache", "check", **place)
        assert [line.rpartition(", ")[2] for line in done.stdout.splitlines()] == ["fresh", "fresh"]
        source = Path(channel.partition("=")[2], "linux-64", "repodata.json")
        source.write_text(source.read_text(encoding="utf-8") + "\n", encoding="utf-8")
        done = cli("cache", "check", **place)
        assert (done.returncode, sorted(line.rpartition(", ")[2] for line in done.stdout.splitlines())) == (
            0,
            ["fresh", "stale"],
        )
        assert cli("cache", "clear", **place).stdout.startswith("removed 2 index files, ")
        assert cli("cache", "list", **place).stdout == ""

    def test_a_damaged_one_is_found_and_built_anew(self, cli: Cli, channel: str, tmp_path: Path) -> None:
        place = {"RESOLVENT_NO_INDEX_FILES": "", "RESOLVENT_CACHE_DIR": str(tmp_path / "cache")}
        solve = ("solve", "app", "-c", channel, "--platform", "linux-64", "--no-detect", "--json")
        first = report(cli(*solve, **place).stdout)
        for file in (tmp_path / "cache" / "index").glob("*.index"):
            data = bytearray(file.read_bytes())
            data[len(data) // 2] ^= 1
            file.write_bytes(data)
        done = cli("cache", "check", **place)
        assert (done.returncode, done.stderr) == (1, "")
        again = cli(*solve, **place)
        assert again.returncode == 0
        assert report(again.stdout)["packages"] == first["packages"]

    def test_what_was_fetched_is_counted_and_cleared(self, cli: Cli, tmp_path: Path) -> None:
        root = tmp_path / "cache"
        place = {"RESOLVENT_NO_INDEX_FILES": "", "RESOLVENT_CACHE_DIR": str(root)}
        for name in ("channels/key/noarch/repodata.json.zst", "shards/00/a.msgpack.zst", "mine/file"):
            (root / name).parent.mkdir(parents=True)
            (root / name).write_bytes(b"x" * 500)
        assert cli("cache", "list", **place).stdout == "fetched from the network: 2 files, 1.0 kB\n"
        done = cli("cache", "clear", **place)
        assert (done.returncode, done.stderr) == (0, "")
        assert done.stdout.splitlines() == ["removed 0 index files, 0 B", "removed 2 fetched files, 1.0 kB"]
        assert [path.name for path in root.rglob("*") if path.is_file()] == ["file"]

    def test_a_cache_that_cannot_be_written_is_no_error(self, cli: Cli, channel: str, tmp_path: Path) -> None:
        (tmp_path / "file").write_text("not a folder")
        place = {"RESOLVENT_NO_INDEX_FILES": "", "RESOLVENT_CACHE_DIR": str(tmp_path / "file")}
        done = cli("solve", "app", "-c", channel, "--platform", "linux-64", "--no-detect", "--json", **place)
        assert report(done.stdout)["status"] == "solved"

    @pytest.mark.parametrize("arguments", [("cache",), ("cache", "eat"), ("index",), ("index", "./missing")])
    def test_mistakes(self, cli: Cli, arguments: tuple[str, ...]) -> None:
        done = cli(*arguments)
        assert done.returncode == 2
        assert_one_message(done.stdout, done.stderr)


class TestStart:
    """A start costs more than most solves: what it imports is watched."""

    _PROGRAM = "import sys; from resolvent.cli import main; main(sys.argv[1:]); print(*sys.modules, file=sys.stderr)"

    def test_a_solve_as_json_imports_little(self, channel: str) -> None:
        words = ["solve", "app", "-c", channel, "--platform", "linux-64", "--no-detect", "--json"]
        done = subprocess.run([sys.executable, "-c", self._PROGRAM, *words], capture_output=True, text=True, check=True)
        loaded = set(done.stderr.split())
        assert report(done.stdout)["status"] == "solved"
        assert "resolvent.session" in loaded
        unwanted = {"rich", "httpx", "msgpack", "zstandard", "asyncio", "archspec", "platform", "subprocess", "logging"}
        own = {"prefix", "network", "cli.tables", "solution", "problems", "_detect"}
        assert not loaded & (unwanted | {f"resolvent.{name}" for name in own})
        if sys.version_info < (3, 14):  # whose json and argparse may use more of the library
            assert not loaded & {"pathlib", "shutil", "urllib.parse", "datetime"}

    @pytest.mark.parametrize("name", [name for name in resolvent.__all__ if name != "__version__"])
    def test_names_are_there_when_asked_for(self, name: str) -> None:
        assert name in dir(resolvent)
        assert getattr(resolvent, name).__module__.startswith("resolvent")

    @pytest.mark.skipif(sys.platform != "linux", reason="elsewhere it is what the library says")
    @pytest.mark.parametrize("value", [None, "", "  ", "/some/where", "/some/where/"])
    def test_the_cache_lies_where_the_library_of_such_places_says(
        self, value: str | None, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.delenv("RESOLVENT_CACHE_DIR", raising=False)
        monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
        if value is not None:
            monkeypatch.setenv("XDG_CACHE_HOME", value)
        expected = platformdirs.user_cache_dir("resolvent", appauthor=False)
        assert Path(cache_root()) == Path(expected)
        monkeypatch.setenv("RESOLVENT_CACHE_DIR", "~/mine")
        assert Path(cache_root()) == Path("~/mine").expanduser()
