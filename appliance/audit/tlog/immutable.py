"""``chattr +i`` for tiles that are full: no change, no removal, not even by their owner.

ext4, XFS, Btrfs and others keep the flag; to set it takes CAP_LINUX_IMMUTABLE (ioctl_iflags(2)).
It stops mistakes and whoever got the ledger's user, not root: what is proof are the signatures.
"""

from __future__ import annotations

import fcntl
import os
import struct
from pathlib import Path

# linux/fs.h: _IOR('f', 1, long), _IOW('f', 2, long), FS_IMMUTABLE_FL
_GET, _SET, _IMMUTABLE = 0x80086601, 0x40086602, 0x00000010


def set_immutable(path: Path, *, wanted: bool) -> bool:
    """Whether the flag of ``path`` is now as ``wanted``; file system or rights may not allow it."""
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
