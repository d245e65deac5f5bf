"""The answer depends on the inputs only: not on orders, hashes, threads, earlier solves, or what cannot be reached."""

from __future__ import annotations

import concurrent.futures
import dataclasses
import json
import os
import random
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from brute_force import BruteForce
from solve_support import Corpus, match_spec
from universes import Record, Spec, Universe, answer, channel_name, random_request, random_universe

import resolvent
from conftest import LINUX

Answer = list[tuple[str, str, str]] | None


@pytest.fixture(scope="module")
def corpus(shared: Path) -> Corpus:
    return Corpus(shared)


@pytest.fixture(scope="module")
def real_specs(corpus: Corpus) -> list[str]:
    """Specs that people asked of conda-forge for linux-64."""
    problems = [p for p in corpus.problems("bench") if p.channels == ("conda-forge",)]
    specs = {spec for problem in problems for spec in problem.specs if match_spec(spec).channel is None}
    assert len(specs) > 200
    return sorted(specs)


def sessions(universe: Universe, index: resolvent.Index) -> resolvent.Session:
    return resolvent.Session(index, virtual_packages=universe.virtual_packages)


def real_answer(session: resolvent.Session, arguments: dict[str, Any]) -> Answer:
    """Return a real answer as channel, subdir and file name, in link order; None when there is none."""
    try:
        solution = session.solve(**arguments)
    except resolvent.UnsatisfiableError:
        return None
    assert solution.optimality == "proved"
    return [(record.channel, record.subdir, record.fn) for record in solution]


def random_arguments(rng: random.Random, specs: list[str]) -> dict[str, Any]:
    """Return a random real request: few specs, sometimes a constraint, a pin, a cut-off, another strategy."""
    arguments: dict[str, Any] = {"specs": rng.sample(specs, rng.choice((1, 1, 2, 3)))}
    if rng.random() < 0.3:
        arguments["constraints"] = rng.sample(specs, 2)
    if rng.random() < 0.3:
        arguments["pins"] = [rng.choice(("python 3.12.*", "python <3.13", "numpy 1.*", "openssl 3.*"))]
    if rng.random() < 0.2:
        arguments["exclude_newer"] = rng.choice(("2024-06-30", "2025-06-30"))
    arguments["strategy"] = rng.choice(("highest", "highest", "highest", "ordered", "lowest-direct"))
    arguments["channel_priority"] = rng.choice(("strict", "strict", "flexible", "disabled"))
    return arguments


# -- Orders


def test_order_of_records_in_a_file(tmp_path: Path) -> None:
    for seed in range(60):
        rng = random.Random(seed)
        universe = random_universe(rng, names=7)
        one = sessions(universe, universe.load(tmp_path / f"{seed}-one"))
        other = sessions(universe, universe.load(tmp_path / f"{seed}-other", shuffle=rng))
        for _ in range(4):
            request = random_request(rng, universe)
            assert answer(one, request) == answer(other, request), (seed, request.arguments())


def test_order_of_records_in_a_real_file(corpus: Corpus, real_specs: list[str], tmp_path: Path) -> None:
    for subdir in ("linux-64", "noarch"):
        packages: dict[str, dict[str, Any]] = {"packages": {}, "packages.conda": {}}
        places = [place for group in corpus.repodata("conda-forge", subdir).values() for place in group]
        random.Random(3).shuffle(places)
        for place in places:
            key = "packages.conda" if place.fn.endswith(".conda") else "packages"
            packages[key][place.fn] = place.entry
        (tmp_path / subdir).mkdir()
        (tmp_path / subdir / "repodata.json").write_text(json.dumps({"info": {"subdir": subdir}, **packages}))
    plain = resolvent.load_index([f"conda-forge={corpus.folder('conda-forge')}"], platform="linux-64")
    mixed = resolvent.load_index([f"conda-forge={tmp_path}"], platform="linux-64")
    one, other = (resolvent.Session(index, virtual_packages=LINUX) for index in (plain, mixed))
    rng = random.Random(4)
    for _ in range(40):
        arguments = random_arguments(rng, real_specs)
        assert real_answer(one, arguments) == real_answer(other, arguments), arguments


def test_order_of_specs(tmp_path: Path) -> None:
    """Only ties between requested packages may depend on it."""
    same = traded = 0
    for seed in range(150):
        rng = random.Random(seed)
        universe = random_universe(rng, names=6, depth=6)
        session = sessions(universe, universe.load(tmp_path / str(seed)))
        request = dataclasses.replace(random_request(rng, universe), strategy=rng.choice(("highest", "lowest")))
        mixed = dataclasses.replace(
            request,
            specs=tuple(rng.sample(request.specs, len(request.specs))),
            constraints=request.constraints[::-1],
            pins=request.pins[::-1],
        )
        one, other = answer(session, request), answer(session, mixed)
        assert (one is None) == (other is None)
        if one is None or other is None:
            continue
        brute = BruteForce(universe, request)
        by_identity = {record.identity: record for record in universe.records}
        ranks = [
            {r.name: brute.ranks(r) for r in map(by_identity.__getitem__, found) if r.name in brute.requested}
            for found in (one, other)
        ]
        sums = [sum((pair or (0, 0))[0] for pair in found.values()) for found in ranks]
        assert sums[0] == sums[1]
        if ranks[0] == ranks[1]:
            assert one == other, (seed, request.arguments())
            same += 1
        else:
            traded += 1
    assert same > 40


# -- What cannot be reached


