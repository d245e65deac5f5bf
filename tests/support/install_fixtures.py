"""Fixtures of the installer's tests: a channel of tiny packages, built once, and a package cache for each test."""

from __future__ import annotations

from pathlib import Path

import pytest
from packages import Package, library, noarch_app, python_package, text_with_prefix, write_channel


@pytest.fixture
def own_home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """No test touches the environments of whoever runs it."""
    pytest.importorskip("rattler", reason="the engine of the installer, extra `install`")
    for name in ("CONDA_EXE", "CONDA_ROOT", "CONDA_PREFIX", "MAMBA_ROOT_PREFIX", "CONDA_ENVS_DIRS", "CONDA_ENVS_PATH"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("RESOLVENT_PKGS_DIR", str(tmp_path / "pkgs"))
    return tmp_path / "home"


@pytest.fixture
def pkgs(tmp_path: Path, own_home: Path) -> Path:
    """The package cache of the test."""
    return tmp_path / "pkgs"


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A channel with two versions of everything: libraries, python, noarch python, an old package."""
    folder = tmp_path_factory.mktemp("tiny") / "channel"
    old = Package(
        "old",
        extension=".tar.bz2",
        without_paths=True,
        files={"share/old/prefix.txt": text_with_prefix(), "share/old/plain": "plain\n"},
    )
    needs = Package("tool", "1.0", depends=["libfoo"], files={"share/tool/readme": "a tool\n"})
    return write_channel(
        folder,
        [
            *(library(version) for version in ("1.0", "2.0")),
            *(library(version, "libbar", extension=".tar.bz2") for version in ("1.0", "2.0")),
            *(python_package(version) for version in ("3.11.0", "3.12.1")),
            *(noarch_app(version) for version in ("1.0", "2.0")),
            old,
            needs,
        ],
    )
