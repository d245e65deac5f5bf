"""Where environments and packages lie: the places that conda, mamba and editors look at, too."""

from __future__ import annotations

import contextlib
import os
import re
from pathlib import Path

from .._core import ResolventError
from ..prefix import Prefix

_NAME = re.compile(r"[^/\\\x00-\x1f:#\s]+\Z")


def envs_dirs() -> list[Path]:
    """Return the folders of named environments, the preferred one first.

    `CONDA_ENVS_DIRS` (or `CONDA_ENVS_PATH`) if it is set; else `envs` of the conda installation that is active, where
    that can be written, and `~/.conda/envs`.
    """
    given = os.environ.get("CONDA_ENVS_DIRS") or os.environ.get("CONDA_ENVS_PATH")
    if given:
        return [Path(part).expanduser().absolute() for part in given.split(os.pathsep) if part]
    found = []
    root = os.environ.get("MAMBA_ROOT_PREFIX") or _root_of_conda()
    if root:
        found.append(Path(root) / "envs")
    found.append(Path("~/.conda/envs").expanduser())
    return sorted(found, key=lambda folder: not _can_write(folder))


def package_cache_folder() -> Path:
    """Return the folder of unpacked packages: `RESOLVENT_PKGS_DIR`, else `pkgs` in resolvent's cache."""
    from ..cache_paths import cache_root

    given = os.environ.get("RESOLVENT_PKGS_DIR")
    return Path(given).expanduser() if given else Path(cache_root()) / "pkgs"


def named_environment(name: str, *, new: bool = False) -> Path:
    """Return the folder of an environment that is given by its name.

    Parameters
    ----------
    name
        The name; `base` is the conda installation itself.
    new
        It is to be made: the first folder of names is taken.

    Raises
    ------
    ResolventError
        If it is no name, or there is no such environment.
    """
    if not _NAME.match(name) or name in {".", ".."}:
        raise ResolventError(f"{name!r} is not a name of an environment; give a folder with -p")
    root = os.environ.get("MAMBA_ROOT_PREFIX") or _root_of_conda()
    if name in {"base", "root"}:
        if root is None:
            raise ResolventError("there is no base environment: no conda is active; give a folder with -p")
        return Path(root)
    folders = envs_dirs()
    if new:
        return folders[0] / name
    for folder in folders:
        if Prefix.is_environment(folder / name):
            return folder / name
    raise ResolventError(
        f"there is no environment named {name} in {', '.join(map(str, folders))} (see: resolvent envs)"
    )


def known_environments() -> list[Path]:
    """Return the environments in the folders of names and in `~/.conda/environments.txt`, sorted."""
    found: dict[Path, None] = {}
    root = os.environ.get("MAMBA_ROOT_PREFIX") or _root_of_conda()
    if root and Prefix.is_environment(root):
        found[Path(root)] = None
    for folder in envs_dirs():
        with contextlib.suppress(OSError):
            for path in sorted(folder.iterdir()):
                if not path.name.startswith(".") and Prefix.is_environment(path):
                    found[path] = None
    for line in _registered():
        if Prefix.is_environment(line):
            found[Path(line)] = None
    return sorted(found)


def name_of(prefix: Path) -> str | None:
    """Return the name by which an environment can be given; None: only by its folder."""
    root = os.environ.get("MAMBA_ROOT_PREFIX") or _root_of_conda()
    if root and Path(root) == prefix:
        return "base"
    return prefix.name if prefix.parent in envs_dirs() else None


def register(prefix: Path) -> None:
    """Write an environment into `~/.conda/environments.txt`, unless `CONDA_REGISTER_ENVS` is false.

    The file helps others to find environments; that it cannot be written is no reason to fail.
    """
    if not _may_register() or str(prefix) in _registered():
        return
    with contextlib.suppress(OSError):
        file = _environments_file()
        file.parent.mkdir(parents=True, exist_ok=True)
        with file.open("a", encoding="utf-8") as stream:
            stream.write(f"{prefix}\n")


def unregister(prefix: Path) -> None:
    """Take an environment out of `~/.conda/environments.txt`."""
    lines = _registered()
    if not _may_register() or str(prefix) not in lines:
        return
    with contextlib.suppress(OSError):
        file = _environments_file()
        temporary = file.with_name(f".{file.name}.resolvent")
        temporary.write_text("".join(f"{line}\n" for line in lines if line != str(prefix)), encoding="utf-8")
        temporary.replace(file)


def _may_register() -> bool:
    return os.environ.get("CONDA_REGISTER_ENVS", "true").strip().lower() not in {"0", "false", "no", "off"}


def _environments_file() -> Path:
    return Path("~/.conda/environments.txt").expanduser()


def _registered() -> list[str]:
    try:
        text = _environments_file().read_text("utf-8", errors="surrogateescape")
    except OSError:
        return []
    return [line.strip() for line in text.splitlines() if line.strip() and not line.startswith("#")]


def _root_of_conda() -> str | None:
    """Return the folder of the conda installation that a shell has set up."""
    program = os.environ.get("CONDA_EXE")
    return str(Path(program).parent.parent) if program else os.environ.get("CONDA_ROOT")


def _can_write(folder: Path) -> bool:
    place = folder
    while not place.exists() and place != place.parent:
        place = place.parent
    return os.access(place, os.W_OK | os.X_OK)
