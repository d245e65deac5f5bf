"""Each kind of edit with each option of a request: the command of a fix, pasted, gives the answer of the fix."""

from __future__ import annotations

import json
import shlex
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from environment_support import write_prefix

import resolvent
from conftest import LINUX, record, write_subdir
from resolvent.cli import main

OLD, NEW, NEWEST = 1_700_000_000_000, 1_704_067_200_123, 1_740_000_000_000

#: Records that no option leaves as they are: `other` has two versions that differ in age, licence and channel.
SHARED = [
    record("other", "1.0", timestamp=OLD, license="MIT"),
    record("other", "2.0", timestamp=NEW, license="Apache-2.0", depends=["leaf"]),
    record("leaf", "1.0", timestamp=OLD, license="MIT"),
    record("leaf", "2.0", timestamp=NEW, license="Apache-2.0"),
]
LOWER = [record(name, "3.0", timestamp=OLD, license="MIT") for name in ("other", "tool")]

#: By kind: records of its own, specs, and keywords of the request.
KINDS: dict[str, tuple[list[dict[str, Any]], list[str], dict[str, Any]]] = {
    "rename_spec": ([record("numpy", timestamp=OLD)], ["nunpy"], {}),
    "add_virtual_package": ([record("a", depends=["__cuda >=11.8"], timestamp=OLD)], ["a"], {}),
    "move_cutoff": ([record("a", timestamp=NEWEST)], ["a"], {"exclude_newer": {"*": NEW + 1}}),
    "channel_priority": (
        [record("a", depends=["tool >=3"], timestamp=OLD), record("tool", timestamp=OLD)],
        ["a"],
        {},
    ),
    "lift_pin": ([record("a", timestamp=OLD)], ["a"], {"pins": ["a >=2", "leaf >=1"]}),
    "drop_constraint": ([record("a", timestamp=OLD)], ["a"], {"constraints": ["a >=2", "leaf >=1"]}),
    "lift_deny": ([record("a", timestamp=OLD)], ["a"], {"deny": ["a 1.*", "absent"]}),
    "allow_license": ([record("a", license="GPL-3.0", timestamp=OLD)], ["a"], {"licenses": {"deny": ["GPL*", "x"]}}),
    "relax_spec": (
        [record("a", v, timestamp=OLD) for v in ("1.0", "2.0", "3.0")]
        + [record("b", depends=["a >=2"], timestamp=OLD)],
        ["a <2", "b"],
        {},
    ),
    "drop_spec": ([record("a", constrains=["b <1"], timestamp=OLD), record("b", timestamp=OLD)], ["a", "b"], {}),
    "platform": ([], ["mac"], {}),
    "lift_freeze": (
        [
            record("held", "1.0", timestamp=OLD),
            record("held", "2.0", timestamp=OLD),
            record("a", depends=["held >=2"], timestamp=OLD),
        ],
        ["a"],
        {"freeze_installed": True},
    ),
}

#: What else a request may say; each makes another answer of `other` or of `leaf`, or another environment.
OPTIONS: dict[str, dict[str, Any]] = {
    "nothing": {},
    "lowest": {"strategy": "lowest"},
    "lowest-direct": {"strategy": "lowest-direct"},
    "ordered": {"strategy": "ordered"},
    "flexible": {"channel_priority": "flexible"},
    "disabled": {"channel_priority": "disabled"},
    "constraint": {"constraints": ["other <2"]},
    "quoted constraint": {"constraints": ["other[version='>=1,!=2.0']", "leaf=*=0"]},
    "pin": {"pins": ["other <2"]},
    "cut-off of a day": {"exclude_newer": "2023-11-15"},
    "cut-off at a moment": {"exclude_newer": NEW - 1},
    "cut-off of a package": {"exclude_newer": {"other": "2023-11-15"}},
    "cut-off of a channel": {"exclude_newer": {"main::*": "2023-11-15T12:34:56Z"}},
    "cut-off lifted": {"exclude_newer": {"*": "2023-11-15", "other": None}},
    "deny": {"deny": ["other 2.*"]},
    "deny with a reason": {"deny": {"other[version='>=2']": "it's bad"}},
    "allowed licences": {"licenses": {"allow": ["MIT", "GPL*", "BSD 3*"]}},
    "denied licences": {"licenses": {"deny": ["Apache*"]}},
    "virtual package": {"virtual_packages": [*LINUX, "__cuda 9"]},
    "no virtual package": {"virtual_packages": []},
}

