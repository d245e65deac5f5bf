"""How help looks."""

from __future__ import annotations

import argparse
import os

EXAMPLES = """\
examples:
  resolvent solve --sample numpy 'python 3.12.*'
      try the solver on the sample channel that the package carries
  resolvent solve -c ./channel 'scipy >=1.11' --platform linux-64
      solve against a channel folder
  resolvent solve -c conda-forge=/srv/mirror/conda-forge numpy --explicit > numpy.lock
      read a mirror, write a lock file with conda-forge's own URLs
  resolvent solve -c ./channel pytorch --virtual-package __cuda=12.6 --virtual-package __archspec=1=x86_64_v3
      describe the target machine
  resolvent solve -c ./channel numpy --platform linux-64 --target-defaults --exclude-newer 2026-01-31 --json
      the same answer on every machine, for programs

environment variables:
  RESOLVENT_CACHE_DIR (the cache), RESOLVENT_OFFLINE=1, RESOLVENT_CHANNEL_ALIAS, RESOLVENT_CA_BUNDLE,
  RESOLVENT_AUTH_<HOST> (credentials), HTTPS_PROXY, HTTP_PROXY, ALL_PROXY, NO_PROXY, and conda's CONDA_<KEY>

exit codes: 0 solved, 1 unsatisfiable, 2 bad input, 3 time limit without an answer
"""


#: What `--skip-bad-records` does, of every command that reads channels.
SKIP_HELP = "leave out records that cannot be read, with a warning, instead of refusing the channel"


class Help(argparse.RawDescriptionHelpFormatter):
    """Argparse's layout; the terminal is measured without the module that it would import for that.

    One is made for each argument that is declared.
    """

    def __init__(self, prog: str) -> None:
        super().__init__(prog, width=_columns() - 2)


def _columns() -> int:
    """Return the width of the terminal: `COLUMNS`, else what stdout is, else 80."""
    text = os.environ.get("COLUMNS", "")
    columns = int(text) if text.isascii() and text.isdigit() else 0
    if columns <= 0:
        try:
            columns = os.get_terminal_size(1).columns
        except (OSError, ValueError):
            columns = 0
    return columns or 80
