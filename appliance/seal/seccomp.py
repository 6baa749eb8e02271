"""The system call filter, installed by libseccomp (seccomp_init(3) and its companions).

Seven functions are called through ctypes: libseccomp's own Python binding is not on PyPI, and
Debian builds it for Debian's interpreter alone, so a virtual environment could not use it.
"""

from __future__ import annotations

import ctypes
import errno
import os
from pathlib import Path

from appliance.seal.syscalls import ALLOWED, NAMING, OPENING, STARTING, WINDOW, conditions

# seccomp.h: actions. SCMP_ACT_ERRNO carries the error number in its lower 16 bits.
_SCMP_ACT_KILL_PROCESS, _SCMP_ACT_ERRNO, _SCMP_ACT_ALLOW = 0x80000000, 0x00050000, 0x7FFF0000
# seccomp.h: enum scmp_filter_attr.
_SCMP_FLTATR_ACT_BADARCH = 2  # the action for a system call of a foreign architecture
_SCMP_FLTATR_CTL_NNP = 3  # set no-new-privs before the filter is loaded
_SCMP_FLTATR_CTL_TSYNC = 4  # install the filter in all threads
_SCMP_FLTATR_CTL_LOG = 6  # record each denial in the kernel's audit log
_ATTRIBUTES = (
    (_SCMP_FLTATR_ACT_BADARCH, _SCMP_ACT_KILL_PROCESS),
    (_SCMP_FLTATR_CTL_NNP, 1),
    (_SCMP_FLTATR_CTL_TSYNC, 1),
    (_SCMP_FLTATR_CTL_LOG, 1),
)
_SCMP_CMP_MASKED_EQ = 7  # seccomp.h: enum scmp_compare


class _Compare(ctypes.Structure):
    """``struct scmp_arg_cmp``: compare argument ``arg`` with one or two values."""

    _fields_ = (
        ("arg", ctypes.c_uint),
        ("op", ctypes.c_int),
        ("a", ctypes.c_uint64),
        ("b", ctypes.c_uint64),
    )


def available() -> bool:
    """Whether libseccomp is installed and the kernel supports filters."""
    return _LIBRARY is not None and Path("/proc/sys/kernel/seccomp").exists()


def restrict(
    *,
    gpu: bool = False,
    allow_open: bool = True,
    starting: bool = False,
    window: bool = False,
) -> None:
    """Leave every thread of this process only the system calls of :mod:`syscalls`.

    Any other call fails with EPERM; one of a foreign architecture (32-bit, x32) kills the process.
    This cannot be undone. Without ``allow_open`` no thread can open or create a file by its path.
    ``starting``: the process turns into another program next, which the filter binds from then on.
    ``window``: the process shows one. It opens files for reading and names none; it makes memory
    without a name, and connects sockets of this machine. Raises ``OSError``.
    """
    library = _LIBRARY
    if library is None:
        raise OSError(errno.ENOENT, "libseccomp is not installed")
    context = library.seccomp_init(_errno(errno.EPERM))
    if not context:
        raise OSError(errno.ENOMEM, "libseccomp could not create a filter")
    try:
        for attribute, value in _ATTRIBUTES:
            _check(library.seccomp_attr_set(context, attribute, value))
        _rule(library, context, "clone3", action=_errno(errno.ENOSYS))
        for name in (
            *ALLOWED,
            *(WINDOW if window else NAMING),
            *(OPENING if allow_open and not window else ()),
            *(STARTING if starting else ()),
        ):
            _rule(library, context, name)
        limited = conditions(os.getpid(), gpu=gpu, starting=starting, window=window)
        for name, arguments in limited.items():
            for argument in arguments:
                compare = _Compare(
                    argument.index, _SCMP_CMP_MASKED_EQ, argument.mask, argument.value
                )
                _rule(library, context, name, compare)
        _check(library.seccomp_load(context))
    finally:
        library.seccomp_release(context)


def _rule(
    library: ctypes.CDLL,
    context: int,
    name: str,
    *compares: _Compare,
    action: int = _SCMP_ACT_ALLOW,
) -> None:
    number = library.seccomp_syscall_resolve_name(name.encode())
    if number < 0:
        return  # unknown to this libseccomp, or not of this architecture: it remains denied
    array = (_Compare * len(compares))(*compares)
    _check(library.seccomp_rule_add_array(context, action, number, len(compares), array))


def _errno(code: int) -> int:
    return _SCMP_ACT_ERRNO | code


def _check(result: int) -> None:
    if result < 0:
        raise OSError(-result, os.strerror(-result))


def _library() -> ctypes.CDLL | None:
    try:
        library = ctypes.CDLL("libseccomp.so.2")
    except OSError:
        return None
    library.seccomp_init.restype = ctypes.c_void_p
    library.seccomp_init.argtypes = (ctypes.c_uint32,)
    library.seccomp_attr_set.argtypes = (ctypes.c_void_p, ctypes.c_int, ctypes.c_uint32)
    library.seccomp_syscall_resolve_name.argtypes = (ctypes.c_char_p,)
    library.seccomp_rule_add_array.argtypes = (
        ctypes.c_void_p,
        ctypes.c_uint32,
        ctypes.c_int,
        ctypes.c_uint,
        ctypes.POINTER(_Compare),
    )
    library.seccomp_load.argtypes = (ctypes.c_void_p,)
    library.seccomp_release.argtypes = (ctypes.c_void_p,)
    library.seccomp_release.restype = None
    return library


_LIBRARY = _library()  # on import: once paths are restricted it could not be found any more
