"""Configuration: where it lies, how it is merged, what each key does."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import resolvent
from resolvent import Config, ConfigError
from resolvent.channels import LocalSource, NetworkSource
from resolvent.config.keys import KEYS, UNSUPPORTED, WITHOUT_EFFECT
from resolvent.config.places import search_path

Write = Callable[..., dict[str, str]]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write files below a home of the test's own, and return the environment that leads to them."""

    def written(files: dict[str, str] | str, **variables: str) -> dict[str, str]:
        if isinstance(files, str):
            files = {".condarc": files}
        for name, text in files.items():
            path = tmp_path / "home" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        return {"HOME": str(tmp_path / "home"), **variables}

    return written


def load(environ: dict[str, str], prefix: Path | None = None) -> Config:
    return Config.load(environ=environ, prefix=prefix)


# Places


def test_the_places_of_condarc() -> None:
    environ = {"HOME": "/h", "XDG_CONFIG_HOME": "/x", "CONDA_ROOT": "/r", "CONDA_PREFIX": "/p"}
    environ["CONDARC"] = "$HOME/a.yml"
    expected = []
    for folder in ("/etc/conda", "/var/lib/conda", "/r", "/x/conda", "/h/.config/conda", "/h/.conda"):
        expected += [f"{folder}/{name}" for name in (".condarc", "condarc", "condarc.d")]
    expected += ["/h/.condarc", "/p/.condarc", "/p/condarc", "/p/condarc.d", "/h/a.yml"]
    assert search_path(environ, None) == expected
    assert search_path(environ, "/q")[-4:] == ["/q/.condarc", "/q/condarc", "/q/condarc.d", "/h/a.yml"]


@pytest.mark.parametrize(
    "weaker, stronger",
    [
        ("root/.condarc", "xdg/conda/.condarc"),
        ("root/condarc.d/a.yml", ".config/conda/.condarc"),
        ("xdg/conda/.condarc", ".config/conda/condarc"),
        (".config/conda/.condarc", ".config/conda/condarc"),
        (".config/conda/condarc", ".config/conda/condarc.d/a.yaml"),
        (".conda/condarc.d/a.yml", ".conda/condarc.d/b.yml"),
        (".conda/condarc", ".condarc"),
        (".condarc", "prefix/.condarc"),
        ("prefix/.condarc", "named.yml"),
    ],
)
def test_the_stronger_place_wins(write: Write, weaker: str, stronger: str, tmp_path: Path) -> None:
    home = tmp_path / "home"
    places = {
        "CONDA_ROOT": str(home / "root"),
        "XDG_CONFIG_HOME": str(home / "xdg"),
        "CONDA_PREFIX": str(home / "prefix"),
        "CONDARC": "~/named.yml",
    }
    environ = write({weaker: "subdir: linux-32\nchannels: [a]", stronger: "subdir: osx-64\nchannels: [b]"}, **places)
    config = load(environ)
    assert config.platform == "osx-64"
    assert config.get("channels") == ("b", "a")
    assert config.origin("subdir") == str(home / stronger)
    assert config.files == (str(home / weaker), str(home / stronger))
    assert load({**environ, "CONDA_SUBDIR": "win-64"}).platform == "win-64", "variables are stronger than files"


@pytest.mark.parametrize("name", [".conda/condarc.d/a.txt", ".conda/other", "named.txt"])
def test_other_names_are_no_configuration(write: Write, name: str) -> None:
    assert not load(write({name: "subdir: osx-64"}, CONDARC="~/named.txt")).files


def test_the_environment_of_the_request_counts(write: Write, tmp_path: Path) -> None:
    (tmp_path / "env").mkdir()
    (tmp_path / "env" / ".condarc").write_text("channel_priority: disabled")
    environ = write("channel_priority: strict", CONDA_PREFIX=str(tmp_path / "other"))
    assert load(environ, tmp_path / "env").get("channel_priority") == "disabled"
    assert load(environ).get("channel_priority") == "strict"


# Merging


