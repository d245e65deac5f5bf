"""What a change tells of itself, and the arguments that shape it: reasons, forms of records, policies, check."""

from __future__ import annotations

import datetime
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from environment_support import apply, identities, write_prefix

import resolvent
from conftest import ChannelMaker, Cli, record
from resolvent import MatchSpec, PackageRecord, Prefix, Session, Solution

#: Python and packages for two of its minor versions; tool 2 is only there for the older one.
RECORDS = [
    record("python", "3.11.9"),
    record("python", "3.12.1"),
    record("lib", "1.0"),
    record("lib", "2.0"),
    record("ssl", "1.0"),
    record("ssl", "1.1"),
    *(record("app", "1.0", f"py{minor}_0", depends=[f"python 3.{minor}.*", "lib"]) for minor in (11, 12)),
    record("tool", "1.0", depends=["python"]),
    record("tool", "2.0", depends=["python 3.11.*", "lib <2"]),
]
NOARCH = [record("pure", "1.0", noarch="python", depends=["python"])]


@pytest.fixture
def session(make_channel: ChannelMaker) -> Session:
    folder = make_channel(RECORDS, NOARCH)
    index = resolvent.load_index([f"channel={folder}"], platform="linux-64")
    return Session(index, virtual_packages=[])


@pytest.fixture
def installed(session: Session) -> list[PackageRecord]:
    return session.solve(["python 3.12.*", "app", "pure", "lib 2.*", "ssl 1.0"]).records


HISTORY = ["python", "app", "pure", "lib"]


def kinds(solution: Solution) -> dict[str, str]:
    return {change["name"]: change["kind"] for change in solution.changes}


def reasons(solution: Solution, name: str) -> list[str]:
    (found,) = (change["reasons"] for change in solution.changes if change["name"] == name)
    assert all(isinstance(reason, str) for reason in found)
    return list(found)


class TestReasons:
    def test_a_needed_downgrade_is_allowed_and_named(self, session: Session, installed: list[PackageRecord]) -> None:
        solution = session.solve(["tool 2.*"], installed=installed, history=HISTORY)
        assert kinds(solution) == {
            "app": "revise",
            "lib": "down",
            "pure": "relink",
            "python": "down",
            "tool": "link",
        }
        assert reasons(solution, "lib") == ["tool 2.0 needs 'lib <2'"]
        assert "tool 2.0 needs 'python 3.11.*'" in reasons(solution, "python")
        assert reasons(solution, "app") == ["it needs 'python 3.12.*', and python is 3.11.9"]
        assert reasons(solution, "pure") == ["python's minor version changes"]
        assert reasons(solution, "tool") == []
        assert solution.transaction.changes == solution.changes

    def test_a_pin_and_a_spec(self, session: Session, installed: list[PackageRecord]) -> None:
        pinned = session.solve([], installed=installed, history=HISTORY, pins=["lib <2"])
        assert reasons(pinned, "lib") == ["the pin 'lib <2' does not allow it"]
        asked = session.solve(["lib 1.0"], installed=installed, history=HISTORY)
        assert reasons(asked, "lib") == ["'lib 1.0' is asked for"]

    def test_what_leaves(self, session: Session, installed: list[PackageRecord]) -> None:
        solution = session.solve(["python"], mode="remove", installed=installed, history=["app", "pure"])
        assert reasons(solution, "python") == ["'python' is to be removed"]
        assert reasons(solution, "app") == ["it needs 'python 3.12.*', which leaves"]
        assert reasons(solution, "lib") == ["no longer needed"]
        # Nothing needed it before either, and nobody asks to prune.
        assert "ssl" not in kinds(solution)

    def test_an_upgrade_for_its_own_sake_has_none(self, session: Session, installed: list[PackageRecord]) -> None:
        solution = session.solve(["ssl"], mode="update", installed=installed, history=HISTORY)
        assert [(c["name"], c["kind"], c["reasons"]) for c in solution.changes] == [("ssl", "up", [])]
        assert solution.changes[0]["before"].version == "1.0"
        assert solution.changes[0]["after"].version == "1.1"

    def test_an_earlier_spec_that_is_given_up(self, session: Session, installed: list[PackageRecord]) -> None:
        solution = session.solve(["tool 2.*"], installed=installed, history=["python 3.12.*", "app"])
        assert solution.dropped == ["python 3.12.*"]
        assert session.solve(["ssl"], installed=installed, history=["python 3.12.*"]).dropped == []

    @pytest.mark.parametrize("strategy", ["highest", "ordered", "lowest", "lowest-direct"])
    def test_no_strategy_downgrades_what_was_asked_for(
        self, session: Session, installed: list[PackageRecord], strategy: Any
    ) -> None:
        for mode in ("update", "update-all"):
            specs = ["lib"] if mode == "update" else []
            solution = session.solve(specs, mode=mode, strategy=strategy, installed=installed, history=HISTORY)
            assert "down" not in kinds(solution).values()

    def test_another_channel_is_no_downgrade(self, make_channel: ChannelMaker) -> None:
        first = make_channel([record("lib", "1.0")], name="first")
        second = make_channel([record("lib", "2.0"), record("lib", "3.0")], name="second")
        index = resolvent.load_index([f"first={first}", f"second={second}"], platform="linux-64")
        there = PackageRecord.from_dict(record("lib", "2.0", channel="second", fn="lib-2.0-0.conda"))
        expected: list[tuple[Any, str]] = [("flexible", "3.0"), ("disabled", "3.0"), ("strict", "2.0")]
        for priority, version in expected:
            solution = resolvent.solve(
                ["lib"], index=index, installed=[there], mode="update", channel_priority=priority, virtual_packages=[]
            )
            assert [entry.version for entry in solution] == [version], priority


