"""The units of a slot: its worker with its sockets, and the mount of its workspace.

systemd starts, confines, freezes and ends them; the broker only says so.
"""

from __future__ import annotations

import errno
import os
import pwd
import time
from collections.abc import Iterator
from pathlib import Path

from appliance.errors import SessionError
from appliance.session.tools import call
from appliance.session.volume import Owner

_RUN = Path("/run/appliance")
_PROC = Path("/proc")
_CGROUP = Path("/sys/fs/cgroup/appliance.slice/appliance-worker.slice")
_GONE = 5.0  # seconds that killed processes may take to be gone


def worker_socket(slot: str) -> Path:
    """Where the worker of a slot takes calls; only root may connect."""
    return _RUN / "worker" / f"{slot}.sock"


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
    """Mount the workspace and listen for the worker, which starts with the first call."""
    call("systemctl", "start", f"appliance-workspace@{slot}.service")
    call("systemctl", "start", f"appliance-worker@{slot}.socket")


def freeze(slot: str) -> None:
    """The worker runs not one instruction more until it is thawed."""
    _control(slot, "cgroup.freeze", "1")


def thaw(slot: str) -> None:
    """It runs on."""
    _control(slot, "cgroup.freeze", "0")


def kill(slot: str) -> None:
    """End the worker and all that it started, frozen or not, in one step of the kernel.

    Raises ``SessionError`` if a process of its user is there after that.
    """
    # The socket first: a caller that waits there would start the worker anew.
    call("systemctl", "stop", f"appliance-worker@{slot}.socket")
    _control(slot, "cgroup.kill", "1")
    call("systemctl", "stop", f"appliance-worker@{slot}.service")
    _reset(slot)
    until = time.monotonic() + _GONE
    while any(processes_of(owner_of(slot).user)):
        if time.monotonic() > until:
            raise SessionError("A process of the worker outlived it.", "Restart the machine.")
        time.sleep(0.02)


def unmount(slot: str) -> None:
    """Take the workspace out of the tree of files; raises ``SessionError`` if it stays."""
    call("systemctl", "stop", f"appliance-workspace@{slot}.service")
    if os.path.ismount(_RUN / "workspace" / slot):
        raise SessionError("The workspace is still mounted.", "Restart the machine.")


def empty_caches() -> None:
    """Wipe what projects keep to be quicker; their work stays."""
    call("systemctl", "start", "--no-block", "appliance-daily.service")


def processes_of(user: int) -> Iterator[int]:
    """The processes that run as this user."""
    for entry in _PROC.iterdir():
        if entry.name.isdecimal():
            try:
                if entry.stat().st_uid == user:
                    yield int(entry.name)
            except OSError:
                continue  # it ended meanwhile


def _control(slot: str, knob: str, value: str) -> None:
    """Write to the worker's control group; raises ``SessionError`` if the kernel refuses."""
    try:
        (_CGROUP / f"appliance-worker@{slot}.service" / knob).write_text(value)
    except OSError as error:
        if error.errno not in (errno.ENOENT, errno.ENODEV):  # it never started, or is gone
            raise SessionError(
                f"The worker cannot be controlled ({os.strerror(error.errno or 0)}).",
                "Check that the units of hardening/ are installed as they stand.",
            ) from error


def _reset(slot: str) -> None:
    """A killed worker counts as failed; that must not block the next."""
    for kind in ("service", "socket"):
        try:
            call("systemctl", "reset-failed", f"appliance-worker@{slot}.{kind}")
        except SessionError:
            continue  # it has not failed
