"""Requests as values: equal when they mean the same, never changing, and the same after a journey as JSON."""

from __future__ import annotations

import copy
import dataclasses
import inspect
import json
import pickle
from collections.abc import Callable
from datetime import date, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import jsonschema  # type: ignore[import-untyped]
import pytest

import resolvent
from conftest import LINUX, record
from resolvent import (
    Install,
    InvalidRequest,
    MatchSpec,
    PackageRecord,
    Policy,
    Remove,
    Request,
    Target,
    Update,
    UpdateAll,
)
from resolvent.environment import ACTIONS
from resolvent.request import RequestOptions, core_request, request_of

SCHEMA = json.loads((Path(__file__).parents[2] / "docs" / "request.schema.json").read_text(encoding="utf-8"))
APP = {**record("app", "1.0"), "channel": "c", "subdir": "linux-64", "fn": "app-1.0-0.conda"}

ACTION_SAMPLES = [
    None,
    Install(),
    Install(installed=[APP], history=["app"], pins=["app 1.*"], freeze_installed=True, deps="only", prune=True),
    Install(satisfied_skip=True, force_reinstall=True, aggressive_updates=["openssl"], ignore_pinned=True),
    Update(installed=[APP], update_deps=True, freeze_installed=True, deps="none"),
    UpdateAll(installed=[APP], prune=True, aggressive_updates=["certifi"]),
    Remove(installed=[APP], force_remove=True, prune=True),
]
SAMPLES = [
    Request(),
    Request(specs="numpy"),
    Request(
        specs=["numpy >=2", MatchSpec("python 3.12.*")],
        channels=["conda-forge", "https://host.example/ch", Path("ch")],
        target=Target(platform="linux-64", virtual_packages=LINUX),
        channel_priority="flexible",
        constraints=["pip <25"],
        pins=["openssl 3.*"],
        strategy="lowest-direct",
        policy=Policy(
            exclude_newer={"*": "2026-01-31", "numpy": None, "conda-forge::*": 1_700_000_000_000},
            deny={"openssl 3.4.*": "CVE", "*[license=GPL*]": None},
            licenses={"allow": ["MIT*"], "deny": "GPL*"},
        ),
    ),
    Request(target=Target(virtual_packages=[]), policy=Policy(exclude_newer="2026-01-31T12:00:00Z", licenses="BSD*")),
    *(Request(specs=["app"], action=action) for action in ACTION_SAMPLES),
]


@pytest.fixture(params=range(len(SAMPLES)))
def sample_request(request: pytest.FixtureRequest) -> Request:
    found: Request = SAMPLES[request.param]
    return found


class TestValue:
    def test_journeys(self, sample_request: Request) -> None:
        for other in (
            Request.from_json(sample_request.to_json()),
            Request.from_json(sample_request.to_json().encode()),
            Request.from_json(json.loads(sample_request.to_json())),
            pickle.loads(pickle.dumps(sample_request)),
            copy.deepcopy(sample_request),
            sample_request.replace(),
        ):
            assert other == sample_request
            assert hash(other) == hash(sample_request)
            assert other.to_json() == sample_request.to_json()

    def test_the_schema_describes_what_is_written(self, sample_request: Request) -> None:
        jsonschema.Draft202012Validator.check_schema(SCHEMA)
        jsonschema.validate(json.loads(sample_request.to_json()), SCHEMA)

    def test_values_do_not_change(self, sample_request: Request) -> None:
        for value in (sample_request, sample_request.target, sample_request.policy, sample_request.action):
            if value is None:
                continue
            for name in (*value._fields, "anything"):
                with pytest.raises(dataclasses.FrozenInstanceError, match="replace"):
                    setattr(value, name, None)
                with pytest.raises(AttributeError):
                    delattr(value, name)

    def test_all_samples_differ(self) -> None:
        assert len(set(SAMPLES)) == len(SAMPLES)
        assert Request(specs=["a"]) != Request(specs=["b"])
        assert Request(specs=["a"]) != "a"

    def test_keywords_only(self) -> None:
        for kind in (Request, Target, Policy, *ACTIONS.values()):
            with pytest.raises(TypeError, match="positional"):
                kind(["numpy"])

    def test_replace(self) -> None:
        request = Request(specs=["a"], policy=Policy(exclude_newer="1971-01-01"))
        assert request.replace(specs="b").specs == ("b",)
        assert request.replace(specs="b").policy == request.policy
        assert request.specs == ("a",)
        with pytest.raises(TypeError):
            request.replace(colour="red")

    def test_one_normal_form(self) -> None:
        assert Request(specs=MatchSpec("numpy >=2")) == Request(specs=["numpy >=2"])
        assert Target(virtual_packages={"__glibc": "2.28"}) == Target(virtual_packages=["__glibc 2.28 0"])
        assert Target(virtual_packages=["__unix", "__glibc 2.28"]) == Target(
            virtual_packages=["__glibc 2.28", "__unix"]
        )
        assert Policy(licenses=["MIT"]) == Policy(licenses={"allow": "MIT"})
        assert Policy(licenses={}) == Policy() == Policy(exclude_newer={}) == Policy(deny={})
        assert Policy(deny={"a": None}) == Policy(deny=["a"])
        assert Install(installed=[APP]) == Install(installed=[PackageRecord.from_dict(APP)])
        assert Request(channels=Path("x")).channels == ("./x",)
        assert Request(channels=Path("/x")).channels == ("/x",)

    def test_secrets_are_not_shown(self) -> None:
        request = Request(channels=["https://me:hunter22@host.example/ch", "https://host.example/t/tk-12345/ch"])
        assert "hunter22" not in repr(request)
        assert "tk-12345" not in repr(request)
        assert "host.example" in repr(request)


