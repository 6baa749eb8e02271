"""Bytes for a caller, through a pipe.

Not the file itself: whoever held that would keep the workspace from closing.
"""

from __future__ import annotations

import os
from contextlib import suppress
from threading import Thread
from typing import BinaryIO

_CHUNK = 1 << 20  # bytes


def piped(source: BinaryIO) -> int:
    """The reading end of a pipe that gives what ``source`` holds, and closes it then."""
    reader, writer = os.pipe2(os.O_CLOEXEC)
    Thread(target=_pour, args=(source, writer), daemon=True).start()
    return reader


def _pour(source: BinaryIO, writer: int) -> None:
    with suppress(BrokenPipeError), source, os.fdopen(writer, "wb") as pipe:
        while chunk := source.read(_CHUNK):
            pipe.write(chunk)
