"""A FIDO2 security key at the machine's USB port, that is not in the machine."""

from __future__ import annotations

import struct
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from threading import Event, Thread

from tests.lab.guest.ctaphid import DESCRIPTOR, FRAME, Key
from tests.lab.image.usbredir import Plug

RELYING_PARTY = "pam://appliance"
"""Of pam_u2f, on each appliance (hardening/pam.d)."""

_OUT, _IN = 0x01, 0x81
_HID = 0x03
_INTERVAL = 5  # ms
_NUMBERS = 0x1209, 0xF1D0, 0x0100
# The requests of USB 2.0, table 9-4, and of HID 1.11, section 7.2, by type and number.
_GET_DESCRIPTOR, _GET_REPORT_DESCRIPTOR = (0x80, 6), (0x81, 6)
_GET_STATUS = ((0x80, 0), (0x81, 0), (0x82, 0))
_SET = ((0x00, 9), (0x01, 11), (0x00, 1), (0x01, 1), (0x02, 1), (0x21, 0x0A), (0x21, 0x0B))
_DEVICE, _CONFIGURATION, _STRING = 1, 2, 3
_INTERFACE, _ENDPOINT, _HID_DESCRIPTOR, _REPORT = 4, 5, 0x21, 0x22


class Token:
    """The device: descriptors as those of keys on sale, and the authenticator's frames."""

    numbers = _NUMBERS
    interface = (_HID, 0, 0)
    endpoints = {_OUT: _INTERVAL, _IN: _INTERVAL}  # noqa: RUF012 - of the protocol
    packet = FRAME

    def __init__(self, serial: str, take: Callable[[bytes], None]) -> None:
        self._strings = ("", "Lab", "Security key outside", serial)
        self._take = take

    def take(self, data: bytes) -> None:
        """See ``usbredir.Device``."""
        self._take(data.ljust(FRAME, b"\0"))

    def control(self, kind: int, request: int, value: int, data: bytes) -> bytes | None:
        """See ``usbredir.Device``."""
        match kind, request:
            case asked if asked == _GET_DESCRIPTOR:
                return self._descriptor(value >> 8, value & 0xFF)
            case asked if asked == _GET_REPORT_DESCRIPTOR:
                return {_REPORT: DESCRIPTOR, _HID_DESCRIPTOR: self._hid()}.get(value >> 8)
            case asked if asked in _GET_STATUS:
                return b"\0\0"
            case asked if asked in _SET:
                return b""
        return None

    def _descriptor(self, kind: int, number: int) -> bytes | None:
        if kind == _DEVICE:
            return struct.pack(
                "<BBHBBBBHHHBBBB", 18, _DEVICE, 0x0200, 0, 0, 0, FRAME, *_NUMBERS, 1, 2, 3, 1
            )
        if kind == _CONFIGURATION:
            inside = struct.pack("<BBBBBBBBB", 9, _INTERFACE, 0, 0, 2, *self.interface, 0)
            inside += self._hid()
            for address, interval in self.endpoints.items():
                inside += struct.pack("<BBBBHB", 7, _ENDPOINT, address, 3, FRAME, interval)
            # Powered by the bus, at most 100 mA.
            head = struct.pack("<BBHBBBBB", 9, _CONFIGURATION, 9 + len(inside), 1, 1, 0, 0x80, 50)
            return head + inside
        if kind == _STRING and number < len(self._strings):
            text = self._strings[number].encode("utf-16-le") if number else b"\x09\x04"
            return bytes([2 + len(text), _STRING]) + text
        return None

    def _hid(self) -> bytes:
        return struct.pack("<BBHBBBH", 9, _HID_DESCRIPTOR, 0x0111, 0, 1, _REPORT, len(DESCRIPTOR))


class SecurityKey:
    """Can be plugged in, touched and pulled.

    ``socket``: of the usb-redir that it is plugged into. ``state``: the file with its credentials.
    """

    def __init__(self, socket: Path, state: Path, pin: str, serial: str) -> None:
        self._socket = socket
        self._finger = Event()
        self._key = Key(pin, state, self._send, self._finger.is_set)
        self._device = Token(serial, self._key.take)
        self._plug: Plug | None = None
        Thread(target=self._answer, daemon=True).start()

    def plug_in(self) -> None:
        """Into the machine."""
        if self._plug is None:
            self._plug = Plug(self._socket, self._device)

    def pull(self) -> None:
        """Out of the machine."""
        plug, self._plug = self._plug, None
        if plug is not None:
            plug.pull()

    def finger(self, *, on: bool) -> None:
        """Leave a finger on it, or take it off."""
        if on:
            self._finger.set()
        else:
            self._finger.clear()

    def touch_when_it_blinks(self, seconds: float) -> None:
        """One touch, once it asks for one. Raises ``TimeoutError`` if it does not."""
        if not self._key.blinking.wait(seconds):
            raise TimeoutError
        self.finger(on=True)
        while self._key.blinking.is_set():
            time.sleep(0.02)
        self.finger(on=False)

    def line(self, user: str) -> str:
        """A registration for ``user``, as the site has it in its file of tokens."""
        return self._key.authenticator.registered(user, RELYING_PARTY)

    def _send(self, frame: bytes) -> None:
        plug = self._plug
        if plug is not None:
            with suppress(OSError):  # pulled meanwhile
                plug.give(_IN, frame)

    def _answer(self) -> None:
        while True:
            self._key.answer_next()
