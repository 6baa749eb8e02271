"""What the broker may ask of a result for its release, over the control connection alone.

No caller can reach these. A picture of a result is shown to the second person who decides on it,
and the result is written to the releaser and to nobody else; both only as long as its file has the
SHA-256 that was asked for, and both are in the ledger before a byte is on its way.
"""

from __future__ import annotations

import hashlib
import io
import os
import socket
from collections.abc import Callable
from contextlib import closing, suppress
from threading import Lock, Thread
from typing import BinaryIO, Literal

import msgspec

from appliance.audit.entries import events
from appliance.diagnostics.process_log import report_bug
from appliance.errors import ApplianceError
from appliance.protocols import worker_control_api as api
from appliance.wire.connection import Connection
from appliance.wire.message import CallError, Empty
from appliance.worker.hand_over import fingerprint
from appliance.worker.measuring import Measuring
from appliance.worker.pipes import Pipes
from appliance.worker.served_session import ServedSession
from appliance.worker.views import Views
from appliance.worker.workspace import Item, Workspace

_CHUNK = 1 << 20  # bytes


class ReleaseMethods:
    """Each method returns at once; a thread does the work, so that the broker never waits here.

    Each takes one descriptor over, and closes it in the end. What cannot be done ends with that.
    """

    def __init__(self, served: ServedSession, workspace: Workspace) -> None:
        self._served = served
        self._workspace = workspace
        self._pipes = Pipes()
        one_picture = Lock()
        self._measuring = Measuring(one_picture)
        self._views = Views(one_picture)

    def measure(self, wanted: api.Measure, answer: int) -> None:
        """Send an ``api.Measured`` about a result into ``answer``."""

        def work() -> None:
            with closing(_channel(answer)) as channel:
                measured = self._measuring.of(self._workspace.result(wanted.item))
                if measured is not None:
                    channel.send(msgspec.json.encode(measured))

        _in_thread(work)

    def show(self, wanted: api.Show, answer: int) -> None:
        """Send a pipe with a picture of a result into ``answer``."""

        def work() -> None:
            with closing(_channel(answer)) as channel:
                view = self._views.of(self._workspace.result(wanted.item), wanted.sha256)
                if view is None:
                    return
                self._log("view", hashlib.sha256(view).hexdigest(), len(view))
                pipe = self._pipes.send(io.BytesIO(view))
                try:
                    channel.send(msgspec.json.encode(Empty()), [pipe])
                finally:
                    os.close(pipe)

        _in_thread(work)

    def release(self, wanted: api.Release, releaser: int) -> None:
        """Write a result into ``releaser``."""

        def work() -> None:
            with os.fdopen(releaser, "wb") as sink:
                item = self._workspace.result(wanted.item)
                source = self._opened(item, wanted.sha256)
                if source is None:
                    return
                with source, suppress(OSError):  # the releaser is gone, and knows what it lacks
                    while chunk := source.read(_CHUNK):
                        sink.write(chunk)

        _in_thread(work)

    def _opened(self, item: Item, sha256: str) -> BinaryIO | None:
        """The file of a result, once the ledger has that it leaves; ``None`` if it is another."""
        source = item.path.open("rb")
        try:
            digest, size = fingerprint(source)
            if digest.hex() != sha256:
                source.close()
                return None
            self._log("release", sha256, size)
            source.seek(0, io.SEEK_SET)
        except BaseException:
            source.close()
            raise
        return source

    def _log(self, what: Literal["view", "release"], sha256: str, size: int) -> None:
        self._served.ledger.append(events.HandedOver(self._served.session, what, sha256, size))


def _channel(descriptor: int) -> Connection:
    # Family and type are given, not asked of the kernel: few system calls are left.
    return Connection(socket.socket(socket.AF_UNIX, socket.SOCK_STREAM, fileno=descriptor))


def _in_thread(work: Callable[[], None]) -> None:
    def run() -> None:
        try:
            work()
        except (ApplianceError, CallError, OSError):
            pass  # the broker sees that nothing came
        except Exception as bug:  # noqa: BLE001 - a bug in one call must not end the worker
            report_bug(bug)

    Thread(target=run, daemon=True).start()
