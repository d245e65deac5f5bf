"""Requests without an answer: facts, hints, fixes, text, and the questions why and why not."""

from __future__ import annotations

import copy
import json
import pickle
from pathlib import Path
from typing import Any

import pytest

import resolvent
from conftest import ROOT, ChannelMaker, Cli, record, write_subdir


def world(channel: ChannelMaker) -> resolvent.Index:
    """A small world: an application that needs an old library, a GPU package, a hidden channel's package."""
    folder = channel(
        [
            record("app", "1.0", depends=["lib <2"]),
            record("app", "1.1", depends=["lib <2"]),
            record("lib", "1.0"),
            record("lib", "2.0"),
            record("gpu", "1.0", depends=["__cuda >=12"]),
            record("new", "1.0", timestamp=1_700_000_000_000),
            record("tool", "1.0", depends=["app", "lib >=2"]),
            record("pytorch-lightning", "1.0"),
        ],
    )
    return resolvent.load_index([folder], platform="linux-64")


@pytest.fixture
def index(make_channel: ChannelMaker) -> resolvent.Index:
    return world(make_channel)


def conflict_of(index: resolvent.Index, specs: list[str], **keywords: Any) -> resolvent.Conflict:
    with pytest.raises(resolvent.UnsatisfiableError) as caught:
        resolvent.solve(specs, index=index, virtual_packages=[], **keywords)
    return caught.value.conflict


def kinds(conflict: resolvent.Conflict) -> list[tuple[str, str]]:
    return [(fact.kind, fact.name) for fact in conflict.facts]


def test_two_demands_on_one_package(index: resolvent.Index) -> None:
    conflict = conflict_of(index, ["app", "lib >=2"])
    assert kinds(conflict) == [("request", "app"), ("request", "lib"), ("dependency", "app")]
    assert conflict.facts[2].spec == "lib <2"
    assert conflict.facts[2].versions == ["1.1", "1.0"]
    assert "lib" in conflict.headline
    assert conflict.headline in str(conflict).splitlines()[0]


def test_fixes_are_solved_and_ranked(index: resolvent.Index) -> None:
    fixes = conflict_of(index, ["app", "lib >=2"]).fixes(timeout=10)
    assert fixes.complete
    assert [[change["kind"] for change in fix.changes] for fix in fixes] == [
        ["relax_spec"],
        ["drop_spec"],
        ["drop_spec"],
    ]
    for fix in fixes:
        assert resolvent.check(fix.solution.records, fix.specs, index=index, virtual_packages=[]) == []
    assert fixes[0].command.endswith(" --platform linux-64 --no-detect app lib")


def test_a_pin_can_be_lifted(index: resolvent.Index) -> None:
    conflict = conflict_of(index, ["lib >=2"], pins=["lib 1.*"])
    assert kinds(conflict) == [("request", "lib"), ("pin", "lib")]
    first = conflict.fixes(timeout=10)[0]
    assert [change["kind"] for change in first.changes] == ["lift_pin"]
    assert [entry.version for entry in first.solution.records] == ["2.0"]
    assert "--pin" not in first.command
    # In an environment, whose file of pins would count again.
    (old,) = resolvent.solve("lib 1.*", index=index, virtual_packages=[]).records
    conflict = conflict_of(index, ["lib >=2"], pins=["lib 1.*"], installed=[old])
    lifted = [fix for fix in conflict.fixes(timeout=10) if fix.changes[0]["kind"] == "lift_pin"]
    assert ["--ignore-pinned" in fix.command for fix in lifted] == [True]


def test_a_missing_virtual_package_is_named_and_given(index: resolvent.Index) -> None:
    conflict = conflict_of(index, ["gpu"])
    assert ("virtual_package", "__cuda") in kinds(conflict)
    assert any(hint.kind == "virtual_package" for hint in conflict.hints)
    fix = conflict.fixes(timeout=10)[0]
    assert fix.changes[0]["to"] == "__cuda=12"
    assert "--virtual-package __cuda=12" in fix.command


def test_the_cut_off_moves(index: resolvent.Index) -> None:
    conflict = conflict_of(index, ["new"], exclude_newer="2020-01-01")
    assert ("policy", "new") in kinds(conflict)
    fix = conflict.fixes(timeout=10)[0]
    assert fix.changes[0]["kind"] == "move_cutoff"
    assert fix.changes[0]["to"] == "2023-11-14"


