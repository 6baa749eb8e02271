"""The broker's connection to the audit daemon: while it is broken, nothing opens and all locks."""

from __future__ import annotations

import select
from pathlib import Path
from threading import Lock
from typing import Protocol

from appliance.audit.entries.events import AnyEvent
from appliance.audit.entries.pseudonyms import PseudonymKind
from appliance.audit.service.client import AuditClient
from appliance.errors import LedgerError


class Ledger(Protocol):
    """What the broker needs of the ledger."""

    def append(self, *events: AnyEvent) -> None:
        """Log them durably, all or none; raises ``LedgerError``."""
        ...

    def pseudonym(self, kind: PseudonymKind, value: str) -> str:
        """The pseudonym of a person or patient; raises ``LedgerError``."""
        ...

    def alive(self) -> bool:
        """Whether the daemon is at the other end, without sending it anything."""
        ...

    def for_worker(self, session: str) -> AuditClient:
        """A connection that accepts only what a worker may log in ``session``.

        Raises ``LedgerError``.
        """
        ...


class LedgerConnection:
    """Reconnects once the daemon is back. Several threads may share it."""

    def __init__(self, path: Path) -> None:
        """``path``: the daemon's socket."""
        self._path = path
        self._client: AuditClient | None = None
        self._lock = Lock()

    def append(self, *events: AnyEvent) -> None:
        """See ``Ledger``; raises ``LedgerError``."""
        client = self._connected()
        try:
            client.append_all(events)
        except LedgerError:
            self._disconnect(client)
            raise

    def pseudonym(self, kind: PseudonymKind, value: str) -> str:
        """See ``Ledger``; raises ``LedgerError``."""
        client = self._connected()
        try:
            return client.pseudonym(kind, value.encode())
        except LedgerError:
            self._disconnect(client)
            raise

    def alive(self) -> bool:
        """See ``Ledger``."""
        try:
            client = self._connected()
        except LedgerError:
            return False
        poll = select.poll()
        poll.register(client.fileno(), select.POLLHUP)
        if not poll.poll(0):
            return True
        self._disconnect(client)
        return False

    def for_worker(self, session: str) -> AuditClient:
        """See ``Ledger``; raises ``LedgerError``."""
        client = AuditClient.connect(self._path)
        try:
            client.restrict("worker", session)
        except LedgerError:
            client.close()
            raise
        return client

    def _connected(self) -> AuditClient:
        with self._lock:
            if self._client is None:
                self._client = AuditClient.connect(self._path)
            return self._client

    def _disconnect(self, client: AuditClient) -> None:
        with self._lock:
            client.close()
            if self._client is client:
                self._client = None
