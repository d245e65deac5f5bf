"""Warm sessions: after any sequence of requests, on any number of threads, the answer is that of a fresh solve.

Walks change specs, constraints, pins, deny lists, cut-offs, strategies, priorities, targets and environments from one
request to the next, with requests that have no answer in between. Records in link order, the value of each level,
trade-offs, transactions and the words of errors have to be those of a session that knows nothing.
"""

from __future__ import annotations

import concurrent.futures
import contextlib
import random
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from solve_support import Corpus, match_spec
from universes import deep_universe, modern_universe, random_universe
from walks import Arguments, Outcome, Target, Terrain, generated, little, outcome, targets_of, told, warm_walk

import resolvent
from conftest import LINUX, ChannelMaker

Solved = tuple[Target, Arguments, Outcome]


@pytest.fixture(scope="module")
def real(shared: Path) -> Terrain:
    """What people asked of conda-forge for linux-64."""
    corpus = Corpus(shared)
    problems = [p for p in corpus.problems("bench") if p.channels == ("conda-forge",) and len(p.locked) < 200]
    specs = {spec for problem in problems for spec in problem.specs if match_spec(spec).channel is None}
    assert len(specs) > 200
    return Terrain(
        index=resolvent.load_index([f"conda-forge={corpus.folder('conda-forge')}"], platform="linux-64"),
        specs=sorted(specs),
        limits=["python 3.12.*", "python <3.13", "numpy 1.*", "numpy >=2", "openssl 3.*", "libblas * *mkl"],
        cutoffs=["2023-12-31", "2024-06-30", "2025-06-30"],
        targets=[LINUX, (*LINUX, "__cuda 12.6"), ("__glibc 2.17", "__linux 4.18", "__unix 0")],
    )


def walks(terrain: Terrain, seeds: Iterable[int], length: int) -> list[Solved]:
    """Walk several times over one terrain, each time on new sessions."""
    return [solved for seed in seeds for solved in warm_walk(random.Random(seed), terrain, length, targets_of(terrain))]


def little_walks(seeds: Iterable[int], folder: Path, length: int) -> list[Solved]:
    """Walk over a little universe for each seed, all walks of one universe on the same sessions."""
    solved: list[Solved] = []
    for seed in seeds:
        rng = random.Random(seed)
        match seed % 4:
            case 0:
                universe = deep_universe(rng)
            case 1:
                universe = modern_universe(rng, names=7, depth=5)
            case _:
                universe = random_universe(rng, names=8, depth=6)
        terrain = little(rng, universe, folder / str(seed))
        sessions = targets_of(terrain)
        for _ in range(4):
            solved += warm_walk(rng, terrain, length, sessions)
    return solved


def telling(solved: list[Solved]) -> None:
    """Check that walks met what they are meant to meet: both verdicts, environments, policies."""
    verdicts = [verdict for _, _, (verdict, *_) in solved]
    assert min(verdicts.count("answer"), verdicts.count("none")) > len(solved) // 12
    for key in ("installed", "pins", "constraints", "exclude_newer", "strategy"):
        assert sum(key in arguments for _, arguments, _ in solved) > len(solved) // 25, key


def test_little_universes(tmp_path: Path) -> None:
    telling(little_walks(range(75), tmp_path, 8))


def test_generated_channel(tmp_path: Path) -> None:
    telling(walks(generated(tmp_path, 3000, 150, 3, most=8), range(10), 15))


def test_real_channel(real: Terrain) -> None:
    telling(walks(real, range(6), 15))


@pytest.mark.long
@pytest.mark.parametrize("block", range(4))
def test_many_little_universes(tmp_path: Path, block: int) -> None:
    """2,800 sequences in all."""
    telling(little_walks(range(10_000 + 175 * block, 10_000 + 175 * (block + 1)), tmp_path, 10))


@pytest.mark.long
def test_many_on_generated_channels(tmp_path: Path) -> None:
    """200 sequences."""
    telling(walks(generated(tmp_path / "a", 3000, 150, 4, most=8), range(150), 15))
    telling(walks(generated(tmp_path / "b", 10_000, 800, 5, most=6), range(50), 20))


@pytest.mark.long
def test_many_on_the_real_channel(real: Terrain) -> None:
    """100 sequences."""
    telling(walks(real, range(100, 200), 20))


# -- Threads


def together(terrain: Terrain, solved: list[Solved], threads: int, rng: random.Random) -> None:
    """Solve all requests again, in another order, on many threads that share one session for each target, and one."""
    sessions = targets_of(terrain)
    any_target = resolvent.Session(terrain.index, virtual_packages=())

    def again(one: Solved) -> None:
        target, arguments, expected = one
        found, _ = outcome(lambda: sessions[target].solve(**arguments))
        assert found == expected, told(target, arguments)
        found, _ = outcome(lambda: any_target.solve(**arguments, virtual_packages=target))
        assert found == expected, told(target, arguments)

    with concurrent.futures.ThreadPoolExecutor(threads) as pool:
        list(pool.map(again, rng.sample(solved * 2, 2 * len(solved))))


def test_threads(tmp_path: Path, real: Terrain) -> None:
    for seed in range(10):
        rng = random.Random(seed)
        terrain = little(rng, random_universe(rng, names=8, depth=6), tmp_path / str(seed))
        together(terrain, list(warm_walk(rng, terrain, 20, targets_of(terrain))), 16, rng)
    together(real, walks(real, [1000], 25), 8, random.Random(1))


