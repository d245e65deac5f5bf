"""Answers as typed data: fields, JSON, pickles, displays, and an index that can be asked."""

from __future__ import annotations

import copy
import io
import json
import pickle
import re
import threading
from collections.abc import Callable
from typing import Any

import pytest

import resolvent
from conftest import LINUX, ChannelMaker, record
from resolvent import MatchSpec, PackageRecord, ResolventError, Solution, UnsatisfiableError

INSTALLED = [{**record("app", "1.0", depends=["lib <2"]), "channel": "", "fn": "app-1.0-0.conda"}]


@pytest.fixture
def index(make_channel: ChannelMaker) -> resolvent.Index:
    records = [
        record("lib", "1.0"),
        record("lib", "2.0", "x_1"),
        record("lib", "2.0", "x_0"),
        record("lib", "10.0"),
        record("app", "1.0", depends=["lib <2"]),
        record("app", "2.0", depends=["lib >=2"]),
        record("tool-box", "1.0", depends=["lib <2"]),
        record("tool-box", "0.5"),
        record("broken", "1.0", depends=["gone"]),
    ]
    return resolvent.load_index([make_channel(records)], platform="linux-64")


@pytest.fixture
def changed(index: resolvent.Index) -> Solution:
    return resolvent.solve(
        ["app"], index=index, virtual_packages=["__unix"], installed=INSTALLED, history=["app"], mode="update"
    )


@pytest.fixture
def error(index: resolvent.Index) -> UnsatisfiableError:
    with pytest.raises(UnsatisfiableError) as caught:
        resolvent.solve(["app 2.*", "lib 1.*"], index=index, virtual_packages=["__unix"])
    return caught.value


def parts(solution: Solution) -> list[Any]:
    return [*solution.levels, *solution.tradeoffs, solution.stats, *solution.changes]


class TestParts:
    def test_fields_are_attributes_and_keys(self, changed: Solution) -> None:
        (change,) = [change for change in changed.changes if change.name == "app"]
        assert (change.kind, change["kind"]) == ("up", "up")
        assert change.before is not None
        assert change.after is not None
        assert (change.before.version, change.after.version) == ("1.0", "2.0")
        assert changed.stats.sat_calls == changed.stats["sat_calls"]
        assert [level.level for level in changed.levels] == [1, 2, 3, 4, 5, 6, 7]
        layers = changed.levels[5].value
        assert isinstance(layers, list)
        assert all(isinstance(layer, resolvent.Layer) and layer.names == layer[0] for layer in layers)

    def test_tradeoffs(self, index: resolvent.Index) -> None:
        solution = resolvent.solve(["lib", "tool-box"], index=index, virtual_packages=[])
        for tradeoff in solution.tradeoffs:
            assert {tradeoff.name, *(cost.name for cost in tradeoff.price)} == {"lib", "tool-box"}
            assert tradeoff.chosen != tradeoff.possible
        assert solution.tradeoffs

    def test_parts_are_plain_data_for_json(self, changed: Solution) -> None:
        for part in parts(changed):
            assert json.loads(json.dumps(part.to_dict())) == part.to_dict()
        json.dumps([changed.levels, changed.tradeoffs, changed.stats])

    def test_parts_have_documented_fields_only(self, changed: Solution) -> None:
        for part in parts(changed):
            documented = set(type(part).__annotations__)
            assert set(part) == documented
            assert documented <= set(dir(part))
            for name in documented:
                assert re.search(rf"^    (\w+, )*{name}\b", type(part).__doc__ or "", re.MULTILINE), name
            with pytest.raises(AttributeError):
                part.colour = 1
            with pytest.raises(AttributeError):
                _ = part.colour

    def test_edits(self, error: UnsatisfiableError) -> None:
        for fix in error.conflict.fixes():
            for edit in fix.changes:
                assert (edit.kind, edit.before, edit.after) == (edit["kind"], edit["from"], edit["to"])
                assert str(edit) == edit.text
            assert fix.to_dict()["changes"] == [edit.to_dict() for edit in fix.changes]


