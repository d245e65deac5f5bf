"""The solver class that conda calls."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from conda.base.constants import REPODATA_FN, DepsModifier, UpdateModifier
from conda.base.context import context
from conda.common.constants import NULL

try:
    # Helpers of the classic solver are called by others (what constricts an update, say), so they are inherited.
    from conda.core.solve import Solver as Base
except ImportError:  # the classic solver is to leave conda; what all backends share stays
    from conda.core.solve import BaseSolver as Base

if TYPE_CHECKING:
    from conda.models.channel import Channel
    from conda.models.match_spec import MatchSpec
    from conda.models.records import PackageRecord

    import resolvent
    from resolvent.integrations.conda.channels import Subset
    from resolvent.integrations.conda.translation import Situation, Translation

_FLAGS = ("supports_exclude_newer_global", "supports_exclude_newer_channel", "supports_exclude_newer_package")


class ResolventSolver(Base):
    """conda's solver interface, answered by resolvent.

    Parameters
    ----------
    prefix, channels, subdirs, specs_to_add, specs_to_remove, repodata_fn, command
        As conda's own solver takes them.
    build_repodata_subset
        conda's function that reads channels in shards. That it is a parameter tells conda that it is wanted.
    """

    prefix: str
    channels: tuple[Channel, ...]
    subdirs: tuple[str, ...]
    _repodata_fn: str

    supports_exclude_newer_global = True
    supports_exclude_newer_channel = True
    supports_exclude_newer_package = True

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """Keep the capabilities: conda resets them for subclasses, and makes one itself to pass the shards."""
        super().__init_subclass__(**kwargs)
        for flag in _FLAGS:
            setattr(cls, flag, True)

    def __init__(
        self,
        prefix: str | os.PathLike[str],
        channels: Iterable[Channel | str] | None = None,
        subdirs: Iterable[str] = (),
        specs_to_add: Iterable[MatchSpec | str] = (),
        specs_to_remove: Iterable[MatchSpec | str] = (),
        repodata_fn: str = REPODATA_FN,
        command: Any = NULL,
        build_repodata_subset: Subset | None = None,
    ) -> None:
        from conda.models.match_spec import MatchSpec

        # conda keeps them as sets, whose order is another in each process; here the order breaks ties.
        self._add = [MatchSpec(spec) for spec in specs_to_add]
        self._remove = [MatchSpec(spec) for spec in specs_to_remove]
        if self._add and self._remove:
            raise ValueError("only one of specs_to_add and specs_to_remove can be given")
        super().__init__(
            os.fspath(prefix),
            channels,
            subdirs=subdirs,
            specs_to_add=self._add,
            specs_to_remove=self._remove,
            repodata_fn=repodata_fn,
            command=command,
        )
        if "noarch" not in self.subdirs:
            self.subdirs = (*self.subdirs, "noarch")
        self._subset = build_repodata_subset
        if self._repodata_fn == "current_repodata.json" and not _chose_files():
            # A small file first and the whole one on failure is conda's way to spare its own solver work.
            self._repodata_fn = REPODATA_FN
        self._target: _VirtualPackages | None = None

    @staticmethod
    def user_agent() -> str:
        """Return what conda adds to the name it gives servers."""
        from resolvent import __version__

        return f"resolvent/{__version__}"

    def solve_final_state(
        self,
        update_modifier: Any = NULL,
        deps_modifier: Any = NULL,
        prune: Any = NULL,
        ignore_pinned: Any = NULL,
        force_remove: Any = NULL,
        should_retry_solve: bool = False,  # noqa: ARG002 - there is no second attempt
    ) -> tuple[PackageRecord, ...]:
        """Return the records that the environment is to have, in link order.

        The parameters are those of conda's solver; what is not given is taken from conda's context.
        """
        import resolvent
        from resolvent.integrations.conda import errors

        situation, manageable, others = self._situation(update_modifier, deps_modifier, prune, ignore_pinned)
        if self._remove and (context.force_remove if force_remove is NULL else force_remove):
            return self._without(situation, [*manageable, *others])
        try:
            return self._answer(situation, manageable, others)
        except resolvent.ResolventError as error:
            raise errors.ResolventError(str(error)) from error
        except Exception as error:
            # Whatever it is, the same again would not help: conda repeats a solve unless it is told not to.
            _no_retry(error)
            raise

    def _situation(
        self, update_modifier: Any, deps_modifier: Any, prune: Any, ignore_pinned: Any
    ) -> tuple[Situation, list[PackageRecord], list[PackageRecord]]:
        """Return what is asked, and what is installed: what conda manages, and what it cannot manage."""
        from conda.core.prefix_data import PrefixData
        from conda.core.solve import get_pinned_specs
        from conda.history import History

        from resolvent.integrations.conda.channels import urls_of
        from resolvent.integrations.conda.reading import situation_of

        update = context.update_modifier if update_modifier is NULL else update_modifier
        deps = context.deps_modifier if deps_modifier is NULL else deps_modifier
        records = list(PrefixData(self.prefix).iter_records())
        self._pins = tuple(get_pinned_specs(self.prefix))
        self._opened = self._channel_list()
        situation = situation_of(
            specs=self._add,
            removals=self._remove,
            installed=[record for record in records if not record.is_unmanageable],
            history=dict(History(self.prefix).get_requested_specs_map()),
            pins=self._pins,
            prefix=self.prefix,
            update_modifier=UpdateModifier(str(update).lower()),
            deps_modifier=DepsModifier(str(deps).lower()),
            prune=bool(prune) if prune is not NULL else False,
            ignore_pinned=bool(context.ignore_pinned if ignore_pinned is NULL else ignore_pinned),
            policy=getattr(self, "exclude_newer_policy", None),
            channel_urls=list(urls_of(self._opened)),
        )
        others = [record for record in records if record.is_unmanageable]
        return situation, [record for record in records if not record.is_unmanageable], others

    def _channel_list(self) -> list[Channel]:
        from resolvent.integrations.conda.channels import listed

        named = [channel for spec in self._add if (channel := spec.get_exact_value("channel")) is not None]
        return listed(self.channels, named)

    def _answer(
        self, situation: Situation, installed: list[PackageRecord], others: list[PackageRecord]
    ) -> tuple[PackageRecord, ...]:
        from conda.reporters import get_spinner

        from resolvent.integrations.conda import errors
        from resolvent.integrations.conda.records import in_link_order
        from resolvent.integrations.conda.translation import is_satisfied, neutered, not_installed, translate

        absent = set(not_installed(situation))
        if absent:
            raise errors.not_in_prefix([spec for spec in self._remove if str(spec) in absent], self.prefix)
        if is_satisfied(situation):
            return in_link_order([*installed, *others])
        if self._add and not self._opened:
            from conda.exceptions import NoChannelsConfiguredError

            raise NoChannelsConfiguredError(packages=[spec.name for spec in self._add if spec.name])
        translation = translate(situation)
        with get_spinner(f"Collecting package metadata ({self._repodata_fn})"):
            index = self._index_of(situation)
        with get_spinner("Solving environment"):
            solution = self._solve(index, situation, translation)
            records = self._records(solution, installed)
        names = neutered(situation, [_identity(record) for record in records])
        from conda.models.match_spec import MatchSpec

        self.neutered_specs = tuple(MatchSpec(spec) for spec in names.values())
        self._warn_about(index, records)
        return in_link_order([*records, *others])

    def _without(self, situation: Situation, records: list[PackageRecord]) -> tuple[PackageRecord, ...]:
        """Return what is left after a removal by force."""
        from resolvent.integrations.conda import errors
        from resolvent.integrations.conda.records import in_link_order
        from resolvent.integrations.conda.translation import left_by_force, not_installed

        absent = set(not_installed(situation))
        if absent:
            raise errors.not_in_prefix([spec for spec in self._remove if str(spec) in absent], self.prefix)
        left = set(left_by_force(situation))
        return in_link_order([record for record in records if record.is_unmanageable or record.name in left])

    def _index_of(self, situation: Situation) -> resolvent.Index:
        self._target = _VirtualPackages()
        try:
            return self._read(situation)
        except BaseException:
            # The process that looks for CUDA is not left alone in the middle of it.
            self._target.wait()
            raise

    def _read(self, situation: Situation) -> resolvent.Index:
        from resolvent.integrations.conda import channels

        roots = [*situation.requested_names, *situation.by_name, *situation.earlier]
        if context.add_pip_as_python_dependency:
            roots.append("pip")
        found = channels.read(
            self._opened, self.subdirs, repodata_fn=self._repodata_fn, roots=roots, subset=self._subset
        )
        if context.offline:
            found += channels.package_caches(self.subdirs)
        platform = next((subdir for subdir in self.subdirs if subdir != "noarch"), "noarch")
        return channels.load(
            found, platform, situation.channel_priority, add_pip=bool(context.add_pip_as_python_dependency)
        )

    def _solve(self, index: resolvent.Index, situation: Situation, translation: Translation) -> resolvent.Solution:
        import resolvent

        try:
            solution = self._ask(index, situation, translation)
            lost = translation.roots - {record.name for record in solution.records}
            if lost:
                # An update lets roots go at a cost; conda's solvers never do.
                translation = translation.keeping(sorted(lost))
                solution = self._ask(index, situation, translation)
        except resolvent.ResolventError as error:
            from resolvent.integrations.conda.errors import raised
            from resolvent.integrations.conda.reading import typed_words

            raise raised(
                error,
                situation=situation,
                translation=translation,
                specs=self._add,
                pins=self._pins,
                channels=self._opened,
                prefix=self.prefix,
                words=typed_words(),
            ) from error
        return solution

    def _ask(self, index: resolvent.Index, situation: Situation, translation: Translation) -> resolvent.Solution:
        import resolvent

        return resolvent.solve(
            index=index,
            installed=situation.installed,
            virtual_packages=self._target.found() if self._target else [],
            **translation.arguments,
        )

    def _records(self, solution: resolvent.Solution, installed: list[PackageRecord]) -> list[PackageRecord]:
        from resolvent.integrations.conda.records import same_package, to_conda

        known = {record.name: record for record in installed}
        channels = {channel.base_url: channel for channel in self._opened}
        records = []
        for record in solution.records:
            old = known.get(record.name)
            if old is not None and same_package(record, old) and old.channel.base_url == record.channel:
                records.append(old)
            else:
                records.append(to_conda(record, channels))
        return records

    def _warn_about(self, index: resolvent.Index, records: list[PackageRecord]) -> None:
        """Tell of a newer conda, if the index that is open anyway has one."""

    def _notify_conda_outdated(self, link_precs: Any) -> None:
        """Do nothing: conda's own way reads all channels once more, as its own records."""


