"""Landlock restricts the paths that a process may use (linux/landlock.h; landlock(7)).

A ruleset binds the calling thread and the threads it starts later, so a process must apply it
before it starts any.
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

# LANDLOCK_ACCESS_FS_*; _SINCE: the rights that each ABI added.
EXECUTE, WRITE_FILE, READ_FILE, READ_DIR = 1, 2, 4, 8
REMOVE_FILE, MAKE_REG = 1 << 5, 1 << 8
_SINCE = {1: (1 << 13) - 1, 2: 1 << 13, 3: 1 << 14, 5: 1 << 15}
REFER, TRUNCATE, IOCTL_DEV = 1 << 13, 1 << 14, 1 << 15

_READ = READ_FILE | READ_DIR
_WRITE = _READ | WRITE_FILE | REMOVE_FILE | MAKE_REG | REFER | TRUNCATE
_DEVICE = READ_FILE | WRITE_FILE | TRUNCATE | IOCTL_DEV
_READ_DEVICE = READ_FILE | IOCTL_DEV
_EXECUTE = READ_FILE | EXECUTE
# fopen(3) truncates what it opens for writing, even the file that holds a thread's name.
_BELOW_A_FOLDER = WRITE_FILE | TRUNCATE
_RENAME = REMOVE_FILE | MAKE_REG
# The other rights apply to folders only; the kernel refuses a rule that gives them to a file.
_FOR_A_FILE = EXECUTE | WRITE_FILE | READ_FILE | TRUNCATE | IOCTL_DEV

_NET = 1 | 2  # LANDLOCK_ACCESS_NET_BIND_TCP and _CONNECT_TCP, since ABI 4
_SCOPES = 1 | 2  # LANDLOCK_SCOPE_ABSTRACT_UNIX_SOCKET and _SIGNAL, since ABI 6


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
    """The ABI version of this kernel; 0 if Landlock is missing or disabled. Raises ``OSError``."""
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
    rename_only: Sequence[Path] = (),
    devices: Sequence[Path] = (),
    *,
    read_devices: Sequence[Path] = (),
    executable: Sequence[Path] = (),
) -> None:
    """Restrict this thread, and every thread it starts, to what lies under these paths.

    In the folders ``rename_only`` files can be created, renamed and removed, but none can be opened
    for reading or writing: enough to give an output that is open already its final name.
    ``devices`` can be read, written and controlled with ioctl(2), a right of its own since ABI 5;
    in a folder among them files can be written. ``read_devices``, none of them a folder, can be
    read and controlled. ``executable`` can be read and executed.

    All other execution, TCP, abstract sockets and signals to other processes are denied everywhere,
    as far as ABI ``version`` covers them. Needs no-new-privs. Paths that do not exist are ignored.
    Raises ``OSError``.
    """
    files = sum(rights for since, rights in _SINCE.items() if since <= version)
    attributes = _Ruleset(files, _NET if version >= 4 else 0, _SCOPES if version >= 6 else 0)
    # An older kernel knows only a shorter structure.
    size = 8 if version < 4 else 16 if version < 6 else 24
    ruleset = libc.syscall(libc.LANDLOCK_CREATE_RULESET, ctypes.byref(attributes), size, 0)
    try:
        rules = (
            *((readable, _READ), (writable, _WRITE), (rename_only, _RENAME), (devices, _DEVICE)),
            *((read_devices, _READ_DEVICE), (executable, _EXECUTE)),
        )
        for paths, rights in rules:
            for path in paths:
                folder = rights == _DEVICE and path.is_dir()
                _allow(ruleset, path, (_BELOW_A_FOLDER if folder else rights) & files)
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
            rights &= _FOR_A_FILE
        rule = _PathBeneath(rights, parent)
        libc.syscall(libc.LANDLOCK_ADD_RULE, ruleset, _RULE_PATH_BENEATH, ctypes.byref(rule), 0)
    finally:
        os.close(parent)