class TestForms:
    def test_of_records(self, session: Session, installed: list[PackageRecord], tmp_path: Path) -> None:
        origin = ("channel", "subdir", "fn", "url")
        bare = [{key: value for key, value in r.to_dict().items() if key not in origin} for r in installed]
        by_url = [{**r.to_dict(), "channel": f"https://conda.anaconda.org/channel/{r.subdir}"} for r in installed]
        folder = write_prefix(tmp_path / "env", installed, history=HISTORY)
        expected = identities(session.solve(["ssl"], mode="update", installed=installed, history=HISTORY))
        forms: list[Any] = [
            tuple(installed),
            (entry for entry in installed),
            [entry.to_dict() for entry in installed],
            bare,
            by_url,
            [*installed, installed[0]],
            Prefix(folder),
            folder,
            str(folder),
        ]
        for form in forms:
            solution = session.solve(["ssl"], mode="update", installed=form, history=HISTORY)
            assert identities(solution) == expected, form
            assert kinds(solution) == {"ssl": "up"}

    def test_of_history_and_pins(self, session: Session, installed: list[PackageRecord]) -> None:
        for history in (HISTORY, [MatchSpec(spec) for spec in HISTORY], iter(HISTORY)):
            assert not session.solve([], installed=installed, history=history).transaction.unlink
        for pin in ("python 3.12.*", MatchSpec("python=3.12"), ["python 3.12.*"]):
            assert not session.solve(["tool"], installed=installed, history=HISTORY, pins=pin).transaction.unlink
        with pytest.raises(resolvent.UnsatisfiableError):
            session.solve(["tool 2.*"], installed=installed, pins=["python 3.12.*"])
        assert session.solve(["tool 2.*"], installed=installed, pins=["python 3.12.*"], ignore_pinned=True)

    def test_none_is_nothing(self, session: Session) -> None:
        nothing: dict[str, Any] = dict.fromkeys(("constraints", "pins", "deny", "licenses", "history", "installed"))
        assert [entry.name for entry in session.solve(["ssl"], **nothing)] == ["ssl"]

    @pytest.mark.parametrize(
        "deny",
        [
            "ssl 1.1",
            ["ssl >1.0"],
            MatchSpec("ssl 1.1"),
            {"ssl 1.1": "it leaks"},
            [("ss* 1.1", "it leaks")],
            record("ssl", "1.1"),
            [PackageRecord.from_dict(record("ssl", "1.1"))],
            {PackageRecord.from_dict(record("ssl", "1.1", channel="channel", fn="ssl-1.1-0.conda")): "it leaks"},
        ],
    )
    def test_of_deny(self, session: Session, deny: Any) -> None:
        assert [entry.version for entry in session.solve(["ssl"], deny=deny)] == ["1.0"]

    def test_the_reason_of_a_denial_is_told(self, session: Session) -> None:
        with pytest.raises(resolvent.UnsatisfiableError, match="on the deny list \\(it leaks\\)"):
            session.solve(["ssl"], deny={"ssl": "it leaks"})
        found = resolvent.check(
            session.solve(["ssl"]).records,
            ["ssl"],
            index=session.index,
            virtual_packages=[],
            deny={"ssl": "it leaks"},
        )
        assert found == ["ssl 1.1 0 is denied by 'ssl': it leaks"]

    def test_of_cut_offs(self, make_channel: ChannelMaker) -> None:
        new: dict[str, Any] = {
            "timestamp": int(datetime.datetime(2024, 6, 1, tzinfo=datetime.timezone.utc).timestamp() * 1000)
        }
        old: dict[str, Any] = {
            "timestamp": int(datetime.datetime(2020, 6, 1, tzinfo=datetime.timezone.utc).timestamp() * 1000)
        }
        folder = make_channel([record("a", "1", **old), record("a", "2", **new), record("b", "1", **old)])
        index = resolvent.load_index([f"channel={folder}"], platform="linux-64")
        forms: list[tuple[Any, str]] = [
            (datetime.timedelta(days=7), "2"),
            ("P7D", "2"),
            (datetime.date(2022, 1, 1), "1"),
            ({"*": "2022-01-01"}, "1"),
            ({"*": "2022-01-01", "a": None}, "2"),
            ({"a": "2022-01-01"}, "1"),
            ({"b": "2022-01-01"}, "2"),
            ({"channel::*": "2022-01-01"}, "1"),
            ({"https://conda.anaconda.org/channel": "2022-01-01"}, "1"),
            ({"packages": {"a": "2022-01-01"}}, "1"),
            ({"channels": {"channel": "2022-01-01"}, "packages": {"a": "7 days"}}, "2"),
        ]
        for form, version in forms:
            solution = resolvent.solve(["a"], index=index, virtual_packages=[], exclude_newer=form)
            assert [entry.version for entry in solution] == [version], form
        with pytest.raises(resolvent.ResolventError, match="only 'channels' and 'packages' can be"):
            resolvent.solve(["a"], index=index, virtual_packages=[], exclude_newer={"a": {"b": "7d"}})

    def test_of_licences(self, make_channel: ChannelMaker) -> None:
        folder = make_channel([record("a", "1", license="MIT"), record("a", "2", license="GPL-3.0-or-later")])
        index = resolvent.load_index([f"channel={folder}"], platform="linux-64")
        rules: list[Any] = [["MIT"], "mit", {"allow": "MIT"}, {"deny": "GPL*"}, {"deny": ["gpl-*"]}, {"allow": {"M*"}}]
        for rule in rules:
            solution = resolvent.solve(["a"], index=index, virtual_packages=[], licenses=rule)
            assert [entry.version for entry in solution] == ["1"], rule
        with pytest.raises(resolvent.ResolventError, match="'forbid'"):
            resolvent.solve(["a"], index=index, virtual_packages=[], licenses={"forbid": ["MIT"]})


