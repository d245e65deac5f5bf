"""What the tests share: the material folder, loaded indices, little channels, the command line."""

from __future__ import annotations

import atexit
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from network_support import Site, serving

import resolvent

pytest_plugins = ["install_fixtures"]

ROOT = Path(__file__).parent.parent

# No test reads or writes the caches of whoever runs it.
if "RESOLVENT_CACHE_DIR" not in os.environ:
    os.environ["RESOLVENT_CACHE_DIR"] = tempfile.mkdtemp(prefix="resolvent-tests-")
    atexit.register(shutil.rmtree, os.environ["RESOLVENT_CACHE_DIR"], ignore_errors=True)
# Most tests read thousands of little channels once each; those of index files ask for them.
os.environ["RESOLVENT_NO_INDEX_FILES"] = "1"

# Nor does any test read the configuration of whoever runs it, in this process or in those it starts: neither files
# below the home folder, nor conda's and pixi's variables, nor proxies and certificates. Files in /etc are seen by
# `Config.load()` alone, whose tests give it places of their own.
_HOME = tempfile.mkdtemp(prefix="resolvent-home-")
atexit.register(shutil.rmtree, _HOME, ignore_errors=True)
for _name in list(os.environ):
    _foreign = _name.startswith(("CONDA", "MAMBA_", "PIXI_", "RATTLER_", "RESOLVENT_AUTH_"))
    _network = _name.lower() in {"http_proxy", "https_proxy", "all_proxy", "no_proxy", "netrc"}
    _trust = _name in {"SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "RESOLVENT_CA_BUNDLE"}
    if _foreign or _network or _trust or _name in {"XDG_CONFIG_HOME", "RESOLVENT_OFFLINE", "RESOLVENT_CHANNEL_ALIAS"}:
        del os.environ[_name]
for _tool in ("cargo", "rustup"):  # which tests run, and which live below the real home
    os.environ.setdefault(f"{_tool.upper()}_HOME", os.path.expanduser(f"~/.{_tool}"))  # noqa: PTH111
os.environ["HOME"] = os.environ["USERPROFILE"] = _HOME

#: A Linux machine as most requests of the corpus assume it.
LINUX = ("__archspec 1 x86_64", "__glibc 2.28", "__linux 5.10", "__unix 0")

#: Runs `resolvent ARGUMENTS…` in a process of its own.
Cli = Callable[..., "subprocess.CompletedProcess[str]"]
#: Writes a channel folder: name, records of the platform, records of noarch.
ChannelMaker = Callable[..., Path]


@pytest.fixture(scope="session")
def shared(pytestconfig: pytest.Config) -> Path:
    """The folder with the conformance vectors and the real data.

    Ordinary tests read what the repository carries (`tests/material`, written by `tools/carry_material.py`), so that
    they are the same tests for everyone. The long ones take the whole of it where `RESOLVENT_SHARED` names a folder,
    or `shared` lies beside the checkout: other platforms and more channels.
    """
    named = os.environ.get("RESOLVENT_SHARED")
    if named:
        return Path(named)
    whole = ROOT.parent / "shared"
    if pytestconfig.option.markexpr == "long" and (whole / "vectors").is_dir():
        return whole
    return ROOT / "tests" / "material"


@pytest.fixture(scope="session")
def conda_forge(shared: Path) -> resolvent.Index:
    """The real index: conda-forge for linux-64 and noarch."""
    source = f"conda-forge={shared / 'data' / 'channels' / 'conda-forge'}"
    return resolvent.load_index([source], platform="linux-64")


@pytest.fixture(scope="session")
def sample() -> resolvent.Index:
    """The sample channel that the package carries."""
    return resolvent.load_index([resolvent.sample_channel()], platform="linux-64")


def record(name: str, version: str = "1.0", build: str = "0", **keys: Any) -> dict[str, Any]:
    """Return a small repodata record; `build_number` is what the build string ends in."""
    return {
        "name": name,
        "version": version,
        "build": build,
        "build_number": int(build.rpartition("_")[2]),
        "depends": [],
        "subdir": "linux-64",
        **keys,
    }


def write_subdir(folder: Path, records: Iterable[Mapping[str, Any]], subdir: str = "linux-64") -> Path:
    """Write a `repodata.json` into one subdir of a channel folder (`.conda` unless `fn` tells), and return its path."""
    packages = {e.get("fn", f"{e['name']}-{e['version']}-{e['build']}.conda"): dict(e) for e in records}
    old = {fn: packages.pop(fn) for fn in list(packages) if fn.endswith(".tar.bz2")}
    path = folder / subdir / "repodata.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"info": {"subdir": subdir}, "packages": old, "packages.conda": packages}))
    return path


@pytest.fixture
def make_channel(tmp_path: Path) -> ChannelMaker:
    """Write a channel folder below the test's own directory."""

    def make(
        records: Iterable[Mapping[str, Any]], noarch: Iterable[Mapping[str, Any]] = (), name: str = "channel"
    ) -> Path:
        folder = tmp_path / name
        write_subdir(folder, records)
        write_subdir(folder, [{**entry, "subdir": "noarch"} for entry in noarch], "noarch")
        return folder

    return make


@pytest.fixture
def site() -> Iterator[Site]:
    """A web server on the loopback interface."""
    with serving() as running:
        yield running


@pytest.fixture
def cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A cache of the test's own, and no settings of whoever runs it."""
    for name in ("RESOLVENT_OFFLINE", "RESOLVENT_CHANNEL_ALIAS", "RESOLVENT_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("RESOLVENT_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    return tmp_path / "cache"


@pytest.fixture
def cli(tmp_path: Path) -> Cli:
    """Run the command line as a user does; the environment holds no override of virtual packages."""

    def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        clean = {key: value for key, value in os.environ.items() if not key.startswith("CONDA_OVERRIDE_")}
        return subprocess.run(
            [sys.executable, "-m", "resolvent", *arguments],
            capture_output=True,
            text=True,
            cwd=tmp_path,
            env={**clean, "COLUMNS": "120", **environment},
            stdin=subprocess.DEVNULL,
            timeout=120,
            check=False,
        )

    return run
