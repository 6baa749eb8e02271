"""Landlock: which paths a process may still use (linux/landlock.h; landlock(7)).

It binds the thread that asks and those it starts later, so it comes before the first of them.
"""

from __future__ import annotations

import ctypes
import errno
import os
import stat
from collections.abc import Sequence
from pathlib import Path

from appliance.seal import libc

_CREATE_RULESET_VERSION = 1
_RULE_PATH_BENEATH = 1

# Rights on files, by the ABI that brought them.
EXECUTE, WRITE_FILE, READ_FILE, READ_DIR = 1, 2, 4, 8
REMOVE_DIR, REMOVE_FILE, MAKE_REG = 1 << 4, 1 << 5, 1 << 8
_SINCE = {1: (1 << 13) - 1, 2: 1 << 13, 3: 1 << 14, 5: 1 << 15}
REFER, TRUNCATE, IOCTL_DEV = 1 << 13, 1 << 14, 1 << 15

_READ = READ_FILE | READ_DIR
_WRITE = _READ | WRITE_FILE | REMOVE_FILE | MAKE_REG | REFER | TRUNCATE
# To be truncated as well: a file that fopen(3) writes, even the name of a thread.
_DEVICE = READ_FILE | WRITE_FILE | TRUNCATE | IOCTL_DEV
_NAME = REMOVE_FILE | MAKE_REG  # for a file that is open already
_OF_A_FILE = EXECUTE | WRITE_FILE | READ_FILE | TRUNCATE | IOCTL_DEV  # the rest are a folder's

_NET = 1 | 2  # bind and connect of TCP, since ABI 4
_SCOPES = 1 | 2  # abstract sockets and signals of others, since ABI 6


class _Ruleset(ctypes.Structure):
    _fields_ = (
        ("handled_access_fs", ctypes.c_uint64),
        ("handled_access_net", ctypes.c_uint64),
        ("scoped", ctypes.c_uint64),
    )


class _PathBeneath(ctypes.Structure):
    _pack_ = 1
    _fields_ = (("allowed_access", ctypes.c_uint64), ("parent_fd", ctypes.c_int32))


def abi() -> int:
    """The ABI that this kernel offers; 0 where it has no Landlock, or has it switched off."""
    try:
        return libc.syscall(libc.LANDLOCK_CREATE_RULESET, None, 0, _CREATE_RULESET_VERSION)
    except OSError as error:
        if error.errno in (errno.ENOSYS, errno.EOPNOTSUPP):
            return 0
        raise


def restrict(
    readable: Sequence[Path],
    writable: Sequence[Path],
    version: int,
    named: Sequence[Path] = (),
    devices: Sequence[Path] = (),
) -> None:
    """Leave this thread, and all that it starts, only what lies under these paths.

    In the folders ``named`` a file that is open already is given its name or loses it; a new one
    can be made, but neither it nor another be read or written. ``devices`` are read, written and
    given orders (ioctl(2), which since ABI 5 is a right of its own).

    No execution anywhere, no TCP, no abstract socket and no signal beyond the process itself, as
    far as ABI ``version`` has a word for it. Needs no-new-privs. Paths that do not exist are passed
    over. Raises ``OSError``.
    """
    files = sum(rights for since, rights in _SINCE.items() if since <= version)
    attributes = _Ruleset(files, _NET if version >= 4 else 0, _SCOPES if version >= 6 else 0)
    # Older kernels take the shorter structure of their time.
    size = 8 if version < 4 else 16 if version < 6 else 24
    ruleset = libc.syscall(libc.LANDLOCK_CREATE_RULESET, ctypes.byref(attributes), size, 0)
    try:
        rules = ((readable, _READ), (writable, _WRITE), (named, _NAME), (devices, _DEVICE))
        for paths, rights in rules:
            for path in paths:
                _allow(ruleset, path, rights & files)
        libc.syscall(libc.LANDLOCK_RESTRICT_SELF, ruleset, 0)
    finally:
        os.close(ruleset)


def _allow(ruleset: int, path: Path, rights: int) -> None:
    try:
        parent = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except FileNotFoundError:
        return
    try:
        if not stat.S_ISDIR(os.fstat(parent).st_mode):
            rights &= _OF_A_FILE
        rule = _PathBeneath(rights, parent)
        libc.syscall(libc.LANDLOCK_ADD_RULE, ruleset, _RULE_PATH_BENEATH, ctypes.byref(rule), 0)
    finally:
        os.close(parent)
