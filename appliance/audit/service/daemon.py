"""``appliance-audit``: the one process that holds the key and writes the ledger.

A single thread takes all pending requests of its peers, appends their events in one durable step
(so that many callers share the cost of a sync), and answers each. A peer waits for its answer
before it goes on: a slow disk slows its callers down, a full one stops them.

The role of a peer follows from its user id (SO_PEERCRED) and the options of the daemon, and limits
what the peer may log. A packet that cannot be decoded is rejected; a peer that does not read its
answers is dropped. No input can stop the daemon.
"""

from __future__ import annotations

import selectors
import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

import msgspec

from appliance.audit.entries import events
from appliance.audit.entries.events import AnyEvent, Role
from appliance.audit.entries.pseudonyms import pseudonym
from appliance.audit.entries.receipt import Receipt
from appliance.audit.entries.recorder import Recorder
from appliance.audit.service import protocol
from appliance.errors import LedgerError, LedgerFullError
from appliance.wire.peer import PeerCredentials

_decoder: msgspec.json.Decoder[protocol.Request] = msgspec.json.Decoder(protocol.Request)
_encoder = msgspec.json.Encoder()

_BACKLOG = 16

# Only the daemon itself may log these.
_DAEMON_ONLY = (events.Boot, events.ClockChanged, events.LogPruned, events.CheckpointAnchored)
_WORKER_EVENTS = (
    events.SealResult,
    events.PolicyLoaded,
    events.ModelPackLoaded,
    events.MediaImported,
    events.JobStarted,
    events.JobFinished,
    events.JobRefused,
    events.SamePersonChecked,
    events.HandedOver,
    events.ResultRefused,
    events.EscapeAttempt,
)

# A keeper logs what it measured, and nothing else; and no other peer logs that.
_KEEPER_EVENTS = (events.WorkspaceErased,)


class DiagnosticLog(Protocol):
    """Takes the messages for the operator of the daemon; see ``appliance.diagnostics``."""

    def warning(self, event: str, **values: object) -> object:
        """A peer was refused or dropped."""

    def error(self, event: str, **values: object) -> object:
        """The ledger cannot be written."""


class SilentLog:
    """Discards messages: for the child of a command, which reports the failure itself."""

    def warning(self, event: str, **values: object) -> None:
        """Discard the message."""

    def error(self, event: str, **values: object) -> None:
        """Discard the message."""


@dataclass(slots=True)
class _Peer:
    socket: socket.socket
    role: Role


