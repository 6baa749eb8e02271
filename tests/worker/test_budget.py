"""What an honest session logs fits the budget that its connection to the ledger has."""

from __future__ import annotations

from pathlib import Path

import msgspec

from appliance.audit.entries import events
from appliance.audit.entries.events import AnyEvent
from appliance.audit.service import protocol
from appliance.audit.service.embedded import EmbeddedAudit
from appliance.audit.service.protocol import WORKER_BUDGET
from appliance.pipeline.simulation.handles import HANDLES
from appliance.protocols import worker_api
from appliance.protocols.worker_api import NAME
from appliance.wire.message import Empty
from tests.worker.process import SESSION, logged_events, portrait, read_all, working

GATED = "gate: {same_person: true, consent: true}\n"
NOSE = {"nose": 0.5}

# A day of 8 hours in which somebody changes something every 5 seconds and looks at the preview.
IMPORTS, JOBS, PREVIEWS = 200, 200, 8 * 3600 // 5


def test_a_day_of_work_fits_the_budget(tmp_path: Path) -> None:
    ledger = tmp_path / "ledger"
    with EmbeddedAudit(ledger) as audit:
        # Two pseudonyms for each import, and not one more.
        audit.client.restrict("worker", SESSION, msgspec.structs.replace(WORKER_BUDGET, names=4))
        with working(tmp_path, audit, GATED) as (worker, client):
            start = logged_events(ledger)
            source = worker.take_in(client, portrait("person_a_1.jpg"), "source").item
            target = worker.take_in(client, portrait("person_a_2.jpg")).item
            imports = logged_events(ledger)[len(start) :]
            wanted = worker_api.Swap([source], target, NOSE)
            client.call(f"{NAME}.Swap", wanted, gives=worker_api.Progress)
            job = logged_events(ledger)[len(start) + len(imports) :]
            shown = worker_api.Preview([source], target, NOSE, side=256)
            _, (descriptor,) = client.call(f"{NAME}.Preview", shown, gives=Empty, attached=1)
            read_all(descriptor)
            preview = logged_events(ledger)[len(start) + len(imports) + len(job) :]
    assert {type(event) for event in imports} == {events.MediaImported}
    assert {events.JobStarted, events.JobFinished} <= {type(event) for event in job}
    assert events.SamePersonChecked in {type(event) for event in preview}
    assert {getattr(event, "session", "") for event in start[1:]} == {SESSION}
    day = len(start) + IMPORTS * len(imports) / 2 + JOBS * len(job) + PREVIEWS * len(preview)
    assert day <= WORKER_BUDGET.events
    assert WORKER_BUDGET.names >= IMPORTS * 2
    # Each event in a request of its own, with the longest of them.
    most = max(map(size, [*imports, *job, *preview]))
    assert day * most + IMPORTS * 2 * 200 <= WORKER_BUDGET.bytes


def test_a_day_of_simulations_fits_the_budget(tmp_path: Path) -> None:
    ledger = tmp_path / "ledger"
    handles = {"alar-width": -1.0, "chin-width": -2.0, "bridge-width": -1.0}
    with EmbeddedAudit(ledger) as audit, working(tmp_path, audit, GATED) as (worker, client):
        photo = worker.take_in(client, portrait("person_a_1.jpg")).item
        start = logged_events(ledger)
        wanted = worker_api.Simulate(photo, handles)
        client.call(f"{NAME}.Simulate", wanted, gives=worker_api.Simulated)
        job = logged_events(ledger)[len(start) :]
        shown = worker_api.PreviewSimulation(photo, handles, side=256)
        _, (descriptor,) = client.call(
            f"{NAME}.PreviewSimulation", shown, gives=worker_api.Previewed, attached=1
        )
        read_all(descriptor)
        preview = logged_events(ledger)[len(start) + len(job) :]
    regions, points_and_drags = 16, 2
    longest = len(job) - len(handles) + len(HANDLES) + regions + points_and_drags
    day = len(start) + IMPORTS + JOBS * longest + PREVIEWS * len(preview)
    assert day <= WORKER_BUDGET.events
    assert day * max(map(size, [*start, *job, *preview])) + IMPORTS * 2 * 200 <= WORKER_BUDGET.bytes


def size(event: AnyEvent) -> int:
    """Bytes of the request that logs ``event``."""
    return len(msgspec.json.encode(protocol.Append([event])))
