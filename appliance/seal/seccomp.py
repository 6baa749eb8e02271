"""The system call filter, by libseccomp (seccomp_init(3) and its neighbours).

The one binding on PyPI has not been released since 2021, so its seven functions are called by
ctypes here; libseccomp itself, which knows the numbers and the architectures, is kept up.
"""

from __future__ import annotations

import ctypes
import errno
import os
from pathlib import Path

from appliance.seal.syscalls import ALLOWED, OPENING, SERVING, conditions

_KILL_PROCESS, _ALLOW = 0x80000000, 0x7FFF0000
# enum scmp_filter_attr: what a foreign architecture gets, no-new-privs first, all threads at once,
# and a line in the kernel's audit log for each refusal.
_ATTRIBUTES = {2: _KILL_PROCESS, 3: 1, 4: 1, 6: 1}
_MASKED_EQ = 7  # enum scmp_compare


class _Compare(ctypes.Structure):
    """``struct scmp_arg_cmp``: argument ``arg`` compared with one or two data."""

    _fields_ = (
        ("arg", ctypes.c_uint),
        ("op", ctypes.c_int),
        ("a", ctypes.c_uint64),
        ("b", ctypes.c_uint64),
    )


def available() -> bool:
    """Whether libseccomp is installed and the kernel filters."""
    return _LIBRARY is not None and Path("/proc/sys/kernel/seccomp").exists()


def restrict(*, gpu: bool = False, serving: bool = False, opening: bool = True) -> None:
    """From now on no thread of this process makes a system call but those of :mod:`syscalls`.

    Another fails with EPERM; one of a foreign architecture (32 bits, x32) ends the process. It
    cannot be undone. Without ``opening`` no thread opens or makes a file by its path. Raises
    ``OSError``.
    """
    library = _LIBRARY
    if library is None:
        raise OSError(errno.ENOENT, "libseccomp is not installed")
    context = library.seccomp_init(_errno(errno.EPERM))
    if not context:
        raise OSError(errno.ENOMEM, "no filter could be made")
    try:
        for attribute, value in _ATTRIBUTES.items():
            _check(library.seccomp_attr_set(context, attribute, value))
        _rule(library, context, "clone3", action=_errno(errno.ENOSYS))
        for name in (*ALLOWED, *(SERVING if serving else ()), *(OPENING if opening else ())):
            _rule(library, context, name)
        for name, arguments in conditions(os.getpid(), gpu=gpu).items():
            for argument in arguments:
                compare = _Compare(argument.index, _MASKED_EQ, argument.mask, argument.value)
                _rule(library, context, name, compare)
        _check(library.seccomp_load(context))
    finally:
        library.seccomp_release(context)


def _rule(
    library: ctypes.CDLL,
    context: int,
    name: str,
    *compares: _Compare,
    action: int = _ALLOW,
) -> None:
    number = library.seccomp_syscall_resolve_name(name.encode())
    if number < 0:
        return  # newer than this libseccomp, or of another architecture: it stays forbidden
    array = (_Compare * len(compares))(*compares)
    _check(library.seccomp_rule_add_array(context, action, number, len(compares), array))


def _errno(code: int) -> int:
    return 0x00050000 | code


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


_LIBRARY = _library()  # now: where the paths to it are taken away first, it would not be found