class Server:
    """Serves the peers of one ledger. ``roles``: the role of each user id."""

    def __init__(
        self,
        recorder: Recorder,
        pseudonym_key: bytes,
        roles: Mapping[int, Role] | None = None,
        log: DiagnosticLog | None = None,
    ) -> None:
        self._log = log or SilentLog()
        self._recorder = recorder
        self._pseudonym_key = pseudonym_key
        self._roles = dict(roles or {})
        self._selector = selectors.DefaultSelector()
        self._peers: dict[int, _Peer] = {}
        self._listener: socket.socket | None = None

    def listen(self, listener: socket.socket) -> None:
        """Accept peers on a bound SOCK_SEQPACKET socket."""
        listener.listen(_BACKLOG)
        listener.setblocking(False)
        self._listener = listener
        self._selector.register(listener, selectors.EVENT_READ)

    def adopt(self, connection: socket.socket, role: Role) -> None:
        """Serve a peer that is already connected."""
        connection.setblocking(False)
        self._peers[connection.fileno()] = _Peer(connection, role)
        self._selector.register(connection, selectors.EVENT_READ)

    def run(
        self, stopping: Callable[[], bool] = lambda: False, longest: float | None = None
    ) -> None:
        """Serve until ``stopping``, called after each round, returns True.

        ``longest``: seconds after which a round ends even if nothing arrived. Without a listener
        it also ends when the last peer has disconnected.
        """
        while (self._listener or self._peers) and not stopping():
            ready = [key.fd for key, _ in self._selector.select(longest)]
            self._round(ready)

    def close(self) -> None:
        """Close the listener and all connections."""
        for peer in list(self._peers.values()):
            self._drop(peer)
        if self._listener is not None:
            self._listener.close()
        self._selector.close()

    def _round(self, ready: list[int]) -> None:
        wanted: list[tuple[_Peer, list[AnyEvent]]] = []
        for descriptor in ready:
            peer = self._peers.get(descriptor)
            if peer is None:
                self._accept()
                continue
            packet = self._receive(peer)
            if packet is None:
                continue
            request = self._understand(peer, packet)
            if isinstance(request, protocol.Append):
                wanted.append((peer, request.events))
            else:
                self._answer(peer, request)
        if wanted:
            self._append(wanted)

    def _append(self, wanted: list[tuple[_Peer, list[AnyEvent]]]) -> None:
        stamped = [(peer.role, event) for peer, batch in wanted for event in batch]
        try:
            receipts = iter(self._recorder.record(stamped))
        except LedgerError as error:
            self._log.error("ledger refused", exc_info=error)
            full = isinstance(error, LedgerFullError)
            for peer, _ in wanted:
                self._answer(peer, protocol.Rejected("full" if full else "failed"))
        else:
            for peer, batch in wanted:
                self._answer(peer, _appended([next(receipts) for _ in batch]))

    def _understand(self, peer: _Peer, packet: bytes) -> protocol.Append | protocol.Reply:
        """The events to append, or the immediate answer."""
        try:
            request = _decoder.decode(packet)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return protocol.Rejected("malformed")
        match request:
            case protocol.Append():
                if not all(_may_log(peer.role, event) for event in request.events):
                    return protocol.Rejected("not-yours")
                return request
            case protocol.Name():
                return protocol.NameGiven(
                    pseudonym(self._pseudonym_key, request.kind, request.value)
                )
            case protocol.Restrict():
                peer.role = request.role
                return protocol.RestrictedTo(peer.role)

    def _accept(self) -> None:
        if self._listener is None:
            return
        try:
            connection, _ = self._listener.accept()
        except OSError:
            return  # the caller has disconnected, or there are too many
        role = self._roles.get(PeerCredentials.of(connection).user)
        if role is None:
            self._log.warning("peer refused")
            connection.close()
        else:
            self.adopt(connection, role)

    def _receive(self, peer: _Peer) -> bytes | None:
        """A packet; ``None`` if there is none or the peer is gone. Descriptors are discarded."""
        try:
            packet, _, flags, _ = peer.socket.recvmsg(protocol.MAX_PACKET)
        except BlockingIOError:
            return None
        except OSError:
            packet, flags = b"", 0
        if not packet:
            self._drop(peer)
            return None
        # A truncated packet is rejected even if the rest happens to be valid JSON.
        return b"" if flags & socket.MSG_TRUNC else packet

    def _answer(self, peer: _Peer, reply: protocol.Reply) -> None:
        try:
            peer.socket.send(_encoder.encode(reply))
        except OSError:
            self._log.warning("peer dropped")  # gone, or does not read the answers
            self._drop(peer)

    def _drop(self, peer: _Peer) -> None:
        if self._peers.pop(peer.socket.fileno(), None):
            self._selector.unregister(peer.socket)
            peer.socket.close()


def _may_log(role: Role, event: AnyEvent) -> bool:
    if isinstance(event, _DAEMON_ONLY):
        return False
    if isinstance(event, _KEEPER_EVENTS) or role == "keeper":
        return isinstance(event, _KEEPER_EVENTS) and role == "keeper"
    return role != "worker" or isinstance(event, _WORKER_EVENTS)


def _appended(receipts: list[Receipt]) -> protocol.Appended:
    return protocol.Appended(receipts[0].index, [receipt.leaf.hex() for receipt in receipts])
