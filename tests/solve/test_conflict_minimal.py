"""Conflicts are minimal: their facts alone have no answer, and without any one of them there is an answer.

Both are asked of universes built from the facts and nothing else: a record keeps only the dependencies and constraints
that a fact speaks of, a record that a fact excludes is gone, and the request is what the facts say it is.
"""

from __future__ import annotations

import gzip
import json
import random
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
import zstandard

import resolvent
from conftest import LINUX, record, write_subdir
from resolvent import Conflict, UnsatisfiableError

Records = Mapping[str, Sequence[Mapping[str, Any]]]
EXCLUDING = {"channel_priority", "policy", "unparsable"}


def conflict_of(specs: Iterable[str], **keywords: Any) -> Conflict | None:
    """Return the conflict of a request, None if it has an answer."""
    try:
        resolvent.solve(list(specs), **keywords)
    except UnsatisfiableError as error:
        return error.conflict
    return None


def write_named(folder: Path, entries: Iterable[Mapping[str, Any]], subdir: str) -> None:
    """Write repodata whose records keep their file names, of both formats."""
    groups: dict[str, dict[str, Any]] = {"packages": {}, "packages.conda": {}}
    for entry in entries:
        group = groups["packages" if entry["fn"].endswith(".tar.bz2") else "packages.conda"]
        group[entry["fn"]] = {key: value for key, value in entry.items() if key != "fn"}
    path = folder / subdir / "repodata.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"info": {"subdir": subdir}, **groups}))


def holds(facts: Sequence[Any], records: Records, folder: Path, virtual: Sequence[str], lifted: Any = None) -> bool:
    """Return whether the universe of these facts, one perhaps lifted, has an answer.

    `records` are those of all channels, by channel name.
    """
    kept = [fact for fact in facts if fact is not lifted]
    void: set[str] = set()
    if lifted is not None and lifted.kind in {"missing_name", "missing_version"}:
        void = {fact.spec for fact in facts if fact.spec == lifted.spec}
    elif lifted is not None and lifted.kind == "virtual_package":
        void = {fact.spec for fact in facts if resolvent.MatchSpec(fact.spec or "none").name == lifted.name}
    asks: dict[str, dict[tuple[str, str, str], list[str]]] = {"dependency": {}, "constrains": {}}
    extras: dict[tuple[str, str, str], dict[str, list[str]]] = {}
    gone = set()
    for fact in kept:
        for member in fact.members():
            key = (member.channel, member.subdir, member.fn)
            if fact.kind in EXCLUDING:
                gone.add(key)
            elif fact.spec not in void and fact.extra:
                extras.setdefault(key, {}).setdefault(fact.extra, []).append(fact.spec)
            elif fact.kind in asks and fact.spec not in void:
                asks[fact.kind].setdefault(key, []).append(fact.spec)
    names = {fact.name for fact in facts} | {
        resolvent.MatchSpec(f.spec).name for f in facts if f.spec and f.kind != "virtual_package"
    }
    channels = []
    for channel, entries in records.items():
        by_subdir: dict[str, list[dict[str, Any]]] = {"linux-64": [], "noarch": []}
        for entry in entries:
            key = (channel, entry["subdir"], entry["fn"])
            if entry["name"] in names and key not in gone:
                plain = {k: v for k, v in entry.items() if k not in {"depends", "constrains"}}
                plain["depends"] = asks["dependency"].get(key, [])
                plain["constrains"] = asks["constrains"].get(key, [])
                if "extra_depends" in entry:
                    plain["extra_depends"] = extras.get(key, {})
                by_subdir[entry["subdir"]].append(plain)
        for subdir, some in by_subdir.items():
            write_named(folder / channel, some, subdir)
        channels.append(f"{channel}={folder / channel}")
    index = resolvent.load_index(channels, platform="linux-64", channel_priority="disabled")

    def of(kind: str) -> list[str]:
        return [fact.spec for fact in kept if fact.kind == kind and fact.spec not in void]

    asked = {"index": index, "virtual_packages": virtual, "constraints": of("constraint"), "pins": of("pin")}
    # What is frozen must be there, as it is.
    frozen = [fact.spec.replace(" ", "==", 1).replace(" ", "=", 1) for fact in kept if fact.kind == "frozen"]
    return conflict_of([*of("request"), *frozen], **asked) is None


def assert_minimal(conflict: Conflict, records: Records, folder: Path, virtual: Sequence[str]) -> None:
    facts = conflict.facts
    assert facts
    assert not holds(facts, records, folder / "all", virtual), str(conflict)
    for number, fact in enumerate(facts):
        assert holds(facts, records, folder / str(number), virtual, fact), f"needless: {fact.text}\n{conflict}"


