"""The cases of the wheel, each made ready for a call of the library."""

from __future__ import annotations

from pathlib import Path

import resolvent
from resolvent.prefix import Prefix

from .cases import Case, read_cases, wheel_folder
from .setup import PLATFORM, write_channels, write_environment
from .translate import solve_arguments

FOLDER = wheel_folder()
CASES = {} if FOLDER is None else {case.id: case for case in read_cases(FOLDER)}


class Call:
    """A case made ready: channels loaded, environment written and read, arguments translated."""

    def __init__(self, case: Case, folder: Path) -> None:
        assert FOLDER is not None
        sources = write_channels(
            FOLDER, case.strings("channels"), folder / "channels", add_pip=bool(case.input.get("add_pip"))
        )
        self.index = resolvent.load_index(sources, platform=PLATFORM)
        self.prefix = Prefix(write_environment(FOLDER, case, folder / "env"), strict=True)
        self.arguments = solve_arguments(case, self.prefix)

    def solve(self) -> resolvent.Solution:
        """Call the library."""
        return resolvent.solve(index=self.index, **self.arguments)
