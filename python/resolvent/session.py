"""A session: many solves over one index."""

from __future__ import annotations

from collections.abc import Sequence

from . import _core
from ._core import Index, ResolventError, Solution
from .arguments import ChannelPriority, Specs, Strategy, timeout_seconds
from .environment import Deps, Installed, Mode
from .index import sound, sound_index
from .policy import Cutoffs, Deny, Licenses
from .request import Asked, shape_request
from .virtual_packages import VirtualPackages
from .virtual_packages import virtual_packages as shape_virtual_packages


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
        self._core = _core.Session(self._index, self._virtual_packages)

    @property
    def index(self) -> Index:
        """The index that is solved over."""
        return self._index

    @property
    def virtual_packages(self) -> list[str]:
        """The virtual packages of its own target, as `"name version build"`, sorted by name."""
        return list(self._virtual_packages)

    def solve(
        self,
        specs: Specs,
        *,
        constraints: Specs = (),
        pins: Specs = (),
        installed: Installed = None,
        history: Specs | None = None,
        mode: Mode = "install",
        freeze_installed: bool = False,
        update_deps: bool = False,
        deps: Deps = "all",
        prune: bool = False,
        satisfied_skip: bool = False,
        force_reinstall: bool = False,
        force_remove: bool = False,
        aggressive_updates: Specs = (),
        ignore_pinned: bool = False,
        exclude_newer: Cutoffs = None,
        deny: Deny = (),
        licenses: Licenses = None,
        strategy: Strategy = "highest",
        timeout: float | None = None,
        channel_priority: ChannelPriority | None = None,
        virtual_packages: VirtualPackages = None,
    ) -> Solution:
        """Find the best environment for `specs`; the parameters are those of `resolvent.solve`.

        Where `virtual_packages` is None, the target is the session's own.
        """
        target = None
        if virtual_packages is not None:
            target = shape_virtual_packages(virtual_packages, self._index.platform)
        asked = shape_request(
            specs,
            constraints=constraints,
            pins=pins,
            installed=installed,
            history=history,
            mode=mode,
            freeze_installed=freeze_installed,
            update_deps=update_deps,
            deps=deps,
            prune=prune,
            satisfied_skip=satisfied_skip,
            force_reinstall=force_reinstall,
            force_remove=force_remove,
            aggressive_updates=aggressive_updates,
            ignore_pinned=ignore_pinned,
            exclude_newer=exclude_newer,
            deny=deny,
            licenses=licenses,
            strategy=strategy,
            channel_priority=channel_priority,
        )
        try:
            return self._ask(asked, target, timeout_seconds(timeout))
        except _core.InternalError as error:
            from .problems.problem import with_problem

            facts = self._virtual_packages if target is None else target
            raise with_problem(error, self._index, facts, asked) from error

    def _ask(self, asked: Asked, target: Sequence[str] | None, timeout: float | None) -> Solution:
        """Solve, and once more over rebuilt index files if these were found damaged on the way."""
        for again in (False, True):
            try:
                answer = self._core.solve(**asked, timeout=timeout, virtual_packages=target)
            except ResolventError:
                if not self._index.is_damaged:
                    raise
            else:
                if not self._index.is_damaged:
                    return answer
            if not again:
                self._index = sound(self._index)
                self._core = _core.Session(self._index, self._virtual_packages)
        raise ResolventError("index files are damaged again right after they were rebuilt; is the disk failing?")
