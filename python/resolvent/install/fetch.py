"""Getting packages into the package cache: everything is fetched, verified and unpacked before anything changes.

An archive is taken only if its size, SHA-256 and MD5 are all those that the channel states, be it from the network or
from a folder. Downloads are the network layer's: with its retries, limits and credentials. Archives from the network
are kept beside the unpacked packages, so that a damaged entry can be unpacked again without the network.
"""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import os
import shutil
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path
from typing import TYPE_CHECKING

from .._core import PackageRecord
from .archives import unpack
from .errors import CorruptPackage, InstallError
from .events import Downloading, Extracted, Reporter
from .package_cache import CachedPackage, PackageCache

if TYPE_CHECKING:
    from ..network.auth import Credential
    from ..network.http import HttpClient
    from ..progress import Progress

#: Archives that are fetched and unpacked at the same time.
_WORKERS = 8
#: Bytes of an archive whose record does not state its size.
_LARGEST_ARCHIVE = 16 << 30


def fetch(
    records: Sequence[PackageRecord],
    cache: PackageCache,
    *,
    offline: bool | None = None,
    credentials: Mapping[str, Credential] | None = None,
    copies: Mapping[str, Path] | None = None,
    report: Reporter,
) -> dict[str, CachedPackage]:
    """Make sure that the package cache has the packages of some records, and return their entries by name.

    Parameters
    ----------
    records
        The packages.
    cache
        Where they go.
    offline
        Nothing is downloaded; None: what the network settings say.
    credentials
        Credentials that channels' addresses carried, by the address of the channel without them.
    copies
        Folders that hold a copy of a channel, by the channel's address; archives that are there are not downloaded.
    report
        Receives the events.

    Raises
    ------
    InstallError
        If a package cannot be had, is not what its record says, or is not safe. The first failure ends it.
    NetworkError
        If a download fails.
    """
    found: dict[str, CachedPackage] = {}
    missing: list[PackageRecord] = []
    for record in records:
        entry = cache.find(record)
        if entry is None:
            missing.append(record)
        else:
            found[record.name] = entry
    if not missing:
        return found
    with _Fetcher(cache, offline, credentials or {}, copies or {}, report) as fetcher:
        pool = ThreadPoolExecutor(max_workers=min(_WORKERS, len(missing)), thread_name_prefix="fetch")
        jobs = {pool.submit(fetcher.fetch, record): record for record in missing}
        try:
            for count, job in enumerate(as_completed(jobs), start=1):
                record = jobs[job]
                found[record.name] = job.result()
                report(Extracted(record.fn, count, len(missing)))
        except BaseException:
            fetcher.stop()
            raise
        finally:
            pool.shutdown(wait=True, cancel_futures=True)
    return found


