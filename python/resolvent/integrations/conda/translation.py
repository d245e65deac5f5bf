"""What conda was asked, as plain data, and the same as arguments of `resolvent.solve`.

Nothing here imports conda: `reading.py` fills a `Situation` from conda's objects, and what happens to it can be tested
without conda. The rules are those of conda's solvers; each is named where it is applied.

=============================== ===================================================================================
conda                           here
=============================== ===================================================================================
nothing installed               `mode="install"`
`update_specs` (its default)    `mode="update"`
`freeze_installed`              `mode="install"`: what conda freezes gives way where the request needs it, so it is the
                                order of costs that is meant, not `freeze_installed=True`. A requested package that is
                                installed moves to the best version that the fewest other changes allow
`update_deps`                   `mode="update"`, `update_deps=True`
`update_all`                    `mode="update-all"`
removals                        `mode="remove"`
`only_deps`, `no_deps`          `deps="only"`, `deps="none"`
prune                           `prune=True`; the request is all that was ever asked for
pins                            `pins`; a bare name pins what is installed
history                         the version of an earlier spec holds, only its build gives way; what was asked for stays
python                          keeps its minor version unless it is named
conda in its own environment    is never older than it is, and never leaves
=============================== ===================================================================================
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from resolvent import MatchSpec

__all__ = ["Situation", "Translation", "is_satisfied", "left_by_force", "neutered", "removed_names", "translate"]

#: Names that conda's solvers keep in every environment that has them.
ALWAYS_KEPT = ("anaconda", "conda", "conda-build", "python.app", "console_shortcut", "powershell_shortcut")


@dataclass(frozen=True, kw_only=True)
class Situation:
    """One call of conda's solver.

    Attributes
    ----------
    specs
        What is asked for, in the order given.
    removals
        What is to be removed; names may be patterns.
    installed
        What the environment holds, as mappings with repodata's keys.
    history
        Name to spec of earlier requests.
    pins
        From the configuration and the environment.
    update_modifier, deps_modifier
        conda's words, in lower case.
    prune, ignore_pinned, offline, use_only_tar_bz2
        As in conda.
    aggressive_updates
        Names.
    own_base
        Whether the environment is the one that conda runs in.
    auto_update_conda
        Whether conda is updated with everything else there.
    channel_priority
        `strict`, `flexible` or `disabled`.
    cutoffs
        As `exclude_newer` of `resolvent.solve`; None: no cut-off.
    strategy, timeout
        As in `resolvent.solve`.
    written
        Specs to what was typed, where that is another text: this library knows channels by their URL.
    """

    specs: tuple[str, ...] = ()
    removals: tuple[str, ...] = ()
    installed: tuple[Mapping[str, Any], ...] = ()
    history: Mapping[str, str] = field(default_factory=dict)
    pins: tuple[str, ...] = ()
    update_modifier: str = "update_specs"
    deps_modifier: str = "not_set"
    prune: bool = False
    ignore_pinned: bool = False
    offline: bool = False
    use_only_tar_bz2: bool = False
    aggressive_updates: tuple[str, ...] = ()
    own_base: bool = False
    auto_update_conda: bool = False
    channel_priority: str = "flexible"
    cutoffs: Mapping[str, Any] | None = None
    strategy: str = "highest"
    timeout: float | None = None
    written: Mapping[str, str] = field(default_factory=dict)

    @property
    def requested_names(self) -> tuple[str, ...]:
        """The names in `specs`, in order."""
        return tuple(name for name in map(name_of, self.specs) if name)

    @property
    def by_name(self) -> dict[str, Mapping[str, Any]]:
        """The installed records by name."""
        return {record["name"]: record for record in self.installed}

    @property
    def earlier(self) -> dict[str, str]:
        """Earlier specs that count: those of installed names, and the names that conda always keeps."""
        if self.prune and self.specs:
            return {}
        installed = self.by_name
        kept = {name: name for name in ALWAYS_KEPT if name in installed}
        return kept | {name: spec for name, spec in self.history.items() if name in installed}


@dataclass(frozen=True, kw_only=True)
class Translation:
    """A situation in this library's words.

    Attributes
    ----------
    arguments
        Keyword arguments of `resolvent.solve`, without the index, the target and what is installed.
    reasons
        Why specs are among the arguments that nobody typed: spec to a sentence for people.
    roots
        Names that must not leave.
    """

    arguments: dict[str, Any]
    reasons: dict[str, str]
    roots: frozenset[str]

    def keeping(self, names: Iterable[str]) -> Translation:
        """Return the same with some names requested, which an answer had let go."""
        added = [name for name in names if name not in self.arguments["specs"]]
        reasons = dict.fromkeys(added, "was asked for earlier")
        arguments = {**self.arguments, "specs": [*self.arguments["specs"], *added]}
        return dataclasses.replace(self, arguments=arguments, reasons={**self.reasons, **reasons})


def name_of(spec: str) -> str | None:
    """Return the package that a spec is about; None where it names none."""
    return MatchSpec(spec).name


def matches(spec: str, record: Mapping[str, Any]) -> bool:
    """Whether an installed record matches a spec, whose name may be a pattern."""
    return MatchSpec(spec).matches(record)


def translate(situation: Situation) -> Translation:
    """Return the arguments of the solve that a situation asks for."""
    if situation.removals:
        return _removal(situation)
    draft = _Draft(situation)
    draft.conda_stays()
    modifier = situation.update_modifier
    if modifier == "freeze_installed" and not situation.prune:
        draft.float_requested()
        draft.earlier_as_requests()
        mode = "install"
    else:
        draft.specs += situation.specs
        if modifier == "update_all":
            mode = "update-all"
        elif not situation.installed:
            mode = "install"
        else:
            mode = "update"
            if modifier != "update_deps":
                draft.earlier_as_constraints()
    draft.python_keeps_its_minor()
    arguments: dict[str, Any] = {
        "specs": draft.specs,
        "constraints": draft.constraints,
        "pins": draft.pins(),
        "history": list(situation.earlier.values()),
        "mode": mode,
        "update_deps": mode == "update" and modifier == "update_deps",
        "deps": {"no_deps": "none", "only_deps": "only"}.get(situation.deps_modifier, "all"),
        "prune": situation.prune,
        "aggressive_updates": draft.updated,
        "exclude_newer": situation.cutoffs,
        "deny": {'*[fn="*.conda"]': "use_only_tar_bz2 is set"} if situation.use_only_tar_bz2 else (),
        "strategy": situation.strategy,
        "timeout": situation.timeout,
        "channel_priority": situation.channel_priority,
    }
    if situation.prune and situation.specs:
        # conda takes the new specs for all there is; without any history every installed package would be a root.
        arguments["history"] = list(situation.requested_names)
    keeps = mode == "update" and modifier != "update_deps"
    return Translation(
        arguments=arguments,
        reasons=draft.reasons,
        roots=frozenset(situation.earlier) if keeps else frozenset(),
    )


def _removal(situation: Situation) -> Translation:
    """Return the arguments of a removal: nothing is chosen again, so most of what conda knows does not matter."""
    gone = removed_names(situation)
    arguments: dict[str, Any] = {
        "specs": list(gone),
        # Those of what leaves, too: an environment of which nothing was asked for would be kept as it is.
        "history": list(situation.earlier.values()),
        "mode": "remove",
        "channel_priority": situation.channel_priority,
        "timeout": situation.timeout,
    }
    return Translation(arguments=arguments, reasons={}, roots=frozenset())


class _Draft:
    """The request while it is put together."""

    def __init__(self, situation: Situation) -> None:
        self.situation = situation
        self.installed = situation.by_name
        self.requested = set(situation.requested_names)
        self.specs: list[str] = []
        self.constraints: list[str] = []
        self.reasons: dict[str, str] = {}
        self.updated: list[str] = []
        if not situation.offline:
            self.updated += [name for name in situation.aggressive_updates if name in self.installed]

    def constrain(self, spec: str, reason: str) -> None:
        self.constraints.append(spec)
        self.reasons[spec] = reason

    def float_requested(self) -> None:
        """Let requested packages that are installed move to the best version that the fewest changes allow."""
        for spec in self.situation.specs:
            name = name_of(spec) or ""
            record = self.installed.get(name)
            if record is not None and matches(spec, record):
                if spec != name:
                    self.constrain(spec, "requested")
                self.updated.append(name)
            else:
                self.specs.append(spec)

    def _earlier(self) -> list[tuple[str, str]]:
        """Names that are not requested now, with what of their earlier specs holds: all but the build."""
        found = []
        for name, spec in self.situation.earlier.items():
            if name not in self.requested and name not in self.updated:
                found.append((name, version_of(spec)))
        return found

    def earlier_as_requests(self) -> None:
        """Ask once more for what was asked for earlier; it stays as it is while it can."""
        for name, version in self._earlier():
            # What does not match its own earlier spec any more was changed on purpose.
            spec = version if version == name or matches(version, self.installed[name]) else name
            self.specs.append(spec)
            self.reasons[spec] = "was asked for earlier"

    def earlier_as_constraints(self) -> None:
        """Keep the versions that were asked for earlier."""
        for name, version in self._earlier():
            if version != name and matches(version, self.installed[name]):
                self.constrain(version, "was asked for earlier")

    def python_keeps_its_minor(self) -> None:
        """Keep python's minor version unless python is named."""
        python = self.installed.get("python")
        if python is None or "python" in self.requested or self.situation.prune:
            return
        minor = ".".join(python["version"].split(".")[:2])
        self.constrain(f"python {minor}.*", f"python stays at {minor} unless it is named")

    def conda_stays(self) -> None:
        """Keep conda's own conda at its version or above it, and update it where that is wanted."""
        conda = self.installed.get("conda")
        if conda is None or not self.situation.own_base:
            return
        named = [spec for spec in self.situation.specs if name_of(spec) == "conda"]
        if not any(MatchSpec(spec).version for spec in named):
            self.constrain(f"conda >={conda['version']}", "conda does not downgrade itself")
        if self.situation.auto_update_conda and not named and not self.situation.offline:
            self.updated.append("conda")

    def pins(self) -> list[str]:
        """Return the pins; a bare name pins the installed record."""
        if self.situation.ignore_pinned:
            return []
        found = []
        for pin in self.situation.pins:
            name = name_of(pin)
            if name is None or pin.strip() != name:
                found.append(pin)
            elif name in self.installed:
                record = self.installed[name]
                found.append(f"{name}=={record['version']}={record['build']}")
        return found