def with_strangers(rng: random.Random, universe: Universe) -> Universe:
    """Add names that nothing asks for, and a last channel with hidden records of the names that others have."""
    names = sorted({record.name for record in universe.records})
    strangers = [
        Record(
            name=f"stranger{n}",
            version="1",
            build=f"h{n}_0",
            build_number=0,
            channel=rng.randrange(universe.channels + 1),
            subdir=rng.choice(("linux-64", "noarch")),
            depends=(Spec(rng.choice(names)),),
            constrains=(Spec(rng.choice(names), (((">=", "3"),),)),),
        )
        for n in range(4)
    ]
    hidden = [Record(name, "9", "h9_0", 0, universe.channels, "linux-64", timestamp=1) for name in names]
    return dataclasses.replace(
        universe, records=(*strangers, *universe.records, *hidden), channels=universe.channels + 1
    )


def test_records_out_of_reach(tmp_path: Path) -> None:
    for seed in range(80):
        rng = random.Random(seed)
        universe = random_universe(rng, names=6)
        larger = with_strangers(rng, universe)
        one = sessions(universe, universe.load(tmp_path / f"{seed}-one"))
        other = sessions(larger, larger.load(tmp_path / f"{seed}-other"))
        for _ in range(4):
            request = dataclasses.replace(random_request(rng, universe), channel_priority="strict")
            assert answer(one, request) == answer(other, request), (seed, request.arguments())


def test_a_channel_out_of_reach(corpus: Corpus, real_specs: list[str]) -> None:
    """Under strict priority a second channel only gives names that the first does not have."""
    own = f"conda-forge={corpus.folder('conda-forge')}"
    one, other = (
        resolvent.Session(resolvent.load_index(sources, platform="linux-64"), virtual_packages=LINUX)
        for sources in ([own], [own, f"nvidia={corpus.folder('nvidia')}"])
    )
    common = set(corpus.repodata("nvidia", "linux-64")) & set(corpus.repodata("conda-forge", "linux-64"))
    assert common, "the channels have names in common, so that priority has something to do"
    rng = random.Random(5)
    compared = 0
    for _ in range(40):
        arguments = {**random_arguments(rng, real_specs), "channel_priority": "strict"}
        with_both = real_answer(other, arguments)
        if with_both is not None and all(channel == "conda-forge" for channel, _, _ in with_both):
            assert real_answer(one, arguments) == with_both, arguments
            compared += 1
    assert compared > 20


# -- Hashes


_PROGRAM = """
import json, sys
import resolvent
folder, requests = sys.argv[1], json.loads(sys.argv[2])
index = resolvent.load_index([f"conda-forge={folder}"], platform="linux-64")
for request in requests:
    try:
        solution = resolvent.solve(request, index=index, virtual_packages=["__glibc 2.28", "__linux 5.10", "__unix 0"])
        print([record.fn for record in solution], solution.levels, solution.tradeoffs)
    except resolvent.UnsatisfiableError as error:
        print(error)
"""


def test_hash_seeds(corpus: Corpus, real_specs: list[str]) -> None:
    rng = random.Random(6)
    requests = [rng.sample(real_specs, rng.randint(1, 4)) for _ in range(30)]
    # Without an answer the explanation must be the same, too.
    requests.append(["python 3.8.*", "numpy >=2.2"])
    command = [sys.executable, "-c", _PROGRAM, str(corpus.folder("conda-forge")), json.dumps(requests)]
    outputs = [
        subprocess.run(
            command,
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
            timeout=300,
        ).stdout
        for seed in ("0", "1", "424242")
    ]
    assert len(outputs[0].splitlines()) >= len(requests)
    assert len(set(outputs)) == 1


# -- Earlier solves and threads


def histories(corpus: Corpus, specs: list[str], seed: int, length: int) -> Iterator[tuple[dict[str, Any], Answer]]:
    """Solve a random sequence of requests on one session; yield each with its answer from a session of its own."""
    rng = random.Random(seed)
    index = resolvent.load_index([f"conda-forge={corpus.folder('conda-forge')}"], platform="linux-64")
    warm = resolvent.Session(index, virtual_packages=LINUX)
    for _ in range(length):
        arguments = random_arguments(rng, specs)
        fresh = real_answer(resolvent.Session(index, virtual_packages=LINUX), arguments)
        assert real_answer(warm, arguments) == fresh, arguments
        yield arguments, fresh


def test_earlier_solves(corpus: Corpus, real_specs: list[str]) -> None:
    found = [fresh is not None for _, fresh in histories(corpus, real_specs, 1, 150)]
    assert min(sum(found), len(found) - sum(found)) > 5


@pytest.mark.long
def test_many_earlier_solves(corpus: Corpus, real_specs: list[str]) -> None:
    for seed in range(100, 104):
        assert len(list(histories(corpus, real_specs, seed, 500))) == 500


def test_threads(corpus: Corpus, real_specs: list[str]) -> None:
    rng = random.Random(8)
    index = resolvent.load_index([f"conda-forge={corpus.folder('conda-forge')}"], platform="linux-64")
    requests = [random_arguments(rng, real_specs) for _ in range(40)]
    alone = [real_answer(resolvent.Session(index, virtual_packages=LINUX), arguments) for arguments in requests]
    shared_session = resolvent.Session(index, virtual_packages=LINUX)
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        # Each request several times, so that the same work meets itself.
        together = list(pool.map(lambda arguments: real_answer(shared_session, arguments), requests * 4))
    assert together == alone * 4


def test_channel_names_are_those_of_the_universe(tmp_path: Path) -> None:
    """The helpers themselves: identities are read back from the names of channels."""
    universe = random_universe(random.Random(1))
    assert universe.load(tmp_path).channels == [channel_name(n) for n in range(universe.channels)]
