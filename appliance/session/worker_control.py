"""The broker's control connection to a worker: no caller ever gets one, or a way to make one.

A caller gets one end of a socket pair that the broker makes; the worker gets the other end over the
control connection. So nothing that a caller holds was ever connected to a socket of the worker,
nothing waits in a queue, and nothing outlives the worker.
"""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Self

from appliance.audit.service.client import AuditClient
from appliance.errors import SessionError, WireError
from appliance.protocols import worker_control_api as api
from appliance.wire.client import Client
from appliance.wire.message import CallError

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
