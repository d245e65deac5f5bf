"""What people read when there is no answer: snapshots of many conflicts, and the laws that every one of them obeys.

A universe is a few lines of text, one record each: `[channel::]name version [build][@date] [: depends] [; constrains]`.
"""

from __future__ import annotations

import dataclasses
import datetime
import io
import json
import re
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console
from syrupy.assertion import SnapshotAssertion

import resolvent
from conftest import LINUX, ROOT, Cli, record, write_subdir
from resolvent import Conflict, UnsatisfiableError
from resolvent.cli.conflicts import SCREENFUL, render

_LINE = re.compile(r"(?:(\w+)::)?(\S+) ([^\s@:;]+)(?: ([^\s@:;]+))?(?:@(\S+))?\s*(?::([^;]*))?(?:;(.*))?")


@dataclasses.dataclass(frozen=True)
class Case:
    """One request without an answer."""

    records: str
    specs: tuple[str, ...]
    virtual: tuple[str, ...] = LINUX
    keywords: Mapping[str, Any] = dataclasses.field(default_factory=dict)

    def conflict(self, folder: Path) -> Conflict:
        channels: dict[str, list[dict[str, Any]]] = {"main": []}
        for line in filter(None, map(str.strip, self.records.splitlines())):
            found = _LINE.fullmatch(line)
            assert found, line
            channel, name, version, build, date, depends, constrains = found.groups()
            entries = channels.setdefault(channel or "main", [])
            entry = record(name, version, f"{build or f'h{len(entries)}'}_0")
            entry["depends"] = [part.strip() for part in (depends or "").split(",,") if part.strip()]
            entry["constrains"] = [part.strip() for part in (constrains or "").split(",,") if part.strip()]
            if date:
                moment = datetime.datetime.fromisoformat(date).replace(tzinfo=datetime.timezone.utc)
                entry["timestamp"] = int(moment.timestamp() * 1000)
            entries.append(entry)
        for channel, entries in channels.items():
            write_subdir(folder / channel, entries)
        index = resolvent.load_index([f"{name}={folder / name}" for name in channels], platform="linux-64")
        with pytest.raises(UnsatisfiableError) as caught:
            resolvent.solve(list(self.specs), index=index, virtual_packages=self.virtual, **self.keywords)
        return caught.value.conflict


def ladder(name: str, versions: str, rest: str = "") -> str:
    """Return one line a version."""
    return "\n".join(f"{name} {version}{rest}" for version in versions.split())


PYTHONS = ladder("python", "2.7.18 3.6.15 3.9.18 3.12.4 3.13.1 3.14.0")
BUILDS = "\n".join(
    f"numba {v} py3{m} : python >=3.{m},<3.{m + 1}.0a0" for v in ("0.58.0", "0.59.0") for m in (9, 12, 13)
)
SSL = f"""{ladder("openssl", "1.1.1 3.0.0 3.2.1")}
old-client 2.0 : openssl >=1.1.1,<1.1.2a
new-server 5.0 : openssl >=3.0.0,<4.0a0
new-server 5.1 : openssl >=3.2.0,<4.0a0"""
CUDA = """torch 2.5.0 cpu : libtorch 2.5.0
torch 2.6.0 cuda126 : __cuda >=12.6,,libtorch 2.6.0
torch 2.6.0 cuda118 : __cuda >=11.8,,libtorch 2.6.0
libtorch 2.5.0
libtorch 2.6.0 x : __cuda"""
TWO = """main::tool 1.0
lower::tool 2.0
lower::app 1.0 : tool >=2"""
CHAIN = """a 1.0 : b 1.*
b 1.0 : c 1.*
c 1.0 : d 1.*
d 1.0 : e 1.*
e 1.0 : f <2
f 1.0
f 2.0"""
GLIBC = """app 1.0 : __glibc >=2.17
app 2.0 : __glibc >=2.28
app 3.0 : __glibc >=2.34,,__linux >=6"""