class TestAggressiveUpdates:
    def test_they_come_with_an_installation(self, session: Session, installed: list[PackageRecord]) -> None:
        names = ["ssl", "absent"]
        solution = session.solve(["tool 1.*"], installed=installed, history=HISTORY, aggressive_updates=names)
        assert kinds(solution) == {"ssl": "up", "tool": "link"}

    def test_pins_and_freezing_hold_them(self, session: Session, installed: list[PackageRecord]) -> None:
        arguments: dict[str, Any] = {"installed": installed, "history": HISTORY, "aggressive_updates": "ssl"}
        assert kinds(session.solve([], pins=["ssl 1.0"], **arguments)) == {}
        assert kinds(session.solve([], freeze_installed=True, **arguments)) == {}
        assert kinds(session.solve(["ssl 1.0"], **arguments)) == {}


class TestCheck:
    def judge(self, session: Session, solution: Solution, specs: list[str], **keywords: Any) -> list[str]:
        return resolvent.check(solution.records, specs, index=session.index, virtual_packages=[], **keywords)

    def test_of_a_change(self, session: Session, installed: list[PackageRecord]) -> None:
        around: dict[str, Any] = {"installed": installed, "history": HISTORY}
        solution = session.solve(["tool 2.*"], **around)
        assert self.judge(session, solution, ["tool 2.*"], **around) == []
        assert "app 1.0 py11_0 is not needed by anything" in self.judge(session, solution, ["tool 2.*"])
        frozen = self.judge(session, solution, ["tool 2.*"], freeze_installed=True, **around)
        assert "lib 2.0 0 is frozen and has changed" in frozen
        pinned = self.judge(session, solution, ["tool 2.*"], pins=["lib 2.*"], **around)
        assert pinned == ["the pin 'lib 2.*' is violated"]

    def test_of_a_removal(self, session: Session, installed: list[PackageRecord]) -> None:
        around: dict[str, Any] = {"installed": installed, "history": HISTORY, "mode": "remove"}
        assert self.judge(session, session.solve(["app"], **around), ["app"], **around) == []
        assert "'lib' was to be removed and is there" in self.judge(
            session, session.solve(["app"], **around), ["lib"], **around
        )

    def test_what_was_broken_before_may_stay_broken(self, session: Session, installed: list[PackageRecord]) -> None:
        broken = [entry for entry in installed if entry.name != "lib"]
        around: dict[str, Any] = {"installed": broken, "history": ["app"]}
        solution = session.solve(["ssl"], **around)
        assert solution.exempt == ["app 1.0 was broken before: it needs 'lib', and lib is not installed"]
        assert self.judge(session, solution, ["ssl"], **around) == []
        (told,) = self.judge(session, solution, ["ssl", "app", "pure"])
        assert told == "app 1.0 py12_0 depends on 'lib', which is not satisfied"