def test_denied_records_and_licences_are_left_out(index: resolvent.Index) -> None:
    answer = resolvent.solve("app", index=index, virtual_packages=[], deny=["app >=1.1"])
    assert {entry.name: entry.version for entry in answer.records} == {"app": "1.0", "lib": "1.0"}
    with pytest.raises(resolvent.UnsatisfiableError):
        resolvent.solve("app", index=index, virtual_packages=[], deny=["l*"])
    with pytest.raises(resolvent.UnsatisfiableError):
        resolvent.solve("app", index=index, virtual_packages=[], licenses={"allow": ["MIT"]})


def test_a_typo_gets_its_nearest_names(index: resolvent.Index) -> None:
    with pytest.raises(resolvent.PackagesNotFound) as caught:
        resolvent.solve("pytorch-lightnin", index=index, virtual_packages=[])
    conflict = caught.value.conflict
    assert conflict.missing == ["pytorch-lightnin"]
    hint = next(hint for hint in conflict.hints if hint.kind == "nearest_name")
    assert hint.offers[0] == "pytorch-lightning"


def test_a_package_that_contradicts_itself(index: resolvent.Index) -> None:
    conflict = conflict_of(index, ["tool"])
    assert kinds(conflict)[0] == ("request", "tool")
    assert ("dependency", "app") in kinds(conflict)


def test_hidden_by_strict_priority(make_channel: ChannelMaker) -> None:
    high = make_channel([record("lib", "1.0")], name="high")
    low = make_channel([record("lib", "2.0")], name="low")
    index = resolvent.load_index([high, low], platform="linux-64")
    conflict = conflict_of(index, ["lib >=2"])
    assert ("channel_priority", "lib") in kinds(conflict)
    fix = conflict.fixes(timeout=10)[0]
    assert fix.changes[0]["kind"] == "channel_priority"
    assert [entry.version for entry in fix.solution.records] == ["2.0"]


def test_several_conflicts_are_found(index: resolvent.Index) -> None:
    conflict = conflict_of(index, ["app", "lib >=2", "gpu", "nothing-like-this"])
    names = {fact.name for other in [conflict, *conflict.further(timeout=10)] for fact in other.facts}
    assert {"gpu", "nothing-like-this"} <= names
    assert "lib" in names or "app" in names


def test_a_frozen_record_without_a_part_is_no_fact(index: resolvent.Index) -> None:
    installed = resolvent.solve("app", index=index, virtual_packages=[]).records
    frozen = {"installed": installed, "freeze_installed": True}
    conflict = conflict_of(index, ["tool"], **frozen)
    # "tool" contradicts itself: what is installed has no part in that.
    assert not any(kind == "frozen" for kind, _ in kinds(conflict))


def test_a_freeze_can_be_lifted(make_channel: ChannelMaker) -> None:
    folder = make_channel([record("lib", "1.0"), record("lib", "2.0"), record("app", "1.0", depends=["lib >=2"])])
    index = resolvent.load_index([folder], platform="linux-64")
    installed = resolvent.solve("lib 1.0", index=index, virtual_packages=[]).records
    conflict = conflict_of(index, ["app"], installed=installed, freeze_installed=True)
    assert kinds(conflict) == [("request", "app"), ("frozen", "lib"), ("dependency", "app")]
    frozen = conflict.facts[1]
    assert (frozen.spec, frozen.text) == ("lib 1.0 0", "lib 1.0 0 is installed and frozen")
    assert [member.version for member in frozen.members()] == ["1.0"]
    assert "lib 1.0 0 is installed and frozen" in conflict.headline
    fix = conflict.fixes(timeout=10)[0]
    assert [change["kind"] for change in fix.changes] == ["lift_freeze"]
    assert {r.name: r.version for r in fix.solution} == {"app": "1.0", "lib": "2.0"}


def test_a_frozen_record_that_no_channel_has(make_channel: ChannelMaker) -> None:
    here = make_channel([record("lib", "2.0"), record("app", "1.0", depends=["lib >=2"])])
    there = make_channel([record("lib", "1.5")], name="there")
    installed = resolvent.solve(
        "lib", index=resolvent.load_index([there], platform="linux-64"), virtual_packages=[]
    ).records
    index = resolvent.load_index([here], platform="linux-64")
    conflict = conflict_of(index, ["app"], installed=installed, freeze_installed=True)
    assert kinds(conflict) == [("request", "app"), ("frozen", "lib"), ("dependency", "app")]
    assert conflict.fixes(timeout=10)[0].changes[0]["kind"] == "lift_freeze"


