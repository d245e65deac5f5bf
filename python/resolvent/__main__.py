"""`python -m resolvent`: the same as the command `resolvent`."""

import sys

from .cli import main

if __name__ == "__main__":
    sys.exit(main())
