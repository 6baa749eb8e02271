"""The items of a session: listed for a screen that starts again, and deleted at a wish."""

from __future__ import annotations

from pathlib import Path

import pytest

from appliance.audit.entries import events
from appliance.audit.service.embedded import EmbeddedAudit
from appliance.protocols import worker_api
from appliance.protocols.worker_api import NAME, Simulate, View
from appliance.wire.client import Client
from appliance.wire.message import CallError, Empty
from tests.worker.process import SESSION, Worker, begin, logged_events, portrait, start, working

PERSON = "person_b_1.jpg"


def listed(client: Client) -> list[worker_api.Kept]:
    return client.call(f"{NAME}.Items", Empty(), gives=worker_api.Items)[0].items


def discard(client: Client, item: int) -> None:
    client.call(f"{NAME}.Discard", worker_api.Item(item), gives=Empty)


def test_a_discarded_item_is_gone_and_logged_and_its_result_stays(tmp_path: Path) -> None:
    with (
        EmbeddedAudit(tmp_path / "ledger") as audit,
        working(tmp_path, audit) as (worker, client),
    ):
        kept, wrong = (worker.take_in(client, portrait(PERSON)).item for _ in range(2))
        assert listed(client) == [worker_api.Kept(kept, "photo"), worker_api.Kept(wrong, "photo")]
        wanted = Simulate(wrong, {"alar-width": -1.0})
        done, _ = client.call(f"{NAME}.Simulate", wanted, gives=worker_api.Simulated)
        discard(client, wrong)
        made = worker_api.Kept(done.result, "photo", result=True, engine="simulation")
        assert listed(client) == [worker_api.Kept(kept, "photo"), made]
        assert not list(worker.workspace.glob(f"{wrong}.item.*"))
        for gone in (
            lambda: client.call(f"{NAME}.View", View(wrong), gives=Empty, attached=1),
            # It would be in the cache of previews.
            lambda: client.call(f"{NAME}.Simulate", wanted, gives=worker_api.Simulated),
            lambda: discard(client, wrong),
            lambda: discard(client, done.result),
        ):
            with pytest.raises(CallError, match="NoSuchItem"):
                gone()
        assert worker.result(done.result)
    logged = logged_events(tmp_path / "ledger")
    imported = [event for event in logged if isinstance(event, events.MediaImported)]
    assert [event for event in logged if isinstance(event, events.ItemDiscarded)] == [
        events.ItemDiscarded(SESSION, "photo", imported[1].item)
    ]


def test_the_number_of_a_discarded_item_is_never_given_again(
    worker: Worker, client: Client
) -> None:
    first = worker.take_in(client, portrait(PERSON)).item
    discard(client, first)
    assert worker.take_in(client, portrait(PERSON)).item > first


def test_nothing_is_discarded_while_a_job_may_have_it_open(
    worker: Worker, client: Client, single_face_clip: Path
) -> None:
    source = worker.take_in(client, portrait("person_a_1.jpg"), "source").item
    target = worker.take_in(client, single_face_clip).item
    wanted = worker_api.Swap([source], target, {"face": 1.0})
    other = worker.client()
    following = client.follow(f"{NAME}.Swap", wanted, gives=worker_api.Progress)
    next(following)
    with pytest.raises(CallError, match="Busy"):
        discard(other, source)
    assert worker_api.Kept(source, "photo") in listed(other)
    other.call(f"{NAME}.Cancel", gives=worker_api.Stopped)
    with pytest.raises(CallError, match="Stopped"):
        list(following)
    discard(other, source)
    other.close()


def test_a_worker_that_took_over_lists_and_discards_what_is_there(
    tmp_path: Path, audit: EmbeddedAudit
) -> None:
    workspace = tmp_path / "workspace"
    workspace.mkdir()
    first = start(tmp_path, workspace)
    begin(first, audit.client)
    asking = first.client()
    item = first.take_in(asking, portrait(PERSON)).item
    first.end()
    asking.close()
    with working(tmp_path, audit) as (_, client):
        assert listed(client) == [worker_api.Kept(item, "photo")]
        discard(client, item)
        assert listed(client) == []
    assert not list(workspace.glob("*.item.*"))
