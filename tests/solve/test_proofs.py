"""Proofs: written for every answer of the suites, accepted as they are, refused when anything in them is wrong."""

from __future__ import annotations

import copy
import json
import random
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from conformance.cases import wheel_folder
from environment_scenarios import scenario
from environment_support import write_prefix
from solve_support import Corpus
from universes import Universe, deep_universe, modern_request, modern_universe, random_request, random_universe

import resolvent
from conftest import LINUX, ChannelMaker, Cli, record, write_subdir
from resolvent import DeadlineExceeded, PackageRecord, Proved, ResolventError, Solution
from resolvent._core import InternalError
from resolvent.problems.proof import write_proof_of

Document = dict[str, Any]


def labels(records: Iterable[PackageRecord]) -> list[str]:
    return [f"{r.name} {r.version} {r.build}" for r in sorted(records, key=lambda r: r.name)]


def proved(path: Path, specs: Any, *, closed: bool = True, **arguments: Any) -> tuple[Solution | None, Proved]:
    """Write a proof and check it, also against the channels; it must be of the answer that `solve` gives."""
    solution = resolvent.write_proof(path, specs, **arguments)
    shown = resolvent.check_proof(path, index=arguments["index"] if closed else None)
    if solution is None:
        assert shown.claim == "unsatisfiable"
        assert shown.answer == []
    else:
        assert shown.claim == ("removed" if arguments.get("mode") == "remove" else "best")
        assert shown.answer == labels(solution.records)
        if shown.claim == "best":
            assert_same_levels(solution, shown)
    return solution, shown


def assert_same_levels(solution: Solution, shown: Proved) -> None:
    """What the solver reports and what the checker found by its own ranks are the same."""
    steps = dict(shown.levels)
    reported = {level["level"]: level["value"] for level in solution.levels}
    for number, step in [
        (2, "level 2: version ranks of the requested"),
        (3, "level 3: requested with track_features"),
        (4, "level 4: build ranks of the requested"),
        (5, "level 5: changes"),
        (7, "level 7: packages"),
    ]:
        assert reported.get(number, 0) == steps.get(step, 0)
    for number, (_, versions, features, builds) in enumerate(reported[6], start=1):
        layer = f"level 6, layer {number}"
        assert steps[f"{layer}: version ranks"] == versions
        assert steps[f"{layer}: track_features"] == features
        assert steps[f"{layer}: build ranks"] == builds


