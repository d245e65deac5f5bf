"""Virtual packages: explicit ones, overrides, detection, defaults of foreign targets."""

from __future__ import annotations

import platform
import sys
from collections.abc import Mapping

import pytest

import resolvent
from resolvent import _detect
from resolvent.virtual_packages import (
    FOREIGN_DEFAULTS,
    VirtualPackage,
    detect_virtual_packages,
    from_pair,
    parse_virtual_packages,
    virtual_packages,
)

on_linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="detects Linux")


@pytest.fixture
def linux_host(monkeypatch: pytest.MonkeyPatch) -> None:
    """A host whose every fact is known."""
    monkeypatch.setattr("resolvent.virtual_packages.host_platform", lambda: "linux-64")
    monkeypatch.setattr(_detect, "libc", lambda: ("glibc", "2.39"))
    monkeypatch.setattr(_detect, "kernel", lambda: "6.8.0")
    monkeypatch.setattr(_detect, "microarchitecture", lambda: "zen3")
    monkeypatch.setattr(_detect, "cuda", lambda: _detect.Cuda("12.6", "8.6"))


def found(target: str = "linux-64", **overrides: str) -> dict[str, str]:
    """Detect with `CONDA_OVERRIDE_<KEY>` set; name to the rest."""
    environ = {f"CONDA_OVERRIDE_{key}": value for key, value in overrides.items()}
    packages = detect_virtual_packages(target, environ=environ)
    assert packages == sorted(packages)
    return {package.name: f"{package.version} {package.build}" for package in packages}


class TestExplicit:
    @pytest.mark.parametrize(
        ("given", "expected"),
        [
            (["__glibc 2.28"], ["__glibc 2.28 0"]),
            (["__unix"], ["__unix 0 0"]),
            (["__archspec 1 x86_64_v3"], ["__archspec 1 x86_64_v3"]),
            (["  __glibc   2.17  "], ["__glibc 2.17 0"]),
            (("__unix 0 0", "__cuda 12.6"), ["__cuda 12.6 0", "__unix 0 0"]),
            ({"__glibc": "2.28"}, ["__glibc 2.28 0"]),
            ({"__archspec": "1 zen3"}, ["__archspec 1 zen3"]),
            ({"__archspec": "x86_64_v3"}, ["__archspec 1 x86_64_v3"]),
            ({"__archspec": "1"}, ["__archspec 1 0"]),
            ({"__unix": ""}, ["__unix 0 0"]),
            ([], []),
            ({}, []),
        ],
    )
    def test_shapes(self, given: Mapping[str, str] | list[str], expected: list[str]) -> None:
        assert virtual_packages(given, "linux-64") == expected

    def test_only_a_mapping_takes_a_bare_word_for_archspecs_build(self) -> None:
        assert from_pair("__archspec", "m1") == VirtualPackage("__archspec", "1", "m1")
        assert parse_virtual_packages(["__archspec m1"]) == [VirtualPackage("__archspec", "m1", "0")]
        assert from_pair("__cuda", "x12") == VirtualPackage("__cuda", "x12", "0")

    @pytest.mark.parametrize(
        "given",
        [
            [""],
            ["glibc 2.28"],
            ["_glibc 2.28"],
            ["__ 1"],
            ["__glibc 2.28 0 more"],
            ["__glibc 2.28 bu/ild"],
            ["__glibc 2.28", "__glibc 2.17"],
            {"numpy": "1"},
            {"__glibc": "2.28 0 0"},
        ],
    )
    def test_nonsense_is_an_error(self, given: Mapping[str, str] | list[str]) -> None:
        with pytest.raises(resolvent.ResolventError):
            parse_virtual_packages(given)

    @pytest.mark.parametrize("given", [["__glibc 2..28"], {"__glibc": "..."}])
    def test_a_bad_version_is_an_invalid_version(self, given: Mapping[str, str] | list[str]) -> None:
        with pytest.raises(resolvent.InvalidVersion):
            parse_virtual_packages(given)

    @pytest.mark.parametrize("given", ["__glibc 2.28", b"__glibc", [1], {"__glibc": 2.28}, 7])
    def test_other_types_are_type_errors(self, given: object) -> None:
        with pytest.raises(TypeError):
            parse_virtual_packages(given)  # type: ignore[arg-type]


