"""Every kind of credential is used, and nothing that the program writes has one in it."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
from network_support import Answer, Request, Site, entry, plain, repodata

import resolvent

PASSWORD = "hunter2-P@ss/w:rd#1"
TOKEN = "tk-98765-secret="
BEARER = "bearer-abc.def-ghi"
USER = "somebody"
ENCODED = quote(PASSWORD, safe="")
BASIC = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
#: What must not turn up: each secret as it is, encoded, as a header, and the parts that a careless split leaves.
SECRETS = (PASSWORD, ENCODED, TOKEN, BEARER, BASIC, "hunter2", "w:rd", "w%3Ard", "tk-98765", "abc.def")
RECORDS = [
    entry("app", "1.0", depends=["lib"]),
    entry("app", "2.0", depends=["lib >=2"]),
    entry("lib", "1.0"),
    entry("lib", "2.0"),
]


@pytest.fixture
def private(site: Site) -> Site:
    """A channel that wants any of the credentials."""
    data = plain(repodata(RECORDS))

    def guarded(request: Request) -> Answer:
        given = request.headers.get("authorization", "")
        return Answer(body=data) if given in {f"Basic {BASIC}", f"Bearer {BEARER}"} else Answer(401)

    site.routes["/auth/linux-64/repodata.json"] = guarded
    site.routes["/auth/noarch/repodata.json"] = plain(repodata([], "noarch"))
    for start in (f"/t/{TOKEN}/auth", f"/t/{quote(TOKEN)}/auth", "/plain"):
        site.routes[f"{start}/linux-64/repodata.json"] = data
        site.routes[f"{start}/noarch/repodata.json"] = plain(repodata([], "noarch"))
    site.routes["/moved/linux-64/repodata.json"] = Answer(302, headers={"Location": f"/x?sig={BEARER}"})
    return site


class World:
    """A folder in which commands run; all that they print and write is looked at."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.printed: list[str] = []

    def run(self, *words: str, **variables: str) -> subprocess.CompletedProcess[str]:
        environ = {
            **os.environ,
            "RESOLVENT_CACHE_DIR": str(self.folder / "cache"),
            "RESOLVENT_NO_INDEX_FILES": "",
            "NETRC": str(self.folder / "absent"),
            "HOME": str(self.folder / "home"),
            **variables,
        }
        done = subprocess.run(
            [sys.executable, "-m", "resolvent", *words],
            capture_output=True,
            text=True,
            env=environ,
            cwd=self.folder,
            check=False,
            timeout=120,
        )
        self.printed += [done.stdout, done.stderr]
        return done

    def leaks(self, *ignored: str) -> list[str]:
        """Secrets in what was printed and in files, but for files that hold them on purpose."""
        texts = [text.encode() for text in self.printed]
        for path in self.folder.rglob("*"):
            if path.is_file() and path.name not in ignored:
                texts += [path.read_bytes(), str(path).encode()]
        found = {(secret, text) for secret in SECRETS for text in texts if secret.encode() in text}
        return sorted(str(text[max(0, text.index(secret.encode()) - 60) :][:160]) for secret, text in found)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    (tmp_path / "world" / "home").mkdir(parents=True)
    yield World(tmp_path / "world")


