"""A spec that a fix relaxes is relaxed no further than it must be: against trying all that could be let in."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

import resolvent
from conftest import record, write_subdir

VERSIONS = 9


def interval(rng: random.Random) -> tuple[str, range]:
    """Return the version part of a spec, and which of the series 1, 2, … it lets in; perhaps none of them."""
    low, high = sorted(rng.sample(range(-1, VERSIONS + 3), 2))
    form = rng.choice(["both", "low", "high", "star", "exact", "compatible"])
    if form == "both":
        return f">={max(low, 0)},<{max(high, 0)}", range(low, high)
    if form == "low":
        return f">={max(low, 0)}", range(low, VERSIONS + 9)
    if form == "high":
        return f"<{max(high, 0)}", range(-9, high)
    text = {"star": f"{max(low, 0)}.*", "exact": f"=={max(low, 0)}", "compatible": f"~={max(low, 0)}.0"}[form]
    return text, range(max(low, 0), max(low, 0) + 1)


def loosenings(asked: range) -> list[set[int]]:
    """All stretches of series that let in more above or below, those that let in fewest first, above before below."""
    out = []
    above = [v for v in range(1, VERSIONS + 1) if v >= asked.stop]
    below = [v for v in range(VERSIONS, 0, -1) if v < asked.start]
    for count in range(1, VERSIONS + 1):
        out += [set(more[:count]) for more in (above, below) if count <= len(more)]
    return [more | {v for v in asked if 1 <= v <= VERSIONS} for more in out]


def check_seed(seed: int, folder: Path) -> int:
    """Check the fixes of one request that relax a spec alone; return their number."""
    rng = random.Random(seed)
    needs = {(v, patch): interval(rng) for v in range(1, VERSIONS + 1) for patch in range(rng.randint(1, 2))}
    entries = [record("app", f"{v}.0.{patch}", depends=[f"lib {text}"]) for (v, patch), (text, _) in needs.items()]
    entries += [record("lib", f"{v}.0.{patch}") for v in range(1, VERSIONS + 1) for patch in range(rng.randint(1, 2))]
    write_subdir(folder, entries)
    write_subdir(folder, [], "noarch")
    index = resolvent.load_index([folder], platform="linux-64")
    parts = {name: interval(rng) for name in ("app", "lib")}
    request = [f"{name} {text}" for name, (text, _) in parts.items()]

    def holds(allowed: dict[str, set[int]]) -> bool:
        return any(
            app in allowed["app"] and lib in libs for (app, _), (_, libs) in needs.items() for lib in allowed["lib"]
        )

    within = {name: {v for v in asked if 1 <= v <= VERSIONS} for name, (_, asked) in parts.items()}
    try:
        resolvent.solve(request, index=index, virtual_packages=[])
    except resolvent.UnsatisfiableError as error:
        conflict = error.conflict
    else:
        assert holds(within)
        return 0
    assert not holds(within)
    checked = 0
    for fix in conflict.fixes(timeout=60, most=20):
        if [change["kind"] for change in fix.changes] != ["relax_spec"]:
            continue
        (change,) = fix.changes
        name, spec = change["name"], resolvent.MatchSpec(change["to"])
        versions = range(1, VERSIONS + 1)
        versions_spec = resolvent.VersionSpec(spec.version or "*")
        let_in = {v for v in versions if versions_spec.matches(resolvent.Version(f"{v}.0"))}
        asked = parts[name][1]
        best = next((more for more in loosenings(asked) if holds({**within, name: more})), None)
        assert let_in == best, (seed, request, change, best)
        assert fix.specs == [change["to"] if text == change["from"] else text for text in request]
        checked += 1
    return checked


@pytest.mark.parametrize("block", range(4))
def test_specs_are_loosened_as_little_as_can_be(block: int, tmp_path: Path) -> None:
    assert sum(check_seed(seed, tmp_path / str(seed)) for seed in range(50 * block, 50 * block + 50)) > 15


@pytest.mark.parametrize(
    ("asked", "given"),
    [
        ("lib 1.* build_*", "lib 1.*"),  # the build alone is in the way
        ("lib 2.* build_*", "lib >=1.5,<3"),
        ("lib !=1.0,!=1.5", "lib"),  # no interval
        ("lib[version='>=2', build_number=0]", "lib"),
    ],
)
def test_builds_go_first_and_odd_specs_altogether(asked: str, given: str, tmp_path: Path) -> None:
    entries = [record("app", depends=["lib <2"]), *(record("lib", version) for version in ("1.0", "1.5", "2.0", "3.0"))]
    write_subdir(tmp_path, entries)
    index = resolvent.load_index([tmp_path], platform="linux-64")
    with pytest.raises(resolvent.UnsatisfiableError) as caught:
        resolvent.solve(["app", asked], index=index, virtual_packages=[])
    changes = [fix.changes for fix in caught.value.conflict.fixes(timeout=60)]
    relaxed = [change["to"] for (change,) in changes if change["kind"] == "relax_spec" and change["name"] == "lib"]
    assert relaxed == [given]


@pytest.mark.parametrize("seed", [660125, 660245])
def test_the_rest_of_a_series_is_no_other_one(seed: int, tmp_path: Path) -> None:
    """`==6` with a 6.0.1 that it does not match: 7 is as near as 5."""
    assert check_seed(seed, tmp_path) > 0
