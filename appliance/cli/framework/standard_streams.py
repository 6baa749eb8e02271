"""Standard output and error of a command: what happens when they cannot be written.

Standard output is what the caller asked for, so a failure there is the command's failure. Standard
error carries progress and explanations: if it cannot be written the command goes on, because its
result and its exit code do not depend on it.
"""

from __future__ import annotations

import io
import os
import select
import sys
from collections.abc import Callable
from typing import TextIO

from appliance.errors import ApplianceError
from appliance.files.reasons import reason_of
from appliance.files.standard_streams import open_closed_streams

_HINT = "Send the output elsewhere. The files that the command had finished by then are complete."


class StandardOutputError(ApplianceError):
    """Standard output cannot be written."""


def prepare_streams() -> None:
    """Open the standard streams that are closed, and guard those that are written.

    A terminal that cannot show a character gets a question mark, not an exception.
    """
    open_closed_streams()
    sys.stdout = _guarded(sys.stdout, _fail)
    sys.stderr = _guarded(sys.stderr, _ignore)


class GuardedStream(io.RawIOBase):
    """The open ``descriptor``; ``failed`` is called with the first error, which it may raise.

    What is written after an error is discarded: it is a rest of what failed.
    """

    def __init__(self, descriptor: int, failed: Callable[[OSError], None]) -> None:
        super().__init__()
        self._descriptor = descriptor
        self._failed = failed
        self._has_failed = False

    def write(self, data: object, /) -> int:
        """Write some of ``data``, waiting if need be. Raises what ``failed`` raises."""
        view = memoryview(data)  # type: ignore[arg-type]
        while not self._has_failed:
            try:
                return os.write(self._descriptor, view)
            except BlockingIOError:
                # Another owner of the pipe made it non-blocking.
                self._wait()
            except OSError as error:
                self._has_failed = True
                self._failed(error)
        return len(view)

    def writable(self) -> bool:
        """True."""
        return True

    def fileno(self) -> int:
        """See :class:`io.RawIOBase`."""
        return self._descriptor

    def isatty(self) -> bool:
        """See :class:`io.RawIOBase`."""
        return os.isatty(self._descriptor)

    def _wait(self) -> None:
        poll = select.poll()
        poll.register(self._descriptor, select.POLLOUT)
        poll.poll()


def _guarded(stream: TextIO, failed: Callable[[OSError], None]) -> TextIO:
    return io.TextIOWrapper(
        io.BufferedWriter(GuardedStream(stream.fileno(), failed)),
        encoding=stream.encoding,
        errors="replace",
        line_buffering=stream.isatty() or stream is sys.stderr,
    )


def _fail(error: OSError) -> None:
    """Raises ``StandardOutputError``; ``BrokenPipeError`` if its reader has closed it."""
    if isinstance(error, BrokenPipeError):
        raise error
    why = reason_of(error).why
    raise StandardOutputError(f"Standard output cannot be written: {why}.", _HINT) from error


def _ignore(_error: OSError) -> None:
    """Nothing is lost but words."""
