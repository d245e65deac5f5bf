"""A process that is killed while it makes or changes an environment leaves the old one or the new one, byte for byte.

Two ways to kill: at every single step of the state machine in turn, inside this process, and with SIGKILL at random
moments of real processes.
"""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from install_support import SUPPORT, difference, install, snapshot

import resolvent
from resolvent.install import ChangeFailed, journal

OLD = ["libfoo 1.*", "libbar 1.*", "python 3.11.*", "app 1.*", "old"]
NEW = ["libfoo 2.*", "libbar 2.*", "python 3.12.*", "app 2.*"]


class Killed(BaseException):
    """Stands for the end of the process: nothing catches it."""


def copy(source: Path, target: Path) -> None:
    """Copy an environment with its hard links to the package cache."""
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(source, target, symlinks=True, copy_function=os.link)


@pytest.fixture
def states(tiny: Path, tmp_path: Path, pkgs: Path) -> tuple[Path, Path]:
    """An environment at one path, kept before and after an update and a removal in one."""
    env = tmp_path / "env"
    install(tiny, env, OLD, cache=pkgs)
    (env / "etc/mine.conf").write_text("the user's own\n")
    copy(env, tmp_path / "before")
    update(tiny, env, pkgs)
    copy(env, tmp_path / "after")
    return tmp_path / "before", tmp_path / "after"


def update(channel: Path, env: Path, pkgs: Path) -> None:
    install(channel, env, NEW, cache=pkgs, mode="update")


def killed_after(steps: int, way: Callable[..., None] = journal.finish) -> Callable[[Path], None]:
    """Return `finish` (or `revert`) that ends after so many renames."""
    left = [steps]

    def step() -> None:
        if left[0] == 0:
            raise Killed
        left[0] -= 1

    return lambda prefix: way(prefix, step)


def begin(tiny: Path, tmp_path: Path, pkgs: Path, monkeypatch: pytest.MonkeyPatch, steps: int) -> bool:
    """Begin the update and end after so many steps; False if it needed no more."""
    with monkeypatch.context() as patch:
        patch.setattr(journal, "finish", killed_after(steps))
        try:
            update(tiny, tmp_path / "env", pkgs)
        except Killed:
            return True
    return False


