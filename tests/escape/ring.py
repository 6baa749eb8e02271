"""io_uring as machine code would use it: a socket created without the system call ``socket``.

Creates a ring of two entries, submits one IORING_OP_SOCKET, and reads the completion
(linux/io_uring.h). Prints the name of the error, or ``done``. With ``naive`` it runs under a filter
that denies only ``socket``; with ``sealed``, under ours.

python -m tests.escape.ring none|naive|sealed
"""

from __future__ import annotations

import ctypes
import errno
import mmap
import os
import socket
import struct
import sys
from collections.abc import Callable

from appliance.seal import libc, seccomp
from tests.escape.attempts import number as call_number

_SETUP, _ENTER = 425, 426
_OP_SOCKET = 45
_GETEVENTS = 1
_OFF_RINGS, _OFF_ENTRIES = 0, 0x10000000
_ENTRY, _ANSWER = 64, 16  # bytes of struct io_uring_sqe and io_uring_cqe
_DENIED = 0x0005_0000 | errno.EPERM  # SECCOMP_RET_ERRNO


def forbid_socket_alone() -> None:
    """Install a filter that denies only ``socket``, in the classic BPF of seccomp(2)."""
    number = call_number("socket")
    program = struct.pack("=HBBI", 0x20, 0, 0, 0)  # the call's number
    program += struct.pack("=HBBI", 0x15, 0, 1, number)  # is it socket?
    program += struct.pack("=HBBI", 0x06, 0, 0, _DENIED)
    program += struct.pack("=HBBI", 0x06, 0, 0, 0x7FFF0000)  # SECCOMP_RET_ALLOW
    code = ctypes.create_string_buffer(program)
    filtered = struct.pack("=H6xQ", 4, ctypes.addressof(code))
    libc.prctl(libc.PR_SET_NO_NEW_PRIVS, 1)
    libc.syscall(call_number("seccomp"), 1, 0, ctypes.create_string_buffer(filtered))


def socket_by_ring() -> int:
    """Create a socket and return its descriptor. Raises ``OSError``."""
    parameters = (ctypes.c_uint32 * 30)()
    ring = libc.syscall(_SETUP, 2, parameters)
    # struct io_sqring_offsets begins at byte 40, struct io_cqring_offsets at 80.
    sq_tail, sq_array = parameters[11], parameters[16]
    cq_cqes = parameters[25]
    size = max(cq_cqes + 4 * _ANSWER, sq_array + 2 * 4)
    rings = mmap.mmap(ring, size, offset=_OFF_RINGS)
    entries = mmap.mmap(ring, 2 * _ENTRY, offset=_OFF_ENTRIES)
    # opcode; fd is the family, off the type, len the protocol.
    struct.pack_into("=BBHiQQI", entries, 0, _OP_SOCKET, 0, 0, socket.AF_INET, 1, 0, 0)
    struct.pack_into("=I", rings, sq_array, 0)
    struct.pack_into("=I", rings, sq_tail, 1)
    libc.syscall(_ENTER, ring, 1, 1, _GETEVENTS, None, 0)
    (_, result, _) = struct.unpack_from("=QiI", rings, cq_cqes)
    if result < 0:
        raise OSError(-result, os.strerror(-result))
    return int(result)


def main() -> None:
    """See the module."""
    if sys.argv[1] == "naive":
        forbid_socket_alone()
    elif sys.argv[1] == "sealed":
        seccomp.restrict()
    attempts: tuple[Callable[[], socket.socket], ...] = (
        socket.socket,
        lambda: socket.socket(fileno=socket_by_ring()),
    )
    for attempt in attempts:
        try:
            attempt().close()
        except OSError as error:
            print(errno.errorcode[error.errno or 0])
        else:
            print("done")


if __name__ == "__main__":
    main()