@pytest.mark.parametrize(
    ("weak", "strong", "expected"),
    [
        ("[a, b]", "[c]", ["c", "a", "b"]),
        ("[a, b]", "[b, c]", ["b", "c", "a"]),
        ("\n  - a\n  - b #!top", "[c]", ["b", "c", "a"]),
        ("\n  - a\n  - b  #!top", "\n  - c\n  - d #!top", ["b", "d", "c", "a"]),
        ("[a]", "\n  - c #!bottom\n  - d", ["d", "a", "c"]),
        ("\n  - a #!bottom\n  - b", "\n  - c #!bottom\n  - d", ["d", "b", "c", "a"]),
        ("  #!final\n  - a", "[c]", ["a"]),
        ("[a, b] #!final", "[c]", ["a", "b"]),
        ("~", "[c]", ["c"]),
        ("[a]", "~", ["a"]),
        ("[a]", "[]", ["a"]),
    ],
)
def test_lists(write: Write, weak: str, strong: str, expected: list[str]) -> None:
    environ = write({".conda/.condarc": f"channels: {weak}\n", ".condarc": f"channels: {strong}\n"})
    assert list(load(environ).get("channels")) == expected


def test_values(write: Write) -> None:
    files = {".conda/.condarc": "subdir: a-1 #!final\noffline: true\n", ".condarc": "subdir: b-2\noffline: no\n"}
    config = load(write(files))
    assert config.platform == "a-1"
    assert config.get("offline") is False


def test_mappings(write: Write) -> None:
    weak = "proxy_servers:\n  http: http://a:1  #!final\n  https: http://b:1\n"
    strong = "proxy_servers:\n  http: http://c:1\n  https: http://d:1\n  all: http://e:1\n"
    config = load(write({".conda/.condarc": weak, ".condarc": strong}))
    assert config.get("proxy_servers") == {"http": "http://a:1", "https": "http://d:1", "all": "http://e:1"}
    weak = "custom_multichannels:\n  m: [a, b]\n  n:\n    - x\n"
    strong = "custom_multichannels:\n  m:\n    - c\n    - a\n"
    config = load(write({".conda/.condarc": weak, ".condarc": strong}))
    assert config.get("custom_multichannels") == {"m": ("c", "a", "b"), "n": ("x",)}


def test_a_final_mapping(write: Write) -> None:
    weak = "custom_channels: #!final\n  a: https://one\n"
    config = load(write({".conda/.condarc": weak, ".condarc": "custom_channels:\n  a: https://two\n  b: https://x\n"}))
    assert config.get("custom_channels") == {"a": "https://one"}


def test_variables(write: Write) -> None:
    config = load(
        write(
            "channels: [z]\noffline: false\n",
            CONDA_CHANNELS="a, b ,,c",
            CONDA_PINNED_PACKAGES="numpy 1.*&python >=3,<4",
            CONDA_OFFLINE="yes",
            CONDA_ENVS_PATH=f"/one{os.pathsep}/two",
            CONDA_PREFIX="/nowhere",
            CONDA_SHLVL="1",
        )
    )
    assert config.get("channels") == ("a", "b", "c", "z")
    assert config.get("pinned_packages") == ("numpy 1.*", "python >=3,<4")
    assert config.get("offline") is True
    assert config.get("envs_dirs") == ("/one", "/two")
    assert config.origin("offline") == "the environment"
    assert not config.warnings


def test_aliases_and_expansion(write: Write) -> None:
    text = "verify_ssl: $CERTS/ca.pem\nchannel:\n  - https://$WHO:${WORD}@h/c\n  - '%WHO%'\n  - $UNKNOWN\n"
    config = load(write(text, CERTS="/certs", WHO="me", WORD="w"))
    assert config.get("ssl_verify") == "/certs/ca.pem"
    assert config.get("channels") == ("https://me:w@h/c", "me", "$UNKNOWN")
    both = load(write("channels: [a]\nchannel: [b]\n"))
    assert both.get("channels") == ("a",)
    assert "one key" in both.warnings[0]


def test_texts_stay_as_they_are_written(write: Write) -> None:
    config = load(write("override_virtual_packages:\n  __glibc: 2.10\n  cuda: ~\npinned_packages:\n  - numpy 1.10\n"))
    assert config.virtual_packages({}) == {"__glibc": "2.10", "__cuda": None}
    assert config.virtual_packages({"CONDA_OVERRIDE_GLIBC": "3"}) == {"__cuda": None}


