"""Takes the bytes of one result out of a socket, and no others than were announced."""

from __future__ import annotations

import hashlib
import select
import socket
from typing import Final

from appliance.errors import ReleaseError
from appliance.files.output import OutputFile

LONGEST_PAUSE: Final = 60.0
"""Seconds without a byte, after which nothing more is expected."""

_CHUNK = 1 << 20  # bytes


class NotTakenError(ReleaseError):
    """What came is not what was announced."""


def receive(
    stream: socket.socket, sink: OutputFile, size: int, sha256: str, pause: float = LONGEST_PAUSE
) -> None:
    """Copy ``size`` bytes with this SHA-256 from ``stream`` to ``sink``.

    Raises ``NotTakenError`` if there are fewer, more or others, or none for ``pause`` seconds, and
    ``OutputError`` if ``sink`` has no room for them.
    """
    digest, left = hashlib.sha256(), size
    while chunk := _next(stream, min(_CHUNK, left + 1), pause):
        left -= len(chunk)
        if left < 0:
            raise _not_taken()
        digest.update(chunk)
        sink.write(chunk)
    if left or digest.hexdigest() != sha256:
        raise _not_taken()


def _next(stream: socket.socket, most: int, pause: float) -> bytes:
    waiting = select.poll()
    waiting.register(stream, select.POLLIN)
    if not waiting.poll(pause * 1000):
        raise _not_taken()
    try:
        return stream.recv(most)
    except OSError as error:
        raise _not_taken() from error


def _not_taken() -> NotTakenError:
    return NotTakenError(
        "Other bytes came than were approved.",
        "Ask for the release again; see the worker's journal.",
    )
