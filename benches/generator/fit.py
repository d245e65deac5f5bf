"""Measure an index: the distributions that the generator draws from.

    python benches/generator/fit.py CHANNEL_FOLDER [--platform linux-64] [--problems FILE] [--out FILE]

Everything is kept as shares and as quantiles (21 of them, from the minimum to the maximum), so that the result is a
small file a person can read. Run it on a generated channel and compare: that is the test of the generator.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from sources import Json, read_problems, read_records

KINDS = ("arch", "arch_python", "noarch_python", "noarch_generic")
_QUANTILES = 20


def quantiles(values: Iterable[float]) -> list[float]:
    """Return 21 quantiles of `values`, the first the minimum, the last the maximum."""
    ordered = sorted(values)
    if not ordered:
        return []
    last = len(ordered) - 1
    return [round(ordered[round(last * step / _QUANTILES)], 3) for step in range(_QUANTILES + 1)]


def shares(values: Iterable[str]) -> dict[str, float]:
    """Return the share of each value, largest first."""
    counts = Counter(values)
    total = sum(counts.values()) or 1
    return {value: round(count / total, 5) for value, count in sorted(counts.items(), key=lambda x: (-x[1], x[0]))}


def shape(spec: str) -> str:
    """Return the shape of a dependency: which kind of version and build part it has."""
    parts = spec.split()
    if len(parts) == 1:
        return "any"
    version, build = parts[1], len(parts) > 2
    if version == "*":
        kind = "any"
    elif "|" in version:
        kind = "or"
    elif version.endswith("*"):
        kind = "prefix"
    elif version.startswith(">=") and ",<" in version:
        kind = "window"
    elif version.startswith(">"):
        kind = "lower"
    elif version.startswith("<"):
        kind = "upper"
    elif version.startswith("~="):
        kind = "window"
    elif version.startswith("!="):
        kind = "not"
    else:
        kind = "exact"
    return f"{kind}+build" if build else kind


def kind_of(record: Json) -> str:
    """Return which of `KINDS` a record is: by noarch, and by a dependency on python_abi."""
    noarch = record.get("noarch")
    if noarch == "python":
        return "noarch_python"
    if noarch or record.get("subdir") == "noarch":
        return "noarch_generic"
    bound = any(
        spec.startswith("python_abi ") or re.match(r"python >=\d\.\d+,<\d\.\d+", spec)
        for spec in record.get("depends") or []
    )
    return "arch_python" if bound else "arch"


def measure(records: Sequence[Json], problems: Sequence[Json] = ()) -> Json:
    """Return the distributions of an index and, if given, of requests on it."""
    names: dict[str, list[Json]] = defaultdict(list)
    for record in records:
        names[record["name"]].append(record)
    kinds = {name: Counter(map(kind_of, group)).most_common(1)[0][0] for name, group in names.items()}
    depends = [spec for record in records for spec in record.get("depends") or []]
    real = [spec for spec in depends if not spec.startswith("__")]
    uses = Counter(name for record in records for name in {s.split()[0] for s in record.get("depends") or []})
    popularity = [count / len(records) for name, count in uses.most_common() if name in names]
    result: Json = {
        "records": len(records),
        "names": len(names),
        "noarch_share": _share(record.get("subdir") == "noarch" for record in records),
        "track_features_share": _share(bool(record.get("track_features")) for record in records),
        "tar_bz2_share": _share(str(record.get("fn", "")).endswith(".tar.bz2") for record in records),
        "distinct_spec_share": round(len(set(depends)) / max(1, len(depends)), 4),
        "unmatched_name_share": _share(spec.split()[0] not in names for spec in real),
        "constrains_share": _share(bool(record.get("constrains")) for record in records),
        "constrains_count": quantiles(len(r["constrains"]) for r in records if r.get("constrains")),
        "constrains_shapes": shares(shape(s) for r in records for s in r.get("constrains") or []),
        "virtual_share": shares(
            spec.split()[0] for record in records for spec in record.get("depends") or [] if spec.startswith("__")
        ),
        "glibc_share": _share(any(s.startswith("__glibc") for s in r.get("depends") or []) for r in records),
        "years": shares(
            str(1970 + int(record["timestamp"] / 1000 / 31_556_952)) for record in records if record.get("timestamp")
        ),
        # Share of records that depend on the k-th most used name, at k = 1, 2, 4, 8, ...
        "popularity": [round(popularity[k], 6) for k in _powers(len(popularity))],
        "build_variants": quantiles(
            len(group) for group in _group(records, lambda r: (r["name"], r["version"], r["build_number"])).values()
        ),
        "mutex_share": _share(any(re.search(r" \*[^ ]* [a-z_]+$", s) for s in r.get("depends") or []) for r in records),
        "kinds": {},
    }
    for kind in KINDS:
        own = {name: group for name, group in names.items() if kinds[name] == kind}
        mine = [record for group in own.values() for record in group]
        if not mine:
            continue
        result["kinds"][kind] = {
            "name_share": round(len(own) / len(names), 4),
            "records_a_name": quantiles(len(group) for group in own.values()),
            "versions_a_name": quantiles(len({r["version"] for r in group}) for group in own.values()),
            "builds_a_version": quantiles(
                len(group) for group in _group(mine, lambda r: (r["name"], r["version"])).values()
            ),
            "pythons_a_version": quantiles(
                len({s for r in group for s in r.get("depends") or [] if s.startswith("python_abi ")})
                for group in _group(mine, lambda r: (r["name"], r["version"])).values()
            ),
            "depends_a_record": quantiles(len(record.get("depends") or []) for record in mine),
            "shapes": shares(
                shape(spec)
                for record in mine
                for spec in record.get("depends") or []
                if not spec.startswith(("__", "python ", "python_abi "))
            ),
            "segments": shares(str(1 + record["version"].count(".")) for record in mine),
            "calendar_share": _share(bool(re.match(r"20[0-2]\d\.", record["version"])) for record in mine),
        }
    if problems:
        result["requests"] = {
            "specs_a_request": quantiles(len(problem["specs"]) for problem in problems),
            "shapes": shares(_request_shape(spec) for problem in problems for spec in problem["specs"]),
        }
    return result


def _request_shape(spec: str) -> str:
    return shape(re.sub(r"^([^\s=<>!~\[]+)\s*(?=[=<>!~])", r"\1 ", re.sub(r"\s*([,|])\s*", r"\1", spec.split("[")[0])))


def _share(flags: Iterable[bool]) -> float:
    values = list(flags)
    return round(sum(values) / max(1, len(values)), 5)


def _powers(count: int) -> list[int]:
    steps, k = [], 1
    while k <= count:
        steps.append(k - 1)
        k *= 2
    return [*steps, count - 1] if count else []


def _group(records: Iterable[Json], key: object) -> dict[object, list[Json]]:
    assert callable(key)
    groups: dict[object, list[Json]] = defaultdict(list)
    for record in records:
        groups[key(record)].append(record)
    return groups


def main() -> None:
    """Measure a channel and write the distributions as JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("channel", type=Path, help="folder of a channel")
    parser.add_argument("--platform", default="linux-64")
    parser.add_argument("--problems", type=Path, help="requests to measure too (.jsonl, .jsonl.gz)")
    parser.add_argument("--out", type=Path, help="file to write; default: standard output")
    options = parser.parse_args()
    records = []
    for subdir in (options.platform, "noarch"):
        for file_name, record in read_records(options.channel, subdir):
            records.append({"subdir": subdir, **record, "fn": file_name})
    problems = read_problems(options.problems) if options.problems else []
    text = json.dumps(measure(records, [p for p in problems if p["platform"] == options.platform]), indent=1)
    text = re.sub(r"\[[^\[\]{}]*\]", lambda match: re.sub(r"\s+", " ", match[0]), text) + "\n"
    if options.out:
        options.out.write_text(text, encoding="utf-8")
    else:
        print(text, end="")


if __name__ == "__main__":
    main()