GOOD = ("--platform", "linux-64", "--no-detect", "app 2.*")
BAD = ("--platform", "linux-64", "--no-detect", "app 2.*", "lib <2")
FORMS: dict[str, tuple[str, ...]] = {
    "table": GOOD,
    "explicit": (*GOOD, "--explicit"),
    "json": (*GOOD, "--json"),
    "problem": (*GOOD, "--save-problem", "p.json", "--proof", "proof.json"),
    "conflict": BAD,
    "conflict in full": (*BAD, "--verbose"),
    "conflict as JSON": (*BAD, "--json"),
    "missing": ("--platform", "linux-64", "--no-detect", "absent", "--json"),
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("kind", ["user", "token", "copy", "bearer"])
def test_channels(private: Site, world: World, form: str, kind: str) -> None:
    host = f"127.0.0.1:{private.port}"
    address = f"http://{host}/auth"
    variables: dict[str, str] = {}
    if kind == "user":
        address = f"http://{USER}:{ENCODED}@{host}/auth"
    elif kind == "token":
        address = f"http://{host}/t/{TOKEN}/auth"
    elif kind == "copy":
        address = f"http://{USER}:{ENCODED}@{host}/auth=http://{USER}:{ENCODED}@{host}/auth"
    elif kind == "variable":
        variables["RESOLVENT_AUTH_127_0_0_1"] = f"basic:{USER}:{PASSWORD}"
    elif kind == "bearer":
        variables["RESOLVENT_AUTH_127_0_0_1"] = f"bearer:{BEARER}"
    else:
        netrc = world.folder / "netrc"
        netrc.write_text(f"machine 127.0.0.1 login bearer password {BEARER}\n")
        variables["NETRC"] = str(netrc)
    done = world.run("solve", "-c", address, *FORMS[form], **variables)
    assert done.returncode == (1 if form.startswith("conflict") or form == "missing" else 0), done.stderr
    assert not world.leaks("netrc")
    if form.startswith("conflict"):
        assert f"127.0.0.1:{private.port}" in done.stdout + done.stderr, "what it is about is named"


@pytest.mark.parametrize("form", ["json", "conflict", "conflict as JSON", "problem"])
@pytest.mark.parametrize("where", ["spec", "package", "--constraint", "--pin", "--deny"])
def test_specs(private: Site, world: World, form: str, where: str) -> None:
    host = f"127.0.0.1:{private.port}"
    channel = f"http://{USER}:{ENCODED}@{host}/auth"
    spec = f"{channel}::app"
    if where == "package":
        spec = f"http://{USER}:{ENCODED}@{host}/t/{TOKEN}/auth/linux-64/app-2.0-0.conda"
    words = list(FORMS[form])
    if where in {"spec", "package"}:
        words[3] = spec
    else:
        words += [where, f"{channel}::lib >=1"]
    world.run("solve", "-c", channel, *words)
    world.run("solve", "-c", channel, "--platform", "linux-64", f"{channel}::app 9", "--json")
    world.run("why-not", "-c", channel, "--platform", "linux-64", f"{channel}::app 9", "app")
    assert not world.leaks()


MALFORMED = [
    f"http://{USER}:hunter2#x@127.0.0.1:9/auth",
    f"http://{USER}:hunter2/x@127.0.0.1:9/auth",
    f"http://{USER}:hunter2?x@127.0.0.1:9/auth",
    f"http://{USER}:hunter2 x@127.0.0.1:9/auth",
    f"http://{USER}:hunter2[x@127.0.0.1:9/auth",
    f"http://{USER}:hunter2'x\"y@127.0.0.1:9/auth",
    f"http://{USER}:{PASSWORD}@127.0.0.1:9/auth",
    "http://hunter2#x@127.0.0.1:9/auth",
    "http://:hunter2@/auth",
    f"oci://{USER}:hunter2@registry.example/x",
    f"{USER}:hunter2@127.0.0.1/auth",
    f"//{USER}:hunter2@127.0.0.1/auth",
    f"https:/{USER}:hunter2@127.0.0.1/auth",
    f"http://127.0.0.1:9/t/{TOKEN}/auth",
    f"127.0.0.1/t/{TOKEN}/auth",
    f"=http://{USER}:hunter2@127.0.0.1/auth",
    f"name=http://{USER}:hunter2#x@127.0.0.1/auth",
]


@pytest.mark.parametrize("address", MALFORMED)
def test_malformed_addresses(world: World, address: str, monkeypatch: pytest.MonkeyPatch, cache: Path) -> None:
    retries = ("solve", "--platform", "linux-64", "--no-detect", "--offline")
    world.run(*retries, "-c", address, "app")
    world.run(*retries, "-c", address, "app", "--json")
    world.run(*retries, "-c", "./x", f"{address}::app", "--json")
    world.run("solve", "--wrong-option", address)
    world.run("index", address, "--offline", "--platform", "linux-64")
    for call in (
        lambda: resolvent.load_index(address, platform="linux-64", offline=True),
        lambda: resolvent.MatchSpec(f"{address.replace('#', '%23')}::app >>>"),
    ):
        world.printed.append(_said(call))
    assert not world.leaks()


def _said(call: Callable[[], object]) -> str:
    """All that an error, or a value, says."""
    try:
        return repr(call())
    except Exception as error:  # noqa: BLE001 - whatever it is
        chain, texts = error, []
        while chain is not None:
            texts += [str(chain), repr(chain), str(vars(chain))]
            chain = chain.__cause__  # type: ignore[assignment]
        return " ".join(texts)


def test_which_character_to_encode_is_said(world: World) -> None:
    done = world.run("solve", "-c", MALFORMED[0], "app")
    assert done.returncode == 2
    assert "percent-encode '#'" in done.stderr
    assert "127.0.0.1" in done.stderr


@pytest.mark.parametrize("variable", ["HTTP_PROXY", "http_proxy", "ALL_PROXY"])
@pytest.mark.parametrize("value", [f"http://{USER}:hunter2#x@127.0.0.1", f"http://{USER}:{ENCODED}@127.0.0.1:9"])
def test_proxies(private: Site, world: World, variable: str, value: str) -> None:
    condarc = world.folder / "home" / ".condarc"
    condarc.write_text("remote_max_retries: 0\n")
    done = world.run("solve", "-c", f"{private.url}/plain", *GOOD, **{variable: value})
    assert done.returncode == 2
    assert "#" not in value or variable in done.stderr
    assert not world.leaks()


def test_redirects(private: Site, world: World) -> None:
    (world.folder / "home" / ".condarc").write_text("remote_max_retries: 0\n")
    done = world.run("solve", "-c", f"{private.url}/moved", *GOOD)
    assert done.returncode == 2
    assert not world.leaks()


def test_configuration(private: Site, world: World) -> None:
    host = f"127.0.0.1:{private.port}"
    text = f"channels: ['http://{USER}:{ENCODED}@{host}/auth']\nproxy_servers: {{https: 'http://u:{ENCODED}@p'}}\n"
    (world.folder / "home" / ".condarc").write_text(text)
    for words in (("config",), ("config", "--json"), ("solve", *GOOD, "--json"), ("solve", *BAD)):
        done = world.run(*words, CONDA_CHANNELS=f"http://{host}/t/{TOKEN}/auth")
        assert done.returncode in {0, 1}, done.stderr
    assert not world.leaks(".condarc")


def test_environments_that_name_channels_with_credentials(world: World) -> None:
    meta = world.folder / "env" / "conda-meta"
    meta.mkdir(parents=True)
    channel = f"https://{USER}:{ENCODED}@host.example/t/{TOKEN}/ch"
    record = {
        **entry("app", "1.0"),
        "channel": channel,
        "url": f"{channel}/linux-64/app-1.0-0.conda",
        "fn": "app-1.0-0.conda",
    }
    (meta / "app-1.0-0.json").write_text(json.dumps(record))
    (meta / "history").write_text(f'==> 2024-01-01 00:00:00 <==\n# update specs: ["{channel}::app"]\n')
    for words in (("remove", "app"), ("remove", "app", "--json"), ("remove", "absent", "--json")):
        world.run(*words, "-p", "env", "--platform", "linux-64", "--no-detect", "--dry-run")
    world.run("solve", "-p", "env", "--sample", "--platform", "linux-64", "--no-detect", "flask <1", "--json")
    assert not world.leaks("app-1.0-0.json", "history")


def test_repodata_that_names_credentials(world: World) -> None:
    folder = world.folder / "ch" / "linux-64"
    folder.mkdir(parents=True)
    base = f"https://{USER}:{ENCODED}@host.example/t/{TOKEN}/pkgs/"
    data = repodata(RECORDS, repodata_version=2)
    data["info"]["base_url"] = base
    (folder / "repodata.json").write_text(json.dumps(data))
    done = world.run("solve", "-c", "./ch", *GOOD, "--explicit")
    assert "https://host.example/pkgs/app-2.0-0.conda" in done.stdout
    world.run("solve", "-c", "./ch", *GOOD, "--json")
    assert not world.leaks("repodata.json", *[path.name for path in (world.folder / "cache").rglob("*.index")])
