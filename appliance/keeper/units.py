"""The units of a slot: its worker with its socket, and the mount of its workspace.

systemd starts, confines and stops them at a keeper's request; the kernel freezes and kills.
"""

from __future__ import annotations

import errno
import os
import pwd
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from appliance.errors import SessionError
from appliance.keeper.tools import run
from appliance.keeper.volume import Owner
from appliance.machine import WORKSPACES

_PROC = Path("/proc")
_CGROUP = Path("/sys/fs/cgroup/appliance.slice/appliance-worker.slice")
_PATIENCE = 5.0  # seconds that killed processes may take to disappear


def owner_of(slot: str) -> Owner:
    """The user that the worker of this slot runs as; raises ``SessionError`` if there is none."""
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
    # Kept after the session, so that the next one starts sooner.
    _workspace(slot).mkdir(mode=0o700, exist_ok=True)
    run("systemctl", "start", f"appliance-worker@{slot}.service")


def freeze(slot: str) -> None:
    """Stop the worker, to the instruction, until it is thawed.

    Raises ``SessionError`` if it has not started. systemd creates the process inside its control
    group and blocks until its execve(2) (posix_spawn(3), POSIX_SPAWN_SETCGROUP): a worker frozen
    before that would block systemd, and with it the machine.
    """
    _control(slot, "cgroup.freeze", "1")
    if not _has_started(slot):
        raise SessionError("The worker has not started.", "End it.")


def thaw(slot: str) -> None:
    """Let it continue; raises ``SessionError`` if the kernel refuses."""
    _control(slot, "cgroup.freeze", "0")


def kill(slot: str) -> None:
    """Kill the worker and all its children at once, frozen or not.

    Raises ``SessionError`` if a process of its user is left after that.
    """
    # Through the kernel before systemd is asked: a process that is frozen while systemd starts it
    # blocks systemd.
    _control(slot, "cgroup.kill", "1")
    # The socket first: a caller that waits there would have the worker started again.
    run("systemctl", "stop", *(f"appliance-worker@{slot}.{kind}" for kind in ("socket", "service")))
    until = time.monotonic() + _PATIENCE
    while any(processes_of(owner_of(slot).user)):
        if time.monotonic() > until:
            raise SessionError("A process of the worker outlived it.", "Restart the machine.")
        time.sleep(0.02)


def unmount(slot: str) -> None:
    """Unmount the workspace; raises ``SessionError`` if it stays mounted."""
    run("systemctl", "stop", f"appliance-workspace@{slot}.service")
    if _workspace(slot).is_mount():
        raise SessionError("The workspace is still mounted.", "Restart the machine.")


def processes_of(user: int) -> Iterator[int]:
    """The ids of the processes that run as this user id."""
    for entry in _PROC.iterdir():
        with suppress(OSError):  # it has ended
            if entry.name.isdecimal() and entry.stat().st_uid == user:
                yield int(entry.name)


def _has_started(slot: str) -> bool:
    """Whether the worker runs its own program, and not yet as a copy of systemd."""
    try:
        # As bytes: a worker chooses the names of its processes.
        starter = (_PROC / "1/comm").read_bytes()
        processes = (_group(slot) / "cgroup.procs").read_text().split()
        names = [(_PROC / process / "comm").read_bytes() for process in processes]
    except OSError:
        return False  # it never started, or has ended
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
        if error.errno not in (errno.ENOENT, errno.ENODEV):  # it never started, or has ended
            raise SessionError(
                f"The worker cannot be controlled ({os.strerror(error.errno or 0)}).",
                "Check that the units of hardening/ are installed unchanged.",
            ) from error
