"""Run the same commands with several of conda's solvers, for real, and compare what is left.

    python tools/conda_scenarios.py "/opt/conda/bin/python -m conda" --solvers resolvent,rattler,classic

makes two small channels of real archives and a few environments, then runs each scenario in a copy of its environment,
once for each solver. Compared are the packages that are installed afterwards, every file of the environment, what the
history says was asked for, and, where the command fails, the class of the error. Nothing of conda is in this project:
which conda is used is the first argument. Not part of the test suite.
"""

from __future__ import annotations

import argparse
import ast
import json
import os
import shlex
import shutil
import subprocess
import sys
import tarfile
import tempfile
import time
import zipfile
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import Any

import zstandard

PLATFORM = "linux-64"


@dataclass(frozen=True)
class Scenario:
    """One command in one environment.

    Attributes
    ----------
    name
        Unique, for people.
    environment
        A key of `ENVIRONMENTS`.
    command
        The words behind `conda`; `{other}` is the second channel's URL.
    variables
        Of the process.
    pinned
        Lines of `conda-meta/pinned`.
    """

    name: str
    environment: str
    command: str
    variables: dict[str, str] = field(default_factory=dict)
    pinned: tuple[str, ...] = ()


def _packages() -> list[tuple[str, str, str, int, list[str], int]]:
    """Return the main channel: name, version, build, build number, depends, day of upload."""
    found: list[tuple[str, str, str, int, list[str], int]] = []

    def add(name: str, version: str, *depends: str, build: str = "0", number: int = 0, day: int = 1) -> None:
        found.append((name, version, build, number, list(depends), day))

    for day, version in enumerate(("1.0", "1.1", "3.0", "3.1"), 1):
        add("openssl", version, "ca-certificates", day=day)
    add("ca-certificates", "2024", day=1)
    add("ca-certificates", "2025", day=40)
    add("zlib", "1.2")
    add("zlib", "1.3", day=20)
    for day, version in enumerate(("3.10.1", "3.11.1", "3.11.5", "3.12.0"), 1):
        add("python", version, "openssl >=1.1", "zlib", day=day * 10)
    for version in ("23.0", "24.0"):
        add("pip", version, "python", "setuptools")
    add("setuptools", "60.0", "python")
    add("setuptools", "70.0", "python", day=30)
    for minor in (10, 11, 12):
        python = f"python >=3.{minor},<3.{minor + 1}.0a0"
        numpys = {10: ("1.24",), 11: ("1.24", "1.26", "2.0"), 12: ("1.26", "2.0")}[minor]
        for version in numpys:
            add("numpy", version, python, build=f"py3{minor}_0", day={"1.24": 5, "1.26": 15, "2.0": 35}[version])
        for version, numpy in (("1.10", "numpy <1.25"), ("1.12", "numpy >=1.26,<2"), ("1.14", "numpy >=1.26")):
            if minor < 12 or version != "1.10":
                add(
                    "scipy",
                    version,
                    python,
                    numpy,
                    build=f"py3{minor}_0",
                    day={"1.10": 6, "1.12": 16, "1.14": 36}[version],
                )
    add("meta", "1.0", "numpy", "scipy")
    for version in ("1.0", "1.5", "2.0", "2.1"):
        add("lib", version)
    add("lib", "2.1", build="1", number=1, day=50)
    add("tool", "1.0", "lib <2")
    add("tool", "2.0", "lib >=2")
    add("app", "1.0", "lib")
    add("app", "2.0", "lib >=1.5")
    add("app", "3.0", "lib >=2")
    add("leaf", "1.0", "twig")
    add("twig", "1.0", "branch")
    add("twig", "1.1", "branch")
    add("branch", "1.0")
    add("gpu", "1.0", build="cpu_0")
    add("gpu", "1.0", "__cuda >=12", build="cuda_1", number=1)
    add("needs-gpu", "1.0", "__cuda >=99")
    return found


def _environments() -> dict[str, str]:
    return {
        "empty": "",
        "science": "python=3.11.1 numpy=1.24 scipy tool=1.0",
        "tools": "tool=1.0 app=1.0 leaf",
        "old": "openssl=1.1 zlib=1.2 lib=1.5",
        "plain": "app=2.0 lib=2.0",
    }


