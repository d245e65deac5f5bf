"""What the command says of odd and hostile input: in lines of its own, with the exit codes that are documented."""

from __future__ import annotations

import ast
import json
from pathlib import Path
from typing import Any

import pytest

import resolvent
from conftest import ChannelMaker, Cli, record, write_subdir
from resolvent.text import one_line, printable

TARGET = ("--platform", "linux-64", "--no-detect")
HOSTILE = ["\x1b[2J", "\x9b31m", "\x85", "\u202e", "\u2066", "\nresolvent: all is well", "\r", "\u2028x", "\0"]


@pytest.mark.parametrize("text", HOSTILE)
def test_one_function_masks(text: str) -> None:
    assert one_line(f"a{text}b").isprintable()
    assert printable(f"a{text}b").replace("\n", "").isprintable()
    assert one_line("é 1.0") == "é 1.0"


def test_every_output_of_a_command_passes_it() -> None:
    """Commands write by `say`, `complain`, `print_json` and tables; what is for a machine is named here."""
    allowed = {"activation.py": 1, "applying.py": 1, "listing.py": 1, "solve.py": 1}
    folder = Path(resolvent.__file__).parent / "cli" / "commands"
    for path in folder.glob("*.py"):
        calls = [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call)]
        writes = [ast.unparse(call.func) for call in calls]
        direct = [name for name in writes if name in {"print", "sys.stdout.write", "sys.stderr.write"}]
        assert len(direct) <= allowed.get(path.name, 0), path.name


@pytest.mark.parametrize("field", ["version", "build", "name", "fn", "subdir", "depends", "license", "info"])
def test_no_record_writes_on_the_terminal(tmp_path: Path, cli: Cli, field: str) -> None:
    text = "".join(HOSTILE)
    name, odd = "odd-1-0.conda", record("odd", "1")
    info = {"subdir": f"linux-64{text}" if field == "info" else "linux-64"}
    if field == "fn":
        name = f"odd{text}-1-0.conda"
    elif field != "info":
        odd[field] = [f"x 1{text}"] if field == "depends" else f"1{text}"
    packages = {name: odd, "user-1-0.conda": record("user", "1", depends=["odd"])}
    folder = tmp_path / "c" / "linux-64"
    folder.mkdir(parents=True)
    (folder / "repodata.json").write_text(json.dumps({"info": info, "packages.conda": packages}))
    for words in (["solve", "odd"], ["solve", "user"], ["why-not", "odd >1", "user"]):
        for more in ([], ["--skip-bad-records"]):
            found = cli(*words, "-c", "./c", *TARGET, *more)
            assert found.returncode in {0, 1, 2}
            shown = found.stdout + found.stderr
            assert shown.replace("\n", "").isprintable(), repr(shown)
            assert not any(line.startswith("resolvent: all is well") for line in shown.splitlines())
            assert "Traceback" not in shown


def test_records_of_an_environment_do_not_either(tmp_path: Path, cli: Cli, make_channel: ChannelMaker) -> None:
    meta = tmp_path / "env" / "conda-meta"
    meta.mkdir(parents=True)
    (meta / "history").write_text("")
    odd = {
        **record("odd", "1", "0"),
        "build": "\x1b[2J\u202e\nx_0",
        "fn": "odd-1-0.conda",
        "channel": "c",
        "url": "https://h/c/linux-64/odd-1-0.conda",
    }
    (meta / "odd-1-0.json").write_text(json.dumps(odd))
    make_channel([record("new")])
    for words in (["remove", "odd"], ["update", "odd"], ["solve", "new"]):
        found = cli(*words, "-p", "env", "-c", "./channel", *TARGET, "--dry-run")
        shown = found.stdout + found.stderr
        assert shown.replace("\n", "").isprintable(), repr(shown)
        assert "Traceback" not in shown


