"""``appliance-audit``: the one process that holds the key and writes the ledger.

A single thread takes all pending requests of its peers, appends their events in one durable step
(so that many callers share the cost of a sync), and answers each. A peer waits for its answer
before it goes on: a slow disk slows its callers down, a full one stops them.

The role of a peer follows from its user id (SO_PEERCRED) and the options of the daemon. It limits
what the peer may log (``authority.py``), as does the session that the broker restricted its
connection to. What a worker or the broker is refused is an event of the log itself. A packet that
cannot be decoded is rejected; a peer that does not read its answers is dropped. No input can stop
the daemon.
"""

from __future__ import annotations

import selectors
import socket
from bisect import bisect_left
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Protocol

import msgspec

from appliance import machine
from appliance.audit.entries.events import AnyEvent, SessionWiped
from appliance.audit.entries.fields import Role
from appliance.audit.entries.pseudonyms import pseudonym
from appliance.audit.entries.receipt import Receipt
from appliance.audit.entries.recorder import Recorder
from appliance.audit.service import protocol
from appliance.audit.service.authority import (
    Accounts,
    Authority,
    Refusals,
    RefusedBecause,
    rank_of,
)
from appliance.audit.service.session_entries import SessionEntries
from appliance.audit.tlog.reserve import Rank, Reserve
from appliance.errors import LedgerError, LedgerFullError
from appliance.wire.peer import PeerCredentials

_decoder: msgspec.json.Decoder[protocol.Request] = msgspec.json.Decoder(protocol.Request)
_encoder = msgspec.json.Encoder()

_BACKLOG = 16
MOST_OF_A_ROLE = 128
"""Connections of one role, so that none can use up the descriptors that the others need."""

# Commands, whose ledger is their user's own, and tests, of what they logged. A releaser gets proofs
# of its session as well, and the broker those of the erasures that it has just logged, for who
# closes a session; workers get none.
_PROVING: tuple[Role, ...] = ("embedded", "test")
_MOST_ERASURES = 16  # the last ones of a connection; there are at most 8 sessions

# Roles whose refusals are logged even without a session. A command reports its own.
_WATCHED: tuple[Role, ...] = ("broker", "keeper", "worker", "releaser", "attester")


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
    came_as: Role  # which a restriction does not change
    authority: Authority
    logged: set[int] = field(default_factory=set)  # entries of which it may ask for a proof


@dataclass(frozen=True, slots=True)
class _Batch:
    """Events to log in one step, all or none; ``peer`` waits for the answer."""

    by: Role
    events: list[AnyEvent]
    rank: Rank
    peer: _Peer | None = None


@dataclass(slots=True)
class _Round:
    """What is left to do at the end of a round."""

    batches: list[_Batch] = field(default_factory=list)
    refused: list[AnyEvent] = field(default_factory=list)


