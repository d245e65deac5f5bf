"""Write `docs/conflicts-side-by-side.md`: twenty requests without an answer, told by resolvent and by py-rattler.

    python benches/side_by_side.py DATA docs/conflicts-side-by-side.md

DATA is a folder of channel folders. Both tools get the same records, specs and virtual packages; what stands in the
page is what they print, whole. What py-rattler cannot be told (deny lists, licences) is no case here.
"""

from __future__ import annotations

import argparse
import asyncio
import dataclasses
import datetime
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import rattler
import zstandard
from rattler.exceptions import SolverError

import resolvent

#: Longer texts of py-rattler are folded.
LONGEST = 40
LINUX = ("__archspec 1 x86_64", "__glibc 2.28", "__linux 5.10", "__unix 0")


@dataclasses.dataclass(frozen=True)
class Case:
    """One request."""

    title: str
    specs: tuple[str, ...]
    virtual: tuple[str, ...] = LINUX
    channels: tuple[str, ...] = ("conda-forge",)
    keywords: Mapping[str, Any] = dataclasses.field(default_factory=dict)


CASES = (
    Case("Old python, new package", ("python 3.8.*", "pandas >=2.2")),
    Case("Old python, three new packages", ("python 3.9.*", "scipy >=1.14", "matplotlib-base >=3.10", "numpy >=2.1")),
    Case("New python, old package", ("python 3.14.*", "numba 0.57.*")),
    Case("A library that wants an older numpy", ("numpy >=2", "pandas 2.1.*")),
    Case("Old openssl, new curl", ("openssl 1.1.*", "curl >=8.5")),
    Case("Two packages that want different zlib", ("curl <7.87", "nodejs >=22")),
    Case("A typo", ("scipy", "nunpy >=1.2")),
    Case("A version that is not there", ("numpy 9.*", "python")),
    Case("A version that no longer is", ("python 2.7.*", "requests")),
    Case("A package of another platform", ("pywin32",)),
    Case("No GPU", ("pytorch 2.6.* *cuda*",)),
    Case("An old glibc", ("nodejs >=22",), ("__archspec 1 x86_64", "__glibc 2.12", "__linux 5.10", "__unix 0")),
    Case("A pin against the request", ("numpy >=2",), keywords={"constraints": ("python 3.8.*",)}),
    Case("A constraint against a dependency", ("scipy >=1.14",), keywords={"constraints": ("numpy <1.20",)}),
    Case("A cut-off", ("numpy >=2.2", "python"), keywords={"exclude_newer": "2024-06-30"}),
    Case("Strict channel priority", ("pytorch >=2.5",), channels=("pytorch", "conda-forge")),
    Case("Not installable whatever else is asked for", ("gdal 3.6.*", "python 3.13.*")),
    Case("Two specs of one package", ("numpy >=2", "scipy", "numpy <2")),
    Case("Three things wrong at once", ("numpy 9.*", "nunpy", "python 3.8.*", "pandas >=2.2")),
    Case("BLAS of two kinds", ("numpy", "libblas * *mkl", "libcblas * *openblas")),
)


class Channels:
    """Channels for both tools; py-rattler reads them unpacked."""

    def __init__(self, data: Path, work: Path) -> None:
        self.data = data
        self.work = work

    def index(self, names: tuple[str, ...]) -> resolvent.Index:
        """Return resolvent's index."""
        return resolvent.load_index([f"{name}={self.data / name}" for name in names], platform="linux-64")

    def sparse(self, names: tuple[str, ...]) -> list[Any]:
        """Return py-rattler's repodata."""
        found = []
        for name in names:
            for subdir in ("linux-64", "noarch"):
                packed = self.data / name / subdir / "repodata.json.zst"
                plain = self.work / name / subdir / "repodata.json"
                if not packed.is_file():
                    continue
                if not plain.is_file():
                    plain.parent.mkdir(parents=True, exist_ok=True)
                    with packed.open("rb") as source, plain.open("wb") as target:
                        zstandard.ZstdDecompressor().copy_stream(source, target)
                found.append(rattler.SparseRepoData(rattler.Channel(name), subdir, plain))
        return found


