"""Requests without an answer: facts, hints, fixes, text, and the questions why and why not."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import resolvent
from conftest import ROOT, ChannelMaker, Cli, record


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


def test_the_data_follows_its_schema(index: resolvent.Index) -> None:
    schema = json.loads((ROOT / "docs" / "conflict.schema.json").read_text())
    data = conflict_of(index, ["app", "lib >=2"]).to_dict()
    assert set(data) == set(schema["required"])
    facts = schema["$defs"]["fact"]
    for fact in data["facts"]:
        assert set(fact) == set(facts["required"])
        assert fact["kind"] in facts["properties"]["kind"]["enum"]
    assert all(len(edge) == 2 for edge in data["edges"])
    assert json.loads(json.dumps(data)) == data


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
