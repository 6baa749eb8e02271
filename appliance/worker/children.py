"""Work on files that may be malicious, each in a process that is discarded afterwards.

The children are forked by a helper process that was itself forked before the caller had threads: a
copy of a process with threads could wait forever for a lock that no thread will release. The helper
inherits its own connection and nothing else; see ``child_server.py``.
"""

from __future__ import annotations

import array
import os
import socket
from collections.abc import Callable
from threading import Lock

import msgspec

from appliance.worker.child_server import (
    MAX_ANSWER,
    START,
    STOP,
    ChildAnswer,
    CrashedWork,
    Task,
    Work,
    serve_forks,
)
from appliance.worker.failures import StopError
from appliance.worker.sealing import WorkerSealing

_CRASHED = ChildAnswer(CrashedWork(took_too_long=False))


class Children:
    """Create it before there are threads. One ``run`` at a time; ``stop`` from any thread."""

    def __init__(self, sealing: WorkerSealing, work: Work, max_seconds: int) -> None:
        """Fork the helper process. Its children are sealed and cannot open any path.

        ``work``: what a child does with its file, in at most ``max_seconds``.
        """
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        if not os.fork():
            serve_forks(theirs, Task(work, sealing, max_seconds))
        theirs.close()
        self._connection = ours
        self._lock = Lock()
        self._running = False

    def run(
        self, request: bytes, source: int, sink: int, is_stopped: Callable[[], bool]
    ) -> ChildAnswer:
        """What a child answers that works from the file of ``source`` to that of ``sink``.

        ``is_stopped`` must be true before ``stop`` is called. Raises ``StopError`` if it is before
        the child has started. An answer that cannot be understood counts as a crash.
        """
        descriptors = array.array("i", (source, sink))
        rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, descriptors)]
        try:
            with self._lock:
                if is_stopped():
                    raise StopError
                self._connection.sendmsg([START + request], rights)
                self._running = True
            return msgspec.json.decode(self._connection.recv(MAX_ANSWER), type=ChildAnswer)
        except (OSError, msgspec.DecodeError, UnicodeDecodeError):
            return _CRASHED
        finally:
            with self._lock:
                self._running = False

    def close(self) -> None:
        """Let the helper process end, which it does by itself when this process ends."""
        self._connection.close()

    def stop(self) -> None:
        """End the child that runs now, if there is one."""
        with self._lock:
            if self._running:
                self._connection.sendmsg([STOP])
