"""Random walks through requests, as somebody who tries this and that would send them to one session.

A *terrain* is an index with what can be asked of it. A *walk* holds the arguments of one request and changes a little
with each step: a spec comes, goes or is exchanged, a limit or a cut-off, the strategy, the target's virtual packages;
the last answer becomes the environment that the next request changes. `outcome` puts what came of a request into a form
that can be compared, down to the values of levels and the words of errors.
"""

from __future__ import annotations

import dataclasses
import random
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from universes import PRIORITIES, STRATEGIES, Universe, modern_spec, random_spec

import resolvent
from generate import generate
from resolvent._core import InternalError
from resolvent.request import core_request, request_of
from sources import read_problems

#: Keyword arguments of `Session.solve`.
Arguments = dict[str, Any]
#: A target's virtual packages.
Target = tuple[str, ...]
#: What came of a request.
Outcome = tuple[Any, ...]

MODES = ("install", "install", "update", "update", "update-all", "remove")
MODIFIERS = ("freeze_installed", "update_deps", "prune", "satisfied_skip", "force_reinstall")


@dataclasses.dataclass(frozen=True)
class Terrain:
    """An index and what walks over it ask for."""

    index: resolvent.Index
    #: What may be requested.
    specs: Sequence[str]
    #: What may be a constraint, a pin or denied.
    limits: Sequence[str]
    #: Cut-offs.
    cutoffs: Sequence[str | int]
    targets: Sequence[Target]
    #: Most specs of one request.
    most: int = 4


class Walk:
    """The requests of one walk, one after the other."""

    def __init__(self, rng: random.Random, terrain: Terrain) -> None:
        self._rng = rng
        self._terrain = terrain
        self.target: Target = rng.choice(terrain.targets)
        self._fresh()

    def _fresh(self) -> None:
        self.arguments: Arguments = {"specs": [self._rng.choice(self._terrain.specs)]}

    def step(self, last: resolvent.Solution | None) -> None:
        """Change the request; `last` is the answer to it, if it had one."""
        for _ in range(self._rng.choice((1, 1, 1, 2, 3))):
            self._change(last)

    def _change(self, last: resolvent.Solution | None) -> None:
        rng, terrain, arguments = self._rng, self._terrain, self.arguments
        specs: list[str] = list(arguments["specs"])
        match rng.choice(_STEPS):
            case "add" if len(specs) < terrain.most:
                specs.insert(rng.randint(0, len(specs)), rng.choice(terrain.specs))
            case "drop" if len(specs) > 1:
                specs.pop(rng.randrange(len(specs)))
            case "exchange":
                specs[rng.randrange(len(specs))] = rng.choice(terrain.specs)
            case "unknown":
                # Until a later step exchanges or drops it, there is no answer.
                specs.append("no-such-package")
            case "shuffle":
                rng.shuffle(specs)
            case "limit":
                key = rng.choice(("constraints", "pins", "deny"))
                self._toggle(key, lambda: rng.sample(terrain.limits, min(len(terrain.limits), rng.randint(1, 2))))
            case "cutoff":
                if rng.random() < 0.6:
                    arguments.pop("exclude_newer", None)
                self._toggle("exclude_newer", lambda: rng.choice(terrain.cutoffs))
            case "licenses":
                self._toggle("licenses", lambda: {"deny": [rng.choice(("*GPL*", "MIT*", "BSD*"))]})
            case "strategy":
                self._toggle("strategy", lambda: rng.choice(STRATEGIES))
            case "priority":
                self._toggle("channel_priority", lambda: rng.choice(PRIORITIES))
            case "target":
                self.target = rng.choice(terrain.targets)
            case "environment" if last is not None:
                arguments["installed"] = list(last)
                arguments["history"] = list(specs)
                arguments["mode"] = rng.choice(MODES)
                for word in MODIFIERS:
                    if rng.random() < 0.12:
                        arguments[word] = True
                if arguments["mode"] != "update":  # nothing else has dependencies to update
                    arguments.pop("update_deps", None)
            case "leave":
                for key in ("installed", "history", "mode", *MODIFIERS):
                    arguments.pop(key, None)
            case "afresh":
                self._fresh()
                return
        arguments["specs"] = specs

    def _toggle(self, key: str, draw: Callable[[], Any]) -> None:
        if self.arguments.pop(key, None) is None:
            self.arguments[key] = draw()


_STEPS = (
    *("add",) * 4,
    *("drop",) * 3,
    *("exchange",) * 4,
    *("environment",) * 3,
    *("limit",) * 3,
    *("cutoff",) * 2,
    *("leave",) * 2,
    "licenses",
    "unknown",
    "shuffle",
    "strategy",
    "priority",
    "target",
    "afresh",
)


