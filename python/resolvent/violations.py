"""The rules that an answer breaks, whoever found it."""

from __future__ import annotations

from . import _core
from ._core import Index
from .arguments import ChannelPriority, Records, Specs, records_of
from .environment import Installed, Mode
from .index import sound_index
from .policy import Cutoffs, Deny, Licenses
from .request import shape_request
from .virtual_packages import VirtualPackages
from .virtual_packages import virtual_packages as shape_virtual_packages


def check(
    records: Records,
    specs: Specs,
    *,
    index: Index,
    virtual_packages: VirtualPackages = None,
    constraints: Specs = (),
    pins: Specs = (),
    installed: Installed = None,
    history: Specs | None = None,
    mode: Mode = "install",
    freeze_installed: bool = False,
    update_deps: bool = False,
    prune: bool = False,
    aggressive_updates: Specs = (),
    ignore_pinned: bool = False,
    exclude_newer: Cutoffs = None,
    deny: Deny = (),
    licenses: Licenses = None,
    channel_priority: ChannelPriority | None = None,
) -> list[str]:
    """Return the hard rules that `records` break as an answer to `specs`: one sentence each, none when valid.

    Works on the raw records and knows nothing of how they were found, so it also judges other tools' answers. The
    parameters are those of `resolvent.solve`. With an environment, what did not hold in it need not hold where the
    record stays, what is installed may stay under any policy, and earlier requests are a reason to be there.
    """
    asked = shape_request(
        specs,
        constraints=constraints,
        pins=pins,
        installed=installed,
        history=history,
        mode=mode,
        freeze_installed=freeze_installed,
        update_deps=update_deps,
        prune=prune,
        aggressive_updates=aggressive_updates,
        ignore_pinned=ignore_pinned,
        exclude_newer=exclude_newer,
        deny=deny,
        licenses=licenses,
        channel_priority=channel_priority,
    )
    return _core.check(
        records_of("records", records),
        asked["specs"],
        sound_index(index),
        shape_virtual_packages(virtual_packages, index.platform),
        asked["constraints"],
        asked["pins"],
        asked["channel_priority"],
        asked["policy"],
        asked["environment"],
    )
