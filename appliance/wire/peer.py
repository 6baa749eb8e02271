"""The identity of the peer of a socket, from the kernel (SO_PEERCRED)."""

from __future__ import annotations

import socket
import struct
from dataclasses import dataclass
from typing import Self

_UCRED = struct.Struct("iII")  # struct ucred of unix(7): pid, uid, gid


@dataclass(frozen=True, slots=True)
class PeerCredentials:
    """Process, user and group id of a peer, in the reader's namespaces.

    They are those at the time of connect(2), or of socketpair(2).
    """

    process: int
    user: int
    group: int

    @classmethod
    def of(cls, connection: socket.socket) -> Self:
        """The peer of a connected AF_UNIX socket."""
        raw = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _UCRED.size)
        return cls(*_UCRED.unpack(raw))