def test_each_policy_says_its_rule(index: resolvent.Index) -> None:
    for keywords, reason, rule in (
        ({"exclude_newer": "2020-01-01"}, "exclude_newer", "2020-01-01"),
        ({"deny": ["n*"]}, "deny", "n*"),
        ({"licenses": {"allow": ["MIT"]}}, "license", "none given"),
    ):
        fact = next(f for f in conflict_of(index, ["new"], **keywords).facts if f.kind == "policy")
        assert (fact.reason, fact.rule) == (reason, rule)


def test_a_licence_and_a_denied_spec_are_given_back(make_channel: ChannelMaker) -> None:
    folder = make_channel([record("app", "1.0", depends=["lib"]), record("lib", "1.0", license="GPL-3.0-only")])
    index = resolvent.load_index([folder], platform="linux-64")
    conflict = conflict_of(index, ["app"], licenses={"deny": ["GPL*"]})
    assert conflict.facts[-1].text == "the licence of lib 1.0 is not allowed: GPL-3.0-only"
    (fix,) = conflict.fixes(timeout=10)
    assert fix.changes[0]["kind"] == "allow_license"
    assert fix.changes[0]["to"] == "GPL-3.0-only"
    (fix,) = conflict_of(index, ["app"], deny=["li*", "unrelated"]).fixes(timeout=10)
    assert (fix.changes[0]["kind"], fix.changes[0]["from"]) == ("lift_deny", "li*")
    assert "--deny unrelated" in fix.command


def test_a_typo_is_put_right(index: resolvent.Index) -> None:
    fix = conflict_of(index, ["pytorch-lightnin >=1", "app"]).fixes(timeout=10)[0]
    assert [change["kind"] for change in fix.changes] == ["rename_spec"]
    assert fix.specs == ["pytorch-lightning >=1", "app"]


def test_other_platforms_are_looked_at(tmp_path: Path) -> None:
    write_subdir(tmp_path, [record("app", "1.0")], "linux-64")
    write_subdir(tmp_path, [{**record("winreg", "2.0"), "subdir": "win-64"}], "win-64")
    write_subdir(tmp_path, [{**record("other", "1.0", depends=["__osx"]), "subdir": "noarch"}], "noarch")
    write_subdir(tmp_path, [], "osx-arm64")
    index = resolvent.load_index([tmp_path], platform="linux-64")
    conflict = conflict_of(index, ["winreg", "app"])
    hint = next(hint for hint in conflict.hints if hint.kind == "other_platform")
    assert (hint.offers, hint.text) == (["win-64"], "winreg exists on win-64 (2.0), not on linux-64")
    # The whole request must have an answer there.
    assert all(change["kind"] != "platform" for fix in conflict.fixes(timeout=10) for change in fix.changes)
    (fix,) = conflict_of(index, ["winreg"]).fixes(timeout=10)
    assert (fix.changes[0]["kind"], fix.changes[0]["to"]) == ("platform", "win-64")
    assert "--platform win-64" in fix.command
    assert "--virtual-package __win=10.0" in fix.command
    conflict = conflict_of(index, ["other"])
    assert "other 1.0 is for macOS only" in [hint.text for hint in conflict.hints]
    assert "osx-arm64" in [change["to"] for fix in conflict.fixes(timeout=10) for change in fix.changes]


def test_no_other_platform_without_its_data(index: resolvent.Index) -> None:
    hints = conflict_of(index, ["winreg"]).hints
    assert all(hint.kind != "other_platform" for hint in hints)


def test_the_request_s_part_is_minimal_in_itself(make_channel: ChannelMaker) -> None:
    """A spec that cannot be had anyway is not blamed together with another one."""
    folder = make_channel(
        [
            record("app", "1.0", depends=["lib <2", "far"]),
            record("far", "1.0", depends=["further"]),
            record("further", "1.0", depends=["gone"]),
            record("lib", "1.0"),
            record("lib", "2.0"),
        ]
    )
    index = resolvent.load_index([folder], platform="linux-64")
    conflict = conflict_of(index, ["lib >=2", "app"])
    assert [name for kind, name in kinds(conflict) if kind == "request"] == ["app"]
    assert ("missing_name", "gone") in kinds(conflict)