class TestSuites:
    def test_vectors(self, shared: Path, tmp_path: Path) -> None:
        cases: list[dict[str, Any]] = json.loads((shared / "vectors" / "solve_random.json").read_text())["cases"]
        claims: Counter[str] = Counter()
        for number, case in enumerate(cases):
            folder = tmp_path / str(number)
            write_subdir(folder, [{"depends": [], "subdir": "linux-64", **entry} for entry in case["repo"]])
            index = resolvent.load_index([folder], platform="linux-64")
            _, shown = proved(tmp_path / "proof", case["request"], index=index, virtual_packages=[])
            claims[shown.claim] += 1
        assert claims == {"best": 149, "unsatisfiable": 91}

    @pytest.mark.parametrize("block", [0, *(pytest.param(n, marks=pytest.mark.long) for n in range(1, 8))])
    def test_random_universes(self, tmp_path: Path, block: int) -> None:
        """Fresh environments, and changes of those that earlier answers made, with all that policy can say."""
        claims: Counter[str] = Counter()
        for seed in range(100 * block, 100 * block + 100):
            rng = random.Random(seed)
            universe = (deep_universe if seed % 4 == 0 else random_universe)(rng)
            index = universe.load(tmp_path / str(seed))
            installed: list[PackageRecord] | None = None
            for _ in range(6):
                arguments = random_request(rng, universe).arguments()
                specs = arguments.pop("specs")
                if installed is not None:
                    arguments |= change(rng, universe, installed)
                    specs = [] if arguments["mode"] == "update-all" else specs
                solution, shown = proved(
                    tmp_path / "proof",
                    specs,
                    closed=installed is None,
                    index=index,
                    virtual_packages=universe.virtual_packages,
                    **arguments,
                )
                claims[shown.claim] += 1
                if solution is not None and rng.random() < 0.8:
                    installed = list(solution.records)
        assert min(claims.values()) > 150

    @pytest.mark.parametrize("block", [0, *(pytest.param(n, marks=pytest.mark.long) for n in range(1, 6))])
    def test_removals(self, tmp_path: Path, block: int) -> None:
        """Removals from environments that answers made, with extras among what was asked for."""
        removed = Counter[int]()
        for seed in range(100 * block, 100 * block + 100):
            rng = random.Random(f"remove/{seed}")
            universe = modern_universe(rng) if seed % 2 else random_universe(rng, names=8, depth=2)
            index = universe.load(tmp_path / str(seed))
            facts = universe.virtual_packages
            installed: list[PackageRecord] = []
            for _ in range(12):
                request = (modern_request if seed % 2 else random_request)(rng, universe).arguments()
                with suppress(ResolventError):
                    installed = list(resolvent.solve(**request, index=index, virtual_packages=facts).records)
                if len(installed) > 2:
                    break
            if not installed:
                continue
            gone = rng.sample([r.name for r in installed], min(len(installed), rng.randint(1, 2)))
            solution, _ = proved(
                tmp_path / "proof",
                gone,
                closed=False,
                index=index,
                virtual_packages=facts,
                installed=installed,
                history=rng.choice([[], request["specs"]]),
                mode="remove",
                prune=rng.random() < 0.3,
                force_remove=rng.random() < 0.2,
                deps=rng.choice(["all", "only"]),
            )
            assert solution is not None
            removed[len(installed) - len(solution.records) - len(gone)] += 1
        assert sum(removed.values()) > 40
        assert len(removed) > 2

    def test_requests_without_an_answer(self, shared: Path, tmp_path: Path) -> None:
        corpus = Corpus(shared)
        for problem in corpus.problems("unsat"):
            _, shown = proved(
                tmp_path / "proof",
                problem.specs,
                index=corpus.index(problem),
                virtual_packages=problem.virtual_packages,
            )
            assert shown.claim == "unsatisfiable"

    @pytest.mark.parametrize(
        ("start", "step"), [(5, 40), *(pytest.param(n, 20, marks=pytest.mark.long) for n in range(20))]
    )
    def test_real_requests(self, shared: Path, tmp_path: Path, start: int, step: int) -> None:
        corpus = Corpus(shared)
        for problem in corpus.problems("bench")[start::step]:
            solution, _ = proved(
                tmp_path / "proof",
                problem.specs,
                index=corpus.index(problem),
                virtual_packages=problem.virtual_packages,
                channel_priority=problem.channel_priority,
                timeout=None,
            )
            assert solution is not None

    @pytest.mark.parametrize("number", [0, *(pytest.param(n, marks=pytest.mark.long) for n in range(1, 8))])
    def test_real_environments(self, shared: Path, conda_forge: resolvent.Index, tmp_path: Path, number: int) -> None:
        env = scenario(shared, number)
        calls: list[tuple[list[str], dict[str, Any]]] = [
            ([env.wish], {}),
            ([env.old], {"mode": "update"}),
            ([], {"mode": "update-all"}),
            ([env.wish], {"freeze_installed": True}),
        ]
        for specs, more in calls:
            proved(tmp_path / "proof", specs, index=conda_forge, timeout=None, **env.arguments, **more)

    @pytest.mark.skipif(wheel_folder() is None, reason="the wheel pytest-conda-solvers is not here")
    def test_conformance(self, tmp_path: Path) -> None:
        pytest.importorskip("yaml", reason="the cases are YAML files: install PyYAML")
        from conformance.call import CASES, Call

        claims: Counter[str] = Counter()
        for case in CASES.values():
            call = Call(case, tmp_path / case.id)
            arguments = dict(call.arguments)
            try:
                _, shown = proved(
                    tmp_path / "proof", arguments.pop("specs"), index=call.index, closed=False, **arguments
                )
                claims[shown.claim] += 1
            except ResolventError as error:
                assert "has no certificate" in str(error), case.id
                claims["none"] += 1
        assert claims["none"] == 9
        assert claims["best"] + claims["unsatisfiable"] == 64


