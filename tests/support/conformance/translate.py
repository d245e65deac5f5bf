"""A case as a `Situation` of the plugin for conda: what is tested is the translation that conda's users get."""

from __future__ import annotations

from resolvent import MatchSpec
from resolvent.integrations.conda.translation import Situation
from resolvent.prefix import Prefix

from .cases import Case


def virtual_packages(case: Case) -> list[str]:
    """Return the target machine of a case."""
    glibc = case.input.get("override_glibc") or "2.28"
    cuda = case.input.get("override_cuda")
    facts = ["__archspec 1 x86_64", f"__glibc {glibc}", "__linux 5.10", "__unix 0"]
    return [*facts, f"__cuda {cuda}"] if cuda else facts


def situation(case: Case, prefix: Prefix) -> Situation:
    """Return what a case asks of conda's solver."""
    return Situation(
        specs=tuple(case.strings("specs_to_add")),
        removals=tuple(case.strings("specs_to_remove")),
        installed=tuple(record.to_dict() for record in prefix.records),
        history={str(MatchSpec(spec).name): spec for spec in case.strings("history_specs")},
        pins=tuple(case.strings("pinned_packages")),
        update_modifier=case.input.get("update_modifier") or "update_specs",
        deps_modifier=case.input.get("deps_modifier") or "not_set",
        prune=bool(case.input.get("prune")),
        ignore_pinned=bool(case.input.get("ignore_pinned")),
        aggressive_updates=tuple(case.strings("aggressive_update_packages")),
        own_base=bool(case.input.get("set_sys_prefix")),
        # The cases without this setting run with its default, which is to update.
        auto_update_conda=bool(case.input.get("auto_update_conda", True)),
        channel_priority=case.input.get("channel_priority") or "flexible",
    )