CASES: dict[str, Case] = {
    "typo": Case("numpy 1.0\nscipy 1.0", ("nunpy",)),
    "typo with separators": Case("scikit-learn 1.0", ("scikit_learn",)),
    "typo without likeness": Case("numpy 1.0", ("tensorflow",)),
    "typo in a dependency": Case("app 1.0 : nunpy >=1\nnumpy 1.0", ("app",)),
    "version not there yet": Case(ladder("numpy", "1.0 1.1 2.0"), ("numpy 99.*",)),
    "version too old": Case(ladder("numpy", "1.0 1.1 2.0"), ("numpy 0.5.*",)),
    "version in a gap": Case(ladder("numpy", "1.0 1.1 2.0"), ("numpy 1.5.*",)),
    "only version": Case("numpy 1.0", ("numpy >=2",)),
    "build not there among many": Case(
        "\n".join(f"numpy 1.{v} py3{b}" for v in range(12) for b in (9, 10)), ("numpy 1.5.* py27*",)
    ),
    "no build for python 3.13": Case(
        f"{PYTHONS}\napp 1.5 a : python >=3.8,<3.9.0a0\napp 1.5 b : python >=3.12,<3.13.0a0", ("python 3.13.*", "app")
    ),
    "build not there": Case("numpy 1.0 py39\nnumpy 1.0 py310", ("numpy 1.0 py27*",)),
    "dependency on a version not there": Case("app 1.0 : lib >=3\nlib 1.0\nlib 2.0", ("app",)),
    "python and ancient package": Case(f"{PYTHONS}\nancient 0.1 : python 2.7.*", ("python >=3.12", "ancient")),
    "old python and new package": Case(
        f"{PYTHONS}\n{ladder('pandas', '2.0 2.1 2.2', ' : python >=3.9')}", ("python 3.6.*", "pandas >=2")
    ),
    "no build for the newest python": Case(f"{PYTHONS}\n{BUILDS}", ("python 3.14.*", "numba")),
    "no build for an old python": Case(f"{PYTHONS}\n{BUILDS}", ("python 3.6.*", "numba >=0.58")),
    "two libraries, two openssl": Case(SSL, ("old-client", "new-server")),
    "openssl requested": Case(SSL, ("openssl 1.1.*", "new-server >=5")),
    "missing cuda": Case(CUDA, ("torch 2.6.*",)),
    "cuda too old": Case(CUDA, ("torch 2.6.*",), (*LINUX, "__cuda 11.2")),
    "cuda requested": Case("numpy 1.0", ("numpy", "__cuda")),
    "glibc too old": Case(GLIBC, ("app >=2",), ("__glibc 2.17", "__linux 5.10")),
    "glibc and linux too old": Case(GLIBC, ("app >=3",), ("__glibc 2.17", "__linux 5.10")),
    "not this system": Case("app 1.0 : __win", ("app",)),
    "archspec": Case("app 1.0 : __archspec 1 x86_64_v4", ("app",), ("__archspec 1 x86_64",)),
    "strict priority hides": Case(TWO, ("app",)),
    "strict priority hides the requested": Case(TWO, ("tool >=2",)),
    "channel in the spec": Case(TWO, ("main::tool", "app")),
    "channel without the package": Case(TWO, ("main::app",)),
    "pin against request": Case(ladder("numpy", "1.26 2.0 2.1"), ("numpy >=2",), keywords={"pins": ["numpy <2"]}),
    "pin against dependency": Case(
        f"{ladder('numpy', '1.26 2.0')}\napp 1.0 : numpy >=2", ("app",), keywords={"pins": ["numpy 1.26.*"]}
    ),
    "two pins": Case(ladder("numpy", "1.0 2.0"), ("numpy",), keywords={"pins": ["numpy 1.*", "numpy 2.*"]}),
    "constraint against dependency": Case(
        f"{ladder('lib', '1.0 2.0')}\napp 1.0 : lib >=2", ("app",), keywords={"constraints": ["lib <2"]}
    ),
    "two requests": Case(ladder("numpy", "1.0 2.0"), ("numpy <2", "numpy >=2")),
    "chain of five": Case(CHAIN, ("a", "f >=2")),
    "chain to a missing name": Case(CHAIN.replace("f <2", "gone"), ("a",)),
    "constrains only": Case("app 1.0 ; lib <2\nother 1.0 : lib >=2\nlib 1.0\nlib 2.0", ("app", "other")),
    "constrains a requested one": Case("app 1.0 ; lib <2\nlib 1.0\nlib 2.0", ("app", "lib >=2")),
    "constrains a virtual one": Case("app 1.0 ; __glibc >=2.34", ("app",)),
    "mutual exclusion": Case("mpi 1 mpich\nmpi 1 openmpi\np 1.0 : mpi 1 mpich*\nq 1.0 : mpi 1 openmpi*", ("p", "q")),
    "cyclic": Case("a 1.0 : b 1.*\na 2.0 : b 2.*\nb 1.0 : a 2.*\nb 2.0 : a 1.*", ("a",)),
    "cyclic with itself": Case("a 1.0 : a 2.*\na 2.0 : a 1.*", ("a",)),
    "cut-off": Case(
        "numpy 1.0@2022-01-01\nnumpy 2.0@2024-06-01\nnumpy 2.1@2025-01-01",
        ("numpy >=2",),
        keywords={"exclude_newer": "2023-01-01"},
    ),
    "cut-off far away": Case(
        "app 1.0@2022-01-01 : lib >=2\nlib 1.0@2021-01-01\nlib 2.0@2024-06-01",
        ("app",),
        keywords={"exclude_newer": "2023-01-01"},
    ),
    "cut-off that must move twice": Case(
        "app 1.0@2022-01-01 : lib >=2\nlib 2.0@2024-06-01 : base >=2\nbase 1.0@2020-01-01\nbase 2.0@2025-03-01",
        ("app",),
        keywords={"exclude_newer": "2023-01-01"},
    ),
    "cut-off of one package": Case(
        "app 1.0@2022-01-01 : lib >=2\nlib 1.0@2021-01-01\nlib 2.0@2024-06-01",
        ("app",),
        keywords={"exclude_newer": {"lib": "2023-01-01"}},
    ),
    "deny list": Case("app 1.0 : lib\nlib 1.0", ("app",), keywords={"deny": ["lib"]}),
    "deny list with a pattern": Case(
        "app 1.0 : libx\nlibx 1.0\nlibx 2.0", ("app",), keywords={"deny": ["lib*", "other"]}
    ),
    "licence": Case("app 1.0 : lib\nlib 1.0", ("app",), keywords={"licenses": {"allow": ["MIT"]}}),
    "typo with a version": Case("numpy 1.0\nnumpy 2.0\nscipy 1.0", ("nunpy >=2", "scipy")),
    "four typos": Case("numpy 1\nscipy 1\npandas 1\nnumba 1", ("nunpy", "sciipy", "pnadas", "numbaa")),
    "wrong in itself": Case("app 1.0 : a,,b\na 1.0 : lib <2\nb 1.0 : lib >=2\nlib 1.0\nlib 2.0", ("lib >=2", "app")),
    "unreadable": Case("app 1.0 ; lib >=1[build=", ("app",)),
    "two conflicts": Case(
        f"{SSL}\n{ladder('numpy', '1.0 2.0')}", ("old-client", "new-server", "numpy <2", "numpy >=2")
    ),
    "three alternatives fail": Case(
        "app 1.0 : lib 1.*\napp 2.0 : lib 2.*\napp 3.0 : gone\nlib 1.0\nlib 2.0\nlib 3.0", ("app", "lib 3.*")
    ),
    "versions with gaps": Case(
        "lib 1.0\nlib 2.0\n" + "\n".join(f"app 1.{i} : lib {'<2' if i in (1, 2, 3, 6) else '<1.5'}" for i in range(8)),
        ("app", "lib >=2"),
    ),
    "many alternatives": Case(
        "base 99\n" + "\n".join(f"base {i}\napp {i}.0 : base {i}.*" for i in range(12)), ("app", "base >=50")
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_message(name: str, tmp_path: Path, snapshot: SnapshotAssertion) -> None:
    conflict = CASES[name].conflict(tmp_path)
    fixes = [f"fix: {fix}" for fix in conflict.fixes(timeout=60)]
    further = [f"also: {other.headline}" for other in conflict.further(timeout=60)]
    assert "\n".join([str(conflict), *fixes, *further]) == snapshot


@pytest.mark.parametrize("name", CASES)
def test_laws(name: str, tmp_path: Path) -> None:
    """The text fits a screen, names the culprit early, and is plain; fixes work; data says what the text says."""
    case = CASES[name]
    conflict = case.conflict(tmp_path)
    out = io.StringIO()
    render(conflict, Console(file=out, width=200, color_system=None))
    text = out.getvalue()
    assert len(text.splitlines()) <= SCREENFUL
    assert conflict.headline in "\n".join(text.splitlines()[:5])
    assert "\x1b" not in text
    fixes = conflict.fixes(timeout=60)
    assert fixes.complete
    sizes = [len(fix.changes) for fix in fixes]
    assert sizes == sorted(sizes)
    # More than three at a time only where nothing less helps.
    assert max(sizes, default=0) <= 3 or len(sizes) == 1
    for fix in fixes:
        assert fix.solution.optimality == "proved"
        assert fix.command.startswith("resolvent solve ")
        assert all(change["text"] for change in fix.changes)
    data = json.loads(json.dumps(conflict.to_dict()))
    assert [fact["text"] for fact in data["facts"]] == [fact.text for fact in conflict.facts]
    assert all(0 <= a < len(data["facts"]) and 0 <= b < len(data["facts"]) for a, b in data["edges"])


@pytest.mark.parametrize("name", CASES)
def test_schema(name: str, tmp_path: Path) -> None:
    jsonschema = pytest.importorskip("jsonschema")
    schema = json.loads((ROOT / "docs" / "conflict.schema.json").read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(CASES[name].conflict(tmp_path).to_dict(), schema)


#: Fixes of each kind, as a line for a shell.
PASTED = ["two requests", "cuda too old", "archspec", "cut-off", "strict priority hides", "pin against request"]


@pytest.mark.parametrize("name", PASTED)
def test_commands_can_be_pasted(name: str, tmp_path: Path, cli: Cli) -> None:
    for fix in CASES[name].conflict(tmp_path).fixes(timeout=60):
        words = shlex.split(fix.command)[1:]
        # An index knows its channels by name; where the copies that it was read from are, only the caller knows.
        for at in (i + 1 for i, word in enumerate(words) if word == "-c"):
            words[at] = f"{words[at]}={tmp_path / words[at]}"
        answer = cli(*words, "--json")
        assert answer.returncode == 0, answer.stderr
        packages = json.loads(answer.stdout)["packages"]
        assert [entry["fn"] for entry in packages] == [entry.fn for entry in fix.solution]


def test_colours(tmp_path: Path) -> None:
    out = io.StringIO()
    render(CASES["typo"].conflict(tmp_path), Console(file=out, width=120, force_terminal=True), verbose=True)
    assert "\x1b[" in out.getvalue()
    assert "[missing_name]" in out.getvalue()


def test_same_text_again(tmp_path: Path) -> None:
    case = CASES["many alternatives"]
    assert str(case.conflict(tmp_path / "1")) == str(case.conflict(tmp_path / "2"))
