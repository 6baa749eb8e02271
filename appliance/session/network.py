"""Which network devices the machine has, as it was last probed where they can be seen.

The broker has a network namespace of its own, in which there is only lo whatever the machine has.
So ``appliance-network.service``, in that of the machine, writes a file: at each change, and every
few seconds to show that it still looks. A file that has become old says nothing.
"""

from __future__ import annotations

import math
import socket
from collections.abc import Callable
from pathlib import Path

from appliance import machine

FILE = machine.RUN / "network/devices"
_OLDEST = 15.0  # seconds; it is written every 5
_LOOPBACK = 1  # the number of lo in each network namespace (LOOPBACK_IFINDEX)
_LONGEST = 1 << 16  # bytes of the file; a name has at most 15
_MOST = 256  # names that are passed on


def recorded(
    path: Path = FILE, clock: Callable[[], float] = machine.seconds_since_boot
) -> list[str] | None:
    """The names in the file; ``None`` if there is none, it is old, or it cannot be understood.

    Its first line is when it was written, in seconds on CLOCK_BOOTTIME; each other line is a name.
    """
    try:
        with path.open("rb") as file:
            data = file.read(_LONGEST + 1)
        stamp, *names = data.decode("utf-8", "backslashreplace").split("\n")
        age = clock() - float(stamp)
    except (OSError, ValueError):
        return None
    whole = names[-1:] == [""] and len(data) <= _LONGEST
    if not whole or not math.isfinite(age) or not 0 <= age <= _OLDEST:
        return None
    return names[:-1][:_MOST]


def probed() -> list[str] | None:
    """The names of the network devices in the namespace of this process; ``None`` if unknown."""
    try:
        found = socket.if_nameindex()
    except OSError:
        return None
    names = sorted(name for number, name in found if number != _LOOPBACK)
    return [
        name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
        for name in names
    ][:_MOST]
