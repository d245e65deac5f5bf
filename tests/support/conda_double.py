"""A small stand-in for conda: enough of it for the solver plugin, and nothing that conda does not have.

`tests/material/conda_interface.json` is a recording of the names that the plugin uses, made by `tools/record_conda.py`
with a real conda. Each class and function here is held against it: a module, a name or a parameter that conda does not
have is refused. What is recorded and not written here is there as a name, and fails when it is used.
"""

# ruff: noqa: ARG002, ARG004 - parameters are named as conda names them

from __future__ import annotations

import enum
import importlib
import inspect
import json
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import resolvent

RECORDING: dict[str, Any] = json.loads(
    (Path(__file__).parents[1] / "material" / "conda_interface.json").read_text(encoding="utf-8")
)
#: What the plugin imports anew when it is loaded with the stand-in.
PLUGIN = "resolvent.integrations.conda"


class Null:
    """conda's sign of an argument that was not given."""

    def __bool__(self) -> bool:
        return False


NULL = Null()


class CondaError(Exception):
    def __init__(self, message: str | None, *args: Any, caused_by: Any = None, guidance: Any = None, **kwargs: Any):
        self.message = message or ""
        super().__init__(message)


class PackagesNotFoundError(CondaError):
    def __init__(self, packages: Iterable[Any], channel_urls: Iterable[str] = ()):
        self.packages, self.channel_urls = tuple(packages), tuple(channel_urls)
        CondaError.__init__(self, f"not found: {', '.join(map(str, self.packages))}")


class PackagesNotFoundInChannelsError(PackagesNotFoundError):
    def __init__(self, packages: Iterable[Any], channel_urls: Iterable[str]):
        super().__init__(packages, channel_urls)


class PackagesNotFoundInPrefixError(PackagesNotFoundError):
    def __init__(self, packages: Iterable[Any], prefix: str):
        super().__init__(packages)


class NoChannelsConfiguredError(CondaError):
    def __init__(self, packages: Iterable[str] = ()):
        super().__init__(f"no channels for {list(packages)}")


class UnsatisfiableError(CondaError):
    def __init__(self, bad_deps: Any, chains: bool = True, strict: bool = False):
        raise AssertionError("the text of conda's class is made of chains that only its own solver has")


class SpecsConfigurationConflictError(CondaError):
    def __init__(self, requested_specs: Iterable[Any], pinned_specs: Iterable[Any], prefix: str):
        super().__init__(f"{[str(one) for one in requested_specs]} against {[str(one) for one in pinned_specs]}")


class Channel:
    """A channel by its URL; the name `several` stands for two of them."""

    def __new__(cls, *args: Any, **kwargs: Any) -> Channel:
        return args[0] if args and isinstance(args[0], Channel) else super().__new__(cls)

    def __init__(
        self,
        scheme: str | None = None,
        auth: str | None = None,
        location: str | None = None,
        token: str | None = None,
        name: str | None = None,
        platform: str | None = None,
        package_filename: str | None = None,
    ) -> None:
        if isinstance(scheme, Channel):
            return
        if location is None and scheme is not None and "://" in scheme:
            scheme, _, rest = scheme.partition("://")
            auth, _, rest = rest.rpartition("@")
            if "/t/" in rest:
                before, _, behind = rest.partition("/t/")
                token, _, behind = behind.partition("/")
                rest = f"{before}/{behind}"
            *parts, last = rest.split("/")
            if last in {"linux-64", "noarch"}:
                platform = last
                *parts, last = parts
            location, name = "/".join(parts), last
        self.scheme, self.auth, self.location, self.token = scheme, auth or None, location, token
        self.name, self.platform, self.package_filename = name or "", platform, package_filename

    @classmethod
    def from_url(cls, url: str) -> Channel:
        return cls(url)

    @property
    def base_url(self) -> str | None:
        return f"{self.scheme}://{self.location}/{self.name}"

    @property
    def canonical_name(self) -> str:
        return self.name

    @property
    def channels(self) -> tuple[Channel, ...]:
        return (self,)

    def dump(self) -> dict[str, Any]:
        return {key: value for key, value in vars(self).items() if value is not None}

    def urls(self, with_credentials: bool = False, subdirs: Iterable[str] | None = None) -> list[str]:
        base = f"{self.location}/{self.name}"
        if with_credentials and self.token:
            base = f"{self.location}/t/{self.token}/{self.name}"
        if with_credentials and self.auth:
            base = f"{self.auth}@{base}"
        return [f"{self.scheme}://{base}/{subdir}" for subdir in subdirs or ("linux-64", "noarch")]


