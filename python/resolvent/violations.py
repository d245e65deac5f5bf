"""The rules that an answer breaks, whichever solver found it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import _core
from ._core import Index
from .arguments import Records, Specs, records_of
from .index import sound_index
from .request import Request, RequestOptions, core_request, facts_of, request_of
from .signatures import shows_options
from .virtual_packages import VirtualPackages

if TYPE_CHECKING:
    from typing_extensions import Unpack


@shows_options
def check(
    records: Records,
    specs: Request | Specs,
    *,
    index: Index,
    virtual_packages: VirtualPackages = None,
    **options: Unpack[RequestOptions],
) -> list[str]:
    """Return the hard rules that `records` break as an answer to a request: one sentence each, none when valid.

    Works on the raw records and knows nothing of how they were found, so it also judges other tools' answers. With an
    environment, what did not hold in it need not hold where the record stays, what is installed may stay under any
    policy, and earlier requests are a reason to be there.

    Parameters
    ----------
    records
        The packages of the answer.
    specs, index, virtual_packages, **options
        As `resolvent.solve` takes them.
    """
    request = request_of(specs, options, virtual_packages=virtual_packages)
    index = sound_index(index)
    return _core.check(records_of("records", records), core_request(request, facts_of(request, index.platform)), index)
