"""The broker's connection to the audit daemon: while it is broken, nothing opens and all locks."""

from __future__ import annotations

import os
import select
import socket
import struct
from pathlib import Path
from threading import Lock
from typing import Protocol

from appliance.audit.entries.events import AnyEvent
from appliance.audit.entries.pseudonyms import PseudonymKind
from appliance.audit.service.client import AuditClient
from appliance.audit.service.protocol import Restricted
from appliance.errors import LedgerError

_TIMEVAL = struct.Struct("ll")  # of socket(7): seconds, microseconds
_LONGEST_CONNECT = _TIMEVAL.pack(1, 0)
_NO_LIMIT = _TIMEVAL.pack(0, 0)


class Record(Protocol):
    """What records events, and names people in them."""

    def append(self, *events: AnyEvent) -> int:
        """Log them durably, all or none; the index of the first. Raises ``LedgerError``."""
        ...

    def pseudonym(self, kind: PseudonymKind, value: str) -> str:
        """The pseudonym of a person or patient; raises ``LedgerError``."""
        ...


class Ledger(Record, Protocol):
    """What the broker needs of the ledger."""

    def alive(self) -> bool:
        """Whether the daemon is at the other end, without sending it anything."""
        ...

    def proof(self, index: int) -> bytes:
        """The C2SP tlog-proof of an erasure that was logged lately. Raises ``LedgerError``."""
        ...

    def for_worker(self, session: str) -> AuditClient:
        """A connection for the worker of ``session``, which accepts only what that may log.

        The caller closes it. Raises ``LedgerError``.
        """
        ...

    def for_releaser(self, session: str) -> AuditClient:
        """As ``for_worker``, for the releaser."""
        ...


class LedgerConnection:
    """Reconnects once the daemon is back. Several threads may share it."""

    def __init__(self, path: Path) -> None:
        """``path``: the daemon's socket."""
        self._path = path
        self._client: AuditClient | None = None
        self._lock = Lock()

    def append(self, *events: AnyEvent) -> int:
        """See ``Ledger``; raises ``LedgerError``."""
        client = self._connected()
        try:
            return client.append_all(events)[0].index
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
        with self._lock:
            if self._client is not client:  # another thread has just noticed that it is broken
                return False
            poll = select.poll()
            poll.register(client.fileno(), select.POLLHUP)
            gone = bool(poll.poll(0))
        if gone:
            self._disconnect(client)
        return not gone

    def proof(self, index: int) -> bytes:
        """See ``Ledger``; raises ``LedgerError``, also where another connection logged it."""
        return self._connected().prove_entry(index).proof.encode()

    def for_worker(self, session: str) -> AuditClient:
        """See ``Ledger``; raises ``LedgerError``."""
        return self._restricted("worker", session)

    def for_releaser(self, session: str) -> AuditClient:
        """See ``Ledger``; raises ``LedgerError``."""
        return self._restricted("releaser", session)

    def _restricted(self, role: Restricted, session: str) -> AuditClient:
        client = self._connect()
        try:
            client.restrict(role, session)
        except BaseException:
            client.close()
            raise
        return client

    def _connected(self) -> AuditClient:
        with self._lock:
            known = self._client
        if known is not None:
            return known
        made = self._connect()
        with self._lock:
            known = self._client
            if known is None:
                self._client = made
        if known is not None:  # another thread was quicker
            made.close()
        return known or made

    def _connect(self) -> AuditClient:
        """A new connection, or none at once where the daemon takes no more callers."""
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        try:
            # Without a limit connect(2) waits for as long as the daemon does not accept.
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, _LONGEST_CONNECT)
            connection.connect(os.fspath(self._path))
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, _NO_LIMIT)
        except OSError as error:
            connection.close()
            raise LedgerError(
                "The audit daemon does not answer.", "See the journal of appliance-audit.service."
            ) from error
        return AuditClient(connection.detach())

    def _disconnect(self, client: AuditClient) -> None:
        with self._lock:
            if self._client is client:
                self._client = None
        client.close()
