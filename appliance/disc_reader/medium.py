"""A drive or an image of a disc, opened for reading, and what lies on it at fixed places."""

from __future__ import annotations

import errno
import fcntl
import hashlib
import os
import stat
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from appliance.errors import InputError
from appliance.files.reasons import reason_of

BLOCK: Final = 2048
"""Bytes of a block of a disc."""

_FIRST_DESCRIPTOR = 16  # ECMA-119, 6.2.1, and ECMA-167, 2/8.3: blocks 0 to 15 are the system's
_MOST_DESCRIPTORS = 64  # where a list of them does not end, it is not a disc's
_ISO = b"CD001"  # ECMA-119, 8.1.2
_UDF = (b"NSR02", b"NSR03")  # ECMA-167, 3/9.1
_OTHERS = (b"BEA01", b"BOOT2", b"TEA01", b"CDW02")  # ECMA-167, 2/9
_NO_MEDIUM = (errno.ENOMEDIUM, errno.EMEDIUMTYPE)

# linux/cdrom.h: where the last session starts, as `struct cdrom_multisession`.
_CDROMMULTISESSION = 0x5310
_CDROM_LBA = 1
_MULTISESSION_BYTES = 8  # union cdrom_addr of 4, two bytes, padding
_BLKGETDISKSEQ = 0x80081280  # linux/fs.h: a number that another disc in the drive changes
_DISKSEQ_BYTES = 8


@dataclass(frozen=True, slots=True)
class Medium:
    """``descriptor``: open for reading. ``size``: bytes. ``session``: block at which it starts.

    Use it as a context manager, which closes the descriptor.
    """

    descriptor: int
    size: int
    session: int = 0

    @classmethod
    def open(cls, path: Path) -> Medium:
        """The disc in the drive ``path``, or the image of one. Raises ``InputError``."""
        try:
            descriptor = _opened(path)
        except OSError as error:
            raise _cannot_open(error) from error
        try:
            return cls.of_descriptor(descriptor)
        except BaseException:
            os.close(descriptor)
            raise

    @classmethod
    def of_descriptor(cls, descriptor: int) -> Medium:
        """The disc of an open ``descriptor``, which is taken over. Raises ``InputError``."""
        status = os.fstat(descriptor)
        if not (stat.S_ISREG(status.st_mode) or stat.S_ISBLK(status.st_mode)):
            raise InputError("This is no disc and no image of one.", _NAME_ONE)
        session = _last_session(descriptor) if stat.S_ISBLK(status.st_mode) else 0
        medium = cls(descriptor, os.lseek(descriptor, 0, os.SEEK_END), session)
        medium._check_file_system()
        return medium

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
        os.close(self.descriptor)

    def read(self, offset: int, size: int) -> bytes:
        """At most ``size`` bytes at ``offset``; fewer than that only at the end.

        Raises ``InputError`` if the disc cannot be read there.
        """
        try:
            return os.pread(self.descriptor, size, offset)
        except OSError as error:
            raise InputError(
                "A part of the disc cannot be read.",
                "Clean the disc and try again, or ask for another copy of it.",
            ) from error

    def identity(self) -> bytes:
        """32 bytes by which another disc is noticed, even one with the same descriptors in a drive.

        Raises ``InputError`` if the disc cannot be read.
        """
        status = os.fstat(self.descriptor)
        file = (status.st_dev, status.st_ino, status.st_mtime_ns)
        drive = _times_changed(self.descriptor) if stat.S_ISBLK(status.st_mode) else file
        digest = hashlib.sha256(repr((drive, self.size, self.session)).encode())
        for descriptor in self._descriptors():
            digest.update(descriptor)
        return digest.digest()

    def _descriptors(self) -> Iterator[bytes]:
        """The blocks that say what the disc holds."""
        for number in range(_MOST_DESCRIPTORS):
            block = self.read((self.session + _FIRST_DESCRIPTOR + number) * BLOCK, BLOCK)
            if block[1:6] not in (_ISO, *_UDF, *_OTHERS):
                return
            yield block

    def _check_file_system(self) -> None:
        """Raise ``InputError`` unless the descriptors name ISO 9660 among what the disc holds."""
        found = {descriptor[1:6] for descriptor in self._descriptors()}
        if _ISO in found:
            return
        if found & set(_UDF):
            raise InputError(
                "The disc is in UDF alone, which is not read here.",
                "Have it burned again as a disc for players (“mastered”), in ISO 9660.",
            )
        raise InputError("The disc holds no files in ISO 9660.", _NAME_ONE)


_NAME_ONE = "Name a drive with a CD or DVD of files, or an image (.iso) of one."


def _opened(path: Path) -> int:
    # O_NONBLOCK: a named pipe is refused instead of waiting for a writer.
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    if not stat.S_ISBLK(os.fstat(descriptor).st_mode):
        return descriptor
    try:
        # Without it a drive waits for its disc to turn, and says how large it is.
        return os.open(f"/proc/self/fd/{descriptor}", os.O_RDONLY | os.O_CLOEXEC)
    finally:
        os.close(descriptor)


def _last_session(descriptor: int) -> int:
    """The first block of the last session; 0 if the drive does not say."""
    request = bytearray(_MULTISESSION_BYTES)
    request[5] = _CDROM_LBA
    try:
        fcntl.ioctl(descriptor, _CDROMMULTISESSION, request)
    except OSError:
        return 0  # no optical drive, or no disc with sessions
    return max(0, int.from_bytes(request[:4], "little", signed=True))


def _times_changed(descriptor: int) -> int:
    """A number that the kernel changes with the disc in a drive; 0 before Linux 5.15."""
    answer = bytearray(_DISKSEQ_BYTES)
    try:
        fcntl.ioctl(descriptor, _BLKGETDISKSEQ, answer)
    except OSError:
        return 0
    return int.from_bytes(answer, sys.byteorder)


def _cannot_open(error: OSError) -> InputError:
    if error.errno in _NO_MEDIUM:
        return InputError("There is no disc in the drive.", "Put one in, and close the drive.")
    if error.errno == errno.ENOENT:
        return InputError("The drive or image does not exist.", "Check the spelling of its name.")
    reason = reason_of(error)
    return InputError(f"The disc cannot be opened: {reason.why}.", reason.hint)
