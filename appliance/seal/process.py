"""What a process carries along from whoever started it, and leaves behind if it dies."""

from __future__ import annotations

import ctypes
import os
import resource
from collections.abc import Collection
from contextlib import suppress
from pathlib import Path

from appliance.seal import libc

# capabilities(7): what a root process keeps, so that it can name a result in the folder of another
# user: CAP_DAC_OVERRIDE and CAP_FOWNER.
_KEPT = 1 << 1 | 1 << 3
_CAPABILITIES_VERSION = 0x20080522  # the third of capget(2), two words of 32 for each set
_CAPGET_CAPSET = {"x86_64": (125, 126), "aarch64": (90, 91)}

# Loaders, interpreters and libraries let themselves be led by these.
_LEADING = ("LD_", "PYTHON", "GCONV_", "OPENSSL_", "SSL_", "GIO_", "GST_", "MALLOC_")
_PROXY = "_proxy"


def scrub_environment() -> None:
    """Forget what leads a loader, an interpreter or a client to another place."""
    for name in list(os.environ):
        if name.startswith(_LEADING) or name.lower().endswith(_PROXY):
            del os.environ[name]


def descriptors() -> frozenset[int]:
    """Those that are open now, but the standard three."""
    listed = {int(entry.name) for entry in Path("/proc/self/fd").iterdir()}
    return frozenset(number for number in listed if number > 2 and _is_open(number))


def close_all(unwanted: Collection[int]) -> None:
    """Close these descriptors; those that are closed already are passed over."""
    for descriptor in unwanted:
        with suppress(OSError):
            os.close(descriptor)


def _is_open(descriptor: int) -> bool:
    # The one that listed the others is among them, and closed by now.
    try:
        os.fstat(descriptor)
    except OSError:
        return False
    return True


def leave_no_core() -> None:
    """No core file, no memory to be read by others of the same user, no rights through exec."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    libc.prctl(libc.PR_SET_DUMPABLE, 0)
    libc.prctl(libc.PR_SET_NO_NEW_PRIVS, 1)


def drop_capabilities() -> None:
    """Keep no power of root but to name a result anywhere. Raises ``OSError``."""
    numbers = _CAPGET_CAPSET.get(os.uname().machine)
    if numbers is None:
        return
    header = (ctypes.c_uint32 * 2)(_CAPABILITIES_VERSION, 0)
    # Effective, permitted, inheritable; then the same of the upper 32.
    sets = (ctypes.c_uint32 * 6)()
    libc.syscall(numbers[0], header, sets)
    kept = sets[1] & _KEPT
    wanted = [kept, kept, 0, 0, 0, 0]
    # A unit without any power is refused capset(2) itself, and has nothing to drop.
    if list(sets) != wanted:
        libc.syscall(numbers[1], header, (ctypes.c_uint32 * 6)(*wanted))


def threads() -> int:
    """How many threads this process has."""
    return sum(1 for _ in Path("/proc/self/task").iterdir())
