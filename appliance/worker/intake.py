"""Takes files in: a copy of our own is hashed and decoded, never the file that the caller holds."""

from __future__ import annotations

import hashlib
import os
import select
import stat
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Event, Lock

from appliance.errors import InputError
from appliance.seal.guard import Touch
from appliance.worker.failures import StopError
from appliance.worker.rewriting import SanitisedMedia
from appliance.worker.sanitiser import MediaSanitiser
from appliance.worker.workspace import Workspace

MAX_FILE_BYTES = 64 << 30
"""Of a file that is imported."""

_CHUNK = 1 << 20  # bytes
_STEP = 200  # milliseconds


@dataclass(frozen=True, slots=True)
class Received:
    """A file that was taken in. ``digest`` (SHA-256) and ``size`` in bytes: of what was decoded.

    ``path``: what the sanitiser wrote, which is deleted unless it is made an item.
    """

    digest: bytes
    size: int
    media: SanitisedMedia
    path: Path


class Intake:
    """For several threads, of which one at a time takes a file in."""

    def __init__(
        self,
        workspace: Workspace,
        sanitiser: MediaSanitiser,
        report: Callable[[Mapping[Touch, int]], None],
    ) -> None:
        """``report`` is called with the tripwires that a child of the sanitiser touched."""
        self._workspace = workspace
        self._sanitiser = sanitiser
        self._report = report
        self._free = Lock()
        self._state = Lock()
        self._running = False
        self._stopped = Event()

    @contextmanager
    def receive(self, descriptor: int, size: int | None = None) -> Iterator[Received]:
        """Copy the file of ``descriptor``, of ``size`` bytes if known, and have the copy rewritten.

        Raises ``InputError`` if that cannot be done, and ``StopError`` if it was stopped.
        """
        with self._free, self._stoppable(), self._workspace.temporary() as (path, sink):
            with self._workspace.nameless() as (writer, reader):
                digest, copied = copy(descriptor, writer, self._stopped.is_set, size)
                media = self._sanitiser.rewrite(reader, sink, self._stopped.is_set, self._report)
            yield Received(digest, copied, media, path)

    def stop(self) -> bool:
        """Stop what is being taken in; whether something is."""
        with self._state:
            if not self._running:
                return False
            self._stopped.set()
        self._sanitiser.stop()
        return True

    @contextmanager
    def _stoppable(self) -> Iterator[None]:
        with self._state:
            self._stopped.clear()
            self._running = True
        try:
            yield
        finally:
            with self._state:
                self._running = False


def copy(
    source: int, sink: int, is_stopped: Callable[[], bool], expected: int | None = None
) -> tuple[bytes, int]:
    """Copy a file from its start; the SHA-256 (32 bytes) and the size in bytes of the copy.

    ``expected``: how many bytes it must have, if that is known. Raises ``InputError`` if it has
    not, if ``source`` is not a regular file (or a pipe of which that is known), is too large or
    cannot be read, and ``StopError`` as soon as ``is_stopped``.
    """
    status = os.fstat(source)
    piped = stat.S_ISFIFO(status.st_mode) and expected is not None
    if not (piped or stat.S_ISREG(status.st_mode)):
        raise InputError(
            "The descriptor is not of a regular file.", "Pass a photo or video as a regular file."
        )
    room = os.fstatvfs(sink)
    most = MAX_FILE_BYTES if expected is None else min(MAX_FILE_BYTES, expected)
    if max(status.st_size, expected or 0) > min(MAX_FILE_BYTES, room.f_bavail * room.f_frsize):
        raise _too_large()
    digest, size = hashlib.sha256(), 0
    while block := _read_pipe(source, is_stopped) if piped else _read(source, size):
        if is_stopped():
            raise StopError
        size += len(block)
        if size > most:  # it grew
            raise _too_large() if expected is None else _other_size()
        digest.update(block)
        _write(sink, block)
    if expected not in (None, size):
        raise _other_size()
    return digest.digest(), size


def _read_pipe(source: int, is_stopped: Callable[[], bool]) -> bytes:
    """What comes next. Raises ``StopError`` as soon as ``is_stopped``, though nothing comes."""
    waiting = select.poll()
    waiting.register(source, select.POLLIN)
    while not waiting.poll(_STEP):
        if is_stopped():
            raise StopError
    return os.read(source, _CHUNK)


def _read(source: int, offset: int) -> bytes:
    try:
        return os.pread(source, _CHUNK, offset)
    except OSError as error:
        raise InputError(
            f"The file cannot be read ({os.strerror(error.errno or 0)}).",
            "Open it for reading, and copy it from its medium first.",
        ) from error


def _write(sink: int, block: bytes) -> None:
    rest = memoryview(block)
    while rest:
        rest = rest[os.write(sink, rest) :]


def _other_size() -> InputError:
    return InputError(
        "The file did not come whole.",
        "If it lies on a disc, clean the disc and try again, or ask for another copy of it.",
    )


def _too_large() -> InputError:
    return InputError(
        "The file does not fit into the workspace.", "Use a smaller file, or scale it down."
    )
