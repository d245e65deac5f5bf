"""Conditional dependencies (CEP 43): the table of what py-rattler answers, and invariants."""

from __future__ import annotations

import pytest

import resolvent
from conftest import ChannelMaker, record


@pytest.fixture
def index(make_channel: ChannelMaker) -> resolvent.Index:
    folder = make_channel(
        [
            record("python", "3.8"),
            record("python", "3.12"),
            record("tomli", "1.0"),
            record("win", "1.0"),
            record("a", "1", depends=["python", 'tomli[when="python <3.11"]', 'win[when="__win"]']),
            record("b", "1", depends=['tomli[when="python <3.11"]']),
            record("and", "1", depends=['win[when="python >=3.9 and tomli"]']),
            record("or", "1", depends=['win[when="python <3.9 or tomli"]']),
            record("gone", "1", depends=['nothing-has-this[when="python <3.11"]']),
        ]
    )
    return resolvent.load_index([folder], platform="linux-64")


@pytest.mark.parametrize(
    ("specs", "facts", "expected"),
    [
        (["a"], [], {"a", "python"}),
        (["a", "python =3.8"], [], {"a", "python", "tomli"}),
        (["a"], ["__win 0"], {"a", "python", "win"}),
        (["b"], [], {"b"}),
        (["b", "python =3.8"], [], {"b", "python", "tomli"}),
        (["and", "python"], [], {"and", "python"}),
        (["and", "python", "tomli"], [], {"and", "python", "tomli", "win"}),
        (["and", "python =3.8", "tomli"], [], {"and", "python", "tomli"}),
        (["or"], [], {"or"}),
        (["or", "python =3.8"], [], {"or", "python", "win"}),
        (["or", "tomli"], [], {"or", "tomli", "win"}),
        (["gone", "python"], [], {"gone", "python"}),
    ],
)
def test_a_dependency_applies_where_its_condition_holds(
    index: resolvent.Index, specs: list[str], facts: list[str], expected: set[str]
) -> None:
    solution = resolvent.solve(specs, index=index, virtual_packages=facts)
    assert {entry.name for entry in solution} == expected
    assert resolvent.check(solution.records, specs, index=index, virtual_packages=facts) == []


def test_a_condition_can_rule_a_version_out(index: resolvent.Index) -> None:
    with pytest.raises(resolvent.UnsatisfiableError):
        resolvent.solve(["gone", "python =3.8"], index=index, virtual_packages=[])


def test_the_check_sees_a_condition_that_holds(index: resolvent.Index) -> None:
    solution = resolvent.solve(["b", "python =3.8"], index=index, virtual_packages=[])
    without = [entry for entry in solution if entry.name != "tomli"]
    assert resolvent.check(without, ["b", "python =3.8"], index=index, virtual_packages=[]) != []
