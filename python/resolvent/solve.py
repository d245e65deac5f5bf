"""The solving function that people call: it shapes arguments and hands them to the core.

No rule of conda lives here.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, overload

from ._core import Index, Solution
from .arguments import Specs
from .channel_data import CoreSource
from .channels import ChannelSource, OpenedSources
from .errors import InvalidRequest
from .index import load_folders
from .platforms import target_platform
from .request import Request, RequestOptions, facts_of, request_of
from .session import Session
from .signatures import shows_options
from .virtual_packages import VirtualPackages

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from .progress import ProgressCallback


@overload
def solve(
    specs: Request | Specs,
    *,
    index: Index,
    virtual_packages: VirtualPackages = None,
    timeout: float | None = None,
    progress: ProgressCallback | None = None,
    **options: Unpack[RequestOptions],
) -> Solution: ...


@overload
def solve(
    specs: Request | Specs,
    *,
    channels: ChannelSource | Sequence[ChannelSource],
    platform: str | None = None,
    skip_bad_records: bool = False,
    offline: bool | None = None,
    virtual_packages: VirtualPackages = None,
    timeout: float | None = None,
    progress: ProgressCallback | None = None,
    **options: Unpack[RequestOptions],
) -> Solution: ...


@overload
def solve(
    specs: Request,
    *,
    skip_bad_records: bool = False,
    offline: bool | None = None,
    timeout: float | None = None,
    progress: ProgressCallback | None = None,
) -> Solution: ...


@shows_options
def solve(
    specs: Request | Specs,
    *,
    index: Index | None = None,
    channels: ChannelSource | Sequence[ChannelSource] | None = None,
    platform: str | None = None,
    skip_bad_records: bool = False,
    offline: bool | None = None,
    virtual_packages: VirtualPackages = None,
    timeout: float | None = None,
    progress: ProgressCallback | None = None,
    **options: Unpack[RequestOptions],
) -> Solution:
    """Find the best environment for a request.

    Parameters
    ----------
    specs
        What is asked for: a `Request`, or MatchSpecs, whose order breaks ties between them.
    index
        A loaded index; the request's own channels are not read then. Or else:
    channels, platform, skip_bad_records, offline
        As for `load_index`, which is then called on the way, for these specs. A `Request` may hold the first two.
    virtual_packages
        Facts about the target: a list of `"name [version [build]]"`, or a mapping of name to `"version"` or
        `"version build"`. None detects them, empty means none. A `Request` may hold them.
    timeout
        Seconds; when they are over, the best answer so far is returned with `.optimality == "feasible"`.
    progress
        Called with a `resolvent.Progress` while something is fetched, read or solved, from worker threads but never
        twice at the same time.
    **options
        Without a `Request`: see `RequestOptions`.

    Raises
    ------
    UnsatisfiableError
        If there is no answer; `.conflict` says why. `PackagesNotFound` if that is because no channel has a name.
    DeadlineExceeded
        If the time was over before there was any answer.
    InvalidRequest
        If the request has no meaning.
    InvalidMatchSpec, InvalidVersion, InvalidRepodata, ChannelNotFound, NetworkError
        For bad input; all are kinds of `ResolventError`.
    """
    if index is not None:
        if channels is not None or platform is not None or skip_bad_records or offline is not None:
            raise TypeError(
                "solve() takes channels, platform, skip_bad_records and offline only where no index is given"
            )
        request = request_of(specs, options, virtual_packages=virtual_packages)
        session = Session(index, virtual_packages=_facts(request, index))
        return session.solve(request, timeout=timeout, progress=progress)
    request = request_of(specs, options, channels=channels, platform=platform, virtual_packages=virtual_packages)
    if request.channels is None:
        if isinstance(specs, Request):
            raise InvalidRequest("the request has no channels; give it some, or an index")
        raise TypeError("solve() needs index or channels")
    solution, _ = solve_channels(
        request, skip_bad_records=skip_bad_records, offline=offline, timeout=timeout, progress=progress
    )
    return solution


def _facts(request: Request, index: Any) -> list[str] | None:
    """Return the facts of a request's target for a session over an index, whatever that is; it checks."""
    return facts_of(request, index.platform) if isinstance(index, Index) else None


def solve_channels(
    request: Request,
    *,
    skip_bad_records: bool = False,
    offline: bool | None = None,
    timeout: float | None = None,
    progress: ProgressCallback | None = None,
) -> tuple[Solution, Index]:
    """Return the answer to a request on its channels, and the index that it was found in.

    The parameters are those of `solve`.
    """
    texts = list(request.specs)
    platform = target_platform(request.target.platform)
    facts = facts_of(request, platform)
    priority = request.channel_priority or "strict"

    def load(folders: Sequence[CoreSource], keep: bool = True) -> Index:
        return load_folders(folders, platform, priority, skip_bad_records, keep, progress=progress)

    def ask(index: Index) -> Solution:
        return Session(index, virtual_packages=facts).solve(request, timeout=timeout, progress=progress)

    opened = OpenedSources(
        request.channels or (), platform=platform, selective=True, offline=offline, progress=progress
    )
    if opened.remote and timeout is None and request.action is None and request.strategy == "highest":
        from .lazy_solve import solve_lazily

        question = {
            "constraints": list(request.constraints),
            "pins": list(request.pins),
            "policy": request.policy.core_arguments(),
            "priority": priority,
            "facts": facts,
            "skip": skip_bad_records,
        }
        found = solve_lazily(opened, texts, question, load, ask)
        if found is not None:
            return found
    installed = () if request.action is None else request.action.installed
    index = load(opened.folders([*texts, *(record.name for record in installed)]))
    return ask(index), index
