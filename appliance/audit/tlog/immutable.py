"""``chattr +i`` for full tiles: not even their owner can change or remove them.

ext4, XFS, Btrfs and others support the flag; setting it requires CAP_LINUX_IMMUTABLE
(ioctl_iflags(2)). It protects against mistakes and against an attacker with the ledger's user, but
not against root; the proof of integrity is in the signatures.
"""

from __future__ import annotations

import fcntl
import os
import struct
from pathlib import Path

# linux/fs.h: _IOR('f', 1, long), _IOW('f', 2, long), FS_IMMUTABLE_FL
_GET, _SET, _IMMUTABLE = 0x80086601, 0x40086602, 0x00000010


def set_immutable(path: Path, *, wanted: bool) -> bool:
    """Set or clear the flag of ``path``; False if file system or privileges do not allow it."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
    except OSError:
        return False
    try:
        (flags,) = struct.unpack("l", fcntl.ioctl(descriptor, _GET, bytes(struct.calcsize("l"))))
        new = flags | _IMMUTABLE if wanted else flags & ~_IMMUTABLE
        if new != flags:
            fcntl.ioctl(descriptor, _SET, struct.pack("l", new))
    except OSError:
        return False
    finally:
        os.close(descriptor)
    return True
