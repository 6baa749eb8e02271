"""No caller may reach a worker before the broker has made it serve a session and its ledger.

How a worker refuses what is not the broker's is in ``test_becoming_the_ledger.py``; here it is the
broker that gives nothing away.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from threading import Event

import pytest

from appliance.audit.entries.events import AnyEvent, SessionClosed, SessionOpened, SessionWiped
from appliance.keeper.protocol import Command
from appliance.protocols import broker_api
from appliance.protocols import worker_control_api as control_api
from appliance.wire.client import Client
from appliance.wire.connection import Connection
from appliance.wire.message import CallError, Empty
from tests.session.scene import KIOSK, PIN, Scene
from tests.session.standins import until


def _kinds(logged: list[AnyEvent]) -> list[type]:
    return [type(event) for event in logged]


@pytest.fixture
def callers(scene: Scene) -> Iterator[socket.socket]:
    """What a caller is given."""
    wanted = broker_api.Open("anna", PIN)
    opened, (descriptor,) = scene.client.call(
        f"{broker_api.NAME}.Open", wanted, gives=broker_api.Opened, attached=1
    )
    scene.handles[opened.session] = opened.handle
    with socket.socket(fileno=descriptor) as connection:
        yield connection


def test_by_calling_while_the_worker_has_not_answered(scene: Scene) -> None:
    opened = scene.open_as("anna")
    worker, ref = scene.workers["w0"], broker_api.SessionRef(opened.handle)
    worker.die()
    until(lambda: not scene.call_as(0, "List", Empty()).sessions[0].worker)
    worker.hangs = Event()
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(scene.call_as, KIOSK, "Attach", ref)
        until(lambda: scene.keepers[0].asked.count(Command.START) == 2)
        for _ in range(20):
            assert scene.refusal("Attach", ref) == "Failed"
        assert not first.done()  # the control: it was not answered yet
        worker.hangs.set()
        assert first.result() == broker_api.Opened(opened.session, opened.handle)


def test_by_a_worker_that_refuses_to_begin(scene: Scene) -> None:
    scene.workers["w0"].refuses = True
    assert scene.refusal("Open", broker_api.Open("anna", PIN)) == "Failed"
    assert scene.keepers[0].asked[-2:] == [Command.KILL, Command.WIPE]
    assert _kinds(scene.ledger.events)[-3:] == [SessionOpened, SessionClosed, SessionWiped]
    scene.workers["w0"].refuses = False  # the control: one that begins is reached
    scene.open_as("anna")


def test_by_the_next_worker_of_a_session_that_refuses_to_begin(scene: Scene) -> None:
    opened = scene.open_as("anna")
    worker = scene.workers["w0"]
    worker.die()
    until(lambda: not scene.call_as(0, "List", Empty()).sessions[0].worker)
    worker.refuses = True
    ref = broker_api.SessionRef(opened.handle)
    assert scene.refusal("Attach", ref) == "Failed"
    assert Command.KILL in scene.keepers[0].asked
    assert scene.states() == {opened.session: "locked"}
    worker.refuses = False
    assert scene.refusal("Attach", ref) == "Failed"
    scene.call_as(KIOSK, "Reopen", broker_api.Reopen(opened.session, "anna", PIN))


def test_by_the_socket_of_the_worker(scene: Scene, callers: socket.socket) -> None:
    """What a caller holds was never connected to a socket that has a name."""
    assert callers.getpeername() == ""
    path = scene.broker._slots.all()[0].worker_socket
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as brokers:  # the control
        brokers.connect(os.fspath(path))
        assert brokers.getpeername() == os.fspath(path)


def test_by_asking_for_what_only_the_broker_may(scene: Scene, callers: socket.socket) -> None:
    with closing(Client(Connection(callers))) as client:
        client.call("io.faceappliance.Worker.Cancel", gives=Empty)  # the control: it is served
        begin = control_api.Begin("0" * 16, "0" * 64)
        with pytest.raises(CallError, match="InterfaceNotFound"):
            client.call(f"{control_api.NAME}.Begin", begin, gives=control_api.Jobs)
    assert len(scene.workers["w0"].begun) == 1


def test_by_a_connection_that_is_left_from_another_worker(
    scene: Scene, callers: socket.socket
) -> None:
    worker = scene.workers["w0"]
    session = scene.broker._slots.all()[0]
    until(lambda: len(worker.callers) == 1)
    worker.die()
    until(lambda: not session.has_worker)
    scene.act("Touch", session.identifier)
    scene.ask("Attach", scene.ref(session.identifier), broker_api.Opened)
    assert len(worker.begun) == 2  # the control: another one serves
    until(lambda: len(worker.callers) == 1)
    assert callers.recv(1) == b""  # hung up, and nobody takes it over
