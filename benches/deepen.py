"""Give a real index the history of a whole one: every name gets many times its records, all of them older.

    python benches/deepen.py OUT --times 25            deepens the shared conda-forge

Generation g = 1, 2, ... copies every record of the index into the past. The version of a copy is its version behind a
prefix that sorts below every real version of the name and below the generations before it (`1.26.4` becomes
`0.23.1.26.4`, a short leading `0.0.0.` is put before it where a name begins below 0.25), and every literal in its
dependencies is moved into the same generation. The map keeps order and prefixes, so a copy's dependency matches a copy
exactly if the original's matches the original: each generation is a whole index of the past, as consistent as the real
one. A window holds copies to their generation; a bare name or a lower bound would let them meet everything newer, so
all but a seeded share of these (`--unbounded`, the ancient packages without upper bounds) end at the next generation.

Real records are written unchanged and older versions rank below them, so an answer of the real index stays one.
Memory: the real index. The copies are streamed.
"""

from __future__ import annotations

import argparse
import hashlib
import random
import re
import shutil
import time
from collections.abc import Iterable
from pathlib import Path

from quality import version_key
from sources import Json, RepodataWriter, read_records, shared_folder

_GENERATION_MS = 180 * 86_400_000
_CLAUSE = re.compile(r"(>=|<=|==|!=|~=|=|>|<)?([^,|()]+)")


class Past:
    """Maps versions and specs into earlier generations.

    Parameters
    ----------
    records
        The whole index; names with an epoch in a version, or whose lowest version is 0.0.0, get no history.
    times
        How many times the records; generations are numbered 1 (youngest) to `times - 1`.
    """

    def __init__(self, records: Iterable[Json], times: int) -> None:
        self.times = times
        versions: dict[str, set[str]] = {}
        for record in records:
            versions.setdefault(record["name"], set()).add(record["version"])
        self.bases: dict[str, str] = {}
        for name, texts in versions.items():
            if any("!" in text for text in texts):
                continue
            lowest = min(map(version_key, texts))
            for base in ("0", "0.0.0"):
                if lowest > version_key(f"{base}.{times}"):
                    self.bases[name] = base
                    break

    def version(self, name: str, version: str, generation: int) -> str:
        """Return the version of a copy."""
        return f"{self.bases[name]}.{self.times - generation}.{version}"

    def spec(self, spec: str, generation: int, *, bounded: bool) -> str:
        """Return a dependency of a copy; `bounded`: what has no upper bound ends at the next generation."""
        name, *rest = spec.split()
        if name not in self.bases or "[" in spec:
            return spec
        expression = rest[0] if rest else "*"
        if expression == "*":
            moved = "*"
        else:
            moved = _CLAUSE.sub(lambda found: self._clause(name, found, generation), expression)
        bound = re.search(r"<|\d\*?$|\.\*$", expression) and not re.fullmatch(r"(>=?|!=)[^,|]*", expression)
        if bounded and not bound and "|" not in expression:
            limit = f"<{self.bases[name]}.{self.times - generation + 1}"
            moved = limit if moved == "*" else f"{moved},{limit}"
        if moved == "*" and len(rest) < 2:
            return name
        return " ".join([name, moved, *rest[1:]])

    def _clause(self, name: str, found: re.Match[str], generation: int) -> str:
        operator, literal = found[1] or "", found[2]
        return operator + (literal if literal.startswith(("*", "^")) else self.version(name, literal, generation))

    def copy(self, record: Json, generation: int, rng: random.Random, unbounded: float) -> Json:
        """Return a record's copy of a generation."""
        moved = dict(record)
        moved["version"] = self.version(record["name"], record["version"], generation)
        bounded = rng.random() >= unbounded
        moved["depends"] = [self.spec(spec, generation, bounded=bounded) for spec in record.get("depends") or []]
        if record.get("constrains"):
            moved["constrains"] = [self.spec(spec, generation, bounded=False) for spec in record["constrains"]]
        sha = hashlib.sha256(f"{record['name']}-{moved['version']}-{record['build']}".encode()).hexdigest()
        moved["sha256"], moved["md5"] = sha, sha[:32]
        if record.get("timestamp"):
            moved["timestamp"] = max(1, record["timestamp"] - generation * _GENERATION_MS)
        return moved


def deepen(
    source: Path, target: Path, *, times: int, platform: str, unbounded: float = 0.1, seed: int = 1, plain: bool = False
) -> int:
    """Write the deepened channel; return the number of its records."""
    index = {subdir: list(read_records(source, subdir)) for subdir in (platform, "noarch")}
    past = Past((record for group in index.values() for _, record in group), times)
    count = 0
    for subdir, group in index.items():
        rng = random.Random(f"{seed}/{subdir}")
        with RepodataWriter(target, subdir, plain=plain) as writer:
            for file_name, record in group:
                writer.add(file_name, record)
            for generation in range(1, times):
                for file_name, record in group:
                    if record["name"] in past.bases:
                        copy = past.copy(record, generation, rng, unbounded)
                        ending = ".conda" if file_name.endswith(".conda") else ".tar.bz2"
                        writer.add(f"{copy['name']}-{copy['version']}-{copy['build']}{ending}", copy)
            count += writer.count
    return count


def main() -> None:
    """Read the options and deepen."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("out", type=Path, help="folder to write to; the channel lands in OUT/channels/NAME")
    parser.add_argument("--channel", type=Path, help="folder of the channel; default: the shared conda-forge")
    parser.add_argument("--times", type=int, default=25, help="records of the result over those of the source")
    parser.add_argument("--unbounded", type=float, default=0.1, help="share of the copies that stay unbounded above")
    parser.add_argument("--platform", default="linux-64")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--plain", action="store_true", help="write uncompressed repodata.json too")
    options = parser.parse_args()
    source = options.channel or shared_folder() / "data" / "channels" / "conda-forge"
    root = options.out / "channels"
    begin = time.perf_counter()
    count = deepen(
        source,
        root / source.name,
        times=options.times,
        platform=options.platform,
        unbounded=options.unbounded,
        seed=options.seed,
        plain=options.plain,
    )
    # The other channels of the requests lie beside, so that the folder can stand in for the original.
    for other in source.parent.iterdir():
        if other.is_dir() and other.name != source.name and not (root / other.name).exists():
            for subdir in (options.platform, "noarch"):
                for file in (other / subdir).glob("repodata.json*"):
                    (root / other.name / subdir).mkdir(parents=True, exist_ok=True)
                    shutil.copyfile(file, root / other.name / subdir / file.name)
    print(f"{count:,} records in {time.perf_counter() - begin:.1f} s: {root}")


if __name__ == "__main__":
    main()
