"""Configuration that people already have: conda's `.condarc` and `CONDA_…` variables, pixi's `config.toml`.

The command reads it unless `--no-config` is given. The library reads nothing by itself, so that the same call gives the
same answer everywhere: `resolvent.solve(..., config=resolvent.Config.load())` asks for it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .config import Config, Setting
    from .types import ConfigError

__all__ = ["Config", "ConfigError", "Setting"]


def __getattr__(name: str) -> Any:
    """Import what reads configuration when it is asked for: `places` alone tells whether there is any."""
    if name in {"Config", "Setting"}:
        from . import config

        return getattr(config, name)
    if name == "ConfigError":
        from .types import ConfigError

        return ConfigError
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