class TestCommandLine:
    @pytest.fixture
    def plan(
        self, cli: Cli, make_channel: ChannelMaker, installed: list[PackageRecord], tmp_path: Path
    ) -> Callable[..., Any]:
        channel = make_channel(RECORDS, NOARCH)
        prefix = write_prefix(tmp_path / "env", installed, history=HISTORY)

        def run(command: str, *arguments: str) -> Any:
            fixed = ("-p", str(prefix), "-c", f"channel={channel}", "--platform", "linux-64", "--no-detect")
            return cli(command, *arguments, *fixed)

        return run

    def test_reasons_below_the_table(self, plan: Callable[..., Any]) -> None:
        done = plan("solve", "tool 2.*", "--dry-run")
        assert done.returncode == 0, done.stderr
        assert "lib goes down from 2.0 to 1.0: tool 2.0 needs 'lib <2'" in done.stdout
        assert "to unlink" in done.stdout
        assert "to download" in done.stdout

    def test_reasons_in_json(self, plan: Callable[..., Any]) -> None:
        report = json.loads(plan("solve", "tool 2.*", "--json").stdout)
        (lib,) = (change for change in report["changes"] if change["name"] == "lib")
        assert lib == {
            "name": "lib",
            "kind": "down",
            "from": "2.0 0",
            "to": "1.0 0",
            "size": None,
            "reasons": ["tool 2.0 needs 'lib <2'"],
        }
        assert report["dropped"] == []
        assert report["exempt"] == []

    def test_remove_needs_no_channel(self, cli: Cli, installed: list[PackageRecord], tmp_path: Path) -> None:
        prefix = write_prefix(tmp_path / "env", installed, history=HISTORY)
        done = cli("remove", "pure", "-p", str(prefix), "--platform", "linux-64", "--no-detect", "--dry-run")
        assert done.returncode == 0, done.stderr
        assert "1 to unlink, 0 to link" in done.stdout

    def test_update_of_what_is_not_there(self, plan: Callable[..., Any]) -> None:
        done = plan("update", "tool")
        assert done.returncode == 2
        assert "tool is not installed" in done.stderr

    def test_update_all(self, plan: Callable[..., Any]) -> None:
        # Nobody asked for ssl: it goes, as nothing needs it.
        assert "ssl" in plan("update", "--all", "--dry-run").stdout
        assert plan("update", "--all", "lib").returncode == 2


def test_a_prefix_given_by_its_folder_brings_history_and_pins(
    session: Session, installed: list[PackageRecord], tmp_path: Path
) -> None:
    folder = write_prefix(tmp_path, installed, history=HISTORY, pins=["lib 2.*"])
    solution = session.solve([], mode="update-all", installed=folder)
    assert apply(installed, solution) == identities(solution.records)
    with pytest.raises(resolvent.UnsatisfiableError):
        session.solve(["tool 2.*"], installed=str(folder))