@pytest.mark.long
def test_many_threads(tmp_path: Path, real: Terrain) -> None:
    for seed in range(100, 200):
        rng = random.Random(seed)
        terrain = little(rng, random_universe(rng, names=8, depth=6), tmp_path / str(seed))
        together(terrain, list(warm_walk(rng, terrain, 30, targets_of(terrain))), 32, rng)
    terrain = generated(tmp_path / "generated", 3000, 150, 6, most=8)
    together(terrain, walks(terrain, range(20), 15), 16, random.Random(2))
    together(real, walks(real, range(2000, 2010), 25), 16, random.Random(3))


# -- Targets


def test_target_of_a_request(make_channel: ChannelMaker) -> None:
    """Instances are shared by targets that decide what was met the same way, and never by others."""
    records: list[dict[str, Any]] = [
        {"name": "app", "version": "1"},
        {"name": "app", "version": "2", "depends": ["__cuda >=12"]},
        {"name": "app", "version": "3", "depends": ["gpu"]},
        {"name": "gpu", "version": "1", "depends": ["__cuda >=12.4"]},
        {"name": "tool", "version": "1", "constrains": ["__glibc >=2.28"]},
        {"name": "old", "version": "1", "depends": ['app =1[when="__cuda <12"]']},
    ]
    folder = make_channel(records=[{"build": "0", "build_number": 0, "depends": [], **record} for record in records])
    session = resolvent.Session(resolvent.load_index([folder], platform="linux-64"), virtual_packages=["__glibc 2.17"])

    def app(*target: str, specs: tuple[str, ...] = ("app",)) -> str:
        [found] = [record for record in session.solve(specs, virtual_packages=target) if record.name == "app"]
        return str(found.version)

    for _ in range(2):
        assert app() == app("__cuda 11") == "1"
        assert app("__cuda 12") == app("__cuda 12.3") == "2"
        assert app("__cuda 12.4") == app("__cuda 13", "__glibc 2") == "3"
        assert app("__cuda 13", specs=("app", "old")) == "3"
        assert app("__cuda 11.8", specs=("app", "old")) == "1"
        # The session's own target.
        assert session.virtual_packages == ["__glibc 2.17 0"]
        assert [record.version for record in session.solve(["app"])] == ["1"]
        with pytest.raises(resolvent.UnsatisfiableError):
            session.solve(["tool"])
        assert len(session.solve(["tool"], virtual_packages=()).records) == 1
        assert len(session.solve(["tool"], virtual_packages={"__glibc": "2.28"}).records) == 1
    with pytest.raises(resolvent.ResolventError, match="not a virtual package"):
        session.solve(["app"], virtual_packages=["cuda 12"])


# -- Deadlines in between


def test_rules_of_a_request(make_channel: ChannelMaker) -> None:
    """Cut-offs, denied records and licences are of one request; what is known of the records is shared by all."""

    def at(hour: float) -> int:
        return 1_700_000_000_000 + int(3_600_000 * hour)

    records: list[dict[str, Any]] = [
        *({"name": "app", "version": f"1.{i}", "timestamp": at(i), "depends": [f"lib >={i // 2}"]} for i in range(40)),
        *({"name": "lib", "version": str(i), "timestamp": at(2 * i)} for i in range(20)),
        {"name": "other", "version": "1", "license": "MIT", "depends": ["lib"]},
        {"name": "other", "version": "2", "license": "GPL-3.0-only", "depends": ["lib"]},
    ]
    folder = make_channel(records=[{"build": "0", "build_number": 0, "depends": [], **record} for record in records])
    session = resolvent.Session(resolvent.load_index([folder], platform="linux-64"), virtual_packages=())

    def versions(spec: str, **rules: Any) -> dict[str, str]:
        solution = session.solve([spec], **rules)
        assert solution.optimality == "proved"
        return {record.name: str(record.version) for record in solution.records}

    for _ in range(2):
        assert versions("app") == {"app": "1.39", "lib": "19"}
        assert versions("app", exclude_newer=at(39)) == {"app": "1.39", "lib": "19"}
        assert versions("app", exclude_newer=at(20.5)) == {"app": "1.20", "lib": "10"}
        assert versions("app", exclude_newer=at(20.5), deny=["lib 10"]) == {"app": "1.19", "lib": "9"}
        assert versions("other", exclude_newer=at(11)) == {"other": "2", "lib": "5"}
        assert versions("other", deny=["other 2", "lib >=3"]) == {"other": "1", "lib": "2"}
        assert versions("other", licenses={"deny": ["GPL*"]}) == {"other": "1", "lib": "19"}
        with pytest.raises(resolvent.UnsatisfiableError):
            versions("app 1.30.*", exclude_newer=at(20))
        assert versions("app 1.30.*", exclude_newer={"*": at(30), "app": None}) == {"app": "1.30", "lib": "15"}
    # What only an earlier request led to is known to the instance that serves this one.
    last = session.solve(["lib"], exclude_newer=at(12.3))
    assert last.stats["names"] == 3
    assert resolvent.Session(session.index, virtual_packages=()).solve(["lib"]).stats["names"] == 1


def test_interrupted_in_between(real: Terrain) -> None:
    """What an interrupted solve leaves behind changes no later answer."""
    rng = random.Random(9)
    sessions = targets_of(real)
    for target, arguments, expected in walks(real, [3000, 3001], 15):
        for timeout in (0.0, rng.uniform(0, 0.004), rng.uniform(0, 0.02)):
            with contextlib.suppress(resolvent.ResolventError):
                interrupted: dict[str, Any] = {**arguments, "timeout": timeout}
                sessions[target].solve(**interrupted)
        found, _ = outcome(lambda: sessions[target].solve(**arguments))  # noqa: B023 - called at once
        assert found == expected, told(target, arguments)
