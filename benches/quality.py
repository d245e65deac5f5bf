"""How good is an answer: the contract's levels 2, 3, 4 and 6 and its hard rules, computed from the raw records.

Nothing here comes from the solver: versions are compared by the few lines below (CEP 33), specs are matched by
py-rattler. So the numbers can judge any tool's answer.

    python benches/quality.py            the recorded answers of py-rattler against the recorded optima

A *rank* counts the distinct versions (within one, the distinct build numbers) above a record among the records of its
name that strict channel priority and, for a requested name, the request's specs leave over. Layer 0 is the requested
names; the next layer is made of the names in the dependencies of every record that has the ranks its name got, so also
of absent names, which have rank 0.
"""

from __future__ import annotations

import argparse
import json
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import rattler

from sources import Json, channel_folder, read_problems, read_records, shared_folder

#: Sort key of a version: higher sorts later, equal versions have equal keys.
VersionKey = tuple[object, ...]
_RUNS = re.compile(r"\d+|[^\d]+")


@cache
def version_key(text: str) -> VersionKey:
    """Return the sort key of a version (CEP 33)."""
    text = text.strip().lower()
    epoch, _, rest = text.rpartition("!")
    main, _, local = rest.partition("+")
    return (int(epoch or 0), _segments(main), _segments(local))


def _segments(text: str) -> tuple[object, ...]:
    text = text.replace("-", "_")
    last = text.endswith("_")
    parts = re.split(r"[._]", text[:-1] if last else text) if text else []
    if last:
        parts[-1] += "_"
    segments: list[tuple[object, ...]] = []
    for part in parts:
        runs = [_run(run) for run in _RUNS.findall(part)]
        if not part or not part[0].isdigit():
            runs.insert(0, _ZERO)
        # A run or segment that is missing counts as 0, so all are filled up to one length.
        segments.append((*runs, *[_ZERO] * (_LENGTH - len(runs))))
    return (*segments, *[_EMPTY] * (_LENGTH - len(segments)))


def _run(run: str) -> tuple[int, int, str]:
    if run.isdigit():
        return (3, int(run), "")
    if run == "post":
        return (4, 0, "")
    return (1, 0, "") if run == "dev" else (2, 0, run)


#: More runs and segments than any version has.
_LENGTH = 24
_ZERO = (3, 0, "")
_EMPTY = (_ZERO,) * _LENGTH


def split(spec: str) -> str:
    """Return the name that a dependency is about."""
    return re.split(r"[\s=<>!~\[;]", spec.rsplit("::", 1)[-1].strip(), maxsplit=1)[0].lower()


@cache
def matcher(spec: str) -> rattler.MatchSpec:
    """Return py-rattler's MatchSpec of a string."""
    return rattler.MatchSpec(spec)


class Universe:
    """The records of some channels for one platform, by name, after strict channel priority.

    Parameters
    ----------
    root
        Folder that holds the channels' folders.
    channels
        In order of priority.
    strict
        Keep of every name only the records of the first channel that has it.
    """

    def __init__(self, root: Path, channels: Sequence[str], platform: str, *, strict: bool = True) -> None:
        self.names: dict[str, list[Json]] = defaultdict(list)
        self._by_file: dict[str, list[Json]] = defaultdict(list)
        owner: dict[str, str] = {}
        for channel in channels:
            folder = channel_folder(root, channel)
            for subdir in dict.fromkeys((platform, "noarch")):
                for file_name, record in read_records(folder, subdir) if folder else ():
                    held = {**record, "fn": file_name, "channel": channel, "subdir": subdir}
                    self._by_file[file_name].append(held)
                    if owner.setdefault(record["name"], channel) == channel or not strict:
                        self.names[record["name"]].append(held)
        self._words: dict[int, Any] = {}

    def find(self, file_name: str, channel: str | None = None, subdir: str | None = None) -> Json:
        """Return the record of a file name; of several, that of the first channel.

        Raises
        ------
        LookupError
            If there is none.
        """
        for record in self._by_file.get(file_name, ()):
            if channel in (None, record["channel"]) and subdir in (None, record["subdir"]):
                return record
        raise LookupError(f"no record {file_name} in these channels")

    def matches(self, spec: str, record: Json) -> bool:
        """Tell whether a record satisfies a spec, its channel included."""
        word = matcher(spec)
        if word.channel is not None and word.channel.name not in (None, record["channel"]):
            return False
        # The record is held too: its id would otherwise be given to another one.
        if id(record) not in self._words:
            self._words[id(record)] = (record, package(record))
        return bool(word.matches(self._words[id(record)][1]))


