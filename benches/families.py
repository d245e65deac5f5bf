"""Hard families: small indices with a known verdict, each of which strains one part of a solver.

    python benches/families.py                     solve all at their default sizes, print time and verdict
    python benches/families.py --family pigeonhole --sizes 5 6 7 8
    python benches/families.py --write OUT         write them as channels with a `problems.jsonl`, for peers.py

Why each verdict is known is said at each family. Names, and the order of records, are shuffled by the seed.
"""

from __future__ import annotations

import argparse
import random
import shutil
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from sources import Json, RepodataWriter, write_problems


@dataclass
class Universe:
    """A small index, a request on it, and whether it has an answer."""

    records: list[Json]
    specs: list[str]
    satisfiable: bool


def record(name: str, version: str, depends: Sequence[str] = (), number: int = 0, build: str | None = None) -> Json:
    """Return a record with what a solver looks at."""
    return {
        "name": name,
        "version": version,
        "build": build or str(number),
        "build_number": number,
        "depends": list(depends),
        "md5": "0" * 32,
        "sha256": "0" * 64,
        "size": 1,
        "subdir": "linux-64",
        "timestamp": 1_700_000_000_000,
    }


def pigeonhole(size: int, satisfiable: bool, rng: random.Random) -> Universe:
    """Each of `size` pigeons pins one hole to itself; there is a hole too few (Haken: exponential for resolution).

    A hole is a name with one version a pigeon, so it holds one pigeon only. Satisfiable with as many holes as pigeons.
    """
    holes = size if satisfiable else size - 1
    records = [record(f"hole{h}", str(p + 1)) for h in range(holes) for p in range(size)]
    for pigeon in range(size):
        order = rng.sample(range(holes), holes)
        records += [
            record(f"pigeon{pigeon}", str(place + 1), [f"hole{hole} =={pigeon + 1}"])
            for place, hole in enumerate(order)
        ]
    return Universe(records, [f"pigeon{pigeon}" for pigeon in range(size)], satisfiable)


def chain(size: int, satisfiable: bool, rng: random.Random) -> Universe:
    """Make a chain of `size` names with three versions, each bound to the same one of the next name.

    The far end is asked for at version 1, which the near end reaches only by its own version 1; the unsatisfiable
    request wants the near end at 2 or more.
    """
    records = []
    for link in range(size):
        for version in (1, 2, 3):
            following = [f"link{link + 1} {version}.*"] if link + 1 < size else []
            records.append(record(f"link{link}", f"{version}.{rng.randrange(9)}", following))
    return Universe(records, ["link0" if satisfiable else "link0 >=2", f"link{size - 1} 1.*"], satisfiable)


def diamonds(size: int, satisfiable: bool, rng: random.Random) -> Universe:
    """Layers of six names; each version needs the same version of three names of the next layer.

    Every name needs the one below it, and two others, at its own version, so d0x0 forces its version down to the last
    layer, where x0 exists from version 6 on only: below 6 there is no answer, the newest version everywhere is one.
    """
    width, versions = 6, 8
    records = []
    for layer in range(size):
        for place in range(width):
            for version in range(1, versions + 1):
                needs = []
                if layer + 1 < size:
                    chosen = {(place + step) % width for step in (0, 1, rng.randrange(2, width))}
                    needs = [f"d{layer + 1}x{other} {version}.*" for other in sorted(chosen)]
                elif place and version >= 6:
                    needs = [f"d{layer}x0 {version}.*"]
                elif place:
                    needs = [f"d{layer}x0 >=6"]
                if layer + 1 < size or place or version >= 6:
                    records.append(record(f"d{layer}x{place}", f"{version}.0", needs))
    specs = ["d0x0", "d0x3"] if satisfiable else ["d0x0 <6", "d0x3"]
    return Universe(records, specs, satisfiable)


