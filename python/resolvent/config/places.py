"""Where configuration may lie. Every start of the command asks, so this imports nothing that costs time."""

# ruff: noqa: PTH110

from __future__ import annotations

import os
import re
import sys
from collections.abc import Mapping

NAMES = (".condarc", "condarc")
_SYSTEM = ("C:/ProgramData/conda",) if sys.platform == "win32" else ("/etc/conda", "/var/lib/conda")
_VARIABLE = re.compile(r"\$(?:(\w+)|\{(\w+)\})|%(\w+)%")
#: Variables of conda that are no keys of its configuration.
_NO_KEYS = re.compile(
    r"CONDA_(?:PREFIX(?:_\d+)?|EXE|PYTHON_EXE|SHLVL|DEFAULT_ENV|PROMPT_MODIFIER|ROOT|OVERRIDE_\w+|BACKUP_\w+|ALLOW_\w+)\Z"
)


def is_anything_said(environ: Mapping[str, str], prefix: str | None) -> bool:
    """Whether a file of configuration exists, or a variable is set that may be one of its keys."""
    if any(name.startswith("CONDA_") and not _NO_KEYS.match(name) for name in environ):
        return True
    return any(os.path.exists(place) for place in [*search_path(environ, prefix), *pixi_places(environ)])


def search_path(environ: Mapping[str, str], prefix: str | None) -> list[str]:
    """Return the places of `.condarc` files, the weakest first; as conda documents them.

    Parameters
    ----------
    environ
        Variables: `CONDA_ROOT`, `XDG_CONFIG_HOME`, `HOME`, `CONDA_PREFIX`, `CONDARC`.
    prefix
        The environment that is meant, in place of the active one.
    """
    root, home = conda_root(environ), _home(environ)
    active = prefix or environ.get("CONDA_PREFIX", "")
    folders = [*_SYSTEM]
    folders += [root] if root else []
    folders += [f"{environ['XDG_CONFIG_HOME']}/conda"] if environ.get("XDG_CONFIG_HOME") else []
    folders += [f"{home}/.config/conda", f"{home}/.conda"] if home else []
    places = [f"{folder}/{name}" for folder in folders for name in (*NAMES, "condarc.d")]
    places += [f"{home}/.condarc"] if home else []
    places += [f"{active}/{name}" for name in (*NAMES, "condarc.d")] if active else []
    places += [expand_home(expand(environ["CONDARC"], environ), environ)] if environ.get("CONDARC") else []
    return places


def pixi_places(environ: Mapping[str, str]) -> list[str]:
    """Return where pixi's and rattler's files lie, the weakest first."""
    home = _home(environ)
    folders = ["C:/ProgramData"] if sys.platform == "win32" else ["/etc"]
    folders += [f"{home}/.config"] if home else []
    folders += [environ["XDG_CONFIG_HOME"]] if environ.get("XDG_CONFIG_HOME") else []
    if sys.platform == "darwin" and home:
        folders.append(f"{home}/Library/Application Support")
    if sys.platform == "win32" and environ.get("APPDATA"):
        folders.append(environ["APPDATA"])
    found = [f"{folder}/{tool}/config.toml" for tool in ("rattler", "pixi") for folder in folders]
    found += [f"{home}/.pixi/config.toml"] if home else []
    found += [f"{environ['PIXI_HOME']}/config.toml"] if environ.get("PIXI_HOME") else []
    return list(dict.fromkeys(found))


def conda_root(environ: Mapping[str, str]) -> str:
    """Return conda's own prefix if the environment says; empty if it does not."""
    if environ.get("CONDA_ROOT"):
        return environ["CONDA_ROOT"]
    if environ.get("CONDA_EXE"):
        return os.path.dirname(os.path.dirname(environ["CONDA_EXE"]))  # noqa: PTH120
    return environ.get("MAMBA_ROOT_PREFIX", "")


def expand(text: str, environ: Mapping[str, str]) -> str:
    """Replace variables of the environment in a text; unknown ones stay."""
    return _VARIABLE.sub(lambda match: environ.get(match[1] or match[2] or match[3], match[0]), text)


def expand_home(text: str, environ: Mapping[str, str]) -> str:
    """Replace a `~` at the start of a path by the home folder."""
    home = _home(environ)
    return f"{home}{text[1:]}" if home and (text == "~" or text.startswith(("~/", "~" + os.sep))) else text


def _home(environ: Mapping[str, str]) -> str:
    return environ.get("HOME") or environ.get("USERPROFILE") or ""
