"""One download, done properly: retries, redirects, limits, credentials, and errors that tell.

What is retried: connections that fail or break, bodies shorter than their Content-Length, silence
and crawling, and the answers 408, 425, 429, 500, 502, 503 and 504. Pauses double and carry
jitter (so that many clients do not come back at once); Retry-After is respected up to a bound.
What is not: every other status, certificates that do not verify, bodies over their limit.

Bodies are read raw and unpacked here. The HTTP library would unpack a whole network chunk at once,
and 64 KiB of zstd can hold gigabytes. Redirects are followed here too: credentials stay with the
origin that they are for, and an https address never leads to plain http. Closing a client wakes the
threads that wait for a server, by shutting their sockets down.
"""

from __future__ import annotations

import contextlib
import logging
import random
import re
import socket
import ssl
import threading
import time
import weakref
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime
from typing import IO, TYPE_CHECKING, Any
from urllib.parse import urljoin

from resolvent.network import tls
from resolvent.network.auth import (
    Credential,
    ask_keyring,
    find_credential,
    origin,
    split_credentials,
)
from resolvent.network.config import NetworkConfig
from resolvent.network.errors import NetworkError, NetworkErrorKind, Unreachable
from resolvent.network.progress import Meter
from resolvent.network.proxies import Proxies
from resolvent.network.redact import guard_logs, redact
from resolvent.progress import ProgressCallback

if TYPE_CHECKING:
    import httpx

_log = logging.getLogger("resolvent.network")

_RETRIED = frozenset({408, 425, 429, 500, 502, 503, 504})
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_ANSWERS = frozenset({200, 304, 401, 403, 404, 410})
_LONG_PAUSE = 5.0
"""Seconds between attempts that are worth a word."""


@dataclass
class Reply:
    """The end of a request: a status out of 200, 304, 401, 403, 404 and 410, and the headers.

    The body of a 200 is in the sink that the caller gave. Header names are lower-case.
    """

    status: int
    headers: Mapping[str, str] = field(repr=False)
    size: int = 0

    @property
    def missing(self) -> bool:
        """The server says that there is no such file."""
        return self.status in {404, 410}


