"""Decodes files from outside, and encodes them again, in a process that is discarded after each.

A malicious file targets a decoder. Here the decoder runs in a child with three descriptors, of the
file, of what it writes, and of its answer, and with no other rights. Whatever the file does to the
child ends with the child. What it leaves is as untrusted as the file: the worker reads it by the
decoder of one format only, see ``workspace.py``.

The children are forked by a helper process that was itself forked before the worker had threads: a
copy of a process with threads could wait forever for a lock that no thread will release. The helper
inherits its own connection and nothing else; see ``sanitiser_server.py``.
"""

from __future__ import annotations

import array
import os
import socket
from collections.abc import Callable, Mapping
from threading import Lock

import msgspec

from appliance.errors import InputError
from appliance.seal.guard import Touch
from appliance.worker.failures import StopError
from appliance.worker.rewriting import Rewrite, SanitisedMedia, rewrite_media
from appliance.worker.sanitiser_server import (
    MAX_ANSWER,
    START,
    STOP,
    ChildAnswer,
    CrashedMedia,
    RefusedMedia,
    serve_forks,
)
from appliance.worker.sealing import WorkerSealing

MAX_SECONDS = 4 * 3600
"""Seconds that a child may take; enough for a video of two hours. A frozen worker does not age."""


class MediaSanitiser:
    """Rewrites files in child processes. Create it before there are threads.

    One call of ``rewrite`` at a time; ``stop`` from any thread.
    """

    def __init__(
        self,
        sealing: WorkerSealing,
        rewrite: Rewrite = rewrite_media,
        max_seconds: int = MAX_SECONDS,
    ) -> None:
        """Fork the helper process. Its children are sealed and cannot open any path.

        ``rewrite``: what a child does with its file.
        """
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        if not os.fork():
            serve_forks(theirs, sealing, rewrite, max_seconds)
        theirs.close()
        self._connection = ours
        self._lock = Lock()
        self._running = False

    def close(self) -> None:
        """Let the helper process end, which it does by itself when this process ends."""
        self._connection.close()

    def rewrite(
        self,
        source: int,
        sink: int,
        is_stopped: Callable[[], bool],
        report: Callable[[Mapping[Touch, int]], None],
    ) -> SanitisedMedia:
        """Decode the file of descriptor ``source`` and encode it to ``sink``.

        ``is_stopped`` must be true before ``stop`` is called. ``report`` is called with the
        tripwires that the child touched, if it did. Raises ``InputError`` if the file cannot be
        decoded, or if it crashed its child or kept it too long, and ``StopError`` if it was
        stopped.
        """
        descriptors = array.array("i", (source, sink))
        rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, descriptors)]
        try:
            with self._lock:
                if is_stopped():
                    raise StopError
                self._connection.sendmsg([START], rights)
                self._running = True
            answer = msgspec.json.decode(self._connection.recv(MAX_ANSWER), type=ChildAnswer)
        except (OSError, msgspec.DecodeError) as error:
            raise _crashed() from error
        finally:
            with self._lock:
                self._running = False
        if answer.touches:
            report(answer.touches)
        if is_stopped():
            raise StopError
        outcome = answer.outcome
        if isinstance(outcome, RefusedMedia):
            raise InputError(outcome.message, outcome.hint)
        if isinstance(outcome, CrashedMedia):
            raise _too_long() if outcome.took_too_long else _crashed()
        return outcome

    def stop(self) -> None:
        """End the child that runs now, if there is one."""
        with self._lock:
            if self._running:
                self._connection.sendmsg([STOP])


def _crashed() -> InputError:
    return InputError(
        "The file crashed the process that read it; nothing was imported.",
        "Do not trust this file. Export it again from the camera or the program that made it.",
    )


def _too_long() -> InputError:
    return InputError(
        "The file kept the process that read it busy for too long; nothing was imported.",
        "Cut the video into shorter parts, or scale it down.",
    )
