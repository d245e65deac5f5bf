"""Changing real environments: every answer is checked, and related requests must have related answers.

A handful of environments in the ordinary run, many in the long one. None of the laws below knows how the answer is
found: they follow from the contract, and where the right answer can be had without a solver (removing a package,
for instance) it is compared outright.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest
from environment_scenarios import (
    PLATFORM,
    Scenario,
    dependents,
    exact,
    misordered,
    not_older,
    python_minor,
    reachable,
    scenario,
    spec_name,
)
from environment_support import apply, identities, identity, write_prefix

import resolvent
from conftest import record, write_subdir
from resolvent import MatchSpec, PackageRecord, Solution, UnsatisfiableError
from resolvent.prefix import Prefix

ORDINARY = range(3)
LONG = range(len(ORDINARY), 60)
#: One test of each environment; most of them in the long run only.
every_environment = pytest.mark.parametrize(
    "env", [*ORDINARY, *(pytest.param(number, marks=pytest.mark.long) for number in LONG)], indirect=True
)


@pytest.fixture
def env(request: pytest.FixtureRequest, shared: Path) -> Scenario:
    """The environment of a number."""
    return scenario(shared, request.param)


#: Solves a request over the environment and checks the answer against the rules that hold for every answer.
Ask = Callable[..., Solution]


@pytest.fixture
def ask(env: Scenario, conda_forge: resolvent.Index) -> Ask:
    """Solve, with the environment's arguments if not told otherwise, and check."""

    def call(specs: Iterable[str], **keywords: Any) -> Solution:
        specs = list(specs)
        arguments = {**env.arguments, "index": conda_forge, **keywords}
        solution = resolvent.solve(specs, **arguments)
        assert solution.optimality == "proved"
        assert violations(solution, specs, arguments) == []
        assert apply(arguments["installed"] or [], solution) == identities(solution.records)
        assert misordered(list(solution.transaction.link)) == []
        assert misordered(list(reversed(solution.transaction.unlink))) == []
        return solution

    return call


def violations(solution: Solution, specs: Iterable[str], arguments: dict[str, Any]) -> list[str]:
    """Return the hard rules that an answer breaks as a change of its environment, by the independent check."""
    if arguments.get("deps", "all") != "all" or arguments.get("force_remove"):
        # What these break on purpose is listed, and nothing else can be wrong without being listed, too.
        return []
    known = {key: value for key, value in arguments.items() if key not in {"deps", "satisfied_skip", "force_reinstall"}}
    return resolvent.check(solution.records, specs, **known)


def broken_rules(solution: Solution, env: Scenario, index: resolvent.Index, specs: Iterable[str]) -> list[str]:
    """Return the hard rules that an answer breaks; the roots that stay count as asked for, at any version."""
    names = {entry.name for entry in solution}
    asked = [*specs, *(root for root in env.roots if root in names)]
    return resolvent.check(solution.records, asked, index=index, virtual_packages=list(env.virtual_packages))


def assert_roots_are_kept(solution: Solution, env: Scenario, asked: Iterable[str] = ()) -> None:
    """Assert that level 1 costs nothing, as it can where leaving everything alone is an answer.

    Parameters
    ----------
    solution, env
        The answer and the environment.
    asked
        Names whose old spec a new request has replaced.
    """
    asked = set(asked)
    after = {entry.name: entry for entry in solution}
    assert set(env.roots) <= set(after)
    for spec in env.history:
        if spec_name(spec) not in asked:
            assert MatchSpec(spec).matches(after[spec_name(spec)]), spec
    before = {entry.name: entry for entry in env.installed}
    for name in env.roots:
        assert not_older(after[name], before[name]), name
    if "python" not in asked:
        assert python_minor(solution) == python_minor(env.installed)


def is_empty(solution: Solution) -> bool:
    return not solution.transaction.unlink and not solution.transaction.link


@every_environment
class TestNothingToDo:
    def test_no_request(self, ask: Ask) -> None:
        assert is_empty(ask([], mode="install"))

    def test_what_is_there_already(self, env: Scenario, ask: Ask) -> None:
        assert is_empty(ask(env.history, mode="install"))

    def test_satisfied_skip(self, env: Scenario, ask: Ask) -> None:
        assert is_empty(ask(env.roots, mode="update", satisfied_skip=True))

    def test_the_environment_asked_for_exactly(self, env: Scenario, ask: Ask) -> None:
        specs = [exact(entry) for entry in env.installed]
        fresh = ask(specs, installed=None, history=[])
        assert identities(fresh) == identities(env.installed)
        assert is_empty(ask(specs, mode="install"))

    def test_pinned_exactly(self, env: Scenario, ask: Ask) -> None:
        assert is_empty(ask([], mode="update-all", pins=[exact(entry) for entry in env.installed]))

    def test_read_from_disk(self, env: Scenario, ask: Ask, tmp_path: Path) -> None:
        prefix = Prefix(write_prefix(tmp_path, env.installed, history=env.history), strict=True)
        assert identities(prefix.records) == identities(env.installed)
        assert is_empty(ask([], mode="install", installed=prefix.records))


