"""Proxies: which one a request goes through, as the environment or a configuration says.

Read here and not by the HTTP library, because its reading blames the channel's address for a value that cannot be
used, and knows no ranges. The rules are those that curl, requests and reqwest share: `https_proxy` for https
addresses, `http_proxy` for http, `all_proxy` for both; the lower-case spelling wins; `no_proxy` lists hosts (each with
all below it), addresses and ranges of them, with or without a port, separated by commas or blanks; `*` means all.
"""

from __future__ import annotations

import ipaddress
import logging
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from resolvent.network.errors import NetworkError
from resolvent.network.redact import end_of_user_info, redact_address, register_address

_log = logging.getLogger("resolvent.network")

_SCHEMES = frozenset({"http", "https", "socks4", "socks4a", "socks5", "socks5h"})
_HOST = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9_.-]*[A-Za-z0-9_])?\Z")

_Network = ipaddress.IPv4Network | ipaddress.IPv6Network


@dataclass(frozen=True)
class _Exempt:
    """One entry of `no_proxy`: a host (with all below it) or a range of addresses, and a port or any."""

    host: str
    network: _Network | None
    port: int | None

    def covers(self, host: str, address: ipaddress.IPv4Address | ipaddress.IPv6Address | None, port: int) -> bool:
        if self.port is not None and self.port != port:
            return False
        if self.network is not None:
            return address is not None and address.version == self.network.version and address in self.network
        return self.host == "*" or host == self.host or host.endswith(f".{self.host}")


class Proxies:
    """The proxies of one configuration.

    Parameters
    ----------
    configured
        Scheme (`http`, `https`, `all`) or scheme and host (`https://conda.example.com`) to proxy address, from a
        configuration file. The environment's proxies come before these.
    direct
        Hosts without a proxy, as one entry of `no_proxy` each, in addition to the environment's.
    environ
        None: the process's own environment.
    """

    def __init__(
        self,
        configured: Mapping[str, str] | None = None,
        direct: tuple[str, ...] = (),
        environ: Mapping[str, str] | None = None,
    ) -> None:
        env = os.environ if environ is None else environ
        self._named: dict[str, tuple[str, str]] = {}
        for key, value in (configured or {}).items():
            self._named[key.lower().rstrip("/").removesuffix(":")] = ("proxy_servers", value)
        for scheme in ("http", "https", "all"):
            name, value = _variable(env, f"{scheme}_proxy")
            if value:
                self._named[scheme] = (name, value)
        for _, value in self._named.values():
            register_address(value)
        name, value = _variable(env, "no_proxy")
        self._exempt = [entry for text in re.split(r"[\s,]+", value) if text for entry in _exempt(text, name)]
        self._exempt += [entry for text in direct for entry in _exempt(text, "non-proxy-hosts")]

    def of(self, scheme: str, host: str, port: int) -> str | None:
        """Return the address of the proxy for an origin; None: go there directly.

        Raises
        ------
        NetworkError
            (kind `proxy`) if there is one that cannot be used; it names the variable.
        """
        keys = (f"{scheme}://{host}", scheme, f"all://{host}", "all")
        found = next((self._named[key] for key in keys if key in self._named), None)
        if found is None or self._is_exempt(host, port):
            return None
        return _checked(*found)

    def _is_exempt(self, host: str, port: int) -> bool:
        address = _address(host)
        return any(entry.covers(host, address, port) for entry in self._exempt)


def _variable(environ: Mapping[str, str], name: str) -> tuple[str, str]:
    """Return the spelling of a variable that is set, and its value."""
    for spelling in (name, name.upper()):
        # A web server gives the client's header "Proxy:" as HTTP_PROXY to the scripts that it runs.
        if spelling == "HTTP_PROXY" and environ.get("REQUEST_METHOD"):
            continue
        value = environ.get(spelling, "").strip()
        if value:
            return spelling, value
    return name.upper(), ""


def _exempt(text: str, variable: str) -> list[_Exempt]:
    """Read one entry of `no_proxy`; one without any meaning is ignored, with a warning."""
    entry = text.partition("://")[2] or text
    network, port = _range(entry), ""
    if network is None:
        bracket = re.fullmatch(r"\[([^\]]+)\](?::(\d{1,5}))?", entry)
        name, port = (bracket.group(1), bracket.group(2) or "") if bracket else _host_and_port(entry)
        network = _range(name)
        entry = name.lower().lstrip("*").strip(".") if name != "*" else name
    if network is None and entry != "*" and not _HOST.match(entry):
        expected = "a host, an address, a range such as 10.0.0.0/8, or *"
        _log.warning("%s: '%s' is ignored: expected %s", variable, text, expected)
        return []
    return [_Exempt(entry, network, int(port) if port else None)]


def _host_and_port(entry: str) -> tuple[str, str]:
    host, colon, port = entry.rpartition(":")
    return (host, port) if colon and port.isdecimal() and ":" not in host else (entry, "")


def _range(text: str) -> _Network | None:
    try:
        return ipaddress.ip_network(text[1:-1] if text[:1] == "[" and text[-1:] == "]" else text, strict=False)
    except ValueError:
        return None


def _address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        found = ipaddress.ip_address(host)
    except ValueError:
        return None
    mapped = found.ipv4_mapped if isinstance(found, ipaddress.IPv6Address) else None
    return found if mapped is None else mapped


def _checked(variable: str, value: str) -> str:
    """Return a proxy's address, its scheme filled in, or say what is wrong with it."""
    address = value if "://" in value else f"http://{value}"
    problem = ""
    try:
        parts = urlsplit(address)
        _ = parts.port
        if parts.scheme.lower() not in _SCHEMES:
            problem = "a proxy's address begins with http://, https:// or socks5://"
        elif not parts.hostname or parts.query or parts.fragment:
            problem = "it names no host"
        elif parts.path not in {"", "/"}:
            problem = "it has a path"
    except ValueError:
        problem = "it is malformed"
    if problem:
        shown = redact_address(value)
        hint = must_be_encoded(address)
        raise NetworkError(f"{variable}={shown} cannot be used as a proxy: {hint or problem}", kind="proxy")
    return address


def must_be_encoded(address: str) -> str:
    """Return what to do about a character of the credentials that ends an address's host; empty if there is none."""
    scheme, separator, rest = address.partition("://")
    user_info = rest[: max(0, end_of_user_info(scheme + separator, rest))]
    wrong = [char for char in dict.fromkeys(user_info) if char in '#?/[]@\\"<>^`{|} ' or not char.isprintable()]
    return " and ".join(f"percent-encode {char!r} in its credentials as %{ord(char):02X}" for char in wrong[:3])
