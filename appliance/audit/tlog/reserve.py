"""Room on the disk that is kept for the entries that must always be written.

When the disk is full, ordinary entries fail first, and with them all work. What must still be
written is how sessions ended, and in second place what was refused and the ledger's own entries.

The room is a file whose blocks are allocated, not a look at the free space before each append:
others write to the same file system, so free space that was seen may be gone a moment later,
whereas allocated blocks cannot be taken by others. An entry that finds the disk full shrinks the
file by a slice and is written into that. On a file system that copies on write (btrfs, ZFS), an
allocated block is a weaker promise.

It lies next to the ledger's folder, as the keys do: a copy of a ledger does not need it.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Literal, TypeAlias, TypeVar

from appliance.errors import LedgerFullError

SIZE = 16 << 20  # bytes; some 40,000 entries with their hashes
_SLICE = 1 << 20  # bytes; an append rewrites up to 256 entries, their hashes and the checkpoint
_BLOCK = 512  # bytes, the unit of st_blocks (stat(2))

Rank: TypeAlias = Literal["ordinary", "alarm", "ending"]
"""From what fails first to what fails last. Alarms may use half of the reserve, so that a flood of
them cannot take the room of the endings."""

T = TypeVar("T")


class Reserve:
    """The reserve in the file ``path``, of ``size`` bytes."""

    def __init__(self, path: Path, size: int = SIZE) -> None:
        self._path = path
        self._size = size

    @classmethod
    def next_to(cls, ledger: Path, size: int = SIZE) -> Reserve:
        """The reserve of the ledger in the folder ``ledger``."""
        return cls(ledger.with_name(f"{ledger.name}-reserve"), size)

    def is_whole(self) -> bool:
        """Whether all of it is allocated; allocates what is missing, if the disk has room."""
        with suppress(OSError):
            status = self._path.lstat()
            if status.st_size == self._size and status.st_blocks * _BLOCK >= self._size:
                return True
        return self._allocate()

    def record(self, rank: Rank, action: Callable[[], T]) -> T:
        """The result of ``action``, which appends to the ledger.

        Raises what ``action`` raises: ``LedgerFullError`` once all is used that ``rank`` may use.
        """
        floor = {"ordinary": self._size, "alarm": self._size // 2, "ending": 0}[rank]
        while True:
            try:
                return action()
            except LedgerFullError:
                if not self._shrink(floor):
                    raise

    def _allocate(self) -> bool:
        flags = os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
        try:
            descriptor = os.open(self._path, flags, 0o600)
        except OSError:
            return False
        try:
            os.posix_fallocate(descriptor, 0, self._size)
        except OSError:
            return False
        finally:
            os.close(descriptor)
        return True

    def _shrink(self, floor: int) -> bool:
        """Give back a slice above ``floor`` bytes; False if there is none."""
        try:
            size = self._path.stat().st_size
            if size <= floor:
                return False
            os.truncate(self._path, max(floor, size - _SLICE))
        except OSError:
            return False
        return True
