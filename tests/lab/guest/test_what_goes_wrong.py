"""A worker that dies, a ledger that is gone, a clock set back, frames that are none."""

from __future__ import annotations

import os
import random
import socket
import time

from appliance.protocols import worker_api as worker_interface
from appliance.protocols.worker_api import NAME
from appliance.wire.client import Client
from appliance.wire.connection import Connection
from tests.lab.guest.visitor import (
    SOCKET,
    Broker,
    all_events,
    connection,
    ledger_kinds,
    main_process,
    nothing_is_left,
    refusal,
    shell,
    until,
)


def test_without_the_ledger_nothing_opens_and_what_is_open_locks(broker: Broker) -> None:
    session, _ = broker.open()
    shell("systemctl stop appliance-audit.socket appliance-audit.service")
    until(lambda: broker.states() == {session: "locked"})
    assert refusal(broker.open) == "LedgerGone"
    shell("systemctl start appliance-audit.socket")
    until(lambda: refusal_or_none(broker, session) is None)
    assert broker.states() == {session: "active"}


def refusal_or_none(broker: Broker, session: str) -> str | None:
    try:
        os.close(broker.reopen(session))
    except Exception as error:  # noqa: BLE001
        return str(error)
    return None


def test_a_worker_that_dies_leaves_the_session_alive(broker: Broker) -> None:
    session, worker = broker.open()
    # One that dies before it took a caller is started again by its socket, and nobody notices.
    client = Client(Connection(connection(worker)))
    client.call(f"{NAME}.Results", gives=worker_interface.Results)
    os.kill(main_process("appliance-worker@w0.service"), 9)
    until(lambda: not broker.has_worker(session))
    assert broker.states() == {session: "active"}
    client.close()
    os.close(broker.attach(session))
    assert broker.has_worker(session)
    assert broker.close(session).clean
    nothing_is_left()


def test_a_session_ends_whose_keeper_died(broker: Broker) -> None:
    session, _ = broker.open()
    os.kill(main_process("appliance-keeper@w0.service"), 9)
    until(lambda: broker.states() == {})
    nothing_is_left()
    closed, wiped = [event for event in all_events() if event.get("session") == session][-2:]
    assert (closed["kind"], closed["reason"]) == ("session-closed", "crash")
    assert (wiped["kind"], wiped["after"]) == ("session-wiped", 0)
    again, _ = broker.open()
    assert broker.close(again).clean


def test_a_clock_set_back_changes_nothing(broker: Broker) -> None:
    session, _ = broker.open()
    ahead = time.time() - time.monotonic()
    shell("date -s '2001-01-01'")
    try:
        time.sleep(1.5)
        assert broker.states() == {session: "active"}
        broker.act("Touch", session)
        assert broker.close(session).clean
    finally:
        time.clock_settime(time.CLOCK_REALTIME, ahead + time.monotonic())


def test_frames_that_are_none_end_their_own_connection_only(broker: Broker) -> None:
    session, _ = broker.open()
    rng = random.Random(7)  # noqa: S311
    whole = b'{"method":"io.faceappliance.Session.List","parameters":{}}\0'
    for _ in range(300):
        frame = bytearray(whole * rng.randint(1, 3))
        for _ in range(rng.randint(1, 12)):
            frame[rng.randrange(len(frame))] = rng.randrange(256)
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            connection.connect(os.fspath(SOCKET))
            connection.sendall(bytes(frame))
            connection.shutdown(socket.SHUT_WR)
            while connection.recv(65536):
                pass
    assert broker.states() == {session: "active"}


def test_the_steps_of_a_session_are_in_the_ledger(broker: Broker) -> None:
    session, _ = broker.open()
    assert broker.close(session).clean
    kinds = ledger_kinds(session)
    assert kinds[0] == "session-opened"
    assert kinds[-2:] == ["session-closed", "session-wiped"]
