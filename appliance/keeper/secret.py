"""Memory for what must never reach a disk: locked, kept out of dumps, overwritten at the end."""

from __future__ import annotations

import ctypes
import mmap
import os
from pathlib import Path
from typing import Self

from appliance.errors import SessionError

_libc = ctypes.CDLL(None, use_errno=True)


class LockedMemory:
    """A memfd whose pages are locked. A child gets at it by ``descriptor``, and by nothing else."""

    def __init__(self, size: int) -> None:
        """``size`` bytes of zeros; raises ``SessionError`` if they cannot be locked."""
        self.descriptor = os.memfd_create("appliance", os.MFD_CLOEXEC)
        os.ftruncate(self.descriptor, size)
        self._pages = mmap.mmap(self.descriptor, size)
        self._pages.madvise(mmap.MADV_DONTDUMP)
        address = ctypes.addressof(ctypes.c_char.from_buffer(self._pages))
        if _libc.mlock(ctypes.c_void_p(address), ctypes.c_size_t(size)):
            why = os.strerror(ctypes.get_errno())
            self.wipe()
            raise SessionError(
                f"The memory of a key cannot be locked ({why}).",
                "Give the keeper CAP_IPC_LOCK or a LimitMEMLOCK of 8 MiB or more.",
            )

    @classmethod
    def random(cls, size: int) -> Self:
        """``size`` random bytes from the kernel; no Python object ever holds them.

        Raises ``SessionError`` if the kernel gives fewer, or they cannot be locked.
        """
        memory = cls(size)
        with Path("/dev/urandom").open("rb", buffering=0) as source:
            if source.readinto(memory._pages) != size:
                raise SessionError("The kernel gave too little randomness.", "Try again.")
        return memory

    def write_to(self, descriptor: int) -> None:
        """Write all of it to a pipe; raises ``SessionError`` if the pipe takes less."""
        if os.write(descriptor, self._pages) != len(self._pages):
            raise SessionError("A key could not be handed over.", "Try again.")

    def wipe(self) -> None:
        """Overwrite and release it. May be repeated."""
        if self.descriptor < 0:
            return
        self._pages[:] = bytes(len(self._pages))
        self._pages.close()
        os.close(self.descriptor)
        self.descriptor = -1
