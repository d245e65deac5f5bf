"""Objects of py-rattler and conda are taken in, and records given out."""

from __future__ import annotations

from typing import Any

import pytest

import resolvent
from conftest import LINUX
from resolvent import PackageRecord

rattler = pytest.importorskip("rattler")


class CondaRecord:
    """What conda's records offer, without conda."""

    def __init__(self, **fields: Any) -> None:
        self.__dict__.update(fields)

    def dump(self) -> dict[str, Any]:
        return dict(self.__dict__)


@pytest.fixture(scope="module")
def solution(sample: resolvent.Index) -> resolvent.Solution:
    return resolvent.solve(["numpy", "python 3.12.*"], index=sample, virtual_packages=LINUX)


@pytest.fixture(scope="module")
def sample() -> resolvent.Index:
    return resolvent.load_index([resolvent.sample_channel()], platform="linux-64")


def test_specs(sample: resolvent.Index, solution: resolvent.Solution) -> None:
    numpy, python = rattler.MatchSpec("numpy"), rattler.MatchSpec("python 3.12.*")
    for specs in ([numpy, "python 3.12.*"], [numpy, python]):
        assert resolvent.solve(specs, index=sample, virtual_packages=LINUX).records == solution.records
    one: Any = rattler.MatchSpec("xz")
    assert "xz" in resolvent.solve(one, index=sample, virtual_packages=LINUX)


def test_virtual_packages() -> None:
    build = getattr(rattler, "BuildString", str)
    given: list[Any] = [
        rattler.GenericVirtualPackage(rattler.PackageName("__glibc"), rattler.Version("2.28"), build("0")),
        CondaRecord(name="__archspec", version="1", build="x86_64_v3"),
        "__unix",
    ]
    target = resolvent.Target(virtual_packages=given)
    assert target.virtual_packages == ("__archspec 1 x86_64_v3", "__glibc 2.28 0", "__unix 0 0")
    detected: Any = rattler.VirtualPackage.detect()
    assert len(resolvent.Target(virtual_packages=detected).virtual_packages or ()) == len(detected)


def test_records_go_out_and_come_back(sample: resolvent.Index, solution: resolvent.Solution) -> None:
    given = [record.to_rattler() for record in solution.records]
    for mine, other in zip(solution.records, given, strict=True):
        assert other.name.normalized == mine.name
        assert (str(other.version), str(other.build), other.build_number) == (
            mine.version,
            mine.build,
            mine.build_number,
        )
        assert (other.file_name, other.url, other.subdir) == (mine.fn, mine.url, mine.subdir)
        assert (other.sha256.hex(), other.md5.hex(), other.size) == (mine.sha256, mine.md5, mine.size)
        assert (other.depends, other.constrains) == (mine.depends, mine.constrains)
        assert int(other.timestamp.timestamp() * 1000) == pytest.approx(mine.timestamp, abs=1)
    assert resolvent.check(given, ["numpy", "python 3.12.*"], index=sample, virtual_packages=LINUX) == []
    kept = resolvent.solve(["xz"], index=sample, virtual_packages=LINUX, installed=given)
    assert not {"numpy", "python"} & {record.name for record in kept.transaction.unlink}


def test_records_of_conda(sample: resolvent.Index, solution: resolvent.Solution) -> None:
    given: list[Any] = [CondaRecord(**record.to_dict()) for record in solution.records]
    assert resolvent.check(given, ["numpy", "python 3.12.*"], index=sample, virtual_packages=LINUX) == []
    assert resolvent.Install(installed=given).installed[0] == solution.records[0]


def test_other_objects_are_refused_by_their_full_name(sample: resolvent.Index) -> None:
    wrong: list[Any] = [object(), 3, rattler.Version("1")]
    for value in wrong:
        with pytest.raises(TypeError, match=type(value).__name__):
            resolvent.solve([value], index=sample, virtual_packages=[])
        with pytest.raises(TypeError, match=type(value).__name__):
            resolvent.solve(["xz"], index=sample, virtual_packages=[], installed=[value])
        with pytest.raises(TypeError, match=type(value).__name__):
            resolvent.solve(["xz"], index=sample, virtual_packages=[value])
    with pytest.raises(TypeError):
        resolvent.solve(["xz"], index=sample, virtual_packages=[], installed=[PackageRecord])  # type: ignore[list-item]
