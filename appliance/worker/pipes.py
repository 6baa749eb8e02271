"""Sends bytes to a caller through a pipe.

A caller does not get the file itself: an open file would keep the workspace from being unmounted.
"""

from __future__ import annotations

import os
from contextlib import suppress
from threading import Thread
from typing import BinaryIO

_CHUNK = 1 << 20  # bytes


def piped(source: BinaryIO) -> int:
    """The reading end of a pipe that delivers the rest of ``source``, which is then closed."""
    reader, writer = os.pipe2(os.O_CLOEXEC)
    Thread(target=_copy, args=(source, writer), daemon=True).start()
    return reader


def _copy(source: BinaryIO, writer: int) -> None:
    with suppress(BrokenPipeError), source, os.fdopen(writer, "wb") as pipe:
        while chunk := source.read(_CHUNK):
            pipe.write(chunk)
