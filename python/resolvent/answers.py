"""The parts of an answer as typed data.

Each part has named fields, `to_dict()`, and reads as a mapping of the same keys, so `json.dumps` takes it as it is.
Parts belong to the answer and are not meant to be changed.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, NoReturn

if TYPE_CHECKING:
    from ._core import PackageRecord

#: What happens to a package: it comes, leaves, goes to a higher or lower version, to another record of the same
#: version, or is linked again as it is.
ChangeKind = Literal["link", "unlink", "up", "down", "revise", "relink"]
#: What a fact of a conflict says; docs/conflicts.md explains each.
FactKind = Literal[
    "request",
    "constraint",
    "pin",
    "frozen",
    "earlier",
    "dependency",
    "constrains",
    "channel_priority",
    "policy",
    "unparsable",
    "virtual_package",
    "missing_name",
    "missing_version",
]


class Part(dict[str, Any]):
    """Base of the parts of an answer."""

    __slots__ = ()

    def __getattr__(self, name: str) -> Any:
        try:
            return self[name]
        except KeyError:
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}") from None

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError(f"a {type(self).__name__} belongs to an answer and cannot be changed")

    def __dir__(self) -> list[str]:
        return sorted({*super().__dir__(), *self})

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(f'{key}={value!r}' for key, value in self.items())})"

    def to_dict(self) -> dict[str, Any]:
        """Return the part as plain data that JSON can hold."""
        return {key: _plain(value) for key, value in self.items()}


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _plain(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(inner) for inner in value]
    return value if value is None or isinstance(value, (str, int, float)) else value.to_dict()


class Change(Part):
    """What happens to one package of an environment.

    Attributes
    ----------
    name
        The package.
    kind
        What happens to it.
    before, after
        Its record in the environment and in the answer; None where there is none.
    reasons
        Rules that the record before would break in the answer, one sentence each.
    """

    __slots__ = ()
    name: str
    kind: ChangeKind
    before: PackageRecord | None
    after: PackageRecord | None
    reasons: list[str]


class Layer(NamedTuple):
    """One layer of level 6 of the contract.

    Attributes
    ----------
    names
        How many packages it is about.
    version_ranks, features, build_ranks
        The sum of their version ranks, how many have `track_features`, the sum of their build ranks.
    """

    names: int
    version_ranks: int
    features: int
    build_ranks: int


class Level(Part):
    """The value of one level of the contract (`docs/contract.md`).

    Attributes
    ----------
    level
        Its number in the contract; a name, not the order in which levels are compared.
    what
        What is counted.
    value
        How much of it the answer pays: a number, at level 1 a list of numbers, at level 6 a list of `Layer`. None if
        the time limit was reached before.
    proved
        Whether less is impossible, given the levels that are compared first.
    """

    __slots__ = ()
    level: int
    what: str
    value: int | list[int] | list[Layer] | None
    proved: bool

    def __init__(self, **fields: Any) -> None:
        value = fields["value"]
        if isinstance(value, list) and value and isinstance(value[0], tuple):
            fields["value"] = [Layer(*layer) for layer in value]
        super().__init__(fields)


class Cost(Part):
    """One package of a trade-off's price.

    Attributes
    ----------
    name
        The package.
    chosen, then
        Its version in the answer, and with the trade-off taken.
    """

    __slots__ = ()
    name: str
    chosen: str
    then: str


class Tradeoff(Part):
    """Where a requested package could be newer at the price of another.

    Attributes
    ----------
    name
        The package.
    chosen, possible
        Its version in the answer, and the newer one.
    price
        What would be older then.
    """

    __slots__ = ()
    name: str
    chosen: str
    possible: str
    price: list[Cost]

    def __init__(self, **fields: Any) -> None:
        super().__init__({**fields, "price": [Cost(**cost) for cost in fields["price"]]})


class Stats(Part):
    """Figures about a solve.

    Attributes
    ----------
    names
        Package names that the search reached.
    candidates
        Records whose dependencies were read.
    specs
        Distinct specs among them.
    variables
        Variables of the SAT instance.
    sat_calls
        Calls of the SAT solver.
    conflicts, decisions, propagations
        Of the SAT solver, over all calls.
    encode_seconds
        Reading the request and encoding what it reaches first.
    search_seconds
        Searching and proving.
    check_seconds
        The independent check.
    """

    __slots__ = ()
    names: int
    candidates: int
    specs: int
    variables: int
    sat_calls: int
    conflicts: int
    decisions: int
    propagations: int
    encode_seconds: float
    search_seconds: float
    check_seconds: float


class Edit(Part):
    """One change of a request that a fix makes. As a mapping its keys `before` and `after` are `from` and `to`.

    Attributes
    ----------
    kind
        What is changed, such as `relax_spec` or `lift_pin`; docs/conflicts.md lists them.
    name
        The package that it is about; empty if none.
    before, after
        What is replaced, and by what; empty if nothing.
    text
        The change in words.
    """

    __slots__ = ()
    kind: str
    name: str
    text: str

    @property
    def before(self) -> str:
        """What is replaced; empty if nothing."""
        return str(self["from"])

    @property
    def after(self) -> str:
        """What takes its place; empty if nothing."""
        return str(self["to"])

    def __str__(self) -> str:
        return str(self["text"])
