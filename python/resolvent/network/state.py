"""What is known about a cached file: the "repodata state" schema that conda and rattler share.

The state is advice, never truth: it counts only while the data's digest is the one that it names,
and a state that cannot be read is the same as none. The data then is fetched afresh. Size and mtime,
which the schema has, only save the reading of a file that is another one at the first glance.
"""

from __future__ import annotations

import hashlib
import json
import time
from dataclasses import dataclass, field
from datetime import datetime, timezone
from pathlib import Path
from typing import IO, Literal

from resolvent.network.store import Store

Flag = Literal["has_json", "has_zst", "has_shards"]
FLAGS: tuple[Flag, ...] = ("has_json", "has_zst", "has_shards")
_NEGATIVE_LIFE = 7 * 24 * 3600
_SECOND = 1_000_000_000


@dataclass
class State:
    """One state file. Times are nanoseconds since 1970, sizes bytes."""

    url: str = ""
    etag: str = ""
    mod: str = ""
    cache_control: str = ""
    mtime_ns: int = 0
    size: int = 0
    refresh_ns: int = 0
    blake2_256: str = ""
    """Of the data that the other fields describe."""
    pending: str = ""
    """Of data that is, or was, about to take its place: BLAKE2b, 64 hex digits."""
    flags: dict[Flag, tuple[str, bool]] = field(default_factory=dict)
    """Per flag: when it was checked (ISO 8601, UTC) and the answer."""

    @classmethod
    def read(cls, path: Path) -> State:
        """Read a state file; anything wrong with it gives an empty state."""
        try:
            raw = json.loads(path.read_bytes())
        except (OSError, ValueError, RecursionError):
            return cls()
        if not isinstance(raw, dict):
            return cls()
        state = cls()
        for key in ("url", "etag", "mod", "cache_control", "blake2_256", "pending"):
            value = raw.get(key, raw.get(f"_{key}"))
            if isinstance(value, str):
                setattr(state, key, value)
        for key in ("mtime_ns", "size", "refresh_ns"):
            value = raw.get(key)
            if isinstance(value, int) and not isinstance(value, bool):
                setattr(state, key, value)
        for flag in FLAGS:
            entry = raw.get(flag)
            if isinstance(entry, dict):
                checked, answer = entry.get("last_checked"), entry.get("value")
                if isinstance(checked, str) and isinstance(answer, bool):
                    state.flags[flag] = (checked, answer)
        return state

    def write(self, store: Store, path: Path, *, durable: bool = False) -> None:
        """Write the state file atomically."""
        raw: dict[str, object] = {
            "url": self.url,
            "etag": self.etag,
            "mod": self.mod,
            "cache_control": self.cache_control,
            "mtime_ns": self.mtime_ns,
            "size": self.size,
            "refresh_ns": self.refresh_ns,
        }
        if self.blake2_256:
            raw["blake2_256"] = self.blake2_256
        if self.pending:
            raw["pending"] = self.pending
        for flag, (checked, answer) in self.flags.items():
            raw[flag] = {"last_checked": checked, "value": answer}
        store.write(path, json.dumps(raw, indent=2).encode(), durable=durable)

    def vouches(self, url: str, data: Path) -> bool:
        """Whether this state belongs to ``url`` and to the data file as it is now, read to its end."""
        if self.url != url or not self.blake2_256:
            return False
        try:
            found = data.stat()
        except OSError:
            return False
        if found.st_size != self.size or found.st_mtime_ns != self.mtime_ns:
            return False
        return file_digest(data) == self.blake2_256

    def is_fresh(self, ttl: int | None, now_ns: int | None = None) -> bool:
        """Whether the data may be used without asking the server.

        ``ttl`` in seconds; ``None`` follows Cache-Control. A refresh in the future (a clock that
        was set back) is not fresh.
        """
        now = time.time_ns() if now_ns is None else now_ns
        life = max_age(self.cache_control) if ttl is None else ttl
        return 0 <= now - self.refresh_ns < life * _SECOND

    def absent(self, flag: Flag) -> bool:
        """Whether the server was found not to have this within the last seven days."""
        checked, answer = self.flags.get(flag, ("", True))
        if answer:
            return False
        try:
            when = datetime.fromisoformat(checked.replace("Z", "+00:00"))
        except ValueError:
            return False
        if when.tzinfo is None:
            when = when.replace(tzinfo=timezone.utc)
        age = (datetime.now(timezone.utc) - when).total_seconds()
        return 0 <= age < _NEGATIVE_LIFE

    def set_flag(self, flag: Flag, answer: bool) -> None:
        """Remember an answer about availability, checked now."""
        stamp = datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
        self.flags[flag] = (stamp, answer)


def digest_of_file(file: IO[bytes]) -> str:
    """Return the BLAKE2b digest (64 hex digits) of what follows in an open file."""
    engine = hashlib.blake2b(digest_size=32)
    while piece := file.read(1 << 20):
        engine.update(piece)
    return engine.hexdigest()


def file_digest(path: Path) -> str:
    """Return the digest of a file's content; an empty string if it cannot be read."""
    try:
        with path.open("rb") as file:
            return digest_of_file(file)
    except OSError:
        return ""


def max_age(cache_control: str) -> int:
    """Seconds that a Cache-Control header grants; 0 when it grants nothing.

    ``no-cache`` and ``no-store`` win over ``max-age``; ``s-maxage`` is for shared caches only.
    """
    age = 0
    for part in cache_control.lower().split(","):
        name, _, value = part.strip().partition("=")
        if name in {"no-cache", "no-store"}:
            return 0
        value = value.strip().strip('"')
        if name == "max-age" and value.isascii() and value.isdigit():
            age = int(value[:12])
    return age