class TestMultichannel:
    """Several channels under one name, as `defaults` is: consecutive priorities, one channel to specs and records."""

    @pytest.fixture
    def index(self, make_channel: ChannelMaker) -> resolvent.Index:
        main = make_channel([record("a", "1.0"), record("b", "1.0")], name="main")
        more = make_channel([record("a", "2.0"), record("c", "1.0")], name="more")
        other = make_channel([record("a", "3.0"), record("c", "2.0")], name="other")
        sources = [f"other={other}", f"many={main}", f"many={more}"]
        return resolvent.load_index(sources, platform="linux-64")

    def chosen(self, index: resolvent.Index, specs: list[str], **keywords: Any) -> list[tuple[str, str, str]]:
        found = resolvent.solve(specs, index=index, virtual_packages=[], **keywords)
        assert resolvent.check(found.records, specs, index=index, virtual_packages=[], **keywords) == []
        return sorted((entry.name, entry.version, entry.channel) for entry in found)

    def test_its_members_have_consecutive_priorities(self, index: resolvent.Index) -> None:
        assert self.chosen(index, ["many::a", "c", "b"]) == [
            ("a", "1.0", "many"),
            ("b", "1.0", "many"),
            ("c", "2.0", "other"),
        ]
        assert self.chosen(index, ["many::c"]) == [("c", "1.0", "many")]
        assert self.chosen(index, ["many::a"], channel_priority="flexible") == [("a", "1.0", "many")]
        assert self.chosen(index, ["many::a"], channel_priority="disabled") == [("a", "2.0", "many")]
        with pytest.raises(resolvent.UnsatisfiableError):
            self.chosen(index, ["many::a 2.*"])
        assert self.chosen(index, ["many::a 2.*"], channel_priority="flexible") == [("a", "2.0", "many")]

    def test_a_channel_in_a_spec_is_the_only_one_under_each_priority(self, index: resolvent.Index) -> None:
        priorities: list[Any] = ["strict", "flexible", "disabled"]
        for priority in priorities:
            assert self.chosen(index, ["other::a"], channel_priority=priority) == [("a", "3.0", "other")]
            assert self.chosen(index, ["many::c"], channel_priority=priority) == [("c", "1.0", "many")]

    def test_installed_records_of_any_member_stay(self, index: resolvent.Index) -> None:
        there = [PackageRecord.from_dict(record("c", "1.0", channel="many", fn="c-1.0-0.conda"))]
        arguments: dict[str, Any] = {"index": index, "installed": there, "virtual_packages": []}
        assert not resolvent.solve(["b"], **arguments).transaction.unlink
        assert not resolvent.solve(["many::c"], mode="update", **arguments).transaction.unlink
        assert resolvent.solve(["c"], mode="update", **arguments).changes[0]["kind"] == "up"

    def test_a_record_of_a_channel_that_is_not_in_the_index(self, index: resolvent.Index) -> None:
        there = [PackageRecord.from_dict(record("a", "2.5", channel="gone", fn="a-2.5-0.conda"))]
        arguments: dict[str, Any] = {"index": index, "installed": there, "virtual_packages": []}
        for mode in ("install", "update-all"):
            solution = resolvent.solve(["b"], mode=mode, **arguments)
            versions = {entry.name: entry.version for entry in solution}
            assert versions["a"] == ("2.5" if mode == "install" else "3.0")
        assert not resolvent.solve(["a <3"], mode="update", **arguments).transaction.unlink


class TestWhatCountsAsKept:
    """Level 5 counts packages of the answer, not of a model that still holds what nothing needs."""

    RECORDS = (
        record("app", "1.0", "a_0", depends=["helper"]),
        record("app", "2.0", "a_0"),
        record("app", "2.0", "b_0", depends=["helper"]),
        record("helper", "1.0", depends=["app"]),
    )

    def test_a_build_that_needs_what_is_there(self, make_channel: ChannelMaker) -> None:
        index = resolvent.load_index([f"channel={make_channel(list(self.RECORDS))}"], platform="linux-64")
        session = Session(index, virtual_packages=[])
        installed = session.solve(["app 1.0"]).records
        for _ in range(2):
            solution = session.solve(["app"], installed=installed, history=["app"], mode="update")
            assert sorted((r.name, r.build) for r in solution.records) == [("app", "b_0"), ("helper", "0")]
            assert {level["level"]: level["value"] for level in solution.levels}[5] == 1
            # Another request on the same session, in which the helper is there for its own sake.
            solution = session.solve(["app"], installed=installed, history=["app", "helper"], mode="update")
            assert sorted((r.name, r.build) for r in solution.records) == [("app", "a_0"), ("helper", "0")]

    def test_frozen_packages_leave_with_what_needed_them(self, make_channel: ChannelMaker) -> None:
        records = [entry for entry in self.RECORDS if entry["build"] != "b_0"]
        index = resolvent.load_index([f"channel={make_channel(records)}"], platform="linux-64")
        installed = resolvent.solve(["app 1.0"], index=index, virtual_packages=[]).records
        solution = resolvent.solve(
            ["app 2.*"],
            index=index,
            virtual_packages=[],
            installed=installed,
            history=["app"],
            freeze_installed=True,
        )
        assert kinds(solution) == {"app": "up", "helper": "unlink"}


