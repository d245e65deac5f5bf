"""The `@EXPLICIT` file: what it says, and that another tool reads it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import resolvent
from conftest import LINUX
from resolvent.lockfiles import explicit

#: One line of CEP 23, written anew from its text.
LINE = re.compile(r"\S+/[^/\s#]+\.(conda|tar\.bz2)#([0-9a-f]{32}|sha256:[0-9a-f]{64})")


def test_lines_are_cep_23s(sample: resolvent.Index) -> None:
    solution = resolvent.solve(["python 3.12.*", "numpy"], index=sample, virtual_packages=LINUX)
    lines = explicit(solution.transaction.link, "linux-64").splitlines()
    start = lines.index("@EXPLICIT")
    assert all(line.startswith("#") for line in lines[:start])
    assert "# platform: linux-64" in lines[:start]
    assert len(lines[start + 1 :]) == len(solution.records)
    for line, record in zip(lines[start + 1 :], solution.records, strict=True):
        assert LINE.fullmatch(line)
        assert line.startswith(record.url)


def test_another_tool_reads_it(sample: resolvent.Index, tmp_path: Path) -> None:
    rattler = pytest.importorskip("rattler", reason="needs the extra `oracle`")
    if not hasattr(rattler, "ExplicitEnvironmentSpec"):
        pytest.skip("this py-rattler cannot read explicit files")
    solution = resolvent.solve(["flask"], index=sample, virtual_packages=LINUX)
    path = tmp_path / "environment.txt"
    path.write_text(explicit(solution.transaction.link, "linux-64"))
    parsed = rattler.ExplicitEnvironmentSpec.from_path(path)
    assert str(parsed.platform) in {"linux-64", "Platform(linux-64)"}
    assert [entry.url.partition("#")[0] for entry in parsed.packages] == [record.url for record in solution.records]


def test_nothing_to_link() -> None:
    assert explicit([], "noarch").endswith("# platform: noarch\n@EXPLICIT\n")
