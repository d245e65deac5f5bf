"""Write the demo channel that the package carries: tiny packages with their archives, for trying the installer.

    python tools/make_demo.py

What it writes is the same each time, so that a change of this file shows in the archives and in nothing else.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT / "tests" / "support"))

from packages import File, Package, text_with_prefix, write_channel  # noqa: E402

_HELLO = """#!/bin/sh
. "{}/share/greeting/greeting.sh"
echo "$GREETING $(basename "{}")"
"""


def packages() -> list[Package]:
    """Return the packages: a command and the words that it says, two versions each."""
    found = []
    for version, words in (("1.0", "hello from"), ("2.0", "a very good day from")):
        script = text_with_prefix(_HELLO.replace("{}", "{0}"))
        found.append(
            Package(
                "hello",
                version,
                "demo_0",
                depends=[f"greeting {version}.*"],
                noarch="generic",
                files={"bin/hello": File(script.content, mode="text", executable=True)},
            )
        )
        found.append(
            Package(
                "greeting",
                version,
                "demo_0",
                noarch="generic",
                files={"share/greeting/greeting.sh": f'GREETING="{words}"\n'},
            )
        )
    return found


def main() -> None:
    """Write the channel."""
    folder = ROOT / "python" / "resolvent" / "_demo"
    shutil.rmtree(folder, ignore_errors=True)
    write_channel(folder, packages())


if __name__ == "__main__":
    main()
