"""Two folders that change places in one step, which a power cut cannot divide."""

from __future__ import annotations

import ctypes
import os
from pathlib import Path

from appliance.files.atomic import sync_folder

_AT_FDCWD = -100
_RENAME_EXCHANGE = 2  # linux/fs.h


def exchange(one: Path, other: Path) -> None:
    """Give each of two paths in one folder what the other names, durably. Raises ``OSError``."""
    library = ctypes.CDLL(None, use_errno=True)
    done = library.renameat2(
        _AT_FDCWD, os.fsencode(one), _AT_FDCWD, os.fsencode(other), ctypes.c_uint(_RENAME_EXCHANGE)
    )
    if done:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    sync_folder(one.parent)