CUTOFFS: list[Any] = [
    *("1970-01-01", "1971-06-01T00:00:00Z", "2026-01-31", "2026-01-31T12:00:00.125+02:00"),
    *(0, 1, 999, 1_700_000_000, 1_700_000_000_000, 253_402_300_799, 253_402_300_800, 253_402_300_799_999, 10**17),
    *(date(2020, 2, 29), datetime(2026, 1, 1, tzinfo=timezone.utc)),
]


@pytest.mark.parametrize("cutoff", CUTOFFS)
def test_cutoffs_keep_their_moment(cutoff: Any) -> None:
    expected = resolvent.arguments.cutoff_milliseconds(cutoff)
    policy = Policy(exclude_newer=cutoff)
    for _ in range(3):
        assert policy.core_arguments()["exclude_newer"] == expected
        policy = Request.from_json(Request(policy=policy.replace()).to_json()).policy


def test_an_age_is_counted_when_the_policy_is_made() -> None:
    made = Policy(exclude_newer=timedelta(days=7))
    assert isinstance(made.exclude_newer, str)
    assert made == pickle.loads(pickle.dumps(made))


class TestFlatKeywords:
    def test_they_are_listed_once(self) -> None:
        known = set(RequestOptions.__annotations__)
        actions = {name for kind in ACTIONS.values() for name in kind._fields}
        own = {"constraints", "pins", "strategy", "channel_priority"}
        assert known == {*own, "mode", *actions, *Policy._fields}
        for function in (resolvent.solve, resolvent.Session.solve, resolvent.check, resolvent.save_problem):
            assert known <= set(inspect.signature(function).parameters)

    @pytest.mark.parametrize("sample", SAMPLES[1:])
    def test_they_say_what_a_request_says(self, sample: Request) -> None:
        options: dict[str, Any] = {name: getattr(sample, name) for name in ("constraints", "pins", "strategy")}
        options["channel_priority"] = sample.channel_priority
        options |= {name: getattr(sample.policy, name) for name in Policy._fields}
        if sample.action is not None:
            if sample.action.pins:
                return  # the flat keywords have one list of pins
            options |= {name: getattr(sample.action, name) for name in sample.action._fields if name != "pins"}
            options["mode"] = sample.action.kind
        made = request_of(
            sample.specs,
            options,
            channels=sample.channels,
            platform=sample.target.platform,
            virtual_packages=sample.target.virtual_packages,
        )
        assert made == sample

    @pytest.mark.parametrize("mode", ACTIONS)
    @pytest.mark.parametrize(("name", "owner"), [("force_remove", "remove"), ("update_deps", "update")])
    def test_combinations_without_a_meaning(self, mode: Any, name: str, owner: str, sample: resolvent.Index) -> None:
        options: dict[str, Any] = {name: True}
        quiet: dict[str, Any] = {name: False}
        # What means nothing and says nothing is no mistake.
        request_of(["app"], {"mode": mode, **quiet})
        if mode == owner:
            assert getattr(ACTIONS[mode](**options), name)
            return
        for call in (
            lambda: resolvent.solve(["app"], index=sample, installed=[APP], mode=mode, **options),
            lambda: resolvent.check([], ["app"], index=sample, mode=mode, **options),
        ):
            with pytest.raises(InvalidRequest, match=f"{name} has no meaning with mode='{mode}'.*'{owner}'") as caught:
                call()
            assert isinstance(caught.value, resolvent.ResolventError)
            assert isinstance(caught.value, ValueError)
        with pytest.raises(TypeError):
            ACTIONS[mode](**options)

    def test_a_removal_cannot_say_how_packages_come_in(self) -> None:
        options: dict[str, Any] = {
            **dict.fromkeys(("freeze_installed", "satisfied_skip", "force_reinstall"), True),
            "deps": "none",
            "aggressive_updates": ["app"],
        }
        for name, value in options.items():
            with pytest.raises(TypeError, match=name):
                Remove(**{name: value})
            # As flat keywords they are defaults that a program may have for everything it does.
            assert request_of(["app"], {"mode": "remove", name: value}).action == Remove()

    @pytest.mark.parametrize(
        "options", [{"strategy": "newest"}, {"mode": "upgrade"}, {"deps": "some"}, {"channel_priority": "loose"}]
    )
    def test_words_that_are_not_known(self, options: dict[str, Any]) -> None:
        with pytest.raises(InvalidRequest, match="it can be"):
            request_of(["app"], options)


