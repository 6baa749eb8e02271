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

from appliance.errors import SessionError
from appliance.keeper import units
from appliance.keeper.protocol import Command, Erasure
from appliance.keeper.settings import volume_of
from appliance.keeper.volume import Volume
from appliance.keeper.wipe import wipe

_FIRST_DESCRIPTOR = 3  # SD_LISTEN_FDS_START of sd_listen_fds(3)
_MAX_COMMAND = 16  # bytes


def main() -> int:
    """Serve one caller until it hangs up; returns 0 if nothing of its session is left."""
    slot = sys.argv[1]
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET, fileno=_FIRST_DESCRIPTOR)
    caller, _ = listener.accept()
    signal.signal(signal.SIGTERM, lambda *_: caller.shutdown(socket.SHUT_RDWR))
    try:
        volume = volume_of(slot)
    except SessionError as error:
        sys.stderr.write(f"error: {error.message}\nhint: {error.hint}\n")
        return 1
    return 0 if keep(caller, slot, volume) else 1


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


if __name__ == "__main__":
    sys.exit(main())
