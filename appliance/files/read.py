"""Opening a file that somebody else may have put in place."""

from __future__ import annotations

import errno
import os
import stat
from io import BufferedReader
from pathlib import Path


def open_regular(path: Path) -> BufferedReader:
    """The regular file ``path``, open for reading.

    A named pipe, a device or a folder is refused instead of waited for or acted upon. Raises
    ``OSError``, whose ``strerror`` says what is wrong without the path.
    """
    # O_NONBLOCK: opening a named pipe would wait for a writer. Reading regular files never does.
    flags = os.O_RDONLY
    for name in ("O_NONBLOCK", "O_NOCTTY", "O_BINARY"):
        flags |= getattr(os, name, 0)
    descriptor = os.open(path, flags)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError(errno.EINVAL, "it is not a regular file")
    return os.fdopen(descriptor, "rb")


def read_regular(path: Path, limit: int) -> bytes:
    """The whole of the regular file ``path``, opened and read once.

    Raises ``OSError`` as :func:`open_regular` does, and if there are more than ``limit`` bytes.
    """
    with open_regular(path) as stream:
        data = stream.read(limit + 1)
    if len(data) > limit:
        raise OSError(errno.EFBIG, f"it has more than {limit} bytes")
    return data
