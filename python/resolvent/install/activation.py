"""Activation: what a shell, or one command, needs to be inside an environment."""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

from .._core import ResolventError
from .rattler import import_engine

#: Shells by the names of their programs.
SHELLS = {
    "bash": "bash",
    "sh": "bash",
    "dash": "bash",
    "zsh": "zsh",
    "fish": "fish",
    "xonsh": "xonsh",
    "nu": "nushell",
    "pwsh": "powershell",
    "powershell": "powershell",
    "cmd": "cmd_exe",
}


def activation_script(prefix: Path, shell: str | None = None) -> str:
    """Return the commands that activate an environment in a shell.

    Parameters
    ----------
    prefix
        The environment.
    shell
        A name out of `SHELLS`; None: the one of the variable `SHELL`, else bash.

    Raises
    ------
    ResolventError
        If the shell is not known.
    """
    name = shell or Path(os.environ.get("SHELL", "bash")).name
    if name not in SHELLS:
        if shell is not None:
            raise ResolventError(f"the shell {shell!r} is not known; known are {', '.join(SHELLS)}")
        name = "bash"
    import_engine()
    engine: Any = import_module("rattler.shell")
    kind = getattr(engine.Shell, SHELLS[name])
    path = [part for part in os.environ.get("PATH", "").split(os.pathsep) if part]
    variables = engine.ActivationVariables(None, [Path(part) for part in path])
    script: str = engine.activate(prefix, variables, kind).script
    return script


def command_in(prefix: Path, words: Sequence[str]) -> list[str]:
    """Return the command that runs another one inside an environment: a shell that activates it first.

    Raises
    ------
    ResolventError
        If there is no shell for that.
    """
    if os.name == "nt":
        raise ResolventError("resolvent run needs a POSIX shell; use shell-hook --shell powershell here")
    shell = shutil.which("bash") or shutil.which("sh")
    if shell is None:
        raise ResolventError("no shell is on the PATH, neither bash nor sh")
    return [shell, "-c", f'{activation_script(prefix, "bash")}\nexec "$@"', Path(shell).name, *words]
