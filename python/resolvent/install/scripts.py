r"""Link scripts: programs that packages want run when they come or go. They run only if the user says so.

A package may bring `bin/.NAME-post-link.sh` and `bin/.NAME-pre-unlink.sh` (`Scripts\.NAME-post-link.bat` on Windows).
`pre-link` scripts are from another time and never run.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterable
from pathlib import Path
from typing import Literal

from .._core import PackageRecord

Moment = Literal["post-link", "pre-unlink"]


def script_of(prefix: Path, record: PackageRecord, moment: Moment) -> Path | None:
    """Return a package's script in an environment; None if it has none."""
    names = (
        (f"Scripts/.{record.name}-{moment}.bat", f"Scripts/{record.name}-{moment}.bat")
        if os.name == "nt"
        else (f"bin/.{record.name}-{moment}.sh",)
    )
    return next((prefix / name for name in names if (prefix / name).is_file()), None)


def run_scripts(prefix: Path, records: Iterable[PackageRecord], moment: Moment) -> list[str]:
    """Run the scripts of packages, and return what went wrong, a line for each.

    They get what conda gives them: `PREFIX`, `PKG_NAME`, `PKG_VERSION`, `PKG_BUILDNUM`, and the environment's `bin`
    first in `PATH`. What they print to `$PREFIX/.messages.txt` is shown and removed.
    """
    problems = []
    for record in records:
        script = script_of(prefix, record, moment)
        if script is None:
            continue
        shell = ["cmd.exe", "/d", "/c"] if os.name == "nt" else ["/bin/sh"]
        variables = {
            **os.environ,
            "ROOT_PREFIX": os.environ.get("CONDA_ROOT", str(prefix)),
            "PREFIX": str(prefix),
            "PKG_NAME": record.name,
            "PKG_VERSION": record.version,
            "PKG_BUILDNUM": str(record.build_number),
            "PATH": os.pathsep.join([str(script.parent), os.environ.get("PATH", "")]),
        }
        try:
            done = subprocess.run(  # noqa: S603 - the user asked for it
                [*shell, str(script)],
                env=variables,
                cwd=prefix,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                errors="replace",
                check=False,
            )
            if done.returncode:
                said = " ".join((done.stderr or done.stdout).split())[-300:]
                problems.append(f"the {moment} script of {record.name} failed with exit code {done.returncode}: {said}")
        except OSError as error:
            problems.append(f"the {moment} script of {record.name} cannot be run: {error.strerror}")
        messages = prefix / ".messages.txt"
        if messages.is_file():
            problems.append(f"{record.name}: {' '.join(messages.read_text(errors='replace').split())[:500]}")
            messages.unlink()
    return problems
