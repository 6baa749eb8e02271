"""System calls that Python has no function for.

The C library is opened on import, because a sealed process can no longer load libraries.
"""

from __future__ import annotations

import ctypes
import os

_LIBC = ctypes.CDLL(None, use_errno=True)
_LIBC.syscall.restype = ctypes.c_long

# Calls newer than 424 have the same number on every architecture.
LANDLOCK_CREATE_RULESET, LANDLOCK_ADD_RULE, LANDLOCK_RESTRICT_SELF = 444, 445, 446

PR_SET_PDEATHSIG, PR_SET_DUMPABLE, PR_SET_CHILD_SUBREAPER, PR_SET_NO_NEW_PRIVS = 1, 4, 36, 38


def syscall(number: int, *arguments: object) -> int:
    """Make a raw system call; pointers are ctypes objects. Raises ``OSError``."""
    passed = [ctypes.c_long(word) if isinstance(word, int) else word for word in arguments]
    result: int = _LIBC.syscall(ctypes.c_long(number), *passed)
    if result < 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
    return result


def prctl(option: int, value: int) -> None:
    """``prctl(option, value, 0, 0, 0)``. Raises ``OSError``."""
    words = (ctypes.c_ulong(word) for word in (value, 0, 0, 0))
    if _LIBC.prctl(ctypes.c_int(option), *words):
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
