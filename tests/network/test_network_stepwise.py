"""Shards fetched step by step: the answer is that of the whole channel, whatever the channel, and little is fetched."""

from __future__ import annotations

import gzip
import json
import random
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import pytest
from network_support import (
    SUBDIRS,
    Answer,
    Site,
    entry,
    index_bytes,
    put_index,
    put_real_channel,
    put_shards,
    shard_bytes,
    shard_path,
)

import resolvent
from resolvent import UnsatisfiableError
from resolvent.network import NetworkError
from resolvent.network.lazy_shards import LazyShards

FACTS = ["__glibc 2.28", "__linux 5.10", "__unix 0", "__archspec 1 x86_64"]


pytestmark = pytest.mark.usefixtures("cache")


@pytest.fixture
def remembered(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """One entry for each request that was new: whether a part of the channel was enough."""
    told: list[bool] = []
    remember = LazyShards.remember

    def watched(self: LazyShards, question: str, found: Any) -> None:
        told.append(bool(found))
        remember(self, question, found)

    monkeypatch.setattr(LazyShards, "remember", watched)
    return told


def outcome(specs: Sequence[str], channels: Sequence[str], facts: Sequence[str] = (), **asked: Any) -> Any:
    """What a request gives: addresses and records of the answer, or the whole conflict."""
    try:
        found = resolvent.solve(
            list(specs), channels=list(channels), platform="linux-64", virtual_packages=list(facts), **asked
        )
    except UnsatisfiableError as error:
        return error.conflict.to_dict()
    return [record.to_dict() for record in found.records], found.levels


def asked_for(site: Site) -> set[str]:
    """Names whose shards were asked for, in a channel of records with one version and build each."""
    return {path.rpartition("/")[2] for path in site.paths if "/shards/" in path}


def test_only_what_can_be_chosen_is_fetched(site: Site, remembered: list[bool]) -> None:
    records = [
        entry("app", "2", depends=["lib"]),
        entry("app", "1", depends=["lib", "ancient"]),
        entry("lib", "2", constrains=["limited <2"]),
        entry("lib", "1", depends=["old"]),
        *(entry(name) for name in ("ancient", "old", "limited", "other")),
    ]
    put_shards(site, {"linux-64": records})
    answer, _ = outcome(["app"], [f"{site.url}/ch"])
    assert [(one["name"], one["version"]) for one in answer] == [("lib", "2"), ("app", "2")]
    shards = {name: shard_bytes([r for r in records if r["name"] == name]) for name in ("app", "lib")}
    assert asked_for(site) == {shard_path(data).rpartition("/")[2] for data in shards.values()}
    assert remembered == [True]


def test_the_newest_may_have_no_answer(site: Site, remembered: list[bool]) -> None:
    """The first guess fails deep below, and what an older record needs is fetched after that."""
    records = [
        entry("app", "2", depends=["lib >=2"]),
        entry("app", "1", depends=["lib", "ancient"]),
        entry("lib", "2", depends=["gone"]),
        entry("lib", "1", depends=["old"]),
        *(entry(name) for name in ("ancient", "old", "other")),
    ]
    put_shards(site, {"linux-64": records})
    answer, _ = outcome(["app"], [f"{site.url}/ch"])
    assert {one["name"]: one["version"] for one in answer} == {"app": "1", "lib": "1", "ancient": "1.0", "old": "1.0"}
    assert remembered == [True]
    assert len(asked_for(site)) == 4


def test_the_same_request_again(site: Site, remembered: list[bool]) -> None:
    put_shards(site, {"linux-64": [entry("app", depends=["lib"]), entry("lib")]})
    first = outcome(["app"], [f"{site.url}/ch"])
    site.forget()
    assert outcome(["app"], [f"{site.url}/ch"]) == first
    assert not asked_for(site)
    assert outcome(["app"], [f"{site.url}/ch"], offline=True) == first
    assert remembered == [True]
    with pytest.raises(NetworkError) as caught:  # a question that was not asked: what was fetched may not be enough
        resolvent.load_index(f"{site.url}/ch", platform="linux-64", offline=True)
    assert caught.value.kind == "offline"


def test_a_conflict_is_told_from_all_records(site: Site, remembered: list[bool]) -> None:
    records = [entry("app", "2", depends=["lib >=3"]), entry("app", "1", depends=["lib"]), entry("lib"), entry("lid")]
    put_shards(site, {"linux-64": records})
    with pytest.raises(UnsatisfiableError) as caught:
        resolvent.solve("app 2.*", channels=f"{site.url}/ch", platform="linux-64", virtual_packages=[])
    assert "lib >=3" in str(caught.value)
    assert remembered == [False]


def test_questions_about_other_answers_see_all(site: Site) -> None:
    records = [entry("app", "2", depends=["lib"]), entry("app", "1", depends=["ancient"]), entry("lib")]
    put_shards(site, {"linux-64": [*records, entry("ancient", depends=["older >=2"]), entry("older")]})
    solution = resolvent.solve("app", channels=f"{site.url}/ch", platform="linux-64", virtual_packages=[])
    found = resolvent.why_not(solution, "app 1.*")
    assert not found.possible
    assert "older >=2" in str(found)


def test_an_index_that_is_behind_gives_way(site: Site) -> None:
    """A shard that is gone is no reason to fail: the index is asked for again."""
    put_shards(site, {"linux-64": [entry("app", depends=["lib"]), entry("lib")]})
    outcome(["lib"], [f"{site.url}/ch"])
    shards = {"app": shard_bytes([entry("app", depends=["lib >=2"])]), "lib": shard_bytes([entry("lib", "2.0")])}
    for path in [path for path in site.routes if "/shards/" in path]:
        del site.routes[path]
    stale = site.body("/ch/linux-64/repodata_shards.msgpack.zst")
    put_index(site, shards, "linux-64")
    site.routes["/ch/linux-64/repodata_shards.msgpack.zst"] = [Answer(body=stale), Answer(body=index_bytes(shards))]
    answer, _ = outcome(["app"], [f"{site.url}/ch"])
    assert {one["name"]: one["version"] for one in answer} == {"app": "1.0", "lib": "2.0"}


def put_random(site: Site, folder: Path, case: Mapping[str, Any], number: int, chance: random.Random) -> list[str]:
    """Publish a universe as shards of one or two channels, and write the same as folders; return the names."""
    names = ["one", "two"] if chance.random() < 0.5 else ["one"]
    records: dict[str, list[dict[str, Any]]] = {name: [] for name in names}
    for record in case["repo"]:
        records[chance.choice(names)].append({"depends": [], "constrains": [], **record, "subdir": "linux-64"})
    for name, mine in records.items():
        put_shards(site, {"linux-64": mine}, f"/{number}/{name}")
        packages = {f"{r['name']}-{r['version']}-{r['build']}.conda": r for r in mine}
        place = folder / str(number) / name / "linux-64"
        place.mkdir(parents=True)
        (place / "repodata.json").write_text(json.dumps({"packages": {}, "packages.conda": packages}))
    return names


def compare_random(site: Site, folder: Path, cases: Sequence[Mapping[str, Any]], seed: int) -> int:
    """Compare each case with the same records read from a folder; return how many have an answer."""
    chance = random.Random(seed)
    answered = 0
    for number, case in enumerate(cases):
        names = put_random(site, folder, case, number, chance)
        priority: Literal["strict", "flexible", "disabled"] = chance.choice(["strict", "flexible", "disabled"])
        asked: dict[str, Any] = {"channel_priority": priority}
        if chance.random() < 0.3:
            asked["constraints"] = [f"{chance.choice(case['repo'])['name']} >={chance.randrange(1, 4)}"]
        remote = outcome(case["request"], [f"{name}={site.url}/{number}/{name}" for name in names], **asked)
        local = outcome(case["request"], [f"{name}={folder / str(number) / name}" for name in names], **asked)
        assert remote == local, (number, case["request"], asked)
        answered += isinstance(local, tuple)
    return answered


def test_random_universes(site: Site, shared: Path, tmp_path: Path, remembered: list[bool]) -> None:
    cases = json.loads((shared / "vectors" / "solve_random.json").read_text())["cases"][:60]
    answered = compare_random(site, tmp_path, cases, 1)
    assert 10 < answered < 60
    assert sum(remembered) > answered / 2


@pytest.mark.long
@pytest.mark.parametrize("seed", [2, 3, 4])
def test_all_random_universes(site: Site, shared: Path, tmp_path: Path, seed: int) -> None:
    cases = json.loads((shared / "vectors" / "solve_random.json").read_text())["cases"]
    assert compare_random(site, tmp_path, cases, seed) > 50


def compare_real(site: Site, shared: Path, step: int) -> None:
    folder = shared / "data" / "channels" / "conda-forge"
    put_real_channel(site, folder)
    index = resolvent.load_index(f"conda-forge={folder}", platform="linux-64")
    with gzip.open(shared / "data" / "bench.jsonl.gz", "rt", encoding="utf-8") as lines:
        problems = [json.loads(line) for line in lines]
    mine = [p for p in problems if [c for c in p["channels"] if c != "nodefaults"] == ["conda-forge"]]
    for problem in mine[::step]:
        asked: dict[str, Any] = {
            "constraints": problem.get("constraints") or [],
            "virtual_packages": problem["virtual_packages"],
        }
        remote = resolvent.solve(problem["specs"], channels=f"conda-forge={site.url}/ch", platform="linux-64", **asked)
        local = resolvent.solve(problem["specs"], index=index, **asked)
        assert [one.url for one in remote.records] == [one.url for one in local.records], problem["id"]
        assert remote.levels == local.levels, problem["id"]


def test_real_requests(site: Site, shared: Path) -> None:
    compare_real(site, shared, 12)


@pytest.mark.long
def test_all_real_requests(site: Site, shared: Path) -> None:
    compare_real(site, shared, 1)


def test_python_costs_the_indices_and_its_own_shards(site: Site, shared: Path, remembered: list[bool]) -> None:
    """No client can fetch less: the shard indices, and the shards of the names in the answer."""
    folder = shared / "data" / "channels" / "conda-forge"
    put_real_channel(site, folder)
    answer, _ = outcome(["python"], [f"conda-forge={site.url}/ch"], FACTS)
    assert remembered == [True]
    names = {one["name"] for one in answer}
    shards = [path for path in site.paths if "/shards/" in path]
    assert len(shards) == len(set(shards)) <= len(names) * len(SUBDIRS)
    indices = sum(len(site.body(f"/ch/{subdir}/repodata_shards.msgpack.zst")) for subdir in SUBDIRS)
    whole = sum((folder / subdir / "repodata.json.zst").stat().st_size for subdir in SUBDIRS)
    assert site.sent - indices < 0.03 * whole