class TestEntries:
    """Every entry takes a request as it takes the keywords."""

    def test_all(self, sample: resolvent.Index, tmp_path: Path) -> None:
        facts = {**LINUX, "__linux": "5.10"} if isinstance(LINUX, dict) else LINUX
        options: dict[str, Any] = {"constraints": ["python <3.13"], "strategy": "lowest-direct"}
        request = Request(specs=["numpy"], target=Target(virtual_packages=facts), **options)
        flat = resolvent.solve(["numpy"], index=sample, virtual_packages=facts, **options)
        solution = resolvent.solve(request, index=sample)
        assert solution.records == flat.records
        assert resolvent.Session(sample, virtual_packages=[]).solve(request).records == flat.records
        assert resolvent.check(solution.records, request, index=sample) == []
        assert resolvent.check(solution.records[1:], request, index=sample)
        for export in (resolvent.export_cnf, resolvent.export_wcnf):
            export(request, index=sample, path=tmp_path / "a")
            export(["numpy"], index=sample, path=tmp_path / "b", virtual_packages=facts, **options)
            assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
        resolvent.save_problem(tmp_path / "a", request, index=sample)
        resolvent.save_problem(tmp_path / "b", ["numpy"], index=sample, virtual_packages=facts, **options)
        assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
        assert list(map(str, resolvent.replay(tmp_path / "a").records)) == list(map(str, flat.records))
        small = Request(specs=["xz"], target=Target(virtual_packages=facts))
        proved = resolvent.write_proof(tmp_path / "p", small, index=sample)
        assert proved is not None
        assert resolvent.check_proof(tmp_path / "p").claim == "best"

    def test_a_request_alone_is_solved_on_its_channels(self) -> None:
        channels = [resolvent.sample_channel()]
        target = Target(platform="linux-64", virtual_packages=LINUX)
        request = Request(specs=["xz"], channels=channels, target=target)
        assert (
            resolvent.solve(request).records
            == resolvent.solve(["xz"], channels=channels, platform="linux-64", virtual_packages=LINUX).records
        )
        part = Request(specs=["xz"])
        assert (
            resolvent.solve(part, channels=channels, platform="linux-64", virtual_packages=LINUX).records
            == resolvent.solve(request).records
        )

    def test_mistakes(self, sample: resolvent.Index) -> None:
        target = Target(platform="osx-arm64", virtual_packages=[])
        calls: list[tuple[Callable[[], Any], str]] = [
            (lambda: resolvent.solve(Request(specs=["a"])), "no channels"),
            (lambda: resolvent.solve(Request(specs=["a"], target=target), index=sample), "osx-arm64"),
            (lambda: resolvent.Session(sample).solve(Request(specs=["a"], target=target)), "osx-arm64"),
            (lambda: resolvent.solve(Request(specs=["a"]), index=sample, strategy="lowest"), "strategy"),
            (lambda: resolvent.solve(Request(target=target), index=sample, virtual_packages=[]), "virtual_packages"),
            (lambda: resolvent.solve(Request(channels=["x"]), channels=["y"]), "channels"),
        ]
        for call, words in calls:
            with pytest.raises(InvalidRequest, match=words):
                call()

    def test_parts_have_their_types(self) -> None:
        for name in ("target", "policy", "action"):
            with pytest.raises(TypeError, match=name):
                Request(**{name: {}})  # type: ignore[arg-type]