ENVIRONMENTS = _environments()

_CUTOFF = "1970-02-01T00:00:00Z"

SCENARIOS = [
    Scenario("create", "none", "create python=3.11 numpy scipy"),
    Scenario("create the newest", "none", "create meta"),
    Scenario("create, no dependencies", "none", "create --no-deps scipy"),
    Scenario("create, only dependencies", "none", "create --only-deps scipy"),
    Scenario("create from a channel of its own", "none", "create {other}::extra"),
    Scenario("create, impossible", "none", "create 'tool=1.0' 'lib=2.0'"),
    Scenario("create, no such package", "none", "create nunpy"),
    Scenario("create, no such version", "none", "create numpy=9"),
    Scenario("create, missing virtual package", "none", "create needs-gpu"),
    Scenario("create, cuda there", "none", "create gpu", {"CONDA_OVERRIDE_CUDA": "12.6"}),
    Scenario("create, cuda not there", "none", "create gpu", {"CONDA_OVERRIDE_CUDA": ""}),
    Scenario("create, strict priority", "none", "create numpy --strict-channel-priority -c {other}"),
    Scenario("create, no priority", "none", "create lib --no-channel-priority -c {other}"),
    Scenario("create, other channel first", "none", "create lib -c {other}"),
    Scenario("install new", "science", "install app"),
    Scenario("install what is there", "science", "install numpy"),
    Scenario("install another version", "science", "install numpy=1.26"),
    Scenario("install against the history", "tools", "install lib=2.0"),
    Scenario("install, needs another dependency", "old", "install app=3.0"),
    Scenario("install, specs satisfied", "science", "install -S numpy"),
    Scenario("install, freeze", "old", "install --freeze-installed app"),
    Scenario("install, freeze, impossible", "tools", "install --freeze-installed app=3.0"),
    Scenario("install, update dependencies", "science", "install --update-deps scipy"),
    Scenario("install, update specs", "science", "install --update-specs numpy"),
    Scenario("install, update all", "plain", "install --update-all app"),
    Scenario("install, force reinstall", "tools", "install --force-reinstall app"),
    Scenario("install, only dependencies", "empty", "install --only-deps app=3.0"),
    Scenario("install, no dependencies", "empty", "install --no-deps app=3.0"),
    Scenario("install, another python", "science", "install python=3.12"),
    Scenario("install, pinned", "tools", "install app=2.0", pinned=("lib 1.*",)),
    Scenario("install, against a pin", "tools", "install lib=2.0", pinned=("lib 1.*",)),
    Scenario("install, pins ignored", "old", "install --no-pin lib=2.0", pinned=("lib 1.*",)),
    Scenario("install, bare pin", "old", "install app", pinned=("lib",)),
    Scenario("update one", "science", "update python"),
    Scenario("update a dependency", "plain", "update lib"),
    Scenario("update with dependencies", "science", "update --update-deps numpy"),
    Scenario("update all", "science", "update --all"),
    Scenario("update all, without what is not needed", "tools", "update --all --prune"),
    Scenario("update, nothing to do", "tools", "update leaf"),
    Scenario("update, not installed", "tools", "update numpy"),
    Scenario("remove", "tools", "remove leaf"),
    Scenario("remove with what needs it", "science", "remove numpy"),
    Scenario("remove by force", "science", "remove --force numpy"),
    Scenario("remove, pattern", "tools", "remove 't*'"),
    Scenario("remove, not installed", "tools", "remove numpy"),
    Scenario("remove everything", "tools", "remove --all --keep-env"),
    Scenario("cut-off", "none", "create --exclude-newer " + _CUTOFF + " numpy"),
]


