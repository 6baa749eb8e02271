"""A disk that is read and written at places, and made durable on demand."""

from __future__ import annotations

import fcntl
import os
import stat
import sys
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from appliance.updating.problem import RefusedUpdateError

CHUNK: Final = 1 << 20
"""Bytes that are copied at a time."""

_BLKSSZGET = 0x1268  # linux/fs.h: bytes of a logical sector
_SECTOR = 512  # of an image in a file


class Disk:
    """A whole disk, or an image of one. Use it as a context manager, which closes it.

    Its methods raise ``OSError``.
    """

    def __init__(self, descriptor: int) -> None:
        """Take over ``descriptor``, open for reading, and for writing where that is wanted."""
        self._descriptor = descriptor
        self.size = os.lseek(descriptor, 0, os.SEEK_END)
        self.sector = _sector(descriptor)

    @classmethod
    def open(cls, path: Path, *, writable: bool) -> Self:
        """The disk at ``path``."""
        flags = os.O_RDWR if writable else os.O_RDONLY
        return cls(os.open(path, flags | os.O_CLOEXEC))

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close the descriptor."""
        os.close(self._descriptor)

    def read(self, offset: int, size: int) -> bytes:
        """The ``size`` bytes at ``offset``. Raises ``RefusedUpdateError`` if there are fewer."""
        data = b""
        while len(data) < size:
            block = os.pread(self._descriptor, size - len(data), offset + len(data))
            if not block:
                raise RefusedUpdateError("disk")
            data += block
        return data

    def write(self, offset: int, data: bytes) -> None:
        """Write ``data`` at ``offset``; it is durable after the next ``flush``."""
        rest = memoryview(data)
        while rest:
            done = os.pwrite(self._descriptor, rest, offset)
            rest, offset = rest[done:], offset + done

    def flush(self) -> None:
        """Make all writes durable, and forget what was read: the next read asks the disk."""
        os.fsync(self._descriptor)
        os.posix_fadvise(self._descriptor, 0, 0, os.POSIX_FADV_DONTNEED)


@dataclass(frozen=True, slots=True)
class Region:
    """A part of a disk, from ``start`` on, ``size`` bytes."""

    disk: Disk
    start: int
    size: int

    def read(self, offset: int, size: int) -> bytes:
        """The ``size`` bytes at ``offset`` of the region. Raises ``RefusedUpdateError``."""
        self._check(offset, size)
        return self.disk.read(self.start + offset, size)

    def write(self, offset: int, data: bytes) -> None:
        """Write ``data`` at ``offset`` of the region. Raises ``RefusedUpdateError``."""
        self._check(offset, len(data))
        self.disk.write(self.start + offset, data)

    def flush(self) -> None:
        """Make all writes durable."""
        self.disk.flush()

    def _check(self, offset: int, size: int) -> None:
        if offset < 0 or offset + size > self.size:
            raise RefusedUpdateError("disk")


def _sector(descriptor: int) -> int:
    if not stat.S_ISBLK(os.fstat(descriptor).st_mode):
        return _SECTOR
    answer = bytearray(4)
    fcntl.ioctl(descriptor, _BLKSSZGET, answer)
    return int.from_bytes(answer, sys.byteorder)
