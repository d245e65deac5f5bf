"""A problem as one text file: the request, the target, and just the records that it can reach.

`save_problem` writes it, `replay` solves it again, anywhere, without channels. The file is JSON with one record a line,
so that two of them can be compared and a record can be taken out by hand. It holds the request as the core was given
it, so a cut-off of an age or the facts of the machine are the same when it is solved again. Records that the request
can never choose are kept only where they count: for ranks, channel priority, and the layers of the contract.

Channels are named as records name them, without credentials; tokens and passwords in specs are left out.

>>> import pathlib, tempfile
>>> import resolvent
>>> index = resolvent.load_index([resolvent.sample_channel()], platform="linux-64")
>>> path = pathlib.Path(tempfile.mkdtemp()) / "problem.json"
>>> linux = {"__glibc": "2.28", "__unix": "0", "__linux": "5.10"}
>>> resolvent.save_problem(path, ["numpy"], index=index, virtual_packages=linux)
>>> len(resolvent.replay(path)) == len(resolvent.solve(["numpy"], index=index, virtual_packages=linux))
True
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .. import _core
from .._core import Index, InternalError, PackageRecord, ResolventError, Solution
from ..arguments import Specs, timeout_seconds
from ..cache_paths import cache_root
from ..channels import LocalSource, OpenedSources
from ..index import load_folders
from ..platforms import target_platform
from ..request import Request, RequestOptions, core_request, facts_of, request_of
from ..signatures import shows_options
from ..virtual_packages import VirtualPackages

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from ..solution import WhyNot

#: The first entry of a file; the number changes when older readers would misread it.
FORMAT = "resolvent-problem-2"

#: What solving may look at in any record.
_KEYS = (
    "name",
    "version",
    "build",
    "build_number",
    "subdir",
    "channel",
    "fn",
    "depends",
    "constrains",
    "timestamp",
    "indexed_timestamp",
    "track_features",
    "features",
    "noarch",
    "license",
    "license_family",
    "flags",
    "extra_depends",
)
#: What solving looks at only where a spec speaks of it. They are written for all records then, `null` where a channel
#: does not tell one, so that a file from which one was taken out shows it.
_IDENTITY = ("md5", "sha256", "url")
_SPEAKS_OF_IDENTITY = re.compile(r"md5|sha256|\burl\s*=|://|\.conda\b|\.tar\.bz2\b")
_USER = re.compile(r"(?<=://)[^/@\s\"']+@")
_TOKEN = re.compile(r"(://[^/\s\"']+)/t/[^/\s\"']+")


@shows_options
def save_problem(
    path: str | os.PathLike[str],
    specs: Request | Specs,
    *,
    index: Index,
    virtual_packages: VirtualPackages = None,
    wish: str | None = None,
    **options: Unpack[RequestOptions],
) -> None:
    """Write a request and the records it can reach into one file.

    Parameters
    ----------
    path
        The file; it is replaced in one step.
    specs, index, virtual_packages
        As `resolvent.solve` takes them.
    wish
        What `resolvent.why_not` was asked, if that is the question.
    **options
        Without a `Request`: see `RequestOptions`.

    Raises
    ------
    OSError
        If the file cannot be written.
    """
    request = request_of(specs, options, virtual_packages=virtual_packages)
    write_whole(Path(path), problem_text(index, request, facts_of(request, index.platform), wish))


def problem_text(index: Index, request: Request, facts: list[str], wish: str | None = None) -> str:
    """Return the file's text for a request about a target."""
    asked = core_request(request, facts)
    environment = asked["environment"]
    more = [] if wish is None else [wish]
    installed: list[PackageRecord] = []
    if environment is not None:
        installed = list(environment["installed"])
        more += environment["history"]
        for record in installed:
            more += [record.name, *record.depends]
    found = _core.reachable(asked, index, more)
    texts = [*asked["specs"], *asked["constraints"], *asked["pins"], *asked["policy"]["deny"], *more]
    for record in found:
        texts += record.depends + record.constrains
        for group in record.extra_depends.values():
            texts += group
    identity = any(_SPEAKS_OF_IDENTITY.search(text) for text in set(texts))
    head = {
        "format": FORMAT,
        "version": _core.__version__,
        "platform": index.platform,
        "channels": index.channels,
        "virtual_packages": facts,
        "request": {
            **{key: value for key, value in asked.items() if key != "virtual_packages"},
            "channel_priority": asked["channel_priority"] or index.channel_priority,
            "environment": environment
            and {**environment, "installed": [_entry(record, identity=identity) for record in installed]},
        },
    }
    if wish is not None:
        head["wish"] = wish
    lines = [json.dumps(_entry(record, identity=identity), sort_keys=True) for record in found]
    text = json.dumps(head, indent=1)[:-2] + ',\n "records": [\n' + ",\n".join(lines) + "\n ]\n}\n"
    return _TOKEN.sub(r"\1", _USER.sub("", text))


def _entry(record: PackageRecord, *, identity: bool) -> dict[str, Any]:
    """Return what solving looks at; the rest of a record does not matter."""
    data = record.to_dict()
    entry = {key: data[key] for key in _KEYS if data.get(key)}
    entry.setdefault("build_number", 0)
    entry.setdefault("depends", [])
    entry.setdefault("constrains", [])
    if identity:
        entry.update((key, data.get(key) or None) for key in _IDENTITY)
    return entry


