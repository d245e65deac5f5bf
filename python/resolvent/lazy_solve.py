"""A request on channels in shards, answered lazily: fetch a few names, solve, look which names are missing.

`resolvent.network.lazy_shards` says why the last answer is the one that the whole channel gives, and what the first
ones are good for. The whole closure of the request is fetched instead where the question is not "which is the best
fresh environment", and where a channel has no shards. The same holds when there is no answer, because the conflict and
its fixes speak of all records, and when requested packages exclude each other's newest versions, because the price of
the other choice may lie anywhere.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ._core import Index, MatchSpec, Solution, UnsatisfiableError
from .channel_data import CoreSource

if TYPE_CHECKING:
    from .channels import OpenedSources

Folders = Sequence[CoreSource]

_ROUNDS = 12
"""Solves after which the rest is fetched at once: deep chains that change with each step."""


def complete(solution: Solution) -> Solution:
    """Return the same answer over all that its request can reach: questions about other answers need that.

    An answer that was found in a part of its channels finds itself in the whole, from the network if need be.
    """
    again = solution._wider
    return solution if again is None else again()


def solve_lazily(
    opened: OpenedSources,
    specs: Sequence[str],
    asked: Mapping[str, Any],
    load: Callable[[Folders, bool], Index],
    ask: Callable[[Index], Solution],
) -> tuple[Solution, Index] | None:
    """Return an answer and the index it was found in, or None: then the closure of the request is needed.

    Parameters
    ----------
    opened
        The channels.
    specs
        The request.
    asked
        Everything else that the answer depends on, as JSON could hold it.
    load
        Makes an index of folders; its second argument says whether index files are worth their while.
    ask
        Solves the request.
    """
    shards = opened.lazy_shards()
    names = [MatchSpec(spec).name for spec in specs]
    if shards is None or not all(names):
        return None
    from .network.errors import InvalidRepodata, NetworkError, is_final, is_offline
    from .network.lazy_shards import TooWideError

    question = json.dumps([list(specs), dict(asked)], sort_keys=True, default=str)
    with shards:
        known = shards.recall(question)
        if known is not None:
            index = load(opened.arranged(known), True) if known else None
            return None if index is None else (_kept(ask(index), opened, specs, load, ask), index)
        try:
            shards.guess(specs)
            for _ in range(_ROUNDS):
                found = shards.files()
                index = load(opened.arranged(found), False)
                solution = ask(index)
                if solution.optimality != "proved" or solution.tradeoffs:
                    break
                chosen = {record.name: (str(record.version), record.build_number) for record in solution.records}
                roots = [name for name in names if name]
                missing = shards.missing_names(roots, chosen)
                if not missing:
                    shards.remember(question, found)
                    return _kept(solution, opened, specs, load, ask), index
                while missing:
                    shards.fetch(missing)
                    missing = shards.missing_names(roots, chosen)
        except (TooWideError, UnsatisfiableError):
            pass
        except (NetworkError, InvalidRepodata) as error:
            if is_final(error) and not is_offline(error):
                raise
            return None  # what cannot be had now may be had tomorrow: nothing to be remembered
        shards.remember(question, [])
    return None


def _kept(
    solution: Solution,
    opened: OpenedSources,
    specs: Sequence[str],
    load: Callable[[Folders, bool], Index],
    ask: Callable[[Index], Solution],
) -> Solution:
    """Keep in mind how to find the same answer over everything that the request can reach."""
    solution._set_wider(lambda: ask(load(opened.folders(specs), True)))
    return solution