class Server:
    """Serves the peers of one ledger. ``roles``: the role of each user id.

    ``reserve``: room on the disk for the ends of sessions, where there are sessions. ``clock``:
    seconds, of a clock that cannot be set.
    """

    def __init__(
        self,
        recorder: Recorder,
        pseudonym_key: bytes,
        roles: Mapping[int, Role] | None = None,
        log: DiagnosticLog | None = None,
        *,
        reserve: Reserve | None = None,
        clock: Callable[[], float] = machine.seconds_since_boot,
    ) -> None:
        self._log = log or SilentLog()
        self._recorder = recorder
        self._pseudonym_key = pseudonym_key
        self._roles = dict(roles or {})
        self._reserve = reserve
        self._accounts = Accounts(clock)
        self._entries = SessionEntries()
        self._refusals = {role: Refusals(role) for role in _WATCHED}
        self._work = _Round()
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
        self._peers[connection.fileno()] = _Peer(connection, role, Authority(role))
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
        for descriptor in ready:
            peer = self._peers.get(descriptor)
            if peer is None:
                self._accept()
                continue
            packet = self._receive(peer)
            if packet is None:
                continue
            reply = self._understand(peer, packet)
            if reply is not None:
                self._answer(peer, reply)
        work, self._work = self._work, _Round()
        if work.refused:
            work.batches.append(_Batch("audit", work.refused, "alarm"))
        if work.batches:
            self._append(work.batches)

    def _append(self, batches: list[_Batch]) -> None:
        """Log ``batches`` and answer. On a full disk, what matters most is logged first."""
        if self._reserve is not None and not self._reserve.is_whole():
            self._append_by_rank(batches, self._reserve)
            return
        try:
            self._log_and_answer(batches)
        except LedgerFullError as error:
            if self._reserve is None:
                self._refuse(batches, error)
            else:
                self._append_by_rank(batches, self._reserve)
        except LedgerError as error:
            self._refuse(batches, error)

    def _append_by_rank(self, batches: list[_Batch], reserve: Reserve) -> None:
        """Log the ends of sessions, then alarms, out of ``reserve``; refuse all else."""
        full = LedgerFullError("The reserve of the ledger was opened.", "Free space on its disk.")
        self._refuse([batch for batch in batches if batch.rank == "ordinary"], full)
        ranks: tuple[Rank, ...] = ("ending", "alarm")
        for rank in ranks:
            group = [batch for batch in batches if batch.rank == rank]
            if group:
                try:
                    reserve.record(rank, partial(self._log_and_answer, group))
                except LedgerError as error:
                    self._refuse(group, error)

    def _log_and_answer(self, batches: list[_Batch]) -> None:
        stamped = [(batch.by, event) for batch in batches for event in batch.events]
        receipts = iter(self._recorder.record(stamped))
        for batch in batches:
            own = [next(receipts) for _ in batch.events]
            bound = batch.peer.authority.restriction if batch.peer is not None else None
            for receipt, event in zip(own, batch.events, strict=True):
                self._accounts.note(event)
                self._entries.note(receipt.index, event, bound.session if bound else None)
            if batch.peer is not None:
                self._note_provable(batch, own)
                self._answer(batch.peer, _appended(own))

    def _note_provable(self, batch: _Batch, receipts: Sequence[Receipt]) -> None:
        """Note of which entries who logged them may ask for a proof."""
        if batch.peer is None:
            return
        logged = batch.peer.logged
        if batch.by in _PROVING:
            logged.update(receipt.index for receipt in receipts)
        elif batch.by == "broker":
            pairs = zip(receipts, batch.events, strict=True)
            logged.update(one.index for one, event in pairs if isinstance(event, SessionWiped))
            while len(logged) > _MOST_ERASURES:
                logged.discard(min(logged))

    def _refuse(self, batches: list[_Batch], error: LedgerError) -> None:
        if not batches:
            return
        self._log.error("ledger refused", exc_info=error)
        full = isinstance(error, LedgerFullError)
        for batch in batches:
            if batch.peer is not None:
                self._answer(batch.peer, protocol.Rejected("full" if full else "failed"))

    def _understand(self, peer: _Peer, packet: bytes) -> protocol.Reply | None:
        """The immediate answer; ``None`` if events are to be appended first."""
        authority = peer.authority
        try:
            request = _decoder.decode(packet)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return self._object(authority, "malformed")
        if isinstance(request, protocol.Prove):
            return self._prove(peer, request.index, len(packet))
        if isinstance(request, protocol.ListEntries):
            return self._list_entries(authority, request.first, len(packet))
        if not isinstance(request, protocol.Append):
            return self._reply(authority, request, len(packet))
        objection = authority.objection(request.events, len(packet))
        if objection is not None:
            return self._object(authority, objection)
        stamped = [authority.stamped(event) for event in request.events]
        rank = rank_of(authority.role, stamped)
        self._work.batches.append(_Batch(authority.role, stamped, rank, peer))
        return None

    def _prove(self, peer: _Peer, index: int, size: int) -> protocol.Reply:
        authority = peer.authority
        if index in peer.logged and authority.restriction is None:
            pass
        elif authority.role in _PROVING:
            return protocol.Rejected("not-yours")
        elif objection := authority.objection_to_proof(size):
            return self._object(authority, objection)
        elif index not in self._entries_of(authority):
            return self._object(authority, "session")
        try:
            proof, vkey = self._recorder.proof(index)
        except LedgerError as error:
            self._log.error("proof refused", exc_info=error)
            return protocol.Rejected("failed")
        return protocol.Proved(proof.encode().decode(), vkey)

    def _list_entries(self, authority: Authority, first: int, size: int) -> protocol.Reply:
        if objection := authority.objection_to_proof(size):
            return self._object(authority, objection)
        known = self._entries_of(authority)
        if not known:  # the daemon started later than the session
            return protocol.Rejected("failed")
        begin = bisect_left(known, first)
        return protocol.EntriesListed(list(known[begin : begin + protocol.MAX_LISTED]))

    def _entries_of(self, authority: Authority) -> Sequence[int]:
        """Those of its session, if all are known."""
        restriction = authority.restriction
        return (restriction and self._entries.of(restriction.session)) or ()

    def _reply(
        self, authority: Authority, request: protocol.Name | protocol.Restrict, size: int
    ) -> protocol.Reply:
        """The answer to a request of ``size`` bytes that logs nothing."""
        match request:
            case protocol.Name():
                objection = authority.objection_to_name(request.kind, size)
                if objection is not None:
                    return self._object(authority, objection)
                return protocol.NameGiven(
                    pseudonym(self._pseudonym_key, request.kind, request.value)
                )
            case protocol.Restrict():
                wanted = (request.role, request.session, request.budget)
                if not self._accounts.restrict(authority, *wanted):
                    return self._object(authority, "restriction")
                return protocol.RestrictedTo(authority.role, request.session)

    def _object(self, authority: Authority, reason: RefusedBecause) -> protocol.Rejected:
        """The answer to a refused request, which is logged unless a command reports it itself."""
        refusals = self._refusals.get(authority.role)
        if authority.restriction is not None:
            refusals = authority.restriction.account.refusals
        due = refusals and refusals.count(reason)
        if due:
            self._work.refused.append(due)
        if reason == "malformed":
            return protocol.Rejected("malformed")
        return protocol.Rejected("exhausted" if reason == "budget" else "not-yours")

    def _accept(self) -> None:
        if self._listener is None:
            return
        try:
            connection, _ = self._listener.accept()
        except OSError:
            return  # the caller has disconnected, or there are too many
        role = self._roles.get(PeerCredentials.of(connection).user)
        of_its_role = sum(peer.came_as == role for peer in self._peers.values())
        if role is None or of_its_role >= MOST_OF_A_ROLE:
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
            self._work.refused += self._accounts.leave(peer.authority)


def _appended(receipts: list[Receipt]) -> protocol.Appended:
    return protocol.Appended(receipts[0].index, [receipt.leaf.hex() for receipt in receipts])
