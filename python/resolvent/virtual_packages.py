"""Virtual packages: facts about the target machine that packages may depend on (CEP 30, CEP 46).

Three sources, in this order of precedence for one name:

1. what the caller gives explicitly (`parse_virtual_packages`);
2. the environment: `CONDA_OVERRIDE_ARCHSPEC`, `_CUDA`, `_CUDA_ARCH`, `_GLIBC`, `_LINUX`, `_OSX`, `_WIN`;
3. detection on this machine, or, for what a foreign target cannot tell us, the defaults below.

The *target's* platform decides which packages exist: an override for another operating system is ignored.
Facts of the operating system (`__linux`, `__glibc`, `__osx`, `__win`) are detected if target and host run the same
one; facts of the hardware (`__archspec`, `__cuda`, `__cuda_arch`) only if the target is the host's own platform,
because the GPU of the machine that solves says nothing about another one. Defaults otherwise:

=============  ===================================================================
`__linux`      4.18 (the kernel of the oldest enterprise Linux still maintained)
`__glibc`      2.28 (that system's libc, conda-forge's own baseline)
`__osx`        13.0
`__win`        10.0
`__archspec`   version 1, build = the baseline of the architecture (`m1` on Apple's own chips)
`__cuda`       absent
=============  ===================================================================

An override that is set but empty removes the package (as conda and rattler do), except `__linux`, which every Linux
target has: an empty or malformed `CONDA_OVERRIDE_LINUX` gives version 0, as CEP 30 says and conda does. Any other
malformed override is an error that names the variable, never a silent wrong environment. `__unix` has no override.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, NamedTuple

from ._core import InvalidVersion, ResolventError, Version, platform_baseline
from .foreign import virtual_package_text
from .platforms import host_platform

if TYPE_CHECKING:
    from types import ModuleType

#: What callers may pass as virtual packages.
VirtualPackages = Mapping[str, str] | Iterable[str] | None

#: Versions for a target whose operating system is not the host's.
FOREIGN_DEFAULTS: Mapping[str, str] = {
    name: version
    for platform in ("linux-64", "osx-64", "win-64")
    for name, version, _ in platform_baseline(platform)
    if name not in {"__archspec", "__unix"}
}

_NO_ARCHSPEC = ("noarch", "emscripten-", "wasi-", "zos-")
_LINUX_VERSION = r"\d+\.\d+(\.\d+)?(\.\d+)?"
_NAME = re.compile(r"__[a-z0-9][a-z0-9._-]*")
_BUILD = re.compile(r"[A-Za-z0-9_.+]{1,64}")


class VirtualPackage(NamedTuple):
    """One fact about the target: `__glibc 2.28 0`.

    Attributes
    ----------
    name
        Starts with two underscores.
    version
        A conda version literal.
    build
        The build string: `0`, but for `__archspec` the microarchitecture.
    """

    name: str
    version: str = "0"
    build: str = "0"

    def __str__(self) -> str:
        return " ".join(self)


def virtual_packages(given: VirtualPackages, platform: str) -> list[str]:
    """Return the virtual packages of a solve as `"name version build"` strings, sorted by name.

    Parameters
    ----------
    given
        None detects; anything else is taken as it is, so that an empty list or mapping means none.
    platform
        The target's subdir.
    """
    found = detect_virtual_packages(platform) if given is None else parse_virtual_packages(given)
    return [str(package) for package in sorted(found)]


def parse_virtual_packages(given: Mapping[str, str] | Iterable[str]) -> list[VirtualPackage]:
    """Read explicit virtual packages: strings `"name [version [build]]"`, or a mapping of name to the rest.

    Raises
    ------
    ResolventError
        For a name that is not virtual, too many words, a build that is no build string, or a name given twice.
    InvalidVersion
        For a version that is no version literal.
    TypeError
        For anything that is no string.
    """
    if isinstance(given, Mapping):
        packages = [from_pair(name, value) for name, value in given.items()]
    elif isinstance(given, (str, bytes)):
        raise TypeError("virtual_packages is a list of strings or a mapping, not one string")
    else:
        packages = [_from_words(entry) for entry in given]
    names = [package.name for package in packages]
    for name in names:
        if names.count(name) > 1:
            raise ResolventError(f"virtual package {name} is given more than once")
    return packages


def from_pair(name: str, value: str) -> VirtualPackage:
    """Read a name and its `"version"` or `"version build"`.

    A value for `__archspec` that does not start with a digit is its build, with version 1: the version of
    `__archspec` carries no meaning, people think of it as `{"__archspec": "x86_64_v3"}`.
    """
    if not isinstance(name, str) or not isinstance(value, str):
        raise TypeError("virtual packages map a name to a version string")
    if name.strip() == "__archspec" and value.strip() and not value.strip()[0].isdigit():
        value = f"1 {value}"
    return _from_words(f"{name} {value}")


def detect_virtual_packages(
    platform: str | None = None,
    *,
    environ: Mapping[str, str] | None = None,
    skip: Iterable[str] = (),
) -> list[VirtualPackage]:
    """Return the virtual packages of a target platform, sorted by name: overrides, detection, defaults.

    Parameters
    ----------
    platform
        The target's subdir; None: this machine's.
    environ
        Where overrides are looked up; None: the process's environment.
    skip
        Names that are not wanted, and so are not looked for.
    """
    host = host_platform()
    return _found(_Target(platform or host, host, os.environ if environ is None else environ), set(skip))


def default_virtual_packages(platform: str, *, skip: Iterable[str] = ()) -> list[VirtualPackage]:
    """Return the documented defaults of a platform, sorted by name: nothing is detected, no override is read.

    They are what `detect_virtual_packages` assumes of a foreign platform, on every machine the same, so answers
    that rest on them are reproducible.

    Parameters
    ----------
    platform
        The target's subdir.
    skip
        Names to leave out.
    """
    return _found(_Target(platform, "", {}), set(skip))


def _found(target: _Target, unwanted: set[str]) -> list[VirtualPackage]:
    """Return what the finders find, but for unwanted names."""
    # __cuda_arch is asked for after __cuda, on which its presence depends.
    finders: list[tuple[str, Callable[[], VirtualPackage | None]]] = [
        ("__archspec", target.archspec),
        ("__cuda", target.cuda),
        ("__cuda_arch", target.cuda_arch),
        ("__glibc", target.libc),
        ("__linux", target.linux),
        ("__osx", target.osx),
        ("__unix", target.unix),
        ("__win", target.win),
    ]
    found = (finder() for name, finder in finders if name not in unwanted)
    return sorted(package for package in found if package is not None)


class _Target:
    """One target platform: what it has, seen from this host."""

    def __init__(self, platform: str, host: str, environ: Mapping[str, str]) -> None:
        self.platform = platform
        self.system = platform.partition("-")[0]
        self.same_system = host.partition("-")[0] == self.system
        self.same_platform = host == platform
        self.environ = environ

    def override(self, name: str) -> str | None:
        """Return the stripped override of `__name`; None when it is not set."""
        value = self.environ.get(f"CONDA_OVERRIDE_{name.upper()}")
        return None if value is None else value.strip()

    def versioned(self, name: str, detect: Callable[[], str | None], default: str | None) -> VirtualPackage | None:
        """Decide a package whose override is its version and, when empty, removes it."""
        value = self.override(name)
        if value is None:
            value = detect() or default
            return VirtualPackage(f"__{name}", value) if value else None
        if not value:
            return None
        return VirtualPackage(f"__{name}", self.checked_version(name, value))

    def checked_version(self, name: str, value: str) -> str:
        """Return `value` if it is a version literal, else complain about the variable."""
        try:
            Version(value)
        except InvalidVersion as error:
            raise InvalidVersion(f"CONDA_OVERRIDE_{name.upper()}={value!r} is not a version: {error}") from None
        return value

    def archspec(self) -> VirtualPackage | None:
        """`__archspec`: the microarchitecture in the build string."""
        if self.platform.startswith(_NO_ARCHSPEC):
            return None
        build = self.override("archspec")
        if build is None:
            facts = {name: value for name, _, value in platform_baseline(self.platform)}
            default = facts.get("__archspec")
            build = (_host().microarchitecture() if self.same_platform else None) or default
        elif build and not _BUILD.fullmatch(build):
            raise ResolventError(f"CONDA_OVERRIDE_ARCHSPEC={build!r} is not a microarchitecture name")
        return VirtualPackage("__archspec", "1", build) if build else None

    def cuda(self) -> VirtualPackage | None:
        """`__cuda`: the newest CUDA version that the driver supports."""
        return self.versioned("cuda", self.detected_cuda, None)

    def detected_cuda(self) -> str | None:
        """CUDA version of this machine's driver, where the target is this machine."""
        return _host().cuda().version if self.same_platform else None

    def cuda_arch(self) -> VirtualPackage | None:
        """`__cuda_arch` (CEP 46): the lowest compute capability; only beside `__cuda`."""
        if self.cuda() is None:
            return None
        return self.versioned("cuda_arch", lambda: _host().cuda().arch if self.same_platform else None, None)

    def libc(self) -> VirtualPackage | None:
        """`__glibc`, or the package named after another libc family that was detected."""
        if self.system != "linux":
            return None
        if self.override("glibc") is None and self.same_system:
            family, version = _host().libc()
            if family != "glibc" and version:
                return self.versioned(family, lambda: version, None)
            if version:
                return VirtualPackage("__glibc", version)
        return self.versioned("glibc", lambda: None, FOREIGN_DEFAULTS["__glibc"])

    def linux(self) -> VirtualPackage | None:
        """`__linux`: the kernel's version; present on every Linux target."""
        if self.system != "linux":
            return None
        override = self.override("linux")
        if override is not None:
            return VirtualPackage("__linux", override if re.fullmatch(_LINUX_VERSION, override) else "0")
        detected = _host().kernel() if self.same_system else FOREIGN_DEFAULTS["__linux"]
        return VirtualPackage("__linux", detected or "0")

    def osx(self) -> VirtualPackage | None:
        """`__osx`: the version of macOS."""
        if self.system != "osx":
            return None
        return self.versioned("osx", lambda: _host().macos() if self.same_system else None, FOREIGN_DEFAULTS["__osx"])

    def win(self) -> VirtualPackage | None:
        """`__win`: the version of Windows."""
        if self.system != "win":
            return None
        return self.versioned("win", lambda: _host().windows() if self.same_system else None, FOREIGN_DEFAULTS["__win"])

    def unix(self) -> VirtualPackage | None:
        """`__unix`: a fact without a version, and without an override."""
        return VirtualPackage("__unix") if self.system in {"linux", "osx", "freebsd", "emscripten"} else None


def _host() -> ModuleType:
    """Return the module that looks at this machine; explicit virtual packages do not need it."""
    from . import _detect

    return _detect


def _from_words(entry: str) -> VirtualPackage:
    if not isinstance(entry, str):
        text = virtual_package_text(entry)
        if text is None:
            raise TypeError(f"a virtual package is a string, not {type(entry).__name__}")
        entry = text
    words = entry.split()
    if not 1 <= len(words) <= 3:
        raise ResolventError(f"not a virtual package: {entry[:80]!r}; expected 'name [version [build]]'")
    package = VirtualPackage(words[0].lower(), *words[1:])
    if not _NAME.fullmatch(package.name):
        raise ResolventError(f"not a virtual package: {package.name[:80]!r}; such a name starts with '__'")
    Version(package.version)
    if not _BUILD.fullmatch(package.build):
        raise ResolventError(f"not a virtual package: {entry[:80]!r}; {package.build[:80]!r} is no build string")
    return package
