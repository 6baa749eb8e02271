"""Tries to get out, in a process that should not be able to.

Each attempt asks the kernel for something impossible with bad pointers: EFAULT or EBADF would mean
that the call reached it, and the wall is not there (bubblewrap and Flatpak test that way).
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
_IO_URING_SETUP = 425  # everywhere
_NOWHERE = -1


@dataclass(frozen=True, slots=True)
class Attempt:
    """One way out. ``done``: what the kernel answered, ``None`` where it let it through."""

    layer: Layer
    what: str
    done: str | None

    @property
    def failed(self) -> bool:
        """Whether the wall held."""
        return self.done in {"EPERM", "EACCES"}


def self_test(*, seccomp: bool, landlock: bool) -> tuple[Attempt, ...]:
    """Every attempt at the layers that are said to hold."""
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
    # A family for socket that exists; for the others nothing that could succeed.
    first = socket.AF_INET if name == "socket" else _NOWHERE
    return lambda: libc.syscall(number, int(first), _NOWHERE, _NOWHERE)


def _list_root() -> None:
    os.close(os.open("/", os.O_RDONLY | os.O_DIRECTORY))


def _answer(attempt: Callable[[], object]) -> str | None:
    try:
        attempt()
    except OSError as error:
        return errno.errorcode.get(error.errno or 0, "unknown")
    return None