@every_environment
class TestUpdate:
    def test_one(self, env: Scenario, ask: Ask, conda_forge: resolvent.Index) -> None:
        solution = ask([env.old], mode="update")
        assert broken_rules(solution, env, conda_forge, [env.old]) == []
        assert_roots_are_kept(solution, env, [env.old])

    def test_all(self, env: Scenario, ask: Ask, conda_forge: resolvent.Index) -> None:
        solution = ask([], mode="update-all")
        assert broken_rules(solution, env, conda_forge, []) == []
        # Whether an update of everything keeps the old specs is another matter: names and versions must stand.
        assert_roots_are_kept(solution, env, env.roots)

    def test_twice_is_once(self, ask: Ask) -> None:
        first = ask([], mode="update-all")
        assert is_empty(ask([], mode="update-all", installed=first.records))

    def test_with_dependencies(self, env: Scenario, ask: Ask) -> None:
        deep = ask([env.old], mode="update", update_deps=True)
        # What the updated package does not lead to, before or after, is none of this request's business unless it
        # needs what changed; its roots must stand in any case.
        asked = {entry.name for records in (env.installed, deep) for entry in reachable(records, [env.old])}
        assert_roots_are_kept(deep, env, asked)

    def test_a_pin_holds(self, env: Scenario, ask: Ask) -> None:
        held = next(entry for entry in env.installed if entry.name == env.old)
        pin = f"{held.name} =={held.version}"
        versions = {entry.name: entry.version for entry in ask([], mode="update-all", pins=[pin])}
        assert versions[held.name] == held.version

    def test_a_pin_on_what_is_absent_changes_nothing(self, env: Scenario, ask: Ask) -> None:
        pinned = ask([env.old], mode="update", pins=["nothing-has-this-name 1.*"])
        assert identities(pinned) == identities(ask([env.old], mode="update"))

    def test_pins_can_be_ignored(self, env: Scenario, ask: Ask) -> None:
        pins = [exact(entry) for entry in env.installed]
        free = ask([], mode="update-all", pins=pins, ignore_pinned=True)
        assert identities(free) == identities(ask([], mode="update-all"))

    def test_a_cut_off(self, env: Scenario, ask: Ask) -> None:
        kept = set(identities(env.installed))
        limit = resolvent.arguments.cutoff_milliseconds(env.locked)
        assert limit is not None
        solution = ask([], mode="update-all", exclude_newer=env.locked)
        assert [entry for entry in solution if entry.timestamp > limit and identity(entry) not in kept] == []


@every_environment
class TestInstall:
    def wish(self, env: Scenario, ask: Ask, **keywords: Any) -> Solution:
        """Install what the environment lacks; where that cannot be, it must be impossible alone, too."""
        try:
            return ask([env.wish], mode="install", **keywords)
        except UnsatisfiableError:
            if not keywords:
                with pytest.raises(UnsatisfiableError):
                    ask([env.wish], installed=None, history=[])
            pytest.skip(f"{env.wish} cannot be installed here")

    def test_a_new_name(self, env: Scenario, ask: Ask, conda_forge: resolvent.Index) -> None:
        solution = self.wish(env, ask)
        assert env.wish in {entry.name for entry in solution}
        assert broken_rules(solution, env, conda_forge, [env.wish]) == []

    def test_and_remove_it_again(self, env: Scenario, ask: Ask) -> None:
        added = self.wish(env, ask)
        if added.transaction.unlink:
            pytest.skip(f"{env.wish} changes other packages")
        back = ask([env.wish], mode="remove", installed=added.records, history=[*env.history, env.wish])
        assert identities(back) == identities(env.installed)

    def test_frozen(self, env: Scenario, ask: Ask, conda_forge: resolvent.Index) -> None:
        solution = self.wish(env, ask, freeze_installed=True)
        assert solution.transaction.unlink == []
        assert broken_rules(solution, env, conda_forge, [env.wish]) == []

    def test_without_dependencies(self, env: Scenario, ask: Ask) -> None:
        solution = self.wish(env, ask, deps="none")
        assert solution.transaction.unlink == []
        assert [entry.name for entry in solution.transaction.link] == [env.wish]

    def test_only_dependencies(self, env: Scenario, ask: Ask) -> None:
        whole, part = self.wish(env, ask), self.wish(env, ask, deps="only")
        assert identities(part) == [which for which in identities(whole) if which[2] != env.wish]

    def test_reinstall(self, env: Scenario, ask: Ask) -> None:
        solution = ask([env.old], mode="install", force_reinstall=True)
        again = [entry for entry in env.installed if entry.name == env.old]
        assert identities(solution.transaction.unlink) == identities(again)
        assert identities(solution.transaction.link) == identities(again)

    def test_prune(self, env: Scenario, ask: Ask) -> None:
        unneeded = record("nothing-needs-this", channel="conda-forge")
        installed = [*env.installed, PackageRecord.from_dict(unneeded)]
        assert is_empty(ask([], mode="install", installed=installed))
        names = {entry.name for entry in ask(env.history, mode="install", installed=installed, prune=True)}
        assert "nothing-needs-this" not in names
        assert set(env.roots) <= names