@pytest.fixture
def odd_channel(tmp_path: Path) -> Path:
    records = [
        record("w", "2.0", depends=["ray[default,data] >=2.9"]),
        record("w", "1.0"),
        record("other"),
        record("v", "1.0", depends=["w >=2"]),
        record("lax", license=["MIT"]),
    ]
    return write_subdir(tmp_path / "c", records).parent.parent


@pytest.mark.usefixtures("odd_channel")
class TestWarnings:
    """S4: told where they matter, with what is wrong, and in JSON too."""

    def test_only_of_what_the_request_reaches(self, cli: Cli) -> None:
        assert cli("solve", "-c", "./c", *TARGET, "other").stderr == ""
        for spec in ("w", "v"):
            stderr = cli("solve", "-c", "./c", *TARGET, spec).stderr
            assert "w-2.0-0.conda: depends: 'ray[default,data] >=2.9': there is no key \"default\"" in stderr
            assert "lax" not in stderr
        assert "license: expected a string" in cli("solve", "-c", "./c", *TARGET, "lax").stderr

    @pytest.mark.parametrize("command", ["solve", "update", "remove"])
    def test_in_json_always(self, cli: Cli, tmp_path: Path, command: str) -> None:
        prefix: list[str] = []
        if command != "solve":
            meta = tmp_path / "env" / "conda-meta"
            meta.mkdir(parents=True)
            (meta / "history").write_text("")
            installed = {
                **record("w"),
                "fn": "w-1.0-0.conda",
                "channel": "c",
                "url": "https://h/c/linux-64/w-1.0-0.conda",
            }
            (meta / "w-1.0-0.json").write_text(json.dumps(installed))
            prefix = ["-p", "env", "--dry-run"]
        told = json.loads(cli(command, "-c", "./c", *TARGET, *prefix, "w", "--json").stdout)
        assert [
            warning for warning in told["warnings"] if "w-2.0-0.conda" in warning and "ray[default,data]" in warning
        ]
        for words in (["w >3"], ["nothing-like-this"], ["x >=1 <2"]):
            failed = json.loads(cli(command, "-c", "./c", *TARGET, *prefix, *words, "--json").stdout)
            assert failed["status"] != "solved"
            assert isinstance(failed["warnings"], list)
        beside = json.loads(cli("solve", "-c", "./c", *TARGET, "w >3", "--json").stdout)
        assert any("w-2.0-0.conda" in warning for warning in beside["warnings"])
        assert json.loads(cli("solve", "-c", "./c", *TARGET, "other", "--json").stdout)["warnings"] == []


@pytest.mark.usefixtures("channel")
class TestSkipBadRecords:
    """S5: on every command that reads channels."""

    @pytest.fixture
    def channel(self, tmp_path: Path) -> Path:
        path = write_subdir(tmp_path / "c", [record("good")])
        document = json.loads(path.read_text())
        document["packages.conda"]["odd-1.0-0.conda"] = None
        path.write_text(json.dumps(document))
        return tmp_path / "c"

    @pytest.mark.parametrize(
        "words",
        [
            ["solve", "good", "-c", "./c"],
            ["why", "good", "good", "-c", "./c"],
            ["why-not", "good", "good", "-c", "./c"],
            ["update", "-p", "env", "-c", "./c", "--dry-run"],
            ["remove", "good", "-p", "env", "-c", "./c", "--dry-run"],
            ["index", "./c"],
            ["solve", "good", "-c", "./c", "--proof", "p.json"],
            ["solve", "good", "-c", "./c", "--save-problem", "s.json"],
        ],
        ids=lambda words: words[0],
    )
    def test_everywhere(self, tmp_path: Path, cli: Cli, words: list[str]) -> None:
        meta = tmp_path / "env" / "conda-meta"
        meta.mkdir(parents=True)
        (meta / "history").write_text("")
        installed = {
            **record("good"),
            "fn": "good-1.0-0.conda",
            "channel": "c",
            "url": "https://h/c/linux-64/good-1.0-0.conda",
        }
        (meta / "good-1.0-0.json").write_text(json.dumps(installed))
        platform = TARGET[:2] if words[0] == "index" else TARGET
        refused = cli(*words, *platform)
        assert refused.returncode == 2
        assert "odd-1.0-0.conda" in refused.stderr and "--skip-bad-records" in refused.stderr
        skipped = cli(*words, *platform, "--skip-bad-records")
        assert skipped.returncode == 0, skipped.stderr

    def test_check_proof(self, cli: Cli) -> None:
        skip = "--skip-bad-records"
        cli("solve", "good", "-c", "cf=./c", *TARGET, skip, "--proof", "p.json")
        assert cli("check-proof", "p.json", "-c", "cf=./c").returncode == 2
        assert cli("check-proof", "p.json", "-c", "cf=./c", skip).returncode == 0


