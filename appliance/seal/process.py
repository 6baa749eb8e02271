"""What a process inherits from its parent, and what it could leave behind when it dies."""

from __future__ import annotations

import ctypes
import os
import resource
from collections.abc import Collection
from contextlib import suppress
from pathlib import Path

from appliance.seal import libc

# capabilities(7): what a root process keeps, so that it can give an output its final name in the
# folder of another user.
_CAP_DAC_OVERRIDE, _CAP_FOWNER = 1, 3
_KEPT = 1 << _CAP_DAC_OVERRIDE | 1 << _CAP_FOWNER
_LINUX_CAPABILITY_VERSION_3 = 0x20080522  # capget(2): two 32-bit words for each set
_HIGHEST = 2**31 - 1  # what close_range(2) takes as "all that follow"
_CAPGET_CAPSET = {"x86_64": (125, 126), "aarch64": (90, 91)}  # asm/unistd.h


def descriptors() -> frozenset[int]:
    """The descriptors that are open now, except the standard three."""
    listed = {int(entry.name) for entry in Path("/proc/self/fd").iterdir()}
    return frozenset(number for number in listed if number > 2 and _is_open(number))


def close_all(unwanted: Collection[int]) -> None:
    """Close these descriptors, ignoring those that are closed already."""
    for descriptor in unwanted:
        with suppress(OSError):
            os.close(descriptor)


def close_all_but(wanted: Collection[int]) -> None:
    """Close every descriptor but these and the standard three.

    For a process that was forked to deal with what may be malicious: it has what is on the list,
    and not what its parent happened to have open.
    """
    first = 3
    for descriptor in sorted(number for number in wanted if number > 2):
        os.closerange(first, descriptor)
        first = descriptor + 1
    os.closerange(first, _HIGHEST)


def silence() -> None:
    """Connect the standard three descriptors to /dev/null."""
    null = os.open(os.devnull, os.O_RDWR | os.O_CLOEXEC)
    for standard in range(3):
        os.dup2(null, standard)
    if null > 2:
        os.close(null)


def _is_open(descriptor: int) -> bool:
    # The descriptor that listed the folder is among them, and is closed by now.
    try:
        os.fstat(descriptor)
    except OSError:
        return False
    return True


def leave_no_core() -> None:
    """Forbid core dumps, access by processes of the same user, and new rights through exec."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    libc.prctl(libc.PR_SET_DUMPABLE, 0)
    libc.prctl(libc.PR_SET_NO_NEW_PRIVS, 1)


def drop_capabilities() -> None:
    """Drop all capabilities but those for renaming an output anywhere. Raises ``OSError``."""
    numbers = _CAPGET_CAPSET.get(os.uname().machine)
    if numbers is None:
        return
    header = (ctypes.c_uint32 * 2)(_LINUX_CAPABILITY_VERSION_3, 0)
    # Effective, permitted and inheritable capabilities 0 to 31; then the same for 32 to 63.
    sets = (ctypes.c_uint32 * 6)()
    libc.syscall(numbers[0], header, sets)
    kept = sets[1] & _KEPT
    wanted = [kept, kept, 0, 0, 0, 0]
    # A unit without capabilities may not call capset(2), and has nothing to drop.
    if list(sets) != wanted:
        libc.syscall(numbers[1], header, (ctypes.c_uint32 * 6)(*wanted))


def threads() -> int:
    """The number of threads of this process."""
    return sum(1 for _ in Path("/proc/self/task").iterdir())
