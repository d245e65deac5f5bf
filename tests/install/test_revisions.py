"""Every change is a revision that the environment can return to; `verify` finds what was changed by hand."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from install_support import difference, install, snapshot

import resolvent
from resolvent.install import InstallError

SPECS = ["libfoo 1.*", "python 3.11.*", "app 1.*"]


def names(prefix: Path) -> dict[str, str]:
    return {record.name: record.version for record in resolvent.Environment(prefix).records}


def test_there_and_back_again(tiny: Path, tmp_path: Path, pkgs: Path) -> None:
    env = tmp_path / "env"
    environment_states = []
    install(tiny, env, SPECS, cache=pkgs)
    environment_states.append(snapshot(env))
    install(tiny, env, ["libfoo 2.*", "python 3.12.*"], cache=pkgs, mode="update")
    environment_states.append(snapshot(env))
    install(tiny, env, ["app"], cache=pkgs, mode="remove")
    environment_states.append(snapshot(env))
    environment = resolvent.Environment(env)
    assert [revision.number for revision in environment.revisions] == [0, 1, 2]
    for number in (0, 2, 1):
        done = environment.rollback(number, package_cache=pkgs)
        assert done.revision == len(environment.revisions) - 1
        # The whole state returns: files, records, and what was asked for.
        assert difference(snapshot(env), environment_states[number]) == []
        assert environment.verify() == []
    assert len(environment.revisions) == 6
    # Without a number it is the state before the last change.
    environment.rollback(package_cache=pkgs)
    assert difference(snapshot(env), environment_states[2]) == []


def test_what_was_asked_for_returns_too(tiny: Path, tmp_path: Path, pkgs: Path) -> None:
    env = tmp_path / "env"
    install(tiny, env, ["libfoo 1.*"], cache=pkgs)
    asked = [str(spec) for spec in resolvent.Prefix(env).history]
    install(tiny, env, ["libfoo", "tool"], cache=pkgs, mode="update")
    assert [str(spec) for spec in resolvent.Prefix(env).history] != asked
    resolvent.Environment(env).rollback(0, package_cache=pkgs)
    assert [str(spec) for spec in resolvent.Prefix(env).history] == asked


def test_a_rollback_to_the_present_changes_nothing(tiny: Path, tmp_path: Path, pkgs: Path) -> None:
    env = tmp_path / "env"
    install(tiny, env, ["libfoo 1.*"], cache=pkgs)
    before = snapshot(env, history=True)
    assert resolvent.Environment(env).rollback(-1, package_cache=pkgs).revision is None
    assert snapshot(env, history=True) == before


@pytest.mark.parametrize("number", [1, 7, -2, -9])
def test_revisions_that_there_are_not(tiny: Path, tmp_path: Path, pkgs: Path, number: int) -> None:
    env = tmp_path / "env"
    install(tiny, env, ["libfoo 1.*"], cache=pkgs)
    with pytest.raises(InstallError, match=f"has no revision {number}; revisions are 0 to 0"):
        resolvent.Environment(env).rollback(number, package_cache=pkgs)


def test_a_dry_run_of_a_rollback(tiny: Path, tmp_path: Path, pkgs: Path) -> None:
    env = tmp_path / "env"
    install(tiny, env, ["libfoo 1.*"], cache=pkgs)
    install(tiny, env, ["libfoo 2.*"], cache=pkgs, mode="update")
    before = snapshot(env, history=True)
    done = resolvent.Environment(env).rollback(0, package_cache=pkgs, dry_run=True)
    assert [record.version for record in done.linked] == ["1.0"]
    assert snapshot(env, history=True) == before
    with pytest.raises(InstallError, match="no option 'colour'"):
        resolvent.Environment(env).rollback(0, colour="red")


def test_changes_of_other_programs_are_revisions_of_their_own(tiny: Path, tmp_path: Path, pkgs: Path) -> None:
    env = tmp_path / "env"
    install(tiny, env, ["libfoo 1.*", "old"], cache=pkgs)
    # Another program removes a package and writes no history.
    for path in ("conda-meta/old-1.0-0.json", "share/old/plain", "share/old/prefix.txt"):
        (env / path).unlink()
    install(tiny, env, ["libbar"], cache=pkgs)
    revisions = resolvent.Environment(env).revisions
    assert [revision.command for revision in revisions] == ["test", "", "test"]
    assert [name.rpartition("::")[2] for name in revisions[1].unlinked] == ["old-1.0-0"]
    resolvent.Environment(env).rollback(0, package_cache=pkgs)
    assert set(names(env)) == {"libfoo", "old"}
    assert resolvent.Environment(env).verify() == []


def test_a_history_of_conda_is_read_as_far_as_it_is_known(tiny: Path, tmp_path: Path, pkgs: Path) -> None:
    env = tmp_path / "env"
    install(tiny, env, ["libfoo 1.*"], cache=pkgs)
    history = env / "conda-meta/history"
    url = f"{tiny.as_uri()}/linux-64"
    history.write_text(
        "==> 2020-01-01 00:00:00 <==\n# cmd: conda create\n# conda version: 4.8.0\n"
        f"+{url}::libfoo-1.0-h0_1\n+{url}::unknown-3.0-0\n# update specs: ['libfoo', 'unknown']\n"
        "==> 2020-01-02 00:00:00 <==\n# cmd: conda remove unknown\n"
        f"-{url}::unknown-3.0-0\n# remove specs: ['unknown']\n"
    )
    install(tiny, env, ["libfoo 2.*"], cache=pkgs, mode="update")
    environment = resolvent.Environment(env)
    environment.rollback(1, package_cache=pkgs)
    assert names(env) == {"libfoo": "1.0"}
    with pytest.raises(InstallError, match=r"another program.*unknown-3.0-0"):
        environment.rollback(0, package_cache=pkgs)


def test_verify_finds_what_was_changed_by_hand(tiny: Path, tmp_path: Path, pkgs: Path) -> None:
    env = tmp_path / "env"
    install(tiny, env, [*SPECS, "libbar", "old"], cache=pkgs, link="copy")
    (env / "include/libfoo/libfoo.h").unlink()
    (env / "share/libfoo/data-1.bin").write_bytes(b"x" * 10240)
    (env / "etc/libfoo.conf").write_text("longer than it was\n")
    (env / "lib/libfoo.so").unlink()
    (env / "lib/libfoo.so").write_text("not a link")
    (env / "share/old/prefix.txt").write_text("home=/elsewhere\n")
    (env / "bin/app").write_text("#!/bin/sh\n")
    (env / "share/libfoo/empty").unlink()
    (env / "share/libfoo/empty").symlink_to("nowhere")
    (env / "share/mine").write_text("files of nobody are no problem\n")
    problems = resolvent.Environment(env).verify()
    assert {(problem.package, problem.path, problem.kind) for problem in problems} == {
        ("libfoo", "include/libfoo/libfoo.h", "missing"),
        ("libfoo", "share/libfoo/data-1.bin", "content"),
        ("libfoo", "etc/libfoo.conf", "size"),
        ("libfoo", "lib/libfoo.so", "kind"),
        ("libfoo", "share/libfoo/empty", "kind"),
        ("old", "share/old/prefix.txt", "content"),
        ("app", "bin/app", "size"),
    }


def test_a_prefix_made_by_conda(tiny: Path, tmp_path: Path, pkgs: Path) -> None:
    """Conda lists the paths of noarch python packages as the archive has them; `files` alone says where they are."""
    env = tmp_path / "env"
    install(tiny, env, SPECS, cache=pkgs)
    file = env / "conda-meta/app-1.0-py_0.json"
    data = json.loads(file.read_text())
    for entry in data["paths_data"]["paths"]:
        entry["_path"] = entry["_path"].replace("lib/python3.11/site-packages", "site-packages")
    file.write_text(json.dumps(data))
    assert resolvent.Environment(env).verify() == []
    install(tiny, env, ["app"], cache=pkgs, mode="remove")
    assert not list(env.rglob("app*"))


def test_broken_records_are_left_alone(tiny: Path, tmp_path: Path, pkgs: Path) -> None:
    env = tmp_path / "env"
    install(tiny, env, ["libfoo 1.*"], cache=pkgs)
    (env / "conda-meta/broken-1.0-0.json").write_text("{")
    (env / "conda-meta/notes.json").write_text("[]")
    install(tiny, env, ["libfoo 2.*"], cache=pkgs, mode="update")
    assert names(env) == {"libfoo": "2.0"}
    assert (env / "conda-meta/broken-1.0-0.json").read_text() == "{"