@pytest.mark.usefixtures("linux_host")
class TestOverrides:
    def test_without_any(self) -> None:
        assert found() == {
            "__archspec": "1 zen3",
            "__cuda": "12.6 0",
            "__cuda_arch": "8.6 0",
            "__glibc": "2.39 0",
            "__linux": "6.8.0 0",
            "__unix": "0 0",
        }

    @pytest.mark.parametrize(
        ("name", "value", "expected"),
        [
            ("ARCHSPEC", "skylake", "1 skylake"),
            ("CUDA", "11.8", "11.8 0"),
            ("CUDA_ARCH", "9.0", "9.0 0"),
            ("GLIBC", " 2.17 ", "2.17 0"),
            ("LINUX", "4.18", "4.18 0"),
            ("LINUX", "3.10.0.1", "3.10.0.1 0"),
            # CEP 30: what does not match the kernel's pattern is version 0.
            ("LINUX", "", "0 0"),
            ("LINUX", "abc", "0 0"),
            ("LINUX", "5", "0 0"),
        ],
    )
    def test_a_value_replaces(self, name: str, value: str, expected: str) -> None:
        assert found(**{name: value})[f"__{name.lower()}"] == expected

    @pytest.mark.parametrize("name", ["ARCHSPEC", "CUDA", "CUDA_ARCH", "GLIBC"])
    def test_an_empty_value_removes(self, name: str) -> None:
        for value in ("", "  "):
            assert f"__{name.lower()}" not in found(**{name: value})

    def test_cuda_arch_needs_cuda(self) -> None:
        assert "__cuda_arch" not in found(CUDA="", CUDA_ARCH="8.6")

    def test_unix_and_other_systems_cannot_be_overridden(self) -> None:
        assert found(UNIX="", OSX="13.0", WIN="10", CONDA="1") == found()

    @pytest.mark.parametrize("name", ["CUDA", "CUDA_ARCH", "GLIBC"])
    def test_a_malformed_version_names_the_variable(self, name: str) -> None:
        with pytest.raises(resolvent.InvalidVersion, match=f"CONDA_OVERRIDE_{name}"):
            found(**{name: "2..28"})

    def test_a_malformed_microarchitecture_names_the_variable(self) -> None:
        with pytest.raises(resolvent.ResolventError, match="CONDA_OVERRIDE_ARCHSPEC"):
            found(ARCHSPEC="x86 64")

    def test_the_processs_environment_is_the_default(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("CONDA_OVERRIDE_GLIBC", "2.12")
        assert VirtualPackage("__glibc", "2.12", "0") in detect_virtual_packages("linux-64")
        assert "__glibc 2.12 0" in virtual_packages(None, "linux-64")

    def test_skipped_names_are_not_looked_for(self) -> None:
        names = {package.name for package in detect_virtual_packages("linux-64", environ={}, skip=["__cuda", "__unix"])}
        # __cuda_arch stays: the caller's own __cuda stands in for the one not looked for.
        assert names == {"__archspec", "__cuda_arch", "__glibc", "__linux"}

    def test_another_libc_has_its_own_name(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(_detect, "libc", lambda: ("musl", "1.2"))
        assert "__glibc" not in found()
        assert found()["__musl"] == "1.2 0"
        assert found(MUSL="1.1")["__musl"] == "1.1 0"
        assert found(GLIBC="2.17")["__glibc"] == "2.17 0"


@pytest.mark.usefixtures("linux_host")
class TestForeignTargets:
    @pytest.mark.parametrize(
        ("target", "expected"),
        [
            ("osx-arm64", {"__archspec": "1 m1", "__osx": "13.0 0", "__unix": "0 0"}),
            ("osx-64", {"__archspec": "1 x86_64", "__osx": "13.0 0", "__unix": "0 0"}),
            ("win-64", {"__archspec": "1 x86_64", "__win": "10.0 0"}),
            ("win-arm64", {"__archspec": "1 aarch64", "__win": "10.0 0"}),
            ("emscripten-wasm32", {"__unix": "0 0"}),
            ("noarch", {}),
            # The same operating system on other hardware: the system's facts are the host's.
            (
                "linux-aarch64",
                {"__archspec": "1 aarch64", "__glibc": "2.39 0", "__linux": "6.8.0 0", "__unix": "0 0"},
            ),
        ],
    )
    def test_defaults(self, target: str, expected: dict[str, str]) -> None:
        assert found(target) == expected

    def test_linux_from_elsewhere(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("resolvent.virtual_packages.host_platform", lambda: "osx-arm64")
        packages = found("linux-64")
        assert packages["__linux"].split()[0] == FOREIGN_DEFAULTS["__linux"]
        assert packages["__glibc"].split()[0] == FOREIGN_DEFAULTS["__glibc"]
        assert "__cuda" not in packages

    @pytest.mark.parametrize(
        ("target", "name", "value"),
        [
            ("osx-64", "OSX", "14.2"),
            ("win-64", "WIN", "11.0"),
            ("win-64", "CUDA", "12.1"),
            ("osx-64", "ARCHSPEC", "m2"),
        ],
    )
    def test_overrides_apply(self, target: str, name: str, value: str) -> None:
        assert value in found(target, **{name: value})[f"__{name.lower()}"].split()

    @pytest.mark.parametrize(("target", "name"), [("osx-64", "OSX"), ("win-64", "WIN")])
    def test_empty_overrides_remove(self, target: str, name: str) -> None:
        assert f"__{name.lower()}" not in found(target, **{name: ""})


class TestThisMachine:
    @on_linux
    def test_linux(self) -> None:
        packages = found(resolvent.host_platform())
        assert platform.release().startswith(packages["__linux"].split()[0])
        assert packages["__unix"] == "0 0"
        assert packages["__archspec"].startswith("1 ")
        family, version = platform.libc_ver()
        if family == "glibc":
            assert packages["__glibc"] == f"{'.'.join(version.split('.')[:2])} 0"

    @on_linux
    def test_archspec_is_the_librarys_answer(self) -> None:
        archspec_cpu = pytest.importorskip("archspec.cpu")
        assert _detect.microarchitecture() == archspec_cpu.host().name

    def test_without_a_driver_there_is_no_cuda(self, monkeypatch: pytest.MonkeyPatch) -> None:
        _detect.cuda.cache_clear()
        monkeypatch.setattr(_detect, "_DRIVER_TRACES", ())
        monkeypatch.setattr(sys, "platform", "linux")
        assert _detect.cuda() == _detect.Cuda()
        _detect.cuda.cache_clear()

    @pytest.mark.parametrize(
        ("output", "expected"),
        [
            ('{"version": 12060, "devices": [[9, 0], [8, 6]]}', _detect.Cuda("12.6", "8.6")),
            ('noise\n{"version": 11080, "devices": []}\n', _detect.Cuda("11.8", None)),
            ('{"version": null, "devices": []}', None),
            ('{"version": 0, "devices": []}', None),
            ('{"version": 12060}', None),
            ("[1]", None),
            ("", None),
            ("Segmentation fault", None),
        ],
    )
    def test_the_drivers_answer_is_read(self, output: str, expected: _detect.Cuda | None) -> None:
        assert _detect.parse_cuda_answer(output) == expected

    def test_outside_programs_cannot_break_detection(self) -> None:
        assert _detect._output(["no-such-program-anywhere"]) == ""
        assert _detect._output([sys.executable, "-c", "import sys; sys.stdout.buffer.write(b'\\xff\\xfe')"]) != ""
