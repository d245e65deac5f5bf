"""Print the requirements of some of the project's extras, one a line, for `pip install -r`.

`pip install .[extra]` would build the extension a second time; the Makefile has built it into the
environment already and only needs the names. Reads `pyproject.toml` with the standard library from
Python 3.11 on, and with pip's own copy of `tomli` on 3.10.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any


def load_pyproject(path: Path) -> dict[str, Any]:
    """Return the parsed `pyproject.toml`."""
    text = path.read_text(encoding="utf-8")
    if sys.version_info >= (3, 11):
        import tomllib

        return tomllib.loads(text)
    from pip._vendor import tomli

    parsed: dict[str, Any] = tomli.loads(text)
    return parsed


def main(extras: list[str]) -> int:
    """Print the requirements of `extras`; fail on a name that is not an extra."""
    optional = load_pyproject(Path(__file__).parent.parent / "pyproject.toml")["project"]["optional-dependencies"]
    unknown = [extra for extra in extras if extra not in optional]
    if unknown:
        print(f"no such extra: {', '.join(unknown)}; there are: {', '.join(optional)}", file=sys.stderr)
        return 2
    print("\n".join(requirement for extra in extras for requirement in optional[extra]))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
