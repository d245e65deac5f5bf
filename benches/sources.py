"""Where the benchmarks get their indices and requests, and how they write new ones.

Indices are read whole (the real sample has 40,000 records a platform) and written as streams: a generated index of
1.5 million records never lies in memory. A written channel is a folder with one folder a subdir, each holding
`repodata.json.zst`, plain `repodata.json`, or both.
"""

from __future__ import annotations

import gzip
import io
import json
import os
import tempfile
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from types import TracebackType
from typing import Any, TextIO

import zstandard

#: One repodata record, or one request: JSON objects as they lie in the files.
Json = dict[str, Any]

REPOSITORY = Path(__file__).resolve().parent.parent


def need(*modules: str) -> None:
    """End with a message, before anything is measured, if a module of the `bench` extra is not installed."""
    absent = [name for name in modules if find_spec(name) is None]
    if absent:
        raise SystemExit(f"not installed: {', '.join(absent)}; pip install -e '.[bench]'")


def shared_folder() -> Path:
    """Return the folder of shared data: RESOLVENT_SHARED, or `shared` beside the checkout.

    Raises
    ------
    SystemExit
        If there is none; the message says how to name it.
    """
    folder = Path(os.environ.get("RESOLVENT_SHARED") or REPOSITORY.parent / "shared")
    if not (folder / "data").is_dir():
        raise SystemExit(f"no data in {folder}: set RESOLVENT_SHARED, or name the files by the command's options")
    return folder


def channel_folder(root: Path, channel: str) -> Path | None:
    """Return the folder of a channel below `root`, or None if it has no records there."""
    folder = root / channel.replace("/", "_")
    return folder if channel != "nodefaults" and folder.is_dir() else None


def repodata_file(folder: Path, subdir: str) -> Path | None:
    """Return a subdir's repodata, plain rather than compressed, or None if it has none."""
    for name in ("repodata.json", "repodata.json.zst"):
        path = folder / subdir / name
        if path.is_file():
            return path
    return None


def open_text(path: Path) -> TextIO:
    """Open a text file that may be compressed (`.gz`, `.zst`) for reading."""
    if path.suffix == ".gz":
        return gzip.open(path, "rt", encoding="utf-8")
    if path.suffix == ".zst":
        raw = zstandard.ZstdDecompressor().stream_reader(path.open("rb"), closefd=True)
        return io.TextIOWrapper(io.BufferedReader(raw, 1 << 20), encoding="utf-8")
    return path.open(encoding="utf-8")


def read_problems(path: Path) -> list[Json]:
    """Read requests, one JSON object a line."""
    with open_text(path) as lines:
        return [json.loads(line) for line in lines if line.strip()]


def spread(problems: list[Json], limit: int | None) -> list[Json]:
    """Return at most `limit` of the requests, spread evenly over them; all of them without a limit."""
    if not limit or limit >= len(problems):
        return problems
    return [problems[number * len(problems) // limit] for number in range(limit)]


def read_records(folder: Path, subdir: str) -> Iterator[tuple[str, Json]]:
    """Yield (file name, record) of one subdir of a channel; nothing if the subdir is absent.

    Of two files with one stem, only the `.conda` one counts (`.tar.bz2` twins are the same package).
    """
    path = repodata_file(folder, subdir)
    if path is None:
        return
    with open_text(path) as file:
        data = json.load(file)
    newer = data.get("packages.conda") or {}
    for name, record in (data.get("packages") or {}).items():
        if name.removesuffix(".tar.bz2") + ".conda" not in newer:
            yield name, record
    yield from newer.items()


def plain_copy(folder: Path, subdir: str, scratch: Path) -> Path | None:
    """Return uncompressed repodata of a subdir, made once in `scratch` if the channel has only a compressed one."""
    path = repodata_file(folder, subdir)
    if path is None or path.suffix == ".json":
        return path
    facts = path.stat()
    copy = scratch / f"{folder.name}-{facts.st_size}-{facts.st_mtime_ns}" / subdir / "repodata.json"
    if not copy.is_file():
        copy.parent.mkdir(parents=True, exist_ok=True)
        part = copy.with_suffix(".part")
        with path.open("rb") as source, part.open("wb") as target:
            zstandard.ZstdDecompressor().copy_stream(source, target)
        part.replace(copy)
    return copy


class RepodataWriter:
    """Writes one subdir's repodata as a stream of records, in bounded memory.

    Records go to the section of their file name's ending. The `.tar.bz2` ones wait in a temporary file, because the
    sections of the JSON object have to follow each other.

    Parameters
    ----------
    folder
        The channel's folder; `<folder>/<subdir>/repodata.json[.zst]` is written.
    subdir
        Platform or `noarch`.
    plain, compressed
        Which of the two forms to write.
    """

    def __init__(self, folder: Path, subdir: str, *, plain: bool = False, compressed: bool = True) -> None:
        self.count = 0
        base = folder / subdir
        base.mkdir(parents=True, exist_ok=True)
        self._sinks: list[Any] = []
        if plain:
            self._sinks.append((base / "repodata.json").open("wb"))
        if compressed:
            compressor = zstandard.ZstdCompressor(level=3)
            self._sinks.append(compressor.stream_writer((base / "repodata.json.zst").open("wb"), closefd=True))
        self._old: Any = tempfile.TemporaryFile("w+b")  # noqa: SIM115 - closed with the writer
        self._first = {"packages.conda": True, "packages": True}
        self._write(f'{{"info":{{"subdir":"{subdir}"}},"repodata_version":1,"packages.conda":{{'.encode())

    def add(self, file_name: str, record: Json) -> None:
        """Write one record."""
        section = "packages.conda" if file_name.endswith(".conda") else "packages"
        comma = "" if self._first[section] else ","
        self._first[section] = False
        line = f"{comma}\n{json.dumps(file_name)}:{json.dumps(record, separators=(',', ':'))}".encode()
        if section == "packages":
            self._old.write(line)
        else:
            self._write(line)
        self.count += 1

    def close(self) -> None:
        """Write what has waited, and close the files."""
        self._write(b'},"packages":{')
        self._old.seek(0)
        while block := self._old.read(1 << 20):
            self._write(block)
        self._old.close()
        self._write(b"}}\n")
        for sink in self._sinks:
            sink.close()

    def _write(self, data: bytes) -> None:
        for sink in self._sinks:
            sink.write(data)

    def __enter__(self) -> RepodataWriter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def write_problems(path: Path, problems: list[Json]) -> None:
    """Write requests, one JSON object a line."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(problem) + "\n" for problem in problems), encoding="utf-8")
