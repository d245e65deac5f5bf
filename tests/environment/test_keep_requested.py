"""What was asked for earlier as a rule instead of a cost: `keep_requested` and `hold_history`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from little_worlds import World

import resolvent
from resolvent import Install, Remove, Request, ResolventError, UnsatisfiableError, Update, UpdateAll

CHANNEL = """
ipython 6.5 : ptk <2
ipython 7.0 : ptk >=2
ptk 1.0.15
ptk 2.0.9
tool 1 : ptk
other 1
"""


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path, CHANNEL, "ipython 6.5 : ptk <2\nptk 1.0.15", ["ipython 6.5.*"])


class TestKeepRequested:
    def test_without_it_the_earlier_request_is_a_cost(self, world: World) -> None:
        assert world.after("ptk=2", pins=["ipython <7.0"]) == {"ptk": "2.0.9"}

    @pytest.mark.parametrize("mode", ["install", "update"])
    @pytest.mark.parametrize("option", ["keep_requested", "hold_history"])
    def test_no_answer_names_the_earlier_request(self, world: World, option: str, mode: str) -> None:
        with pytest.raises(UnsatisfiableError) as caught:
            world.solve("ptk=2", pins=["ipython <7.0"], mode=mode, **{option: True})
        conflict = caught.value.conflict
        facts = {fact.kind: fact for fact in conflict.facts}
        assert "earlier" in facts
        assert facts["earlier"].name == "ipython"
        assert "was asked for earlier and must stay" in facts["earlier"].text
        kinds = [change["kind"] for fix in conflict.fixes(timeout=10) for change in fix.changes]
        assert "release_earlier" in kinds
        assert "asked for earlier" in str(conflict)

    def test_it_may_change(self, world: World) -> None:
        assert world.after("ptk=2", keep_requested=True) == {"ipython": "7.0", "ptk": "2.0.9"}

    def test_versions_hold(self, world: World) -> None:
        with pytest.raises(UnsatisfiableError) as caught:
            world.solve("ptk=2", hold_history=True)
        assert ("earlier", "ipython 6.5.*") in {(fact.kind, fact.spec) for fact in caught.value.conflict.facts}
        # A new spec of the name takes the place of the earlier one.
        assert world.after("ptk=2", "ipython", hold_history=True) == {"ipython": "7.0", "ptk": "2.0.9"}
        # Builds give way, as in conda.
        assert world.after("other", history=["ipython 6.5 other_build"], hold_history=True)["ipython"] == "6.5"

    def test_what_joins_the_requested_has_no_version_to_hold(self, world: World) -> None:
        assert world.after(mode="update-all", keep_requested=True) == {"ipython": "7.0", "ptk": "2.0.9"}

    def test_without_history_everything_was_asked_for(self, world: World) -> None:
        assert set(world.after("ptk=2", history=[], keep_requested=True)) == {"ipython", "ptk"}
        with pytest.raises(UnsatisfiableError):
            world.solve("ptk=2", history=[], keep_requested=True, constraints=["ipython <7"])

    def test_removals(self, world: World) -> None:
        with pytest.raises(ResolventError, match="'ptk' cannot be removed: ipython, which was asked for earlier"):
            world.solve("ptk", mode="remove", keep_requested=True)
        assert world.after("ptk", "ipython", mode="remove", keep_requested=True) == {}
        assert world.after("ipython", mode="remove", keep_requested=True) == {}

    def test_check_judges_by_it(self, world: World) -> None:
        around: dict[str, Any] = {"installed": world.installed, "history": world.history, "keep_requested": True}
        told = resolvent.check([], [], index=world.index, virtual_packages=[], **around)
        assert "'ipython' was asked for earlier, and nothing matches it" in told

    @pytest.mark.parametrize("kind", [Install, Update, UpdateAll, Remove])
    def test_every_action_has_it(self, kind: type[Install | Update | UpdateAll | Remove]) -> None:
        action = kind(keep_requested=True)
        assert action.keep_requested
        request = Request(specs=["x"], action=action)
        assert Request.from_json(request.to_json()) == request
        assert not kind().keep_requested

    @pytest.mark.parametrize("kind", [Install, Update])
    def test_a_value_with_held_history(self, kind: type[Install | Update]) -> None:
        request = Request(specs=["x"], action=kind(hold_history=True))
        assert Request.from_json(request.to_json()) == request


def test_commands_of_fixes_keep_the_switch(world: World) -> None:
    with pytest.raises(UnsatisfiableError) as caught:
        world.solve("ptk=2", pins=["ipython <7.0"], keep_requested=True)
    fixes = {fix.changes[0]["kind"]: fix.command for fix in caught.value.conflict.fixes(timeout=10)}
    assert "--keep-requested" not in fixes["release_earlier"]
    assert "--keep-requested" in fixes["lift_pin"]
