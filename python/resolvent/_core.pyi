"""Types of the extension module, built from `solver-core/bindings`."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, TypeVar, final, overload

from typing_extensions import Self

from .answers import Change, Edit, FactKind, Level, Stats, Tradeoff
from .solution import WhyNot

_T = TypeVar("_T")

__version__: str

class ResolventError(Exception):
    """Base class of every error this package raises on purpose."""

class UnsatisfiableError(ResolventError):
    """No set of packages satisfies the request; `.conflict` says why."""

    @property
    def conflict(self) -> Conflict: ...

class PackagesNotFound(UnsatisfiableError):
    """A requested name is in no channel."""

class InvalidMatchSpec(ResolventError):
    """A string is not a MatchSpec, or not one that can be asked of the solver."""

class InvalidVersion(ResolventError):
    """A string is not a version or a version spec."""

class InvalidRepodata(ResolventError):
    """A file is not repodata; `.file` and `.field` say where."""

    file: str | None
    field: str | None
    record: str | None

class ChannelNotFound(ResolventError):
    """A channel has no repodata for the platform nor for noarch; `.file` is its location."""

    file: str | None

class DeadlineExceeded(ResolventError):
    """No answer was found within the time limit."""

class InternalError(ResolventError):
    """An answer failed its check and is withheld: a defect of this package; `.problem` is a file that shows it, or
    None.
    """

    problem: str | None

@final
class Version:
    """A version literal, ordered and hashed as conda does (CEP 33)."""

    def __new__(cls, text: str) -> Self: ...
    def __hash__(self) -> int: ...
    def __eq__(self, other: object, /) -> bool: ...
    def __lt__(self, other: Version, /) -> bool: ...
    def __le__(self, other: Version, /) -> bool: ...
    def __gt__(self, other: Version, /) -> bool: ...
    def __ge__(self, other: Version, /) -> bool: ...

@final
class VersionSpec:
    """A set of versions (CEP 29)."""

    def __new__(cls, text: str) -> Self: ...
    def matches(self, version: Version | str) -> bool:
        """Whether a version belongs to the set."""
    def __hash__(self) -> int: ...
    def __eq__(self, other: object, /) -> bool: ...

@final
class MatchSpec:
    """A pattern that package records match or not (CEP 29)."""

    def __new__(cls, text: str) -> Self: ...
    def matches(self, record: PackageRecord | Mapping[str, Any]) -> bool:
        """Whether a record, or a mapping with repodata's keys, matches."""
    def __hash__(self) -> int: ...
    def __eq__(self, other: object, /) -> bool: ...
    @property
    def name(self) -> str | None:
        """The name as matched: exact, or a pattern; None when any name matches."""
    @property
    def version(self) -> str | None:
        """The version spec; `*` where that was written, None where nothing was."""
    @property
    def build(self) -> str | None:
        """The build string or pattern."""
    @property
    def build_number(self) -> str | None:
        """The build number spec."""
    @property
    def channel(self) -> str | None:
        """The channel."""
    @property
    def subdir(self) -> str | None:
        """The subdir."""
    @property
    def fn(self) -> str | None:
        """The archive file name."""
    @property
    def url(self) -> str | None:
        """The download URL."""
    @property
    def md5(self) -> str | None:
        """MD5 of the archive."""
    @property
    def sha256(self) -> str | None:
        """SHA-256 of the archive."""
    @property
    def license(self) -> str | None:
        """Licence or pattern."""
    @property
    def license_family(self) -> str | None:
        """Licence family or pattern."""
    @property
    def track_features(self) -> list[str] | None:
        """Features the record must track."""
    @property
    def features(self) -> list[str] | None:
        """Legacy features the record must have."""
    @property
    def extras(self) -> list[str] | None:
        """Optional dependency groups asked for (CEP 44)."""
    @property
    def flags(self) -> list[str] | None:
        """Variant flags asked for (CEP 45)."""
    @property
    def when(self) -> str | None:
        """The condition (CEP 43)."""