def package(record: Mapping[str, Any]) -> rattler.PackageRecord:
    """Return py-rattler's record, with what specs look at."""
    return rattler.PackageRecord(
        name=record["name"],
        version=record["version"],
        build=rattler.BuildString(record["build"]),
        build_number=int(record["build_number"]),
        subdir=record["subdir"],
        noarch=None,
        md5=bytes.fromhex(record["md5"]) if record.get("md5") else None,
        sha256=bytes.fromhex(record["sha256"]) if record.get("sha256") else None,
    )


class Ranks:
    """The ranks of one name's records."""

    def __init__(self, pool: Sequence[Json]) -> None:
        self.pool = pool
        ordered = sorted({version_key(record["version"]) for record in pool}, reverse=True)
        self._versions = {key: rank for rank, key in enumerate(ordered)}
        numbers: dict[VersionKey, set[int]] = defaultdict(set)
        for record in pool:
            numbers[version_key(record["version"])].add(int(record["build_number"]))
        self._builds = {
            (key, number): rank
            for key, group in numbers.items()
            for rank, number in enumerate(sorted(group, reverse=True))
        }

    def of(self, record: Json) -> tuple[int, int]:
        """Return (version rank, build rank); of a record outside the pool, what it would have.

        An answer may break the channel priority; a record counts then by its version and number alone.
        """
        key = version_key(record["version"])
        version = self._versions.get(key)
        if version is None:
            version = sum(other > key for other in self._versions)
        return version, self._builds.get((key, int(record["build_number"])), 0)


def levels(universe: Universe, specs: Sequence[str], answer: Iterable[Json]) -> Json:
    """Return the levels of an answer, in the form of the recorded optima.

    That is `{"2": version ranks, "3": track_features, "4": build ranks, "6": [[names, version ranks, track_features,
    build ranks], ...]}`, one entry a layer.
    """
    chosen = {record["name"]: record for record in answer}
    wanted: dict[str, list[str]] = defaultdict(list)
    for spec in specs:
        wanted[split(spec)].append(spec)
    layer = sorted(name for name in wanted if not name.startswith("__"))
    seen = set(layer)
    rows: list[list[int]] = []
    while layer:
        versions = features = builds = 0
        following: set[str] = set()
        for name in layer:
            pool = universe.names.get(name, [])
            if wanted.get(name):
                pool = [record for record in pool if all(universe.matches(spec, record) for spec in wanted[name])]
            ranks = Ranks(pool)
            record = chosen.get(name)
            version, build = ranks.of(record) if record else (0, 0)
            versions, builds = versions + version, builds + build
            features += bool(record and record.get("track_features"))
            for candidate in pool:
                if ranks.of(candidate) == (version, build):
                    following.update(split(spec) for spec in candidate.get("depends") or [])
        rows.append([len(layer), versions, features, builds])
        layer = sorted(name for name in following - seen if not name.startswith("__"))
        seen.update(layer)
    first, *others = rows or [[0, 0, 0, 0]]
    return {"2": first[1], "3": first[2], "4": first[3], "6": others}


def verdict(found: Json, best: Json) -> str:
    """Compare an answer with an optimum: `equal`, `worse`, `better`, or `tie`.

    `tie`: the sums of a layer agree but its ranks do not, seen by the next layer holding other names. By the contract
    the sorted names decide then, which the sums do not show; what follows is not comparable.
    """
    ours, theirs = ([[0, *(x[level] for level in "234")], *(row for row in x["6"] if any(row))] for x in (found, best))
    for left, right in zip(ours, theirs, strict=False):
        if left[0] != right[0]:
            return "tie"
        if left[1:] != right[1:]:
            return "better" if left[1:] < right[1:] else "worse"
    return "equal" if len(ours) == len(theirs) else "tie"


