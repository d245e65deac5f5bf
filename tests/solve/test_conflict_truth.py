"""What is said where there is no answer is true, complete and useful: one test for each kind of sentence or fix."""

from __future__ import annotations

import json
import shlex
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from test_conflict_messages import Case

import resolvent
from conftest import LINUX, Cli, record, write_subdir
from resolvent import Conflict, PackagesNotFound, UnsatisfiableError

PYTHONS = "python 3.10.1\npython 3.11.1\npython 3.12.1\npython 3.13.1"
WHEELS = f"""{PYTHONS}
numpy 1.26 py312 : python 3.12.*
numpy 2.1 py312 : python 3.12.*
numpy 2.1 py313 : python 3.13.*
scipy 1.15 py312 : python 3.12.*,,numpy >=1.22
scipy 1.15 py313 : python 3.13.*,,numpy >=1.23"""


def texts(conflict: Conflict) -> str:
    """Return everything that a conflict says, without its fixes."""
    data = conflict.to_dict(timeout=0)
    told = [data["headline"], data["text"]]
    told += [entry["text"] for part in ("facts", "groups", "hints") for entry in data[part]]
    return "\n".join(told)


def fixes(conflict: Conflict) -> list[str]:
    return [str(fix) for fix in conflict.fixes(timeout=60)]


@pytest.mark.parametrize(
    "keywords",
    [{"constraints": ["numpy 1.26"]}, {"pins": ["numpy 1.26"]}, {"deny": ["numpy 2.*"]}],
    ids=["constraint", "pin", "deny list"],
)
def test_what_limits_restrict_is_not_told_of_the_package(keywords: Mapping[str, Any], tmp_path: Path) -> None:
    conflict = Case(WHEELS, ("scipy", "python 3.13.*"), keywords=keywords).conflict(tmp_path)
    hints = [hint.text for hint in conflict.hints]
    assert hints == ["numpy 1.26 has no build for python 3.13, its newest is for 3.12"]
    # The culprit is what the asker can change, told with its reason.
    assert conflict.headline.startswith("python 3.13.* is requested, but numpy 1.26 (")
    assert "scipy 1.15 requires python" not in texts(conflict)
    assert {group["quantifier"] for group in conflict.to_dict(timeout=0)["groups"]} == {"all"}


def test_some_builds_are_told_as_some_builds(tmp_path: Path) -> None:
    records = f"{PYTHONS}\nx 1 a : python 3.12.*\nx 1 b : lib 1\nlib 1 h : gone\nlib 2"
    conflict = Case(records, ("x", "python 3.13.*")).conflict(tmp_path)
    told = texts(conflict)
    assert "some builds of x 1 require python 3.12.*" in told
    assert "some builds of x 1 require lib 1" in told
    assert "\nx 1 requires" not in told
    assert {f.quantifier for f in conflict.facts if f.name == "x" and f.kind == "dependency"} == {"some"}


def test_requested_builds_are_told_as_such(tmp_path: Path) -> None:
    records = "py 3 a : abi 3 *_t_0\npy 3 b : abi 3 *_g_0\nabi 3 x_t\nabi 3 x_g\nx 1 : abi 3 *_g_0"
    conflict = Case(records, ("py 3 a_*", "x")).conflict(tmp_path)
    assert conflict.headline == "the requested builds of py 3 require abi 3 *_t_0, but x 1 requires abi 3 *_g_0"


@pytest.mark.parametrize(
    ("spec", "versions", "hint"),
    [
        ("x >=12.1,<12.2", "12.4 12.9", "the oldest version of x is 12.4"),
        ("x >1,<2", "3 4", "the oldest version of x is 3"),
        ("x >12.9", "12.4 12.9", "the newest version of x is 12.9"),
        ("x ==12.5", "12.4 12.9", "the versions of x nearest to 12.5 are 12.4 and 12.9"),
    ],
)
@pytest.mark.parametrize("asked", ["requested", "a dependency"])
def test_ends_are_those_of_all_versions(spec: str, versions: str, hint: str, asked: str, tmp_path: Path) -> None:
    records = "\n".join(f"x {version}" for version in versions.split()) + f"\napp 1 : {spec}"
    conflict = Case(records, (spec if asked == "requested" else "app",)).conflict(tmp_path)
    assert hint in [h.text for h in conflict.hints]