def universe(rng: random.Random, *, modern: bool) -> tuple[dict[str, list[dict[str, Any]]], list[str]]:
    """Return random records of two channels, full of narrow demands, and a request.

    With `modern` there are conditions and extras.
    """
    names = [f"p{i}" for i in range(rng.randint(3, 8))]

    def spec(name: str) -> str:
        version = rng.choice(["", "1", "2", "3", ">=2", "<2", "!=2", "1|3", "9"])
        if not modern or rng.random() < 0.3:
            return f"{name} {version}".strip()
        brackets = [f"version='{version}'"] if version else []
        if rng.random() < 0.6:
            brackets.append(f"extras=[{rng.choice('xy')}]")
        if rng.random() < 0.4:
            leaf = f"{rng.choice(names)}{rng.choice(['', '>=2', '<2'])}"
            brackets.append(f'when="{rng.choice([leaf, leaf + " or __cuda", leaf + " and __glibc"])}"')
        return f"{name}[{','.join(brackets)}]" if brackets else name

    channels: dict[str, list[dict[str, Any]]] = {"a": [], "b": []}
    for name in names:
        for version in range(1, rng.randint(2, 4)):
            for build in range(rng.randint(1, 2)):
                others = [n for n in names if n != name]
                depends = [spec(n) for n in rng.sample(others, rng.randint(0, 2))]
                if rng.random() < 0.1:
                    depends.append(rng.choice(["__cuda", "__glibc >=2.30", "nowhere"]))
                entry = record(
                    name,
                    str(version),
                    f"h_{build}",
                    depends=depends,
                    constrains=[spec(n) for n in rng.sample(others, rng.randint(0, 1))],
                    timestamp=rng.choice([1_600_000_000_000, 1_700_000_000_000]),
                )
                channel = rng.choice("aaab")
                if modern:
                    groups = {x: [spec(n) for n in rng.sample(others, rng.randint(0, 2))] for x in "xy"}
                    entry["extra_depends"] = groups
                entry["fn"] = f"{name}-{version}-h_{build}.conda"
                channels[channel].append(entry)
    return channels, [spec(n) for n in rng.sample(names, rng.randint(1, 3))]


def check_seed(seed: int, folder: Path, *, modern: bool = False) -> bool:
    rng = random.Random(seed)
    records, specs = universe(rng, modern=modern)
    for channel, entries in records.items():
        write_subdir(folder / "real" / channel, [{k: v for k, v in e.items() if k != "fn"} for e in entries])
    channels = [f"{name}={folder / 'real' / name}" for name in records]
    index = resolvent.load_index(channels, platform="linux-64")
    pins = [f"p{rng.randint(0, 3)} <3"] if rng.random() < 0.3 else []
    cutoff = 1_650_000_000_000 if rng.random() < 0.2 else None
    conflict = conflict_of(specs, index=index, virtual_packages=LINUX, pins=pins, exclude_newer=cutoff)
    if conflict is not None:
        assert_minimal(conflict, records, folder, LINUX)
    return conflict is not None


def test_random_universes(tmp_path: Path) -> None:
    found = sum(check_seed(seed, tmp_path / str(seed)) for seed in range(150))
    assert found > 40


def test_random_universes_with_conditions_and_extras(tmp_path: Path) -> None:
    found = sum(check_seed(seed, tmp_path / str(seed), modern=True) for seed in range(10_000, 10_200))
    assert found > 40


@pytest.mark.long
def test_many_random_universes(tmp_path: Path) -> None:
    found = sum(check_seed(seed, tmp_path / str(seed)) for seed in range(150, 2000))
    assert found > 500


@pytest.fixture(scope="module")
def raw(shared: Path) -> Records:
    """The records of conda-forge as repodata has them."""
    entries = []
    for subdir in ("linux-64", "noarch"):
        path = shared / "data" / "channels" / "conda-forge" / subdir / "repodata.json.zst"
        data = json.loads(zstandard.ZstdDecompressor().stream_reader(path.open("rb")).read())
        for group in ("packages", "packages.conda"):
            entries += [{**entry, "fn": fn, "subdir": subdir} for fn, entry in data.get(group, {}).items()]
    return {"conda-forge": entries}


REAL = {
    "old python": ["python 3.8.*", "pandas >=2.2"],
    "openssl": ["openssl 1.1.*", "curl >=8.5"],
    "cuda": ["pytorch 2.6.* *cuda*"],
    "two wheels": ["numpy >=2", "pandas 2.1.*"],
    "typo far away": ["scipy", "nunpy"],
    "deep": ["gdal 3.6.*", "python 3.13.*"],
}


@pytest.mark.parametrize("name", REAL)
def test_real_index(name: str, raw: Records, conda_forge: resolvent.Index, tmp_path: Path) -> None:
    conflict = conflict_of(REAL[name], index=conda_forge, virtual_packages=LINUX)
    assert conflict is not None
    assert_minimal(conflict, raw, tmp_path, LINUX)


def test_real_requests_without_an_answer(
    raw: Records, conda_forge: resolvent.Index, shared: Path, tmp_path: Path
) -> None:
    with gzip.open(shared / "data" / "unsat.jsonl.gz", "rt") as lines:
        problems = [json.loads(line) for line in lines]
    for number, problem in enumerate(problems):
        asked = {"virtual_packages": problem["virtual_packages"], "constraints": problem.get("constraints", [])}
        conflict = conflict_of(problem["specs"], index=conda_forge, **asked)
        assert conflict is not None
        assert_minimal(conflict, raw, tmp_path / str(number), problem["virtual_packages"])