def compare(found: Json, best: Json) -> tuple[bool, bool]:
    """Tell whether an answer reaches an optimum at levels 2 to 4, and at 2 to 6."""
    top = all(found[level] == best[level] for level in "234")
    # A trailing layer without records may be listed or not.
    ours, theirs = [[row for row in x["6"] if any(row)] for x in (found, best)]
    return top, top and ours == theirs


def violations(
    universe: Universe, specs: Sequence[str], virtual_packages: Sequence[str], answer: Sequence[Json]
) -> list[str]:
    """Return the hard rules that an answer breaks: duplicates, unsatisfied specs, broken constraints."""
    chosen: dict[str, Json] = {}
    broken = []
    for record in answer:
        if record["name"] in chosen:
            broken.append(f"two records of {record['name']}")
        chosen[record["name"]] = record
    for text in virtual_packages:
        name, version, build = [*text.split(), "0", "0"][:3]
        chosen[name] = {"name": name, "version": version, "build": build, "build_number": 0, "subdir": "noarch"}
    needs = [("the request", spec) for spec in specs]
    needs += [(record["fn"], spec) for record in answer for spec in record.get("depends") or []]
    for asker, spec in needs:
        found = chosen.get(split(spec))
        if found is None or not universe.matches(spec, found):
            broken.append(f"{asker} needs {spec}, which is not there")
    for source in answer:
        for spec in source.get("constrains") or []:
            found = chosen.get(split(spec))
            if found is not None and not universe.matches(spec, found):
                broken.append(f"{source['fn']} constrains {spec}, which does not hold")
    return broken


class Universes:
    """Universes by request, each read once."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._held: dict[tuple[object, ...], Universe] = {}

    def of(self, problem: Json) -> Universe:
        """Return the universe of a request."""
        strict = problem.get("strict_channel_priority_ok", True)
        key = (*problem["channels"], problem["platform"], strict)
        if key not in self._held:
            if len(self._held) > 3:
                self._held.clear()
            self._held[key] = Universe(self.root, problem["channels"], problem["platform"], strict=strict)
        return self._held[key]


def main() -> None:
    """Judge recorded answers by recorded optima, and print how many reach them."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--problems", type=Path, help="default: the shared bench requests")
    parser.add_argument("--levels", type=Path, help="default: the shared optima")
    parser.add_argument("--channels-root", type=Path, help="default: the shared channels")
    parser.add_argument(
        "--witness", action="store_true", help="only check the hard rules on each request's own `solution`"
    )
    options = parser.parse_args()
    given = options.problems and options.channels_root
    data = Path() if given else shared_folder() / "data"
    problems = read_problems(options.problems or data / "bench.jsonl.gz")
    universes = Universes(options.channels_root or data / "channels")
    problems.sort(key=lambda problem: problem["channels"])
    if options.witness:
        wrong = 0
        for problem in problems:
            universe = universes.of(problem)
            answer = [universe.find(file_name) for file_name in problem["solution"]]
            broken = violations(universe, problem["specs"], problem["virtual_packages"], answer)
            wrong += bool(broken)
            for line in broken[:3]:
                print(f"{problem['id']}: {line}")
        print(f"{len(problems) - wrong} of {len(problems)} recorded solutions are valid")
        return
    best = json.loads((options.levels or shared_folder() / "data" / "bench_levels.json").read_text(encoding="utf-8"))
    count = top = whole = better = 0
    for problem in problems:
        reference = problem.get("rattler_reference") or {}
        if not reference.get("sat") or problem["id"] not in best:
            continue
        universe = universes.of(problem)
        found = levels(universe, problem["specs"], [universe.find(name) for name in reference["solution"]])
        reached = compare(found, best[problem["id"]])
        count, top, whole = count + 1, top + reached[0], whole + reached[1]
        if verdict(found, best[problem["id"]]) == "better":
            better += 1
            print(f"{problem['id']}: {found} is below the optimum {best[problem['id']]}")
        elif not reached[1]:
            print(f"{problem['id']}: {found}\n    optimum {best[problem['id']]}")
    print(f"{count} answers: {top} reach the optimum at levels 2-4, {whole} at all; {better} below it (must be 0)")


if __name__ == "__main__":
    main()
