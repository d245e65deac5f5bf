"""Secrets in texts: known by their place in an address, or because they were read."""

from __future__ import annotations

import base64
import importlib

import pytest

redact = importlib.import_module("resolvent.network.redact")


@pytest.fixture(autouse=True)
def forget(monkeypatch: pytest.MonkeyPatch) -> None:
    """What one test registers is unknown to the next."""
    monkeypatch.setattr(redact, "_secrets", set())


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("http://u:sup3rs3cret@host:80/auth", "http://***@host:80/auth"),
        ("http://sup3rs3cret@host/auth", "http://***@host/auth"),
        ("HTTPS://u:sup3rs3cret@[::1]:8080/c", "HTTPS://***@[::1]:8080/c"),
        ("oci://u:sup3rs3cret@registry.example/x", "oci://***@registry.example/x"),
        ("s3://key:sup3rs3cret@bucket/x", "s3://***@bucket/x"),
        ("u:sup3rs3cret@host/auth", "***@host/auth"),
        ("//u:sup3rs3cret@host/auth", "//***@host/auth"),
        ("https:/u:sup3rs3cret@host", "https:/***@host"),
        ("a=http://u:sup3rs3cret@host/x", "a=http://***@host/x"),
        ("(http://u:sup3rs3cret@host/c), too", "(http://***@host/c), too"),
        # Characters that were not encoded.
        ("http://me:sup#3rs3cret@127.0.0.1/auth", "http://***@127.0.0.1/auth"),
        ("http://me:sup/3rs3cret@127.0.0.1/auth", "http://***@127.0.0.1/auth"),
        ("http://me:sup?3rs3cret@host.org/auth", "http://***@host.org/auth"),
        ("http://me:12/3rs3cret@host.org/auth", "http://***@host.org/auth"),
        ("http://me:s@up@3rs3cret@host.org/auth", "http://***@host.org/auth"),
        ("http://sup#3rs3cret@host/c", "http://***@host/c"),
        # Tokens and signatures.
        ("https://host/t/sup3rs3cret/main", "https://host/t/***/main"),
        ("https://host/t/sup3rs3cret=/main", "https://host/t/***/main"),
        ("https://host/t/sup3rs3cret::app 1", "https://host/t/***::app 1"),
        ("host.org/t/sup3rs3cret/main", "host.org/t/***/main"),
        ("t/sup3rs3cret/main", "t/***/main"),
        ("https://host/x?sig=sup3rs3cret&y=1", "https://host/x?***"),
        ("Authorization: Bearer sup3rs3cret", "Authorization: Bearer ***"),
        # No secrets.
        ("https://host/@scope/x and https://host:80/a@b/c", "https://host/@scope/x and https://host:80/a@b/c"),
        ("/srv/t/folder/x: there is no such folder", "/srv/t/folder/x: there is no such folder"),
        ("file:///srv/t/folder", "file:///srv/t/folder"),
        ("app @ 1.2, a: b@c, C:/x", "app @ 1.2, a: b@c, C:/x"),
        ("http://[::1]:80/x", "http://[::1]:80/x"),
    ],
)
def test_places(text: str, shown: str) -> None:
    assert redact.redact(text) == shown
    assert redact.redact(f"error in '{text}'") == f"error in '{shown}'"


@pytest.mark.parametrize("secret", ["p@ss/w:rd", "päss wörd", "quo\"te'd\\", "plain-secret", "%41%42cd", "a%zz&b"])
def test_the_register_knows_every_form(secret: str) -> None:
    redact.register_secret(secret, "user")
    from urllib.parse import quote, unquote

    basic = base64.b64encode(f"user:{secret}".encode()).decode()
    for form in (secret, quote(secret), quote(secret, safe=""), unquote(secret), basic, repr(secret)[1:-1]):
        assert form not in redact.redact(f"somewhere: {form}, and so on")


@pytest.mark.parametrize(
    ("address", "secret"),
    [
        ("http://me:my pass@host/x", "my pass"),
        ("http://me:quo'te@host/x", "quo'te"),
        ("http://u:enc%23oded@host/x", "enc#oded"),
        ("https://host/t/t0ken-1/x", "t0ken-1"),
        ("https://host/x?a=1&sig=s1gn4ture", "s1gn4ture"),
        ("u:n0scheme@host/x", "n0scheme"),
    ],
)
def test_an_address_that_was_read(address: str, secret: str) -> None:
    assert secret not in redact.redact_address(address)
    assert secret not in redact.redact(f"later: {secret}")


def test_what_is_handed_on_has_no_credentials() -> None:
    text = "http://u:sup3rs3cret@host/t/t0ken/main::app[build=x] >=1"
    assert redact.without_credentials(text) == "http://host/main::app[build=x] >=1"
    assert "sup3rs3cret" not in redact.redact("sup3rs3cret")
    assert redact.without_credentials("numpy >=1") == "numpy >=1"
    assert redact.without_credentials("./a@b/t/c") == "./a@b/t/c"
