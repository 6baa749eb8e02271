"""Messages and descriptors on one connected socket."""

from __future__ import annotations

import array
import os
import select
import socket
import time
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from threading import Lock
from typing import Self

from appliance.errors import WireError
from appliance.wire.peer import PeerCredentials

MAX_MESSAGE = 64 * 1024  # bytes, without the NUL
MAX_DESCRIPTORS = 4  # a message

_CHUNK = 16 * 1024


class Connection:
    """Messages and descriptors on one connected AF_UNIX SOCK_STREAM socket."""

    def __init__(self, connection: socket.socket) -> None:
        self._socket = connection
        self._bytes = bytearray()
        self._descriptors: list[int] = []
        self._waiting: deque[tuple[bytes, list[int]]] = deque()
        self._sending = Lock()
        self.peer = PeerCredentials.of(connection)

    @classmethod
    def to(cls, path: Path) -> Self:
        """Connect to the service that listens at ``path``.

        Raises ``WireError``, also at once if too many others wait for that service already.
        """
        return cls(connect_to(path))

    def receive(self, timeout: float | None = None) -> tuple[bytes, list[int]] | None:
        """The next message and its descriptors, which the caller must close; ``None`` at the end.

        ``timeout`` in seconds. Raises ``WireError`` if the peer breaks a limit or takes longer; the
        connection is unusable then.
        """
        until = None if timeout is None else time.monotonic() + timeout
        while not self._waiting:
            if until is not None and not self._readable(until - time.monotonic()):
                raise broken("the other end takes too long")
            if not self._fill():
                return None
        return self._waiting.popleft()

    def send(self, message: bytes, descriptors: Sequence[int] = (), *, wait: bool = True) -> None:
        """Send one message, from any thread.

        Raises ``WireError`` if it breaks a limit or the peer is gone; without ``wait`` also if it
        would have to wait for the peer to read.
        """
        if len(message) > MAX_MESSAGE or len(descriptors) > MAX_DESCRIPTORS:
            raise broken("a message is too long, or has too many descriptors")
        framed = memoryview(message + b"\0")
        rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", descriptors))]
        flags = 0 if wait else socket.MSG_DONTWAIT
        try:
            with self._sending:
                sent = self._socket.sendmsg([framed], rights if descriptors else [], flags)
                if sent < len(framed):  # an empty send fails if the peer has hung up
                    if not wait:
                        raise broken("the other end does not read")
                    self._socket.sendall(framed[sent:])
        except BlockingIOError as error:
            raise broken("the other end does not read") from error
        except OSError as error:
            raise broken("the other end is gone") from error

    def has_hung_up(self) -> bool:
        """Whether the peer sends nothing any more, as it has closed its end or that direction."""
        poll = select.poll()
        poll.register(self._socket, select.POLLRDHUP)
        return bool(poll.poll(0))

    def hang_up(self) -> None:
        """Let nothing through any more, from any thread: who waits to receive sees the end."""
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Hang up, and close descriptors that arrived and were not taken."""
        # shutdown wakes a thread that waits in receive; close alone does not.
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        for _, descriptors in self._waiting:
            close_all(descriptors)
        self._waiting.clear()
        close_all(self._descriptors)
        self._descriptors = []

    def _readable(self, seconds: float) -> bool:
        """Whether there is something to read, or the end, before so many seconds have passed."""
        poll = select.poll()
        poll.register(self._socket, select.POLLIN)
        return bool(poll.poll(max(0.0, seconds) * 1000))

    def _fill(self) -> bool:
        """Read once. False at the end; raises ``WireError`` if the peer breaks a limit."""
        room = socket.CMSG_SPACE(MAX_DESCRIPTORS * array.array("i").itemsize)
        try:
            data, ancillary, flags, _ = self._socket.recvmsg(_CHUNK, room, socket.MSG_CMSG_CLOEXEC)
        except OSError as error:
            raise broken("the other end is gone") from error
        for level, kind, content in ancillary:
            if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
                self._descriptors += _integers(content)
        if flags & socket.MSG_CTRUNC or len(self._descriptors) > MAX_DESCRIPTORS:
            raise broken("too many descriptors")
        if not data:
            if self._bytes:
                raise broken("it ended within a message")
            return False
        self._bytes += data
        self._split()
        return True

    def _split(self) -> None:
        """Take whole messages out of what was read; descriptors belong to the first of them."""
        *whole, rest = bytes(self._bytes).split(b"\0")
        if any(len(message) > MAX_MESSAGE for message in (*whole, rest)):
            raise broken("a message is too long")
        for message in whole:
            self._waiting.append((message, self._descriptors))
            self._descriptors = []
        self._bytes = bytearray(rest)


def connect_to(path: Path) -> socket.socket:
    """A connected socket, which may be passed on.

    Raises ``WireError``, also at once if too many others wait for that service already.
    """
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        connection.setblocking(False)  # connect(2) could wait for ever
        connection.connect(os.fspath(path))
        connection.setblocking(True)
    except OSError as error:
        connection.close()
        raise WireError(
            f"The service does not answer ({error.strerror}).",
            "Start it, and call it as a user that it serves.",
        ) from error
    return connection


def _integers(content: bytes) -> list[int]:
    found = array.array("i")
    found.frombytes(content[: len(content) - len(content) % found.itemsize])
    return found.tolist()


def close_all(descriptors: Sequence[int]) -> None:
    """Close all of these descriptors."""
    for descriptor in descriptors:
        os.close(descriptor)


def broken(why: str) -> WireError:
    """The error that ends a connection."""
    return WireError(f"The connection broke off: {why}.", "Try again; see the service's journal.")
