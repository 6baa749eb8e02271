"""A worker must not keep its session from locking: only a person's call counts as life."""

from __future__ import annotations

from appliance.protocols import worker_control_api as control_api
from tests.session.scene import Scene
from tests.session.standins import until


def test_by_reporting_jobs(scene: Scene) -> None:
    session, _ = scene.open()
    scene.after(599)
    for jobs in range(1, 4):
        scene.workers["w0"].reports[0](control_api.Jobs(jobs))
    until(lambda: scene.broker._slots.all()[0].jobs == 3)  # the control: they have arrived
    scene.after(1)
    assert scene.states() == {session: "locked"}


def test_a_person_is_alive(scene: Scene) -> None:
    session, _ = scene.open()
    scene.after(599)
    scene.act("Touch", session)
    scene.after(1)
    assert scene.states() == {session: "active"}
