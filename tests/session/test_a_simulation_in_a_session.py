"""A simulation from login to wipe: a real broker, worker and ledger."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from threading import Thread

import pytest

from appliance.audit.entries import events
from appliance.audit.entries.events import AnyEvent
from appliance.audit.entries.reader import read_lines
from appliance.audit.tlog.reader import LedgerReader
from appliance.policy.load import load
from appliance.protocols import broker_api, worker_api
from appliance.protocols.worker_api import NAME, Place, Simulate
from appliance.session.broker import Broker
from appliance.session.environment import Environment
from appliance.session.ledger_connection import LedgerConnection
from appliance.session.pending_wipes import PendingWipeJournal
from appliance.session.settings import Settings
from appliance.wire.client import Client
from appliance.wire.connection import Connection
from appliance.wire.message import CallError, Empty
from tests.paths import PORTRAITS, REPOSITORY
from tests.session.conftest import Daemon
from tests.session.scene import PIN, Login
from tests.session.standins import StandInClock, StandInKeeper

CLINIC = """
gate: {same_person: true, consent: true}
simulation: {bounds: {alar-width: [-3, 2]}}
"""


def serve_a_worker(folder: Path, policy: Path) -> Iterator[None]:
    """A worker's process for the first who connects to the socket of slot 0, as its unit does."""
    (folder / "workspace").mkdir()
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listener.bind(os.fspath(folder / "w0.sock"))
    listener.listen()
    started: list[subprocess.Popen[bytes]] = []

    def start() -> None:
        broker, _ = listener.accept()
        with broker:
            options = ["--models", str(REPOSITORY / "models/starter"), "--policy", str(policy)]
            options += ["--workspace", str(folder / "workspace"), "--packs", str(folder / "packs")]
            options += ["--socket", str(broker.fileno())]
            started.append(
                subprocess.Popen(
                    [sys.executable, "-m", "appliance.worker", *options],
                    cwd=REPOSITORY,
                    pass_fds=(broker.fileno(),),
                )
            )

    waiting = Thread(target=start, daemon=True)
    waiting.start()
    yield
    listener.close()
    for process in started:
        process.kill()
        process.wait()


@pytest.fixture
def kiosk(tmp_path: Path, daemon: Daemon) -> Iterator[Client]:
    """A caller of a broker under a clinic's policy."""
    policy = tmp_path / "clinic.yaml"
    policy.write_text(CLINIC)
    clock = StandInClock()

    def at_once(act: Callable[[], object]) -> object:
        return act()

    environment = Environment(
        tokens=lambda: frozenset({"hidraw0"}),
        authenticate=Login(),
        connect_keeper=StandInKeeper,
        workers=tmp_path,
        clock=clock,
        local_time=clock.local_time,
        spawn=at_once,
    )
    ledger = LedgerConnection(daemon.socket)
    journal = PendingWipeJournal(tmp_path / "open")
    broker = Broker(Settings(load(policy)), ledger, journal, environment)
    ours, theirs = socket.socketpair()
    serving = Thread(target=broker.service(os.getuid()).serve, args=(theirs,))
    serving.start()
    with closing(Client(Connection(ours))) as client:
        yield from (client for _ in serve_a_worker(tmp_path, policy))
    serving.join()


def logged(folder: Path) -> list[tuple[str, AnyEvent]]:
    """Who logged what."""
    store = LedgerReader(folder / "ledger")
    lines = read_lines(store, store.checkpoint(store.verifier()))
    return [(line.entry.by, line.entry.event) for line in lines]


def test_a_patient_s_photo_is_simulated_and_the_session_erased(
    tmp_path: Path, kiosk: Client
) -> None:
    opened, (descriptor,) = kiosk.call(
        f"{broker_api.NAME}.Open",
        broker_api.Open("anna", PIN, None, "patient 12"),
        gives=broker_api.Opened,
        attached=1,
    )
    with closing(Client(Connection(socket.socket(fileno=descriptor)))) as worker:
        with (PORTRAITS / "person_b_1.jpg").open("rb") as file:
            photo, _ = worker.call(
                f"{NAME}.Import",
                worker_api.Import("target", "form 17"),
                gives=worker_api.Imported,
                descriptors=[file.fileno()],
            )
        found, _ = worker.call(
            f"{NAME}.ProposePoints",
            worker_api.ProposePoints(photo.item),
            gives=worker_api.ProposedPoints,
        )
        points = {name: Place(at.x, at.y) for name, at in found.points.items()}
        wanted = Simulate(photo.item, {"alar-width": -3.0, "tip-rotation": 5.0}, points=points)
        done, _ = worker.call(f"{NAME}.Simulate", wanted, gives=worker_api.Simulated)
        with pytest.raises(CallError, match="Failed"):  # the site allows less than the handle
            worker.call(
                f"{NAME}.Simulate",
                Simulate(photo.item, {"alar-width": -4.0}),
                gives=worker_api.Simulated,
            )
        with pytest.raises(CallError, match="NotReleased"):
            worker.call(f"{NAME}.Result", worker_api.Item(done.result), gives=Empty, attached=1)
    kiosk.call(
        f"{broker_api.NAME}.Close",
        broker_api.SessionRef(opened.handle),
        gives=broker_api.Closed,
    )
    entries = logged(tmp_path)
    of_session = [
        (by, type(event))
        for by, event in entries
        if getattr(event, "session", "") == opened.session
    ]
    assert of_session[0] == ("broker", events.SessionOpened)
    assert of_session[-2:] == [("broker", events.SessionClosed), ("broker", events.SessionWiped)]
    work = [kind for by, kind in of_session if by == "worker"]
    at = work.index(events.MediaImported)
    assert work[at:] == [
        events.MediaImported,
        events.JobStarted,
        events.SimulationApplied,
        events.HandleMoved,
        events.HandleMoved,
        events.PointsPlaced,
        events.JobFinished,
        events.JobStarted,
        events.SimulationRefused,
        events.JobRefused,
        events.ResultRefused,
    ]
    (imported,) = [event for _, event in entries if isinstance(event, events.MediaImported)]
    (applied,) = [event for _, event in entries if isinstance(event, events.SimulationApplied)]
    assert applied.item == imported.item
    assert imported.consent is not None
    (closed,) = [event for _, event in entries if isinstance(event, events.SessionClosed)]
    assert closed.jobs == 2
