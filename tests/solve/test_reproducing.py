"""Problems as files: the same answer when they are solved again, no secrets in them, one for each failed check."""

from __future__ import annotations

import json
import re
import tempfile
from pathlib import Path
from typing import Any

import pytest
from environment_scenarios import scenario
from environment_support import identities, write_prefix
from solve_support import Corpus

import resolvent
from conftest import LINUX, ChannelMaker, Cli, record
from resolvent import ResolventError, Solution, UnsatisfiableError, _core
from resolvent._core import InternalError


def small(make_channel: ChannelMaker) -> resolvent.Index:
    records = [
        record("lib", "1.0"),
        record("lib", "2.0"),
        record("old", "1.0", depends=["lib <2"]),
        record("old", "2.0", depends=["lib <3"]),
        record("other", "1.0", depends=["gone"]),
    ]
    return resolvent.load_index([make_channel(records)], platform="linux-64")


def outcome(call: Any) -> Any:
    """Return all that an answer says, or the conflict."""
    try:
        solution: Solution = call()
    except UnsatisfiableError as error:
        return str(error.conflict)
    change = solution.transaction
    return (identities(solution), solution.levels, identities(change.link), identities(change.unlink), solution.exempt)


def assert_replays(path: Path, specs: Any, **arguments: Any) -> bool:
    """Solve, save, replay, compare; return whether there is an answer."""
    resolvent.save_problem(path, specs, **arguments)
    first = outcome(lambda: resolvent.solve(specs, **arguments))
    assert outcome(lambda: resolvent.replay(path)) == first
    return not isinstance(first, str)


#: What the policy can say.
POLICIES: list[dict[str, Any]] = [
    {},
    {"strategy": "lowest"},
    {"strategy": "lowest-direct"},
    {"strategy": "ordered"},
    {"exclude_newer": "2025-03-01"},
    {"exclude_newer": {"*": "2024-09-01", "python": None}},
    {"exclude_newer": {"conda-forge::*": "2025-01-01", "numpy": "2024-01-01"}},
    {"deny": ["openssl 3.4.*", "*[license=GPL*]"]},
    {"licenses": {"deny": ["GPL*", "AGPL*"]}},
    {"channel_priority": "flexible"},
    {"channel_priority": "disabled", "constraints": ["python <3.13"], "pins": ["openssl 3.*"]},
]