@pytest.mark.parametrize(
    "error", [RuntimeError("one\ntwo"), KeyError("k"), RecursionError(), MemoryError(), ValueError("\x1b")]
)
@pytest.mark.parametrize("as_json", [False, True])
def test_an_error_that_nobody_foresaw_is_no_verdict(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], error: Exception, as_json: bool
) -> None:
    """H12: 1 would say that the request has no answer."""
    from resolvent import cli
    from resolvent.cli.commands import solve

    def fail(options: Any) -> int:
        raise error

    monkeypatch.setattr(solve, "run", fail)
    code = cli.main(["solve", "--sample", "zlib", *(["--json"] if as_json else [])])
    told = capsys.readouterr()
    assert code == 2
    if as_json:
        assert json.loads(told.out)["status"] == "error"
    else:
        (line,) = told.err.splitlines()
        assert line.startswith("resolvent: internal error: ") and line.isprintable()


@pytest.mark.parametrize(
    ("name", "versions", "spec", "words"),
    [
        ("python", ["3.9.1", "3.10.4"], "python=3.1", "python 3.10.4 exists; YAML reads 3.10 as 3.1"),
        ("zlib", ["1.20", "1.3"], "zlib 1.2", "zlib 1.20 exists"),
        ("x", ["2.9", "2.30.1"], "x=2.3", "x 2.30.1 exists"),
        ("numpy", ["1.26.4", "2.0"], "numpy pandas", "'pandas' was read as the version of numpy; two packages are two"),
        ("numpy", ["1.26.4", "2.0"], "numpy==1.x", "any of that series is written numpy 1.*"),
    ],
)
def test_versions_that_are_slips(
    make_channel: ChannelMaker, cli: Cli, name: str, versions: list[str], spec: str, words: str
) -> None:
    make_channel([record(name, version) for version in versions])
    found = cli("solve", "-c", "./channel", *TARGET, spec)
    assert found.returncode == 1
    assert words in found.stderr


@pytest.mark.usefixtures("odd_channel")
class TestSlips:
    """U18 and S8: errors that say what to type."""

    @pytest.mark.parametrize(
        ("spec", "words"),
        [
            ("numpy>=1.5 <2", "'>=1.5,<2'"),
            ("requests[security]", "requests[extras=[security]]"),
            ("./foo-1.0-0.conda", "this is the file of a package; ask for foo=1.0=0"),
            ("foo.conda", "this is the file of a package"),
            ("python=3.8|3.9 - 3.10", "two words"),
            ("numpy: 1.26", "numpy=1.26"),
            ("name=numpy", "write numpy"),
            ("numpy 1.26 py310_0|py311_0", "numpy[version='1.26',build='^(py310_0|py311_0)$']"),
        ],
    )
    def test_the_error_names_what_to_type(self, cli: Cli, spec: str, words: str) -> None:
        found = cli("solve", "-c", "./c", *TARGET, spec)
        assert found.returncode in {1, 2}
        assert words in found.stderr
