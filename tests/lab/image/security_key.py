"""A FIDO2 security key at the machine's USB port, that is not in the machine."""

from __future__ import annotations

import time
from contextlib import suppress
from pathlib import Path
from threading import Event, Thread

from tests.lab.guest.ctaphid import DESCRIPTOR, FRAME, Key
from tests.lab.image.hid import IN, HidDevice
from tests.lab.image.usbredir import Plug

RELYING_PARTY = "pam://appliance"
"""Of pam_u2f, on each appliance (hardening/pam.d)."""

_PRODUCT = 0xF1D0


class SecurityKey:
    """Can be plugged in, touched and pulled.

    ``socket``: of the usb-redir that it is plugged into. ``state``: the file with its credentials.
    """

    def __init__(self, socket: Path, state: Path, pin: str, serial: str) -> None:
        self._socket = socket
        self._finger = Event()
        self._key = Key(pin, state, self._send, self._finger.is_set)
        self._device = HidDevice(
            _PRODUCT, "Security key", serial, DESCRIPTOR, FRAME, self._take, listens=True
        )
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
                plug.give(IN, frame)

    def _take(self, data: bytes) -> None:
        self._key.take(data.ljust(FRAME, b"\0"))

    def _answer(self) -> None:
        while True:
            self._key.answer_next()