WRONG: list[tuple[Any, str]] = [
    ("", "not JSON"),
    ("{", "not JSON"),
    ("[" * 100_000, "not JSON"),
    (b"\xff", "not JSON"),
    ("[]", "object"),
    ("null", "object"),
    ({"spec": ["numpy"]}, "'spec'"),
    ({"specs": "numpy"}, "specs"),
    ({"specs": [1]}, "specs"),
    ({"specs": [["numpy"]]}, "specs"),
    ({"channels": {"a": 1}}, "channels"),
    ({"strategy": "newest"}, "strategy"),
    ({"strategy": None}, "strategy"),
    ({"strategy": ["highest"]}, "strategy"),
    ({"channel_priority": 1}, "channel_priority"),
    ({"target": []}, "target"),
    ({"target": {"platfrom": "linux-64"}}, "platfrom"),
    ({"target": {"platform": 64}}, "platform"),
    ({"target": {"virtual_packages": "__glibc"}}, "virtual_packages"),
    ({"target": {"virtual_packages": {"__glibc": 2.28}}}, "__glibc"),
    ({"policy": {"exclude_newer": True}}, "exclude_newer"),
    ({"policy": {"exclude_newer": [1]}}, "exclude_newer"),
    ({"policy": {"exclude_newer": 1.5}}, "exclude_newer"),
    ({"policy": {"exclude_newer": {"a": {"b": "2026-01-01"}}}}, "exclude_newer"),
    ({"policy": {"deny": "openssl"}}, "deny"),
    ({"policy": {"deny": [["openssl"]]}}, "deny"),
    ({"policy": {"deny": [["openssl", None]]}}, "deny"),
    ({"policy": {"licenses": ["MIT"]}}, "licenses"),
    ({"policy": {"licenses": {"forbid": []}}}, "forbid"),
    ({"action": "install"}, "action"),
    ({"action": {}}, "kind"),
    ({"action": {"kind": "upgrade"}}, "kind"),
    ({"action": {"kind": "install", "force_remove": True}}, "force_remove"),
    ({"action": {"kind": "remove", "freeze_installed": True}}, "freeze_installed"),
    ({"action": {"kind": "install", "prune": 1}}, "prune"),
    ({"action": {"kind": "install", "deps": "some"}}, "deps"),
    ({"action": {"kind": "install", "installed": ["app"]}}, "installed"),
    ({"action": {"kind": "install", "installed": "/opt/env"}}, "installed"),
    ({"action": {"kind": "install", "history": "app"}}, "history"),
]


@pytest.mark.parametrize(("given", "words"), WRONG)
def test_json_that_is_no_request(given: Any, words: str) -> None:
    with pytest.raises(InvalidRequest, match=words):
        Request.from_json(given)
    if isinstance(given, dict):
        with pytest.raises(InvalidRequest):
            Request.from_json(json.dumps(given))
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(given, SCHEMA)


def test_what_cannot_be_read_is_an_error_of_its_own() -> None:
    for given in (
        {"target": {"platform": "linux"}},
        {"target": {"virtual_packages": ["glibc"]}},
        {"policy": {"exclude_newer": "tomorrow"}},
        {"action": {"kind": "install", "installed": [{"name": "x"}]}},
    ):
        with pytest.raises(resolvent.ResolventError):
            Request.from_json(given)


def test_the_schema_knows_the_same_keys() -> None:
    properties = SCHEMA["properties"]
    assert set(properties) == set(Request._fields)
    assert set(properties["target"]["properties"]) == set(Target._fields)
    assert set(properties["policy"]["properties"]) == set(Policy._fields)
    for kind, action in ACTIONS.items():
        assert set(SCHEMA["$defs"][kind]["properties"]) == {"kind", *action._fields}


def test_the_core_is_given_every_option() -> None:
    keys: set[str] = set()
    for action in ACTION_SAMPLES:
        given = core_request(Request(action=action), [])["environment"]
        keys |= set(given or {})
    options = {name for kind in ACTIONS.values() for name in kind._fields}
    assert keys == {*options - {"pins", "ignore_pinned"}, "mode"}