@final
class PackageRecord:
    """One package of a channel, with everything repodata says of it."""

    @staticmethod
    def from_dict(mapping: Mapping[str, Any]) -> PackageRecord:
        """A record from a mapping with repodata's keys; `name`, `version`, `build` and `build_number` are required."""
    def to_dict(self) -> dict[str, Any]:
        """Repodata's keys plus `fn`, `url` and `channel`."""
    # A rattler.RepoDataRecord; py-rattler must be installed.
    def to_rattler(self) -> Any:
        """The same record as py-rattler has it, a `rattler.RepoDataRecord`; py-rattler must be installed."""
    def __hash__(self) -> int: ...
    def __eq__(self, other: object, /) -> bool: ...
    @property
    def name(self) -> str:
        """Package name."""
    @property
    def version(self) -> str:
        """Version literal."""
    @property
    def build(self) -> str:
        """Build string."""
    @property
    def build_number(self) -> int:
        """Build number."""
    @property
    def subdir(self) -> str:
        """Subdir, such as `linux-64`."""
    @property
    def channel(self) -> str:
        """Canonical channel name, or base URL where the channel has none."""
    @property
    def fn(self) -> str:
        """Archive file name."""
    @property
    def url(self) -> str:
        """Download URL."""
    @property
    def md5(self) -> str | None:
        """MD5 of the archive, hex."""
    @property
    def sha256(self) -> str | None:
        """SHA-256 of the archive, hex."""
    @property
    def size(self) -> int | None:
        """Size of the archive in bytes."""
    @property
    def depends(self) -> list[str]:
        """MatchSpecs that must be satisfied."""
    @property
    def constrains(self) -> list[str]:
        """MatchSpecs that must hold for packages of these names if present."""
    @property
    def track_features(self) -> list[str]:
        """Features the record turns on."""
    @property
    def features(self) -> list[str]:
        """Legacy features."""
    @property
    def timestamp(self) -> int:
        """Build time, milliseconds since 1970; 0 when unknown."""
    @property
    def noarch(self) -> Literal["python", "generic"] | None:
        """`"python"`, `"generic"` or None."""
    @property
    def license(self) -> str | None:
        """Licence expression."""
    @property
    def license_family(self) -> str | None:
        """Licence family."""
    @property
    def indexed_timestamp(self) -> int | None:
        """Time the server indexed the record, milliseconds since 1970 (CEP 47)."""
    @property
    def python_site_packages_path(self) -> str | None:
        """Where python keeps its site-packages (CEP 17)."""
    @property
    def extra_depends(self) -> dict[str, list[str]]:
        """Optional dependency groups (CEP 44)."""
    @property
    def flags(self) -> list[str]:
        """Variant flags (CEP 45)."""
    @property
    def extra(self) -> dict[str, Any]:
        """The keys of repodata that no attribute stands for, such as `purls`."""

@final
class Channel:
    """A channel: where packages come from."""

    def __new__(cls, text: str, alias: str | None = None) -> Self: ...
    @property
    def name(self) -> str:
        """Canonical name, or base URL where the channel has none."""
    @property
    def base_url(self) -> str:
        """URL without subdir and credentials."""
    @property
    def subdir(self) -> str | None:
        """The subdir the text ended with, if any."""

@final
class Index:
    """The records of some channels for one platform; immutable, and shared by all who solve over it."""

    @property
    def warnings(self) -> list[str]:
        """What was skipped or cannot be chosen, one sentence each."""
    @property
    def platform(self) -> str:
        """The target subdir."""
    @property
    def log(self) -> list[str]:
        """What happened to index files while loading: refused and rebuilt ones, a folder that cannot be written."""
    @property
    def is_damaged(self) -> bool:
        """Whether an index file turned out to be damaged while it was read: answers that used it are void."""
    def reload(self) -> Index:
        """The same index, loaded again; every byte of its files is checked, and what is damaged is rebuilt."""
    @property
    def channel_priority(self) -> Literal["strict", "flexible", "disabled"]:
        """Default of the solves over this index."""
    @property
    def channels(self) -> list[str]:
        """Canonical channel names, first the preferred one."""
    def __len__(self) -> int: ...
    def __iter__(self) -> Iterator[PackageRecord]:
        """Return all records, by name."""
    def __contains__(self, item: object, /) -> bool:
        """Return whether a channel has a package of a name, a record that a MatchSpec matches, or a record."""
    def names(self) -> list[str]:
        """Return the names of all packages, sorted."""
    def versions(self, name: str) -> list[str]:
        """Return the distinct versions of a package, newest first; none if no channel has it."""
    def records(self, spec: str | MatchSpec) -> list[PackageRecord]:
        """Return the records that a spec matches, by name and newest first; the name may be a pattern.

        Raises
        ------
        InvalidMatchSpec
            If the text is no MatchSpec.
        """

