"""Extras (CEP 44) and flags (CEP 45): what py-rattler answers, requests with conditions, conflicts, and the check."""

from __future__ import annotations

import contextlib
import json
import random
from pathlib import Path
from typing import Any

import pytest
from universes import modern_request, modern_universe

import resolvent
from conftest import ChannelMaker, record


@pytest.fixture
def index(make_channel: ChannelMaker) -> resolvent.Index:
    groups = {"x": ["tomli"], "y": ["python 3.8.*"], "z": ['tomli[when="python >=3.12"]'], "bad": ["no spec["]}
    folder = make_channel(
        [
            record("python", "3.8"),
            record("python", "3.12"),
            record("tomli"),
            record("win"),
            record("e", "1", depends=["win"], extra_depends=groups),
            record("e", "2", depends=["win"]),
            record("selfx", depends=["e[extras=[x]]"]),
            record("maybe", depends=['e[version="==1",extras=[x],when="python >=3.12"]']),
            record("chain", extra_depends={"a": ["chain[extras=[b]]"], "b": ["e[version='==1',extras=[x]]"]}),
            record("f", "2"),
            record("f", "1", "cuda_0", flags=["cuda", "blas:mkl"]),
            record("f", "1", "cpu_0", flags=["blas:openblas"]),
        ]
    )
    return resolvent.load_index([folder], platform="linux-64")


def names(solution: resolvent.Solution) -> set[str]:
    return {f"{entry.name} {entry.version}" for entry in solution}


def found(solution: resolvent.Solution, name: str) -> resolvent.PackageRecord:
    return next(entry for entry in solution if entry.name == name)


@pytest.mark.parametrize(
    ("specs", "expected"),
    [
        (["e[extras=[x]]"], {"e 2", "win 1.0"}),
        (["e[version='==1',extras=[x]]"], {"e 1", "win 1.0", "tomli 1.0"}),
        (["e[version='==1',extras=[nope]]"], {"e 1", "win 1.0"}),
        (["e[version='==1',extras=[z]]"], {"e 1", "win 1.0"}),
        (["e[version='==1',extras=[z]]", "python"], {"e 1", "win 1.0", "python 3.12", "tomli 1.0"}),
        (["e[version='==1',extras=[y]]", "python"], {"e 1", "win 1.0", "python 3.8"}),
        (["e[version='==1',extras=[x,y]]"], {"e 1", "win 1.0", "python 3.8", "tomli 1.0"}),
        (["selfx", "e ==1"], {"e 1", "selfx 1.0", "tomli 1.0", "win 1.0"}),
        (["selfx"], {"e 2", "selfx 1.0", "win 1.0"}),
        (["maybe"], {"maybe 1.0"}),
        (["maybe", "python"], {"maybe 1.0", "python 3.12", "e 1", "win 1.0", "tomli 1.0"}),
        (["maybe", "python 3.8.*", "e ==1"], {"maybe 1.0", "python 3.8", "e 1", "win 1.0"}),
        (["chain"], {"chain 1.0"}),
        (["chain[extras=[a]]"], {"chain 1.0", "e 1", "win 1.0", "tomli 1.0"}),
        # An unreadable spec spoils only its own group.
        (["e ==1", "tomli"], {"e 1", "win 1.0", "tomli 1.0"}),
        (["f"], {"f 2"}),
        (["f[flags=[cuda]]"], {"f 1"}),
        (["f[flags=['blas:*']]"], {"f 1"}),
        (['tomli[when="python >=3.9"]', "python"], {"tomli 1.0", "python 3.12"}),
        (['tomli[when="python >=3.9"]'], set()),
        (['tomli[when="python >=3.9"]', "python 3.8.*"], {"python 3.8"}),
        (['e[version="==1",extras=[x],when="python >=3.9"]', "python"], {"e 1", "win 1.0", "tomli 1.0", "python 3.12"}),
        (['tomli[when="__win"]', "f"], {"f 2"}),
        (['tomli[when="__glibc"]', "f"], {"f 2", "tomli 1.0"}),
        # What cannot be had must not be asked for.
        (['gone[when="python >=3.9"]', "python"], {"python 3.8"}),
        (['__cuda[when="python >=3.9"]', "python"], {"python 3.8"}),
    ],
)
def test_the_answers(index: resolvent.Index, specs: list[str], expected: set[str]) -> None:
    facts = ["__glibc 2.28"]
    solution = resolvent.solve(specs, index=index, virtual_packages=facts)
    assert names(solution) == expected
    assert solution.optimality == "proved"
    assert resolvent.check(solution.records, specs, index=index, virtual_packages=facts) == []