def migration(size: int, satisfiable: bool, rng: random.Random) -> Universe:
    """Make a half-done ABI migration: `size` packages against libabi 1 and 2, some without a build for 2.

    All of them at libabi 1 are an answer. The unsatisfiable request wants libabi 2 and a package that lags.
    """
    records = [record("libabi", "1.5"), record("libabi", "2.0")]
    lagging = set(rng.sample(range(size), max(1, size // 5)))
    for package in range(size):
        for version in range(1, 6):
            below = [f"user{package - 1} >={max(1, version - 2)}"] if package else []
            records.append(record(f"user{package}", f"{version}.0", ["libabi >=1.5,<2.0a0", *below], 0, "abi1_0"))
            if package not in lagging:
                records.append(record(f"user{package}", f"{version}.0", ["libabi >=2.0,<3.0a0", *below], 1, "abi2_1"))
    return Universe(records, [f"user{size - 1}", "libabi" if satisfiable else "libabi 2.*"], satisfiable)


def ancient(size: int, satisfiable: bool, rng: random.Random) -> Universe:
    """`size` packages whose modern versions bound python above, while an ancient one bounds nothing.

    With the new python only the ancient versions are left: an answer, if a poor one. The unsatisfiable request asks for
    one modern version.
    """
    records = [record("python", f"3.{minor}.0") for minor in range(8, 15)]
    for package in range(size):
        records.append(record(f"old{package}", "0.1", ["python"]))
        for version in range(1, 30):
            needs = ["python >=3.8,<3.13.0a0"]
            if package:
                needs.append(f"old{rng.randrange(package)} >={version // 2}")
            records.append(record(f"old{package}", f"{version}.0", needs))
    specs = ["python 3.14.*", *(f"old{package}" for package in range(size))]
    if not satisfiable:
        specs[-1] += " >=5"
    return Universe(records, specs, satisfiable)


def builds(size: int, satisfiable: bool, rng: random.Random) -> Universe:
    """One version in `size` builds, each bound to another version of one partner; the partner is pinned.

    Exactly one build fits the pin; the unsatisfiable pin is a version that no build is for.
    """
    order = rng.sample(range(size), size)
    records = [record("many", "1.0", [f"partner =={p + 1}"], n, f"h{p}_{n}") for n, p in enumerate(order)]
    records += [record("partner", str(version + 1)) for version in range(size + 1)]
    return Universe(records, ["many", f"partner =={rng.randrange(size) + 1 if satisfiable else size + 1}"], satisfiable)


#: Each family with its default sizes.
FAMILIES: dict[str, tuple[Callable[[int, bool, random.Random], Universe], tuple[int, ...]]] = {
    "pigeonhole": (pigeonhole, (5, 7, 8)),
    "chain": (chain, (50, 500)),
    "diamonds": (diamonds, (8, 20)),
    "migration": (migration, (30, 150)),
    "ancient": (ancient, (10, 60)),
    "builds": (builds, (500, 5000)),
}


def write(universe: Universe, folder: Path, rng: random.Random) -> None:
    """Write a universe as a channel."""
    records = list(universe.records)
    rng.shuffle(records)
    with RepodataWriter(folder, "linux-64", plain=True, compressed=False) as writer:
        for held in records:
            writer.add(f"{held['name']}-{held['version']}-{held['build']}.conda", held)
    with RepodataWriter(folder, "noarch", plain=True, compressed=False):
        pass


def main() -> None:
    """Read the options; solve or write the families."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--family", choices=FAMILIES, nargs="+", default=list(FAMILIES))
    parser.add_argument("--sizes", type=int, nargs="+", help="default: two or three a family")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--timeout", type=float, default=60, help="seconds a solve")
    parser.add_argument("--write", type=Path, metavar="OUT", help="write the channels and requests instead of solving")
    options = parser.parse_args()
    folder = options.write or Path(tempfile.mkdtemp(prefix="families-"))
    problems: list[Json] = []
    wrong = 0
    for family in options.family:
        make, sizes = FAMILIES[family]
        for size in options.sizes or sizes:
            for satisfiable in (True, False):
                rng = random.Random(f"{options.seed}/{family}/{size}/{satisfiable}")
                universe = make(size, satisfiable, rng)
                name = f"{family}-{size}-{'sat' if satisfiable else 'unsat'}"
                write(universe, folder / "channels" / name, rng)
                problems.append(
                    {
                        "id": name,
                        "specs": universe.specs,
                        "channels": [name],
                        "platform": "linux-64",
                        "virtual_packages": ["__unix 0"],
                        "satisfiable": satisfiable,
                    }
                )
                if not options.write:
                    wrong += not _solve(name, universe, folder / "channels" / name, options.timeout)
    if options.write:
        write_problems(folder / "problems.jsonl", problems)
        print(f"{len(problems)} requests: {folder}")
        return
    shutil.rmtree(folder)
    raise SystemExit(f"{wrong} wrong or unfinished" if wrong else 0)


def _solve(name: str, universe: Universe, folder: Path, timeout: float) -> bool:
    import resolvent

    begin = time.perf_counter()
    index = resolvent.load_index([str(folder)], platform="linux-64")
    opened = time.perf_counter()
    try:
        solution = resolvent.solve(universe.specs, index=index, virtual_packages=["__unix 0"], timeout=timeout)
        verdict, detail = True, f"{len(solution)} packages, {solution.optimality}"
    except resolvent.UnsatisfiableError:
        verdict, detail = False, "no answer"
    except resolvent.DeadlineExceeded:
        print(f"{name:26} {len(universe.records):7} records  no verdict within {timeout:.0f} s")
        return False
    seconds = time.perf_counter() - opened
    right = verdict == universe.satisfiable
    print(
        f"{name:26} {len(universe.records):7} records  open {opened - begin:7.3f} s  solve {seconds:8.3f} s  {detail}"
        + ("" if right else "   WRONG VERDICT")
    )
    return right


if __name__ == "__main__":
    main()