class TestArchivesOfOneBuild:
    CONDA = record("app", "1.0", depends=["lib"], timestamp=7)
    TAR = record("app", "1.0", depends=["lib"], timestamp=7, fn="app-1.0-0.tar.bz2")
    LIB = record("lib", "1.0")

    def change(self, make_channel: ChannelMaker, records: list[dict[str, Any]], *specs: str) -> Solution:
        """Install the `.tar.bz2` archive, then update everything with these records and specs in place."""
        before = resolvent.load_index([f"channel={make_channel([self.TAR, self.LIB])}"], platform="linux-64")
        installed = resolvent.solve(["app"], index=before, virtual_packages=[]).records
        assert [r.fn for r in installed if r.name == "app"] == ["app-1.0-0.tar.bz2"]
        index = resolvent.load_index([f"channel={make_channel(records)}"], platform="linux-64")
        mode: Any = "install" if specs else "update-all"
        return resolvent.solve(
            list(specs), index=index, virtual_packages=[], installed=installed, history=["app"], mode=mode
        )

    def test_the_same_package_is_not_linked_again_for_its_format(self, make_channel: ChannelMaker) -> None:
        for records in ([self.CONDA, self.TAR, self.LIB], [self.CONDA, self.LIB]):
            solution = self.change(make_channel, records)
            assert not solution.changes
            assert "app-1.0-0.tar.bz2" in {r.fn for r in solution.records}

    def test_one_that_says_something_else_is_another_record(self, make_channel: ChannelMaker) -> None:
        other = {**self.CONDA, "depends": ["lib", "lib >=1"]}
        solution = self.change(make_channel, [other, self.TAR, self.LIB])
        assert kinds(solution) == {"app": "revise"}
        assert "app-1.0-0.conda" in {r.fn for r in solution.records}

    def test_the_request_may_ask_for_an_archive(self, make_channel: ChannelMaker) -> None:
        solution = self.change(make_channel, [self.CONDA, self.TAR, self.LIB], "app[fn=app-1.0-0.conda]")
        assert kinds(solution) == {"app": "relink"}
        assert [r.fn for r in solution.transaction.link] == ["app-1.0-0.conda"]


def test_the_lowest_of_what_was_asked_for(make_channel: ChannelMaker) -> None:
    """With `lowest-direct` all roots of an update of everything go down, what they depend on goes up."""
    records = [
        *(record("app", f"{n}.0", depends=["lib"]) for n in (1, 2, 3)),
        *(record("lib", f"{n}.0") for n in (1, 2)),
    ]
    index = resolvent.load_index([f"channel={make_channel(records)}"], platform="linux-64")
    session = Session(index, virtual_packages=[])
    installed = session.solve(["app 2.*", "lib 1.*"]).records
    solution = session.solve([], installed=installed, history=["app"], mode="update-all", strategy="lowest-direct")
    assert kinds(solution) == {"lib": "up"}, "a downgrade of a root costs more than its rank"
    installed = session.solve(["app 1.*", "lib 1.*"]).records
    solution = session.solve([], installed=installed, history=["app"], mode="update-all", strategy="lowest-direct")
    assert kinds(solution) == {"lib": "up"}, "the root is at its lowest"
    with_deps = session.solve(
        ["app"], installed=installed, history=["app"], mode="update", update_deps=True, strategy="lowest-direct"
    )
    assert kinds(with_deps) == {}, "dependencies that join the requested go to their lowest, too"
