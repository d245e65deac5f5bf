"""Turn the rows of `peers.py` into a table, JSON, plots (PNG) and an HTML page."""

from __future__ import annotations

import html
import json
import statistics
from collections.abc import Sequence
from pathlib import Path

from sources import Json

TIMES = ("cold", "first", "warm")


def quantile(values: Sequence[float], share: float) -> float:
    """Return the value below which `share` of the values lie."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def summary(rows: Sequence[Json], tools: Sequence[str]) -> Json:
    """Return medians, ninth deciles, ratios and counts over all requests."""
    result: Json = {"tools": {}, "ratios": {}}
    for tool in tools:
        good = [row[tool] for row in rows if "error" not in row[tool]]
        facts: Json = {"errors": len(rows) - len(good), "unsat": sum(not x["sat"] for x in good)}
        for key in (*TIMES, "peak"):
            values = [x[key] for x in good if x.get(key) is not None]
            if values:
                facts[key] = {"median": statistics.median(values), "p90": quantile(values, 0.9), "max": max(values)}
        judged = [x for x in good if "against_optimum" in x]
        facts |= {
            "optimum known": len(judged),
            "levels 2-4": sum(x["top"] for x in judged),
            "all levels": sum(x["whole"] for x in judged),
            "invalid": sum(bool(x.get("violations")) for x in good),
            "unstable": sum(bool(x.get("unstable")) for x in good),
        }
        result["tools"][tool] = facts
    if len(tools) == 2:
        ours, theirs = tools
        for key in TIMES:
            ratios = [row[theirs][key] / row[ours][key] for row in rows if row[ours].get(key) and row[theirs].get(key)]
            if ratios:
                result["ratios"][key] = {
                    "median": statistics.median(ratios),
                    "worst tenth": quantile(ratios, 0.1),
                    "minimum": min(ratios),
                    "slower": sum(ratio < 1 for ratio in ratios),
                    "requests": len(ratios),
                }
        both = [row for row in rows if all("error" not in row[tool] for tool in tools)]
        result["verdicts differ"] = [row["id"] for row in both if row[ours]["sat"] != row[theirs]["sat"]]
        result["against peer"] = {
            word: sum(row.get("against_peer") == word for row in rows) for word in ("better", "equal", "tie", "worse")
        }
    return result


def table(facts: Json) -> str:
    """Return the summary as text."""
    lines = [
        f"{'':12}{'':8}"
        + "".join(f"{tool:>16}" for tool in facts["tools"])
        + f"{'ratio':>10}{'worst 10%':>11}{'min':>8}"
    ]
    for key in (*TIMES, "peak"):
        unit = 1 if key == "peak" else 1000
        for statistic in ("median", "p90", "max"):
            cells = [tool.get(key, {}).get(statistic) for tool in facts["tools"].values()]
            line = f"{key + (' MB' if key == 'peak' else ' ms'):12}{statistic:8}"
            line += "".join(f"{'-':>16}" if cell is None else f"{cell * unit:16.1f}" for cell in cells)
            ratio = facts["ratios"].get(key)
            if ratio and statistic == "median":
                line += f"{ratio['median']:10.2f}{ratio['worst tenth']:11.2f}{ratio['minimum']:8.2f}"
            lines += [line]
    for key in ("errors", "unsat", "invalid", "unstable", "optimum known", "levels 2-4", "all levels"):
        line = f"{key:20}" + "".join(f"{tool[key]:16}" for tool in facts["tools"].values())
        lines += [line]
    if "against peer" in facts:
        words = ", ".join(f"{word} {count}" for word, count in facts["against peer"].items())
        lines.append(
            f"answers of the first against the second: {words}; verdicts differ: {len(facts['verdicts differ'])}"
        )
    return "\n".join(lines)


def plots(rows: Sequence[Json], tools: Sequence[str], out: Path) -> list[str]:
    """Draw the plots and return their file names."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    names = []
    figure, axes = plt.subplots(1, 3, figsize=(14, 4.2))
    for axis, key in zip(axes, TIMES, strict=True):
        for tool in tools:
            values = sorted(row[tool][key] * 1000 for row in rows if row[tool].get(key))
            if values:
                axis.plot(
                    values, [(n + 1) / len(values) for n in range(len(values))], label=tool, drawstyle="steps-post"
                )
        axis.set(xscale="log", xlabel="milliseconds", ylabel="share of the requests", title=key)
        axis.grid(alpha=0.3)
        axis.legend()
    names.append("times.png")
    figure.tight_layout()
    figure.savefig(out / names[-1], dpi=110)
    plt.close(figure)
    if len(tools) == 2:
        ours, theirs = tools
        figure, axis = plt.subplots(figsize=(9, 4.2))
        for key in TIMES:
            ratios = sorted(
                row[theirs][key] / row[ours][key] for row in rows if row[ours].get(key) and row[theirs].get(key)
            )
            axis.plot(ratios, label=key)
        axis.axhline(1, color="black", linewidth=0.8)
        axis.set(
            yscale="log",
            xlabel="requests, by ratio",
            ylabel=f"time of {theirs} / {ours}",
            title="Ratio request by request",
        )
        axis.grid(alpha=0.3, which="both")
        axis.legend()
        names.append("ratios.png")
        figure.tight_layout()
        figure.savefig(out / names[-1], dpi=110)
        plt.close(figure)
    return names


def page(title: str, text: str, images: Sequence[str], rows: Sequence[Sequence[str]], out: Path) -> None:
    """Write an HTML page: a preformatted text, images, and a table whose first row is its head."""
    cells = "".join(
        "<tr>" + "".join(f"<{tag}>{html.escape(cell)}</{tag}>" for cell in row) + "</tr>\n"
        for number, row in enumerate(rows)
        for tag in ["td" if number else "th"]
    )
    pictures = "".join(f'<p><img src="{image}" alt="{image}" style="max-width:100%"></p>\n' for image in images)
    out.write_text(
        f"<!doctype html>\n<html lang=en><meta charset=utf-8><title>{html.escape(title)}</title>\n"
        "<style>body{font:15px sans-serif;margin:2em;max-width:75em}td,th{padding:.2em .8em;text-align:right}"
        "td:first-child,th:first-child{text-align:left}table{border-collapse:collapse}tr:nth-child(odd){background:#f4f4f4}"
        f"</style>\n<h1>{html.escape(title)}</h1>\n<pre>{html.escape(text)}</pre>\n{pictures}<table>\n{cells}</table>\n</html>\n",
        encoding="utf-8",
    )


def report(rows: Sequence[Json], about: Json, tools: Sequence[str], out: Path) -> str:
    """Write `results.json`, the plots and `index.html` below `out`; return the table."""
    out.mkdir(parents=True, exist_ok=True)
    facts = summary(rows, tools)
    (out / "results.json").write_text(json.dumps({"about": about, "summary": facts, "requests": rows}, indent=1) + "\n")
    text = table(facts)
    lines = [["request", *(f"{tool} {key} ms" for key in TIMES for tool in tools), *(f"{t} quality" for t in tools)]]
    for row in rows:
        times = [f"{row[t][key] * 1000:.1f}" if row[t].get(key) else "-" for key in TIMES for t in tools]
        words = [
            row[t].get("against_optimum") or row[t].get("error") or ("" if row[t]["sat"] else "unsat") for t in tools
        ]
        lines.append([row["id"], *times, *words])
    page(
        f"{' and '.join(tools)}: {about['requests']} requests", text, plots(rows, tools, out), lines, out / "index.html"
    )
    return f"{text}\n\n{out / 'index.html'}"
