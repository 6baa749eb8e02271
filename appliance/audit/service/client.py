"""The client of the audit daemon: an event is durable when the call that logs it returns.

It only uses read(2), write(2) and poll(2) on one descriptor, so it still works after its process
has given up sockets, files and imports.
"""

from __future__ import annotations

import os
import select
import socket
from collections.abc import Sequence
from pathlib import Path
from threading import Lock
from typing import Self, TypeVar

import msgspec

from appliance.audit.entries.events import AnyEvent
from appliance.audit.entries.pseudonyms import PseudonymKind
from appliance.audit.entries.receipt import Receipt
from appliance.audit.service import protocol
from appliance.errors import LedgerError

_SECONDS = 30  # a disk that takes longer to sync is treated as failed

_encoder = msgspec.json.Encoder()
_decoder: msgspec.json.Decoder[protocol.Reply] = msgspec.json.Decoder(protocol.Reply)

R = TypeVar("R")


class AuditClient:
    """A connection to the audit daemon; several threads may share it.

    Every method raises ``LedgerError`` if the daemon is gone, does not answer or refuses. The
    caller must then abandon the action that it wanted to log.
    """

    def __init__(self, descriptor: int) -> None:
        """Take over a connected AF_UNIX SOCK_SEQPACKET ``descriptor``."""
        self._descriptor = descriptor
        self._lock = Lock()
        self._broken = False

    @classmethod
    def connect(cls, path: Path) -> Self:
        """Connect to the daemon that listens at ``path``. Raises ``LedgerError``."""
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        try:
            connection.connect(os.fspath(path))
        except OSError as error:
            connection.close()
            raise _gone() from error
        return cls(connection.detach())

    def fileno(self) -> int:
        """The descriptor, for a seal that leaves it open or a child that inherits it."""
        return self._descriptor

    def append(self, event: AnyEvent) -> Receipt:
        """Log ``event``; returns its receipt once it is durable."""
        return self.append_all([event])[0]

    def append_all(self, events: Sequence[AnyEvent]) -> list[Receipt]:
        """Log up to 128 ``events`` in one durable step, all or none of them."""
        reply = self._ask(protocol.Append(list(events)), protocol.Appended)
        leaves = enumerate(reply.leaves, reply.first)
        return [Receipt(index, bytes.fromhex(leaf)) for index, leaf in leaves]

    def pseudonym(self, kind: PseudonymKind, value: bytes) -> str:
        """The pseudonym of a person, patient, file or consent in the log."""
        return self._ask(protocol.Name(kind, value), protocol.NameGiven).pseudonym

    def prove(self, receipt: Receipt) -> protocol.Proved:
        """The proof that the ledger holds what this connection logged for ``receipt``."""
        return self.prove_entry(receipt.index)

    def prove_entry(self, index: int) -> protocol.Proved:
        """The proof of an entry: one that it logged, or for a releaser, one of its session.

        The proof is not checked: it came from the process that has the log's key.
        """
        return self._ask(protocol.Prove(index), protocol.Proved)

    def entries(self) -> list[int]:
        """Where the entries of a releaser's session are, in order."""
        found: list[int] = []
        listed = [0]
        while listed:
            after = found[-1] + 1 if found else 0
            listed = self._ask(protocol.ListEntries(after), protocol.EntriesListed).indexes
            found += listed
        return found

    def restrict(
        self,
        role: protocol.Restricted,
        session: str,
        budget: protocol.Budget = protocol.WORKER_BUDGET,
    ) -> None:
        """Give up all that ``role`` does not need in ``session``, before the descriptor is passed.

        From then on the daemon refuses events of other kinds or sessions, pseudonyms of what the
        role does not see, and whatever exceeds ``budget``. It cannot be undone.
        """
        self._ask(protocol.Restrict(role, session, budget), protocol.RestrictedTo)

    def close(self) -> None:
        """Close the connection; may be repeated."""
        with self._lock:
            if self._descriptor >= 0:
                os.close(self._descriptor)
            self._descriptor = -1

    def _ask(self, request: protocol.Request, expected: type[R]) -> R:
        with self._lock:
            reply = self._exchange(_encoder.encode(request))
        if isinstance(reply, protocol.Rejected):
            raise _refused(reply.reason)
        if not isinstance(reply, expected):
            raise _gone()
        return reply

    def _exchange(self, packet: bytes) -> protocol.Reply:
        if len(packet) > protocol.MAX_PACKET:
            raise _refused("malformed")
        if self._broken or self._descriptor < 0:
            raise _gone()
        # Until the answer arrives: a late answer must not be taken for that to the next request.
        self._broken = True
        try:
            os.write(self._descriptor, packet)
            waiting = select.poll()
            waiting.register(self._descriptor, select.POLLIN)
            if not waiting.poll(_SECONDS * 1000):
                raise _gone()
            reply = _decoder.decode(os.read(self._descriptor, protocol.MAX_PACKET))
        except (OSError, msgspec.DecodeError) as error:
            raise _gone() from error
        self._broken = False
        return reply


def _gone() -> LedgerError:
    return LedgerError(
        "The audit daemon does not answer: nothing can be logged, so all work stops.",
        "Check the ledger with `appliance audit verify`, start the daemon, then try again.",
    )


def _refused(reason: protocol.RejectionReason) -> LedgerError:
    message, hint = {
        "malformed": (
            "The audit daemon does not know this event.",
            "Use the same version of daemon and program.",
        ),
        "not-yours": (
            "The audit daemon does not accept this event from this process.",
            "Log it from the process that it is about.",
        ),
        "exhausted": (
            "The session has used up what it may log in a day, so its work stops.",
            "Close the session and open another one.",
        ),
        "full": (
            "The disk of the ledger is full: nothing can be logged, so all work stops.",
            "Free space on it, or prune entries beyond the retention with `appliance audit prune`.",
        ),
        "failed": (
            "The audit daemon could not log: the ledger is damaged or cannot be written.",
            "Run `appliance audit verify`.",
        ),
    }[reason]
    return LedgerError(message, hint)
