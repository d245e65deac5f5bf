"""Time and memory against the size of the index: 10^4 to 1.5 * 10^6 records, generated, solved, plotted.

    python benches/growth.py --out growth-report
    python benches/growth.py --by depth --names 5000        the same number of names, with ever more history

For each size: reading the repodata (*parse*), reading it and writing the index file (*build*), opening that file
(*open*), the first solve after it and the same request again on the open index (*warm*), each as the median over some
requests, the first four in new processes; and the peak of resident memory with and without the index file.
"""

from __future__ import annotations

import argparse
import json
import shutil
import statistics
import tempfile
from pathlib import Path

from generate import generate
from peer_report import page
from peers import Server, job_of, once
from sources import Json, need, read_problems

SIZES = (10_000, 30_000, 100_000, 300_000, 1_000_000, 1_500_000)


def measure(folder: Path, requests: int, timeout: float) -> Json:
    """Return the facts of one generated channel."""
    problems = read_problems(folder / "problems.jsonl")[:requests]
    cache = folder / "index-files"
    shutil.rmtree(cache, ignore_errors=True)
    plain = [{**job_of(p, folder / "channels", folder / "plain"), "index_cache": ""} for p in problems]
    kept = [{**job, "index_cache": str(cache)} for job in plain]
    parse = once("resolvent", plain[0], timeout)
    build = once("resolvent", kept[0], timeout)
    opened = [once("resolvent", job, timeout) for job in kept]
    bad = [facts["error"] for facts in [parse, build, *opened] if "error" in facts]
    if bad:
        return {"error": bad[0]}
    server = Server("resolvent")
    for job in kept:
        server.ask(job, timeout)
    warm = [server.ask(job, timeout)["solve"] for job in kept]
    server.close()
    return {
        "parse": parse["open"],
        "build": build["open"],
        "open": statistics.median(facts["open"] for facts in opened),
        "first": statistics.median(facts["solve"] for facts in opened),
        "warm": statistics.median(warm),
        "peak parse MB": parse["peak"],
        "peak build MB": build["peak"],
        "peak open MB": statistics.median(facts["peak"] for facts in opened),
        "index file MB": sum(file.stat().st_size for file in cache.rglob("*") if file.is_file()) / 1e6,
        "without answer": sum(not facts["sat"] for facts in opened),
    }


def plot(rows: list[Json], out: Path) -> None:
    """Draw times and memory against records."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    figure, (left, right) = plt.subplots(1, 2, figsize=(12, 4.5))
    good = [row for row in rows if "error" not in row]
    sizes = [row["records"] for row in good]
    for key in ("parse", "build", "open", "first", "warm"):
        left.plot(sizes, [row[key] * 1000 for row in good], marker="o", label=key)
    for key in ("peak parse MB", "peak build MB", "peak open MB", "index file MB"):
        right.plot(sizes, [row[key] for row in good], marker="o", label=key)
    left.set(xscale="log", yscale="log", xlabel="records", ylabel="milliseconds", title="time")
    right.set(xscale="log", yscale="log", xlabel="records", ylabel="MB", title="memory")
    for axis in (left, right):
        axis.grid(alpha=0.3, which="both")
        axis.legend()
    figure.tight_layout()
    figure.savefig(out / "growth.png", dpi=110)
    plt.close(figure)


def main() -> None:
    """Read the options, generate, measure, report."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sizes", type=int, nargs="+", default=list(SIZES))
    parser.add_argument("--by", choices=("size", "depth"), default="size", help="let the names grow too, or not")
    parser.add_argument("--names", type=int, default=5000, help="number of names with --by depth")
    parser.add_argument("--requests", type=int, default=8)
    parser.add_argument("--timeout", type=float, default=600, help="seconds for one process")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument(
        "--keep", type=Path, help="folder to generate into, and to find what was; default: a passing one"
    )
    parser.add_argument("--out", type=Path, default=Path("growth-report"))
    options = parser.parse_args()
    need("matplotlib", "resolvent")
    options.out.mkdir(parents=True, exist_ok=True)
    root = options.keep or Path(tempfile.mkdtemp(prefix="growth-"))
    rows: list[Json] = []
    for size in options.sizes:
        names = min(size, options.names) if options.by == "depth" else min(31_000, max(200, size // 48))
        folder = root / f"{size}-{names}-{options.seed}"
        if not (folder / "problems.jsonl").is_file():
            generate(
                folder, records=size, names=names, seed=options.seed, problems=max(20, options.requests), plain=True
            )
        row = {"records": size, "names": names, **measure(folder, options.requests, options.timeout)}
        rows.append(row)
        print(_line(row), flush=True)
        if not options.keep:
            shutil.rmtree(folder)
    (options.out / "growth.json").write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")
    plot(rows, options.out)
    keys = [key for key in rows[0] if key != "error"]
    cells = [keys, *([_cell(row.get(key)) for key in keys] for row in rows)]
    page("Growth", "\n".join(map(_line, rows)), ["growth.png"], cells, options.out / "index.html")
    print(options.out / "index.html")


def _line(row: Json) -> str:
    if "error" in row:
        return f"{row['records']:>9,} records: {row['error']}"
    times = "  ".join(f"{key} {row[key] * 1000:9.1f} ms" for key in ("parse", "build", "open", "first", "warm"))
    return f"{row['records']:>9,} records  {times}  peak {row['peak build MB']:.0f} / {row['peak open MB']:.0f} MB"


def _cell(value: object) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)


if __name__ == "__main__":
    main()
