"""How the bytes of a file reach a caller: as memory that cannot change, or through a pipe."""

from __future__ import annotations

import fcntl
import os
import select
from collections.abc import Callable, Iterator
from contextlib import suppress
from threading import Thread

from appliance.errors import ApplianceError
from appliance.wire.message import CallError

_SEALS = fcntl.F_SEAL_SEAL | fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_WRITE


def in_memory(blocks: Iterator[bytes]) -> int:
    """A descriptor, for reading, of a file that holds ``blocks`` and that nobody can change."""
    writer = os.memfd_create("disc", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    try:
        for block in blocks:
            rest = memoryview(block)
            while rest:
                rest = rest[os.write(writer, rest) :]
        fcntl.fcntl(writer, fcntl.F_ADD_SEALS, _SEALS)
        return os.open(f"/proc/self/fd/{writer}", os.O_RDONLY | os.O_CLOEXEC)
    finally:
        os.close(writer)


def through_pipe(blocks: Iterator[bytes], patience: float, finished: Callable[[], None]) -> int:
    """The end of a pipe, for reading, into which a thread writes ``blocks``.

    It gives up if nobody reads for ``patience`` seconds. ``finished`` is called in any case, before
    the pipe ends. What goes wrong cuts the pipe off.
    """
    reader, writer = os.pipe2(os.O_CLOEXEC)
    os.set_blocking(writer, False)
    thread = Thread(target=_write, args=(blocks, writer, patience, finished), daemon=True)
    try:
        thread.start()
    except RuntimeError:  # no more threads
        finished()
        os.close(reader)
        os.close(writer)
        raise
    return reader


def _write(
    blocks: Iterator[bytes], writer: int, patience: float, finished: Callable[[], None]
) -> None:
    try:
        with suppress(ApplianceError, CallError, OSError):
            for block in blocks:
                _write_block(writer, block, patience)
    finally:
        finished()
        os.close(writer)


def _write_block(writer: int, block: bytes, patience: float) -> None:
    """Raises ``OSError`` if nobody reads any more."""
    waiting = select.poll()
    waiting.register(writer, select.POLLOUT)
    rest = memoryview(block)
    while rest:
        if not waiting.poll(1000 * patience):
            raise TimeoutError
        with suppress(BlockingIOError):  # less room than a page, though some
            rest = rest[os.write(writer, rest) :]