def write_whole(target: Path, text: str) -> None:
    """Write a file through another beside it, so that nobody sees a part of it."""
    temporary = target.with_name(f"{target.name}.{os.getpid()}.tmp")
    try:
        temporary.write_text(text, encoding="utf-8")
        temporary.replace(target)
    except OSError as error:
        # The file as it was given: nobody knows the other one.
        raise OSError(error.errno, error.strerror, os.fspath(target)) from None
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink()


def read_problem(path: str | os.PathLike[str]) -> dict[str, Any]:
    """Return what a file of `save_problem` (or of `write_proof`) holds.

    Raises
    ------
    ResolventError
        If it is no such file.
    OSError
        If it cannot be read.
    """
    try:
        problem = json.loads(Path(path).read_text(encoding="utf-8"))
    except ValueError as error:
        raise ResolventError(f"{os.fspath(path)} is not a saved problem: {error}") from None
    if not isinstance(problem, dict) or problem.get("format") != FORMAT:
        raise ResolventError(f"{os.fspath(path)} is not a saved problem: it does not say {FORMAT!r}")
    # It becomes part of a path and of URLs.
    if not isinstance(problem.get("platform"), str):
        raise ResolventError(f"{os.fspath(path)} is not a whole problem: it names no platform")
    target_platform(problem["platform"])
    return problem


def replay(path: str | os.PathLike[str], *, timeout: float | None = None) -> Solution:
    """Solve a saved problem again.

    Parameters
    ----------
    path
        What `save_problem` wrote.
    timeout
        Seconds.

    Raises
    ------
    ResolventError
        If the file is no such problem.
    UnsatisfiableError
        If it has no answer, as `resolvent.solve`.
    """
    return _again(path, read_problem(path), timeout)


def replay_why_not(path: str | os.PathLike[str], *, timeout: float | None = None) -> WhyNot | None:
    """Ask the `why_not` of a saved problem again; None if it holds no wish."""
    from ..solution import why_not

    problem = read_problem(path)
    wish = problem.get("wish")
    return None if wish is None else why_not(_again(path, problem, timeout), str(wish), timeout=timeout)


def _again(path: str | os.PathLike[str], problem: Mapping[str, Any], timeout: float | None) -> Solution:
    try:
        request = dict(problem["request"])
        policy = dict(request["policy"])
        for key in ("exclude_newer_channels", "exclude_newer_packages"):
            policy[key] = [tuple(pair) for pair in policy[key]]
        request["policy"] = policy
        environment = request["environment"]
        if environment is not None:
            found = [PackageRecord.from_dict(entry) for entry in environment["installed"]]
            request["environment"] = {**environment, "installed": found}
        with tempfile.TemporaryDirectory() as folder:
            index = _rebuild(problem, Path(folder))
        request["virtual_packages"] = problem["virtual_packages"]
        return _core.Session(index).solve(request, timeout_seconds(timeout))
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ResolventError(f"{os.fspath(path)} is not a whole problem: {type(error).__name__} {error}") from None


def with_problem(error: InternalError, index: Index, request: Request, facts: list[str]) -> InternalError:
    """Return the error of a failed check with a file that shows it: in the cache, or where temporary files go."""
    path: str | None = None
    name = f"problem-{time.strftime('%Y%m%dT%H%M%S')}-{os.getpid()}-{time.monotonic_ns() % 1_000_000}.json"
    for folder in (Path(cache_root()) / "problems", Path(tempfile.gettempdir())):
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            write_whole(folder / name, problem_text(index, request, facts))
            path = str(folder / name)
            break
        except OSError:
            continue
    hint = f"; please report it with {path}" if path else ""
    told = InternalError(f"{error}{hint}")
    told.problem = path
    return told


def _rebuild(problem: Mapping[str, Any], folder: Path) -> Index:
    """Load the records from channels written for the occasion.

    Of the file's texts only the platform, which is checked, becomes part of a path.
    """
    sources: list[LocalSource] = []
    platform = target_platform(problem["platform"])
    for number, channel in enumerate(problem["channels"]):
        own = [entry for entry in problem["records"] if entry["channel"] == channel]
        for subdir in {platform, "noarch"}:
            _write_subdir(folder / str(number) / subdir, subdir, [e for e in own if e["subdir"] == subdir])
        sources.append(LocalSource(str(channel), str(folder / str(number))))
    priority = problem["request"]["channel_priority"]
    opened = OpenedSources(sources, platform=platform, selective=False)
    return load_folders(opened, platform, priority, False, opened.folders(None), keep=False)


def _write_subdir(folder: Path, subdir: str, entries: Sequence[Mapping[str, Any]]) -> None:
    groups: dict[str, dict[str, Any]] = {"packages": {}, "packages.conda": {}}
    info = {"subdir": subdir}
    # The folder of the archives, where it is given and not where the channel has it.
    places = {str(entry.get("url") or "").removesuffix(entry["fn"]) for entry in entries}
    if len(places) == 1 and all(places):
        info["base_url"] = places.pop()
    for entry in entries:
        plain = {key: value for key, value in entry.items() if key not in {"channel", "fn", "url"}}
        group = "packages.conda" if entry["fn"].endswith(".conda") else "packages"
        groups[group][entry["fn"]] = plain
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "repodata.json").write_text(json.dumps({"info": info, **groups}), encoding="utf-8")
