"""Look at this machine: kernel, libc, operating system, microarchitecture, NVIDIA driver.

Each function answers for the host and returns None when it cannot tell; what a target then gets is decided in
`virtual_packages`. Results are remembered for the life of the process, none of them can change meanwhile.

The NVIDIA driver is asked in a process of its own: `libcuda` may hang or crash, and once initialised it breaks
later forks. That process costs tens of milliseconds, so it is only started when the kernel shows a driver,
and the modules for it are only then imported.
"""

from __future__ import annotations

import functools
import json
import os
import platform
import re
import sys
from pathlib import Path
from typing import NamedTuple

#: Seconds an outside program may take; a GPU that is asleep needs one or two to wake.
_PATIENCE = 10.0

#: Any of these exists where a kernel has an NVIDIA driver: Linux, WSL, Jetson.
_DRIVER_TRACES = ("/proc/driver/nvidia/version", "/dev/nvidiactl", "/dev/dxg", "/dev/nvmap")

#: Asks the driver for its CUDA version and each device's compute capability; prints JSON.
_CUDA_PROGRAM = """
import ctypes, json, sys
library = None
for name in (["nvcuda.dll"] if sys.platform == "win32" else ["libcuda.so.1", "libcuda.so"]):
    try:
        library = ctypes.CDLL(name)
        break
    except OSError:
        pass
answer = {"version": None, "devices": []}
number = ctypes.c_int()
if library is not None and library.cuDriverGetVersion(ctypes.byref(number)) == 0:
    answer["version"] = number.value
    if library.cuInit(0) == 0 and library.cuDeviceGetCount(ctypes.byref(number)) == 0:
        for device in range(number.value):
            major, minor = ctypes.c_int(), ctypes.c_int()
            if (library.cuDeviceGetAttribute(ctypes.byref(major), 75, device) == 0
                    and library.cuDeviceGetAttribute(ctypes.byref(minor), 76, device) == 0):
                answer["devices"].append([major.value, minor.value])
print(json.dumps(answer))
"""


class Cuda(NamedTuple):
    """What an NVIDIA driver says.

    Attributes
    ----------
    version
        Newest CUDA version the driver supports, `major.minor`; None without a driver.
    arch
        Lowest compute capability of the devices, `major.minor`; None without a device.
    """

    version: str | None = None
    arch: str | None = None


@functools.lru_cache(maxsize=1)
def microarchitecture() -> str | None:
    """Return archspec's name of this CPU's microarchitecture, such as `zen3`."""
    try:
        import archspec.cpu

        name = archspec.cpu.host().name
    except Exception:  # noqa: BLE001 - whatever a CPU it does not know makes the library raise
        return None
    return name if isinstance(name, str) and name else None


def kernel() -> str | None:
    """Return the leading numbers of the kernel's release, two to four of them."""
    match = re.match(r"\d+\.\d+(\.\d+)?(\.\d+)?", platform.release())
    return match.group(0) if match else None


@functools.lru_cache(maxsize=1)
def libc() -> tuple[str, str | None]:
    """Return the family (`glibc`, `musl`) and `major.minor` version of this machine's C library."""
    try:
        family, _, version = (os.confstr("CS_GNU_LIBC_VERSION") or "").partition(" ")
    except (AttributeError, OSError, ValueError):
        family, version = "", ""
    if family == "glibc" and (match := re.match(r"\d+\.\d+", version)):
        return "glibc", match.group(0)
    # musl has no confstr name; its loader prints the version, on stderr and with exit code 1.
    output = _output(["ldd", "--version"])
    if "musl" in output and (match := re.search(r"Version (\d+\.\d+)", output)):
        return "musl", match.group(1)
    return "glibc", None


def macos() -> str | None:
    """Return `major.minor` of macOS; the compatibility answer 10.16 for 11 and later is avoided."""
    version = platform.mac_ver()[0]
    if version.startswith("10.16") or not version:
        version = _output(["sw_vers", "-productVersion"], SYSTEM_VERSION_COMPAT="0")
    match = re.match(r"\s*(\d+(\.\d+)?)", version)
    return match.group(1) if match else None


def windows() -> str | None:
    """Return `major.minor.build` of Windows."""
    match = re.match(r"\d+\.\d+(\.\d+)?", platform.win32_ver()[1])
    return match.group(0) if match else None


@functools.lru_cache(maxsize=1)
def cuda() -> Cuda:
    """Return what the NVIDIA driver of this machine supports; nothing at all without one."""
    if sys.platform == "darwin" or (sys.platform.startswith("linux") and not any(map(os.path.exists, _DRIVER_TRACES))):
        return Cuda()
    output = _output([sys.executable, "-I", "-c", _CUDA_PROGRAM])
    return parse_cuda_answer(output) or _nvidia_smi()


def parse_cuda_answer(output: str) -> Cuda | None:
    """Read the JSON that the driver's process prints; None if it printed none or found no library."""
    try:
        answer = json.loads(output.strip().rpartition("\n")[2])
        number = answer["version"]
        devices = [(int(major), int(minor)) for major, minor in answer["devices"]]
    except (ValueError, KeyError, TypeError):
        return None
    if not isinstance(number, int) or number <= 0:
        return None
    lowest = min(devices, default=None)
    return Cuda(f"{number // 1000}.{number % 1000 // 10}", f"{lowest[0]}.{lowest[1]}" if lowest else None)


def _nvidia_smi() -> Cuda:
    """Ask the vendor's tool, for systems whose `libcuda` is not on the loader's path."""
    import shutil

    program = shutil.which("nvidia-smi")
    if program is None:
        return Cuda()
    match = re.search(r"<cuda_version>\s*(\d+\.\d+)\s*</cuda_version>", _output([program, "--query", "-u", "-x"]))
    return Cuda(match.group(1)) if match else Cuda()


def _output(command: list[str], **environment: str) -> str:
    """Return what a program prints on both streams; nothing if it is missing, too slow or not text."""
    import shutil
    import subprocess

    if shutil.which(command[0]) is None and not Path(command[0]).exists():
        return ""
    try:
        done = subprocess.run(  # noqa: S603 - fixed programs, no shell, nothing of the caller's in the arguments
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env={**os.environ, **environment},
            timeout=_PATIENCE,
            check=False,
            text=True,
            errors="replace",
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    return done.stdout