def change(rng: random.Random, universe: Universe, installed: list[PackageRecord]) -> dict[str, Any]:
    """Return a random change of an environment."""
    names = sorted({r.name for r in universe.records})
    prune = rng.random() < 0.3
    return {
        "installed": installed,
        "mode": rng.choice(["install", "update", "update-all"]),
        "prune": prune,
        "freeze_installed": not prune and rng.random() < 0.2,
        "aggressive_updates": rng.sample(names, rng.randint(0, 1)),
        "history": rng.sample(names, rng.randint(0, len(names) // 2)),
    }


LIBRARY = [
    record("app", "1.0", depends=["lib"]),
    record("app", "2.0", depends=["lib <3", "tool"]),
    record("lib", "1.0"),
    record("lib", "2.0", "a_0", depends=["base"]),
    record("lib", "2.0", "b_1", depends=["base"]),
    record("lib", "3.0", constrains=["base <2"]),
    record("tool", "1.0", depends=["base >=1.5", "__glibc >=2.17"]),
    record("tool", "1.1", depends=["lib >=3"]),
    record("base", "1.0"),
    record("base", "2.0"),
]


@pytest.fixture
def library(make_channel: ChannelMaker) -> resolvent.Index:
    return resolvent.load_index([make_channel(LIBRARY)], platform="linux-64")


def document(path: Path, specs: Any, index: resolvent.Index, **more: Any) -> Document:
    """Write a proof and return what the file holds."""
    proved(path, specs, index=index, virtual_packages=LINUX, **more)
    found: Document = json.loads(path.read_text())
    return found


def refusal(path: Path, changed: Mapping[str, Any], index: resolvent.Index | None = None) -> str:
    """Return why a changed file is refused."""
    path.write_text(json.dumps(changed))
    with pytest.raises(ResolventError, match="the proof is refused") as caught:
        resolvent.check_proof(path, index=index)
    return str(caught.value)


class TestRefused:
    """Each change makes the file say something that is not so."""

    def test_another_answer(self, library: resolvent.Index, tmp_path: Path) -> None:
        whole = document(tmp_path / "p", ["app"], library)
        assert [key.rpartition("/")[2] for key in whole["certificate"]["answer"]] == [
            "app-2.0-0.conda",
            "base-2.0-0.conda",
            "lib-2.0-b_1.conda",
            "tool-1.0-0.conda",
        ]
        reasons = set()
        for old, new in [("lib-2.0-b_1", "lib-2.0-a_0"), ("app-2.0-0", "app-1.0-0"), ("base-2.0-0", "base-1.0-0")]:
            changed = copy.deepcopy(whole)
            changed["certificate"]["answer"] = [k.replace(old, new) for k in changed["certificate"]["answer"]]
            reasons.add(refusal(tmp_path / "q", changed))
        assert all("level" in reason or "rule" in reason for reason in reasons)
        assert any("depends on 'base >=1.5', which is not satisfied" in reason for reason in reasons)

    def test_an_answer_that_is_not_the_best(self, library: resolvent.Index, tmp_path: Path) -> None:
        """The right proof of a narrower request is no proof for the wider one, and none can be written."""
        whole = document(tmp_path / "p", ["app"], library)
        worse = document(tmp_path / "q", ["app"], library, constraints=["lib <2"])
        grafted = {**whole, "certificate": {**worse["certificate"], "problem": whole["certificate"]["problem"]}}
        assert "level 6, layer 1: version ranks, lib" in refusal(tmp_path / "q", grafted)
        answer = resolvent.solve(["app"], index=library, virtual_packages=LINUX, constraints=["lib <2"])
        with pytest.raises(InternalError, match="another answer is better"):
            write_proof_of(tmp_path / "r", answer, ["app"], index=library, virtual_packages=LINUX)
        with pytest.raises(InternalError, match="the request has an answer"):
            write_proof_of(tmp_path / "r", None, ["app"], index=library, virtual_packages=LINUX)
        assert not (tmp_path / "r").exists()

    def test_a_deleted_record(self, library: resolvent.Index, tmp_path: Path) -> None:
        whole = document(tmp_path / "p", ["app"], library)
        for number in range(len(whole["records"])):
            changed = copy.deepcopy(whole)
            del changed["records"][number]
            assert "another problem" in refusal(tmp_path / "q", changed)

    def test_a_record_that_the_writer_did_not_see(self, make_channel: ChannelMaker, tmp_path: Path) -> None:
        """A closure that misses a record gives a right proof of another problem; the channels tell."""
        fewer = [entry for entry in LIBRARY if (entry["name"], entry["version"]) != ("app", "2.0")]
        index = resolvent.load_index([make_channel(fewer)], platform="linux-64")
        whole = document(tmp_path / "p", ["app"], index)
        complete = resolvent.load_index([make_channel(LIBRARY)], platform="linux-64")
        assert "the file lacks app 2.0" in refusal(tmp_path / "q", whole, complete)

    def test_a_record_that_the_channel_has_otherwise(
        self, library: resolvent.Index, make_channel: ChannelMaker, tmp_path: Path
    ) -> None:
        whole = document(tmp_path / "p", ["app"], library)
        patched = [{**entry, "depends": [*entry["depends"], "tool"]} for entry in LIBRARY]
        index = resolvent.load_index([make_channel(patched)], platform="linux-64")
        assert "the channels do not have app 2.0 0 as the file does" in refusal(tmp_path / "q", whole, index)

    def test_a_package_that_nothing_needs_saves_no_change(self, make_channel: ChannelMaker, tmp_path: Path) -> None:
        """The clauses alone would let it stay; a loop in the certificate says that nothing leads to it."""
        records = [
            record("app", "1.0", "a_0", depends=["helper"]),
            record("app", "2.0", "a_0"),
            record("app", "2.0", "b_0", depends=["helper"]),
            record("helper", "1.0", depends=["app"]),
        ]
        index = resolvent.load_index([make_channel(records)], platform="linux-64")
        installed = resolvent.solve(["app 1.0"], index=index, virtual_packages=LINUX).records
        change = {"installed": installed, "history": ["app"], "mode": "update"}
        whole = document(tmp_path / "p", ["app"], index, **change)
        certificate = whole["certificate"]
        assert [key.rpartition("/")[2] for key in certificate["answer"]] == ["app-2.0-b_0.conda", "helper-1.0-0.conda"]
        assert certificate["loops"] == [["helper"]]
        certificate["loops"] = []
        assert "level 5: changes" in refusal(tmp_path / "q", whole)
        certificate["loops"] = [["app", "helper"]]
        assert "a loop of the certificate has the root app" in refusal(tmp_path / "q", whole)

    def test_a_removal(self, library: resolvent.Index, tmp_path: Path) -> None:
        """What else leaves, what stays, and any other claim."""
        installed = resolvent.solve(["app", "tool"], index=library, virtual_packages=LINUX).records
        change: dict[str, Any] = {"installed": installed, "mode": "remove"}
        whole = document(tmp_path / "p", ["app"], library, **change, history=["app", "tool"])
        assert [key.rpartition("/")[2] for key in whole["certificate"]["answer"]] == [
            "base-2.0-0.conda",
            "tool-1.0-0.conda",
        ]
        forced = document(tmp_path / "q", ["app"], library, **change, history=["app", "tool"], force_remove=True)
        kept = forced["certificate"]["answer"]
        assert len(kept) == len(installed) - 1
        answers: list[list[str]] = [[], kept]
        for wrong in answers:
            changed = {**whole, "certificate": {**whole["certificate"], "answer": wrong}}
            assert "the answer is not what the removal leaves behind" in refusal(tmp_path / "q", changed)
        for claim in ({"claim": "unsatisfiable"}, {"claim": "best", "loops": []}):
            changed = {**whole, "certificate": {**whole["certificate"], **claim}}
            assert "of a removal only what is left can be claimed" in refusal(tmp_path / "q", changed)
        fresh = document(tmp_path / "p", ["app"], library)
        fresh["certificate"] |= {"claim": "removed", "answer": []}
        assert "the request removes nothing" in refusal(tmp_path / "q", fresh)

    def test_a_superfluous_package(self, library: resolvent.Index, tmp_path: Path) -> None:
        whole = document(tmp_path / "p", ["lib"], library)
        base = next(e for e in whole["records"] if e["name"] == "base")
        whole["certificate"]["answer"].append(f"{base['channel']}/{base['subdir']}/{base['fn']}")
        assert "the answer has records that nothing needs" in refusal(tmp_path / "q", whole)

    def test_corrupted_proofs(self, conda_forge: resolvent.Index, tmp_path: Path) -> None:
        """Proofs are left out, cut short, or made to say something else; what then still is accepted still follows."""
        specs = ["openssl 1.1.*", "curl >=8.5"]
        whole = document(tmp_path / "p", specs, conda_forge)
        whole["certificate"]["proofs"] = {"0": "0\n"}
        assert "step 1: the clause does not follow" in refusal(tmp_path / "q", whole)
        whole = document(tmp_path / "p", ["scipy", "python 3.9.*", "pandas"], conda_forge)
        proofs = whole["certificate"]["proofs"]
        assert proofs
        rng = random.Random(1)
        refused = 0
        for number in proofs:
            changed = copy.deepcopy(whole)
            steps = proofs[number].splitlines()
            at = rng.randrange(len(steps))
            lits = [int(word) for word in steps[at].split()]
            steps[at] = " ".join(str(-lit) for lit in lits)
            changed["certificate"]["proofs"][number] = "\n".join(steps) + "\n"
            (tmp_path / "q").write_text(json.dumps(changed))
            try:
                resolvent.check_proof(tmp_path / "q")
            except ResolventError as error:
                assert re.search(r"proof \d+: step \d+: the clause does not follow", str(error))
                refused += 1
        assert refused > 0.8 * len(proofs)

    def test_bounds(self, conda_forge: resolvent.Index, tmp_path: Path) -> None:
        whole = document(tmp_path / "p", ["scipy", "python 3.9.*", "pandas"], conda_forge)
        sums = [name for name, _ in resolvent.check_proof(tmp_path / "p").levels]
        changed = copy.deepcopy(whole)
        changed["certificate"]["bounds"][str(sums.index("level 2: version ranks of the requested"))] = [[0, 10**6]]
        assert "a lower bound is above what is paid" in refusal(tmp_path / "q", changed)
        changed["certificate"]["bounds"] = {"0": [[99, 0]]}
        assert "a lower bound" in refusal(tmp_path / "q", changed)

    def test_wrong_claims(self, library: resolvent.Index, tmp_path: Path) -> None:
        whole = document(tmp_path / "p", ["app"], library)
        certificate = whole["certificate"]
        for changed in (
            {"claim": "unsatisfiable", "problem": certificate["problem"], "bounds": {}, "proofs": {"0": "0\n"}},
            {"claim": "unsatisfiable", "problem": certificate["problem"], "bounds": {}, "proofs": {}},
            {**certificate, "claim": "fine"},
            {**certificate, "answer": []},
            {**certificate, "problem": "0" * 64},
            {**certificate, "proofs": []},
            {},
        ):
            refusal(tmp_path / "q", {**whole, "certificate": changed})
        del whole["certificate"]
        assert "the file has no certificate" in refusal(tmp_path / "q", whole)

    @pytest.mark.parametrize("text", ["", "[]", "{}", '{"format": "resolvent-problem-2"}', "\x00"])
    def test_other_files(self, text: str, tmp_path: Path) -> None:
        (tmp_path / "q").write_text(text)
        with pytest.raises(ResolventError, match="the proof is refused"):
            resolvent.check_proof(tmp_path / "q")


class TestRequests:
    def test_extras_and_conditions(self, make_channel: ChannelMaker, tmp_path: Path) -> None:
        records = [
            record("app", depends=['lib[when="python <3.11"]'], extra_depends={"gui": ["qt", "app[extras=[fast]]"]}),
            record("lib"),
            record("qt", "1.0"),
            record("qt", "2.0", depends=['gone[when="python >=3"]']),
            record("python", "3.10"),
            record("python", "3.12"),
        ]
        index = resolvent.load_index([make_channel(records)], platform="linux-64")
        for specs in (
            ["app[extras=[gui]]", "python"],
            ["app", "python <3.11"],
            ["app[extras=[gui,no]]", 'qt 2.*[when="python <3.11"]', "python 3.10"],
            ["qt 2.*", "python"],
            ["app", 'python <3[when="app"]'],
        ):
            proved(tmp_path / "p", specs, index=index, virtual_packages=[])

    def test_what_has_no_certificate(self, library: resolvent.Index, tmp_path: Path) -> None:
        installed = resolvent.solve(["app"], index=library, virtual_packages=LINUX).records
        calls: list[dict[str, Any]] = [
            {"mode": "update", "update_deps": True},
            {"deps": "only"},
            {"satisfied_skip": True},
        ]
        for more in calls:
            with pytest.raises(ResolventError, match=r"no proof: .* has no certificate"):
                resolvent.write_proof(
                    tmp_path / "p", ["app"], index=library, virtual_packages=LINUX, installed=installed, **more
                )
        assert not (tmp_path / "p").exists()

    def test_a_limit_names_the_level(self, conda_forge: resolvent.Index, tmp_path: Path) -> None:
        specs = ["scipy", "python 3.9.*", "pandas"]
        answer = resolvent.solve(specs, index=conda_forge, virtual_packages=LINUX)
        with pytest.raises(DeadlineExceeded, match=r"no proof: level .*: the proof was not found in the time allowed"):
            write_proof_of(tmp_path / "p", answer, specs, index=conda_forge, virtual_packages=LINUX, timeout=0)

    def test_the_same_bytes_each_time(self, library: resolvent.Index, tmp_path: Path) -> None:
        for name in ("p", "q"):
            resolvent.write_proof(tmp_path / name, ["app"], index=library, virtual_packages=LINUX)
        assert (tmp_path / "p").read_bytes() == (tmp_path / "q").read_bytes()
        # A proof holds its problem, so it can be replayed, too.
        assert labels(resolvent.replay(tmp_path / "p").records) == resolvent.check_proof(tmp_path / "q").answer


def test_commands(cli: Cli, make_channel: ChannelMaker, tmp_path: Path) -> None:
    make_channel(LIBRARY)
    channel = f"demo={tmp_path / 'channel'}"
    common = ["-c", channel, "--platform", "linux-64", "--no-detect", "--virtual-package", "__glibc=2.28"]
    solved = cli("solve", "app", *common, "--proof", "p.json")
    assert solved.returncode == 0
    shown = cli("check-proof", "p.json", "-c", channel)
    assert (shown.returncode, shown.stderr) == (0, "")
    assert "proved: no answer is better than these 4 packages" in shown.stdout
    assert "  app 2.0 0\n" in shown.stdout
    assert json.loads(cli("check-proof", "p.json", "--json").stdout)["claim"] == "best"
    failed = cli("solve", "app", "base >2", *common, "--proof", "p.json")
    assert failed.returncode == 1
    assert "base" in failed.stderr
    assert "proved: the request has no answer" in cli("check-proof", "p.json").stdout
    text = (tmp_path / "p.json").read_text()
    (tmp_path / "p.json").write_text(text.replace("base >2", "base >1"))
    refused = cli("check-proof", "p.json")
    assert refused.returncode == 2
    assert "the proof is refused" in refused.stderr
    prefix = str(write_prefix(tmp_path / "env", LIBRARY[:1], history=[LIBRARY[0]["name"]]))
    target = ["-p", prefix, "--platform", "linux-64", "--no-detect", "--proof", "p.json"]
    removed = cli("remove", LIBRARY[0]["name"], *target, "--dry-run")
    assert (removed.returncode, removed.stderr) == (0, "dry run: nothing was changed\n")
    assert cli("check-proof", "p.json").stdout.splitlines()[0] == "proved: the removal leaves these 0 packages"