class MatchSpec:
    """A spec of conda, matched by this library."""

    def __new__(cls, spec_arg: Any = None, **kwargs: Any) -> MatchSpec:
        return spec_arg if isinstance(spec_arg, MatchSpec) else super().__new__(cls)

    def __init__(self, spec_arg: Any = None, **kwargs: Any) -> None:
        if isinstance(spec_arg, MatchSpec):
            return
        self.original_spec_str = spec_arg
        channel, found, rest = str(spec_arg).rpartition("::")
        self._channel = Channel(channel) if found else None
        self._bare = kwargs.get("bare", rest)
        self._ours = resolvent.MatchSpec(self._bare or kwargs["name"])
        self._match_components = {"name": self._ours.name, "version": self._ours.version}

    def __str__(self) -> str:
        return str(self._bare)

    @property
    def name(self) -> str | None:
        return self._ours.name

    def get_exact_value(self, field_name: str) -> Any:
        return {"channel": self._channel, "name": self._ours.name}.get(field_name)

    def get_raw_value(self, field_name: str) -> Any:
        return None

    def match(self, rec: Any) -> bool:
        return self._ours.matches(vars(rec))


class PackageRecord:
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        vars(self).update({"depends": (), "is_unmanageable": False, **kwargs})
        if isinstance(kwargs.get("channel"), str):
            self.channel = Channel(kwargs["channel"])

    name: str
    depends: tuple[str, ...]
    channel: Channel
    is_unmanageable: bool


class PrefixGraph:
    """Records in link order, by the names in their dependencies."""

    def __init__(self, records: Iterable[Any], specs: Iterable[Any] = ()) -> None:
        self._records = {record.name: record for record in records}

        self.graph: list[Any] = list(self._sorted())

    def _sorted(self) -> Iterable[Any]:
        done: dict[str, Any] = {}

        def visit(record: Any) -> None:
            if record.name in done:
                return
            done[record.name] = record
            for spec in record.depends:
                dependency = self._records.get(spec.split()[0])
                if dependency is not None:
                    visit(dependency)
            done[record.name] = done.pop(record.name)

        for name in sorted(self._records):
            visit(self._records[name])
        return done.values()


class World:
    """What the stand-in finds: environments, histories, pins, settings."""

    def __init__(self) -> None:
        self.installed: list[PackageRecord] = []
        self.history: dict[str, MatchSpec] = {}
        self.pins: list[MatchSpec] = []
        self.virtual: list[PackageRecord] = []
        self.looked_for_virtual = 0
        self.spinners: list[str] = []
        self.settings: dict[str, Any] = {
            "add_pip_as_python_dependency": False,
            "aggressive_update_packages": (),
            "auto_update_conda": True,
            "channels": (),
            "conda_prefix": "/opt/conda",
            "debug": False,
            "force_remove": False,
            "ignore_pinned": False,
            "offline": False,
            "pkgs_dirs": (),
            "repodata_threads": None,
            "subdirs": ("linux-64", "noarch"),
            "target_prefix": "/env",
            "use_index_cache": False,
            "use_only_tar_bz2": None,
            "collect_all": dict,
        }


WORLD = World()