@pytest.mark.parametrize(
    ("limits", "expected"),
    [
        (['python[version="<3.9",when="tomli"]'], {"python 3.12", "f 2"}),
        (['f[version="<2",when="python >=3.12"]'], {"python 3.12", "f 1"}),
        (['f[version="<2",when="python <3.12"]'], {"python 3.12", "f 2"}),
        (['f[version="<2",extras=[x]]'], {"python 3.12", "f 1"}),
    ],
)
@pytest.mark.parametrize("kind", ["constraints", "pins"])
def test_a_limit_holds_where_its_condition_does(
    index: resolvent.Index, kind: str, limits: list[str], expected: set[str]
) -> None:
    more: dict[str, Any] = {kind: limits}
    solution = resolvent.solve(["python", "f"], index=index, virtual_packages=[], **more)
    assert names(solution) == expected


def test_constrains_hold_where_their_condition_does(make_channel: ChannelMaker) -> None:
    folder = make_channel(
        [
            record("a", constrains=['b[version="<2",when="c"]']),
            record("b", "1"),
            record("b", "2"),
            record("c"),
        ]
    )
    index = resolvent.load_index([folder], platform="linux-64")
    assert names(resolvent.solve(["a", "b"], index=index, virtual_packages=[])) == {"a 1.0", "b 2"}
    with_c = resolvent.solve(["a", "b", "c"], index=index, virtual_packages=[])
    assert names(with_c) == {"a 1.0", "b 1", "c 1.0"}
    newest = resolvent.solve(["b", "c"], index=index, virtual_packages=[]).records
    broken = resolvent.check([*newest, found(with_c, "a")], ["a", "b", "c"], index=index, virtual_packages=[])
    assert any("constrains" in text for text in broken)


def test_the_check_sees_a_group_that_does_not_hold(index: resolvent.Index) -> None:
    specs = ["e[version='==1',extras=[x]]"]
    whole = resolvent.solve(specs, index=index, virtual_packages=[])
    without = [entry for entry in whole if entry.name != "tomli"]
    assert any("tomli" in text for text in resolvent.check(without, specs, index=index, virtual_packages=[]))
    # And a package that only a group needs which nobody asks for.
    assert any("tomli" in text for text in resolvent.check(whole.records, ["e ==1"], index=index, virtual_packages=[]))


def test_conflicts_name_the_extra(index: resolvent.Index) -> None:
    for specs in (
        ["e[version='==1',extras=[y]]", "python >=3.12"],
        ["selfx", "e[version='==1',extras=[y]]", "python >=3.12"],
    ):
        with pytest.raises(resolvent.UnsatisfiableError) as caught:
            resolvent.solve(specs, index=index, virtual_packages=[])
        conflict = caught.value.conflict
        texts = [fact.text for fact in conflict.facts]
        assert "e[y] 1 requires python 3.8.*" in texts
        assert any(fact.extra == "y" for fact in conflict.facts)
        assert len(texts) == 3
        assert "e[y] 1 requires python 3.8.*" in str(conflict)
        assert conflict.fixes()


def test_an_unreadable_group_rules_its_record_out(index: resolvent.Index) -> None:
    assert names(resolvent.solve(["e[extras=[bad]]"], index=index, virtual_packages=[])) == {"e 2", "win 1.0"}
    with pytest.raises(resolvent.UnsatisfiableError):
        resolvent.solve(["e[version='==1',extras=[bad]]"], index=index, virtual_packages=[])


def test_why_follows_an_extra(index: resolvent.Index) -> None:
    solution = resolvent.solve(["selfx", "e ==1"], index=index, virtual_packages=[])
    chains = [[tuple(step) for step in chain] for chain in resolvent.why(solution, "tomli")]
    assert [("e", "e ==1"), ("tomli", "tomli")] in chains


def test_the_answer_tells_which_extras_are_asked_for(index: resolvent.Index) -> None:
    def extras(specs: list[str]) -> dict[str, list[str]]:
        return resolvent.solve(specs, index=index, virtual_packages=[]).extras

    assert extras(["e[version='==1',extras=[x,nope]]"]) == {"e": ["x"]}
    assert extras(["chain[extras=[a]]"]) == {"chain": ["a", "b"], "e": ["x"]}
    assert extras(["maybe", "python 3.8.*", "e ==1"]) == extras(["selfx"]) == {}


def test_a_problem_file_keeps_extras(index: resolvent.Index, tmp_path: Path) -> None:
    for number, specs in enumerate((["e[version='==1',extras=[x]]"], ["maybe", "python"], ["selfx", "e ==1"])):
        path = tmp_path / f"{number}.json"
        resolvent.save_problem(path, specs, index=index, virtual_packages=[])
        again = resolvent.replay(path)
        assert isinstance(again, resolvent.Solution)
        assert names(again) == names(resolvent.solve(specs, index=index, virtual_packages=[]))