def version_of(spec: str) -> str:
    """Return name and version of a spec, which is what conda never gives up of an earlier request."""
    parsed = MatchSpec(spec)
    return f"{parsed.name} {parsed.version}" if parsed.version else str(parsed.name)


def is_satisfied(situation: Situation) -> bool:
    """Whether `specs_satisfied_skip_solve` ends here: each spec matches an installed record."""
    if situation.update_modifier != "specs_satisfied_skip_solve" or situation.removals or situation.prune:
        return False
    return all(any(matches(spec, record) for record in situation.installed) for spec in situation.specs)


def removed_names(situation: Situation) -> tuple[str, ...]:
    """Return the installed names that a removal is about, sorted."""
    specs = [MatchSpec(spec) for spec in situation.removals]
    return tuple(
        sorted(record["name"] for record in situation.installed if any(spec.matches(record) for spec in specs))
    )


def not_installed(situation: Situation) -> tuple[str, ...]:
    """Return the removals that no installed record matches."""
    return tuple(
        spec for spec in situation.removals if not any(matches(spec, record) for record in situation.installed)
    )


def left_by_force(situation: Situation) -> tuple[str, ...]:
    """Return the names that stay when others are removed by force, whatever needs them."""
    gone = set(removed_names(situation))
    return tuple(record["name"] for record in situation.installed if record["name"] not in gone)


def neutered(situation: Situation, answer: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """Return earlier specs that the answer does not keep, as the weaker specs that take their place in the history."""
    found = {}
    for record in answer:
        spec = situation.history.get(record["name"])
        if spec is not None and not matches(spec, record):
            found[record["name"]] = f"{record['name']} =={record['version']}"
    return found
