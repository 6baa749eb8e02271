"""The broker's line to the audit daemon: if it breaks, nothing opens and what is open locks."""

from __future__ import annotations

import select
from pathlib import Path
from threading import Lock

from appliance.audit.entries.events import AnyEvent
from appliance.audit.entries.pseudonyms import PseudonymKind
from appliance.audit.service.client import AuditClient
from appliance.errors import LedgerError


class LedgerConnection:
    """A connection that is made anew when the daemon is back. Several threads may share it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._client: AuditClient | None = None
        self._lock = Lock()

    def append(self, *events: AnyEvent) -> None:
        """Log them durably, all or none; raises ``LedgerError``."""
        client = self._connected()
        try:
            client.append_all(events)
        except LedgerError:
            self._forget(client)
            raise

    def pseudonym(self, kind: PseudonymKind, value: str) -> str:
        """The sign of a person or patient; raises ``LedgerError``."""
        client = self._connected()
        try:
            return client.pseudonym(kind, value.encode())
        except LedgerError:
            self._forget(client)
            raise

    def alive(self) -> bool:
        """Whether the daemon is at the other end, without asking it anything."""
        try:
            client = self._connected()
        except LedgerError:
            return False
        poll = select.poll()
        poll.register(client.fileno(), select.POLLHUP)
        if not poll.poll(0):
            return True
        self._forget(client)
        return False

    def for_worker(self) -> AuditClient:
        """A connection that says only what a worker may; raises ``LedgerError``."""
        client = AuditClient.connect(self._path)
        client.restrict("worker")
        return client

    def _connected(self) -> AuditClient:
        with self._lock:
            if self._client is None:
                self._client = AuditClient.connect(self._path)
            return self._client

    def _forget(self, client: AuditClient) -> None:
        with self._lock:
            client.close()
            if self._client is client:
                self._client = None
