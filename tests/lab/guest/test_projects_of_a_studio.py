"""A project outlives the visits of its members, is nobody else's, and ends with its day."""

from __future__ import annotations

import os
from pathlib import Path

from appliance.protocols.worker_api import NAME, Results
from appliance.wire.client import Client
from appliance.wire.connection import Connection
from tests.lab.guest.visitor import Broker, connection, refusal, shell, until

WORK = Path("/run/appliance/workspace/w0")
SCENE = "7.result.video"  # named as a worker names what it keeps


def test_a_project_is_parked_and_taken_up_again(broker: Broker) -> None:
    project, _ = broker.open(project="film")
    (WORK / SCENE).write_text("one")
    broker.act("Leave", project)
    assert broker.states() == {project: "parked"}
    assert shell("pgrep -u appliance-w0", check=False) == ""
    again, _ = broker.open(project="film")
    assert again == project
    assert (WORK / SCENE).read_text() == "one"
    assert broker.close(project).clean


def test_a_locked_project_is_parked_when_the_grace_has_passed(broker: Broker) -> None:
    project, _ = broker.open(project="film")
    (WORK / SCENE).write_text("one")
    broker.act("Lock", project)
    until(lambda: broker.states() == {project: "parked"})
    again, _ = broker.open(project="film")
    assert again == project
    assert (WORK / SCENE).read_text() == "one"
    assert broker.close(project).clean


def test_a_locked_session_is_wiped_when_the_grace_has_passed(broker: Broker) -> None:
    session, _ = broker.open()
    broker.act("Lock", session)
    until(lambda: broker.states() == {})
    assert not Path("/var/lib/appliance/workspace/w0").exists()


def test_a_project_is_its_members_only(broker: Broker) -> None:
    # With a session of anna's open the one token would be hers, and bert's login refused for that.
    assert refusal(lambda: broker.open("bert", project="film")) == "Failed"
    project, _ = broker.open(project="film")
    assert refusal(lambda: broker.open("anna", project="another")) == "Failed"
    assert broker.close(project).clean


def test_what_a_worker_keeps_goes_daily_and_the_work_stays(broker: Broker) -> None:
    project, worker = broker.open(project="film")
    (WORK / SCENE).write_text("one")
    client = Client(Connection(connection(worker)))
    client.call(f"{NAME}.Results", gives=Results)
    client.close()
    broker.act("Lock", project)
    assert broker.has_worker(project)
    shell("date -s 02:59:58")
    until(lambda: not broker.has_worker(project))
    assert broker.states() == {project: "locked"}
    os.close(broker.reopen(project))
    assert broker.has_worker(project)
    assert (WORK / SCENE).read_text() == "one"
    assert broker.close(project).clean
