"""Credentials of private channels: where they come from and which requests get them.

Three kinds exist: a conda token, which becomes the path segment ``/t/TOKEN/``; basic auth; and a
bearer token. The first source that has one wins:

1. the channel URL itself: ``https://host/t/TOKEN/channel`` or ``https://user:password@host/channel``;
2. the environment: ``RESOLVENT_AUTH_<HOST>``, the host in capitals with every other character
   turned into ``_`` (``RESOLVENT_AUTH_CONDA_EXAMPLE_COM``; with a port,
   ``RESOLVENT_AUTH_LOCALHOST_8080`` is asked first). Its value is ``basic:USER:PASSWORD``,
   ``bearer:TOKEN`` or ``token:TOKEN``;
3. ``.netrc`` (the file that ``NETRC`` names, else ``~/.netrc``): entries of exactly this host, as
   basic auth. A login ``bearer`` or ``__bearer__`` makes the password a bearer token,
   ``__conda_token__`` a conda token. A ``default`` entry is not used: it would hand one password to
   every channel;
4. the keyring, if the optional package ``keyring`` is there, and only after the server has refused:
   service ``resolvent:HOST``, with the same special user names as ``.netrc``.

A credential goes to the origin (scheme, host, port) that it was found for and to no other.
"""

from __future__ import annotations

import base64
import importlib
import logging
import netrc
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal
from urllib.parse import unquote, urlsplit

from resolvent.network.redact import register_secret

_log = logging.getLogger("resolvent.network")

_TOKEN = re.compile(r"/t/([^/]+)(?=/|$)")
_BEARER_LOGINS = frozenset({"bearer", "__bearer__"})
_TOKEN_LOGIN = "__conda_token__"  # noqa: S105 - a user name, not a secret


@dataclass(frozen=True)
class Credential:
    """One secret and how it is sent. Its ``repr`` shows the kind only."""

    kind: Literal["basic", "bearer", "token"]
    secret: str = field(repr=False)
    user: str = field(default="", repr=False)
    place: str = field(default="/", repr=False)
    """For a token: the part of the path that stands before ``/t/``, with both slashes."""

    def __post_init__(self) -> None:
        register_secret(self.secret, self.user if self.kind == "basic" else None)

    def headers(self) -> dict[str, str]:
        """Return the request headers that carry this credential; none for a token."""
        if self.kind == "basic":
            pair = f"{self.user}:{self.secret}".encode()
            return {"Authorization": "Basic " + base64.b64encode(pair).decode("ascii")}
        if self.kind == "bearer":
            return {"Authorization": f"Bearer {self.secret}"}
        return {}

    def apply(self, url: str) -> str:
        """Return the URL to request: a token is put into its place, other kinds leave ``url`` alone."""
        if self.kind != "token":
            return url
        parts = urlsplit(url)
        path = parts.path or "/"
        place = self.place if path.startswith(self.place) else "/"
        path = f"{place}t/{self.secret}/{path[len(place) :]}"
        return parts._replace(path=path).geturl()


def origin(url: str) -> tuple[str, str, int]:
    """Scheme, host and port of a URL, the default port filled in."""
    parts = urlsplit(url)
    scheme = parts.scheme.lower()
    port = parts.port if parts.port is not None else (443 if scheme == "https" else 80)
    return scheme, (parts.hostname or "").lower(), port


def split_credentials(url: str) -> tuple[str, Credential | None]:
    """Split a URL into the part that may be shown and stored, and the credential it carried.

    With both a token and ``user:password@`` the token wins, as one request cannot be two people.
    A user name without a password is kept as basic auth and treated as the secret that it often is.
    """
    parts = urlsplit(url)
    found: Credential | None = None
    netloc = parts.netloc
    if "@" in netloc:
        userinfo, _, netloc = netloc.rpartition("@")
        user, _, password = userinfo.partition(":")
        if user or password:
            found = Credential("basic", unquote(password), unquote(user))
            if not password:
                register_secret(unquote(user))
    path = parts.path
    match = _TOKEN.search(path)
    if match:
        found = Credential("token", match.group(1), place=path[: match.start() + 1])
        path = path[: match.start()] + path[match.end() :]
    return parts._replace(netloc=netloc, path=path).geturl(), found


def _from_login(login: str, secret: str) -> Credential:
    if login.lower() in _BEARER_LOGINS:
        return Credential("bearer", secret)
    if login.lower() == _TOKEN_LOGIN:
        return Credential("token", secret)
    return Credential("basic", secret, login)


def _from_environment(url: str, environ: Mapping[str, str]) -> Credential | None:
    _, host, port = origin(url)
    for text in (f"{host}:{port}", host):
        name = "RESOLVENT_AUTH_" + re.sub(r"[^A-Z0-9]", "_", text.upper())
        value = environ.get(name)
        if not value:
            continue
        kind, _, rest = value.partition(":")
        if kind == "basic" and ":" in rest:
            user, _, password = rest.partition(":")
            return Credential("basic", password, user)
        if kind == "bearer" and rest:
            return Credential("bearer", rest)
        if kind == "token" and rest:
            return Credential("token", rest)
        _log.warning("%s is ignored: expected basic:USER:PASSWORD, bearer:TOKEN or token:TOKEN", name)
    return None


def _from_netrc(url: str, environ: Mapping[str, str]) -> Credential | None:
    named = environ.get("NETRC")
    path = Path(named).expanduser() if named else Path("~/.netrc").expanduser()
    if not path.is_file():
        return None
    try:
        hosts = netrc.netrc(str(path)).hosts
    except (netrc.NetrcParseError, OSError, UnicodeDecodeError) as error:
        # The parser's message quotes the offending token, which may be the password.
        line = getattr(error, "lineno", None)
        where = f" (line {line})" if line else ""
        _log.warning("%s is ignored: it cannot be read%s", path, where)
        return None
    entry = hosts.get(origin(url)[1])
    if entry is None:
        return None
    login, _account, password = entry
    return _from_login(login or "", password or "")


def find_credential(url: str, environ: Mapping[str, str] | None = None) -> Credential | None:
    """Return the credential that the environment or ``.netrc`` holds for the host of ``url``."""
    env = os.environ if environ is None else environ
    return _from_environment(url, env) or _from_netrc(url, env)


def ask_keyring(url: str) -> Credential | None:
    """Return the credential that the keyring holds for the host of ``url``; ``None`` also without keyring."""
    try:
        keyring = importlib.import_module("keyring")
    except ImportError:
        return None
    try:
        found = keyring.get_credential(f"resolvent:{origin(url)[1]}", None)
    except Exception as error:  # noqa: BLE001
        # Backends raise their own classes when locked, absent or dismissed by the user.
        _log.warning("the keyring cannot be asked: %s", type(error).__name__)
        return None
    if found is None or not found.password:
        return None
    return _from_login(found.username or "", found.password)