class _Fetcher:
    """Fetches archives, one a call; calls may come from several threads."""

    def __init__(
        self,
        cache: PackageCache,
        offline: bool | None,
        credentials: Mapping[str, Credential],
        copies: Mapping[str, Path],
        report: Reporter,
    ) -> None:
        self._cache = cache
        self._offline = offline
        self._credentials = dict(credentials)
        self._copies = dict(copies)
        self._report = report
        self._names: dict[str, PackageRecord] = {}
        self._client: HttpClient | None = None

    def __enter__(self) -> _Fetcher:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        """Break off running downloads."""
        if self._client is not None:
            self._client.close()

    def fetch(self, record: PackageRecord) -> CachedPackage:
        room = self._cache.make_room()
        try:
            archive, remote = self._archive(record, room)
            size, sha256, md5 = _digests(archive)
            _compare(record, size, sha256, md5)
            unpacked = room / "unpacked"
            unpacked.mkdir()
            unpack(archive, unpacked, name=record.fn)
            kept = archive
            if remote:
                kept = self._cache.archive_of(record)
                archive.replace(kept)
            self._cache.add(record, unpacked, sha256=sha256, md5=md5, size=size, archive=os.fspath(kept))
        except OSError as error:
            raise InstallError(
                f"{record.fn} cannot be put into the package cache {self._cache.folder}: {error}"
            ) from None
        finally:
            shutil.rmtree(room, ignore_errors=True)
        return CachedPackage(self._cache.entry(record), sha256, md5, size, os.fspath(kept))

    def _archive(self, record: PackageRecord, room: Path) -> tuple[Path, bool]:
        """Return where the archive is, and whether it came from the network."""
        url = record.url
        if not url:
            raise InstallError(f"{record.fn} cannot be fetched: its record has no URL")
        local = self._local(record)
        if local is not None:
            if not local.is_file():
                raise InstallError(f"{record.fn} cannot be fetched: {local} does not exist")
            return local, False
        kept = self._cache.archive_of(record)
        if kept.is_file() and (record.sha256 or record.md5):
            with contextlib.suppress(CorruptPackage):
                _compare(record, *_digests(kept))
                return kept, True
        return self._download(record, room), True

    def _local(self, record: PackageRecord) -> Path | None:
        """Return where an archive lies on this machine, be it there or not; None: on the network."""
        from ..channels import LocalSource, parse_source

        copy = self._copies.get(record.url.rsplit("/", 2)[0])
        if copy is not None and (copy / record.subdir / record.fn).is_file():
            return copy / record.subdir / record.fn
        if "://" not in record.url:
            return Path(record.url)
        if record.url.lower().startswith("file:"):
            source = parse_source(record.url)
            return Path(source.folder) if isinstance(source, LocalSource) else None
        return None

    def _download(self, record: PackageRecord, room: Path) -> Path:
        from ..network.errors import NetworkError

        client = self._http()
        if self._offline:
            raise NetworkError(
                f"{record.fn} is not in the package cache, and nothing may be downloaded (offline)",
                kind="offline",
                url=record.url,
            )
        path = room / record.fn.replace("/", "_")
        self._report(Downloading(record.fn, 0, record.size))
        self._names[_label(record.url)] = record
        base = record.url.rsplit("/", 2)[0]
        with path.open("w+b") as sink:
            reply = client.get(
                record.url,
                sink,
                credential=self._credentials.get(base),
                limit=record.size or _LARGEST_ARCHIVE,
            )
        if reply.status != 200:
            wrong = {401: "the server wants a login", 403: "access is refused"}.get(
                reply.status, "there is no such file"
            )
            raise NetworkError(
                f"{record.url}: {wrong} (status {reply.status})",
                kind="unauthorized" if reply.status in {401, 403} else "status",
                url=record.url,
                status=reply.status,
            )
        self._report(Downloading(record.fn, reply.size, reply.size))
        return path

    def _http(self) -> HttpClient:
        if self._client is None:
            from ..network.config import NetworkConfig
            from ..network.http import HttpClient

            config = NetworkConfig.from_environment()
            if self._offline is None:
                self._offline = config.offline
            self._client = HttpClient(dataclasses.replace(config, offline=self._offline), self._progress)
        return self._client

    def _progress(self, moment: Progress) -> None:
        record = self._names.get(moment.label)
        if record is not None:
            self._report(Downloading(record.fn, moment.done, record.size or moment.total))


def _label(url: str) -> str:
    from ..network.redact import redact

    return redact(url)


def _digests(archive: Path) -> tuple[int, str, str]:
    """Return size, SHA-256 and MD5 of a file."""
    sha256, md5, size = hashlib.sha256(), hashlib.md5(usedforsecurity=False), 0
    with archive.open("rb", buffering=0) as file:
        while block := file.read(1 << 20):
            sha256.update(block)
            md5.update(block)
            size += len(block)
    return size, sha256.hexdigest(), md5.hexdigest()


def _compare(record: PackageRecord, size: int, sha256: str, md5: str) -> None:
    """Compare an archive with its record."""
    for what, wanted, got in (("SHA-256", record.sha256, sha256), ("MD5", record.md5, md5)):
        if wanted is not None and wanted != got:
            raise CorruptPackage(record.fn, f"the {what} is {got}, the channel says {wanted}; nothing was changed")
    if record.size is not None and record.size != size:
        raise CorruptPackage(record.fn, f"it has {size} bytes, the channel says {record.size}; nothing was changed")
