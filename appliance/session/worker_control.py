"""The broker's control connection to a worker: no caller ever gets one, or a way to make one.

A caller gets one end of a socket pair that the broker makes; the worker gets the other end over the
control connection. So nothing that a caller holds was ever connected to a socket of the worker,
nothing waits in a queue, and nothing outlives the worker.
"""

from __future__ import annotations

import select
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Self, TypeVar

import msgspec

from appliance.audit.service.client import AuditClient
from appliance.errors import SessionError, WireError
from appliance.protocols import worker_control_api as api
from appliance.wire.client import Client
from appliance.wire.connection import Connection, close_all
from appliance.wire.message import CallError, Empty

S = TypeVar("S", bound=msgspec.Struct)

_LONGEST_MEASURE = 600.0  # seconds; a film of 100 GiB takes about as long to be read
_LOOK = 0.25  # seconds between two looks at whether the session is still open
_MOST_JOBS = 1 << 31  # more than any worker begins; a number that the ledger takes


class WorkerControl:
    """A worker that serves a session. For several threads, of which one calls ``reports``."""

    def __init__(self, client: Client, reports: Iterator[tuple[api.Jobs, list[int]]]) -> None:
        self._client = client
        self._reports = reports

    @classmethod
    def begin(cls, path: Path, begin: api.Begin, ledger: AuditClient, patience: float) -> Self:
        """Have the worker that listens at ``path`` serve a session, and wait until it does.

        ``ledger``: a connection that is restricted to this session; the worker gets a duplicate.
        ``patience`` in seconds. Raises ``SessionError`` if the worker refuses, and ``WireError`` if
        it is gone or takes longer: it must be killed then.
        """
        client = Client.to(path)
        try:
            reports = client.follow(
                f"{api.NAME}.Begin",
                begin,
                gives=api.Jobs,
                descriptors=[ledger.fileno()],
                timeout=patience,
            )
            next(reports)  # that it serves
        except CallError as refused:
            client.close()
            raise SessionError(
                "The worker refused to serve the session.", "See the journal of its unit."
            ) from refused
        except BaseException:
            client.close()
            raise
        return cls(client, reports)

    def connect(self) -> int:
        """A new connection to the worker, for one caller, as a descriptor. Never waits.

        Raises ``WireError`` if the worker is gone or does not read.
        """
        ours, theirs = socket.socketpair()
        with theirs:
            try:
                self._client.notify(f"{api.NAME}.Serve", descriptors=[theirs.fileno()])
            except BaseException:
                ours.close()
                raise
        return ours.detach()

    def drop_caches(self) -> None:
        """Have the worker drop what it caches. Never waits; raises ``WireError``."""
        self._client.notify(f"{api.NAME}.Forget")

    def measure(self, item: int, still: Callable[[], bool]) -> api.Measured:
        """What the result ``item`` is, as the worker has it; ``still``: whether to go on waiting.

        Raises ``SessionError`` if there is no such result, or it takes too long, and ``WireError``.
        """
        measured, descriptors = self._ask("Measure", api.Measure(item), api.Measured, still)
        close_all(descriptors)
        return measured

    def show(self, item: int, sha256: str, still: Callable[[], bool]) -> int:
        """A pipe with a picture of the result ``item``. Raises as ``measure`` does."""
        _, descriptors = self._ask("Show", api.Show(item, sha256), Empty, still)
        if len(descriptors) != 1:
            close_all(descriptors)
            raise _no_result()
        return descriptors[0]

    def release(self, release: api.Release, releaser: socket.socket) -> None:
        """Have the worker write a result into ``releaser``. Never waits; raises ``WireError``."""
        self._client.notify(f"{api.NAME}.Release", release, [releaser.fileno()])

    def _ask(
        self, method: str, parameters: msgspec.Struct, gives: type[S], still: Callable[[], bool]
    ) -> tuple[S, list[int]]:
        """The one message that the worker sends back, and its descriptors, for the caller."""
        ours, theirs = socket.socketpair()
        with closing(Connection(ours)) as channel:
            with theirs:
                self._client.notify(f"{api.NAME}.{method}", parameters, [theirs.fileno()])
            _wait_for(ours, still)
            received = channel.receive(_LOOK)
        if received is None:
            raise _no_result()
        message, descriptors = received
        try:
            return msgspec.json.decode(message, type=gives), descriptors
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            close_all(descriptors)
            raise _no_result() from error

    def reports(self) -> Iterator[int]:
        """How many jobs the worker has begun, whenever that changes, until it ends.

        It closes the connection at the end. What a worker reports is bounded, not believed.
        """
        try:
            for report, _ in self._reports:
                yield min(max(report.jobs, 0), _MOST_JOBS)
        except (WireError, CallError):
            return
        finally:
            self.close()

    def close(self) -> None:
        """Hang up, which ends the worker; not while another thread calls ``reports``."""
        self._client.close()


def _wait_for(answer: socket.socket, still: Callable[[], bool]) -> None:
    """Wait until there is something to read; raises ``SessionError`` if that is in vain."""
    poll = select.poll()
    poll.register(answer, select.POLLIN)
    until = time.monotonic() + _LONGEST_MEASURE
    while not poll.poll(_LOOK * 1000):
        if not still() or time.monotonic() > until:
            raise _no_result()


def _no_result() -> SessionError:
    return SessionError(
        "The worker has no such result, or it cannot be released.", "Make it again, then ask again."
    )