# What is wrong


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("channels: conda-forge", "channels is 'conda-forge'; expected a list"),
        ("channels:\n  a: b", "channels is a mapping; expected a list"),
        ("custom_channels: [a]", "custom_channels is a list; expected a mapping"),
        ("channel_priority: often", "expected strict, flexible, disabled"),
        ("offline: perhaps", "expected true or false"),
        ("remote_max_retries: many", "expected a whole number"),
        ("remote_read_timeout_secs: -1", "expected a number"),
        ("subdir: [linux-64]", "expected one value"),
    ],
)
def test_wrong_types_name_file_and_key(write: Write, text: str, told: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        load(write(text))
    assert told in str(caught.value)
    assert str(tmp_path / "home" / ".condarc") in str(caught.value)
    assert isinstance(caught.value, resolvent.ResolventError)


@pytest.mark.parametrize("text", ["channels: [", "- a\n- b", "a: b: c", "\tx: 1", "&a [*a]", "\x00"])
def test_files_that_are_no_yaml_are_ignored_with_a_warning(write: Write, text: str) -> None:
    config = load(write({".condarc": text, ".conda/.condarc": "subdir: a-1"}))
    assert config.platform == "a-1"
    assert len(config.warnings) == 1
    assert ".condarc is ignored" in config.warnings[0]


@pytest.mark.parametrize("text", ["", "# nothing\n", "---\n", "~", "channels:\n"])
def test_files_that_say_nothing(write: Write, text: str) -> None:
    config = load(write(text))
    assert not config.warnings
    assert not config.get("channels")


def test_keys_that_are_not_supported_are_named_once(write: Write) -> None:
    config = load(write("track_features: [a]\nsomething_new: 1\nchangeps1: false\nuse_only_tar_bz2: true\n"))
    (warning,) = config.warnings
    assert all(key in warning for key in ("track_features", "something_new", "use_only_tar_bz2"))
    assert "changeps1" not in warning
    assert next(iter(config.without_effect.values())) == ("changeps1",)


def test_every_key_is_in_one_list() -> None:
    assert not KEYS.keys() & (UNSUPPORTED | WITHOUT_EFFECT)
    assert not UNSUPPORTED & WITHOUT_EFFECT


# Channels


def names(config: Config, *given: str, **options: Any) -> list[Any]:
    return [
        tuple(source)[:2] if isinstance(source, (LocalSource, NetworkSource)) else source
        for source in config.channels(given, **options)
    ]


def test_channels_of_a_request(write: Write) -> None:
    assert Config().channels() == ["conda-forge"]
    assert Config().channels(["a"]) == ["a"]
    config = load(write("channels: [b, a]"))
    assert config.channels() == ["b", "a"]
    assert config.channels(["c", "a"]) == ["c", "a", "b"]
    assert config.channels(["c"], override=True) == ["c"]
    assert config.channels([], override=True) == ["b", "a"]
    assert load(write("channels: [nodefaults, x, nodefaults]")).channels() == ["x"]
    assert Config().channels(["nodefaults", "y"]) == ["y"]


def test_default_channels(write: Write) -> None:
    config = load(write("default_channels: [https://m/main, r]\nchannels: [defaults]\n"))
    assert names(config) == [("defaults", "https://m/main"), ("defaults", "r")]
    assert all(not source.is_copy for source in config.channels() if isinstance(source, NetworkSource))
    assert load(write("channels: [defaults]")).channels() == ["defaults"], "the usual ones"
    both = load(write("default_channels: [https://a/x]\ncustom_multichannels:\n  defaults: [https://b/y]\n"))
    assert names(both, "defaults") == [("defaults", "https://b/y")]


def test_custom_channels_and_multichannels(write: Write) -> None:
    text = """
        custom_channels:
          mine: https://h/base/
          local: file:///srv
        custom_multichannels:
          many: [mine, conda-forge, https://x/y, ./relative, many]
        """
    config = load(write(text.replace("\n        ", "\n")))
    assert names(config, "mine") == [("mine", "https://h/base/mine")]
    assert names(config, "mine/label/dev") == [("mine/label/dev", "https://h/base/mine/label/dev")]
    assert names(config, "mine/linux-64/") == [("mine", "https://h/base/mine")]
    assert names(config, "local") == [("local", "/srv/local")]
    many = names(config, "many")
    assert many[:3] == [("many", "https://h/base/mine"), ("many", "conda-forge"), ("many", "https://x/y")]
    assert many[3][0] == "many"
    assert names(config, "https://h/base/mine", "a=b") == ["https://h/base/mine", "a=b"]


def test_the_alias(write: Write) -> None:
    config = load(write("channel_alias: https://h/alias/"))
    assert config.network().channel_alias == "https://h/alias"
    assert names(load(write("channel_alias: file:///srv/ch")), "plain") == [("plain", "/srv/ch/plain")]


@pytest.mark.parametrize(
    ("text", "channel", "key"),
    [
        ("denylist_channels: [bad]", "bad", "denylist_channels"),
        ("denylist_channels: [bad]", "https://conda.anaconda.org/bad/linux-64", "denylist_channels"),
        ("denylist_channels: [https://conda.anaconda.org/bad]", "bad", "denylist_channels"),
        ("allowlist_channels: [good]", "bad", "allowlist_channels"),
        ("whitelist_channels: [good]", "./bad", "allowlist_channels"),
        ("allowlist_channels: [bad, good]\ndenylist_channels: [bad]", "bad", "denylist_channels"),
        ("denylist_channels: [defaults]", "https://repo.anaconda.com/pkgs/main", "denylist_channels"),
    ],
)
def test_channels_that_are_not_allowed(write: Write, text: str, channel: str, key: str) -> None:
    config = load(write(text))
    with pytest.raises(resolvent.ChannelNotFound, match=key):
        config.channels([channel])
    assert config.channels(["good"]) == ["good"]


# Requests


def test_what_a_request_gets(write: Write) -> None:
    text = """
        pinned_packages: [numpy 1.*]
        aggressive_update_packages: [openssl]
        disallowed_packages: [bad, worse >=2]
        exclude_newer: 7d
        exclude_newer_package: {a: 2024-01-01, b: false, c: ~}
        channel_settings:
          - {channel: x, exclude_newer: 14d}
          - {channel: y, auth: z}
        """
    config = load(write(text.replace("\n        ", "\n")))
    asked = config.options({"pins": ["python 3.*"], "aggressive_updates": ["certifi"]})
    assert asked["pins"] == ["python 3.*", "numpy 1.*"]
    assert asked["aggressive_updates"] == ["certifi", "openssl"]
    denied: Any = asked["deny"]
    assert list(denied) == ["bad", "worse >=2"]
    cutoffs: Any = asked["exclude_newer"]
    assert cutoffs == {"*": "7d", "packages": {"a": "2024-01-01", "b": None}, "channels": {"x": "14d"}}
    assert config.options({"exclude_newer": "2020-01-01"})["exclude_newer"] == "2020-01-01"
    assert Config().options({"pins": ["a"]}) == {"pins": ["a"]}


def test_pip_comes_with_python(write: Write, make_channel: Any) -> None:
    channel = make_channel([_record("python", "3.12.0"), _record("pip", "24.0")])
    config = load(write(f"channels: ['{channel}']\nadd_pip_as_python_dependency: true"))
    for chosen, expected in ((config, ["pip", "python"]), (load(write(f"channels: ['{channel}']")), ["python"])):
        solution = resolvent.solve("python", config=chosen, platform="linux-64", virtual_packages=[])
        assert sorted(record.name for record in solution.records) == expected


def test_a_solve_with_a_configuration(write: Write, make_channel: Any) -> None:
    channel = make_channel([_record("app", "1.0"), _record("app", "2.0"), _record("app", "3.0")])
    environ = write(f"channels: ['{channel}']\npinned_packages: [app <3]\ndisallowed_packages: [app 2.*]\n")
    config = load(environ)
    solution = resolvent.solve("app", config=config, platform="linux-64", virtual_packages=[])
    assert [record.version for record in solution.records] == ["1.0"]
    index = resolvent.load_index(config=config, platform="linux-64")
    assert [r.version for r in resolvent.solve("app", index=index, virtual_packages=[]).records] == ["3.0"]
    with pytest.raises(TypeError):
        resolvent.load_index()


def _record(name: str, version: str) -> dict[str, Any]:
    keys = {"build": "0", "build_number": 0, "depends": [], "subdir": "linux-64"}
    return {"name": name, "version": version, **keys}


def test_the_library_reads_nothing_by_itself(write: Write, make_channel: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    channel = make_channel([_record("app", "1.0"), _record("app", "2.0")])
    for name, value in write("pinned_packages: [app 1.*]\n", CONDA_PINNED_PACKAGES="app 1.*").items():
        monkeypatch.setenv(name, value)
    solution = resolvent.solve("app", channels=channel, platform="linux-64", virtual_packages=[])
    assert [record.version for record in solution.records] == ["2.0"]


# Downloads


def test_downloads(write: Write) -> None:
    text = """
        offline: true
        ssl_verify: false
        proxy_servers: {https: http://p:1, http: ~}
        remote_connect_timeout_secs: 1.5
        remote_read_timeout_secs: 2
        remote_max_retries: 7
        remote_backoff_factor: 3
        local_repodata_ttl: 60
        repodata_use_zst: false
        repodata_use_shards: false
        repodata_threads: 3
        client_ssl_cert: /c.pem
        """
    network = load(write(text.replace("\n        ", "\n"))).network()
    assert network.offline and not network.verify_tls and not network.use_zst and not network.use_shards
    assert network.proxies == (("https", "http://p:1"),)
    assert (network.connect_timeout, network.read_timeout, network.retries, network.backoff) == (1.5, 2.0, 7, 3.0)
    assert (network.ttl, network.concurrency) == (60, 3)
    assert network.client_certificate == (Path("/c.pem"), None)
    assert load(write("local_repodata_ttl: true")).network().ttl is None
    assert load(write("local_repodata_ttl: 0")).network().ttl == 0
    assert load(write("ssl_verify: truststore")).network().system_certificates


def test_own_variables_are_stronger(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    config = load(write("ssl_verify: /a.pem\nchannel_alias: https://a\n"))
    assert config.network().ca_bundle == Path("/a.pem")
    assert "ssl_verify" in config.network().ca_source
    monkeypatch.setenv("RESOLVENT_CA_BUNDLE", "/b.pem")
    monkeypatch.setenv("RESOLVENT_CHANNEL_ALIAS", "https://b")
    assert config.network().ca_bundle == Path("/b.pem")
    assert config.network().ca_source == "RESOLVENT_CA_BUNDLE"
    assert config.network().channel_alias == "https://b"


# pixi and rattler


def test_pixi(write: Write) -> None:
    files = {
        ".config/rattler/config.toml": 'offline = true\n[proxy-config]\nhttps = "http://weak:1"\n',
        ".pixi/config.toml": """
            default-channels = ["robostack", "conda-forge"]
            tls_no_verify = true
            pinning-strategy = "semver"
            [proxy-config]
            https = "http://p:1"
            non-proxy-hosts = ["internal.example"]
            [mirrors]
            "https://conda.anaconda.org/conda-forge" = ["https://m1/cf", "oci://m2/cf"]
            [repodata-config]
            disable-sharded = true
            """,
    }
    config = load(write(files))
    network = config.network()
    assert config.channels() == ["robostack", "conda-forge"]
    assert config.channels(["a"]) == ["a"], "they are for requests that name none"
    assert network.offline and not network.verify_tls and not network.use_shards
    assert network.proxies == (("https", "http://p:1"),)
    assert network.no_proxy == ("internal.example",)
    assert network.mirrors == (("https://conda.anaconda.org/conda-forge", ("https://m1/cf",)),)
    assert any("no http addresses" in warning for warning in config.warnings)
    assert ("pinning-strategy",) in config.without_effect.values()


def test_conda_is_stronger_than_pixi(write: Write) -> None:
    files = {
        ".pixi/config.toml": 'default-channels = ["a"]\noffline = true\n',
        ".condarc": "channels: [b]\noffline: no",
    }
    config = load(write(files))
    assert config.channels() == ["b"]
    assert config.get("offline") is False


@pytest.mark.parametrize("text", ["[", "a = ", "offline = 'x'", "mirrors = 1", "default-channels = [1]"])
def test_bad_files_of_pixi_are_no_error(write: Write, text: str) -> None:
    config = load(write({".pixi/config.toml": text}))
    assert config.channels() == ["conda-forge"]


# Secrets


def test_secrets_are_not_shown(write: Write) -> None:
    text = (
        "channels: ['https://u:sup3rs3cret@h/c', 'https://h/t/t0k3n-1/d']\nproxy_servers: {http: 'http://u:pr0xyw@p'}\n"
    )
    shown = json.dumps(load(write(text)).to_dict())
    assert not [secret for secret in ("sup3rs3cret", "t0k3n-1", "pr0xyw") if secret in shown]
    assert "https://***@h/c" in shown
