"""Private channels: where credentials come from, who gets them, and that nobody else ever sees them."""

from __future__ import annotations

import base64
import io
import logging
import sys
import types
from collections.abc import Iterator
from pathlib import Path

import pytest
from network_support import (
    Answer,
    Request,
    Site,
    config,
    entry,
    file_names,
    plain,
    put_shards,
    repodata,
    serving,
    zst,
)

import resolvent
from resolvent.cli import main
from resolvent.network import NetworkError, Progress, fetch_channel, locate, redact

TOKEN = "tk-5f3a9c1e-secret"
PASSWORD = "p@ss/w:rd-hunter2"
BEARER = "bearer-abc.def-ghi"
SECRETS = (TOKEN, PASSWORD, BEARER, "p%40ss%2Fw%3Ard-hunter2", base64.b64encode(f"user:{PASSWORD}".encode()).decode())
BODY = zst(plain(repodata([entry("a")])))
ZST = "/ch/linux-64/repodata.json.zst"
BASIC_HEADER = "Basic " + base64.b64encode(f"user:{PASSWORD}".encode()).decode()


@pytest.fixture(autouse=True)
def clean(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No credentials of whoever runs the tests."""
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    monkeypatch.setitem(sys.modules, "keyring", None)


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """All that any logger says, at the finest level."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    root = logging.getLogger()
    before = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield stream
    root.removeHandler(handler)
    root.setLevel(before)


def guarded(header: str) -> Answer | object:
    def route(request: Request) -> Answer:
        return Answer(body=BODY) if request.headers.get("authorization") == header else Answer(401)

    return route


def get(address: str, cache: Path, **changes: object) -> set[str]:
    return file_names(fetch_channel(address, subdirs=["linux-64"], config=config(cache, **changes))[0].path)


def assert_no_secret(folder: Path, *texts: str) -> None:
    for path in folder.rglob("*"):
        if path.is_file():
            data = path.read_bytes()
            assert not [secret for secret in SECRETS if secret.encode() in data], path
        assert not [secret for secret in SECRETS if secret in str(path)]
    for text in texts:
        assert not [secret for secret in SECRETS if secret in text], text


def host_variable(site: Site) -> str:
    return f"RESOLVENT_AUTH_127_0_0_1_{site.port}"


def test_token_in_the_address(site: Site, tmp_path: Path, log: io.StringIO) -> None:
    site.routes[f"/t/{TOKEN}{ZST}"] = BODY
    assert get(f"{site.url}/t/{TOKEN}/ch", tmp_path) == {"a-1.0-0.conda"}
    assert all(path.startswith(f"/t/{TOKEN}/") for path in site.paths)
    assert_no_secret(tmp_path, log.getvalue())


def test_basic_auth_in_the_address(site: Site, tmp_path: Path, log: io.StringIO) -> None:
    site.routes[ZST] = guarded(BASIC_HEADER)  # type: ignore[assignment]
    address = site.url.replace("://", "://user:p%40ss%2Fw%3Ard-hunter2@")
    assert get(f"{address}/ch", tmp_path) == {"a-1.0-0.conda"}
    assert_no_secret(tmp_path, log.getvalue())


@pytest.mark.parametrize(
    ("value", "header"), [(f"basic:user:{PASSWORD}", BASIC_HEADER), (f"bearer:{BEARER}", f"Bearer {BEARER}")]
)
def test_environment(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, log: io.StringIO, value: str, header: str
) -> None:
    site.routes[ZST] = guarded(header)  # type: ignore[assignment]
    monkeypatch.setenv(host_variable(site), value)
    assert get(f"{site.url}/ch", tmp_path) == {"a-1.0-0.conda"}
    assert_no_secret(tmp_path, log.getvalue())


def test_token_from_the_environment(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, log: io.StringIO
) -> None:
    site.routes[f"/t/{TOKEN}{ZST}"] = BODY
    monkeypatch.setenv("RESOLVENT_AUTH_127_0_0_1", f"token:{TOKEN}")
    assert get(f"{site.url}/ch", tmp_path) == {"a-1.0-0.conda"}
    assert_no_secret(tmp_path, log.getvalue())


@pytest.mark.parametrize("value", [PASSWORD, "basic:", f"magic:{PASSWORD}", "bearer:"])
def test_bad_variable(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, log: io.StringIO, value: str
) -> None:
    site.routes[ZST] = BODY
    monkeypatch.setenv(host_variable(site), value)
    assert get(f"{site.url}/ch", tmp_path)
    assert host_variable(site) in log.getvalue()
    assert_no_secret(tmp_path, log.getvalue())


@pytest.mark.parametrize(
    ("login", "secret", "header"),
    [("user", PASSWORD, BASIC_HEADER), ("bearer", BEARER, f"Bearer {BEARER}")],
)
def test_netrc(site: Site, tmp_path: Path, log: io.StringIO, login: str, secret: str, header: str) -> None:
    (tmp_path / "netrc").write_text(f'machine 127.0.0.1 login {login} password "{secret}"\n')
    site.routes[ZST] = guarded(header)  # type: ignore[assignment]
    assert get(f"{site.url}/ch", tmp_path / "cache") == {"a-1.0-0.conda"}
    assert_no_secret(tmp_path / "cache", log.getvalue())


def test_default_entry_and_broken_netrc_are_not_used(site: Site, tmp_path: Path, log: io.StringIO) -> None:
    site.routes[ZST] = BODY
    for number, text in enumerate((f"default login user password {PASSWORD}\n", f"machine x passwort {PASSWORD}\n")):
        (tmp_path / "netrc").write_text(text)
        assert get(f"{site.url}/ch", tmp_path / f"cache{number}")
    assert all("authorization" not in request.headers for request in site.requests)
    assert_no_secret(tmp_path / "cache1", log.getvalue())


@pytest.mark.parametrize("threads", [1, 8])
def test_keyring_is_asked_after_a_refusal(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, log: io.StringIO, threads: int
) -> None:
    asked: list[str] = []

    def get_credential(service: str, user: str | None) -> object:
        asked.append(service)
        return types.SimpleNamespace(username="user", password=PASSWORD)

    monkeypatch.setitem(sys.modules, "keyring", types.SimpleNamespace(get_credential=get_credential))
    subdirs = [f"linux-{number}" for number in range(threads)]
    for subdir in subdirs:
        site.routes[f"/ch/{subdir}/repodata.json.zst"] = guarded(BASIC_HEADER)  # type: ignore[assignment]
    parts = fetch_channel(f"{site.url}/ch", subdirs=subdirs, config=config(tmp_path))
    assert len(parts) == threads
    assert asked == ["resolvent:127.0.0.1"]
    assert_no_secret(tmp_path, log.getvalue())


def test_locked_keyring(site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, log: io.StringIO) -> None:
    def get_credential(service: str, user: str | None) -> object:
        raise RuntimeError(f"locked; was {PASSWORD}")

    monkeypatch.setitem(sys.modules, "keyring", types.SimpleNamespace(get_credential=get_credential))
    site.routes[ZST] = Answer(401)
    with pytest.raises(NetworkError) as caught:
        get(f"{site.url}/ch", tmp_path)
    assert caught.value.kind == "unauthorized"
    assert_no_secret(tmp_path, log.getvalue(), str(caught.value))


@pytest.mark.parametrize("how", ["token", "basic"])
def test_credentials_do_not_cross_hosts(site: Site, tmp_path: Path, log: io.StringIO, how: str) -> None:
    with serving() as other:
        other.routes["/file"] = BODY
        away = Answer(302, headers={"Location": f"{other.url}/file"})
        site.routes[ZST] = site.routes[f"/t/{TOKEN}{ZST}"] = away
        userinfo = "user:p%40ss%2Fw%3Ard-hunter2@" if how == "basic" else ""
        middle = f"/t/{TOKEN}" if how == "token" else ""
        assert get(f"{site.url.replace('://', '://' + userinfo)}{middle}/ch", tmp_path) == {"a-1.0-0.conda"}
        (request,) = other.requests
        assert "authorization" not in request.headers
        assert_no_secret(tmp_path, log.getvalue(), request.path, str(dict(request.headers)))


def test_credentials_return_after_a_redirect_on_the_same_host(site: Site, tmp_path: Path) -> None:
    site.routes[ZST] = Answer(302, headers={"Location": "/moved"})
    site.routes["/moved"] = guarded(BASIC_HEADER)  # type: ignore[assignment]
    address = site.url.replace("://", "://user:p%40ss%2Fw%3Ard-hunter2@")
    assert get(f"{address}/ch", tmp_path)


def test_shards_on_another_host_get_no_credentials(site: Site, tmp_path: Path) -> None:
    with serving() as other:
        put_shards(other, {"linux-64": [entry("a")]}, "/ch")
        put_shards(
            site, {"linux-64": [entry("a")]}, f"/t/{TOKEN}/ch", shards_base_url=f"{other.url}/ch/linux-64/shards"
        )
        parts = fetch_channel(f"{site.url}/t/{TOKEN}/ch", subdirs=["linux-64"], config=config(tmp_path), names=["a"])
        assert parts[0].sharded
        assert [path for path in other.paths if TOKEN in path] == []
        assert_no_secret(tmp_path)


@pytest.mark.parametrize(
    "answer",
    [
        Answer(403),
        Answer(500),
        Answer(body=b"<html>"),
        Answer(body=BODY, cut=5),
        Answer(302, headers={"Location": "x"}),
    ],
)
def test_errors_are_silent_about_secrets(site: Site, tmp_path: Path, log: io.StringIO, answer: Answer) -> None:
    for path in (f"/t/{TOKEN}/ch/linux-64/{name}" for name in ("repodata.json", "repodata.json.zst", "x")):
        site.routes[path] = answer
    events: list[Progress] = []
    with pytest.raises(Exception) as caught:
        fetch_channel(f"{site.url}/t/{TOKEN}/ch", subdirs=["linux-64"], config=config(tmp_path), progress=events.append)
    error = caught.value
    shown = [str(error), repr(error), str(vars(error)), str(error.args), repr(error.__context__), repr(error.__cause__)]
    assert_no_secret(tmp_path, log.getvalue(), *shown, *(event.label for event in events))


@pytest.mark.parametrize(
    "address",
    [f"http://user:{PASSWORD[:4]}hunter2secret@[bad/ch", f"https:///t/{TOKEN}/ch", f"https://h:99999/t/{TOKEN}/ch"],
)
def test_bad_addresses_are_silent_about_secrets(tmp_path: Path, address: str) -> None:
    with pytest.raises(NetworkError) as caught:
        get(address, tmp_path)
    assert caught.value.kind == "url"
    assert TOKEN not in str(caught.value)
    assert "hunter2" not in str(caught.value)


def test_credentials_are_no_part_of_a_channel() -> None:
    (one,) = locate(f"https://user:{PASSWORD.replace('/', '%2F')}@host/t/{TOKEN}/ch/linux-64/")
    (two,) = locate("https://HOST:443/ch")
    assert one == two
    assert one.base_url == "https://host/ch"
    assert_no_secret(Path("/nonexistent"), repr(one), str(one.credential))


def test_redact() -> None:
    text = f"GET https://u:p@h/t/abc/x?sig=1 Authorization: Bearer {BEARER}"
    assert redact(text) == "GET https://***@h/t/***/x?*** Authorization: Bearer ***"


def test_a_token_is_no_part_of_what_is_kept_or_said(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, log: io.StringIO, capsys: pytest.CaptureFixture[str]
) -> None:
    """From the address to the index file, the answer, a saved problem and the command's output."""
    monkeypatch.setenv("RESOLVENT_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setenv("RESOLVENT_NO_INDEX_FILES", "")
    for name in ("RESOLVENT_OFFLINE", "RESOLVENT_CHANNEL_ALIAS"):
        monkeypatch.delenv(name, raising=False)

    def route(request: Request) -> Answer:
        same = request.headers.get("if-none-match") == '"1"'
        return Answer(304) if same else Answer(body=BODY, headers={"ETag": '"1"'})

    renewed = "tk-0000-the-next-secret"
    for token in (TOKEN, renewed):
        site.routes[f"/t/{token}{ZST}"] = route
    address = f"{site.url}/t/{TOKEN}/ch"
    index = resolvent.load_index(address, platform="linux-64")
    solution = resolvent.solve("a", index=index, virtual_packages=[])
    resolvent.save_problem(tmp_path / "problem.json", ["a"], index=index, virtual_packages=[])
    kept = sorted(path.name for path in (tmp_path / "cache" / "index").glob("*.index"))
    assert len(kept) == 1
    site.forget()
    resolvent.load_index(f"{site.url}/t/{renewed}/ch", platform="linux-64")
    asked = [request for request in site.requests if request.path.endswith(ZST)]
    assert [request.headers.get("if-none-match") for request in asked] == ['"1"'], (
        "the token is no part of the identity"
    )
    assert sorted(path.name for path in (tmp_path / "cache" / "index").glob("*.index")) == kept
    said = [repr(index), repr(solution), *(repr(one.to_dict()) for one in solution.records), *index.channels]
    words = ["--platform", "linux-64", "--no-detect", "-c", address]
    for command in (
        ["solve", "a"],
        ["solve", "a", "--json"],
        ["solve", "nosuch", "--json"],
        ["solve", "a", "--explicit"],
    ):
        main([*command, *words])
    site.routes[f"/t/{TOKEN}{ZST}"] = Answer(418)
    assert main(["solve", "a", *words]) == 2
    assert main(["index", address, "--platform", "linux-64"]) == 2
    said += [*capsys.readouterr(), log.getvalue()]
    assert_no_secret(tmp_path, *said)
    assert not [text for text in said if renewed in text]
