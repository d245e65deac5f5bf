"""A configuration: each key's value and where it comes from, and what follows for requests and downloads."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from . import pixi
from .channels import sources
from .keys import KEYS, UNSUPPORTED, WITHOUT_EFFECT
from .merge import Found, merge
from .places import conda_root, expand, expand_home, pixi_places, search_path
from .sources import Layer, files, read_environment, read_file
from .types import check_shape, typed

if TYPE_CHECKING:
    from typing_extensions import Self

    from ..channels import ChannelSource
    from ..network import NetworkConfig
    from ..request import RequestOptions
    from ..virtual_packages import VirtualPackage

_Keys = dict[str, tuple[str, ...]]

#: The channel of a request that names none, and has no configuration that does.
DEFAULT_CHANNEL = "conda-forge"


@dataclass(frozen=True)
class Setting:
    """One key.

    Attributes
    ----------
    value
        In its type, merged from all places.
    sources
        Files, or "the environment"; of a list one an element.
    """

    value: Any
    sources: tuple[str, ...]


@dataclass(frozen=True)
class Config:
    """What files and variables say.

    `Config.load()` reads them; `Config()` says nothing. Nothing is read later, and nothing is global.

    Attributes
    ----------
    settings
        The keys that are set, by conda's names for them (and `mirrors`, `no_proxy` of pixi).
    files
        Files that were read, the weakest first.
    unsupported
        By file, the keys that are not obeyed although they could matter, or are not known.
    without_effect
        By file, the keys of conda that are about other things than plans.
    warnings
        What is wrong with files, and which keys are not supported, one sentence each.
    """

    settings: Mapping[str, Setting] = field(default_factory=dict)
    files: tuple[str, ...] = ()
    unsupported: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    without_effect: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()

    @classmethod
    def load(cls, *, prefix: str | os.PathLike[str] | None = None, environ: Mapping[str, str] | None = None) -> Self:
        """Read the configuration of this machine and user.

        Parameters
        ----------
        prefix
            The environment that is meant: its own `.condarc` counts in place of the active one's.
        environ
            Variables, also for `HOME`; None: the process's own.

        Raises
        ------
        ConfigError
            If a key has a value of the wrong type.
        """
        env = os.environ if environ is None else environ
        layers: list[Layer] = []
        problems: list[str] = []
        for path in files(search_path(env, None if prefix is None else os.fspath(prefix))):
            layer, problem = read_file(path)
            layers.append(layer)
            problems += [problem] if problem else []
        names = tuple(layer.source for layer in layers)
        layers.append(read_environment(env))
        settings: dict[str, Setting] = {}
        for key in dict.fromkeys(KEYS.values()):
            found = list(_found(layers, key.name, problems))
            for one in found:
                check_shape(key, one.item.value, one.source)
            merged = merge(found, key.shape) if found else None
            if merged is not None:
                value = typed(key, merged.value, merged.sources[-1] if merged.sources else key.name)
                value = _expanded(value, env) if key.expand else value
                settings[key.name] = Setting(value, merged.sources or (found[-1].source,))
        of_pixi = _read_pixi(env, settings, problems)
        unsupported, without = _left(layers, of_pixi)
        problems += [
            f"{source}: not supported and ignored: {', '.join(keys)}" for source, keys in unsupported.items() if keys
        ]
        return cls(
            MappingProxyType(settings),
            names + of_pixi,
            MappingProxyType(unsupported),
            MappingProxyType(without),
            tuple(dict.fromkeys(problems)),
        )

    def get(self, key: str, default: Any = None) -> Any:
        """Return the value of a key; a default if nothing sets it."""
        setting = self.settings.get(key)
        return default if setting is None or setting.value is None else setting.value

    def origin(self, key: str) -> str:
        """Return where a key's value comes from."""
        setting = self.settings.get(key)
        return ", ".join(dict.fromkeys(setting.sources)) if setting is not None else "nowhere"

    def channels(self, given: Sequence[ChannelSource] = (), *, override: bool = False) -> list[ChannelSource]:
        """Return the channels of a request, in order of priority, as `load_index` takes them.

        Parameters
        ----------
        given
            What the request names. The configured ones come below it, as conda has it.
        override
            Leave the configured ones out where the request names some.

        Raises
        ------
        ChannelNotFound
            If the configuration forbids one of them.
        """
        names: list[ChannelSource] = list(given)
        if not (given and override):
            configured = self.get("channels") or (() if given else self.get("pixi_channels") or ())
            names += [name for name in configured if name not in names]
        return sources(self, names or [DEFAULT_CHANNEL])

    def network(self, base: NetworkConfig | None = None) -> NetworkConfig:
        """Return the settings of downloads; the variables `RESOLVENT_…` are stronger.

        Parameters
        ----------
        base
            Settings to start from; None: the defaults.
        """
        from .network import network_config

        return network_config(self, base)

    def options(self, asked: RequestOptions) -> RequestOptions:
        """Return the keywords of a request with what the configuration adds: pins, updates, cut-offs and the like.

        Parameters
        ----------
        asked
            The keywords of `resolvent.solve`; what they say is stronger, and lists are joined.
        """
        from .request import extended

        return extended(self, asked)

    @property
    def platform(self) -> str | None:
        """The target platform, if it is configured."""
        subdir: str | None = self.get("subdir")
        return subdir or None

    def virtual_packages(self, environ: Mapping[str, str] | None = None) -> dict[str, str | None]:
        """Return facts about the target by name; None: it has no such thing. `CONDA_OVERRIDE_…` is stronger."""
        env = os.environ if environ is None else environ
        given = {
            f"__{name.removeprefix('__')}": value for name, value in self.get("override_virtual_packages", {}).items()
        }
        return {name: value or None for name, value in given.items() if f"CONDA_OVERRIDE_{name[2:].upper()}" not in env}

    def facts(self, platform: str, given: Sequence[VirtualPackage] = ()) -> list[str] | None:
        """Return the virtual packages of a target, with those that the configuration overrides; None if it does not.

        Parameters
        ----------
        platform
            The target's subdir.
        given
            Facts that are stronger.
        """
        overrides = self.virtual_packages()
        if not overrides:
            return None
        from ..virtual_packages import detect_virtual_packages, from_pair

        found = {package.name: package for package in given}
        for name, value in overrides.items():
            if name not in found and value is not None:
                found[name] = from_pair(name, value.replace("=", " ", 1))
        skip = {*found, *overrides}
        return [str(package) for package in sorted([*found.values(), *detect_virtual_packages(platform, skip=skip)])]

    def environment(self, name: str, environ: Mapping[str, str] | None = None) -> Path | None:
        """Return the folder of the environment of a name; None if there is none in `envs_dirs`."""
        env = os.environ if environ is None else environ
        root = expand_home(self.get("root_prefix") or conda_root(env), env)
        if name in {"base", "root"}:
            return Path(root) if root and (Path(root) / "conda-meta").is_dir() else None
        folders = [*(self.get("envs_dirs") or ()), *([f"{root}/envs"] if root else []), "~/.conda/envs"]
        for folder in folders:
            path = Path(expand_home(folder, env)) / name
            if (path / "conda-meta").is_dir():
                return path
        return None

    def to_dict(self) -> dict[str, Any]:
        """Return everything as JSON can hold it, without secrets."""
        from ..network.redact import redact_address

        def shown(value: Any) -> Any:
            if isinstance(value, str):
                return redact_address(value)
            if isinstance(value, (tuple, list)):
                return [shown(one) for one in value]
            if isinstance(value, Mapping):
                return {redact_address(str(key)): shown(one) for key, one in value.items()}
            return value

        return {
            "files": list(self.files),
            "settings": {
                key: {"value": shown(setting.value), "sources": list(dict.fromkeys(setting.sources))}
                for key, setting in self.settings.items()
            },
            "unsupported": {source: list(keys) for source, keys in self.unsupported.items()},
            "without_effect": {source: list(keys) for source, keys in self.without_effect.items()},
            "warnings": [redact_address(text) for text in self.warnings],
        }


