"""A touch screen at the machine's USB port: a digitizer with one finger (HID usage page 0x0D).

QEMU's own tablet is a mouse to USBGuard's rules, and refused. This one is what is on sale.
"""

from __future__ import annotations

import struct
import time
from pathlib import Path

from tests.lab.image.hid import IN, HidDevice
from tests.lab.image.usbredir import Plug

# Touch Screen, with one Finger: tip switch, then X and Y, each from 0 to 32767. With "in range" as
# well Linux would take it for a touchpad.
_REPORT = bytes.fromhex(
    "050d0904a1010922a102"
    "09421500250175019501810295078103"
    "05010930093126ff7f3500460010550e6511751095028102"
    "c0c0"
)
_RANGE = 32767
_PRODUCT, _PACKET = 0x70C5, 8
_TOUCHING, _AWAY = 0x01, 0x00
_STEPS, _PAUSE = 12, 0.05  # of a drag, and seconds between two reports


class TouchScreen:
    """Plugged in at the usb-redir that listens at ``socket``; places are shares of the screen."""

    def __init__(self, socket: Path) -> None:
        device = HidDevice(
            _PRODUCT, "Touch screen", "GLASS1", _REPORT, _PACKET, lambda _: None, listens=False
        )
        self._plug = Plug(socket, device)

    def tap(self, place: tuple[float, float]) -> None:
        """Touch it for a moment."""
        self._report(place, _TOUCHING)
        time.sleep(_PAUSE)
        self._report(place, _AWAY)

    def drag(self, start: tuple[float, float], end: tuple[float, float]) -> None:
        """From one place to another, without letting go."""
        for step in range(_STEPS + 1):
            share = step / _STEPS
            x, y = (a + (b - a) * share for a, b in zip(start, end, strict=True))
            self._report((x, y), _TOUCHING)
            time.sleep(_PAUSE)
        self._report(end, _AWAY)

    def pull(self) -> None:
        """Out of the machine."""
        self._plug.pull()

    def _report(self, place: tuple[float, float], state: int) -> None:
        x, y = (round(share * _RANGE) for share in place)
        self._plug.give(IN, struct.pack("<BHH", state, x, y))