class Context:
    """conda's context: only what is recorded, and what a test set."""

    def __getattr__(self, name: str) -> Any:
        if name not in RECORDING["context"] and name != "plugins":
            raise AttributeError(f"conda's context has no {name}, or the recording is old")
        if name == "plugin_manager":
            return SimpleNamespace(get_virtual_package_records=self._virtual)
        if name == "plugins":
            raise AttributeError(name)
        return WORLD.settings[name]

    @staticmethod
    def _virtual() -> tuple[PackageRecord, ...]:
        WORLD.looked_for_virtual += 1
        return tuple(WORLD.virtual)


class PrefixData:
    def __init__(self, prefix_path: str, interoperability: bool | None = None) -> None:
        pass

    def iter_records(self) -> Iterator[PackageRecord]:
        return iter(WORLD.installed)


class History:
    def __init__(self, prefix: str) -> None:
        pass

    def get_requested_specs_map(self) -> dict[str, MatchSpec]:
        return WORLD.history


def get_pinned_specs(prefix: str) -> tuple[MatchSpec, ...]:
    return tuple(WORLD.pins)


class Solver:
    """What a backend inherits."""

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        for flag in ("global", "channel", "package"):
            if f"supports_exclude_newer_{flag}" not in cls.__dict__:
                setattr(cls, f"supports_exclude_newer_{flag}", False)

    def __init__(
        self,
        prefix: str,
        channels: Iterable[Any] | None = None,
        subdirs: Iterable[str] = (),
        specs_to_add: Iterable[Any] = (),
        specs_to_remove: Iterable[Any] = (),
        repodata_fn: str = "repodata.json",
        command: Any = NULL,
    ) -> None:
        self.prefix = prefix
        self.channels = tuple(Channel(one) for one in channels or ())
        self.subdirs = tuple(subdirs or WORLD.settings["subdirs"])
        self._repodata_fn = repodata_fn
        self.neutered_specs: tuple[MatchSpec, ...] = ()


@contextmanager
def get_spinner(message: str, fail_message: str = "failed\n") -> Iterator[None]:
    WORLD.spinners.append(message)
    yield


def hookimpl(function: Any = None, **kwargs: Any) -> Any:
    return function


@dataclass
class CondaSolver:
    name: str
    backend: type


@dataclass
class CondaSubcommand:
    name: str
    summary: str
    action: Any
    aliases: tuple[str, ...] = ()
    configure_parser: Any = None


@dataclass
class CondaHealthCheck:
    name: str
    action: Any
    fixer: Any = None
    summary: str | None = None
    fix: str | None = None


@dataclass
class CondaSetting:
    name: str
    description: str
    parameter: Any
    aliases: tuple[str, ...] = field(default_factory=tuple)


@dataclass
class CondaErrorHint:
    text: str
    hint_code: str


class PrimitiveParameter:
    def __init__(self, default: Any, element_type: Any = None, validation: Any = None) -> None:
        self.default, self.element_type, self.validation = default, element_type, validation


def add_parser_channels(p: Any) -> None:
    p.add_argument("-c", "--channel")


def add_parser_json(p: Any) -> None:
    p.add_argument("--json", action="store_true")


def add_parser_networking(p: Any) -> None:
    p.add_argument("--offline", action="store_true")


def add_parser_prefix(p: Any) -> None:
    p.add_argument("-p", "--prefix")


def paths_equal(path1: str, path2: str) -> bool:
    return path1 == path2


def url_to_path(url: str) -> str:
    return url.removeprefix("file://")


def remove_auth(url: str) -> str:
    scheme, found, rest = url.partition("://")
    return f"{scheme}{found}{rest.rpartition('@')[2]}"


def split_anaconda_token(url: str) -> tuple[str, str | None]:
    before, found, behind = url.partition("/t/")
    token, _, rest = behind.partition("/")
    return (f"{before}/{rest}", token) if found else (url, None)