def _found(layers: Sequence[Layer], name: str, problems: list[str]) -> Iterator[Found]:
    """Give what each place says of a key, by whichever of its names."""
    key = KEYS[name]
    for layer in layers:
        spellings = [spelling for spelling in (key.name, *key.aliases) if spelling in layer.values]
        if len(spellings) > 1:
            problems.append(f"{layer.source}: {' and '.join(spellings)} are one key; {spellings[0]} counts")
        if spellings:
            yield Found(layer.values[spellings[0]], layer.source)


def _expanded(value: Any, environ: Mapping[str, str]) -> Any:
    if isinstance(value, str):
        return expand(value, environ)
    if isinstance(value, tuple):
        return tuple(_expanded(one, environ) for one in value)
    if isinstance(value, dict):
        return {key: _expanded(one, environ) for key, one in value.items()}
    return value


def _read_pixi(environ: Mapping[str, str], settings: dict[str, Setting], problems: list[str]) -> tuple[str, ...]:
    """Add what pixi's files say where conda's say nothing; return the files."""
    read: list[str] = []
    theirs: dict[str, Setting] = {}
    for path in files_of_pixi(environ):
        values, warnings = pixi.read(path)
        read.append(str(path))
        problems += warnings
        for key, value in values.items():
            before = theirs.get(key)
            joined = {**before.value, **value} if before is not None and isinstance(value, dict) else value
            theirs[key] = Setting(joined, (str(path),))
    for key, setting in theirs.items():
        settings.setdefault(key, setting)
    return tuple(read)


def files_of_pixi(environ: Mapping[str, str]) -> list[Path]:
    """Return pixi's and rattler's files that exist, the weakest first."""
    return [path for path in map(Path, pixi_places(environ)) if path.is_file()]


def _left(
    layers: Sequence[Layer], of_pixi: Sequence[str]
) -> tuple[dict[str, tuple[str, ...]], dict[str, tuple[str, ...]]]:
    """Return the keys that are not obeyed, by place: those that could matter, and those that could not."""
    unsupported: _Keys = {}
    without: _Keys = {}
    for layer in layers:
        rest = [key for key in layer.values if key not in KEYS]
        unsupported[layer.source] = tuple(key for key in rest if key in UNSUPPORTED or key not in WITHOUT_EFFECT)
        without[layer.source] = tuple(key for key in rest if key in WITHOUT_EFFECT)
    for file in of_pixi:
        without[file] = tuple(pixi.unsupported(Path(file)))
    return (
        {source: keys for source, keys in unsupported.items() if keys},
        {source: keys for source, keys in without.items() if keys},
    )