def test_real_requests(shared: Path, tmp_path: Path) -> None:
    corpus = Corpus(shared)
    problems = corpus.problems("bench")
    chosen = problems[:: len(problems) // 33]
    assert len(chosen) >= 30
    for number, problem in enumerate(chosen):
        assert_replays(
            tmp_path / "problem.json",
            problem.specs,
            index=corpus.index(problem),
            virtual_packages=problem.virtual_packages,
            **POLICIES[number % len(POLICIES)],
        )


def test_real_environments(shared: Path, conda_forge: resolvent.Index, tmp_path: Path) -> None:
    path = tmp_path / "problem.json"
    answers = 0
    for number in range(3):
        env = scenario(shared, number)
        common = {**env.arguments, "index": conda_forge}
        calls: list[tuple[list[str], dict[str, Any]]] = [
            ([env.wish], {}),
            ([env.wish], {"freeze_installed": True, "exclude_newer": "2026-01-01"}),
            ([env.old], {"mode": "update"}),
            ([env.old], {"mode": "update", "update_deps": True}),
            ([], {"mode": "update-all", "prune": True}),
            ([env.old], {"mode": "remove"}),
            ([env.old], {"deps": "none", "force_reinstall": True}),
        ]
        answers += sum(assert_replays(path, specs, **common, **more) for specs, more in calls)
    assert answers >= 15


def test_requests_without_an_answer(conda_forge: resolvent.Index, tmp_path: Path) -> None:
    for specs in (["openssl 1.1.*", "curl >=8.5"], ["python 9.*"], ["python 2.7.*", "pandas >=2"]):
        assert not assert_replays(tmp_path / "p", specs, index=conda_forge, virtual_packages=LINUX)


def test_an_installed_record_that_no_channel_has(make_channel: ChannelMaker, tmp_path: Path) -> None:
    foreign = {**record("lib", "1.5", "x_0"), "channel": "elsewhere", "fn": "lib-1.5-x_0.conda"}
    assert assert_replays(
        tmp_path / "p", ["old"], index=small(make_channel), virtual_packages=[], installed=[foreign], history=["lib"]
    )


def test_a_file_holds_what_counts_and_no_more(make_channel: ChannelMaker, tmp_path: Path) -> None:
    path = tmp_path / "problem.json"
    resolvent.save_problem(path, ["old 1.*"], index=small(make_channel), virtual_packages=[])
    problem = json.loads(path.read_text())
    # The other version is not reached, but counts for the rank of the one that is.
    assert {(entry["name"], entry["version"]) for entry in problem["records"]} == {
        ("lib", "1.0"),
        ("lib", "2.0"),
        ("old", "1.0"),
        ("old", "2.0"),
    }


def test_no_secrets(make_channel: ChannelMaker, tmp_path: Path) -> None:
    path = tmp_path / "problem.json"
    specs = ["https://host.example/t/sekret-token/chan::lib", "https://me:passw0rd@host.example/chan::old"]
    installed = {**record("lib"), "channel": "https://host.example/t/sekret-token/chan", "fn": "lib-1.0-0.conda"}
    resolvent.save_problem(path, specs, index=small(make_channel), virtual_packages=[], installed=[installed])
    text = path.read_text()
    assert "host.example/chan::lib" in text
    assert "sekret" not in text
    assert "passw0rd" not in text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        '{"format": "resolvent-problem-1"}',
        '{"format": "resolvent-problem-2"}',
        '{"format": "resolvent-problem-2", "request": []}',
        '{"format": "resolvent-problem-2", "request": {}}',
    ],
)
def test_other_files_are_refused(text: str, tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text(text)
    with pytest.raises(ResolventError, match=re.escape(str(path))):
        resolvent.replay(path)


class Broken:
    """A core whose answers fail their check."""

    def solve(self, asked: Any, _timeout: float | None) -> Solution:
        raise InternalError(f"internal error: the answer to {asked['specs']} failed its check")


class Panicking:
    """A core that stops at a broken assumption."""

    def solve(self, asked: Any, _timeout: float | None) -> Solution:
        _core.panic_in_solve()
        raise AssertionError(asked)


def test_a_panic_leaves_a_problem(make_channel: ChannelMaker, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("RESOLVENT_CACHE_DIR", str(tmp_path / "cache"))
    session = resolvent.Session(small(make_channel), virtual_packages=[])
    monkeypatch.setattr(session, "_core", Panicking())
    with pytest.raises(InternalError, match=r"broken assumption; please report it with ") as caught:
        session.solve(["old"])
    assert caught.value.problem is not None
    assert {r.name for r in resolvent.replay(caught.value.problem)} == {"old", "lib"}


@pytest.mark.parametrize("writable", [True, False])
def test_a_failed_check_leaves_a_problem(
    make_channel: ChannelMaker, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, writable: bool
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("RESOLVENT_CACHE_DIR", str(tmp_path / ("cache" if writable else "file")))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    session = resolvent.Session(small(make_channel), virtual_packages=[])
    monkeypatch.setattr(session, "_core", Broken())
    installed = [{**record("lib"), "channel": "elsewhere", "fn": "lib-1.0-0.conda"}]
    with pytest.raises(InternalError, match=r"\['old'\] failed its check; please report it with ") as caught:
        session.solve(["old"], installed=installed, exclude_newer="2030-01-01")
    assert caught.value.problem is not None
    assert Path(caught.value.problem).parent == (tmp_path / "cache" / "problems" if writable else tmp_path)
    assert caught.value.problem in str(caught.value)
    assert {r.name for r in resolvent.replay(caught.value.problem)} == {"old", "lib"}


def test_commands(cli: Cli, make_channel: ChannelMaker, tmp_path: Path) -> None:
    small(make_channel)
    common = ["-c", f"demo={tmp_path / 'channel'}", "--platform", "linux-64", "--no-detect", "--save-problem", "p.json"]
    solved = cli("solve", "old", *common, "--json")
    again = cli("replay", "p.json", "--json")
    assert (solved.returncode, again.returncode) == (0, 0)
    assert json.loads(again.stdout)["packages"] == [
        {key: value for key, value in entry.items() if key not in {"md5", "sha256"}}
        for entry in json.loads(solved.stdout)["packages"]
    ]
    failed = cli("solve", "other", *common)
    again = cli("replay", "p.json")
    assert (failed.returncode, again.returncode) == (1, 1)
    assert again.stderr == failed.stderr != ""
    kept = cli("why-not", "lib 2.*", "old 1.*", *common)
    again = cli("replay", "p.json")
    assert (kept.returncode, kept.stdout) == (again.returncode, again.stdout)
    assert "lib" in again.stdout
    prefix = write_prefix(tmp_path / "env", [{**record("lib", "1.0"), "channel": "demo"}], history=["lib"])
    update = cli("update", *common, "--prefix", str(prefix), "--dry-run")
    again = cli("replay", "p.json")
    assert (update.returncode, update.stdout) == (again.returncode, again.stdout)
    gone = cli("remove", "lib", *common, "--prefix", str(prefix), "--dry-run")
    assert gone.stdout == cli("replay", "p.json").stdout
    assert cli("replay", "absent.json").returncode == 2