def test_all_that_is_missing_is_named_in_one_line(tmp_path: Path, cli: Cli) -> None:
    names = [f"nosuch{i}" for i in range(20)]
    conflict = Case("x 1\ny 1\ny 2", (*names, "y 9", "x 5")).conflict(tmp_path)
    assert conflict.missing == names
    assert conflict.unmatched == ["y 9", "x 5"]
    assert all(name in conflict.headline for name in names)
    assert "also, no records match y 9 and x 5" in [hint.text for hint in conflict.hints]
    shown = cli("solve", "-c", f"main={tmp_path / 'main'}", "--platform", "linux-64", *names)
    lines = [line for line in shown.stderr.splitlines() if names[-1] in line and not line.startswith("    ")]
    assert len(lines) == 1
    assert "more conflict" not in shown.stderr


def test_the_number_of_further_conflicts_is_true(tmp_path: Path, cli: Cli) -> None:
    records = "\n".join(f"x{i} 1\nx{i} 2" for i in range(12))
    write_subdir(tmp_path / "c", [record(*line.split()) for line in records.splitlines()])
    for count, told in ((6, "and 2 more conflicts"), (12, "and at least 4 more conflicts")):
        specs = [f"x{i} {v}" for i in range(count) for v in ("1", "2")]
        shown = cli("solve", "-c", str(tmp_path / "c"), "--platform", "linux-64", "--no-detect", *specs)
        assert told in shown.stderr


@pytest.mark.parametrize(
    ("asked", "meant"),
    [
        ("sklearn", "scikit-learn"),
        ("opencv-python", "opencv"),
        ("cv2", "opencv"),
        ("torch", "pytorch"),
        ("yaml", "pyyaml"),
        ("PIL", "pillow"),
        ("bs4", "beautifulsoup4"),
    ],
)
def test_names_that_python_uses(asked: str, meant: str, tmp_path: Path) -> None:
    conflict = Case(f"{meant} 2.0\nnumpy 1", (f"{asked} >=1",)).conflict(tmp_path)
    assert [hint.offers for hint in conflict.hints if hint.kind == "nearest_name"] == [[meant]]
    assert f"ask for {meant} >=1 instead of {asked.lower()} >=1" in [fix.lower() for fix in fixes(conflict)]


def test_known_names_lead_to_packages_of_conda_forge(conda_forge: resolvent.Index) -> None:
    table = Path(__file__).parents[2] / "solver-core" / "resolve" / "src" / "explain" / "words" / "known_names.txt"
    pairs = [line.split() for line in table.read_text().splitlines() if not line.startswith("#")]
    with pytest.raises(PackagesNotFound) as caught:
        resolvent.solve([name for _, name in pairs] + ["no-such-name"], index=conda_forge)
    # Those are in conda-forge, but not in this slice of it.
    assert len(caught.value.conflict.missing) < 0.3 * len(pairs)


def test_the_nearest_spelling_comes_first(tmp_path: Path) -> None:
    conflict = Case("python-dateutil 2.9\ndateutils 0.6", ("python-dateutils",)).conflict(tmp_path)
    assert conflict.hints[0].offers == ["python-dateutil"]


def test_what_exists_elsewhere_is_no_typo(tmp_path: Path) -> None:
    write_subdir(tmp_path, [record("libgomp", "16.1")], "linux-64")
    write_subdir(tmp_path, [record("libtomo"), record("tool")], "osx-arm64")
    index = resolvent.load_index([tmp_path], platform="osx-arm64")
    with pytest.raises(PackagesNotFound) as caught:
        resolvent.solve(["libgomp", "tool"], index=index, virtual_packages=[])
    assert "did you mean" not in str(caught.value)
    conflict = caught.value.conflict
    assert [hint.text for hint in conflict.hints] == ["libgomp exists on linux-64 (16.1), not on osx-arm64"]
    assert fixes(conflict) == ["do not ask for libgomp"]


def test_nobody_typed_a_dependency(tmp_path: Path) -> None:
    conflict = Case("a 1 : bb >=41\nbc 1\ncb 1", ("a",)).conflict(tmp_path)
    assert [hint.kind for hint in conflict.hints] == ["missing_channel"]
    assert "(searched: main)" in conflict.headline


