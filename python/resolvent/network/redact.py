"""Keep secrets out of everything that people or files see.

Two nets, because either alone has holes. Patterns catch secrets by their place in a URL (a token
after ``/t/``, ``user:password@``, query strings, which carry signatures of storage services), also
when a server sends them in a redirect. The register catches every secret that this process has
read, wherever it turns up, for example inside a message of another library.
"""

from __future__ import annotations

import base64
import logging
import re
import threading
from urllib.parse import quote

MASK = "***"
"""What stands in place of a secret."""

_SHORTEST = 4
"""Shorter secrets are masked by their place only: masking each "a" in a text helps nobody."""

_USERINFO = re.compile(r"(?<=://)[^/?#\s'\"<>]+@")
_TOKEN = re.compile(r"(?<=/t/)[^/?#\s'\"<>]+")
_QUERY = re.compile(r"(https?://[^\s'\"<>?#]*)\?[^\s'\"<>]*")
_AUTHORIZATION = re.compile(r"(?i)\b(basic|bearer|token)(\s+)[A-Za-z0-9+/=._~-]{4,}")

_lock = threading.Lock()
_secrets: set[str] = set()


def register_secret(secret: str, user: str | None = None) -> None:
    """Mask ``secret`` in every later text, also percent-encoded and as a basic-auth header."""
    forms = {secret, quote(secret, safe=""), quote(secret)}
    if user is not None:
        forms.add(base64.b64encode(f"{user}:{secret}".encode()).decode())
    with _lock:
        _secrets.update(form for form in forms if len(form) >= _SHORTEST)


def redact(text: str) -> str:
    """Return ``text`` without anything that is, or by its place looks like, a secret."""
    with _lock:
        known = sorted(_secrets, key=len, reverse=True)
    for secret in known:
        if secret in text:
            text = text.replace(secret, MASK)
    text = _USERINFO.sub(f"{MASK}@", text)
    text = _TOKEN.sub(MASK, text)
    text = _QUERY.sub(rf"\1?{MASK}", text)
    return _AUTHORIZATION.sub(rf"\1\2{MASK}", text)


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


def guard_library_logs() -> None:
    """Put the filter on the HTTP libraries' loggers, which log whole URLs and header lists."""
    for name in _CHATTY:
        logging.getLogger(name).addFilter(_FILTER)  # adding the same filter twice is a no-op
