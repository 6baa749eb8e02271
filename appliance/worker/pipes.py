"""Sends bytes to callers through pipes.

A caller does not get the file itself: an open file would keep the workspace from being unmounted.
"""

from __future__ import annotations

import os
from contextlib import suppress
from threading import BoundedSemaphore, Thread
from typing import BinaryIO

from appliance.protocols.worker_api import error_name
from appliance.wire.connection import close_all
from appliance.wire.message import CallError

MAX_PIPES = 8
"""At once. Each costs a thread and three descriptors until its caller has read or closed it."""

_CHUNK = 1 << 20  # bytes


class Pipes:
    """The pipes that callers have not read to their end yet."""

    def __init__(self) -> None:
        self._places = BoundedSemaphore(MAX_PIPES)

    def send(self, source: BinaryIO) -> int:
        """The reading end of a pipe that delivers the rest of ``source``, which is then closed.

        Raises ``CallError`` if callers leave too many others unread.
        """
        if not self._places.acquire(blocking=False):
            source.close()
            raise CallError(error_name("Busy"))
        ends: tuple[int, ...] = ()
        try:
            reader, writer = ends = os.pipe2(os.O_CLOEXEC)
            Thread(target=self._copy, args=(source, writer), daemon=True).start()
        except BaseException:
            close_all(ends)
            source.close()
            self._places.release()
            raise
        return reader

    def _copy(self, source: BinaryIO, writer: int) -> None:
        try:
            with suppress(BrokenPipeError), source, os.fdopen(writer, "wb") as pipe:
                while chunk := source.read(_CHUNK):
                    pipe.write(chunk)
        finally:
            self._places.release()
