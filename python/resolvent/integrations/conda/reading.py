"""conda's objects as a `Situation`."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterable, Sequence
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from resolvent import MatchSpec, ResolventError

from .records import plain
from .translation import Situation

if TYPE_CHECKING:
    from conda.models.match_spec import MatchSpec as CondaSpec
    from conda.models.records import PackageRecord as CondaRecord


def spec_text(spec: CondaSpec) -> str:
    """Return a spec of conda as text: what was typed, where it means the same, and with its channel's URL.

    A name of a channel means what conda's configuration says; this library knows channels by their URL. A name that
    stands for several channels (`defaults`) becomes a pattern that is each of their URLs.

    A spec of conda's first years that names a tracked feature and no package asks for the package that carries the
    feature, which by convention has its name: `mkl`, `nomkl`.
    """
    features = spec.get_raw_value("track_features")
    if features and spec.get_exact_value("name") in {None, "*"}:
        return next(iter(_words(features)))
    canonical = str(spec)
    channel = spec.get_exact_value("channel")
    if channel is None:
        typed = spec.original_spec_str
        return typed if typed and typed != canonical and _equal(typed, canonical) else canonical
    from conda.models.match_spec import MatchSpec as CondaSpec

    parts = {key: value for key, value in spec._match_components.items() if key not in {"channel", "subdir"}}
    bare = str(CondaSpec(**{key: getattr(value, "raw_value", value) for key, value in parts.items()}))
    subdir = spec.get_exact_value("subdir")
    return channel_spec(bare, [one.base_url or one.canonical_name for one in channel.channels], subdir)


def channel_spec(bare: str, urls: Sequence[str], subdir: str | None) -> str:
    """Return a spec that only records of some channels match.

    Parameters
    ----------
    bare
        The spec without channel and subdir.
    urls
        The channels.
    subdir
        The subdir, if only one is meant.
    """
    if len(urls) == 1:
        return f"{urls[0]}/{subdir}::{bare}" if subdir else f"{urls[0]}::{bare}"
    pattern = "|".join(re.escape(url) for url in urls)
    fields = f"channel='^({pattern})$'" + (f", subdir={subdir!r}" if subdir else "")
    return f"{bare[:-1]}, {fields}]" if bare.endswith("]") else f"{bare}[{fields}]"


def _words(value: Any) -> list[str]:
    return value.replace(",", " ").split() if isinstance(value, str) else [str(word) for word in value]


def _equal(typed: str, canonical: str) -> bool:
    try:
        return MatchSpec(typed) == MatchSpec(canonical)
    except ResolventError:
        return False


def situation_of(
    *,
    specs: Sequence[CondaSpec],
    removals: Sequence[CondaSpec],
    installed: Iterable[CondaRecord],
    history: dict[str, CondaSpec],
    pins: Iterable[CondaSpec],
    prefix: str,
    update_modifier: Any,
    deps_modifier: Any,
    prune: bool,
    ignore_pinned: bool,
    policy: Any,
    channel_urls: Sequence[str],
) -> Situation:
    """Return what conda asks, as plain data; the rest is read from conda's context.

    Parameters
    ----------
    specs, removals
        The request, unmerged and in the order given.
    installed
        What the environment holds, without what conda cannot manage.
    history, pins
        Earlier requests by name, and the pins.
    prefix
        The environment.
    update_modifier, deps_modifier
        Members of conda's enums.
    prune, ignore_pinned
        As the caller or the context says.
    policy
        conda's policy of `exclude_newer`; None for versions of conda without one.
    channel_urls
        URLs of the channels that are read.
    """
    from conda.base.context import context
    from conda.common.path import paths_equal

    pins = list(pins)
    strategy, timeout = settings()
    texts = {spec: spec_text(spec) for spec in (*specs, *pins, *history.values())}
    return Situation(
        written={
            text: spec.original_spec_str or str(spec)
            for spec, text in texts.items()
            if "::" in text or "channel='" in text
        },
        specs=tuple(map(spec_text, specs)),
        removals=tuple(map(str, removals)),
        installed=tuple(map(plain, installed)),
        history={name: spec_text(spec) for name, spec in history.items()},
        pins=tuple(map(spec_text, pins)),
        update_modifier=str(update_modifier.value),
        deps_modifier=str(deps_modifier.value),
        prune=prune,
        ignore_pinned=ignore_pinned,
        offline=bool(context.offline),
        use_only_tar_bz2=bool(context.use_only_tar_bz2),
        aggressive_updates=tuple(str(spec.name) for spec in context.aggressive_update_packages),
        own_base=paths_equal(os.fspath(prefix), context.conda_prefix),
        auto_update_conda=bool(context.auto_update_conda),
        channel_priority=str(context.channel_priority.value),
        cutoffs=cutoffs_of(policy, channel_urls),
        strategy=strategy,
        timeout=timeout,
    )


def settings() -> tuple[str, float | None]:
    """Return strategy and time limit as `.condarc` sets them; the defaults where conda has no such settings."""
    from conda.base.context import context

    plugins = getattr(context, "plugins", None)
    timeout = float(getattr(plugins, "resolvent_timeout", 0) or 0)
    return str(getattr(plugins, "resolvent_strategy", "highest")), timeout or None


def cutoffs_of(policy: Any, channel_urls: Sequence[str]) -> dict[str, Any] | None:
    """Return conda's policy of `exclude_newer` as this library takes it.

    conda's own selectors (names, URLs, patterns) decide which of its channel rules is a channel's: the last that
    matches.
    """
    if policy is None or not policy.active:
        return None

    def moment(seconds: float | None) -> datetime | None:
        # A number would be taken for seconds or milliseconds by its size.
        return None if seconds is None else datetime.fromtimestamp(seconds, timezone.utc)

    found: dict[str, Any] = {"*": moment(policy.global_cutoff), "channels": {}, "packages": {}}
    for url in channel_urls:
        for rule in reversed(policy.channel_cutoffs):
            if rule.matches({"channel": url}):
                found["channels"][url] = moment(rule.cutoff)
                break
    for name, cutoff in (policy.package_cutoffs or {}).items():
        found["packages"][name] = moment(cutoff)
    return found


def typed_words() -> list[str]:
    """Return the command line behind `conda`."""
    return sys.argv[1:]
