"""A request as a file of other solvers: DIMACS CNF and weighted MaxSAT."""

from __future__ import annotations

import os
from typing import Any

from .. import _core
from .._core import Index
from ..arguments import Specs, specs_of
from ..index import sound_index
from ..virtual_packages import VirtualPackages
from ..virtual_packages import virtual_packages as shape_virtual_packages


def export_cnf(
    specs: Specs,
    *,
    index: Index,
    path: str | os.PathLike[str],
    virtual_packages: VirtualPackages = None,
    constraints: Specs = (),
    pins: Specs = (),
) -> None:
    """Write the request's hard rules as DIMACS CNF, satisfiable exactly if the request is."""
    _export(_core.export_cnf, specs, index, path, virtual_packages, constraints, pins)


def export_wcnf(
    specs: Specs,
    *,
    index: Index,
    path: str | os.PathLike[str],
    virtual_packages: VirtualPackages = None,
    constraints: Specs = (),
    pins: Specs = (),
) -> None:
    """Write the request as weighted MaxSAT: hard rules, and levels 2 and 3 of the contract as soft clauses."""
    _export(_core.export_wcnf, specs, index, path, virtual_packages, constraints, pins)


def _export(
    write: Any,
    specs: Specs,
    index: Index,
    path: str | os.PathLike[str],
    virtual_packages: VirtualPackages,
    constraints: Specs,
    pins: Specs,
) -> None:
    write(
        specs_of("specs", specs),
        sound_index(index),
        os.fspath(path),
        shape_virtual_packages(virtual_packages, index.platform),
        specs_of("constraints", constraints),
        specs_of("pins", pins),
    )