def everything(changed: Solution, error: UnsatisfiableError) -> list[Any]:
    fixes = error.conflict.fixes()
    asked = [resolvent.why_not(changed, wish) for wish in ("lib 1.*", "lib 2.*", "app 2.0")]
    return [
        *(changed, changed.transaction, *parts(changed), *changed.records),
        *(error, error.conflict, *error.conflict.facts, *error.conflict.hints),
        *(fixes, *fixes, *asked),
    ]


class TestPickle:
    def test_all_travel_as_what_they_are(self, changed: Solution, error: UnsatisfiableError) -> None:
        for sent in everything(changed, error):
            for protocol in range(2, pickle.HIGHEST_PROTOCOL + 1):
                came = pickle.loads(pickle.dumps(sent, protocol))
                assert isinstance(came, type(sent))
                assert str(came) == str(sent)
                again = pickle.loads(pickle.dumps(came))
                assert str(again) == str(sent)
                if hasattr(sent, "to_dict") and not isinstance(sent, resolvent.Conflict):
                    assert came.to_dict() == again.to_dict() == sent.to_dict()

    def test_a_solution_says_the_same(self, changed: Solution) -> None:
        came: Solution = pickle.loads(pickle.dumps(changed))
        names = [name for name in dir(Solution) if not name.startswith("_")]
        for name in names:
            mine, other = getattr(changed, name), getattr(came, name)
            if not callable(mine) and name != "transaction":
                assert other == mine, name
        assert came.transaction.link == changed.transaction.link
        assert came.transaction.unlink == changed.transaction.unlink
        assert len(came.transaction) == len(changed.transaction)
        assert (len(came), list(came), repr(came)) == (len(changed), list(changed), repr(changed))
        assert came["app"] == changed["app"]
        assert "app" in came
        assert "gone" not in came
        assert came.get("gone") is None
        assert came._repr_html_() == changed._repr_html_()
        for ask in (lambda: came.why("app"), lambda: came.why_not("app 1.*"), lambda: resolvent.why_not(came, "app")):
            with pytest.raises((ResolventError, TypeError)):
                ask()

    def test_questions_that_need_the_index(self, error: UnsatisfiableError) -> None:
        came = pickle.loads(pickle.dumps(error)).conflict
        for ask in (came.fixes, came.further, came.facts[0].members):
            with pytest.raises(ResolventError, match="its index stayed behind"):
                ask()

    def test_copies_are_the_same_object(self, changed: Solution, error: UnsatisfiableError) -> None:
        for value in (changed, error.conflict):
            assert copy.copy(value) is value
            assert copy.deepcopy([value])[0] is value


class TestMapping:
    def test_by_name(self, changed: Solution) -> None:
        assert changed["app"].version == "2.0"
        assert changed["APP"] == changed["app"] == changed.get("app")
        assert "app" in changed
        assert "ap" not in changed
        assert changed["app"] in changed
        assert 3 not in changed
        assert changed.get("gone", 7) == 7
        with pytest.raises(KeyError, match="gone"):
            changed["gone"]

    def test_methods_ask_what_the_functions_ask(self, changed: Solution) -> None:
        assert changed.why("lib") == resolvent.why(changed, "lib") != []
        assert str(changed.why_not("lib 1.*")) == str(resolvent.why_not(changed, "lib 1.*"))
        assert str(changed.why_not(MatchSpec("lib 1.*"), timeout=10)) == str(changed.why_not("lib 1.*"))

    def test_what_was_asked(self, changed: Solution) -> None:
        assert changed.specs == ["app"]
        assert changed.platform == "linux-64"
        assert changed.virtual_packages == ["__unix 0 0"]


