"""Generate a channel of any size with conda-forge's statistics, and satisfiable requests on it.

    python benches/generate.py OUT --records 1500000 --names 31000 --seed 1 --problems 200

writes `OUT/channels/generated/<subdir>/repodata.json.zst` and `OUT/problems.jsonl`. The same options give the same
bytes. Records are streamed; what stays in memory is each name's life and the witness of the requests.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Iterator
from pathlib import Path

from generator.records import Made, Maker
from generator.requests import Witness, moments
from generator.timeline import Drawer, Name
from sources import RepodataWriter, write_problems

FITTED = Path(__file__).resolve().parent / "generator" / "conda_forge.json"


def generate(
    out: Path,
    *,
    records: int,
    names: int,
    seed: int = 1,
    epochs: int | None = None,
    problems: int = 100,
    platform: str = "linux-64",
    plain: bool = False,
    fitted: Path = FITTED,
) -> int:
    """Write a channel and its requests below `out`; return the number of records.

    Parameters
    ----------
    records, names
        How many to aim for; the names are met exactly, the records within a few per cent.
    epochs
        Length of the time line; default: three for each record a name, within 12 and 120.
    plain
        Write `repodata.json` beside the compressed file.
    """
    if names < 40 or records < names:
        raise SystemExit("a channel needs 40 names or more, and at least a record for each")
    epochs = epochs or max(12, min(120, 3 * records // names))
    drawer = Drawer(json.loads(fitted.read_text(encoding="utf-8")), names, epochs, seed)
    folder = out / "channels" / "generated"
    libraries = 12
    maker = Maker(drawer, platform, libraries, libraries + 1)
    witness = Witness(moments(drawer))
    known: list[Name] = []
    weights = [drawer.weight(position) for position in range(names)]
    waiting = sum(weights)
    # Records that one version makes, by kind: an average that learns as names are written.
    yields = {kind: [1.0, {"arch": 1.5, "arch_python": 7.0}.get(kind, 1.2)] for kind in drawer.fitted["kinds"]}
    with (
        RepodataWriter(folder, platform, plain=plain) as arch,
        RepodataWriter(folder, "noarch", plain=plain) as noarch,
    ):
        for position in range(names):
            special = _special(position, libraries)
            left = records - arch.count - noarch.count
            if special:
                name = Name(position, special, "special", [0], [(1, 0)], 0, 0)
                known.append(name)
                stream: Iterator[Made]
                if special == "python":
                    stream = maker.python_records(name, known[:libraries])
                elif special == "python_abi":
                    stream = maker.python_abi_records(name)
                else:
                    stream = maker.mutex_records(name)
            else:
                seen = yields[drawer.kind(position)]
                share = max(1.0, left * weights[position] / waiting)
                name = drawer.draw(position, min(400.0, share * seen[0] / seen[1]), known)
                known.append(name)
                stream = maker.records(name, known)
            waiting -= weights[position]
            count = 0
            for made in stream:
                writer = noarch if made.record["subdir"] == "noarch" else arch
                writer.add(made.file_name, made.record)
                witness.see(name, made, settles=not special)
                count += 1
            if not special:
                seen[0] += len(name.versions)
                seen[1] += count
        total = arch.count + noarch.count
    write_problems(out / "problems.jsonl", witness.requests(drawer, known, problems, "generated", platform))
    return total


def _special(position: int, libraries: int) -> str | None:
    place = position - libraries
    return ("python", "python_abi", "mutex-0", "mutex-1", "mutex-2", "mutex-3")[place] if 0 <= place < 6 else None


def main() -> None:
    """Read the options and generate."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("out", type=Path, help="folder to write to")
    parser.add_argument("--records", type=int, default=100_000)
    parser.add_argument("--names", type=int, help="default: a 48th of the records, as in the whole conda-forge")
    parser.add_argument("--epochs", type=int, help="length of the time line, hence depth of rebuilds")
    parser.add_argument("--problems", type=int, default=100)
    parser.add_argument("--platform", default="linux-64")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--plain", action="store_true", help="write uncompressed repodata.json too")
    options = parser.parse_args()
    names = options.names or max(200, options.records // 48)
    begin = time.perf_counter()
    count = generate(
        options.out,
        records=options.records,
        names=names,
        seed=options.seed,
        epochs=options.epochs,
        problems=options.problems,
        platform=options.platform,
        plain=options.plain,
    )
    print(f"{count:,} records of {names:,} names in {time.perf_counter() - begin:.1f} s: {options.out}")


if __name__ == "__main__":
    main()
