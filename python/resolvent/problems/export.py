"""A request as a file of other solvers: DIMACS CNF and weighted MaxSAT."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from .. import _core
from .._core import Index
from ..arguments import Specs
from ..index import sound_index
from ..request import Request, RequestOptions, core_request, facts_of, request_of
from ..signatures import shows_options
from ..virtual_packages import VirtualPackages

if TYPE_CHECKING:
    from typing_extensions import Unpack


@shows_options
def export_cnf(
    specs: Request | Specs,
    *,
    index: Index,
    path: str | os.PathLike[str],
    virtual_packages: VirtualPackages = None,
    **options: Unpack[RequestOptions],
) -> None:
    """Write the request's hard rules as DIMACS CNF, satisfiable exactly if the request is.

    Parameters
    ----------
    specs, index, virtual_packages, **options
        As `resolvent.solve` takes them.
    path
        The file; it is replaced in one step.
    """
    _export(_core.export_cnf, path, index, request_of(specs, options, virtual_packages=virtual_packages))


@shows_options
def export_wcnf(
    specs: Request | Specs,
    *,
    index: Index,
    path: str | os.PathLike[str],
    virtual_packages: VirtualPackages = None,
    **options: Unpack[RequestOptions],
) -> None:
    """Write the request as weighted MaxSAT: hard rules, and levels 2 and 3 of the contract as soft clauses.

    Parameters
    ----------
    specs, index, virtual_packages, **options
        As `resolvent.solve` takes them.
    path
        The file; it is replaced in one step.
    """
    _export(_core.export_wcnf, path, index, request_of(specs, options, virtual_packages=virtual_packages))


def _export(write: Any, path: str | os.PathLike[str], index: Index, request: Request) -> None:
    index = sound_index(index)
    write(core_request(request, facts_of(request, index.platform)), index, os.fspath(path))
