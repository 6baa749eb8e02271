"""A project outlives the visits of its members, is nobody else's, and ends with its day."""

from __future__ import annotations

from pathlib import Path

from appliance.session import interface
from appliance.wire.message import Nothing
from tests.lab.guest.visitor import Broker, refusal, shell, until

WORK = Path("/run/appliance/workspace/w0")
SCENE = "7.result.video"  # named as a worker names what it keeps


def test_a_project_is_parked_and_taken_up_again(broker: Broker) -> None:
    project, _ = broker.open(project="film")
    (WORK / SCENE).write_text("one")
    broker.ask("Leave", interface.Which(project), Nothing)
    assert broker.states() == {project: "parked"}
    assert shell("pgrep -u appliance-w0", check=False) == ""
    again, _ = broker.open(project="film")
    assert again == project
    assert (WORK / SCENE).read_text() == "one"
    assert broker.close(project).clean


def test_a_locked_project_is_parked_when_the_grace_has_passed(broker: Broker) -> None:
    project, _ = broker.open(project="film")
    (WORK / SCENE).write_text("one")
    broker.ask("Lock", interface.Which(project), Nothing)
    until(lambda: broker.states() == {project: "parked"}, seconds=60)
    again, _ = broker.open(project="film")
    assert again == project
    assert (WORK / SCENE).read_text() == "one"
    assert broker.close(project).clean


def test_a_locked_session_is_wiped_when_the_grace_has_passed(broker: Broker) -> None:
    session, _ = broker.open()
    broker.ask("Lock", interface.Which(session), Nothing)
    until(lambda: broker.states() == {}, seconds=60)
    assert not Path("/var/lib/appliance/workspace/w0").exists()


def test_a_project_is_its_members_only(broker: Broker) -> None:
    project, _ = broker.open(project="film")
    assert refusal(lambda: broker.open("bert", project="film")) == "Failed"
    assert refusal(lambda: broker.open("anna", project="another")) == "Failed"
    assert broker.close(project).clean


def test_caches_go_daily_and_the_work_stays(broker: Broker) -> None:
    project, _ = broker.open(project="film")
    (WORK / SCENE).write_text("one")
    (WORK / "cache").mkdir()
    (WORK / "cache/thumbnails").write_text("small")
    shell("date -s 02:59:57")
    until(lambda: not (WORK / "cache").exists(), seconds=20)
    assert (WORK / SCENE).exists()
    assert broker.close(project).clean
