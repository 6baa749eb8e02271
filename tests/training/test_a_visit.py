"""A whole training machine: real broker, worker and ledger, over its sockets."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from appliance.audit.entries import events
from appliance.protocols import worker_api
from appliance.protocols.worker_api import Place, PreviewSimulation
from tests.kiosk.machine import Running, machine


@pytest.fixture(scope="module")
def running() -> Iterator[Running]:
    with machine() as made:
        yield made


def test_a_sample_is_previewed_and_the_session_erased(running: Running) -> None:
    visit = running.open()
    item = visit.take_in("person_b_1.jpg")
    found, _ = visit.ask("ProposePoints", worker_api.ProposePoints(item), worker_api.ProposedPoints)
    points = {name: Place(at.x, at.y) for name, at in found.points.items()}
    wanted = PreviewSimulation(item, {"alar-width": -3.0}, points=points)
    _, (pipe,) = visit.ask("PreviewSimulation", wanted, worker_api.Previewed, attached=1)
    with os.fdopen(pipe, "rb") as file:
        assert file.read().startswith(b"\xff\xd8")
    closed = visit.close()
    assert closed.erasure.clean
    assert not list(running.place.workspaces.iterdir())
    of_session = [
        type(event)
        for event in running.events()
        if getattr(event, "session", "") == visit.opened.session
    ]
    assert of_session[-2:] == [events.SessionClosed, events.SessionWiped]
    assert events.MediaImported in of_session
