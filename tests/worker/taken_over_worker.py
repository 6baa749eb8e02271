"""A worker whose reading processes are in an attacker's hands, as by a hole in a decoder.

What the attacker's code does follows from the first word of the file; the rest is what it works
with. Without such a word the file is read as it should be.
"""

from __future__ import annotations

import ctypes
import importlib
import os
import signal
import socket
import sys
from contextlib import suppress
from typing import BinaryIO

from appliance.errors import InputError
from appliance.files.output import OutputFile
from appliance.worker.__main__ import main
from appliance.worker.rewriting import SanitisedMedia, rewrite_media

LIST = b"LIST "
"""Say which descriptors it has, as the reason of a refusal."""

SPILL = b"SPILL "
"""Write the rest of the file to every descriptor, and shut down every socket."""

PHOTO, VIDEO = b"PHOTO ", b"VIDEO "
"""Hand the rest of the file back as a photo or a video that was encoded again."""

TOUCH = b"TOUCH "
"""Touch a tripwire, then refuse the file."""

WAIT = b"WAIT "
"""Wait for SIGCONT, then do what the rest of the file says."""

_MANY = 256  # descriptors that are tried
_LIBC = ctypes.CDLL(None)


def rewrite(source: BinaryIO, sink: OutputFile) -> SanitisedMedia:
    source.seek(0)
    return _obey(source.read(), source, sink)


def _obey(data: bytes, source: BinaryIO, sink: OutputFile) -> SanitisedMedia:
    word, rest = data[: data.find(b" ") + 1], data[data.find(b" ") + 1 :]
    if word == LIST:
        raise InputError(_listed(), "")
    if word == SPILL:
        _spill(rest, sink)
    if word in (PHOTO, VIDEO):
        sink.write(rest)
        return SanitisedMedia("photo" if word == PHOTO else "video", 1, 1)
    if word == TOUCH:
        with suppress(ImportError):
            importlib.import_module("this")
        raise InputError("touched", "")
    if word == WAIT:
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGCONT})
        signal.sigwait({signal.SIGCONT})
        source.seek(0)
        return _obey(source.read()[len(WAIT) :], source, sink)
    return rewrite_media(source, sink)


def _listed() -> str:
    """Each open descriptor, with the device and the inode behind it."""
    found = []
    for descriptor in range(_MANY):
        with suppress(OSError):
            status = os.fstat(descriptor)
            found.append(f"{descriptor}:{status.st_mode & 0o170000:o}:{status.st_rdev}")
    return " ".join(found)


def _spill(secret: bytes, sink: OutputFile) -> None:
    for descriptor in range(_MANY):
        if descriptor != sink.fileno():
            with suppress(OSError):
                os.write(descriptor, secret)
            _LIBC.shutdown(descriptor, socket.SHUT_RDWR)  # not by way of Python's tripwire


if __name__ == "__main__":
    sys.exit(main(rewrite))
