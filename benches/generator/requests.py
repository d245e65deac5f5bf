"""Satisfiable requests on a generated index, with the solution that proves it.

At a moment (an epoch and a minor version of python) the settled versions of all names fit together, see `timeline`.
While the records stream by, `Witness` keeps for a few moments the file name of every name's record; a request asks for
some names with specs that those records match, and its solution is what can be reached from them.
"""

from __future__ import annotations

import random
from typing import Any

from generator.records import Made
from generator.timeline import Drawer, Name, bump, quantile, text_of

Json = dict[str, Any]
#: An epoch and a minor version of python.
Moment = tuple[int, int]

VIRTUAL_PACKAGES = ["__unix 0", "__linux 5.10", "__glibc 2.35", "__archspec 1 x86_64"]


def moments(drawer: Drawer) -> list[Moment]:
    """Return the moments that requests are made for: mostly late ones, each with a python that has settled."""
    chosen = []
    for share in (0.35, 0.6, 0.8, 0.9, 0.95, 1.0):
        epoch = min(drawer.epochs - 1, int(share * drawer.epochs))
        ready = drawer.active(epoch, 3)
        chosen += [(epoch, ready[-1])] + ([(epoch, ready[len(ready) // 2])] if share > 0.7 else [])
    return sorted(set(chosen))


class Witness:
    """For each moment, the record of every name that stands in the answer."""

    def __init__(self, chosen: list[Moment]) -> None:
        self.moments = chosen
        self._held: dict[Moment, dict[int, tuple[str, str, list[int]]]] = {moment: {} for moment in chosen}
        self._rank: dict[tuple[Moment, int], tuple[int, int]] = {}

    def see(self, name: Name, made: Made, settles: bool) -> None:
        """Take a record into account; `settles`: only a build of the settled version counts."""
        if not made.plain:
            return
        for moment in self.moments:
            epoch, python = moment
            if made.epoch > epoch or (made.python is not None and made.python != python):
                continue
            if settles and name.settled(epoch) != made.version:
                continue
            rank = (made.version, made.epoch)
            key = (moment, name.position)
            if key not in self._rank or rank >= self._rank[key]:
                self._rank[key] = rank
                self._held[moment][name.position] = (made.file_name, made.record["version"], made.needs)

    def requests(self, drawer: Drawer, names: list[Name], count: int, channel: str, platform: str) -> list[Json]:
        """Draw `count` requests."""
        rng = random.Random(f"{drawer.seed}/requests")
        fitted = drawer.fitted["requests"]
        shapes = {s: w for s, w in fitted["shapes"].items() if s in {"any", "lower", "window", "prefix", "exact"}}
        problems: list[Json] = []
        while len(problems) < count:
            moment = rng.choice(self.moments[-6:] if rng.random() < 0.8 else self.moments)
            held = self._held[moment]
            usable = sorted(position for position in held if len(held[position][2]) > 0)
            if not usable:
                raise ValueError("no name has a record with dependencies; ask for more names or records")
            wanted = min(len(usable), int(quantile(fitted["specs_a_request"], rng.random())))
            specs = []
            pinned = moment[0] < drawer.epochs - 1 or rng.random() < 0.5
            if pinned:
                specs.append(f"python 3.{moment[1]}.*")
            for position in rng.sample(usable, wanted):
                if names[position].text == "python":
                    continue
                shape = rng.choices(list(shapes), list(shapes.values()))[0]
                specs.append(_spec(names[position].text, held[position][1], shape))
            if not specs:
                continue
            solution, waiting = {}, [p for p in sorted(held) if names[p].text in {s.split()[0] for s in specs}]
            while waiting:
                position = waiting.pop()
                if position not in solution:
                    solution[position] = held[position][0]
                    waiting += held[position][2]
            problems.append(
                {
                    "id": f"generated-{drawer.seed}-{len(problems)}",
                    "specs": specs,
                    "channels": [channel],
                    "platform": platform,
                    "virtual_packages": VIRTUAL_PACKAGES,
                    "strict_channel_priority_ok": True,
                    "solution": [solution[position] for position in sorted(solution)],
                }
            )
        return problems


def _spec(name: str, version: str, shape: str) -> str:
    key = tuple(map(int, version.split(".")))
    match shape:
        case "lower":
            return f"{name} >={version}"
        case "window":
            return f"{name} >={version},<{text_of(bump(key, 0))}"
        case "prefix":
            return f"{name} {text_of(key[:2])}.*"
        case "exact":
            return f"{name} =={version}"
    return name
