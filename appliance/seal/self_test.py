"""Attempts to escape from a process that should not be able to.

Each attempt passes bad pointers, so that it cannot succeed: EFAULT or EBADF means that the call
reached the kernel and the layer is not in force (bubblewrap and Flatpak test the same way).
"""

from __future__ import annotations

import errno
import os
import socket
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from appliance.seal import libc

Layer = Literal["seccomp", "landlock"]

# asm/unistd.h for x86-64, and the generic table that aarch64 uses.
_NUMBERS = {
    "x86_64": {"socket": 41, "execve": 59, "ptrace": 101, "mount": 165, "unshare": 272},
    "aarch64": {"socket": 198, "execve": 221, "ptrace": 117, "mount": 40, "unshare": 97},
}
_IO_URING_SETUP = 425  # the same on every architecture
_INVALID = -1  # neither a descriptor nor a pointer


@dataclass(frozen=True, slots=True)
class Attempt:
    """One escape. ``answer``: the kernel's error by name, ``None`` if the call succeeded."""

    layer: Layer
    what: str
    answer: str | None

    @property
    def denied(self) -> bool:
        """Whether the layer stopped it."""
        return self.answer in {"EPERM", "EACCES"}


def self_test(*, seccomp: bool, landlock: bool) -> tuple[Attempt, ...]:
    """Attempt every escape from the layers that should be in force."""
    numbers = _NUMBERS.get(os.uname().machine, {}) | {"io_uring_setup": _IO_URING_SETUP}
    attempts = []
    if seccomp:
        attempts += [
            Attempt("seccomp", name, _answer(_raw(name, number)))
            for name, number in numbers.items()
        ]
    if landlock:
        attempts.append(Attempt("landlock", "open of /", _answer(_list_root)))
    return tuple(attempts)


def _raw(name: str, number: int) -> Callable[[], object]:
    # An existing address family for socket(2); the others get arguments that cannot succeed.
    first = socket.AF_INET if name == "socket" else _INVALID
    return lambda: libc.syscall(number, int(first), _INVALID, _INVALID)


def _list_root() -> None:
    os.close(os.open("/", os.O_RDONLY | os.O_DIRECTORY))


def _answer(attempt: Callable[[], object]) -> str | None:
    try:
        attempt()
    except OSError as error:
        return errno.errorcode.get(error.errno or 0, "unknown")
    return None
