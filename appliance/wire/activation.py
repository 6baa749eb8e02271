"""Socket activation: a service takes over the socket that systemd listens on for it.

See sd_listen_fds(3) for the protocol.
"""

from __future__ import annotations

import os
import socket

from appliance.errors import WireError

_FIRST_DESCRIPTOR = 3  # SD_LISTEN_FDS_START


def listening_socket(kind: socket.SocketKind, unit: str) -> socket.socket:
    """The one AF_UNIX socket of type ``kind`` that was passed to this process.

    ``unit`` is the socket unit that passes it, for the hint. Raises ``WireError`` if none, or more
    than one, was passed.
    """
    meant_for_us = os.environ.get("LISTEN_PID") == str(os.getpid())
    if not meant_for_us or os.environ.get("LISTEN_FDS") != "1":
        raise WireError(
            "systemd passed no socket to serve on.", f"Start {unit} instead of this program."
        )
    # Family and type are given, not asked of the kernel: a worker is left with few system calls.
    return socket.socket(socket.AF_UNIX, kind, fileno=_FIRST_DESCRIPTOR)
