"""One remote file and its copy in the cache: fresh, revalidated, fetched again, or absent.

A copy counts only if its digest is one that a state vouches for, so that whatever happened to the
file since (a disk that failed, a person with an editor) is noticed before anybody reads it.

The order of writing makes a kill at any moment harmless: first the state learns the digest of the
data to come, then the data is renamed into place, after it was checked, and then the state is
completed. A kill before the last step leaves good data, of which only the address of its version
(ETag) is unknown; that costs one download without conditions, nothing else.
"""

from __future__ import annotations

import contextlib
import hashlib
import logging
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from resolvent.network.config import NetworkConfig
from resolvent.network.errors import InvalidRepodata, NetworkError, invalid_repodata
from resolvent.network.http import HttpClient, Reply
from resolvent.network.locate import ChannelLocation
from resolvent.network.pool import DownloadPool
from resolvent.network.redact import redact
from resolvent.network.state import State, digest_of_file, file_digest
from resolvent.network.store import Store
from resolvent.network.verify import looks_like_html

_log = logging.getLogger("resolvent.network")

Check = Callable[[IO[bytes]], None]
"""Reads a downloaded file and raises ``InvalidRepodata`` unless it is what it should be."""


@dataclass(frozen=True)
class Context:
    """What every step of a fetch needs."""

    config: NetworkConfig
    store: Store
    http: HttpClient
    warnings: list[str] = field(default_factory=list)
    """What went wrong and was got over."""

    def warn(self, text: str) -> None:
        """Keep a warning, and log it."""
        if text not in self.warnings:
            self.warnings.append(text)
            _log.warning("%s", text)

    @contextlib.contextmanager
    def downloads(self) -> Iterator[DownloadPool]:
        """Give threads for downloads, as many as may run at once; an error ends those that still run."""
        pool = DownloadPool(self.config.concurrency)
        try:
            yield pool
        except BaseException:
            self.http.close()  # wakes the threads that wait for a server
            pool.close(cancelled=True)
            raise
        pool.close(cancelled=False)


@dataclass(frozen=True)
class Copy:
    """A whole, checked file in the cache, and a digest that names its content."""

    path: Path
    digest: str


def cache_key(url: str) -> str:
    """Name in the cache of a URL (without credentials): its end, for people, and 16 hex digits."""
    readable = re.sub(r"[^a-z0-9._-]+", "_", url.rstrip("/").rpartition("/")[2].lower())[:40]
    return f"{readable}-{hashlib.sha256(url.encode()).hexdigest()[:16]}"


