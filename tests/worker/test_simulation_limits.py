"""What a site allows of simulations, over a worker's socket: the rest is refused and logged."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from appliance.audit.entries import events
from appliance.audit.service.embedded import EmbeddedAudit
from appliance.protocols import worker_api
from appliance.protocols.worker_api import Drag, Place, PreviewSimulation, Simulate
from appliance.wire.client import Client
from tests.worker.process import SESSION, Worker, logged_events, portrait, working
from tests.worker.simulating import PERSON, places, proposed, refusal, simulated

SITE = """
gate: {same_person: true, consent: true}
simulation:
  handles: [alar-width, chin-width, tip-rotation]
  bounds: {alar-width: [-1.5, 1]}
  drag_mm: 2
  regions: false
"""


@pytest.fixture(scope="module")
def narrowed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Worker, Client, Path]]:
    """A worker of a site that allows less, a caller, and the ledger."""
    folder = tmp_path_factory.mktemp("narrowed")
    with (
        EmbeddedAudit(folder / "ledger") as audit,
        working(folder, audit, SITE) as (worker, client),
    ):
        yield worker, client, folder / "ledger"


@pytest.mark.parametrize(
    ("asked", "refused"),
    [
        ({"handles": {"alar-width": -2.0}}, ("handle", "policy", "alar-width", -2000)),
        ({"handles": {"alar-width": -6.0}}, ("handle", "bounds", "alar-width", -6000)),
        ({"handles": {"cheek": 1.0}}, ("handle", "policy", "cheek", 1000)),
        ({"drags": [Drag(200.0, 200.0, 3.0, 0.0)]}, ("drag", "policy", None, 3000)),
        (
            {"regions": [worker_api.Region("line", [Place(1.0, 1.0)] * 3)]},
            ("region", "policy", None, None),
        ),
    ],
)
def test_what_a_site_does_not_allow_is_refused_and_logged(
    narrowed: tuple[Worker, Client, Path],
    asked: dict[str, object],
    refused: tuple[object, ...],
) -> None:
    worker, client, ledger = narrowed
    photo = worker.take_in(client, portrait(PERSON)).item
    before = len(logged_events(ledger))
    for wanted in (Simulate(photo, **asked), PreviewSimulation(photo, **asked)):  # type: ignore[arg-type]
        assert refusal(client, wanted).kind == "handle"
    logged = logged_events(ledger)[before:]
    started, first, ended, second = logged
    assert isinstance(started, events.JobStarted)
    job = started.job
    expected = events.SimulationRefused(SESSION, job, *refused)  # type: ignore[arg-type]
    assert (first, second) == (expected, expected)
    assert ended == events.JobRefused(SESSION, job, "handle")


def test_what_a_site_allows_is_shown(narrowed: tuple[Worker, Client, Path]) -> None:
    worker, client, _ = narrowed
    photo = worker.take_in(client, portrait(PERSON)).item
    done = simulated(client, Simulate(photo, {"alar-width": -1.5, "chin-width": -8.0}))
    assert done.left_out == {}
    chin = places(proposed(client, photo))["pogonion"]
    simulated(client, Simulate(photo, drags=[Drag(chin.x, chin.y, 2.0, 0.0)]))
