"""The keys of conda's configuration that mean something here, with their types, and those that do not.

Names, aliases, types and separators are those of conda's `Context` (conda/base/context.py).
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Literal

Shape = Literal["value", "list", "map", "map of lists", "list of maps"]
Kind = Literal["text", "bool", "int", "float", "priority", "text or bool", "number or bool", "text or null"]


@dataclass(frozen=True)
class Key:
    """A key that is obeyed.

    Attributes
    ----------
    name
        As conda calls it.
    shape
        What it holds.
    kind
        The type of a value, or of what it holds.
    meaning
        What it does here, for people.
    aliases
        Its other names.
    separator
        Between the values of a list in a `CONDA_…` variable.
    expand
        Variables of the environment in its texts are replaced.
    """

    name: str
    shape: Shape
    kind: Kind
    meaning: str
    aliases: tuple[str, ...] = ()
    separator: str = ","
    expand: bool = False


_KEYS = (
    Key("channels", "list", "text", "channels, below those of -c", ("channel",), expand=True),
    Key("default_channels", "list", "text", "what `defaults` stands for", expand=True),
    Key("channel_alias", "value", "text", "where channels given by name are", expand=True),
    Key("custom_channels", "map", "text", "channels with a place of their own", expand=True),
    Key("custom_multichannels", "map of lists", "text", "names that stand for several channels", expand=True),
    Key("allowlist_channels", "list", "text", "no other channel is used", ("whitelist_channels",), expand=True),
    Key("denylist_channels", "list", "text", "channels that are never used", expand=True),
    Key("override_channels_enabled", "value", "bool", "whether --override-channels is allowed"),
    Key("channel_settings", "list of maps", "text or null", "`exclude_newer` of single channels"),
    Key("channel_priority", "value", "priority", "strict, flexible or disabled"),
    Key("pinned_packages", "list", "text", "pins of every environment", separator="&"),
    Key("ignore_pinned", "value", "bool", "pins do not count"),
    Key("disallowed_packages", "list", "text", "packages that are left out", ("disallow",), separator="&"),
    Key("aggressive_update_packages", "list", "text", "packages updated with everything, where installed"),
    Key("add_pip_as_python_dependency", "value", "bool", "true: with python comes pip"),
    Key("exclude_newer", "value", "text", "packages newer than this are left out", ("cooldown",)),
    Key("exclude_newer_package", "map", "text or null", "`exclude_newer` of packages", ("cooldown_exclude",)),
    Key("override_virtual_packages", "map", "text or null", "facts about the target", ("virtual_packages",)),
    Key("subdir", "value", "text", "the target platform"),
    Key("envs_dirs", "list", "text", "where -n looks", ("envs_path",), os.pathsep, expand=True),
    Key("pkgs_dirs", "list", "text", "package caches, for installers", expand=True),
    Key("root_prefix", "value", "text", "conda's own prefix, whose `envs` -n looks in", ("root_dir",)),
    Key("offline", "value", "bool", "never open a connection"),
    Key("ssl_verify", "value", "text or bool", "false, a file or folder, truststore", ("verify_ssl",), expand=True),
    Key("client_ssl_cert", "value", "text or null", "certificate to show", ("client_cert",), expand=True),
    Key("client_ssl_cert_key", "value", "text or null", "its key", ("client_cert_key",), expand=True),
    Key("proxy_servers", "map", "text or null", "proxies by scheme", expand=True),
    Key("remote_connect_timeout_secs", "value", "float", "seconds until a connection must stand"),
    Key("remote_read_timeout_secs", "value", "float", "seconds of silence that end an attempt"),
    Key("remote_max_retries", "value", "int", "attempts after the first"),
    Key("remote_backoff_factor", "value", "float", "seconds before the second attempt"),
    Key("local_repodata_ttl", "value", "number or bool", "seconds for which repodata is not asked for again"),
    Key("repodata_use_zst", "value", "bool", "prefer repodata.json.zst"),
    Key("repodata_use_shards", "value", "bool", "prefer shards"),
    Key("default_threads", "value", "int", "downloads at the same time"),
    Key("repodata_threads", "value", "int", "the same, for repodata"),
)
#: Keys that are obeyed, by each of their names.
KEYS: dict[str, Key] = {name: key for key in _KEYS for name in (key.name, *key.aliases)}


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


#: Keys that can change no plan: output, prompts, activation, building, uploading, how files are linked.
WITHOUT_EFFECT = _words(
    """
    add_anaconda_token add_binstar_token allow_conda_downgrades allow_non_channel_urls allow_softlinks
    always_copy always_softlink always_yes anaconda_upload auto_activate auto_activate_base auto_stack
    auto_update_conda binstar_upload bld_path changeps1 clobber conda-build conda_build console copy
    create_default_packages croot debug default_activation_env default_python dev devenv download_only dry_run
    enable_private_envs env_prompt envvars_force_uppercase error_upload_url execute_threads experimental
    export_platforms extra_platforms extra_safety_checks fetch_threads installer_type json list_fields no_lock
    no_plugins non_admin_enabled notify_outdated_conda number_channel_notices path_conflict pip_interop_enabled
    plugins prefix_data_interoperability preview protect_frozen_envs quiet register_envs report_errors
    rollback_enabled safety_checks sat_solver self_update separate_format_cache shortcuts shortcuts_only
    show_channel_urls signing_metadata_url_base softlink solver experimental_solver solver_ignore_timestamps
    trace unsatisfiable_hints unsatisfiable_hints_check_depth use_index_cache use_pip verbose verbosity
    verify_threads yes
    """
)

#: Keys of conda that are not supported although they could change a plan.
UNSUPPORTED = _words(
    """
    allow_cycles deps_modifier environment_specifier env_spec force force_32bit force_reinstall force_remove
    migrated_channel_aliases migrated_custom_channels repodata_fns subdirs target_prefix_override track_features
    update_modifier use_local use_only_tar_bz2
    """
)
