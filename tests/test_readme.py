"""The README and the user guide say the truth: their Python runs, their commands end as they say."""

from __future__ import annotations

import doctest
import re
import shlex
from pathlib import Path

import pytest

import resolvent
from conftest import ROOT, Cli

PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def blocks(page: Path, language: str) -> list[str]:
    """Return the code of a page's fenced blocks of one language."""
    return [code for kind, code in FENCE.findall(page.read_text(encoding="utf-8")) if kind == language]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_python_runs(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each page's ```python blocks, one after the other, in one namespace."""
    monkeypatch.chdir(tmp_path)
    code = blocks(page, "python")
    if not code:
        pytest.skip("no Python on this page")
    namespace: dict[str, object] = {}
    for block in code:
        exec(compile(block, page.name, "exec"), namespace)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_sessions_print_what_they_show(page: Path) -> None:
    """Each page's ```pycon blocks are doctests."""
    code = "\n".join(blocks(page, "pycon"))
    if not code:
        pytest.skip("no Python session on this page")
    test = doctest.DocTestParser().get_doctest(code, {}, page.name, str(page), 0)
    runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS)
    runner.run(test)
    assert runner.summarize().failed == 0


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_commands_run(page: Path, cli: Cli) -> None:
    """Each `$ resolvent …` line that uses the sample channel; `# exit code N` after it is checked."""
    commands = [
        line.removeprefix("$ resolvent ")
        for block in blocks(page, "console")
        for line in block.splitlines()
        if line.startswith("$ resolvent ") and "--sample" in line
    ]
    if not commands:
        pytest.skip("no command on this page")
    for command in commands:
        code = re.search(r"# exit code (\d)", command)
        done = cli(*shlex.split(command, comments=True))
        assert done.returncode == (int(code[1]) if code else 0), done.stdout + done.stderr


def test_the_readmes_two_commands_are_the_makefiles() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    for target in ("demo", "test"):
        assert f"make {target}\n" in readme
        assert re.search(rf"^{target}:", makefile, re.MULTILINE)


def test_docstrings_show_the_truth() -> None:
    assert doctest.testmod(resolvent, optionflags=doctest.ELLIPSIS).failed == 0


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    """Relative links of a page name files that exist."""
    targets = re.findall(r"\]\((?!https?://|#|mailto:)([^)#\s]+)", page.read_text(encoding="utf-8"))
    missing = [target for target in targets if not (page.parent / target).exists()]
    assert missing == []