def test_a_fix_keeps_every_name_where_one_does(tmp_path: Path) -> None:
    conflict = Case(f"{PYTHONS}\ntf 2.19 : python 3.12.*", ("tf=2.10", "python=3.11")).conflict(tmp_path)
    found = conflict.fixes(timeout=60)
    assert str(found[0]) == "do not ask for tf=2.10"
    kept = found[len(found) - 1]
    assert [change["kind"] for change in kept.changes] == ["relax_spec", "relax_spec"]
    assert kept.specs[1] == "python >=3.11,<3.13"


def test_three_relaxed_specs_keep_every_name(tmp_path: Path) -> None:
    records = "a 1\na 2 : b 2,,c 2\nb 1\nb 2\nc 1\nc 2"
    conflict = Case(records, ("a 3.*", "b 1", "c 1")).conflict(tmp_path)
    kept = [fix for fix in conflict.fixes(timeout=60) if all(c["kind"] != "drop_spec" for c in fix.changes)]
    assert kept


def test_what_another_platform_has_is_left_out_first(tmp_path: Path) -> None:
    here = [record("tool"), record("python", "3.12.1")]
    write_subdir(tmp_path, here, "osx-arm64")
    write_subdir(tmp_path, [*here, *(record(f"only{i}") for i in range(5))], "linux-64")
    index = resolvent.load_index([tmp_path], platform="osx-arm64")
    asked = ["tool", *(f"only{i}" for i in range(5)), "python=3.12"]
    with pytest.raises(PackagesNotFound) as caught:
        resolvent.solve(asked, index=index, virtual_packages=[])
    found = fixes(caught.value.conflict)
    assert found[0] == "; ".join(f"do not ask for only{i}" for i in range(5))
    assert found[-1] == "solve for linux-64 instead of osx-arm64"
    hints = [hint.text for hint in caught.value.conflict.hints]
    assert hints == [f"only{i} exists on linux-64 (1.0), not on osx-arm64" for i in range(5)]


@pytest.mark.parametrize("there", [True, False])
def test_a_channel_that_was_not_searched_is_named(there: bool, tmp_path: Path) -> None:
    conflict = Case("r-base 4.3" if there else "x 1", ("elsewhere::r-base",)).conflict(tmp_path)
    assert conflict.headline == "elsewhere::r-base is requested, but elsewhere is not among your channels (main)"
    assert "version" not in texts(conflict)
    assert [hint.text for hint in conflict.hints] == ["to search elsewhere, add -c elsewhere"]


def test_the_channel_that_another_is_built_upon_is_named(tmp_path: Path) -> None:
    conflict = Case("bioconda::bedtools 2 : bzip2 >=1", ("bedtools",)).conflict(tmp_path)
    assert conflict.hints[0].text == "packages of bioconda need those of conda-forge: add -c conda-forge"


def test_no_line_twice(tmp_path: Path) -> None:
    for number, last in enumerate(["x 1", "b 40"]):
        records = f"a 4 : b >=43,<44\na 3 : b >=42,<43\na 2 : b >=41,<42\n{last}"
        lines = Case(records, ("a",)).conflict(tmp_path / str(number)).report().splitlines()
        bare = [line.strip("│├└─ ") for line in lines]
        assert len(set(bare)) == len(bare)


def test_what_one_record_asks_together_is_not_told_as_alternatives(tmp_path: Path) -> None:
    for number, (first, second) in enumerate([("x >=2", "x <2"), ("x !=0", "x !=1")]):
        records = f"app 1.0 : {first},,{second}\nx 0\nx 1"
        if number == 0:
            records += "\nx 2"
        conflict = Case(records, ("app",)).conflict(tmp_path / str(number))
        told = texts(conflict)
        assert f"app 1.0 requires {first}" in told
        assert f"app 1.0 requires {second}" in told
        assert "app 1.0 requires x\n" not in told
        assert " or " not in conflict.headline


def test_bounds_have_no_tails_of_prereleases(tmp_path: Path) -> None:
    records = "python 3.4.5\npython 3.5.0rc4\npython 3.5.4\npython 3.6.1\napp 1 : python 3.5*"
    found = fixes(Case(records, ("app", "python 3.6*")).conflict(tmp_path))
    assert "relax python 3.6* to python >=3.5,<3.7 (that gives 3.5.4)" in found


