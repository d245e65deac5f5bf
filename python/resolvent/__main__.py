"""`python -m resolvent`: the same as the command `resolvent`."""

from .cli import run

if __name__ == "__main__":
    run()