def test_link_order_follows_an_extra(index: resolvent.Index) -> None:
    solution = resolvent.solve(["e[version='==1',extras=[x]]"], index=index, virtual_packages=[])
    order = [entry.name for entry in solution]
    assert order.index("tomli") < order.index("e")


def test_a_session_forgets_extras_of_earlier_requests(index: resolvent.Index) -> None:
    session = resolvent.Session(index, virtual_packages=[])
    requests = [
        ["e ==1"],
        ["e[version='==1',extras=[x]]"],
        ["e ==1"],
        ["selfx"],
        ["e[version='==1',extras=[y]]"],
        ["e ==1"],
    ]
    for specs in [*requests, *reversed(requests)]:
        warm = session.solve(specs)
        assert names(warm) == names(resolvent.solve(specs, index=index, virtual_packages=[]))


def test_records_of_the_revision_are_found(tmp_path: Path) -> None:
    entry = record("e", extra_depends={"x": ["tomli"]}, flags=["cuda"])
    repodata = {
        "info": {"subdir": "linux-64"},
        "repodata_version": 1,
        "packages.conda": {"tomli-1.0-0.conda": record("tomli"), "e-1.0-0.conda": record("e")},
        "v3": {"conda": {"e-1.0-0": entry}, "whl": {"e-2.0-0": {"name": "e"}}},
    }
    (tmp_path / "linux-64").mkdir()
    (tmp_path / "linux-64" / "repodata.json").write_text(json.dumps(repodata))
    for _ in range(2):
        index = resolvent.load_index([tmp_path], platform="linux-64")
        solution = resolvent.solve(["e[extras=[x],flags=[cuda]]"], index=index, virtual_packages=[])
        assert names(solution) == {"e 1.0", "tomli 1.0"}
        assert found(solution, "e").extra_depends == {"x": ["tomli"]}
        assert found(solution, "e").fn == "e-1.0-0.conda"


@pytest.fixture
def growing(make_channel: ChannelMaker) -> resolvent.Index:
    groups = {"x": ["tomli"]}
    folder = make_channel(
        [
            record("e", "1", extra_depends=groups),
            record("e", "2", extra_depends={"x": ["tomli", "more"]}),
            record("tomli"),
            record("more"),
            record("other", constrains=["tomli >=2"]),
            record("user", depends=["e[extras=[x]]"]),
        ]
    )
    return resolvent.load_index([folder], platform="linux-64")


def change(index: resolvent.Index, specs: list[str], before: list[str], **more: Any) -> resolvent.Solution:
    """Solve `before`, then change that environment."""
    installed = resolvent.solve(before, index=index, virtual_packages=[]).records
    return resolvent.solve(specs, index=index, installed=installed, history=before, virtual_packages=[], **more)


@pytest.mark.parametrize(
    ("specs", "before", "more", "expected"),
    [
        # Extras of earlier requests live on in the history.
        (["more"], ["e[version='==1',extras=[x]]"], {}, {"e 1", "tomli 1.0", "more 1.0"}),
        (["e"], ["e[version='==1',extras=[x]]"], {"mode": "update"}, {"e 2"}),
        (["e[extras=[x]]"], ["e ==1"], {"mode": "install"}, {"e 1", "tomli 1.0"}),
        ([], ["e[version='==1',extras=[x]]"], {"mode": "update-all"}, {"e 2", "tomli 1.0", "more 1.0"}),
        # They are given up rather than a root, and rather than the new request.
        (["other"], ["e[version='==1',extras=[x]]"], {}, {"e 1", "other 1.0"}),
        (["tomli"], ["e[version='==1',extras=[x]]"], {"mode": "remove"}, {"e 1"}),
        (["tomli"], ["user", "more"], {"mode": "remove"}, {"more 1.0"}),
        (["user"], ["user", "more"], {"mode": "remove"}, {"more 1.0"}),
        (["e"], ["e[version='==1',extras=[x]]", "more"], {"mode": "remove"}, {"more 1.0"}),
        (["more"], ["e[version='==1',extras=[x]]", "more"], {"mode": "remove"}, {"e 1", "tomli 1.0"}),
        (["user"], ["more"], {"deps": "only"}, {"e 2", "tomli 1.0", "more 1.0"}),
        (["e[version='==1',extras=[x]]"], ["e ==1"], {"satisfied_skip": True}, {"e 1", "tomli 1.0"}),
    ],
)
def test_changes_of_an_environment(
    growing: resolvent.Index, specs: list[str], before: list[str], more: dict[str, Any], expected: set[str]
) -> None:
    solution = change(growing, specs, before, **more)
    assert names(solution) == expected
    assert solution.optimality == "proved"


