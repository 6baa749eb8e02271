"""``python -m appliance.keeper SLOT``: hold one session, for one caller on systemd's socket."""

from __future__ import annotations

import json
import os
import signal
import socket
import sys
from collections.abc import Callable
from dataclasses import asdict
from functools import partial
from pathlib import Path

from appliance.errors import SessionError
from appliance.keeper import units
from appliance.keeper.protocol import Command, Erasure
from appliance.keeper.volume import Backing, LuksVolume, MemoryVolume, Volume
from appliance.keeper.wipe import wipe

_FIRST_DESCRIPTOR = 3  # SD_LISTEN_FDS_START of sd_listen_fds(3)
_MAX_COMMAND = 16  # bytes
_MIB = 1 << 20
_FILES = Path("/var/lib/appliance/workspace")


def main() -> int:
    """Serve one caller until it hangs up; returns 0 if nothing of its session is left."""
    slot = sys.argv[1]
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET, fileno=_FIRST_DESCRIPTOR)
    caller, _ = listener.accept()
    signal.signal(signal.SIGTERM, lambda *_: caller.shutdown(socket.SHUT_RDWR))
    return 0 if keep(caller, slot, volume_of(slot)) else 1


def keep(caller: socket.socket, slot: str, volume: Volume) -> bool:
    """Execute the commands of ``caller`` until it hangs up, then wipe.

    Returns whether nothing is left. An unknown command counts as hanging up.
    """
    actions: dict[bytes, Callable[[], Erasure | None]] = {
        Command.MAKE.value: lambda: volume.make(units.owner_of(slot)),
        Command.START.value: partial(units.start, slot),
        Command.FREEZE.value: partial(units.freeze, slot),
        Command.THAW.value: partial(units.thaw, slot),
        Command.KILL.value: partial(units.kill, slot),
        Command.WIPE.value: partial(wipe, slot, volume),
    }
    clean = False
    try:
        while (action := actions.get(caller.recv(_MAX_COMMAND))) is not None:
            answer, clean = _execute(action)
            caller.send(json.dumps(answer).encode())
    except OSError:
        pass  # the broker died before it received the answer
    return clean or wipe(slot, volume).failed is None


def _execute(action: Callable[[], Erasure | None]) -> tuple[dict[str, object], bool]:
    """The answer, and whether this was a wipe that left nothing."""
    try:
        erasure = action()
    except SessionError as error:
        return {"error": (error.message, error.hint)}, False
    except OSError as error:
        message = f"The workspace cannot be used ({os.strerror(error.errno or 0)})."
        return {"error": (message, "See the journal of the keeper and `dmesg`.")}, False
    return {"erasure": asdict(erasure)} if erasure else {}, bool(erasure and not erasure.failed)


def volume_of(slot: str) -> Volume:
    """The workspace, not made yet, with the settings that appliance-storage.service wrote."""
    size, inodes = int(os.environ["SIZE_MIB"]) * _MIB, int(os.environ["INODES"])
    if os.environ["BACKEND"] == "memory":
        return MemoryVolume(slot, size, inodes)
    device = os.environ["DEVICE"]
    if device:
        # Each slot has its own segment of the device.
        backing = Backing(Path(device), size, int(slot[1:]) * size, device=True)
    else:
        backing = Backing(_FILES / slot, size)
    return LuksVolume(slot, backing, inodes, discards=os.environ["DISCARDS"] == "yes")


if __name__ == "__main__":
    sys.exit(main())
