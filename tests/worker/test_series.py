"""Checks of a series over a worker's socket: each photo, cancelled, photos only."""

from __future__ import annotations

from pathlib import Path

import pytest

from appliance.protocols import worker_api
from appliance.protocols.worker_api import NAME
from appliance.wire.client import Client
from appliance.wire.message import CallError
from tests.worker.process import Worker, failed, portrait


def test_a_series_is_checked_photo_by_photo(worker: Worker, client: Client) -> None:
    names = ("person_a_2.jpg", "person_b_1.jpg", "person_d_1.jpg")
    items = [worker.take_in(client, portrait(name), "reference").item for name in names]
    before = sorted(worker.workspace.iterdir())
    *steps, (found, _) = client.follow(
        f"{NAME}.Assess", worker_api.Assess(items), gives=worker_api.Assessed
    )
    assert [(step.done, step.photos) for step, _ in steps] == [(1, []), (2, []), (3, [])]
    assert [photo.view for photo in found.photos] == ["front", "smile", "smile"]
    assert (found.double, found.unrecognised) == (["smile"], 0)
    assert "base" in found.missing
    for photo in found.photos:
        assert len(photo.points) == 9
        assert 0 < photo.score <= photo.judged < 9
        assert photo.figures is not None
    assert sorted(worker.workspace.iterdir()) == before


def test_the_check_of_a_series_can_be_cancelled(worker: Worker, client: Client) -> None:
    item = worker.take_in(client, portrait("person_a_1.jpg"), "reference").item
    stopper = worker.client()
    looked_at: list[int] = []

    def cancel_at_the_second_photo() -> None:
        for step, _ in client.follow(
            f"{NAME}.Assess", worker_api.Assess([item] * 24), gives=worker_api.Assessed
        ):
            looked_at.append(step.done)
            if step.done == 2:
                answer, _ = stopper.call(f"{NAME}.Cancel", gives=worker_api.Stopped)
                assert answer.stopped

    with pytest.raises(CallError, match="Stopped"):
        cancel_at_the_second_photo()
    stopper.close()
    assert 2 <= len(looked_at) < 24


def test_only_photos_can_be_a_series(
    worker: Worker, client: Client, single_face_clip: Path
) -> None:
    photo = worker.take_in(client, portrait("person_a_1.jpg"), "reference").item
    video = worker.take_in(client, single_face_clip, "reference").item
    with pytest.raises(CallError, match="Failed") as refused:
        client.call(f"{NAME}.Assess", worker_api.Assess([photo, video]), gives=worker_api.Assessed)
    assert failed(refused.value).kind == "input"
    with pytest.raises(CallError, match="NoSuchItem"):
        client.call(f"{NAME}.Assess", worker_api.Assess([9999]), gives=worker_api.Assessed)
    with pytest.raises(CallError, match="InvalidParameter"):
        client.call(f"{NAME}.Assess", worker_api.Assess([]), gives=worker_api.Assessed)