def test_the_data_follows_its_schema(index: resolvent.Index) -> None:
    jsonschema = pytest.importorskip("jsonschema")
    schema = json.loads((ROOT / "docs" / "conflict.schema.json").read_text())
    conflict = conflict_of(index, ["app", "lib >=2", "gpu", "nothing-like-this"])
    data = conflict.to_dict(timeout=10)
    jsonschema.validate(data, schema)
    assert set(data) == set(schema["required"])
    assert json.loads(json.dumps(data)) == data
    assert data["complete"]
    assert [fix["command"] for fix in data["fixes"]] == [fix.command for fix in conflict.fixes(timeout=10)]
    assert [other["headline"] for other in data["further"]] == [c.headline for c in conflict.further(timeout=10)]
    assert len(data["further"]) == 2
    assert data["fixes"][0]["gives"]
    quick = conflict.to_dict(timeout=0)
    jsonschema.validate(quick, schema)
    assert (quick["fixes"], quick["further"], quick["complete"]) == ([], [], False)


def test_a_conflict_can_be_pickled(index: resolvent.Index) -> None:
    conflict = conflict_of(index, ["app", "lib >=2"])
    with pytest.raises(resolvent.UnsatisfiableError) as caught:
        resolvent.solve(["app", "lib >=2"], index=index, virtual_packages=[])
    error = pickle.loads(pickle.dumps(caught.value))
    assert type(error) is resolvent.UnsatisfiableError
    carried = pickle.loads(pickle.dumps(error.conflict))
    assert str(carried) == str(conflict)
    assert carried.report(verbose=True) == conflict.report(verbose=True)
    assert carried.to_dict() == conflict.to_dict(timeout=0)
    assert carried.edges == conflict.edges
    assert [(f.kind, f.name, f.spec, f.text) for f in carried.facts] == [
        (f.kind, f.name, f.spec, f.text) for f in conflict.facts
    ]
    with pytest.raises(resolvent.ResolventError, match="stayed behind"):
        carried.fixes()
    assert copy.deepcopy(conflict).fixes(timeout=10)


def test_why_and_why_not(index: resolvent.Index) -> None:
    solution = resolvent.solve("app", index=index, virtual_packages=[])
    assert resolvent.why(solution, "lib") == [[("app", "app"), ("lib", "lib <2")]]
    assert resolvent.why(solution, "absent") == []
    wish = resolvent.why_not(solution, "app 1.0")
    assert wish.possible and not wish.granted
    assert [(price.name, price.before, price.after) for price in wish.price] == [("app", "1.1 0", "1.0 0")]
    assert resolvent.why_not(solution, "lib <2").granted
    refused = resolvent.why_not(solution, "lib >=2")
    assert refused.conflict is not None
    assert "lib" in str(refused)


def test_the_command_line_tells_fixes(make_channel: ChannelMaker, cli: Cli) -> None:
    folder = make_channel([record("app", "1.0", depends=["lib <2"]), record("lib", "1.0"), record("lib", "2.0")])
    done = cli("solve", "-c", str(folder), "--platform", "linux-64", "--no-detect", "app", "lib >=2")
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) <= 40
    assert "what would help" in done.stderr
    assert done.stderr.count(f"    resolvent solve -c {folder}") == 3
    done = cli("why-not", "-c", str(folder), "--platform", "linux-64", "--no-detect", "lib >=2", "app")
    assert done.returncode == 1
    done = cli("why", "-c", str(folder), "--platform", "linux-64", "--no-detect", "lib", "app")
    assert done.stdout == "app -> lib <2\n"


def test_index_files_from_the_command_line(make_channel: ChannelMaker, cli: Cli, tmp_path: Path) -> None:
    folder = make_channel([record("app", "1.0")])
    cache = {"RESOLVENT_NO_INDEX_FILES": "", "RESOLVENT_CACHE_DIR": str(tmp_path / "cache")}
    assert "1 records" in cli("index", str(folder), "--platform", "linux-64", **cache).stdout
    listed = cli("cache", "list", **cache).stdout
    assert "linux-64" in listed and "1 records" in listed
    assert cli("cache", "check", **cache).returncode == 0
    assert "removed" in cli("cache", "clear", **cache).stdout
    assert cli("cache", "list", **cache).stdout == ""