def test_each_step_of_a_change_can_be_the_last(
    tiny: Path, tmp_path: Path, pkgs: Path, states: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    env, wanted = tmp_path / "env", {}
    copy(states[0], env)
    wanted["reverted"] = snapshot(env)
    copy(states[1], env)
    wanted["finished"] = snapshot(env)
    assert len(difference(wanted["reverted"], wanted["finished"])) > 30
    # The plan is made once; each try begins from a copy of the moment at which the change had begun.
    copy(states[0], env)
    assert begin(tiny, tmp_path, pkgs, monkeypatch, 0)
    copy(env, tmp_path / "begun")
    steps = 0
    while True:
        copy(tmp_path / "begun", env)
        ended = True
        with contextlib.suppress(Killed):
            ended = False
            killed_after(steps)(env)
            ended = True
        if ended:
            assert journal.recover(env) is None
            break
        assert resolvent.Environment(env).being_changed
        assert any("being changed" in str(warning) for warning in resolvent.Prefix(env).warnings)
        outcome = journal.recover(env, prefer_revert=steps % 2 == 1)
        assert outcome is not None
        assert outcome[0] == ("reverted" if steps % 2 else "finished")
        assert difference(snapshot(env), wanted[outcome[0]]) == [], steps
        steps += 1
    assert steps > 20


def test_a_reversal_that_is_killed_is_taken_up_again(
    tiny: Path, tmp_path: Path, pkgs: Path, states: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    env = tmp_path / "env"
    copy(states[0], env)
    old = snapshot(env)
    assert begin(tiny, tmp_path, pkgs, monkeypatch, 0)
    copy(env, tmp_path / "begun")
    for forward in (3, 30):
        for back in range(0, 50, 5):
            copy(tmp_path / "begun", env)
            for way, steps in ((journal.finish, forward), (journal.revert, back)):
                with contextlib.suppress(Killed):
                    killed_after(steps, way)(env)
            # Without a word the next command goes on in the direction that was taken last.
            found = journal.recover(env)
            assert found is None or found[0] == "reverted"
            assert difference(snapshot(env), old) == [], (forward, back)


@pytest.mark.parametrize("seed", range(3))
def test_any_sequence_of_kills_and_directions_ends_in_the_old_or_the_new(
    tiny: Path, tmp_path: Path, pkgs: Path, states: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    env, chance = tmp_path / "env", random.Random(seed)
    copy(states[0], env)
    old = snapshot(env)
    copy(states[1], env)
    new = snapshot(env)
    copy(states[0], env)
    assert begin(tiny, tmp_path, pkgs, monkeypatch, 0)
    copy(env, tmp_path / "begun")
    for _ in range(10):
        copy(tmp_path / "begun", env)
        for _ in range(chance.randrange(1, 6)):
            way = chance.choice([journal.finish, journal.revert])
            (env / "conda-meta/.resolvent-change/revert").unlink(missing_ok=True)
            with contextlib.suppress(Killed):
                killed_after(chance.randrange(45), way)(env)
                break
        journal.recover(env, prefer_revert=chance.random() < 0.5)
        assert snapshot(env) in (old, new)


def test_a_change_that_cannot_go_on_is_taken_back(
    tiny: Path, tmp_path: Path, pkgs: Path, states: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    env = tmp_path / "env"
    copy(states[0], env)
    old = snapshot(env, history=True)
    real, left = os.rename, [15]

    def rename(source: Any, target: Any) -> None:
        left[0] -= 1
        if left[0] == 0:
            raise OSError(5, "Input/output error", str(source))
        real(source, target)

    monkeypatch.setattr(os, "rename", rename)
    with pytest.raises(ChangeFailed, match=r"taken back.*Input/output error"):
        update(tiny, env, pkgs)
    assert difference(snapshot(env, history=True), old) == []


def test_a_plan_of_another_version_is_left_alone(
    tiny: Path, tmp_path: Path, pkgs: Path, states: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    env = tmp_path / "env"
    copy(states[0], env)
    assert begin(tiny, tmp_path, pkgs, monkeypatch, 5)
    plan = env / "conda-meta/.resolvent-change/plan.json"
    plan.write_text(plan.read_text().replace('"format": 1', '"format": 99'))
    before = snapshot(env, history=True)
    with pytest.raises(resolvent.ResolventError, match="another version of resolvent"):
        update(tiny, env, pkgs)
    assert snapshot(env, history=True) == before


#: Forks a process for each line it reads, so that Python starts once. A line is an action; the answer is the process
#: and then, when it has ended, how.
ZYGOTE = """
import os, sys
from pathlib import Path
from install_support import install
import rattler, resolvent.install
channel, env, pkgs = map(Path, sys.argv[1:4])
old, new = sys.argv[4].split(";"), sys.argv[5].split(";")
for line in sys.stdin:
    child = os.fork()
    if child == 0:
        action = line.strip()
        try:
            if action == "create":
                install(channel, env, old, cache=pkgs)
            elif action == "update":
                install(channel, env, new, cache=pkgs, mode="update")
            else:
                install(channel, env, ["libfoo", "app"], cache=pkgs, mode="remove")
        except BaseException as error:
            sys.stderr.write(f"{action}: {error!r}\\n")
            os._exit(1)
        os._exit(0)
    print(child, flush=True)
    print(os.waitpid(child, 0)[1], flush=True)
"""


class Zygote:
    """Starts processes that change one environment."""

    def __init__(self, channel: Path, env: Path, pkgs: Path) -> None:
        paths = os.pathsep.join([str(SUPPORT), str(SUPPORT.parent)])
        self.process = subprocess.Popen(
            [sys.executable, "-c", ZYGOTE, str(channel), str(env), str(pkgs), ";".join(OLD), ";".join(NEW)],
            env={**os.environ, "PYTHONPATH": paths},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def run(self, action: str, seconds: float | None = None) -> tuple[bool, float]:
        """Run an action, kill it after some seconds; return whether it was killed, and how long it ran."""
        assert self.process.stdin and self.process.stdout
        self.process.stdin.write(f"{action}\n")
        self.process.stdin.flush()
        child, start = int(self.process.stdout.readline()), time.monotonic()
        if seconds is not None:
            time.sleep(seconds)  # the moment of the kill is what is random here
            with contextlib.suppress(ProcessLookupError):
                os.kill(child, signal.SIGKILL)
        status = int(self.process.stdout.readline())
        assert os.WIFSIGNALED(status) or os.WEXITSTATUS(status) == 0, action
        return os.WIFSIGNALED(status), time.monotonic() - start

    def close(self) -> None:
        assert self.process.stdin
        self.process.stdin.close()
        self.process.wait(timeout=60)


@pytest.fixture
def zygote(tiny: Path, tmp_path: Path, pkgs: Path) -> Iterator[Zygote]:
    running = Zygote(tiny, tmp_path / "home" / "env", pkgs)
    yield running
    running.close()


def storm(kills: int, seed: int, tiny: Path, tmp_path: Path, pkgs: Path, zygote: Zygote) -> Counter[str]:
    """Kill so many processes that create, update or remove, by turns; count what was found after each."""
    home, env, chance = tmp_path / "home", tmp_path / "home" / "env", random.Random(seed)
    home.mkdir(exist_ok=True)
    saved, wanted, seconds = {}, {}, {}
    # Each action from its beginning to its end, once: what it takes, and what the environment is before and after.
    for action in ("create", "update", "remove"):
        saved[action] = tmp_path / f"before-{action}"
        before = snapshot(env)
        if env.exists():
            copy(env, saved[action])
        seconds[action] = zygote.run(action)[1]
        wanted[action] = (before, snapshot(env))
        assert resolvent.Environment(env).verify() == []
    counts: Counter[str] = Counter()
    while counts["killed"] < kills:
        number = counts["killed"] + counts["too late"]
        action = ("create", "update", "remove")[number % 3]
        shutil.rmtree(env, ignore_errors=True)
        if saved[action].exists():
            copy(saved[action], env)
        if chance.random() < 0.3:
            shutil.rmtree(pkgs, ignore_errors=True)  # fetching and unpacking are interrupted, too
        was_killed, took = zygote.run(action, chance.uniform(0, seconds[action]))
        counts["killed" if was_killed else "too late"] += 1
        if not was_killed:
            # The first time everything was cold; a kill that comes too late says what it takes now.
            seconds[action] = max(took, 0.7 * seconds[action])
            continue
        for path in (*home.glob(".env.*"), *env.glob("conda-meta/.resolvent-*")):
            if path.name != ".resolvent-revisions":
                counts[f"left {path.name}"] += 1
        if env.exists():
            counts[f"then {resolvent.Environment(env).recover() or 'nothing to do'}"] += 1
            state = snapshot(env)
        else:
            counts["then nothing there"] += 1
            state = {}
        old, new = wanted[action]
        either = min(difference(state, old), difference(state, new), key=len)
        assert either == [], (number, action)
        counts[f"{action}: {'new' if state == new else 'old'}"] += 1
        # And the environment goes on living: the same command brings it where it was to go.
        if state != new:
            zygote.run(action)
            assert difference(snapshot(env), new) == [], (number, action)
        assert {path.name for path in home.iterdir()} <= {".conda", "env"}
    return counts


def test_processes_killed_at_random_moments(tiny: Path, tmp_path: Path, pkgs: Path, zygote: Zygote) -> None:
    storm(15, 1, tiny, tmp_path, pkgs, zygote)


@pytest.mark.long
def test_three_hundred_kills(tiny: Path, tmp_path: Path, pkgs: Path, zygote: Zygote) -> None:
    counts = storm(300, 2, tiny, tmp_path, pkgs, zygote)
    sys.stderr.write(f"\n{dict(sorted(counts.items()))}\n")
