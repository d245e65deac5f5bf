"""The solving function that people call: it shapes arguments and hands them to the core.

No rule of conda lives here.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, overload

from ._core import Index, Solution
from .arguments import Specs
from .channel_data import CoreSource
from .channels import ChannelSource, OpenedSources
from .errors import InvalidRequest
from .index import load_folders, load_opened
from .platforms import target_platform
from .request import Request, RequestOptions, facts_of, request_of
from .session import Session
from .signatures import shows_options
from .virtual_packages import VirtualPackages

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from .config import Config
    from .network import NetworkConfig
    from .progress import ProgressCallback


@overload
def solve(
    specs: Request | Specs,
    *,
    index: Index,
    config: Config | None = None,
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
    use_zst: bool | None = None,
    use_shards: bool | None = None,
    config: Config | None = None,
    virtual_packages: VirtualPackages = None,
    timeout: float | None = None,
    progress: ProgressCallback | None = None,
    **options: Unpack[RequestOptions],
) -> Solution: ...


@overload
def solve(
    specs: Specs,
    *,
    config: Config,
    platform: str | None = None,
    skip_bad_records: bool = False,
    offline: bool | None = None,
    use_zst: bool | None = None,
    use_shards: bool | None = None,
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
    use_zst: bool | None = None,
    use_shards: bool | None = None,
    config: Config | None = None,
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
    channels, platform, skip_bad_records, offline, use_zst, use_shards
        As for `load_index`, which is then called on the way, for these specs. A `Request` may hold the first two.
    config
        `resolvent.Config.load()`: what conda's configuration says of channels, pins, cut-offs and the like counts where
        the arguments say nothing, and lists are joined. None: no configuration is read, so that the same call gives
        the same answer everywhere.
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
        If the time limit was reached before there was any answer.
    InvalidRequest
        If the request has no meaning.
    InvalidMatchSpec, InvalidVersion, InvalidRepodata, ChannelNotFound, NetworkError
        For bad input; all are kinds of `ResolventError`.
    """
    if config is not None:
        if isinstance(specs, Request):
            raise TypeError("a Request says all that is asked; make it with the configuration, or give specs")
        options = config.options(options)
        if index is None:
            platform = config.platform if platform is None else platform
        if virtual_packages is None:
            virtual_packages = config.facts(target_platform(platform) if index is None else index.platform)
    if index is not None:
        where = (channels, platform, skip_bad_records or None, offline, use_zst, use_shards)
        if any(value is not None for value in where):
            names = "channels, platform, skip_bad_records, offline, use_zst and use_shards"
            raise TypeError(f"solve() takes {names} only where no index is given")
        request = request_of(specs, options, virtual_packages=virtual_packages)
        session = Session(index, virtual_packages=_facts(request, index))
        return session.solve(request, timeout=timeout, progress=progress)
    request = request_of(specs, options, channels=channels, platform=platform, virtual_packages=virtual_packages)
    if request.channels is None and config is None:
        if isinstance(specs, Request):
            raise InvalidRequest("the request has no channels; give it some, or an index")
        raise TypeError("solve() needs index or channels")
    solution, _ = solve_channels(
        request,
        sources=None if config is None else config.channels(request.channels or ()),
        skip_bad_records=skip_bad_records,
        add_pip_as_python_dependency=config is not None and config.get("add_pip_as_python_dependency", False),
        offline=offline,
        use_zst=use_zst,
        use_shards=use_shards,
        network=None if config is None else config.network(),
        timeout=timeout,
        progress=progress,
    )
    return solution


def _facts(request: Request, index: Any) -> list[str] | None:
    """Return the facts of a request's target for a session over an index, whatever that is; it checks."""
    return facts_of(request, index.platform) if isinstance(index, Index) else None


def solve_channels(
    request: Request,
    *,
    sources: Sequence[ChannelSource] | None = None,
    skip_bad_records: bool = False,
    add_pip_as_python_dependency: bool = False,
    offline: bool | None = None,
    use_zst: bool | None = None,
    use_shards: bool | None = None,
    network: NetworkConfig | None = None,
    timeout: float | None = None,
    progress: ProgressCallback | None = None,
    loaded: Callable[[Index], None] | None = None,
) -> tuple[Solution, Index]:
    """Return the answer to a request on its channels, and the index that it was found in.

    The parameters are those of `solve` and `load_index`; `sources` are channels in place of the request's own.
    `loaded` is called with each index that is read, before it is asked; also where there is no answer.
    """
    texts = list(request.specs)
    platform = target_platform(request.target.platform)
    facts = facts_of(request, platform)
    priority = request.channel_priority or "strict"

    def load(folders: Sequence[CoreSource], keep: bool = True) -> Index:
        pip = add_pip_as_python_dependency
        index = load_folders(opened, platform, priority, skip_bad_records, folders, keep, pip, progress)
        if loaded is not None:
            loaded(index)
        return index

    def ask(index: Index) -> Solution:
        return Session(index, virtual_packages=facts).solve(request, timeout=timeout, progress=progress)

    opened = OpenedSources(
        (request.channels or ()) if sources is None else sources,
        platform=platform,
        selective=True,
        offline=offline,
        use_zst=use_zst,
        use_shards=use_shards,
        network=network,
        progress=progress,
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
            "pip": add_pip_as_python_dependency,
        }
        found = solve_lazily(opened, texts, question, load, ask)
        if found is not None:
            return found
    installed = () if request.action is None else request.action.installed
    # What python comes to depend on is not in its record.
    pip = ["pip"] if add_pip_as_python_dependency else []
    index = load_opened(opened, [*texts, *pip, *(record.name for record in installed)], load)
    return ask(index), index