class TestDisplays:
    def test_text(self, changed: Solution) -> None:
        lines = str(changed).splitlines()
        assert lines[0].split() == ["package", "version", "build", "channel", "size"]
        assert [line.split()[0] for line in lines[1 : len(changed) + 1]] == [r.name for r in changed.records]
        assert "2 packages" in str(changed)
        assert repr(changed) == "<Solution of 2 records, proved>"

    def test_html_is_escaped(self, make_channel: ChannelMaker) -> None:
        channel = make_channel([{**record("app", "1.0"), "build": "<b>_[bold]_0"}])
        solution = resolvent.solve(["app"], channels=[channel], platform="linux-64", virtual_packages=[])
        html = solution._repr_html_()
        assert "&lt;b&gt;" in html
        assert "<b>_" not in html
        assert "\\[bold]" in solution.__rich__()

    def test_rich_prints_a_table(self, changed: Solution) -> None:
        console = pytest.importorskip("rich.console").Console(width=400, record=True, file=io.StringIO())
        console.print(changed)
        assert console.export_text().split() == str(changed).split()

    def test_nothing_shows_an_address(self, changed: Solution, error: UnsatisfiableError) -> None:
        session = resolvent.Session(resolvent.load_index([resolvent.sample_channel()], platform="linux-64"))
        for value in (*everything(changed, error), session, session.index, resolvent.Request()):
            assert " at 0x" not in repr(value)
            assert " at 0x" not in str(value)


class TestIndex:
    def test_names_and_versions(self, index: resolvent.Index) -> None:
        assert index.names() == ["app", "broken", "lib", "tool-box"]
        assert index.versions("lib") == index.versions("LIB") == ["10.0", "2.0", "1.0"]
        assert index.versions("gone") == []

    def test_records(self, index: resolvent.Index) -> None:
        assert [r.version for r in index.records("lib >=2")] == ["10.0", "2.0", "2.0"]
        assert index.records(MatchSpec("lib 2.0")) == index.records("lib 2.0")
        assert {r.build for r in index.records("lib 2.0")} == {"x_0", "x_1"}
        assert [r.name for r in index.records("tool-*")] == ["tool-box", "tool-box"]
        assert len(index.records("*")) == len(index) == len(list(index))
        assert [r.name for r in index] == sorted(r.name for r in index)
        assert index.records("gone") == []
        with pytest.raises(resolvent.InvalidMatchSpec):
            index.records("lib[")

    def test_membership(self, index: resolvent.Index) -> None:
        present: list[object] = ["lib", "LIB", MatchSpec("lib >1"), index.records("lib")[0]]
        for item in present:
            assert item in index
        foreign = PackageRecord.from_dict(record("lib", "3.0"))
        absent: list[object] = ["gone", MatchSpec("lib 3.*"), "lib[", "", 3, None, foreign]
        for item in absent:
            assert item not in index

    def test_display(self, index: resolvent.Index) -> None:
        assert re.fullmatch(r"<Index of 9 records of .+, linux-64>", repr(index))


def test_other_threads_run_while_a_conflict_is_told(error: UnsatisfiableError) -> None:
    """The lock of the interpreter is free while hints and reports read repodata: other threads get on."""
    conflict = error.conflict
    calls: list[Callable[[], Any]] = [lambda: conflict.hints, lambda: str(conflict), lambda: conflict.to_dict(0)]
    wrong: list[BaseException] = []

    def ask() -> None:
        try:
            for call in calls * 20:
                call()
        except BaseException as caught:  # noqa: BLE001
            wrong.append(caught)

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_the_package_shows_what_it_offers() -> None:
    shown = [name for name in dir(resolvent) if not name.startswith("__")]
    assert shown == sorted(name for name in resolvent.__all__ if name != "__version__")
    assert all(hasattr(resolvent, name) for name in shown)


def test_progress(index: resolvent.Index) -> None:
    seen: list[resolvent.Progress] = []
    channel = resolvent.sample_channel()
    resolvent.solve(["xz"], channels=[channel], platform="linux-64", virtual_packages=LINUX, progress=seen.append)
    assert [(event.phase, event.finished) for event in seen] == [
        ("index", False),
        ("index", True),
        ("solve", False),
        ("solve", True),
    ]
    assert seen[1].done > 1000
    resolvent.Session(index).solve("lib", progress=seen.append)
    assert [event.label for event in seen[4:]] == ["lib", "lib"]
