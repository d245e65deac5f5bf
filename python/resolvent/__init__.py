"""A SAT-based dependency resolver for conda packages.

>>> import resolvent
>>> index = resolvent.load_index([resolvent.sample_channel()], platform="linux-64")
>>> linux = {"__glibc": "2.28", "__unix": "0"}
>>> solution = resolvent.solve(["numpy", "python 3.12.*"], index=index, virtual_packages=linux)
>>> solution.optimality
'proved'
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ._core import (
    Channel,
    ChannelNotFound,
    Conflict,
    DeadlineExceeded,
    Fact,
    Fix,
    Hint,
    Index,
    InternalError,
    InvalidMatchSpec,
    InvalidRepodata,
    InvalidVersion,
    MatchSpec,
    PackageRecord,
    PackagesNotFound,
    ResolventError,
    Solution,
    Transaction,
    UnsatisfiableError,
    Version,
    VersionSpec,
    __version__,
)
from .channel_data import ChannelData
from .channels import demo_channel, sample_channel
from .environment import Install, Remove, Update, UpdateAll
from .errors import InvalidRequest, ProofRefused
from .index import load_index
from .platforms import host_platform
from .policy import Policy
from .request import Request, RequestOptions, Target
from .session import Session
from .solve import solve
from .virtual_packages import VirtualPackage, default_virtual_packages, detect_virtual_packages

if TYPE_CHECKING:
    from .install import Applied, Environment, apply, apply_async
    from .network.errors import NetworkError
    from .prefix import InvalidPrefix, NotAnEnvironment, Prefix, PrefixError
    from .problems.export import export_cnf, export_wcnf
    from .problems.problem import replay, save_problem
    from .problems.proof import Proved, check_proof, write_proof
    from .solution import WhyNot, why, why_not
    from .violations import check

__all__ = [
    "Applied",
    "Channel",
    "ChannelData",
    "ChannelNotFound",
    "Conflict",
    "DeadlineExceeded",
    "Environment",
    "Fact",
    "Fix",
    "Hint",
    "Index",
    "Install",
    "InternalError",
    "InvalidMatchSpec",
    "InvalidPrefix",
    "InvalidRepodata",
    "InvalidRequest",
    "InvalidVersion",
    "MatchSpec",
    "NetworkError",
    "NotAnEnvironment",
    "PackageRecord",
    "PackagesNotFound",
    "Policy",
    "Prefix",
    "PrefixError",
    "ProofRefused",
    "Proved",
    "Remove",
    "Request",
    "RequestOptions",
    "ResolventError",
    "Session",
    "Solution",
    "Target",
    "Transaction",
    "UnsatisfiableError",
    "Update",
    "UpdateAll",
    "Version",
    "VersionSpec",
    "VirtualPackage",
    "WhyNot",
    "__version__",
    "apply",
    "apply_async",
    "check",
    "check_proof",
    "default_virtual_packages",
    "demo_channel",
    "detect_virtual_packages",
    "export_cnf",
    "export_wcnf",
    "host_platform",
    "load_index",
    "replay",
    "sample_channel",
    "save_problem",
    "solve",
    "why",
    "why_not",
    "write_proof",
]


#: Where names are that are imported when they are asked for: a start costs more than most solves.
_HOMES = {
    "install": ("Applied", "Environment", "apply", "apply_async"),
    "network.errors": ("NetworkError",),
    "prefix": ("InvalidPrefix", "NotAnEnvironment", "Prefix", "PrefixError"),
    "problems.export": ("export_cnf", "export_wcnf"),
    "problems.problem": ("replay", "save_problem"),
    "problems.proof": ("Proved", "check_proof", "write_proof"),
    "solution": ("WhyNot", "why", "why_not"),
    "violations": ("check",),
}


def __getattr__(name: str) -> Any:
    """Import what only some programs need."""
    from importlib import import_module

    for home, names in _HOMES.items():
        if name in names:
            value = globals()[name] = getattr(import_module(f"{__name__}.{home}"), name)
            return value
    if name in {home.partition(".")[0] for home in _HOMES}:
        return import_module(f"{__name__}.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
