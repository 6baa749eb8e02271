"""A whole training machine: real broker, worker and ledger, over its sockets."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from PIL import Image

from appliance.audit.entries import events
from appliance.protocols import auditor_api, broker_api, worker_api
from appliance.protocols.worker_api import Place, PreviewSimulation
from appliance.resources import portraits
from appliance.training.people import PIN
from appliance.wire.client import Client
from appliance.wire.connection import Connection
from appliance.wire.message import CallError, Empty
from tests.kiosk.machine import Running, machine, until


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


def test_a_pulled_token_locks_and_its_person_comes_back(running: Running) -> None:
    visit = running.open()
    running.token("Pull", "anna")
    until(lambda: running.states() == ["locked"])
    running.token("Insert", "anna")
    again = broker_api.Reopen(visit.opened.session, "anna", PIN)
    opened = running.touching(lambda: running.login("Reopen", again))
    assert running.states() == ["active"]
    running.ask("Close", broker_api.SessionRef(opened.handle), broker_api.Closed)


def refusal(running: Running, user: str, pin: str = PIN) -> str:
    with pytest.raises(CallError) as caught:
        running.touching(lambda: running.login("Open", broker_api.Open(user, pin)))
    return running.reason(caught.value)


def test_logins_are_refused_for_the_reasons_of_an_appliance(running: Running) -> None:
    running.token("Pull", "anna")
    assert refusal(running, "anna") == "no-token"
    running.token("Insert", "ruth")
    assert refusal(running, "anna") == "wrong-token"
    assert refusal(running, "ruth") == "role"
    running.token("Insert", "anna")
    assert refusal(running, "anna") == "several-tokens"
    running.token("Pull", "ruth")
    assert refusal(running, "anna", "4321") == "wrong-token"
    assert refusal(running, "anna") == "locked-out"  # two in a row were wrong


def test_no_release_of_a_training_machine_is_approved() -> None:
    with machine() as running:
        release, stands = requested(running)
        with pytest.raises(CallError) as caught:
            approve(running, release, stands)
        assert running.reason(caught.value) == "training"
        assert not any(isinstance(one, events.ReleaseApproved) for one in running.events())


def test_what_a_second_person_approves_leaves_a_machine_that_is_not_for_training() -> None:
    with machine("workspace: {backend: memory}\ngate: {same_person: false}\n") as running:
        release, stands = requested(running)
        number = approve(running, release, stands)
        (copy,) = running.outbox.glob(f"*.{number}.copy")
        assert copy.read_bytes().startswith(b"\xff\xd8")


def test_a_result_that_is_too_small_is_refused_before_a_second_person_is_asked(
    tmp_path: Path,
) -> None:
    with Image.open(portraits() / "person_a_1.jpg") as photo:
        assert photo.size == (204, 244)
        photo.save(tmp_path / "small.png")
        photo.resize((320, 383)).save(tmp_path / "enough.png")
    policy = "workspace: {backend: memory}\ngate: {same_person: false}\n"
    with machine(policy, samples=tmp_path) as running:
        with pytest.raises(CallError) as caught:
            requested(running, "small.png")
        assert running.reason(caught.value) == "picture-too-small"
        refused = running.events()[-1]
        assert isinstance(refused, events.ReleaseRefused)
        assert (refused.step, refused.reason) == ("request", "picture-too-small")
        release, stands = requested(running, "enough.png")
        number = approve(running, release, stands)
        (copy,) = running.outbox.glob(f"*.{number}.copy")
        with Image.open(copy) as released:
            assert (released.format, released.width) == ("JPEG", 320)
        asked = [one for one in running.events() if isinstance(one, events.ReleaseRequested)]
        assert [one.result for one in asked] == [stands.sha256]


def requested(
    running: Running, sample: str = "person_b_1.jpg"
) -> tuple[str, broker_api.ReleaseStands]:
    """A request of anna's, who is in a session, for a simulation of a sample."""
    visit = running.open()
    item = visit.take_in(sample)
    found, _ = visit.ask("ProposePoints", worker_api.ProposePoints(item), worker_api.ProposedPoints)
    points = {name: Place(at.x, at.y) for name, at in found.points.items()}
    wanted = worker_api.Simulate(item, {"alar-width": -3.0}, points=points)
    done, _ = visit.ask("Simulate", wanted, worker_api.Simulated)
    stands, _ = running.ask(
        "RequestRelease",
        broker_api.RequestRelease(visit.opened.handle, done.result),
        broker_api.ReleaseStands,
    )
    return stands.release, stands


def approve(running: Running, release: str, stands: broker_api.ReleaseStands) -> int:
    """Ruth does, with her token beside anna's; the number of the release."""
    running.token("Insert", "ruth")
    wanted = broker_api.ApproveRelease(release, "ruth", PIN, stands.sha256)
    released = running.touching(
        lambda: running.ask("ApproveRelease", wanted, broker_api.Released)[0]
    )
    return released.number


def test_an_auditor_looks_at_the_ledger_of_training(running: Running) -> None:
    for device in ("anna", "ruth"):
        running.token("Pull", device)
    running.token("Insert", "emil")
    descriptors: list[int] = []

    def log_in() -> Empty:
        answer, given = running.ask("Audit", broker_api.LogIn("emil", PIN), Empty, 1)
        descriptors.extend(given)
        return answer

    running.touching(log_in)
    (descriptor,) = descriptors
    with closing(Client(Connection(socket.socket(fileno=descriptor)))) as auditor:
        listed, _ = auditor.call(
            f"{auditor_api.NAME}.Sessions", auditor_api.AskSessions(), gives=auditor_api.Sessions
        )
    assert listed.sessions