def load_index(
    sources: Sequence[tuple[str | None, str] | tuple[str, str, str] | tuple[str, str, list[tuple[str, bytes | str]]]],
    platform: str,
    channel_priority: str,
    skip_bad_records: bool,
    cache_dir: str | None,
    add_pip: bool = False,
    zstd: bool = True,
    notes: Sequence[str] = ...,
) -> Index:
    """Reads the repodata of channels, in order of priority."""

def cache_list(folder: str) -> list[tuple[Path, Path | None, str, int, int, str]]:
    """The index files of a folder: `(file, source, subdir, records, bytes, state)`."""

def cache_verify(file: str) -> None:
    """Checks every block of an index file; an error says what is wrong."""

def cache_compare(file: str) -> str:
    """Compares an index file with the content of its source: its state."""

def cache_clear(folder: str) -> tuple[int, int]:
    """Removes all index files of a folder: how many, and how many bytes."""

@final
class Session:
    """Many solves over one index."""

    # `without`: techniques that the SAT solver must not use, for benches.
    def __new__(cls, index: Index, without: Sequence[str] = ()) -> Self: ...
    def solve(
        self,
        request: Mapping[str, Any],
        timeout: float | None,
        # For tests: nothing of the session is used and everything is opened at once, the reference for the lazy way.
        eager: bool = False,
    ) -> Solution:
        """Finds the best set of packages; see `resolvent.solve`. `eager` is for tests: it uses nothing of the session
        and opens everything before the first search, the reference for what opens on demand.
        """

@final
class Transaction:
    """Records to unlink and to link, each list in order."""

    @property
    def link(self) -> list[PackageRecord]:
        """Records to link, dependencies first."""
    @property
    def unlink(self) -> list[PackageRecord]:
        """Records to unlink, dependents first."""
    @property
    def changes(self) -> list[Change]:
        """The same, package by package, sorted by name: what happens to it, and why its old record could not stay."""
    def __len__(self) -> int: ...

@final
class Solution:
    """The answer to a request."""

    @property
    def records(self) -> list[PackageRecord]:
        """The records, dependencies first."""
    @property
    def optimality(self) -> Literal["proved", "feasible"]:
        """ "proved", or "feasible" when time ran out before the proof."""
    @property
    def levels(self) -> list[Level]:
        """The value of each level of the contract and whether it is proved."""
    @property
    def tradeoffs(self) -> list[Tradeoff]:
        """Where a requested package could be newer at the price of others."""
    @property
    def stats(self) -> Stats:
        """Figures about the solve; times in seconds."""
    @property
    def exempt(self) -> list[str]:
        """Rules that the request itself breaks, or that did not hold before it, one sentence each."""
    @property
    def extras(self) -> dict[str, list[str]]:
        """The extras that are asked for, by package."""
    @property
    def transaction(self) -> Transaction:
        """What must be unlinked and linked."""
    @property
    def changes(self) -> list[Change]:
        """What the transaction changes, package by package, sorted by name."""
    @property
    def dropped(self) -> list[str]:
        """Specs of earlier requests that no longer hold, though nothing in this one replaced them."""
    @property
    def specs(self) -> list[str]:
        """The specs that were asked for, as they were written."""
    @property
    def platform(self) -> str:
        """The target's subdir, such as `linux-64`."""
    @property
    def virtual_packages(self) -> list[str]:
        """What was known of the target, as `"name version build"`."""
    @overload
    def get(self, name: str, default: None = None) -> PackageRecord | None: ...
    @overload
    def get(self, name: str, default: _T) -> PackageRecord | _T: ...
    def why(self, name: str) -> list[list[tuple[str, str]]]:
        """The shortest chains of requirements that lead from the request to a package; see `resolvent.why`."""
    def why_not(self, spec: str | MatchSpec, *, timeout: float | None = None) -> WhyNot:
        """What keeps a spec out of the answer, or what it would cost; see `resolvent.why_not`."""
    def to_dict(self) -> dict[str, Any]:
        """The whole answer as JSON can hold it: what `resolvent solve --json` prints."""
    def _set_wider(self, find: Callable[[], Solution]) -> None:
        """For the library: how the same answer is found over everything that its request can reach."""
    @property
    def _wider(self) -> Callable[[], Solution] | None:
        """For the library: what `_set_wider` was given."""
    def _repr_html_(self) -> str: ...
    def __rich__(self) -> str: ...
    def __len__(self) -> int: ...
    def __iter__(self) -> Iterator[PackageRecord]: ...
    def __getitem__(self, name: str, /) -> PackageRecord: ...
    def __contains__(self, item: object, /) -> bool: ...
    def __copy__(self) -> Self: ...
    def __deepcopy__(self, memo: object, /) -> Self: ...

