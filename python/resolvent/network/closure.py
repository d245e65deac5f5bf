"""Which shards a request needs: those of its names, of the names these lead to, and so on.

Each shard that arrives is asked at once for further names, so that the depth of the dependency
graph costs as few round trips as it must. A name found in one channel counts for all of them: its
records may stand in several. Channels without shards take part through their whole repodata.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait

from resolvent.network.depnames import matching
from resolvent.network.errors import InvalidRepodata, NetworkError, is_final, is_offline
from resolvent.network.progress import Meter
from resolvent.network.resource import Context
from resolvent.network.shard_index import ShardIndex
from resolvent.network.shards import Shard, ShardFailure, load_shard
from resolvent.progress import ProgressCallback

NameGraph = Mapping[str, Iterable[str]]
"""Name to the names that its records lead to."""


def close(
    context: Context,
    indices: Sequence[ShardIndex],
    graphs: Sequence[NameGraph],
    names: Iterable[str],
    progress: ProgressCallback | None,
) -> list[dict[str, Shard]]:
    """Fetch every shard that ``names`` lead to; one map of name to shard per index.

    Raises
    ------
    ShardFailure
        One of them could not be had, even after retries, or is damaged.
    NetworkError
        There is no hope to have anything.
    """
    loaded: list[dict[str, Shard]] = [{} for _ in indices]
    seen: set[str] = set()
    waiting = sorted(set(names))
    running: dict[Future[Shard], int] = {}
    meter = Meter(progress, "package metadata", "shards")
    started: set[tuple[int, str]] = set()
    with context.downloads() as pool:
        while waiting or running:
            for name in waiting:
                seen.add(name)
                for number, index in enumerate(indices):
                    for match in index.matching(name):
                        if (number, match) not in started:
                            started.add((number, match))
                            running[pool.submit(load_shard, context, index, match)] = number
            meter.total = len(started)
            reached = _reached(graphs, waiting)
            if running:
                done, _ = wait(running, return_when=FIRST_COMPLETED)
                for future in done:
                    number = running.pop(future)
                    try:
                        shard = future.result()
                    except (NetworkError, InvalidRepodata) as error:
                        if is_final(error) and not is_offline(error):
                            raise
                        raise ShardFailure(indices[number], error) from None
                    loaded[number][shard.name] = shard
                    reached |= shard.leads_to
                    meter.advance(1)
            waiting = sorted(reached - seen)
    meter.finish()
    return loaded


def _reached(graphs: Sequence[NameGraph], names: Sequence[str]) -> set[str]:
    found: set[str] = set()
    for graph in graphs:
        for name in names:
            for match in matching(name, graph):
                found.update(graph[match])
    return found
