"""A client of a Wayland compositor, on the wire itself: lists what is offered, and moves a pointer.

A message is the object's number, the operation and the size in one word each half, then arguments
(The Wayland Protocol, chapter 4, "Wire Format"). The pointer is wlroots' own
zwlr_virtual_pointer_v1; it has to live on, because an application asks for a pointer only once the
seat says that there is one.
"""

from __future__ import annotations

import socket
import struct
import time
from collections.abc import Callable
from pathlib import Path

_DISPLAY, _LEFT_BUTTON = 1, 0x110  # wl_display has this number; linux/input-event-codes.h: BTN_LEFT
_STEPS = 12  # of a drag


class Wire:
    """A connection to the compositor that listens at ``path``."""

    def __init__(self, path: Path) -> None:
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.connect(str(path))
        self._next = 2
        self.globals: dict[str, tuple[int, int]] = {}
        """Each interface that is offered: its number, and its version."""
        self._registry = self.new()
        self.send(_DISPLAY, 1, struct.pack("<I", self._registry))
        self.wait()

    def close(self) -> None:
        """Hang up; what was made by this connection goes away."""
        self._socket.close()

    def new(self) -> int:
        """The number of a new object."""
        self._next += 1
        return self._next - 1

    def send(self, target: int, operation: int, arguments: bytes = b"") -> None:
        """One request to an object."""
        head = struct.pack("<IHH", target, operation, 8 + len(arguments))
        self._socket.sendall(head + arguments)

    def wait(self) -> None:
        """Until the compositor has done what was sent. Raises ``RuntimeError`` if it refuses."""
        done = self.new()
        self.send(_DISPLAY, 0, struct.pack("<I", done))
        while True:
            target, operation, arguments = self._read()
            if target == done:
                return
            if target == _DISPLAY and operation == 0:
                raise RuntimeError(arguments.decode(errors="replace"))
            if target == self._registry and operation == 0:
                number, size = struct.unpack_from("<II", arguments)
                name = arguments[8 : 8 + size - 1].decode()
                self.globals[name] = number, struct.unpack("<I", arguments[-4:])[0]

    def bind(self, interface: str, version: int) -> int:
        """The number of the compositor's ``interface`` for us. Raises ``KeyError`` without one."""
        number, _ = self.globals[interface]
        bound = self.new()
        name = interface.encode() + b"\0"
        words = struct.pack("<II", number, len(name)) + name + b"\0" * (-len(name) % 4)
        self.send(self._registry, 0, words + struct.pack("<II", version, bound))
        return bound

    def _read(self) -> tuple[int, int, bytes]:
        target, operation, size = struct.unpack("<IHH", self._exactly(8))
        return target, operation, self._exactly(size - 8)

    def _exactly(self, size: int) -> bytes:
        read = b""
        while len(read) < size:
            more = self._socket.recv(size - len(read))
            if not more:
                raise RuntimeError("the compositor has hung up")
            read += more
        return read


class Pointer:
    """A finger on a screen of ``size``, by the compositor; positions are its pixels."""

    def __init__(self, wire: Wire, size: tuple[int, int]) -> None:
        self._wire, self._size = wire, size
        manager = wire.bind("zwlr_virtual_pointer_manager_v1", 1)
        self._pointer = wire.new()
        wire.send(manager, 0, struct.pack("<II", 0, self._pointer))
        wire.wait()

    def move(self, x: int, y: int) -> None:
        """To a position."""
        self._say(1, struct.pack("<IIII", x, y, *self._size))

    def press(self) -> None:
        """The left button goes down."""
        self._say(2, struct.pack("<II", _LEFT_BUTTON, 1))

    def release(self) -> None:
        """The left button comes up."""
        self._say(2, struct.pack("<II", _LEFT_BUTTON, 0))

    def click(self, x: int, y: int) -> None:
        """Press and release at a position."""
        self.move(x, y)
        self.press()
        self.release()

    def drag(self, start: tuple[int, int], end: tuple[int, int]) -> None:
        """From ``start`` to ``end``, in steps, with the button down."""
        self.move(*start)
        self.press()
        for step in range(1, _STEPS + 1):
            x, y = (a + (b - a) * step // _STEPS for a, b in zip(start, end, strict=True))
            self.move(x, y)
        self.release()

    def _say(self, operation: int, arguments: bytes) -> None:
        now = struct.pack("<I", int(time.monotonic() * 1000) & 0xFFFFFFFF)
        self._wire.send(self._pointer, operation, now + arguments)
        self._wire.send(self._pointer, 4)  # the end of what belongs together
        self._wire.wait()


def until(holds: Callable[[], bool], seconds: float = 30) -> None:
    """Wait for an event of another process. Raises ``TimeoutError``."""
    end = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > end:
            raise TimeoutError
        time.sleep(0.02)
