"""A FIDO2 security key in software, for tests: ``authenticator.py`` over /dev/uhid.

A finger is on it while ``/run/token-touch`` exists, on one of a NAME while
``/run/token-touch-NAME`` does.

    fido_token.py PIN [NAME]
"""

from __future__ import annotations

import os
import struct
import sys
from pathlib import Path
from threading import Thread

from tests.lab.guest.ctaphid import DESCRIPTOR, FRAME, Key

_UHID_CREATE2, _UHID_OUTPUT, _UHID_INPUT2 = 11, 6, 12


class Wire:
    """A HID device that the kernel believes in."""

    def __init__(self) -> None:
        self._device = os.open("/dev/uhid", os.O_RDWR)
        head = b"Lab token".ljust(128, b"\0") + b"lab".ljust(64, b"\0") + b"1".ljust(64, b"\0")
        numbers = struct.pack("<HHIIII", len(DESCRIPTOR), 3, 0x1209, 0xF1D0, 1, 0)
        self._event(_UHID_CREATE2, head + numbers + DESCRIPTOR.ljust(4096, b"\0"))

    def _event(self, kind: int, body: bytes) -> None:
        os.write(self._device, (struct.pack("<I", kind) + body).ljust(4380, b"\0"))

    def send(self, frame: bytes) -> None:
        """A frame to the machine."""
        self._event(_UHID_INPUT2, struct.pack("<H", FRAME) + frame)

    def receive(self) -> bytes:
        """The next frame from the machine."""
        while True:
            event = os.read(self._device, 4380)
            if struct.unpack_from("<I", event)[0] == _UHID_OUTPUT:
                size = struct.unpack_from("<H", event, 4 + 4096)[0]
                return event[4 : 4 + size][-FRAME:]


def main() -> None:
    """Be a token until killed."""
    suffix = f"-{sys.argv[2]}" if len(sys.argv) > 2 else ""
    wire = Wire()
    touch = Path(f"/run/token-touch{suffix}")
    key = Key(sys.argv[1], Path(f"/run/token-keys{suffix}"), wire.send, touch.exists)

    def receive() -> None:
        while True:
            key.take(wire.receive())

    Thread(target=receive, daemon=True).start()
    print("token plugged in", flush=True)
    while True:
        key.answer_next()


if __name__ == "__main__":
    main()