@final
class Fact:
    """One fact of a conflict."""

    @property
    def rule(self) -> str | None:
        """Of a policy: the day of the cut-off, the specs of the deny list, the licences that are not allowed."""
    def members(self) -> list[PackageRecord]:
        """The records it speaks for, best first."""
    @property
    def kind(self) -> FactKind:
        """ "request", "constraint", "pin", "frozen", "dependency", "constrains", "channel_priority", "policy",
        "unparsable", "virtual_package", "missing_name", "missing_version".
        """
    @property
    def name(self) -> str:
        """The package it speaks for."""
    @property
    def spec(self) -> str:
        """The spec asked for, or that nothing matches; of a virtual package what the target has."""
    @property
    def target(self) -> str:
        """The package that the spec is about."""
    @property
    def versions(self) -> list[str]:
        """Distinct versions of the records it speaks for, newest first."""
    @property
    def ranges(self) -> str:
        """The same as a person would write them."""
    @property
    def quantifier(self) -> Literal["all", "requested", "installed", "some"]:
        """Of which records with these versions it holds: "all", "requested", "installed" or "some"."""
    @property
    def records(self) -> int:
        """How many records it speaks for."""
    @property
    def extra(self) -> str | None:
        """Of a dependency that belongs to an optional group: the group."""
    @property
    def reason(self) -> str | None:
        """Of a policy or a hidden channel: which."""
    @property
    def text(self) -> str:
        """One sentence."""
    def to_dict(self) -> dict[str, Any]:
        """The fact as plain data."""

@final
class Hint:
    """One hint of a conflict."""

    @property
    def kind(self) -> str:
        """ "nearest_name", "missing_channel", "also_missing", "existing_versions", "hidden_channel", "after_cutoff",
        "virtual_package", "other_platform", "no_build_for".
        """
    @property
    def name(self) -> str:
        """The package it speaks of."""
    @property
    def offers(self) -> list[str]:
        """What it offers, best first: names, versions, a channel, a date."""
    @property
    def text(self) -> str:
        """One sentence."""
    def to_dict(self) -> dict[str, Any]:
        """The hint as plain data."""

@final
class Fix:
    """Changes of the request that give an answer."""

    @property
    def changes(self) -> list[Edit]:
        """The changes of the request, each an `Edit`."""
    @property
    def line_changes(self) -> list[tuple[str, str | None, str | None, bool]]:
        """What the changes change of the command line of the request: tuples of option (empty for a spec), the value
        that goes (`None` for any), what takes its place (`None` for nothing), and whether the line must have what
        goes.
        """
    @property
    def specs(self) -> list[str]:
        """The specs of the request then."""
    @property
    def command(self) -> str:
        """The changed request as a line for a shell. Channels are named as the index names them."""
    @property
    def solution(self) -> Solution:
        """The answer then."""
    def to_dict(self) -> dict[str, Any]:
        """The fix as plain data: what changes, the command, and what the requested packages would be."""