def ours(channels: Channels, case: Case) -> str:
    """Return what resolvent says, fixes included, without the commands."""
    try:
        resolvent.solve(
            list(case.specs), index=channels.index(case.channels), virtual_packages=case.virtual, **case.keywords
        )
    except resolvent.UnsatisfiableError as error:
        conflict = error.conflict
        lines = [str(conflict), *(f"besides, {other.headline}" for other in conflict.further())]
        lines += [f"fix: {fix}" for fix in conflict.fixes()]
        return "\n".join(lines)
    raise SystemExit(f"{case.title}: there is an answer")


def theirs(channels: Channels, case: Case) -> str:
    """Return what py-rattler says."""
    facts = [
        rattler.GenericVirtualPackage(
            rattler.PackageName(parts[0]), rattler.Version(parts[1]), rattler.BuildString(parts[2])
        )
        for parts in ([*text.split(), "0"][:3] for text in case.virtual)
    ]
    more: dict[str, Any] = {}
    if "exclude_newer" in case.keywords:
        day = datetime.date.fromisoformat(case.keywords["exclude_newer"])
        end = datetime.datetime.combine(day, datetime.time.max, tzinfo=datetime.timezone.utc)
        more["exclude_newer"] = end

    async def ask() -> Any:
        return await rattler.solve_with_sparse_repodata(
            [rattler.MatchSpec(spec) for spec in case.specs],
            channels.sparse(case.channels),
            virtual_packages=facts,
            channel_priority=rattler.ChannelPriority.Strict,
            constraints=[rattler.MatchSpec(spec) for spec in case.keywords.get("constraints", ())],
            **more,
        )

    try:
        asyncio.run(ask())
    except SolverError as error:
        return str(error)
    return "(an answer)"


def main() -> None:
    """Write the page."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("page", type=Path)
    options = parser.parse_args()
    work = Path(tempfile.mkdtemp())
    channels = Channels(options.data, work)
    version = rattler.__version__
    lines = [
        "# Twenty conflicts, side by side",
        "",
        f"What resolvent and py-rattler {version} print for the same requests over the same records, whole and",
        "unchanged; written by `benches/side_by_side.py`. Below resolvent's text stand its fixes, each of which was",
        "solved; on the command line each comes with the command to paste.",
        "",
        "| request | lines of resolvent | lines of py-rattler |",
        "|---|---:|---:|",
    ]
    body: list[str] = []
    for number, case in enumerate(CASES, 1):
        mine, other = ours(channels, case), theirs(channels, case)
        request = ", ".join(f"`{spec}`" for spec in case.specs)
        extra = "; ".join(f"{key} {value}" for key, value in case.keywords.items())
        extra = extra.replace("('", "`").replace("',)", "`")
        if case.virtual is not LINUX:
            extra = f"target with {', '.join(case.virtual)}"
        if len(case.channels) > 1:
            extra = f"channels {', '.join(case.channels)}"
        counts = f"{len(mine.splitlines())} | {len(other.splitlines())}"
        lines.append(f"| [{number}. {case.title}](#{number}) | {counts} |")
        body += [f'<a id="{number}"></a>', "", f"## {number}. {case.title}", ""]
        body += [f"{request}{f' ({extra})' if extra else ''}", "", "resolvent:", "", "```text", mine, "```", ""]
        quoted = ["```text", *(line.rstrip() for line in other.splitlines()), "```", ""]
        if len(quoted) > LONGEST:
            summary = f"py-rattler {version} ({len(quoted) - 3} lines)"
            body += ["<details>", f"<summary>{summary}</summary>", "", *quoted, "</details>", ""]
        else:
            body += [f"py-rattler {version}:", "", *quoted]
    options.page.write_text("\n".join([*lines, "", *body]).rstrip() + "\n")
    shutil.rmtree(work)


if __name__ == "__main__":
    main()
