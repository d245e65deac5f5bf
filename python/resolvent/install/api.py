"""`resolvent.apply`: a solution becomes an environment."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .._core import ResolventError, Solution
from ..arguments import Specs, specs_of
from ..environment import Remove
from ..request import Request
from .change import Applied, Options, Wanted, change, command_line
from .errors import InstallError
from .events import Event, ProgressCallback
from .history import Requests
from .rattler import LINK_MODES, LinkMode

if TYPE_CHECKING:
    from ..network.auth import Credential


def apply(
    solution: Solution,
    prefix: str | os.PathLike[str],
    *,
    specs: Request | Specs = (),
    removed: Specs = (),
    link: LinkMode = "auto",
    package_cache: str | os.PathLike[str] | None = None,
    progress: ProgressCallback | None = None,
    offline: bool | None = None,
    run_link_scripts: bool = False,
    dry_run: bool = False,
    override_frozen: bool = False,
    overwrite: bool = False,
    allow_clobber: bool = False,
    lock_timeout: float | None = None,
    command: str | None = None,
    credentials: Mapping[str, Credential] | None = None,
    copies: Mapping[str, str | os.PathLike[str]] | None = None,
) -> Applied:
    """Carry out a solution: make an environment, or change one.

    All packages are fetched, verified and unpacked, and all checks are made, before anything changes. What happens
    then can be interrupted at any moment: the next call finishes it. See docs/installing.md.

    Parameters
    ----------
    solution
        What `resolvent.solve` returned. For an environment that exists it was solved with `installed=prefix`.
    prefix
        The environment's folder. If it does not exist it is made.
    specs
        What was asked for, to be remembered; later requests keep it while they can. A `Request` says it all.
    removed
        What was asked to be removed, to be forgotten.
    link
        How files come in: `auto`, hard links to the package cache where they are possible, else copies; `hard`, an
        error where they are not; `copy`; `soft`, symbolic links to the package cache.
    package_cache
        The folder of unpacked packages; None: `RESOLVENT_PKGS_DIR`, or `pkgs` in resolvent's cache.
    progress
        Called with each `resolvent.install.Event`, one at a time, from several threads.
    offline
        Nothing is downloaded; None: what `RESOLVENT_OFFLINE` says.
    run_link_scripts
        Run scripts that packages bring. They are programs that can do anything; without it `.skipped_scripts` names
        them.
    dry_run
        Say what would be done, after a look at the environment, and do nothing.
    override_frozen
        Change an environment that asks to be left unchanged (CEP 22).
    overwrite
        Files in the way that belong to no package are put aside, as `NAME.resolvent-saved`; without it they are an
        error.
    allow_clobber
        Let one of several packages win that claim the same file; without it that is an error.
    lock_timeout
        Seconds to wait while another process changes the environment; None: without end.
    command
        What the history calls it; None: the process's command line.
    credentials
        Credentials that channels' addresses carried, by the channel's address without them; others are found as the
        channels' are.
    copies
        Folders with copies of channels, by the channel's address: archives that are there are not downloaded.

    Raises
    ------
    InstallError
        If it cannot be done, of a kind that says why. The environment is as it was, unless the text says otherwise.
    NetworkError
        If a download fails.
    """
    if link not in LINK_MODES:
        raise InstallError(f"link is {link!r}, expected one of {', '.join(LINK_MODES)}")
    options = Options(
        link=link,
        package_cache=None if package_cache is None else Path(package_cache),
        progress=progress,
        offline=offline,
        run_link_scripts=run_link_scripts,
        dry_run=dry_run,
        override_frozen=override_frozen,
        overwrite=overwrite,
        allow_clobber=allow_clobber,
        lock_timeout=lock_timeout,
        command=command_line() if command is None else command,
        credentials=credentials or {},
        copies={channel: Path(folder) for channel, folder in (copies or {}).items()},
    )
    if isinstance(specs, Request):
        removing = isinstance(specs.action, Remove)
        specs, removed = ((), [*specs.specs, *specs_of("removed", removed)]) if removing else (specs.specs, removed)
    requests = Requests(update=tuple(specs_of("specs", specs)), remove=tuple(specs_of("removed", removed)))
    transaction = solution.transaction
    return change(Path(prefix), Wanted(transaction.link, transaction.unlink, requests), options)


async def apply_async(solution: Solution, prefix: str | os.PathLike[str], **options: Any) -> Applied:
    """Do what `apply` does, in a thread, while the event loop goes on.

    A cancelled call ends at the next step if nothing has changed yet, and else when the environment is complete; the
    cancellation is raised after that.

    Parameters
    ----------
    solution, prefix, options
        As for `apply`.
    """
    cancelled = threading.Event()
    callback: ProgressCallback | None = options.pop("progress", None)

    def progress(event: Event) -> None:
        if cancelled.is_set() and event.kind != "done":
            raise _Cancelled("the change was cancelled, nothing was changed")
        if callback is not None:
            callback(event)

    work = asyncio.ensure_future(asyncio.to_thread(apply, solution, prefix, progress=progress, **options))
    try:
        return await asyncio.shield(work)
    except asyncio.CancelledError:
        cancelled.set()
        await asyncio.wait([work])
        work.exception()  # it was cancelled, whatever became of it
        raise


class _Cancelled(ResolventError):
    """Raised in the thread of a change that was cancelled."""
