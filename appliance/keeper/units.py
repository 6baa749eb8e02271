"""The units of a slot: its worker with its sockets, and the mount of its workspace.

systemd starts, confines, freezes and ends them; a keeper only says so.
"""

from __future__ import annotations

import errno
import os
import pwd
import time
from collections.abc import Iterator
from pathlib import Path

from appliance.errors import SessionError
from appliance.keeper.tools import run
from appliance.keeper.volume import Owner
from appliance.machine import WORKSPACES

_PROC = Path("/proc")
_CGROUP = Path("/sys/fs/cgroup/appliance.slice/appliance-worker.slice")
_GONE = 5.0  # seconds that killed processes may take to be gone


def owner_of(slot: str) -> Owner:
    """The user that the worker of this slot runs as; raises ``SessionError``."""
    try:
        entry = pwd.getpwnam(f"appliance-{slot}")
    except KeyError as error:
        raise SessionError(
            "The users of the workers are missing.", "Run systemd-sysusers, then try again."
        ) from error
    return Owner(entry.pw_uid, entry.pw_gid)


def start(slot: str) -> None:
    """Mount the workspace, listen for the worker and start it: its unit requires both.

    Returns once the worker runs its own program; raises ``SessionError``.
    """
    _workspace(slot).mkdir(mode=0o700, exist_ok=True)  # it stays: the next session is quicker
    run("systemctl", "start", f"appliance-worker@{slot}.service")


def freeze(slot: str) -> None:
    """The worker runs not one instruction more until it is thawed.

    Raises ``SessionError`` if it has not started. systemd makes it inside its control group and
    waits, deaf to all else, for its execve(2) (posix_spawn(3), POSIX_SPAWN_SETCGROUP): frozen
    before that, the worker would hold up systemd and with it the machine.
    """
    _control(slot, "cgroup.freeze", "1")
    if not _has_started(slot):
        raise SessionError("The worker has not started.", "End it.")


def thaw(slot: str) -> None:
    """It runs on."""
    _control(slot, "cgroup.freeze", "0")


def kill(slot: str) -> None:
    """End the worker and all that it started, frozen or not, in one step of the kernel.

    Raises ``SessionError`` if a process of its user is there after that.
    """
    # By the kernel alone before systemd is asked: what is frozen while systemd starts it would
    # keep systemd from hearing.
    _control(slot, "cgroup.kill", "1")
    # The socket first: a caller that waits there would have the worker started anew.
    run("systemctl", "stop", *(f"appliance-worker@{slot}.{kind}" for kind in ("socket", "service")))
    until = time.monotonic() + _GONE
    while any(processes_of(owner_of(slot).user)):
        if time.monotonic() > until:
            raise SessionError("A process of the worker outlived it.", "Restart the machine.")
        time.sleep(0.02)


def unmount(slot: str) -> None:
    """Take the workspace out of the tree of files; raises ``SessionError`` if it stays."""
    run("systemctl", "stop", f"appliance-workspace@{slot}.service")
    if _workspace(slot).is_mount():
        raise SessionError("The workspace is still mounted.", "Restart the machine.")


def processes_of(user: int) -> Iterator[int]:
    """The processes that run as this user."""
    for entry in _PROC.iterdir():
        if entry.name.isdecimal():
            try:
                if entry.stat().st_uid == user:
                    yield int(entry.name)
            except OSError:
                continue  # it ended meanwhile


def _has_started(slot: str) -> bool:
    """Whether the worker is there, and is no copy of systemd any more that is to become it."""
    try:
        starter = (_PROC / "1/comm").read_text()
        processes = (_group(slot) / "cgroup.procs").read_text().split()
        names = [(_PROC / process / "comm").read_text() for process in processes]
    except OSError:
        return False  # it never started, or is gone
    return bool(names) and starter not in names


def _workspace(slot: str) -> Path:
    return WORKSPACES / slot


def _group(slot: str) -> Path:
    return _CGROUP / f"appliance-worker@{slot}.service"


def _control(slot: str, knob: str, value: str) -> None:
    """Write to the worker's control group; raises ``SessionError`` if the kernel refuses."""
    try:
        (_group(slot) / knob).write_text(value)
    except OSError as error:
        if error.errno not in (errno.ENOENT, errno.ENODEV):  # it never started, or is gone
            raise SessionError(
                f"The worker cannot be controlled ({os.strerror(error.errno or 0)}).",
                "Check that the units of hardening/ are installed as they stand.",
            ) from error
