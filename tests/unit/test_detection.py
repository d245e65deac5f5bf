"""What is read of the operating systems that the tests do not run on."""

from __future__ import annotations

import platform

import pytest

from resolvent import _detect
from resolvent.virtual_packages import detect_virtual_packages


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ("10.0.19045", "10.0.19045"),
        ("10.0.22631", "10.0.22631"),
        ("6.1", "6.1"),
        ("10.0.26100.1742", "10.0.26100"),
        ("", None),
        ("unknown", None),
    ],
)
def test_windows(monkeypatch: pytest.MonkeyPatch, told: str, expected: str | None) -> None:
    monkeypatch.setattr(platform, "win32_ver", lambda: ("10", told, "SP0", "Multiprocessor Free"))
    assert _detect.windows() == expected


@pytest.mark.parametrize(
    ("told", "program", "expected"),
    [
        ("14.5", "", "14.5"),
        ("13.6.7", "", "13.6"),
        ("11", "", "11"),
        ("10.15.7", "", "10.15"),
        # Older builds of Python are given this in place of 11 and later; the program tells the truth.
        ("10.16", "14.2.1\n", "14.2"),
        ("", "26.0\n", "26.0"),
        ("10.16", "", None),
    ],
)
def test_macos(monkeypatch: pytest.MonkeyPatch, told: str, program: str, expected: str | None) -> None:
    asked = []

    def output(command: list[str], **environment: str) -> str:
        asked.append((command[0], environment))
        return program

    monkeypatch.setattr(platform, "mac_ver", lambda: (told, ("", "", ""), "arm64"))
    monkeypatch.setattr(_detect, "_output", output)
    assert _detect.macos() == expected
    # Without it the system names a version for the sake of old programs.
    assert asked in ([], [("sw_vers", {"SYSTEM_VERSION_COMPAT": "0"})])
    assert bool(asked) == (told in ("", "10.16"))


@pytest.mark.parametrize(
    ("host", "function", "version", "package"),
    [("win-64", "windows", "10.0.22631", "__win"), ("osx-arm64", "macos", "14.5", "__osx")],
)
def test_the_package_has_the_version_of_the_system(
    monkeypatch: pytest.MonkeyPatch, host: str, function: str, version: str, package: str
) -> None:
    monkeypatch.setattr("resolvent.virtual_packages.host_platform", lambda: host)
    monkeypatch.setattr(_detect, function, lambda: version)
    monkeypatch.setattr(_detect, "microarchitecture", lambda: "m1")
    monkeypatch.setattr(_detect, "cuda", _detect.Cuda)
    found = {one.name: one.version for one in detect_virtual_packages(host, environ={})}
    assert found[package] == version
    assert {"__win", "__osx", "__linux", "__glibc"} & set(found) == {package}
