"""The cases of the wheel, each made ready for a call of the library."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import resolvent
from resolvent.integrations.conda.translation import translate
from resolvent.prefix import Prefix

from .cases import Case, read_cases, wheel_folder
from .setup import PLATFORM, write_channels, write_environment
from .translate import situation, virtual_packages

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
        self.translation = translate(situation(case, self.prefix))
        self._common = {"installed": self.prefix.records, "virtual_packages": virtual_packages(case)}

    @property
    def arguments(self) -> dict[str, Any]:
        """The arguments of `resolvent.solve`, without the index."""
        return {**self._common, **self.translation.arguments}

    def solve(self) -> resolvent.Solution:
        """Call the library as the plugin does: once more where an update let go of what was asked for earlier."""
        solution = resolvent.solve(index=self.index, **self.arguments)
        lost = self.translation.roots - {record.name for record in solution.records}
        if lost:
            self.translation = self.translation.keeping(sorted(lost))
            solution = resolvent.solve(index=self.index, **self.arguments)
        return solution
