"""A session: many solves over one index."""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import _core
from ._core import Index, ResolventError, Solution
from .arguments import Specs, timeout_seconds
from .index import sound, sound_index
from .progress import Progress
from .request import CoreRequest, Request, RequestOptions, core_request, facts_of, request_of
from .signatures import shows_options
from .virtual_packages import VirtualPackages
from .virtual_packages import virtual_packages as shape_virtual_packages

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from .progress import ProgressCallback


class Session:
    """Many solves over one index; work may be reused between them, answers never depend on it.

    Parameters
    ----------
    index
        What `load_index` returned.
    virtual_packages
        Facts about the target: a list of `"name [version [build]]"`, or a mapping of name to `"version"` or
        `"version build"`. None detects them, empty means none. A request may be about another target.
    """

    def __init__(self, index: Index, *, virtual_packages: VirtualPackages = None) -> None:
        self._index = sound_index(index)
        self._virtual_packages = shape_virtual_packages(virtual_packages, index.platform)
        self._core = _core.Session(self._index)

    def __repr__(self) -> str:
        return f"<Session over {self._index!r}>"

    @property
    def index(self) -> Index:
        """The index that is solved over."""
        return self._index

    @property
    def virtual_packages(self) -> list[str]:
        """The virtual packages of its own target, as `"name version build"`, sorted by name."""
        return list(self._virtual_packages)

    @shows_options
    def solve(
        self,
        specs: Request | Specs,
        *,
        timeout: float | None = None,
        virtual_packages: VirtualPackages = None,
        progress: ProgressCallback | None = None,
        **options: Unpack[RequestOptions],
    ) -> Solution:
        """Find the best environment for a request.

        Parameters
        ----------
        specs
            What is asked for: a `Request`, or MatchSpecs, whose order breaks ties between them.
        timeout
            Seconds; when they are over, the best answer so far is returned with `.optimality == "feasible"`.
        virtual_packages
            Facts about the target, where the request does not say them; None: the session's own.
        progress
            Called with a `resolvent.Progress` when the search begins and when it ends.
        **options
            Without a `Request`: see `RequestOptions`.

        Raises
        ------
        UnsatisfiableError, DeadlineExceeded, InvalidRequest, ResolventError
            As `resolvent.solve`.
        """
        request = request_of(specs, options, virtual_packages=virtual_packages)
        if request.target.virtual_packages is None:
            request = request.replace(target=request.target.replace(virtual_packages=self._virtual_packages))
        facts = facts_of(request, self._index.platform)
        asked = core_request(request, facts)
        label = ", ".join(request.specs)
        if progress is not None:
            progress(Progress(label, "packages", 0, None, finished=False, phase="solve"))
        try:
            solution = self._ask(asked, timeout_seconds(timeout))
        except _core.InternalError as error:
            from .problems.problem import with_problem

            raise with_problem(error, self._index, request, facts) from error
        if progress is not None:
            count = len(solution)
            progress(Progress(label, "packages", count, count, finished=True, phase="solve"))
        return solution

    def _ask(self, asked: CoreRequest, timeout: float | None) -> Solution:
        """Solve, and once more over rebuilt index files if these were found damaged on the way."""
        for again in (False, True):
            try:
                answer = self._core.solve(asked, timeout)
            except ResolventError:
                if not self._index.is_damaged:
                    raise
            else:
                if not self._index.is_damaged:
                    return answer
            if not again:
                self._index = sound(self._index)
                self._core = _core.Session(self._index)
        raise ResolventError("index files are damaged again right after they were rebuilt; is the disk failing?")
