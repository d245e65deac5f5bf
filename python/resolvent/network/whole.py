"""Whole repodata of one subdir: ``repodata.json.zst`` where the server has it, else ``repodata.json``.

What the server was found not to have is remembered for a week, except for the plain file, whose
absence means that the subdir does not exist: that is asked each time, and remembered for offline
use only.
"""

from __future__ import annotations

import contextlib
from functools import partial

from resolvent.network.config import NetworkConfig
from resolvent.network.errors import InvalidRepodata, NetworkError, is_final
from resolvent.network.locate import ChannelLocation
from resolvent.network.resource import Context, Copy, Resource, html_guard
from resolvent.network.state import Flag, State
from resolvent.network.verify import check_repodata

PLAIN = "repodata.json"


class Availability:
    """The ``has_*`` answers of one subdir, kept in the state file of its ``repodata.json``."""

    def __init__(self, context: Context, location: ChannelLocation, subdir: str) -> None:
        self._context = context
        resource = _resource(location, subdir, context.config, zstd=False)
        self._path = resource.paths(context.store)[1]

    def absent(self, flag: Flag) -> bool:
        """Known, recently enough, not to exist."""
        return State.read(self._path).absent(flag)

    def ever_absent(self, flag: Flag) -> bool:
        """Not there when last asked, however long ago."""
        return not State.read(self._path).flags.get(flag, ("", True))[1]

    def remember(self, flag: Flag, answer: bool) -> None:
        """Store an answer, if it is news."""
        state = State.read(self._path)
        if flag in state.flags and state.flags[flag][1] == answer and (answer or state.absent(flag)):
            return
        state.set_flag(flag, answer)
        state.write(self._context.store, self._path)


def fetch_whole(context: Context, location: ChannelLocation, subdir: str) -> Copy | None:
    """Return the subdir's whole repodata, or ``None`` if the channel has no such subdir.

    Whatever is wrong with the compressed form, the plain one is taken, with a warning.

    Raises
    ------
    NetworkError, InvalidRepodata
        It cannot be had, or is not repodata.
    """
    availability = Availability(context, location, subdir)
    compressed = _resource(location, subdir, context.config, zstd=True)
    plain = _resource(location, subdir, context.config, zstd=False)
    if context.config.offline:
        copy = (compressed.cached(context) if context.config.use_zst else None) or plain.cached(context)
        if copy is None and not availability.ever_absent("has_json"):
            raise offline_error(plain.url)
        return copy
    problem: NetworkError | InvalidRepodata | None = None
    if context.config.use_zst and not availability.absent("has_zst"):
        copy = None
        try:
            copy = compressed.fetch(context)
        except (NetworkError, InvalidRepodata) as error:
            if is_final(error):
                raise
            problem = error
        if copy is not None:
            availability.remember("has_zst", True)
            with contextlib.suppress(OSError):
                plain.paths(context.store)[0].unlink()
            return copy
    copy = plain.fetch(context)
    if copy is None and problem is not None:
        raise problem
    availability.remember("has_json", copy is not None)
    if copy is not None:
        if problem is not None:
            context.warn(f"{problem}; {PLAIN} is used instead")
        with contextlib.suppress(OSError):  # two formats side by side would leave a choice
            compressed.paths(context.store)[0].unlink()
        if problem is None and context.config.use_zst:
            # Only now: where everything is refused, a missing credential hides what exists.
            availability.remember("has_zst", False)
    return copy


def offline_error(url: str) -> NetworkError:
    """Return the error for a file that is not in the cache while the network must not be used."""
    return NetworkError(f"{url}: not in the cache, and offline; load the channel once online", kind="offline", url=url)


def _resource(location: ChannelLocation, subdir: str, config: NetworkConfig, *, zstd: bool) -> Resource:
    filename = PLAIN + (".zst" if zstd else "")
    url = location.subdir_url(subdir) + filename
    limits = config.limits
    check = partial(check_repodata, zstd=zstd, limit=limits.repodata, window=limits.zstd_window, url=url)
    return Resource(
        location,
        subdir,
        filename,
        check=check if zstd else html_guard(check, url),
        optional=zstd,
    )
