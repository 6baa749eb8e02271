"""Nothing that arrives stops the daemon, and nothing that it refuses is logged."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from appliance.audit.entries import canonical, events, fields
from appliance.audit.entries.recorder import Recorder
from appliance.audit.keys.ledger_keys import LedgerKeys
from appliance.audit.service import protocol
from appliance.audit.service.client import AuditClient
from appliance.audit.service.daemon import Server
from appliance.audit.service.embedded import EmbeddedAudit
from appliance.audit.standalone import open_proof, parse_key
from appliance.audit.tlog.appender import Ledger
from appliance.audit.tlog.proofs import TlogProof
from appliance.audit.tlog.reader import LedgerReader
from appliance.audit.tlog.tiles import Tile
from appliance.audit.verification.verify import verify_ledger
from appliance.errors import LedgerError
from tests.audit.synthetic import SESSION, job_event

GOOD = msgspec.json.encode(protocol.Append([job_event(1)]))
NAME = msgspec.json.encode(protocol.Name("person", b"x"))
_reply: msgspec.json.Decoder[protocol.Reply] = msgspec.json.Decoder(protocol.Reply)


@pytest.fixture(scope="module")
def daemon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedAudit]:
    with EmbeddedAudit(tmp_path_factory.mktemp("daemon") / "ledger") as audit:
        audit.client.append(job_event(1))
        yield audit


def ask(audit: EmbeddedAudit, packet: bytes) -> protocol.Reply:
    os.write(audit.client.fileno(), packet)
    return _reply.decode(os.read(audit.client.fileno(), protocol.MAX_PACKET))


@given(
    st.one_of(
        st.binary(min_size=1, max_size=2000),
        st.tuples(st.integers(0, len(GOOD) - 1), st.binary(max_size=9), st.integers(0, 9)).map(
            lambda edit: GOOD[: edit[0]] + edit[1] + GOOD[edit[0] + edit[2] :]
        ),
        st.recursive(
            st.none() | st.integers() | st.text(max_size=8),
            lambda inner: st.lists(inner) | st.dictionaries(st.text(max_size=8), inner),
        ).map(msgspec.json.encode),
    )
)
@settings(max_examples=1000, suppress_health_check=[HealthCheck.too_slow])
def test_no_packet_stops_the_daemon(daemon: EmbeddedAudit, packet: bytes) -> None:
    reply = ask(daemon, packet or b"{}")
    assert isinstance(reply, protocol.Rejected | protocol.Appended)
    assert isinstance(ask(daemon, NAME), protocol.NameGiven)


@pytest.mark.parametrize(
    "packet",
    [
        b"[" * 60_000,
        b'{"type":"append","events":[' + b"[" * 60_000,
        b"x" * 100_000,  # cut off by the daemon's own limit
        GOOD + b" " * protocol.MAX_PACKET,
        b"\xff\xfe",
        b'{"type":"append","events":[]}',
        msgspec.json.encode(protocol.Append([job_event(1)] * (protocol.MAX_BATCH + 1))),
        msgspec.json.encode(protocol.Append([events.Boot("1.0")])),
        msgspec.json.encode(protocol.Append([job_event(1), events.LogPruned(5, 183)])),
    ],
)
def test_a_malformed_request_is_rejected_and_not_logged(
    daemon: EmbeddedAudit, packet: bytes
) -> None:
    before = ask(daemon, GOOD)
    assert isinstance(ask(daemon, packet), protocol.Rejected)
    after = ask(daemon, GOOD)
    assert isinstance(before, protocol.Appended)
    assert isinstance(after, protocol.Appended)
    assert after.first == before.first + 1


def test_descriptors_are_discarded(daemon: EmbeddedAudit) -> None:
    connection = socket.socket(fileno=os.dup(daemon.client.fileno()))
    folder = f"/proc/{daemon.child}/fd"
    ask(daemon, NAME)
    before = len(list(Path(folder).iterdir()))
    with connection, Path("/dev/null").open("rb") as file:
        for _ in range(20):
            socket.send_fds(connection, [NAME], [file.fileno()] * 5)
            assert isinstance(
                _reply.decode(connection.recv(protocol.MAX_PACKET)), protocol.NameGiven
            )
    assert len(list(Path(folder).iterdir())) == before


@pytest.fixture
def server(ledger: Ledger, keys: LedgerKeys) -> Iterator[Server]:
    server = Server(Recorder(ledger), keys.pseudonym)
    yield server
    server.close()


def pair(server: Server, role: fields.Role) -> socket.socket:
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    server.adopt(theirs, role)
    return ours


def test_many_peers_share_one_durable_step(
    server: Server, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps = []
    append = Ledger.append

    def counted(self: Ledger, entries: list[bytes]) -> tuple[int, list[bytes]]:
        steps.append(len(entries))
        return append(self, entries)

    monkeypatch.setattr(Ledger, "append", counted)
    peers = [pair(server, "test") for _ in range(20)]
    for n, peer in enumerate(peers):
        peer.send(msgspec.json.encode(protocol.Append([job_event(n)])))
    server._round(list(server._peers))
    assert steps == [21]  # with the start of the machine
    places = set()
    for peer in peers:
        reply = _reply.decode(peer.recv(protocol.MAX_PACKET))
        assert isinstance(reply, protocol.Appended)
        places.add(reply.first)
        peer.close()
    assert places == set(range(1, 21))
    assert verify_ledger(folder).size == 21


def test_a_peer_that_does_not_read_its_answers_is_dropped(server: Server) -> None:
    deaf, other = pair(server, "broker"), pair(server, "broker")
    deaf.setblocking(False)
    for _ in range(10_000):
        if len(server._peers) == 1:
            break
        deaf.send(NAME)
        server._round(list(server._peers))
    assert len(server._peers) == 1
    other.send(NAME)
    server._round(list(server._peers))
    assert isinstance(_reply.decode(other.recv(protocol.MAX_PACKET)), protocol.NameGiven)
    deaf.close()
    other.close()


def test_no_answer_is_sent_before_the_event_is_durable(
    server: Server, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    entered, free = threading.Event(), threading.Event()
    sync = os.fsync

    def slow(descriptor: int) -> None:
        entered.set()
        free.wait()
        sync(descriptor)

    monkeypatch.setattr(os, "fsync", slow)
    peer = pair(server, "test")
    peer.send(GOOD)
    round_ = threading.Thread(target=server._round, args=(list(server._peers),))
    round_.start()
    entered.wait()
    peer.setblocking(False)
    with pytest.raises(BlockingIOError):
        peer.recv(1)
    free.set()
    round_.join()
    assert isinstance(_reply.decode(peer.recv(protocol.MAX_PACKET)), protocol.Appended)
    peer.close()
    reader = LedgerReader(folder)
    assert len(reader.entries(Tile(0, 0, 2))) == 2


def answer(server: Server, peer: socket.socket, request: protocol.Request) -> protocol.Reply:
    """What ``server`` answers to the only request of this round."""
    peer.send(msgspec.json.encode(request))
    server._round(list(server._peers))
    return _reply.decode(peer.recv(protocol.MAX_PACKET))


def test_a_worker_logs_only_events_of_a_worker(server: Server) -> None:
    worker, broker = pair(server, "broker"), pair(server, "broker")
    restrict = protocol.Restrict("worker", SESSION, protocol.WORKER_BUDGET)
    assert answer(server, worker, restrict) == protocol.RestrictedTo("worker", SESSION)
    opened = events.SessionOpened(SESSION, "a" * 32)
    attempt = events.EscapeAttempt("seccomp", "socket", 1)
    for peer, event, taken in (
        (worker, attempt, True),
        (worker, opened, False),
        (worker, events.ReleaseApproved(SESSION, 1, "a" * 64, "b" * 32), False),
        (broker, opened, True),
        (broker, job_event(1), False),
        (broker, events.ClockChanged(5), False),
    ):
        reply = answer(server, peer, protocol.Append([event]))
        assert isinstance(reply, protocol.Appended) == taken
        assert taken or reply == protocol.Rejected("not-yours")
    worker.close()
    broker.close()


def test_a_peer_gets_proofs_of_what_it_logged_itself_alone(server: Server, folder: Path) -> None:
    command, other, broker = (pair(server, role) for role in ("embedded", "embedded", "broker"))
    opened = events.SessionOpened(SESSION, "a" * 32)
    for peer, event in ((command, job_event(1)), (other, job_event(2)), (broker, opened)):
        assert isinstance(answer(server, peer, protocol.Append([event])), protocol.Appended)
    proved = answer(server, command, protocol.Prove(1))
    assert isinstance(proved, protocol.Proved)
    found = open_proof(proved.proof.encode(), parse_key(proved.vkey))
    assert (found.index, found.size) == (1, 4)
    assert canonical.decode(found.entry).event == job_event(1)
    for peer, index in ((command, 2), (command, 99), (other, 1), (broker, 3)):
        assert answer(server, peer, protocol.Prove(index)) == protocol.Rejected("not-yours")
    # What the broker tried is an entry as well.
    (folder / Tile(0, 0, 5).path).unlink()
    assert answer(server, command, protocol.Prove(1)) == protocol.Rejected("failed")
    for peer in (command, other, broker):
        peer.close()


OTHER = "f" * 16


def releaser_of(server: Server, session: str) -> socket.socket:
    peer = pair(server, "broker")
    restrict = protocol.Restrict("releaser", session, protocol.WORKER_BUDGET)
    assert isinstance(answer(server, peer, restrict), protocol.RestrictedTo)
    return peer


def test_a_releaser_gets_proofs_of_its_session_alone(server: Server) -> None:
    broker = pair(server, "broker")
    story: list[events.AnyEvent] = [
        events.SessionOpened(SESSION, "a" * 32),
        events.SessionOpened(OTHER, "a" * 32),
        events.ReleaseApproved(SESSION, 1, "a" * 64, "b" * 32),
        events.ReleaseApproved(OTHER, 1, "a" * 64, "b" * 32),
    ]
    first = answer(server, broker, protocol.Append(story))
    assert isinstance(first, protocol.Appended)
    own, foreign = releaser_of(server, SESSION), releaser_of(server, OTHER)
    # What says no session itself belongs to the one that the connection is restricted to.
    signed = events.ReleaseSigned(first.first + 2, "c" * 64, "photo", "mesh")
    after = answer(server, own, protocol.Append([signed]))
    assert isinstance(after, protocol.Appended)
    expected = [first.first, first.first + 2, after.first]
    assert answer(server, own, protocol.ListEntries()) == protocol.EntriesListed(expected)
    later = protocol.ListEntries(expected[1] + 1)
    assert answer(server, own, later) == protocol.EntriesListed(expected[2:])
    for index, event in zip(expected, (story[0], story[2], signed), strict=True):
        proved = answer(server, own, protocol.Prove(index))
        assert isinstance(proved, protocol.Proved)
        assert TlogProof.parse(proved.proof.encode()).index == index
        found = open_proof(proved.proof.encode(), parse_key(proved.vkey))
        assert canonical.decode(found.entry).event == event
    for peer, index in ((own, first.first + 1), (own, 0), (own, 999), (foreign, after.first)):
        assert answer(server, peer, protocol.Prove(index)) == protocol.Rejected("not-yours")
    for peer in (broker, own, foreign):
        peer.close()


def test_neither_broker_nor_worker_is_shown_an_entry(server: Server) -> None:
    broker, worker = pair(server, "broker"), pair(server, "broker")
    assert isinstance(
        answer(server, broker, protocol.Append([events.SessionOpened(SESSION, "a" * 32)])),
        protocol.Appended,
    )
    restrict = protocol.Restrict("worker", SESSION, protocol.WORKER_BUDGET)
    assert isinstance(answer(server, worker, restrict), protocol.RestrictedTo)
    for peer in (broker, worker):
        for request in (protocol.ListEntries(), protocol.Prove(1)):
            assert answer(server, peer, request) == protocol.Rejected("not-yours")
        peer.close()


def test_the_broker_gets_proofs_of_the_erasures_that_it_logged_last(server: Server) -> None:
    broker, another = pair(server, "broker"), pair(server, "broker")
    closed = events.SessionClosed(SESSION, "user", 1, 2)
    wiped = events.SessionWiped(SESSION, "a" * 64, "luks-header-dropped", 4, 0, 9)
    first = answer(server, broker, protocol.Append([closed, wiped]))
    assert isinstance(first, protocol.Appended)
    proved = answer(server, broker, protocol.Prove(first.first + 1))
    assert isinstance(proved, protocol.Proved)
    found = open_proof(proved.proof.encode(), parse_key(proved.vkey))
    assert canonical.decode(found.entry).event == wiped
    for peer, index in ((broker, first.first), (another, first.first + 1)):
        assert answer(server, peer, protocol.Prove(index)) == protocol.Rejected("not-yours")
    for _ in range(16):
        assert isinstance(answer(server, broker, protocol.Append([wiped])), protocol.Appended)
    assert answer(server, broker, protocol.Prove(first.first + 1)) == protocol.Rejected("not-yours")
    broker.close()
    another.close()


def test_a_session_of_which_not_all_is_known_is_not_shown(server: Server) -> None:
    """As after a restart of the daemon: some entries would look as if they were all."""
    broker, releaser = pair(server, "broker"), releaser_of(server, SESSION)
    approved = events.ReleaseApproved(SESSION, 1, "a" * 64, "b" * 32)
    assert isinstance(answer(server, broker, protocol.Append([approved])), protocol.Appended)
    assert answer(server, releaser, protocol.ListEntries()) == protocol.Rejected("failed")
    opened = events.SessionOpened(SESSION, "a" * 32)
    wiped = events.SessionWiped(SESSION, "a" * 64, "luks-header-dropped", 4, 0, 9)
    assert isinstance(answer(server, broker, protocol.Append([opened])), protocol.Appended)
    listed = answer(server, releaser, protocol.ListEntries())
    assert isinstance(listed, protocol.EntriesListed)
    assert isinstance(answer(server, broker, protocol.Append([wiped])), protocol.Appended)
    assert answer(server, releaser, protocol.ListEntries()) == protocol.Rejected("not-yours")
    broker.close()
    releaser.close()


@pytest.mark.parametrize("edit", [b"", b"x", b"c2sp.org/tlog-proof@v1\n", b"\n\n"])
def test_what_is_no_proof_is_not_read_as_one(edit: bytes) -> None:
    proof = TlogProof(b"{}", 3, (b"a" * 32, b"b" * 32), b"note\n")
    assert TlogProof.parse(proof.encode()) == proof
    for wrong in (edit, edit + proof.encode(), proof.encode().replace(b"index 3", b"index 03")):
        if wrong != proof.encode():
            with pytest.raises(LedgerError):
                TlogProof.parse(wrong)


def test_a_damaged_ledger_is_answered_with_an_error(folder: Path) -> None:
    with EmbeddedAudit(folder) as audit:
        audit.client.append(job_event(1))
        checkpoint = (folder / "checkpoint").read_bytes()
        (folder / "checkpoint").write_bytes(b"nonsense")
        with pytest.raises(LedgerError, match="damaged or cannot be written"):
            audit.client.append(job_event(2))
        (folder / "checkpoint").write_bytes(checkpoint)
        assert audit.client.append(job_event(2)).index == 2


def test_a_client_does_not_take_a_late_answer_for_that_to_the_next_request(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("appliance.audit.service.client._SECONDS", 0)
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    client = AuditClient(ours.detach())
    with theirs:
        with pytest.raises(LedgerError, match="does not answer"):
            client.append(job_event(1))
        theirs.send(msgspec.json.encode(protocol.Appended(0, ["a" * 64])))
        with pytest.raises(LedgerError, match="does not answer"):
            client.append(job_event(2))
    client.close()