def _written() -> dict[str, Any]:
    return {name: value for name, value in globals().items() if not name.startswith("_")}


def _hold_against(recorded: dict[str, Any], value: Any, name: str) -> None:
    """Fail where the stand-in has a parameter or a member that conda has not."""
    theirs = recorded.get("parameters")
    if recorded["kind"] == "class" and inspect.isclass(value):
        strange = {member for member in vars(value) if not member.startswith("_") and member not in recorded["members"]}
        assert not strange, f"conda's {name} has no {strange}"
    if theirs is None or "*args" in theirs:
        return
    ours = [one.name for one in inspect.signature(value).parameters.values() if one.kind is not one.VAR_KEYWORD]
    names = [one.lstrip("*") for one in theirs]
    assert set(ours) <= set(names), f"conda's {name} takes {theirs}, not {ours}"


def modules() -> dict[str, ModuleType]:
    """Return the stand-in as modules.

    Raises
    ------
    AssertionError
        If it differs from the recording.
    """
    made: dict[str, ModuleType] = {}
    special = {
        "context": Context(),
        "NULL": NULL,
        "hookspec": SimpleNamespace(CondaSpecs=SimpleNamespace(conda_error_hints=1)),
    }
    for module_name, names in RECORDING["modules"].items():
        module = ModuleType(module_name)
        module.__path__ = []
        for name, recorded in (names or {}).items():
            value: Any
            if recorded["kind"] == "enum":
                value = _enum(name, recorded["members"])
            elif name in special:
                value = special[name]
            elif name in _written():
                value = _written()[name]
                _hold_against(recorded, value, f"{module_name}.{name}")
            elif recorded["kind"] == "value":
                value = recorded["value"]
            elif name == "BaseSolver":
                value = Solver
            else:
                value = _unwritten(f"{module_name}.{name}")
            setattr(module, name, value)
        made[module_name] = module
    for name in list(made):
        while "." in name:
            name = name.rpartition(".")[0]
            made.setdefault(name, ModuleType(name)).__path__ = []
    return made


def _enum(name: str, members: dict[str, str]) -> Any:
    made: Any = enum.Enum(name, members)  # type: ignore[misc]
    type.__setattr__(made, "__str__", lambda member: member.value)
    return made


def _unwritten(name: str) -> Any:
    def fail(*args: Any, **kwargs: Any) -> Any:
        raise AssertionError(f"the stand-in has no {name}")

    return fail


@contextmanager
def conda() -> Iterator[World]:
    """Put the stand-in where `import conda` finds it, for the time of a test."""
    global WORLD
    WORLD = World()
    made = modules()
    constants = made["conda.base.constants"]
    WORLD.settings |= {
        "update_modifier": constants.UpdateModifier.UPDATE_SPECS,
        "deps_modifier": constants.DepsModifier.NOT_SET,
        "channel_priority": SimpleNamespace(value="flexible"),
    }
    before = {
        name: module for name, module in sys.modules.items() if name.split(".")[0] == "conda" or _conda_made(name)
    }
    for name in before:
        del sys.modules[name]
    sys.modules.update(made)
    try:
        yield WORLD
    finally:
        for name in [name for name in sys.modules if name.split(".")[0] == "conda" or _conda_made(name)]:
            del sys.modules[name]
        sys.modules.update(before)


def _conda_made(name: str) -> bool:
    """Whether a module of the plugin took names from conda."""
    if name.split(".")[0] == "resolvent_conda":
        return True
    return name.startswith(f"{PLUGIN}.") and name.rpartition(".")[2] in {
        "reading",
        "channels",
        "records",
        "errors",
        "commands",
        "health",
    }


def plugin(name: str) -> ModuleType:
    """Import a module of the plugin with the stand-in."""
    of_conda = {"plugin": "resolvent_conda", "solver": "resolvent_conda.solver"}
    return importlib.import_module(of_conda.get(name, f"{PLUGIN}.{name}"))