@final
class Fixes:
    """What `Conflict.fixes` found: a sequence of `Fix`."""

    @property
    def complete(self) -> bool:
        """False if time ran out before everything was tried."""
    def __len__(self) -> int: ...
    def __getitem__(self, at: int, /) -> Fix: ...
    def __iter__(self) -> Iterator[Fix]: ...
    def to_dict(self) -> dict[str, Any]:
        """The fixes and whether they are all, as plain data."""

@final
class Conflict:
    """Facts that cannot all hold; without any one of them the others can."""

    @property
    def facts(self) -> list[Fact]:
        """The facts: the request's first, then in the order in which one follows from another."""
    @property
    def edges(self) -> list[tuple[int, int]]:
        """Which fact leads to which, as pairs of positions."""
    @property
    def missing(self) -> list[str]:
        """Requested names that no channel has."""
    @property
    def unmatched(self) -> list[str]:
        """Requested specs that no record matches although their package exists."""
    @property
    def hints(self) -> list[Hint]:
        """What a reader would look up next. Data of other platforms may be read for it, without holding Python up."""
    @property
    def headline(self) -> str:
        """The culprit in one sentence."""
    def fixes(self, timeout: float = 5.0, most: int = 5) -> Fixes:
        """The first `most` smallest changes of the request that give an answer, each solved; looked for `timeout`
        seconds at most.
        """
    def further(self, timeout: float = 5.0) -> list[Conflict]:
        """Further conflicts of the request, each found without what resolves the earlier ones."""
    def search_further(self, timeout: float = 5.0) -> tuple[list[Conflict], bool]:
        """The same, and whether these are all: false if there are more than seven, or if time ran out."""
    def report(self, verbose: bool = False) -> str:
        """The conflict for people; `verbose` leaves nothing out."""
    def __copy__(self) -> Self: ...
    def __deepcopy__(self, _memo: object, /) -> Self: ...
    def to_dict(self, timeout: float = 2.0) -> dict[str, Any]:
        """The conflict as plain data, as `docs/conflict.schema.json` describes it; fixes and further conflicts are
        looked for `timeout` seconds at most, 0 leaves them out.
        """

def reachable(request: Mapping[str, Any], index: Index, more: Sequence[str]) -> list[PackageRecord]:
    """The records that a request can reach and those that count for it; see `resolvent.save_problem`."""

def reached_warnings(index: Index, specs: Sequence[str], more: Sequence[str]) -> list[str]:
    """The warnings about whole files, and about packages that the specs can reach."""

def prove(
    problem: str,
    answer: Sequence[PackageRecord] | None,
    timeout: float | None,
    most_bytes: int | None,
) -> str:
    """The certificate, as JSON, of an answer to the problem whose file has this text; `None`: there is no answer."""

def check_proof(text: str, index: Index | None) -> dict[str, Any]:
    """Checks a file with a certificate: what was shown. With an index, the file's records are held against it first."""

def panic_in_solve() -> None:
    """Panics as a solve with a defect would, for the test of what happens then."""

def platform_baseline(platform: str) -> list[tuple[str, str, str]]:
    """What every machine of a platform may be assumed to have: name, version and build of virtual packages."""

def why(solution: Solution, name: str) -> list[list[tuple[str, str]]]:
    """The shortest chains of requirements from the request to a package: lists of `(name, spec)`."""

def why_not(solution: Solution, wish: str, timeout: float | None) -> dict[str, Any]:
    """`(possible, conflict, solution, price)` of a wish; see `resolvent.why_not`."""

def check(records: Sequence[PackageRecord], request: Mapping[str, Any], index: Index) -> list[str]:
    """The hard rules that records break as an answer to a request; empty when they are valid."""

def export_cnf(request: Mapping[str, Any], index: Index, path: str) -> None:
    """Writes the request's hard rules as DIMACS CNF."""

def export_wcnf(request: Mapping[str, Any], index: Index, path: str) -> None:
    """Writes the request as weighted CNF, levels 2 and 3 as soft clauses."""