#: The same for a request on an environment with `held 1.0`, `other 1.0` and `leaf 1.0`, of which `other` was requested.
MODIFIERS: dict[str, dict[str, Any]] = {
    "nothing more": {},
    "deps none": {"deps": "none"},
    "deps only": {"deps": "only"},
    "prune": {"prune": True},
    "aggressive": {"aggressive_updates": ["leaf", "held"]},
    "satisfied": {"satisfied_skip": True},
    "linked again": {"force_reinstall": True},
    "update": {"mode": "update"},
    "update with dependencies": {"mode": "update", "update_deps": True},
    "lowest here": {"strategy": "lowest"},
}


def merged(a: Mapping[str, Any], b: Mapping[str, Any]) -> dict[str, Any]:
    """Return both requests' keywords in one."""
    out = dict(a)
    for key, value in b.items():
        known = out.get(key)
        if key == "exclude_newer" and known is not None:
            value = value if isinstance(value, Mapping) else {"packages": {"other": value, "leaf": value}}
        if isinstance(known, list) and isinstance(value, list):
            out[key] = [*known, *value]
        elif isinstance(known, list) and isinstance(value, Mapping):
            out[key] = {**dict.fromkeys(known), **value}
        elif isinstance(known, Mapping) and isinstance(value, Mapping):
            out[key] = merged(known, value)
        else:
            out[key] = value
    return out


def channels(folder: Path, records: list[dict[str, Any]]) -> None:
    """Write two channels: what the kind needs with the shared records, and below it another `other`."""
    mac = record("mac", subdir="osx-64", timestamp=OLD, license="MIT")
    own = [{"license": "MIT", **entry} for entry in records]
    write_subdir(folder / "main", [*own, *SHARED])
    write_subdir(folder / "lower", LOWER)
    elsewhere = [{**entry, "subdir": "osx-64"} for entry in [*SHARED, mac]]
    write_subdir(folder / "main", elsewhere, "osx-64")
    write_subdir(folder / "lower", [{**entry, "subdir": "osx-64"} for entry in LOWER], "osx-64")