def archive(folder: Path, record: dict[str, Any]) -> None:
    """Write one package with one file in it, and finish its record."""
    stem = f"{record['name']}-{record['version']}-{record['build']}"
    content = f"{stem}\n".encode()
    import hashlib

    path = f"share/{record['name']}.txt"
    paths = {"_path": path, "path_type": "hardlink", "sha256": hashlib.sha256(content).hexdigest()}
    info = {
        "info/index.json": json.dumps(record),
        "info/paths.json": json.dumps({"paths": [{**paths, "size_in_bytes": len(content)}], "paths_version": 1}),
        "info/files": f"{path}\n",
    }
    parts = {
        f"pkg-{stem}.tar.zst": _tar({path: content}),
        f"info-{stem}.tar.zst": _tar({name: text.encode() for name, text in info.items()}),
    }
    file = folder / f"{stem}.conda"
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as whole:
        whole.writestr("metadata.json", '{"conda_pkg_format_version": 2}')
        for name, tar in parts.items():
            whole.writestr(name, zstandard.compress(tar))
    data = file.read_bytes()
    record |= {
        "md5": hashlib.md5(data, usedforsecurity=False).hexdigest(),
        "sha256": hashlib.sha256(data).hexdigest(),
        "size": len(data),
    }


def _tar(files: dict[str, bytes]) -> bytes:
    out = BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, BytesIO(content))
    return out.getvalue()


def channels(root: Path) -> tuple[str, str]:
    """Write the two channels; return their URLs."""
    other = [("extra", "1.0", "0", 0, ["lib"], 1), ("lib", "1.9", "0", 0, [], 1), ("numpy", "3.0", "0", 0, [], 1)]
    for name, packages in (("main", _packages()), ("other", other)):
        folder = root / name / PLATFORM
        folder.mkdir(parents=True)
        records = {}
        for package, version, build, number, depends, day in packages:
            record = {
                "name": package,
                "version": version,
                "build": build,
                "build_number": number,
                "depends": depends,
                "subdir": PLATFORM,
                "timestamp": day * 86_400_000,
            }
            archive(folder, record)
            records[f"{package}-{version}-{build}.conda"] = record
        repodata = {"info": {"subdir": PLATFORM}, "packages": {}, "packages.conda": records}
        (folder / "repodata.json").write_text(json.dumps(repodata))
        noarch = root / name / "noarch"
        noarch.mkdir()
        (noarch / "repodata.json").write_text('{"info": {"subdir": "noarch"}, "packages": {}, "packages.conda": {}}')
    return (root / "main").as_uri(), (root / "other").as_uri()


class Conda:
    """The conda that is asked."""

    def __init__(self, command: str, root: Path) -> None:
        self.words = shlex.split(command)
        self.root = root
        self.main, self.other = channels(root / "channels")
        self.common = {
            **os.environ,
            "HOME": str(root / "home"),
            "CONDA_PKGS_DIRS": str(root / "pkgs"),
            "CONDA_ENVS_DIRS": str(root / "envs"),
            "CONDA_REMOTE_MAX_RETRIES": "0",
            "CONDA_NOTIFY_OUTDATED_CONDA": "false",
            "RESOLVENT_CACHE_DIR": str(root / "cache"),
        }
        (root / "home").mkdir()

    def run(self, words: list[str], solver: str, prefix: Path, variables: dict[str, str]) -> dict[str, Any]:
        """Run a command; return what it printed as JSON."""
        verb, rest = words[0], words[1:]
        more = ["--solver", solver] if "--all" not in rest or verb == "update" else []
        if verb != "remove":
            # Behind the channels that the scenario names.
            rest = [*rest, "--override-channels", "-c", self.main]
        command = [*self.words, verb, "--prefix", str(prefix), "--yes", "--json", *more, *rest]
        environment = {**self.common, **variables}
        if verb == "remove":
            environment["CONDA_CHANNELS"] = self.main
        done = subprocess.run(command, env=environment, cwd=self.root, capture_output=True, text=True, check=False)
        try:
            printed: dict[str, Any] = json.loads(done.stdout)
        except ValueError:
            return {"exception_name": "no JSON", "text": done.stdout[-2000:] + done.stderr[-2000:]}
        return printed

    def environments(self) -> dict[str, Path]:
        """Make the environments that scenarios start from."""
        made = {}
        for name, specs in ENVIRONMENTS.items():
            prefix = self.root / "templates" / name
            answer = self.run(["create", *shlex.split(specs)], "classic", prefix, {})
            if not answer.get("success"):
                raise SystemExit(f"cannot make {name}: {answer}")
            made[name] = prefix
        return made


