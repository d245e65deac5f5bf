"""The backend for solvatron, with the two names that it takes from there."""

from __future__ import annotations

import importlib.util
import sys
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import resolvent


@dataclass(frozen=True)
class Record:
    name: str
    version: str
    build: str
    channel: str
    subdir: str


class SolutionNotFound(Exception):
    pass


@pytest.fixture
def backend(monkeypatch: pytest.MonkeyPatch) -> Any:
    package, common = ModuleType("solvatron"), ModuleType("solvatron.common")
    vars(common).update(Record=Record, SolutionNotFound=SolutionNotFound)
    monkeypatch.setitem(sys.modules, "solvatron", package)
    monkeypatch.setitem(sys.modules, "solvatron.common", common)
    file = Path(__file__).parents[2] / "tools" / "solvatron_backend.py"
    spec = importlib.util.spec_from_file_location("solvatron_backend", file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_an_answer(backend: Any) -> None:
    records = backend.solve(["tzdata"], [resolvent.sample_channel()], ["linux-64", "noarch"])
    found = next(record for record in records if record.name == "tzdata")
    assert (found.channel, found.subdir) == ("conda-forge", "noarch")


def test_no_answer(backend: Any) -> None:
    with pytest.raises(SolutionNotFound, match="tzdata"):
        backend.solve(["tzdata >=9999"], [resolvent.sample_channel()], ["linux-64", "noarch"])
