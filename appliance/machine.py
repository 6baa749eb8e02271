"""This machine: where its services listen, the id of its boot, a clock that cannot be set."""

from __future__ import annotations

import time
from pathlib import Path

RUN = Path("/run/appliance")
AUDIT_SOCKET = RUN / "audit.sock"
AUDITOR_SOCKET = RUN / "auditor.sock"
BROKER_SOCKET = RUN / "session.sock"
BURNER_SOCKET = RUN / "burner.sock"
RELEASER_SOCKETS = RUN / "releaser"
KEEPER_SOCKETS = RUN / "keeper"
WORKER_SOCKETS = RUN / "worker"
WORKSPACES = RUN / "workspace"

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


def boot_id() -> str:
    """The id that the kernel gave this boot: a random UUID (random(4))."""
    return _BOOT_ID.read_text().strip()


def seconds_since_boot() -> float:
    """Seconds on CLOCK_BOOTTIME, which runs through suspend and cannot be set."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)
