"""The standard three descriptors, which a launcher or a daemon may have closed."""

from __future__ import annotations

import os
import sys
from contextlib import suppress

_NAMES = ("stdin", "stdout", "stderr")


def open_closed_streams() -> None:
    """Connect each standard descriptor that is closed to /dev/null, and its Python stream to it.

    Call it before anything else: the next file that a process opens gets the lowest free number,
    and what a library prints would then go into a photo or a ledger. Python has no stream at all
    (``None``) for a descriptor that was closed when it started.
    """
    for number, name in enumerate(_NAMES):
        if not _is_open(number):
            # The lowest free number, as those below are open by now.
            os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)
        if getattr(sys, name) is None:
            stream = os.fdopen(number, "w" if number else "r", errors="replace", closefd=False)
            setattr(sys, name, stream)


def _is_open(number: int) -> bool:
    with suppress(OSError):
        os.fstat(number)
        return True
    return False
