"""Which proxy a request goes through."""

from __future__ import annotations

import logging

import pytest

from resolvent.network import NetworkError
from resolvent.network.proxies import Proxies

PROXY = "http://proxy.example:3128"


def of(url: str, **environ: str) -> str | None:
    scheme, _, rest = url.partition("://")
    host, _, port = rest.rpartition(":")
    return Proxies(environ=environ).of(scheme, host, int(port))


@pytest.mark.parametrize(
    ("environ", "url", "expected"),
    [
        ({}, "https://a.org:443", None),
        ({"HTTPS_PROXY": PROXY}, "https://a.org:443", PROXY),
        ({"https_proxy": PROXY, "HTTPS_PROXY": "http://other:1"}, "https://a.org:443", PROXY),
        ({"HTTPS_PROXY": PROXY}, "http://a.org:80", None),
        ({"ALL_PROXY": PROXY}, "http://a.org:80", PROXY),
        ({"all_proxy": "socks5://p:1"}, "https://a.org:443", "socks5://p:1"),
        ({"HTTP_PROXY": "proxy.example:3128"}, "http://a.org:80", PROXY),
        ({"HTTP_PROXY": f"  {PROXY} "}, "http://a.org:80", PROXY),
        ({"HTTP_PROXY": PROXY, "REQUEST_METHOD": "GET"}, "http://a.org:80", None),
        ({"HTTP_PROXY": ""}, "http://a.org:80", None),
    ],
)
def test_variables(environ: dict[str, str], url: str, expected: str | None) -> None:
    assert of(url, **environ) == expected


@pytest.mark.parametrize(
    ("no_proxy", "direct", "proxied"),
    [
        ("[::1]", ["http://::1:80"], ["http://::2:80", "http://a.org:80"]),
        ("::1", ["http://::1:80"], ["http://::2:80"]),
        ("[::1]:81", ["http://::1:81"], ["http://::1:80"]),
        ("fe80::/10", ["http://fe80::1:80"], ["http://::1:80"]),
        ("127.0.0.0/8", ["http://127.0.0.1:80", "http://127.9.9.9:80"], ["http://128.0.0.1:80", "http://127.org:80"]),
        ("10.0.0.5/24", ["http://10.0.0.77:80"], ["http://10.0.1.77:80"]),
        ("127.0.0.1", ["http://127.0.0.1:80"], ["http://127.0.0.2:80"]),
        ("127.0.0.1:81", ["http://127.0.0.1:81"], ["http://127.0.0.1:80"]),
        ("a.org", ["http://a.org:80", "http://x.a.org:80"], ["http://ba.org:80", "http://a.org.de:80"]),
        (".a.org", ["http://a.org:80", "http://x.a.org:80"], ["http://ba.org:80"]),
        ("*.a.org", ["http://x.a.org:80"], ["http://ba.org:80"]),
        ("A.ORG", ["http://a.org:80"], []),
        ("a.org:81", ["http://a.org:81"], ["http://a.org:80"]),
        ("b.org, a.org", ["http://a.org:80", "http://b.org:80"], ["http://c.org:80"]),
        ("b.org a.org", ["http://a.org:80", "http://b.org:80"], ["http://c.org:80"]),
        (" ,b.org,,a.org , ", ["http://a.org:80", "http://b.org:80"], ["http://c.org:80"]),
        ("http://a.org", ["http://a.org:80"], ["http://c.org:80"]),
        ("*", ["http://a.org:80", "http://::1:80", "http://127.0.0.1:80"], []),
        ("", [], ["http://a.org:80"]),
    ],
)
@pytest.mark.parametrize("name", ["NO_PROXY", "no_proxy"])
def test_exceptions(no_proxy: str, direct: list[str], proxied: list[str], name: str) -> None:
    environ = {"ALL_PROXY": PROXY, name: no_proxy}
    assert [of(url, **environ) for url in direct] == [None] * len(direct)
    assert [of(url, **environ) for url in proxied] == [PROXY] * len(proxied)


@pytest.mark.parametrize("value", ["!!!", "a/b/c", "[", "300.0.0.0/99"])
def test_a_senseless_exception_is_named(value: str, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        assert of("http://a.org:80", ALL_PROXY=PROXY, NO_PROXY=f"{value},b.org") == PROXY
    assert "NO_PROXY" in caplog.text
    assert value in caplog.text


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ("http://me:hunter2#x@127.0.0.1", "percent-encode '#' in its credentials as %23"),
        ("http://me:hunter2/x@127.0.0.1", "percent-encode '/'"),
        ("http://p:http", "malformed"),
        ("ftp://p:21", "begins with http://"),
        ("http://", "no host"),
        ("http://p/with/a/path", "path"),
    ],
)
@pytest.mark.parametrize("name", ["HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"])
def test_a_proxy_that_cannot_be_used_is_named(value: str, told: str, name: str) -> None:
    with pytest.raises(NetworkError, match=name) as caught:
        of("http://a.org:80", **{name: value})
    assert told in str(caught.value)
    assert caught.value.kind == "proxy"
    assert "hunter2" not in str(caught.value)
    assert of("http://a.org:80", **{name: value, "NO_PROXY": "a.org"}) is None, "it is not needed"


def test_configured_proxies() -> None:
    configured = {"https": PROXY, "http://a.org": "http://special:1"}
    proxies = Proxies(configured, ("b.org",), environ={})
    assert proxies.of("https", "x.org", 443) == PROXY
    assert proxies.of("https", "b.org", 443) is None
    assert proxies.of("http", "a.org", 80) == "http://special:1"
    assert proxies.of("http", "x.org", 80) is None
    assert Proxies(configured, environ={"HTTPS_PROXY": "http://env:1"}).of("https", "x", 443) == "http://env:1"