def test_the_nearest_version_is_the_first_that_a_spec_is_relaxed_to(tmp_path: Path) -> None:
    records = "python 3.12.1\npython 3.13.2\npython 3.13.15\npython 3.14.7"
    found = fixes(Case(records, ("python ==3.13.99",)).conflict(tmp_path))
    assert "(that gives 3.13.15)" in found[0]


def test_builds_that_are_there_are_named(tmp_path: Path) -> None:
    builds = "\n".join(f"zlib 1.2.13 h{i}" for i in range(7))
    one = Case("zlib 1.2.13 hd59", ("zlib==1.2.13=h5eee18b_0",)).conflict(tmp_path / "1")
    assert one.headline.endswith("but no record matches; the only build of 1.2.13 is hd59_0")
    many = Case(builds, ("zlib==1.2.13=h5eee18b_0",)).conflict(tmp_path / "2")
    assert many.headline.endswith("builds of 1.2.13 are h0_0, h1_0, h2_0, h3_0 and 3 more")


@pytest.mark.parametrize("kind", ["pins", "constraints"])
def test_two_limits_that_conflict(kind: str, tmp_path: Path) -> None:
    records = "python 3.4.5\npython 3.5.4"
    limits = {kind: ["python 3.4.*", "python 3.5.*"]}
    conflict = Case(records, ("python",), keywords=limits).conflict(tmp_path)
    assert conflict.headline == f"two {kind} conflict: python 3.4.* and python 3.5.*"


def test_blanks_are_single(tmp_path: Path) -> None:
    records = "lib 3.9 ; blas 2.1   openblas\nblas 2.1 openblas\nblas 1.0 mkl\nwant 1 : blas   1.0"
    assert "  " not in Case(records, ("lib", "want")).conflict(tmp_path).headline


def test_no_fix_does_nothing(tmp_path: Path) -> None:
    write_subdir(tmp_path, [record("python", "3.10.20"), record("python", "3.12.1"), record("x", depends=["python"])])
    index = resolvent.load_index([tmp_path], platform="linux-64")
    old = list(resolvent.solve(["python 3.10.*"], index=index, virtual_packages=[]))
    with pytest.raises(UnsatisfiableError) as caught:
        resolvent.solve(
            ["python=3.12"],
            index=index,
            virtual_packages=[],
            installed=old,
            pins=["python 3.10.*"],
            freeze_installed=True,
        )
    assert all("3.10" not in str(fix).partition("gives")[2] for fix in caught.value.conflict.fixes(timeout=60))


def test_impossible_targets_are_not_offered(tmp_path: Path) -> None:
    for number, virtual in enumerate(("__osx", "__win")):
        conflict = Case(f"app 1 : {virtual}\nx 1", ("app", "x")).conflict(tmp_path / str(number))
        assert all("declare" not in fix for fix in fixes(conflict))


def test_licence_fixes_say_what_they_admit(tmp_path: Path) -> None:
    entries = [
        record("app", depends=["lib", "other"], license="MIT"),
        record("lib", license="GPL-3.0-only"),
        record("other", license="LGPL-2.1-only"),
    ]
    write_subdir(tmp_path, entries)
    index = resolvent.load_index([tmp_path], platform="linux-64")

    def offered(**licenses: list[str]) -> list[Any]:
        with pytest.raises(UnsatisfiableError) as caught:
            resolvent.solve(["app"], index=index, virtual_packages=[], licenses=licenses)
        return list(caught.value.conflict.fixes(timeout=60))

    (rule,) = offered(deny=["*GPL*"])
    assert str(rule) == "lift the rule against licences *GPL*, which admits GPL-3.0-only, LGPL-2.1-only here"
    (one,) = offered(deny=["GPL-3.0-only", "Unlicense"])
    assert str(one) == "allow the licence GPL-3.0-only"
    assert "Unlicense" in one.command
    found = offered(allow=["MIT"])
    assert all("GPL" in str(fix) for fix in found)


def test_a_lower_channel_is_named_where_that_helps(tmp_path: Path) -> None:
    conflict = Case("main::tool 1.0\nlower::tool 2.0", ("tool >=2",)).conflict(tmp_path)
    assert "ask for lower::tool >=2 instead of tool >=2" in fixes(conflict)


