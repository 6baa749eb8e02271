"""Which smart cards are plugged in, by the PKCS#11 module that logins go through.

That is foreign code, so it runs in a child (``python -m appliance.session.cards MODULE``), which
says twice a second what is there: a line of serial numbers. If it ends or falls silent, no card is
known to be there, and what a card opened locks.
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
_ROUND = 0.5  # seconds between the child's looks
_FIRST = 20.0  # seconds that it may take to start
_SILENCE = 5.0  # seconds after which it does not know any more
_MOST = 4096  # bytes read at once


class Cards:
    """What the child said last. Several threads may ask."""

    def __init__(self, module: Path = _MODULE) -> None:
        self._module = module
        self._child: subprocess.Popen[bytes] | None = None
        self._present: frozenset[str] = frozenset()
        self._heard = 0.0
        self._rest = b""
        self._lock = Lock()

    def present(self) -> frozenset[str]:
        """The serial numbers of the cards that are plugged in."""
        with self._lock:
            patience = 0.0
            if self._child is None or self._child.poll() is not None:
                self._start()
                patience = _FIRST
            self._listen(patience)
            silent = time.monotonic() - self._heard > _SILENCE
            return frozenset() if silent else self._present

    def close(self) -> None:
        """End the child."""
        if self._child is not None:
            self._child.kill()
            self._child.communicate()

    def _start(self) -> None:
        self.close()
        self._present, self._rest = frozenset(), b""
        self._child = subprocess.Popen(  # noqa: S603 - our own module
            (sys.executable, "-I", "-m", "appliance.session.cards", self._module),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )

    def _listen(self, patience: float) -> None:
        """Hear all that the child has said; wait for its first word."""
        if self._child is None or self._child.stdout is None:
            return
        said = self._child.stdout.fileno()
        while select.select([said], [], [], patience)[0]:
            heard = os.read(said, _MOST)
            if not heard:
                self._present = frozenset()
                return
            *lines, self._rest = (self._rest + heard).split(b"\n")
            if lines:
                self._present = frozenset(lines[-1].decode().split())
                self._heard = time.monotonic()
            patience = 0.0


def _watch(look: Callable[[], frozenset[str]]) -> None:
    """In the child: say what is there, over and over."""
    while True:
        os.write(1, " ".join(sorted(look())).encode() + b"\n")
        time.sleep(_ROUND)


def _looks_through(module: str) -> Callable[[], frozenset[str]]:
    """In the child: a look through a PKCS#11 module; without it there are no cards."""
    import pkcs11  # noqa: PLC0415 - only the child loads it
    from pkcs11.exceptions import PKCS11Error  # noqa: PLC0415

    def serials(library: Any) -> frozenset[str]:
        tokens = [slot.get_token() for slot in library.get_slots(token_present=True)]
        known = (token for token in tokens if token.flags & pkcs11.TokenFlag.TOKEN_INITIALIZED)
        return frozenset(token.serial.hex() for token in known)

    def look() -> frozenset[str]:
        with suppress(PKCS11Error, RuntimeError):
            library = pkcs11.lib(module)
            with suppress(PKCS11Error):  # a slot whose card was pulled
                if there := serials(library):
                    return there
            # Some modules find a card that was put in only if they start afresh.
            library.reinitialize()
            return serials(library)
        return frozenset()

    return look


if __name__ == "__main__":
    _watch(_looks_through(sys.argv[1]))