class _Failure(Exception):
    """An attempt that failed; ``pause`` is what the server asked for, in seconds; ``reached``: a server did it."""

    def __init__(
        self,
        message: str,
        kind: NetworkErrorKind,
        *,
        status: int | None = None,
        again: bool = True,
        pause: float | None = None,
        reached: bool = True,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.kind = kind
        self.status = status
        self.again = again
        self.pause = pause
        self.reached = reached


class HttpClient:
    """Downloads files. Any number of threads may use one object; close it at the end."""

    def __init__(self, config: NetworkConfig, progress: ProgressCallback | None = None) -> None:
        self._config = config
        self._progress = progress
        self._lock = threading.Lock()
        self._keyring = threading.Lock()
        self._clients: dict[str | None, httpx.Client] = {}
        self._tls: ssl.SSLContext | None = None
        self._proxies: Proxies | None = None
        self._sockets: weakref.WeakSet[socket.socket] = weakref.WeakSet()
        self._credentials: dict[tuple[str, str, int], Credential | None] = {}
        self._asked: set[tuple[str, str, int]] = set()
        self._stop = threading.Event()
        self._received = 0

    @property
    def received(self) -> int:
        """Bytes of bodies received so far, as they came over the wire."""
        return self._received

    def close(self) -> None:
        """Close all connections; running downloads fail at once, but for those that wait for a connection."""
        self._stop.set()
        with self._lock:
            clients, self._clients = list(self._clients.values()), {}
            sockets = list(self._sockets)
        for one in sockets:
            # Closing would not wake a thread that reads. The method of a TLS socket is not made for two threads.
            with contextlib.suppress(OSError, ValueError):
                socket.socket.shutdown(one, socket.SHUT_RDWR)
        for client in clients:
            with contextlib.suppress(RuntimeError):
                client.close()

    def get(
        self,
        url: str,
        sink: IO[bytes],
        *,
        credential: Credential | None = None,
        headers: Mapping[str, str] | None = None,
        limit: int,
        gzip: bool = False,
        quiet: bool = False,
    ) -> Reply:
        """Download ``url`` (without credentials) into ``sink``, which is emptied first.

        ``credential`` is the one that the channel's address carried; without one the environment
        and ``.netrc`` are asked, and after a refusal the keyring. ``limit`` bounds the bytes on the
        wire and, with ``gzip`` (which asks for a compressed transfer), the unpacked bytes.
        ``quiet`` sends no progress.

        Raises
        ------
        NetworkError
            The file could not be had.
        """
        meter = Meter(None if quiet else self._progress, redact(url), "bytes")
        addresses = self._addresses(url)
        for number, address in enumerate(addresses, 1):
            mine = credential if credential is None or origin(address) == origin(url) else None
            try:
                reply = self._persist(address, sink, mine, headers or {}, limit, gzip, meter)
            except NetworkError as error:
                if number == len(addresses) or self._stop.is_set():
                    raise
                _log.info("%s; the next mirror is asked", error)
            else:
                if number == len(addresses) or reply.status not in {401, 403}:
                    return reply
        raise AssertionError("the last address returns or raises")

    def _addresses(self, url: str) -> list[str]:
        """Return what is asked for a URL, in order: itself, unless a configuration names mirrors."""
        fitting = [
            (start, places)
            for start, places in self._config.mirrors
            if url.startswith(start.rstrip("/") + "/") or url == start
        ]
        if not fitting:
            return [url]
        start, places = max(fitting, key=lambda pair: len(pair[0]))
        rest = url[len(start.rstrip("/")) :]
        return [place.rstrip("/") + rest for place in places] or [url]

    def _persist(
        self,
        url: str,
        sink: IO[bytes],
        credential: Credential | None,
        headers: Mapping[str, str],
        limit: int,
        gzip: bool,
        meter: Meter,
    ) -> Reply:
        """Try until there is an answer, or no hope."""
        url, carried = split_credentials(url)  # a mirror may be given with its credentials
        credential = carried if credential is None else credential
        attempt = 0
        while True:
            failure: _Failure | None = None
            try:
                own = credential if credential is not None else self._credential(url)
                reply = self._attempt(url, sink, own, headers, limit, gzip, meter)
                if reply.status in {401, 403} and credential is None and self._consult_keyring(url, own):
                    continue
            except _Failure as error:
                failure = error
            if failure is None:
                meter.finish()
                return reply
            if not failure.again or attempt >= self._config.retries or self._stop.is_set():
                tries = f" (after {attempt + 1} attempts)" if attempt else ""
                kind = NetworkError if failure.reached else Unreachable
                raise kind(
                    f"{url}: {failure.message}{tries}",
                    kind=failure.kind,
                    url=url,
                    status=failure.status,
                )
            self._pause(attempt, failure, url)
            attempt += 1

    def _pause(self, attempt: int, failure: _Failure, url: str) -> None:
        bound = min(self._config.backoff * 2**attempt, self._config.longest_pause)
        pause = random.uniform(bound / 2, bound)  # noqa: S311 - jitter
        if failure.pause is not None:
            pause = min(max(pause, failure.pause), self._config.longest_pause)
        level = logging.WARNING if pause > _LONG_PAUSE else logging.INFO
        _log.log(level, "%s: %s; next attempt in %.1f s", redact(url), redact(failure.message), pause)
        self._stop.wait(pause)

    def _consult_keyring(self, url: str, tried: Credential | None) -> bool:
        """Whether there is now another credential for this origin than the one that was refused.

        The keyring is asked once for an origin; threads that are refused meanwhile wait for its answer.
        """
        place = origin(url)
        with self._keyring:
            if place not in self._asked:
                self._asked.add(place)
                found = ask_keyring(url)
                if found is not None:
                    with self._lock:
                        self._credentials[place] = found
            return self._credential(url) is not tried

    def _credential(self, url: str) -> Credential | None:
        place = origin(url)
        with self._lock:
            if place not in self._credentials:
                self._credentials[place] = find_credential(url)
            return self._credentials[place]

    def _open(self, url: str) -> httpx.Client:
        """Return the shared client for a URL's proxy, made at first use: loading certificates takes time."""
        import httpx

        with self._lock:
            if self._proxies is None:
                self._proxies = Proxies(dict(self._config.proxies), self._config.no_proxy)
            proxy = self._proxies.of(*origin(url))
            if proxy in self._clients:
                return self._clients[proxy]
            if self._stop.is_set():
                raise _Failure("cancelled", "connection", again=False, reached=False)
            guard_logs()
            config = self._config
            if self._tls is None:
                self._tls = tls.context(config)
            problem = ""
            try:
                self._clients[proxy] = httpx.Client(
                    verify=self._tls,
                    proxy=proxy,
                    timeout=httpx.Timeout(config.read_timeout, connect=config.connect_timeout, pool=None),
                    limits=httpx.Limits(
                        max_connections=config.concurrency,
                        max_keepalive_connections=config.concurrency,
                    ),
                    follow_redirects=False,
                    trust_env=False,  # the environment was read already, see `proxies` and `tls`
                    headers={"User-Agent": config.user_agent, "Accept": "*/*"},
                )
            except ImportError:
                problem = "proxies of this kind need the package httpx[socks]"
            except (OSError, ValueError) as error:
                problem = f"{type(error).__name__}: {error}"
            if problem:
                raise NetworkError(f"the proxy {proxy} cannot be used: {problem}", kind="proxy")
            return self._clients[proxy]

    def _watch(self, event: str, info: Mapping[str, Any]) -> None:
        """Keep the sockets of connections as they are made, for `close`; called by the HTTP library."""
        stream = info.get("return_value") if event.endswith(".complete") else None
        if stream is not None and hasattr(stream, "get_extra_info"):
            made = stream.get_extra_info("socket")
            if isinstance(made, socket.socket):
                with self._lock:
                    self._sockets.add(made)

    def _attempt(
        self,
        url: str,
        sink: IO[bytes],
        own: Credential | None,
        headers: Mapping[str, str],
        limit: int,
        gzip: bool,
        meter: Meter,
    ) -> Reply:
        if self._stop.is_set():
            raise _Failure("cancelled", "connection", again=False)
        sink.seek(0)
        sink.truncate()
        wanted = {"Accept-Encoding": "gzip" if gzip else "identity", **headers}
        address = url if own is None else own.apply(url)
        home = origin(url)
        for _ in range(self._config.redirects + 1):
            same = origin(address) == home
            extra = own.headers() if own is not None and same else {}
            with self._exchange(address, {**wanted, **extra}) as response:
                if response.status_code in _REDIRECTS and "location" in response.headers:
                    address = self._redirected(address, response.headers["location"])
                    continue
                return self._receive(response, sink, limit, meter)
        raise _Failure("too many redirects", "redirect", again=False)

    @staticmethod
    def _redirected(address: str, location: str) -> str:
        problem = "a redirect to a malformed address"
        try:
            target = urljoin(address, location)
            scheme, host, _ = origin(target)
            if scheme not in {"http", "https"} or not host:
                problem = "a redirect to something that is not http"
            elif scheme == "http" and origin(address)[0] == "https":
                problem = "a redirect from https to plain http"
            else:
                # A user name inside a redirect is the server's idea, not a credential of ours.
                userless, carried = split_credentials(target)
                return userless if carried is not None and carried.kind == "basic" else target
        except ValueError:
            pass
        raise _Failure(f"{problem} ({location})", "redirect", again=False)

    @contextlib.contextmanager
    def _exchange(self, address: str, headers: Mapping[str, str]) -> Iterator[httpx.Response]:
        """Send a request; failures inside the block come out as :class:`_Failure`."""
        import httpx

        failure: _Failure | None = None
        try:
            client = self._open(address)
            watch = {"trace": self._watch}
            with client.stream("GET", address, headers=dict(headers), extensions=watch) as response:
                yield response
        except httpx.TimeoutException as error:
            reached = not isinstance(error, httpx.ConnectTimeout)
            what = "no data" if reached else "no connection"
            failure = _Failure(f"timed out: {what} in time", "timeout", reached=reached)
        except httpx.ProxyError as error:
            failure = _Failure(f"the proxy failed ({error})", "proxy", reached=False)
        except httpx.RemoteProtocolError as error:
            failure = _Failure(f"the answer broke off ({error})", "truncated")
        except httpx.LocalProtocolError:
            failure = _Failure("the request cannot be sent (bad header)", "url", again=False)
        except (httpx.InvalidURL, httpx.UnsupportedProtocol) as error:
            failure = _Failure(f"bad address ({error})", "url", again=False)
        except httpx.TransportError as error:
            problem = _tls_problem(error)
            reached = not isinstance(error, httpx.ConnectError)
            if problem is not None:
                failure = _Failure(f"TLS failed: {problem}; {tls.HINT}", "tls", again=False, reached=False)
            else:
                failure = _Failure(f"connection failed ({error})", "connection", reached=reached)
        except (RuntimeError, OSError):
            # What another thread's `close` leads to.
            if not self._stop.is_set():
                raise
            failure = _Failure("cancelled", "connection", again=False, reached=False)
        if failure is not None:
            if self._stop.is_set():
                failure = _Failure("cancelled", "connection", again=False, reached=False)
            raise failure

    def _receive(self, response: httpx.Response, sink: IO[bytes], limit: int, meter: Meter) -> Reply:
        status = response.status_code
        if status not in _ANSWERS:
            raise _Failure(
                f"the server answered {status} {response.reason_phrase}".rstrip(),
                "status",
                status=status,
                again=status in _RETRIED,
                pause=retry_after(response.headers.get("retry-after", "")),
            )
        size = 0
        if status == 200:
            size = self._body(response, sink, limit, meter)
        return Reply(status, {k.lower(): v for k, v in response.headers.items()}, size)

    def _body(self, response: httpx.Response, sink: IO[bytes], limit: int, meter: Meter) -> int:
        declared = _length(response.headers.get("content-length", ""))
        if declared is not None and declared > limit:
            raise _Failure(f"{declared} bytes are over the limit of {limit}", "too-large", again=False)
        encodings = {word.strip().lower() for word in response.headers.get("content-encoding", "").split(",")}
        # Only gzip was asked for. Whatever else a server calls it (what the file is, what its uploader said,
        # nothing at all), the body is taken as it is: the checks that follow find real trouble.
        gunzip = _Gunzip(limit) if encodings & {"gzip", "x-gzip"} else None
        meter.restart(declared)
        received = written = 0
        pace = _Pace(self._config)
        for chunk in response.iter_raw():
            if self._stop.is_set():
                raise _Failure("cancelled", "connection", again=False)
            received += len(chunk)
            with self._lock:
                self._received += len(chunk)
            pieces = [chunk] if gunzip is None else gunzip.feed(chunk)
            for piece in pieces:
                written += len(piece)
                if received > limit or written > limit:
                    raise _Failure(f"the body is over the limit of {limit} bytes", "too-large", again=False)
                sink.write(piece)
            meter.advance(len(chunk))
            pace.check(received)
        if declared is not None and received != declared:
            raise _Failure(f"the body has {received} of {declared} bytes", "truncated")
        if gunzip is not None and not gunzip.complete:
            raise _Failure("the body ended early (content encoding gzip)", "truncated")
        return written


class _Pace:
    """Fails an attempt that crawls: fewer than ``low_speed`` bytes a second in a whole window."""

    def __init__(self, config: NetworkConfig) -> None:
        self._window = config.read_timeout
        self._least = config.low_speed * config.read_timeout
        self._start = time.monotonic()
        self._mark = 0

    def check(self, received: int) -> None:
        now = time.monotonic()
        if self._least <= 0 or now - self._start < self._window:
            return
        if received - self._mark < self._least:
            raise _Failure("timed out: the server sends too slowly", "timeout")
        self._start, self._mark = now, received


class _Gunzip:
    """Bounded decompression of a gzip transfer; a body that is no gzip data is handed on as it is."""

    def __init__(self, limit: int) -> None:
        self._engine = zlib.decompressobj(31)
        self._left = limit
        self._head = b""
        self._plain = False

    @property
    def complete(self) -> bool:
        """The end of the gzip data was seen."""
        return self._plain or self._engine.eof or not self._head

    def feed(self, chunk: bytes) -> Iterator[bytes]:
        """Unpack a chunk in bounded pieces, one byte past the limit at most."""
        if len(self._head) < 2:
            self._head += chunk
            if len(self._head) < 2:
                return
            chunk = self._head
            self._plain = chunk[:2] != b"\x1f\x8b"
        if self._plain:
            yield chunk
            return
        data = chunk
        while True:
            if self._engine.eof:
                # Another member may follow (RFC 1952, section 2.2); zeros are padding.
                if not data.strip(b"\0"):
                    return
                self._engine = zlib.decompressobj(31)
            problem = ""
            piece = b""
            bound = max(1, min(1 << 20, self._left + 1))
            try:
                piece = self._engine.decompress(data, bound)
            except zlib.error as error:
                problem = str(error)
            if problem:
                raise _Failure(f"the body is damaged (content encoding gzip: {problem})", "truncated")
            self._left -= len(piece)
            yield piece
            data = self._engine.unused_data if self._engine.eof else self._engine.unconsumed_tail
            # A full piece may leave output behind although all input was taken.
            if not data and not self._engine.eof and len(piece) < bound:
                return


def _length(text: str) -> int | None:
    return int(text) if re.fullmatch(r"[0-9]{1,18}", text.strip()) else None


def retry_after(text: str) -> float | None:
    """Seconds that a Retry-After header asks for (a number or a date); ``None`` if it does not."""
    text = text.strip()
    if re.fullmatch(r"[0-9]{1,9}", text):
        return float(text)
    if not text:
        return None
    try:
        when = parsedate_to_datetime(text)
    except (ValueError, TypeError):
        return None
    if when.tzinfo is None:
        when = when.replace(tzinfo=timezone.utc)
    return max(0.0, (when - datetime.now(timezone.utc)).total_seconds())


def _tls_problem(error: BaseException) -> str | None:
    """Return the message of a TLS error anywhere in the chain of causes, else ``None``."""
    seen: BaseException | None = error
    for _ in range(10):
        if seen is None:
            return None
        if isinstance(seen, ssl.SSLError):
            return str(getattr(seen, "verify_message", "") or seen.reason or seen)
        if "CERTIFICATE_VERIFY_FAILED" in str(seen) or "[SSL" in str(seen):
            return str(seen)
        seen = seen.__cause__ or seen.__context__
    return None