def pasted(command: str, folder: Path, capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    """Run a command as a shell would, and return what it prints."""
    words = shlex.split(command)[1:]
    # An index knows its channels by name; where the copies that it was read from are, only the caller knows.
    for at in (i + 1 for i, word in enumerate(words) if word == "-c"):
        words[at] = f"{words[at]}={folder / words[at]}"
    words = [str(folder / "prefix") if word == "$CONDA_PREFIX" else word for word in words]
    code = main([*words, "--json", *(["--dry-run"] if "--prefix" in words else [])])
    printed = capsys.readouterr()
    assert code == 0, printed.err
    answer: dict[str, Any] = json.loads(printed.out)
    return answer


def check(fixes: resolvent.Fixes, kind: str, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Paste the command of every fix; one of them has an edit of the kind."""
    assert kind in {change["kind"] for fix in fixes for change in fix.changes}
    for fix in fixes:
        answer = pasted(fix.command, folder, capsys)
        assert [entry["fn"] for entry in answer["packages"]] == [entry.fn for entry in fix.solution], fix.command


@pytest.mark.parametrize("option", OPTIONS)
@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "lift_freeze"])
def test_fresh(kind: str, option: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    records, specs, keywords = KINDS[kind]
    request = {"virtual_packages": LINUX, **merged(keywords, OPTIONS[option])}
    if kind == "channel_priority" and "channel_priority" in request:
        pytest.skip("nothing is hidden")
    channels(tmp_path, records)
    names = [f"{name}={tmp_path / name}" for name in ("main", "lower")]
    index = resolvent.load_index(names, platform="linux-64")
    specs = [*specs, "other"]
    with pytest.raises(resolvent.UnsatisfiableError) as caught:
        resolvent.solve(specs, index=index, **request)
    check(caught.value.conflict.fixes(timeout=60), kind, tmp_path, capsys)


@pytest.mark.parametrize("modifier", MODIFIERS)
@pytest.mark.parametrize("kind", ["lift_freeze", "lift_pin", "relax_spec", "drop_constraint", "lift_deny"])
def test_environment(kind: str, modifier: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    records, specs, keywords = KINDS[kind]
    request = merged(keywords, MODIFIERS[modifier])
    held = [record("held", "1.0", timestamp=OLD), record("held", "2.0", timestamp=OLD)]
    mine = [entry["name"] for entry in records]
    channels(tmp_path, [*records, *(held if "held" not in mine else [])])
    names = [f"{name}={tmp_path / name}" for name in ("main", "lower")]
    index = resolvent.load_index(names, platform="linux-64")
    there = resolvent.solve(["held 1.0", "other 1.0", "leaf 1.0"], index=index, virtual_packages=LINUX)
    prefix = write_prefix(tmp_path / "prefix", there, history=["other"])
    specs = [*specs, "other"]
    if request.get("mode") == "update":
        if kind != "lift_freeze":
            pytest.skip("only what is installed can be updated")
        specs = ["other", "held >=2"]
        request["pins"] = ["held <2"]
        kind = "lift_pin"
        request.pop("freeze_installed")
    with pytest.raises(resolvent.UnsatisfiableError) as caught:
        resolvent.solve(specs, index=index, virtual_packages=LINUX, installed=prefix, **request)
    check(caught.value.conflict.fixes(timeout=60), kind, tmp_path, capsys)


@pytest.mark.parametrize("shell", ["bash", "dash", "zsh", "sh"])
def test_shells_read_the_words_back(shell: str, tmp_path: Path) -> None:
    path = shutil.which(shell)
    if path is None:
        pytest.skip(f"{shell} is not installed")
    channels(tmp_path, [record("a", v, timestamp=OLD) for v in ("1.0", "2.0")])
    index = resolvent.load_index([f"main={tmp_path / 'main'}"], platform="linux-64")
    strange = ["it's $HOME", "a\\b", "!x", "~", "=other", "{1,2}", "*GPL*", "x y", "`z`", "#", "é", "^a", "[a-z]?"]
    with pytest.raises(resolvent.UnsatisfiableError) as caught:
        resolvent.solve(
            ["a >=3", "other[build='*0*']"],
            index=index,
            virtual_packages=[],
            licenses={"deny": strange},
            constraints=["leaf[version='>=1,<9']"],
        )
    for fix in caught.value.conflict.fixes(timeout=60):
        done = subprocess.run([path, "-c", f"printf '%s\\0' {fix.command}"], capture_output=True, text=True, check=True)
        assert done.stdout.split("\0")[:-1] == shlex.split(fix.command)
        words = shlex.split(fix.command)
        assert [words[at + 1] for at, word in enumerate(words) if word == "--deny-license"] == strange


def test_two_specs_of_a_name_are_told_apart(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Both of `a` are relaxed, each from its own text and no further than it must be."""
    records = [record("a", v, timestamp=OLD) for v in ("1.0", "2.0", "3.0", "4.0")]
    records += [record(name, depends=["a 3.*"], timestamp=OLD) for name in ("b", "c")]
    channels(tmp_path, records)
    index = resolvent.load_index([f"{n}={tmp_path / n}" for n in ("main", "lower")], platform="linux-64")
    with pytest.raises(resolvent.UnsatisfiableError) as caught:
        resolvent.solve(["a <2", "b", "a <3", "c"], index=index, virtual_packages=[])
    fixes = caught.value.conflict.fixes(timeout=60)
    (both,) = [fix for fix in fixes if [c["kind"] for c in fix.changes] == ["relax_spec", "relax_spec"]]
    assert sorted(change["from"] for change in both.changes) == ["a <2", "a <3"]
    assert both.specs == ["a <4", "b", "a <4", "c"]
    check(fixes, "relax_spec", tmp_path, capsys)