def _identity(record: PackageRecord) -> dict[str, Any]:
    from resolvent.integrations.conda.records import plain

    return plain(record)


def _chose_files() -> bool:
    """Whether the names of repodata files were configured, and are not conda's default."""
    for values in context.collect_all().values():
        if any(key == "repodata_fns" and value for key, value in values.items()):
            return True
    return False


def _no_retry(error: Exception) -> None:
    from contextlib import suppress

    with suppress(AttributeError):
        error.allow_retry = False  # type: ignore[attr-defined]


class _VirtualPackages:
    """conda's virtual packages, looked for while repodata is read: finding CUDA starts a process."""

    def __init__(self) -> None:
        from threading import Thread

        self._records: list[str] | BaseException = []
        self._thread = Thread(target=self._look, daemon=True)
        self._thread.start()

    def _look(self) -> None:
        try:
            records = context.plugin_manager.get_virtual_package_records()
            self._records = [f"{record.name} {record.version} {record.build}" for record in records]
        except BaseException as error:  # noqa: BLE001 - raised where the answer is wanted
            self._records = error

    def wait(self) -> None:
        """Wait until they are found."""
        self._thread.join()

    def found(self) -> list[str]:
        """Return them as `"name version build"`."""
        self.wait()
        if isinstance(self._records, BaseException):
            raise self._records
        return self._records