def left(prefix: Path) -> dict[str, Any]:
    """Return what an environment holds."""
    if not prefix.is_dir():
        return {}
    meta = prefix / "conda-meta"
    history = meta / "history"
    lines = history.read_text().splitlines() if history.is_file() else []
    asked = [line for line in lines if line.startswith(("# update specs", "# remove specs", "# neutered specs"))]
    files = sorted(str(file.relative_to(prefix)) for file in prefix.rglob("*") if file.is_file())
    return {
        "packages": sorted(file.stem for file in meta.glob("*.json")),
        "files": [file for file in files if not file.startswith("conda-meta/")],
        "asked": [_sorted(line) for line in asked[-2:]],
    }


def _sorted(line: str) -> str:
    """Return a line of a history with its specs sorted: conda writes them in the order of a set."""
    what, _, specs = line.partition(": ")
    return f"{what}: {sorted(ast.literal_eval(specs))}"


def outcome(conda: Conda, scenario: Scenario, template: Path | None, solver: str) -> dict[str, Any]:
    """Run a scenario with a solver; return what is left, or the class of the error."""
    prefix = Path(tempfile.mkdtemp(dir=conda.root)) / "env"
    if template is not None:
        shutil.copytree(template, prefix, symlinks=True)
    if scenario.pinned:
        (prefix / "conda-meta" / "pinned").write_text("\n".join(scenario.pinned) + "\n")
    words = shlex.split(scenario.command.format(other=conda.other))
    begun = time.monotonic()
    answer = conda.run(words, solver, prefix, scenario.variables)
    seconds = time.monotonic() - begun
    error = None if answer.get("success") else answer.get("exception_name", "no success")
    found = {"error": _kind(error), **({} if error else left(prefix))}
    shutil.rmtree(prefix.parent)
    return {"compared": found, "seconds": seconds, "message": answer.get("message") or answer.get("text")}


def _kind(error: str | None) -> str | None:
    """Return the class of an error, without the name of the solver that it may begin with."""
    if error is None:
        return None
    for solver in ("Resolvent", "Rattler", "LibMamba"):
        error = error.removeprefix(solver)
    return "PackagesNotFoundInChannelsError" if error == "ResolvePackageNotFound" else error


def main() -> None:
    """Run what the command line says."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("conda", help="how conda is started, such as '/opt/conda/bin/python -m conda'")
    parser.add_argument("--solvers", default="resolvent,rattler,classic", help="the first is compared with the others")
    parser.add_argument("--only", help="scenarios whose names contain this")
    parser.add_argument("--verbose", action="store_true", help="show what differs")
    options = parser.parse_args()
    solvers = options.solvers.split(",")
    chosen = [one for one in SCENARIOS if not options.only or options.only in one.name]
    equal = dict.fromkeys(solvers[1:], 0)
    any_equal = 0
    with tempfile.TemporaryDirectory() as folder:
        conda = Conda(options.conda, Path(folder).resolve())
        templates: dict[str, Path | None] = {"none": None, **conda.environments()}
        for scenario in chosen:
            found = {solver: outcome(conda, scenario, templates[scenario.environment], solver) for solver in solvers}
            ours = found[solvers[0]]
            same = [solver for solver in solvers[1:] if found[solver]["compared"] == ours["compared"]]
            for solver in same:
                equal[solver] += 1
            any_equal += bool(same)
            print(f"{scenario.name:45} as {', '.join(same) or 'NONE'}", flush=True)
            if ours["compared"]["error"] in {"no JSON", "CondaError", "ResolventError"} or (
                options.verbose and not same
            ):
                for solver in solvers:
                    print(f"    {solver}: {json.dumps(found[solver]['compared'])}\n        {found[solver]['message']}")
    for solver, count in equal.items():
        print(f"{count} of {len(chosen)} as {solver}")
    print(f"{any_equal} of {len(chosen)} as at least one of them")
    sys.exit(0 if any_equal == len(chosen) else 1)


if __name__ == "__main__":
    main()
