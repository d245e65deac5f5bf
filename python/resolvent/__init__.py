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
from .channels import host_platform, sample_channel
from .prefix import InvalidPrefix, NotAnEnvironment, Prefix, PrefixError
from .solving import Session, check, export_cnf, export_wcnf, load_index, solve
from .virtual_packages import VirtualPackage, detect_virtual_packages

if TYPE_CHECKING:
    from .explaining import WhyNot, why, why_not
    from .reproducing import replay, save_problem

__all__ = [
    "Channel",
    "ChannelNotFound",
    "Conflict",
    "DeadlineExceeded",
    "Fact",
    "Fix",
    "Hint",
    "Index",
    "InvalidMatchSpec",
    "InvalidPrefix",
    "InvalidRepodata",
    "InvalidVersion",
    "MatchSpec",
    "NotAnEnvironment",
    "PackageRecord",
    "PackagesNotFound",
    "Prefix",
    "PrefixError",
    "ResolventError",
    "Session",
    "Solution",
    "Transaction",
    "UnsatisfiableError",
    "Version",
    "VersionSpec",
    "VirtualPackage",
    "WhyNot",
    "__version__",
    "check",
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
]


def __getattr__(name: str) -> Any:
    """Import what only some programs need when they ask for it: a start costs more than most solves."""
    if name in {"WhyNot", "why", "why_not"}:
        from . import explaining

        return getattr(explaining, name)
    if name in {"replay", "save_problem"}:
        from . import reproducing

        return getattr(reproducing, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