@every_environment
class TestRemove:
    def test_one(self, env: Scenario, ask: Ask) -> None:
        gone = dependents(env.installed, env.old)
        solution = ask([env.old], mode="remove")
        assert env.old not in {entry.name for entry in solution}
        if gone & set(env.roots) - {env.old}:
            pytest.skip("other packages that were asked for need it")
        left = [entry for entry in env.installed if entry.name not in gone]
        roots = [root for root in env.roots if root != env.old]
        assert identities(solution) == identities(reachable(left, roots))

    def test_by_force(self, env: Scenario, ask: Ask) -> None:
        solution = ask([env.old], mode="remove", force_remove=True)
        assert identities(solution) == identities(entry for entry in env.installed if entry.name != env.old)

    def test_what_is_not_there(self, env: Scenario, ask: Ask) -> None:
        with pytest.raises(resolvent.ResolventError, match=env.wish):
            ask([env.wish], mode="remove")

    def test_everything(self, env: Scenario, ask: Ask) -> None:
        assert len(ask(env.roots, mode="remove")) == 0


@pytest.fixture(scope="module")
def crowded(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> resolvent.Index:
    """The index with a second channel of lower priority: new versions of known names, and names nothing leads to."""
    folder = tmp_path_factory.mktemp("crowded")
    known = ["python", "numpy", "openssl", "pandas", "libgcc", "ca-certificates"]
    tempting = [record(name, "9999", "h0_9", timestamp=2_000_000_000_000) for name in known]
    unrelated = [record(f"unrelated-{number}", depends=["python", "numpy >=9999"]) for number in range(20)]
    write_subdir(folder, [*tempting, *unrelated])
    write_subdir(folder, [{**entry, "subdir": "noarch"} for entry in unrelated], "noarch")
    sources = [f"conda-forge={shared / 'data' / 'channels' / 'conda-forge'}", f"crowd={folder}"]
    return resolvent.load_index(sources, platform=PLATFORM)


@every_environment
class TestIrrelevant:
    @pytest.mark.parametrize("mode", ["install", "update", "update-all", "remove"])
    def test_another_channel(self, env: Scenario, ask: Ask, crowded: resolvent.Index, mode: str) -> None:
        specs = {"install": ["tqdm"], "update": [env.old], "update-all": [], "remove": [env.old]}[mode]
        plain, other = ask(specs, mode=mode), ask(specs, mode=mode, index=crowded)
        assert identities(plain) == identities(other)
        assert identities(plain.transaction.unlink) == identities(other.transaction.unlink)

    def test_the_order_of_what_is_installed(self, env: Scenario, ask: Ask) -> None:
        shuffled = list(env.installed)
        random.Random(7).shuffle(shuffled)
        one, two = ask([env.old], mode="update"), ask([env.old], mode="update", installed=shuffled)
        assert [identity(entry) for entry in one] == [identity(entry) for entry in two]
        assert [identity(entry) for entry in one.transaction.link] == [
            identity(entry) for entry in two.transaction.link
        ]
        assert json.dumps(one.levels) == json.dumps(two.levels)

    def test_what_the_session_solved_before(self, env: Scenario, ask: Ask, conda_forge: resolvent.Index) -> None:
        arguments = env.arguments
        session = resolvent.Session(conda_forge, virtual_packages=arguments.pop("virtual_packages"))
        for specs, mode in (([], "update-all"), ([env.old], "remove")):
            session.solve(specs, **{**arguments, "mode": mode})
        warm = session.solve([env.old], **{**arguments, "mode": "update"})
        assert identities(warm) == identities(ask([env.old], mode="update"))


def test_a_record_that_left_the_channel_stays(conda_forge: resolvent.Index, shared: Path) -> None:
    env = scenario(shared, 0)
    gone = PackageRecord.from_dict(record("left-the-channel", "0.1", channel="conda-forge"))
    arguments = {**env.arguments, "installed": [*env.installed, gone], "history": [*env.history, "left-the-channel"]}
    for mode in ("install", "update-all"):
        solution = resolvent.solve([], index=conda_forge, **{**arguments, "mode": mode})
        assert "left-the-channel" in {entry.name for entry in solution}
        assert "left-the-channel" not in {entry.name for entry in solution.transaction.unlink}