def test_a_package_that_no_extra_asks_for_any_more_is_not_kept(make_channel: ChannelMaker, tmp_path: Path) -> None:
    """What led to it is chosen still, without the extra: no reason, for the solver as for certificates."""
    records = [
        record("app", "1", depends=["e[extras=[x]]"]),
        record("app", "2", depends=["e"]),
        record("e", extra_depends={"x": ["chain[extras=[y]]"]}),
        record("chain", extra_depends={"y": ["tomli"]}),
        record("tomli"),
    ]
    index = resolvent.load_index([make_channel(records)], platform="linux-64")
    before = resolvent.solve(["app 1"], index=index, virtual_packages=[]).records
    more: dict[str, Any] = {"installed": before, "history": ["app"], "mode": "update", "virtual_packages": []}
    solution = resolvent.solve(["app"], index=index, **more)
    assert names(solution) == {"app 2", "e 1.0"}
    assert {entry.name for entry in solution.transaction.unlink} == {"app", "chain", "tomli"}
    path = tmp_path / "proof.json"
    resolvent.write_proof(path, ["app"], index=index, **more)
    whole = json.loads(path.read_text())
    assert whole["certificate"]["loops"][-1] == ["chain[y]", "e[x]", "tomli"]
    assert resolvent.check_proof(path).claim == "best"
    # A loop that leaves out what leads into it says nothing against the packages.
    whole["certificate"]["loops"] = [["chain"], ["tomli"], ["chain", "tomli"]]
    path.write_text(json.dumps(whole))
    with pytest.raises(resolvent.ResolventError, match="level 5: changes"):
        resolvent.check_proof(path)


def test_nothing_to_do_is_nothing(growing: resolvent.Index) -> None:
    for before in (["user"], ["e[version='==1',extras=[x]]", "more"]):
        transaction = change(growing, before, before).transaction
        assert (transaction.link, transaction.unlink) == ([], [])


def test_unlink_order_follows_an_extra(growing: resolvent.Index) -> None:
    transaction = change(growing, ["user"], ["user", "more"], mode="remove").transaction
    order = [entry.name for entry in transaction.unlink]
    assert order == ["user", "e", "tomli"]


def test_a_condition_is_not_broken_for_a_newer_version(make_channel: ChannelMaker) -> None:
    folder = make_channel(
        [
            *(record("python", f"3.{minor}") for minor in range(8, 12)),
            *(record("numpy", version) for version in ("1.25", "1.26", "2.0", "2.1", "2.2")),
            record("old", depends=["numpy"]),
        ]
    )
    index = resolvent.load_index([folder], platform="linux-64")
    old, new = 'numpy[version="<2",when="python >=3.9"]', 'numpy[version=">=2",when="python <3.9"]'

    def solve(*specs: str) -> set[str]:
        return names(resolvent.solve(list(specs), index=index, virtual_packages=[]))

    assert solve("python", old) == {"python 3.11", "numpy 1.26"}
    assert solve("python", old, new) == {"python 3.11", "numpy 1.26"}
    assert solve("python 3.8.*", old, new) == {"python 3.8", "numpy 2.2"}
    # Where it does not apply, the newest is the best as ever.
    assert solve("python 3.8.*", old, "old") == {"python 3.8", "numpy 2.2", "old 1.0"}
    # A name that nothing leads to decides a condition no otherwise than one that no channel has.
    assert solve("old", 'numpy[version="<2",when="nowhere"]') == solve("old", 'numpy[version="<2",when="python"]')


@pytest.mark.parametrize(
    "seeds", [range(200_060, 200_080), pytest.param(range(201_000, 202_000), marks=pytest.mark.long)]
)
def test_proofs_hold(tmp_path: Path, seeds: range) -> None:
    """Answers of random requests, proved and checked against an encoding of the raw records by other code."""
    for seed in seeds:
        rng = random.Random(seed)
        universe = modern_universe(rng)
        index = universe.load(tmp_path / str(seed))
        for number in range(2):
            arguments = modern_request(rng, universe).arguments()
            path = tmp_path / f"{seed}-{number}.json"
            facts = universe.virtual_packages
            with contextlib.suppress(resolvent.UnsatisfiableError):
                resolvent.write_proof(path, arguments.pop("specs"), index=index, virtual_packages=facts, **arguments)
            assert resolvent.check_proof(path).claim in {"best", "unsatisfiable"}