def test_not_found_is_said_only_where_a_missing_name_is_the_conflict(tmp_path: Path) -> None:
    records = [
        record("a", depends=["c >=1,<2"]),
        record("b", depends=["c >=2,<3"]),
        record("c", "1.0"),
        record("c", "2.0"),
    ]
    write_subdir(tmp_path, records)
    index = resolvent.load_index([tmp_path], platform="linux-64")
    for condition in ('pip[when="python"]', 'pip[when="nothing-like-that"]'):
        with pytest.raises(UnsatisfiableError) as caught:
            resolvent.solve(["a", "b", condition], index=index, virtual_packages=[])
        assert not isinstance(caught.value, PackagesNotFound)
        assert caught.value.conflict.missing == []
    with pytest.raises(PackagesNotFound):
        resolvent.solve(["a", "pip"], index=index, virtual_packages=[])
    # A dependency that no channel has is no name that was asked for.
    write_subdir(tmp_path / "2", [record("x", depends=["gone"])])
    other = resolvent.load_index([tmp_path / "2"], platform="linux-64")
    with pytest.raises(UnsatisfiableError) as caught:
        resolvent.solve(["x"], index=other, virtual_packages=[])
    assert not isinstance(caught.value, PackagesNotFound)


def test_headline_hint_and_fix_name_one_bound(tmp_path: Path) -> None:
    records = "torch 2.6.0 a : __cuda >=12.6\ntorch 2.6.0 b : __cuda >=11.8\ntorch 2.5.0 : x\nx 1"
    conflict = Case(records, ("torch 2.6.*",), (*LINUX, "__cuda 11.2")).conflict(tmp_path)
    told = [conflict.headline, *(hint.text for hint in conflict.hints), fixes(conflict)[0]]
    assert all("11.8" in text and "12.6" not in text for text in told), told


def test_what_a_build_asks_of_the_target_is_said_whole(tmp_path: Path) -> None:
    conflict = Case("app 1.0 : __archspec 1 x86_64_v4", ("app",), ("__archspec 1 x86_64",)).conflict(tmp_path)
    assert [h.text for h in conflict.hints] == ["app 1.0 needs __archspec 1 x86_64_v4, the target has 1 x86_64"]


def test_a_pin_of_a_file_is_lifted_by_a_command_that_works(tmp_path: Path, cli: Cli) -> None:
    entries = [record("python", v) for v in ("3.9.1", "3.10.1")] + [record("zstd", "1.5.5")]
    write_subdir(tmp_path / "c", entries)
    meta = tmp_path / "env" / "conda-meta"
    meta.mkdir(parents=True)
    (meta / "history").write_text("")
    (meta / "pinned").write_text("python 3.10.*\nzstd 1.5.5\n")
    words = ["solve", "-p", str(tmp_path / "env"), "-c", str(tmp_path / "c"), "--platform", "linux-64", "--no-detect"]
    shown = cli(*words, "python=3.9", "zstd")
    (command,) = [line.strip() for line in shown.stderr.splitlines() if "--ignore-pinned" in line]
    assert "#" not in command
    assert shlex.split(command).count("--pin") == 1
    answer = cli(*shlex.split(command)[1:], "--json")
    assert answer.returncode == 0, answer.stderr
    assert {p["name"]: p["version"] for p in json.loads(answer.stdout)["packages"]} == {
        "python": "3.9.1",
        "zstd": "1.5.5",
    }
    for shell in filter(None, map(shutil.which, ("bash", "zsh"))):
        script = f"resolvent() {{ printf '%s\\n' \"$@\"; }}; {command}"
        printed = subprocess.run([shell, "-c", script], capture_output=True, text=True, check=True).stdout
        assert printed.splitlines() == shlex.split(command)[1:]


def test_no_environment_is_invented(tmp_path: Path) -> None:
    write_subdir(tmp_path, [record("a", "1"), record("a", "2"), record("b", "1", depends=["a 1"])])
    index = resolvent.load_index([tmp_path], platform="linux-64")
    with pytest.raises(UnsatisfiableError) as caught:
        resolvent.solve(["a 2", "b"], index=index, virtual_packages=[], prune=True, strategy="lowest")
    for fix in caught.value.conflict.fixes(timeout=60):
        assert "--prefix" not in fix.command
        assert "--strategy lowest" in fix.command
