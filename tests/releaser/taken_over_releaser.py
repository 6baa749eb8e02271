"""A releaser whose children obey the file that they are to mark, as a decoder with a hole may."""

from __future__ import annotations

import ctypes
import importlib
import os
import signal
import socket
import sys
from contextlib import suppress
from typing import BinaryIO, cast

from appliance.errors import ReleaseError
from appliance.files.output import OutputFile
from appliance.release.record import CopyKind
from appliance.releaser.__main__ import main
from appliance.releaser.marking import MarkedFile, MarkRequest, mark

KILL, MEMORY, TOUCH, LIST = b"KILL ", b"MEMORY ", b"TOUCH ", b"LIST "
"""Kill itself, ask for too much memory, touch a tripwire, name every open descriptor."""

SAY = b"SAY "
"""Say that the rest of the file, behind a word and a space, is of the kind of that word."""

WAIT = b"WAIT "
"""Wait for SIGCONT, then mark the rest."""

_MANY = 256  # descriptors that are tried
_LIBC = ctypes.CDLL(None)


def obey(
    request: MarkRequest, watermark_key: bytes, source: BinaryIO, sink: OutputFile
) -> MarkedFile:
    source.seek(0)
    data = source.read()
    word, rest = data[: data.find(b" ") + 1], data[data.find(b" ") + 1 :]
    if word == KILL:
        signal.raise_signal(signal.SIGKILL)
    if word == MEMORY:
        bytearray(8 << 30)  # bytes; more address space than the process may have
    if word == TOUCH:
        with suppress(ImportError):
            importlib.import_module("this")
        raise ReleaseError("touched", "")
    if word == LIST:
        raise ReleaseError(_listed(), "")
    if word == SAY:
        kind, _, content = rest.partition(b" ")
        sink.write(content)
        return MarkedFile(cast(CopyKind, kind.decode()))
    if word == WAIT:
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGCONT})
        signal.sigwait({signal.SIGCONT})
    return mark(request, watermark_key, source, sink)


def _listed() -> str:
    """Each open descriptor, and what kind of thing is behind it."""
    found = []
    for descriptor in range(_MANY):
        with suppress(OSError):
            found.append(f"{descriptor}:{os.fstat(descriptor).st_mode & 0o170000:o}")
            _LIBC.shutdown(descriptor, socket.SHUT_RDWR)  # not by way of Python's tripwire
    return " ".join(found)


if __name__ == "__main__":
    sys.exit(main(obey))
