"""The README and the user guide say the truth: their Python runs, their commands end as they say."""

from __future__ import annotations

import doctest
import re
import shlex
from collections.abc import Callable
from pathlib import Path

import pytest

import resolvent
from conftest import ROOT, Cli

PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def blocks(page: Path, language: str) -> list[str]:
    """Return the code of a page's fenced blocks of one language."""
    return [code for kind, code in FENCE.findall(page.read_text(encoding="utf-8")) if kind == language]


def samples(page: Path) -> list[tuple[str, str]]:
    """Return a page's commands that use the sample channel, each with the output that is shown below it."""
    shown = re.compile(r"^\$ resolvent (.*--sample.*)\n((?:(?!\$ ).*\n)*)", re.MULTILINE)
    return [(found[1], found[2]) for block in blocks(page, "console") for found in shown.finditer(block)]


def each_page(has: Callable[[Path], object] = Path.exists) -> pytest.MarkDecorator:
    """Ask for each page that has something."""
    return pytest.mark.parametrize("page", [page for page in PAGES if has(page)], ids=lambda page: page.name)


@each_page(lambda page: blocks(page, "python"))
def test_python_runs(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each page's ```python blocks, one after the other, in one namespace."""
    monkeypatch.chdir(tmp_path)
    namespace: dict[str, object] = {}
    for block in blocks(page, "python"):
        exec(compile(block, page.name, "exec"), namespace)


@each_page(samples)
def test_commands_run(page: Path, cli: Cli) -> None:
    """The command ends with `# exit code N`, if that stands behind it, and prints what is shown; `...` is anything."""
    for command, output in samples(page):
        code = re.search(r"# exit code (\d)", command)
        done = cli(*shlex.split(command, comments=True))
        printed = done.stdout + done.stderr
        assert done.returncode == (int(code[1]) if code else 0), printed
        if output.strip():
            assert doctest.OutputChecker().check_output(output, printed, doctest.ELLIPSIS), printed


def test_the_readmes_two_commands_are_the_makefiles() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    for target in ("demo", "test"):
        assert f"make {target}\n" in readme
        assert re.search(rf"^{target}:", makefile, re.MULTILINE)


def test_docstrings_show_the_truth() -> None:
    assert doctest.testmod(resolvent, optionflags=doctest.ELLIPSIS).failed == 0


@each_page()
def test_links_lead_somewhere(page: Path) -> None:
    """Relative links of a page name files that exist."""
    targets = re.findall(r"\]\((?!https?://|#|mailto:)([^)#\s]+)", page.read_text(encoding="utf-8"))
    missing = [target for target in targets if not (page.parent / target).exists()]
    assert missing == []
