"""The HID side of a FIDO2 security key: frames of 64 bytes (CTAP 2.1, section 11.2), in and out.

Who carries the frames is another's business: ``fido_token.py`` by a device of the kernel within the
machine, ``tests/lab/image/security_key.py`` by USB from outside.
"""

from __future__ import annotations

import struct
import threading
import time
from collections.abc import Callable
from pathlib import Path
from queue import Queue

from tests.lab.guest.authenticator import Authenticator

# The report descriptor that the FIDO HID protocol prescribes (CTAP 2.1, section 11.2.8.1).
DESCRIPTOR = bytes.fromhex("06d0f10901a1010920150026ff007508954081020921150026ff00750895409102c0")
FRAME = 64
"""Bytes of a frame."""

_INIT, _MESSAGE, _CANCEL, _KEEPALIVE, _ERROR = 0x06, 0x10, 0x11, 0x3B, 0x3F
_PATIENCE, _BEAT = 30.0, 0.1  # seconds that a finger is waited for, and between signs of life
_USER_PRESENCE_NEEDED = b"\x02"


class Key:
    """An authenticator behind frames.

    ``send`` takes a frame to the machine; ``touched`` says whether a finger is on the key now.
    """

    def __init__(
        self, pin: str, state: Path, send: Callable[[bytes], None], touched: Callable[[], bool]
    ) -> None:
        self._send, self._touched = send, touched
        self.authenticator = Authenticator(pin, self._finger, state)
        self._messages: Queue[tuple[int, int, bytes]] = Queue()
        self._cancelled = threading.Event()
        self.blinking = threading.Event()
        """Set while it waits for a finger."""
        self._channel = self._channels = 0
        self._partial: tuple[int, int, int, bytes] | None = None

    def take(self, frame: bytes) -> None:
        """A frame from the machine; a whole message is answered by ``answer_next``."""
        (sender,) = struct.unpack_from(">I", frame)
        if frame[4] & 0x80:
            (length,) = struct.unpack_from(">H", frame, 5)
            self._partial = sender, frame[4] & 0x7F, length, frame[7 : 7 + length]
        elif self._partial is not None and self._partial[0] == sender:
            _, command, length, data = self._partial
            self._partial = sender, command, length, data + frame[5 : 5 + length - len(data)]
        if self._partial is None or len(self._partial[3]) < self._partial[2]:
            return
        channel, command, _, data = self._partial
        self._partial = None
        if command == _CANCEL:
            self._cancelled.set()
        else:
            self._messages.put((channel, command, data))

    def answer_next(self) -> None:
        """Answer the next whole message, once it is there."""
        channel, command, data = self._messages.get()
        self._channel = channel
        self._cancelled.clear()
        if command == _INIT:
            self._channels += 1
            about = struct.pack(">IBBBBB", self._channels, 2, 1, 0, 0, 0x04)
            self._say(channel, _INIT, data + about)
        elif command == _MESSAGE:
            self._say(channel, _MESSAGE, self.authenticator.answer(data))
        else:
            self._say(channel, _ERROR, b"\x01")

    def _finger(self) -> bool:
        end = time.monotonic() + _PATIENCE
        self.blinking.set()
        try:
            while time.monotonic() < end and not self._cancelled.is_set():
                if self._touched():
                    return True
                self._say(self._channel, _KEEPALIVE, _USER_PRESENCE_NEEDED)
                time.sleep(_BEAT)
            return False
        finally:
            self.blinking.clear()

    def _say(self, channel: int, command: int, data: bytes) -> None:
        """One message, cut into frames."""
        frames = [struct.pack(">IBH", channel, command | 0x80, len(data)) + data[:57]]
        rest = data[57:]
        for number in range((len(rest) + 58) // 59):
            part = rest[number * 59 : (number + 1) * 59]
            frames.append(struct.pack(">IB", channel, number) + part)
        for frame in frames:
            self._send(frame.ljust(FRAME, b"\0"))
