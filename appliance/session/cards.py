"""Which smart cards are plugged in, by the PKCS#11 module that logins go through.

The module is foreign code, so it runs in a child (``python -m appliance.session.cards MODULE``),
which reports twice a second: a line of serial numbers. If the child ends or falls silent, no card
counts as plugged in, and the sessions that were opened with one lock.
"""

from __future__ import annotations

import os
import select
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from threading import Lock
from typing import Any

_MODULE = Path("/usr/lib/appliance/pkcs11.so")  # as hardening/pam.d/appliance-piv names it
_INTERVAL = 0.5  # seconds between two reports of the child
_SILENCE = 5.0  # seconds without a report after which no card counts as plugged in
_CHUNK = 4096  # bytes read at once


class Cards:
    """The last report of the child. For several threads; nothing waits for the child."""

    def __init__(self, module: Path = _MODULE, *, silence: float = _SILENCE) -> None:
        """``silence``: seconds without a report after which no card counts as plugged in."""
        self.module = module
        self._silence = silence
        self._child: subprocess.Popen[bytes] | None = None
        self._present: frozenset[str] = frozenset()
        self._reported = 0.0
        self._rest = b""
        self._lock = Lock()

    def present(self) -> frozenset[str]:
        """The serial numbers of the cards that are plugged in.

        None is until the child has reported for the first time. Raises ``OSError`` if it cannot be
        started.
        """
        with self._lock:
            if self._child is None or self._child.poll() is not None:
                self._start()
            self._read_reports()
            silent = time.monotonic() - self._reported > self._silence
            return frozenset() if silent else self._present

    @property
    def process_id(self) -> int | None:
        """Of the child, if there is one."""
        return None if self._child is None else self._child.pid

    def close(self) -> None:
        """End the child."""
        if self._child is not None:
            self._child.kill()
            if self._child.stdout is not None:
                self._child.stdout.close()  # not read to its end, which others may keep open
            self._child.wait()

    def _start(self) -> None:
        self.close()
        self._present, self._rest = frozenset(), b""
        self._child = subprocess.Popen(  # noqa: S603 - our own module
            (sys.executable, "-I", "-m", "appliance.session.cards", self.module),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )

    def _read_reports(self) -> None:
        """Read all reports there are."""
        if self._child is None or self._child.stdout is None:
            return
        reports = self._child.stdout.fileno()
        while select.select([reports], [], [], 0)[0]:
            received = os.read(reports, _CHUNK)
            if not received:
                self._present = frozenset()
                return
            *lines, self._rest = (self._rest + received).split(b"\n")
            if lines:
                self._present = frozenset(lines[-1].decode().split())
                self._reported = time.monotonic()


def _report(plugged_in: Callable[[], frozenset[str]]) -> None:
    """In the child: report what is plugged in, for ever."""
    while True:
        os.write(1, " ".join(sorted(plugged_in())).encode() + b"\n")
        time.sleep(_INTERVAL)


def _lister(module: str) -> Callable[[], frozenset[str]]:
    """In the child: what lists cards by a PKCS#11 module; without the module there are none."""
    import pkcs11  # noqa: PLC0415 - only the child loads it
    from pkcs11.exceptions import PKCS11Error  # noqa: PLC0415

    def serials(library: Any) -> frozenset[str]:
        tokens = [slot.get_token() for slot in library.get_slots(token_present=True)]
        known = (token for token in tokens if token.flags & pkcs11.TokenFlag.TOKEN_INITIALIZED)
        return frozenset(token.serial.hex() for token in known)

    def plugged_in() -> frozenset[str]:
        with suppress(PKCS11Error, RuntimeError):
            library = pkcs11.lib(module)
            with suppress(PKCS11Error):  # a slot whose card was pulled
                if found := serials(library):
                    return found
            # Some modules find a card that was plugged in only after they were reinitialised.
            library.reinitialize()
            return serials(library)
        return frozenset()

    return plugged_in


if __name__ == "__main__":
    _report(_lister(sys.argv[1]))
