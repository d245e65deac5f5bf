"""A SAT-based dependency resolver for conda packages.

>>> import resolvent
>>> index = resolvent.load_index([resolvent.sample_channel()], platform="linux-64")
>>> linux = {"__glibc": "2.28", "__unix": "0"}
>>> solution = resolvent.solve(["numpy", "python 3.12.*"], index=index, virtual_packages=linux)
>>> solution.optimality
'proved'
"""

from __future__ import annotations

import copyreg as _copyreg
from typing import TYPE_CHECKING, Any

from ._core import (
    Channel,
    ChannelNotFound,
    Conflict,
    DeadlineExceeded,
    Fact,
    Fix,
    Fixes,
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
    from .answers import Change, Cost, Edit, Layer, Level, Stats, Tradeoff
    from .channel_data import ChannelData
    from .config import Config, ConfigError
    from .install import Applied, Environment, apply, apply_async
    from .network.errors import NetworkError
    from .prefix import InvalidPrefix, NotAnEnvironment, Prefix, PrefixError
    from .problems.export import export_cnf, export_wcnf
    from .problems.problem import replay, save_problem
    from .problems.proof import Proved, check_proof, write_proof
    from .progress import Progress
    from .solution import Price, WhyNot, why, why_not
    from .violations import check

__all__ = [
    "Applied",
    "Change",
    "Channel",
    "ChannelData",
    "ChannelNotFound",
    "Config",
    "ConfigError",
    "Conflict",
    "Cost",
    "DeadlineExceeded",
    "Edit",
    "Environment",
    "Fact",
    "Fix",
    "Fixes",
    "Hint",
    "Index",
    "Install",
    "InternalError",
    "InvalidMatchSpec",
    "InvalidPrefix",
    "InvalidRepodata",
    "InvalidRequest",
    "InvalidVersion",
    "Layer",
    "Level",
    "MatchSpec",
    "NetworkError",
    "NotAnEnvironment",
    "PackageRecord",
    "PackagesNotFound",
    "Policy",
    "Prefix",
    "PrefixError",
    "Price",
    "Progress",
    "ProofRefused",
    "Proved",
    "Remove",
    "Request",
    "RequestOptions",
    "ResolventError",
    "Session",
    "Solution",
    "Stats",
    "Target",
    "Tradeoff",
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
    "answers": ("Change", "Cost", "Edit", "Layer", "Level", "Stats", "Tradeoff"),
    "channel_data": ("ChannelData",),
    "config": ("Config", "ConfigError"),
    "install": ("Applied", "Environment", "apply", "apply_async"),
    "network.errors": ("NetworkError",),
    "prefix": ("InvalidPrefix", "NotAnEnvironment", "Prefix", "PrefixError"),
    "problems.export": ("export_cnf", "export_wcnf"),
    "problems.problem": ("replay", "save_problem"),
    "problems.proof": ("Proved", "check_proof", "write_proof"),
    "progress": ("Progress",),
    "solution": ("Price", "WhyNot", "why", "why_not"),
    "violations": ("check",),
}


def _pickled(answer: Any) -> Any:
    """Return what pickle keeps of an answer of the core, whose index stays behind."""
    from .conflict import detached

    return detached(answer)


for _kind in (Conflict, Fact, Fix, Fixes, Hint, Solution, Transaction):
    _copyreg.pickle(_kind, _pickled)
del _kind


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
    return sorted({*__all__, *(name for name in globals() if name.startswith("__"))})
