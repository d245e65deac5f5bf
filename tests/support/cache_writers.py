"""Processes that write a cache without end, to be killed at any moment, and a judge of what they leave behind."""

from __future__ import annotations

import hashlib
import json
import os
import random
from collections.abc import Iterable
from pathlib import Path

from network_support import config, read_json

import resolvent
from resolvent.cache import check
from resolvent.network import NetworkError, fetch_channel

ROOT = "root"
"""The name whose shards lead to all others."""


def write_for_ever(address: str, cache: str, seed: int) -> None:
    """Fetch whole repodata and shards, and build index files, over and over."""
    os.environ["RESOLVENT_CACHE_DIR"] = cache
    os.environ.pop("RESOLVENT_NO_INDEX_FILES", None)
    chance = random.Random(seed)
    settings = config(Path(cache), ttl=0, retries=5)
    while True:
        what = chance.randrange(3)
        if what == 0:
            fetch_channel(f"{address}/whole", subdirs=["linux-64"], config=settings)
        elif what == 1:
            fetch_channel(f"{address}/shards", subdirs=["linux-64"], config=settings, names=[ROOT])
        else:
            resolvent.load_index(f"{address}/whole", platform="linux-64")


def wrong_files(cache: Path, published: Iterable[bytes]) -> list[str]:
    """Return what is wrong or unreadable below a cache; temporary files of the dead are no part of it."""
    good = set(published)
    wrong: list[str] = []
    for path in [path for path in cache.rglob("*") if path.is_file() and not path.name.startswith(".")]:
        kind = path.relative_to(cache).parts[0]
        try:
            data = path.read_bytes()
            if path.suffix == ".json" and kind != "locks":
                json.loads(data)
        except FileNotFoundError:
            continue  # replaced meanwhile
        except ValueError as error:
            wrong.append(f"{path}: {error}")
            continue
        if path.name == "repodata.json.zst" and data not in good:
            wrong.append(f"{path}: no version that the server ever had")
        elif kind == "shards" and hashlib.sha256(data).hexdigest() != path.name.partition(".")[0]:
            wrong.append(f"{path}: another hash")
        elif kind == "assembled" and path.name == "repodata.json" and len(names_of(path)) != 31:
            wrong.append(f"{path}: not all packages")
        elif path.suffix == ".index":
            problem = check(path)
            if problem is not None and path.exists():
                wrong.append(f"{path}: {problem}")
    return wrong


def names_of(path: Path) -> set[str]:
    """Names of the packages in a repodata file."""
    return {record["name"] for record in read_json(path)["packages.conda"].values()}


def readable(address: str, cache: Path) -> list[str]:
    """Read everything offline, as the next process will; return what cannot be read although it is there."""
    return [
        problem
        for channel, names in (("whole", None), ("shards", [ROOT]))
        if (problem := _offline(address, cache, channel, names))
    ]


def _offline(address: str, cache: Path, channel: str, names: list[str] | None) -> str:
    settings = config(cache, offline=True)
    try:
        fetch_channel(f"{address}/{channel}", subdirs=["linux-64"], config=settings, names=names)
    except NetworkError as error:
        return "" if error.kind == "offline" else str(error)  # not there yet, or of two versions: nothing wrong
    return ""
