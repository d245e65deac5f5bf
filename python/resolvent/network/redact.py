"""Keep secrets out of everything that people or files see: the one place that knows how.

Two nets, because either alone has holes. *Places*: a secret is known by where it stands in an address (before the
`@`, after `/t/`, in a query, which carries the signatures of storage services), also when a server sends the address
in a redirect, and also when the address is malformed. *The register*: every secret that this process has read is
masked wherever it turns up, percent-encoded or not, for example inside a message of another library.

Errors, logs, commands of fixes and reports pass through :func:`redact`. What is stored or handed to the solver never
has credentials at all: :func:`without_credentials` takes them off where a text comes in.
"""

from __future__ import annotations

import base64
import json
import logging
import re
import threading
from urllib.parse import quote, unquote

MASK = "***"
"""What stands in place of a secret."""

_SHORTEST = 4
"""Shorter secrets are masked by their place only: masking each "a" in a text helps nobody."""

_WORD = re.compile(r"[^\s'\"<>`]+")
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:/{1,3}(?=[^/])|(?<![:/])//(?=[^/])")
_BARE_USER = re.compile(r"(?<![^=(,\[])[^/@:=(,\[]*:[^/@]+@(?=[\w\[])")
_TOKEN = re.compile(r"(?<=/t/)(?:(?!::)[^/?#])+")
_TOKEN_SEGMENT = re.compile(r"/t/(?:(?!::)[^/?#])+")
_FIRST_TOKEN = re.compile(r"(?:(?<=^t/)|(?<=[=(,]t/))[^/?#]+")
_AUTHORIZATION = re.compile(r"(?i)\b(basic|bearer|token)(\s+)[A-Za-z0-9+/=._~-]{4,}")
_HOST = re.compile(
    r"(?:localhost|\[[0-9A-Fa-f:.]+\]|\d+\.\d+\.\d+\.\d+|[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*\.[A-Za-z][A-Za-z0-9-]*)"
    r"(?::\d+)?(?=[/?#:]|\Z)"
)
_LOCAL = ("/", "./", "../", "~", ".\\", "..\\", "file:")

_lock = threading.Lock()
_secrets: set[str] = set()


def register_secret(secret: str, user: str | None = None) -> None:
    """Mask a secret in every later text: also percent-encoded or decoded, quoted, and as a basic-auth header."""
    plain = {secret, unquote(secret)}
    forms = set(plain)
    for text in plain:
        forms |= {quote(text, safe=""), quote(text), quote(text, safe="").lower()}
        forms |= {json.dumps(text)[1:-1], repr(text)[1:-1]}
        if user is not None:
            forms |= {base64.b64encode(f"{name}:{text}".encode()).decode() for name in (user, unquote(user))}
    with _lock:
        _secrets.update(form for form in forms if len(form) >= _SHORTEST)


def register_address(text: str) -> None:
    """Register the secrets of an address that may be malformed; whatever else a text is does no harm.

    The text is taken as one address, spaces and quotes included.
    """
    match = _SCHEME.search(text)
    if match is None:
        bare = _BARE_USER.match(text)
        user_info, rest = ("", text) if bare is None else (bare.group()[:-1], text[bare.end() :])
    else:
        rest = text[match.end() :]
        at = end_of_user_info(match.group(), rest)
        user_info, rest = ("", rest) if at < 0 else (rest[:at], rest[at + 1 :])
    if user_info:
        user, _, password = user_info.partition(":")
        register_secret(password or user, user if password else None)
        register_secret(user_info)
    if not text.startswith(_LOCAL):
        for token in _TOKEN.findall(f"/{rest}"):
            register_secret(token)
    _, separator, query = rest.partition("?")
    if separator and match is not None:
        for pair in query.split("#")[0].split("&"):
            register_secret(pair.partition("=")[2] or pair)


def redact(text: str) -> str:
    """Return a text without anything that is, or by its place looks like, a secret."""
    with _lock:
        known = sorted(_secrets, key=len, reverse=True)
    for secret in known:
        if secret in text:
            text = text.replace(secret, MASK)
    text = _WORD.sub(lambda match: _rewritten(match.group(), MASK), text)
    return _AUTHORIZATION.sub(rf"\1\2{MASK}", text)


def redact_address(text: str) -> str:
    """Return an address as a message shows it; unlike in :func:`redact`, spaces and quotes may be part of a secret."""
    register_address(text)
    return redact(_rewritten(text, MASK))


def without_credentials(text: str) -> str:
    """Return a text, such as a MatchSpec, whose addresses have no credentials any more; these are registered."""
    if "://" not in text or not ("@" in text or "/t/" in text):
        return text
    for match in _WORD.finditer(text):
        register_address(match.group())
    return _WORD.sub(lambda match: _rewritten(match.group(), ""), text)


def _rewritten(word: str, mask: str) -> str:
    """Mask the secrets in a word by their place; without a mask, take them away with what introduces them."""
    match = _SCHEME.search(word)
    if match is None:
        if word.startswith(_LOCAL):
            return word
        word = _BARE_USER.sub(f"{mask}@" if mask else "", word)
        word = _FIRST_TOKEN.sub(mask, word)
        return _tokens(word, mask)
    before, scheme, rest = word[: match.start()], match.group(), word[match.end() :]
    at = end_of_user_info(scheme, rest)
    if at >= 0:
        rest = f"{mask}@{rest[at + 1 :]}" if mask else rest[at + 1 :]
    if not scheme.lower().startswith("file:"):
        rest = _tokens(rest, mask)
        head, question, query = rest.partition("?")
        if question and mask:
            rest = f"{head}?{mask}" if query else rest
    return before + scheme + rest


def _tokens(text: str, mask: str) -> str:
    return _TOKEN.sub(mask, text) if mask else _TOKEN_SEGMENT.sub("", text)


def end_of_user_info(scheme: str, rest: str) -> int:
    """Return where the `@` behind the credentials is, also where these have characters that end a host; -1: none."""
    authority = re.split(r"[/?#]", rest, maxsplit=1)[0]
    at = rest.rfind("@")
    if "@" in authority:
        # One of several may stand behind a slash that was not encoded, before the host.
        return at if _HOST.match(rest[at + 1 :]) and not scheme.startswith("file") else authority.rindex("@")
    if at < 0 or scheme.lower().startswith("file:"):
        return -1
    _, colon, port = authority.rpartition(":")
    broken = bool(colon) and not authority.endswith("]") and not port.isdecimal() and "]" not in port
    cut_short = rest[len(authority) : len(authority) + 1] in {"#", "?"}
    return at if broken or cut_short or _HOST.match(rest[at + 1 :]) else -1


class RedactingFilter(logging.Filter):
    """A log filter that rewrites each record through :func:`redact`."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Rewrite the message in place; never drops a record."""
        record.msg = redact(record.getMessage())
        record.args = ()
        return True


_FILTER = RedactingFilter()
_CHATTY = (
    "httpx",
    "httpcore.connection",
    "httpcore.http11",
    "httpcore.http2",
    "httpcore.proxy",
    "httpcore.socks",
)


def guard_logs() -> None:
    """Put the filter on our own loggers, and on the HTTP libraries', which log whole URLs and header lists."""
    for name in ("resolvent", "resolvent.network", *_CHATTY):
        logging.getLogger(name).addFilter(_FILTER)  # adding the same filter twice is a no-op