@dataclass(frozen=True)
class Resource:
    """A file of a channel's subdir.

    ``optional`` ones may be absent in more ways: a refusal (storage services answer 403 for what
    they do not have) or a web page in their place count as "not there".
    """

    location: ChannelLocation
    subdir: str
    filename: str
    check: Check
    optional: bool

    @property
    def url(self) -> str:
        """The address, without credentials."""
        return self.location.subdir_url(self.subdir) + self.filename

    def paths(self, store: Store) -> tuple[Path, Path]:
        """Where data and state lie."""
        folder = store.folder(f"channels/{cache_key(self.location.base_url)}/{self.subdir}")
        return folder / self.filename, folder / f"{self.filename}.info.json"

    def cached(self, context: Context) -> Copy | None:
        """Return the copy in the cache, whatever its age; ``None`` without a whole one."""
        data, info = self.paths(context.store)
        state = State.read(info)
        digest = file_digest(data)
        known = {state.blake2_256, state.pending} if state.url == self.url else set()
        return Copy(data, digest) if digest and digest in known else None

    def fetch(self, context: Context, *, force: bool = False) -> Copy | None:
        """Return the file as the server has it now, or ``None`` if the server does not have it.

        ``force`` asks even while the copy is fresh.

        Raises
        ------
        NetworkError, InvalidRepodata
            It cannot be had, or is not what it should be.
        """
        data, info = self.paths(context.store)
        before = State.read(info)
        if not force and before.is_fresh(context.config.ttl) and before.vouches(self.url, data):
            return Copy(data, before.blake2_256)
        with context.store.lock(cache_key(self.url)):
            state = State.read(info)
            valid = state.vouches(self.url, data)
            if valid and state.refresh_ns != before.refresh_ns:
                return Copy(data, state.blake2_256)  # somebody else did it while we waited
            return self._ask(context, data, info, state if valid else None)

    def _ask(self, context: Context, data: Path, info: Path, known: State | None) -> Copy | None:
        headers: dict[str, str] = {}
        if known is not None:
            if known.etag:
                headers["If-None-Match"] = known.etag
            if known.mod:
                headers["If-Modified-Since"] = known.mod
        store, limits = context.store, context.config.limits
        zstd = self.filename.endswith(".zst")
        with store.temporary(data.parent) as (temporary, file):
            with store.reported(), _offline_would_do(known):
                reply = context.http.get(
                    self.url,
                    file,
                    credential=self.location.credential,
                    headers=headers,
                    limit=limits.download if zstd else max(limits.download, limits.repodata),
                    gzip=not zstd,
                )
            if reply.status == 304:
                return self._confirmed(store, data, info, known, reply)
            if self._is_absent(reply, file):
                _forget(store, data, info)
                return None
            self._refused(reply)
            self._checked(file, reply)
            file.seek(0)
            digest = digest_of_file(file)
            self._announce(store, data, info, digest)
            store.publish(temporary, file, data, durable=True)
        self._remember(store, data, info, reply, digest)
        return Copy(data, digest)

    def _announce(self, store: Store, data: Path, info: Path, digest: str) -> None:
        """Let the state vouch for the data to come as well as for the data that is there."""
        state = State.read(info)
        if state.url != self.url:
            state = State(url=self.url, flags=state.flags)
        elif state.pending and state.pending == file_digest(data):
            # An earlier writer came this far and was killed: its data must not be forgotten if we are too.
            state = State(url=self.url, flags=state.flags, blake2_256=state.pending)
        state.pending = digest
        state.write(store, info, durable=True)

    def _confirmed(self, store: Store, data: Path, info: Path, known: State | None, reply: Reply) -> Copy:
        if known is None:
            raise NetworkError(
                f"{self.url}: the server says that nothing changed but was not asked",
                kind="status",
                url=self.url,
                status=304,
            )
        known.refresh_ns = time.time_ns() - _age(reply)
        known.cache_control = reply.headers.get("cache-control", known.cache_control)
        known.write(store, info)
        return Copy(data, known.blake2_256)

    def _is_absent(self, reply: Reply, file: IO[bytes]) -> bool:
        if reply.missing:
            return True
        if not self.optional:
            return False
        if reply.status == 403:
            return True
        if reply.status != 200:
            return False
        file.seek(0)
        return looks_like_html(file.read(512), reply.headers.get("content-type", ""))

    def _refused(self, reply: Reply) -> None:
        if reply.status in {401, 403}:
            raise NetworkError(
                f"{self.url}: the server refuses access ({reply.status}); credentials come from "
                "the channel address, RESOLVENT_AUTH_<HOST>, .netrc or the keyring",
                kind="unauthorized",
                url=self.url,
                status=reply.status,
            )

    def _checked(self, file: IO[bytes], reply: Reply) -> None:
        """Check what came; where it is wrong, a content encoding that was not asked for may be why."""
        encoding = reply.headers.get("content-encoding", "")
        problem: InvalidRepodata | None = None
        try:
            self.check(file)
        except InvalidRepodata as error:
            if not encoding:
                raise
            problem = error
        if problem is not None:
            reason = str(problem).removeprefix(f"{redact(self.url)}: ")
            raise invalid_repodata(f"{reason} (content encoding {encoding!r})", file=self.url, field=problem.field)

    def _remember(self, store: Store, data: Path, info: Path, reply: Reply, digest: str) -> None:
        with store.reported():
            found = data.stat()
        state = State(
            url=self.url,
            etag=reply.headers.get("etag", ""),
            mod=reply.headers.get("last-modified", ""),
            cache_control=reply.headers.get("cache-control", ""),
            mtime_ns=found.st_mtime_ns,
            size=found.st_size,
            refresh_ns=time.time_ns() - _age(reply),
            blake2_256=digest,
            flags=State.read(info).flags,
        )
        state.write(store, info)
        _log.info("fetched %s (%d bytes)", redact(self.url), found.st_size)


@contextlib.contextmanager
def _offline_would_do(known: State | None) -> Iterator[None]:
    """Say so when a server cannot be reached and there is a copy from an earlier time."""
    try:
        yield
    except NetworkError as error:
        if known is not None and error.kind in {"connection", "proxy", "timeout", "tls"}:
            message = f"{error}; offline (--offline) the copy in the cache would do"
            raise type(error)(message, kind=error.kind, url=error.url, status=error.status) from error
        raise


def _forget(store: Store, data: Path, info: Path) -> None:
    """Drop a copy of what the server no longer has, but not what is known about its siblings."""
    with contextlib.suppress(OSError):
        data.unlink()
    flags = State.read(info).flags
    if flags:
        State(flags=flags).write(store, info)
    else:
        with contextlib.suppress(OSError):
            info.unlink()


def html_guard(check: Check, url: str) -> Check:
    """Return a check that says clearly when the file is a web page, and else does what ``check`` does."""

    def guarded(file: IO[bytes]) -> None:
        file.seek(0)
        if looks_like_html(file.read(512), ""):
            raise invalid_repodata("the server sent a web page", file=url)
        check(file)

    return guarded


def _age(reply: Reply) -> int:
    """Nanoseconds that the answer spent in shared caches on its way."""
    text = reply.headers.get("age", "")
    return int(text[:9]) * 1_000_000_000 if text.isascii() and text.isdigit() else 0
