"""Write which network devices the machine has, for its screen: ``python3 -I devices.py FILE``.

The broker has a network namespace of its own and sees none of them. Here the kernel is asked, at
each change and every few seconds; no configuration is read. The first line of the file is when it
was written, in seconds on CLOCK_BOOTTIME, so that an old file can be told from a machine without
devices; each other line is the name of a device that is not lo.

It stands alone, without the package, as its neighbour does.
"""

from __future__ import annotations

import os
import select
import socket
import sys
import time
from contextlib import suppress
from pathlib import Path

# rtnetlink(7): devices come, go and change.
_LINKS = 1  # RTMGRP_LINK
_LOOPBACK = 1  # the number of lo in each network namespace (LOOPBACK_IFINDEX)
_INTERVAL = 5.0  # seconds; the broker takes a file of 15 as old
_CHUNK = 1 << 16


def record(path: Path) -> None:
    """Write the file, whole or not at all. Raises ``OSError``."""
    names = sorted(
        os.fsencode(name) for number, name in socket.if_nameindex() if number != _LOOPBACK
    )
    stamp = str(time.clock_gettime(time.CLOCK_BOOTTIME)).encode()
    new = path.with_name(f"{path.name}.new")
    new.write_bytes(b"".join(line + b"\n" for line in (stamp, *names)))
    new.chmod(0o644)  # the names of devices are no secret
    new.replace(path)


def main() -> None:
    """Go on until it is ended. Raises ``OSError``; systemd then starts it again."""
    path = Path(sys.argv[1])
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_NONBLOCK, 0) as kernel:
        kernel.bind((0, _LINKS))
        while True:
            record(path)
            select.select([kernel], [], [], _INTERVAL)
            with suppress(OSError):  # nothing is left, or more came than fits: it is asked again
                while kernel.recv(_CHUNK):
                    pass


if __name__ == "__main__":
    main()
