"""A case's modifiers as arguments of `solve`.

conda's solver reads its configuration and a few policies of the conda program itself. Both are said here in the
library's words:

=============================== ===================================================================================
conda                           here
=============================== ===================================================================================
`update_specs` (its default)    `mode="update"` if a requested name is installed, for conda then seeks its best
                                version; else `mode="install"`
`freeze_installed`              `mode="install"`, `freeze_installed=True`
`update_deps`                   `mode="update"`, `update_deps=True`
`update_all`                    `mode="update-all"`
`only_deps`, `no_deps`          `deps="only"`, `deps="none"`
channel priority not given      `flexible`, conda's default
history, where `update_specs`   the specs of names that are not requested are `constraints`, too: conda relaxes the
or `freeze_installed` is asked  build of an earlier spec but never its version, here it is a cost unless one says so
aggressive updates              `aggressive_updates`
self-update of the base         `conda >=INSTALLED` is requested, too, if the environment is conda's own
  environment
virtual packages                a Linux machine, its `__cuda` and `__glibc` as the case sets them
=============================== ===================================================================================
"""

from __future__ import annotations

from typing import Any

from resolvent import MatchSpec
from resolvent.prefix import Prefix

from .cases import Case


def virtual_packages(case: Case) -> list[str]:
    """Return the target machine of a case."""
    glibc = case.input.get("override_glibc") or "2.28"
    cuda = case.input.get("override_cuda")
    facts = ["__archspec 1 x86_64", f"__glibc {glibc}", "__linux 5.10", "__unix 0"]
    return [*facts, f"__cuda {cuda}"] if cuda else facts


def requested(case: Case, prefix: Prefix) -> list[str]:
    """Return the specs of a case, with those that conda adds on its own."""
    specs = case.strings("specs_to_add")
    names = {MatchSpec(spec).name for spec in specs}
    base = prefix.get("conda")
    # The cases without this setting run with its default, which is to update.
    if case.input.get("set_sys_prefix") and case.input.get("auto_update_conda", True) and base is not None:
        specs += [] if "conda" in names else [f"conda >={base.version}"]
    return specs


def solve_arguments(case: Case, prefix: Prefix) -> dict[str, Any]:
    """Return the arguments of `solve` for a case, without the index."""
    specs = requested(case, prefix)
    modifier = case.input.get("update_modifier")
    arguments: dict[str, Any] = {
        "specs": specs,
        "installed": prefix,
        "virtual_packages": virtual_packages(case),
        "channel_priority": case.input.get("channel_priority") or "flexible",
        "aggressive_updates": case.strings("aggressive_update_packages"),
    }
    if modifier == "update_all":
        arguments["mode"] = "update-all"
    elif modifier == "freeze_installed":
        arguments |= {"mode": "install", "freeze_installed": True}
    elif modifier == "update_deps":
        arguments |= {"mode": "update", "update_deps": True}
    elif modifier in (None, "update_specs"):
        known = any(prefix.get(MatchSpec(spec).name or "") is not None for spec in specs)
        arguments["mode"] = "update" if known else "install"
    else:
        raise ValueError(f"{case.id}: no translation of update_modifier {modifier!r}")
    if arguments["mode"] in ("install", "update") and not arguments.get("update_deps"):
        named = {MatchSpec(spec).name for spec in (*specs, *arguments["aggressive_updates"])}
        arguments["constraints"] = [str(spec) for spec in prefix.history if spec.name not in named]
    deps = case.input.get("deps_modifier")
    if deps is not None:
        arguments["deps"] = {"only_deps": "only", "no_deps": "none", "not_set": "all"}[deps]
    for flag in ("force_reinstall", "ignore_pinned"):
        if case.input.get(flag) is not None:
            arguments[flag] = case.input[flag]
    return arguments