def outcome(solve: Callable[[], resolvent.Solution]) -> tuple[Outcome, resolvent.Solution | None]:
    """Return what comes of a request, and its answer if it has one.

    Answers must be proved; an answer that fails its check, or runs into a deadline, is no outcome.
    """
    try:
        solution = solve()
    except resolvent.UnsatisfiableError as error:
        return ("none", str(error)), None
    except (InternalError, resolvent.DeadlineExceeded):
        raise
    except resolvent.ResolventError as error:
        # Such as the removal of what is not installed.
        return ("refused", str(error)), None
    assert solution.optimality == "proved"
    transaction = solution.transaction
    lists = (solution.records, transaction.unlink, transaction.link)
    places = [[(record.channel, record.subdir, record.fn) for record in records] for records in lists]
    return ("answer", *places, solution.levels, solution.tradeoffs, solution.exempt), solution


def fresh(terrain: Terrain, target: Target, arguments: Arguments) -> tuple[Outcome, resolvent.Solution | None]:
    """Solve on a session that knows nothing."""
    return outcome(lambda: resolvent.Session(terrain.index, virtual_packages=target).solve(**arguments))


def eager(terrain: Terrain, target: Target, arguments: Arguments) -> Outcome:
    """Solve with everything opened before the first search: the reference."""
    session = resolvent.Session(terrain.index, virtual_packages=target)
    options = dict(arguments)
    asked = core_request(request_of(options.pop("specs"), options), session.virtual_packages)
    return outcome(lambda: session._core.solve(asked, None, eager=True))[0]


def told(target: Target, arguments: Arguments) -> str:
    """Say a request so that it can be asked again, for the message of a failed test."""
    said = {key: [repr(r) for r in value] if key == "installed" else value for key, value in arguments.items()}
    return f"{said} for {target}"


# -- Terrains


def little(rng: random.Random, universe: Universe, folder: Path) -> Terrain:
    """Return the terrain of a little universe; requests have conditions, extras and flags where records have them."""
    names = sorted({record.name for record in universe.records})
    versions = sorted({record.version for record in universe.records})
    modern = any(record.is_modern for record in universe.records)

    def some(count: int, loose: float) -> list[str]:
        plain = (random_spec(rng, rng.choice(names), loose, versions) for _ in range(count))
        return [str(modern_spec(rng, spec, names) if modern else spec) for spec in plain]

    specs = some(12, 0.6)
    specs += [f"channel{rng.randrange(universe.channels)}::{rng.choice(names)}", str(random_spec(rng, "__glibc"))]
    return Terrain(
        index=universe.load(folder),
        specs=specs,
        limits=some(6, 0.0),
        cutoffs=sorted({record.timestamp for record in universe.records} - {0}) or [1],
        targets=[universe.virtual_packages, (), ("__glibc 2",), ("__glibc 3", "__cuda 2")],
    )


def generated(folder: Path, records: int, names: int, seed: int, *, most: int = 4) -> Terrain:
    """Generate a channel and return its terrain."""
    problems = generated_problems(folder, records, names, seed)
    return Terrain(
        index=resolvent.load_index([folder / "channels" / "generated"], platform="linux-64"),
        specs=sorted({spec for problem in problems for spec in problem["specs"]}),
        limits=sorted(
            {spec for problem in problems for spec in problem["specs"] if " " in spec}
            | {"python <3.12", "python >=3.9"}
        ),
        cutoffs=["2021-01-01", "2023-06-30", "2025-01-01"],
        targets=[tuple(problems[0]["virtual_packages"]), ("__unix 0", "__linux 5.10", "__glibc 2.17"), ()],
        most=most,
    )


def generated_problems(folder: Path, records: int, names: int, seed: int) -> list[dict[str, Any]]:
    """Generate a channel and return its requests, which all have answers."""
    generate(folder, records=records, names=names, seed=seed, problems=100, plain=True)
    return read_problems(folder / "problems.jsonl")


def targets_of(terrain: Terrain) -> dict[Target, resolvent.Session]:
    """Return a session for each target."""
    return {target: resolvent.Session(terrain.index, virtual_packages=target) for target in terrain.targets}


def warm_walk(
    rng: random.Random, terrain: Terrain, length: int, sessions: dict[Target, resolvent.Session]
) -> Iterator[tuple[Target, Arguments, Outcome]]:
    """Walk; compare each answer of the sessions with a fresh one, and yield the request with what came of it.

    So does a session of no target's own, which is told the target with each request.
    """
    walk = Walk(rng, terrain)
    any_target = resolvent.Session(terrain.index, virtual_packages=())
    for _ in range(length):
        target, arguments = walk.target, dict(walk.arguments)
        expected, solution = fresh(terrain, target, arguments)
        found, _ = outcome(lambda: sessions[target].solve(**arguments))  # noqa: B023 - called at once
        assert found == expected, told(target, arguments)
        found, _ = outcome(lambda: any_target.solve(**arguments, virtual_packages=target))  # noqa: B023
        assert found == expected, told(target, arguments)
        yield target, arguments, expected
        walk.step(solution)
