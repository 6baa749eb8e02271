"""What a screen asks of a worker: small pictures of items, what may be moved, how much room."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from appliance.audit.entries import events
from appliance.audit.service.embedded import EmbeddedAudit
from appliance.pipeline.face_model.regions import REGIONS, WHOLE_FACE
from appliance.pipeline.media.photo.decode import read_photo
from appliance.pipeline.simulation.handles import HANDLES
from appliance.pipeline.simulation.honesty import Given, why_not
from appliance.pipeline.simulation.points import NAMED, SETS
from appliance.protocols import worker_api
from appliance.protocols.worker_api import NAME, Simulate, View
from appliance.wire.client import Client
from appliance.wire.message import CallError, Empty
from tests.worker.process import Worker, logged_events, portrait, read_all, working

FPS = 25
PERSON = "person_b_1.jpg"
SITE = """
gate: {same_person: true, consent: false}
simulation:
  handles: [alar-width, hump, tip-rotation]
  bounds: {alar-width: [-1.5, 1]}
  drag_mm: 2
  regions: false
"""


def viewed(client: Client, wanted: View) -> tuple[worker_api.Viewed, bytes]:
    answer, (pipe,) = client.call(f"{NAME}.View", wanted, gives=worker_api.Viewed, attached=1)
    return answer, read_all(pipe)


def handles(client: Client) -> worker_api.Handles:
    return client.call(f"{NAME}.Handles", Empty(), gives=worker_api.Handles)[0]


def shown(jpeg: bytes) -> NDArray[np.uint8]:
    return np.asarray(read_photo(jpeg).pixels, np.uint8)


def write_film(path: Path, levels: list[int]) -> None:
    """A film of grey frames of these levels, of which only the first is a key frame."""
    with av.open(path, "w") as container:
        stream = container.add_stream("libx264", FPS, options={"crf": "10", "keyint": "250"})
        stream.width, stream.height, stream.pix_fmt = 320, 240, "yuv420p"
        for level in levels:
            picture = np.full((240, 320, 3), level, np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, "rgb24")))
        container.mux(stream.encode(None))


def test_a_view_shows_the_photo_upright_and_small(
    worker: Worker, client: Client, tmp_path: Path
) -> None:
    photo = read_photo(portrait(PERSON).read_bytes()).pixels
    height, width = photo.shape[:2]
    turned = Image.fromarray(np.rot90(photo))
    turned.getexif()[0x0112] = 6  # the camera was held on its side
    turned.save(tmp_path / "turned.png", exif=turned.getexif())
    item = worker.take_in(client, tmp_path / "turned.png").item
    answer, jpeg = viewed(client, View(item, side=256))
    assert answer == worker_api.Viewed(width, height)
    size = (round(width * 256 / height), 256)
    small = cv2.resize(photo, size, interpolation=cv2.INTER_AREA).astype(int)
    assert np.abs(shown(jpeg).astype(int) - small).mean() < 2  # levels: it is a JPEG
    assert max(shown(viewed(client, View(item))[1]).shape) == min(1024, height)


def test_a_view_is_in_the_ledger_before_it_leaves(tmp_path: Path) -> None:
    with (
        EmbeddedAudit(tmp_path / "ledger") as audit,
        working(tmp_path, audit) as (worker, client),
    ):
        item = worker.take_in(client, portrait(PERSON)).item
        _, jpeg = viewed(client, View(item, side=64))
    handed = [
        (event.what, event.picture, event.size)
        for event in logged_events(tmp_path / "ledger")
        if isinstance(event, events.HandedOver)
    ]
    assert handed == [("preview", hashlib.sha256(jpeg).hexdigest(), len(jpeg))]


def test_a_view_of_a_result_has_words_all_over_it(worker: Worker, client: Client) -> None:
    item = worker.take_in(client, portrait(PERSON)).item
    wanted = Simulate(item, {"alar-width": -1.0})
    done, _ = client.call(f"{NAME}.Simulate", wanted, gives=worker_api.Simulated)
    answer, jpeg = viewed(client, View(done.result, side=512))
    result = read_photo(worker.result(done.result))
    assert (answer.width, answer.height) == result.displayed_size
    plain = np.asarray(result.canvas.thumbnail(512), np.int32)
    strip = plain.shape[0] // 8
    for top in range(0, plain.shape[0] - strip + 1, strip):  # no part of it is free of them
        change = np.abs(shown(jpeg)[top : top + strip].astype(np.int32) - plain[top : top + strip])
        assert (change > 30).any(axis=2).mean() > 0.005
    with pytest.raises(CallError, match="NoSuchItem"):
        viewed(client, View(done.result + 1))


def test_a_place_of_a_film_is_the_same_before_and_after(
    tmp_path: Path, audit: EmbeddedAudit
) -> None:
    levels = [10 * number for number in range(1, 21)]
    write_film(tmp_path / "film.mp4", levels)
    with working(tmp_path, audit) as (worker, client):
        item = worker.take_in(client, tmp_path / "film.mp4").item
        for number in (0, 1, 7, 19):
            _, jpeg = viewed(client, View(item, at=(number + 0.5) / FPS))
            assert abs(shown(jpeg).mean() - levels[number]) < 4
        _, behind = viewed(client, View(item, at=60.0))
        assert abs(shown(behind).mean() - levels[-1]) < 4


def test_the_files_of_a_session_are_listed_with_their_length(
    tmp_path: Path, audit: EmbeddedAudit
) -> None:
    write_film(tmp_path / "film.mp4", [10 * number for number in range(1, 21)])
    with working(tmp_path, audit) as (worker, client):
        photo = worker.take_in(client, portrait(PERSON)).item
        film = worker.take_in(client, tmp_path / "film.mp4").item
        wanted = Simulate(photo, {"alar-width": -1.0})
        done, _ = client.call(f"{NAME}.Simulate", wanted, gives=worker_api.Simulated)
        listed, _ = client.call(f"{NAME}.Items", Empty(), gives=worker_api.Items)
    assert listed.items == [
        worker_api.Kept(photo, "photo"),
        worker_api.Kept(film, "video", seconds=20 / FPS, frames=20),
        worker_api.Kept(done.result, "photo", result=True, engine="simulation"),
    ]


def test_the_handles_are_those_of_the_pipeline(client: Client) -> None:
    offered = handles(client)
    assert [handle.name for handle in offered.handles] == [*HANDLES]
    assert {handle.unit for handle in offered.handles} == {"mm", "degrees", "percent"}
    for handle in offered.handles:
        own = HANDLES[handle.name]
        assert (handle.least, handle.most) == (own.low, own.high)
        assert handle.region in (*REGIONS, WHOLE_FACE)
        assert set(handle.points) == (SETS[own.needs] if own.points_only else set())
        assert set(handle.points) <= NAMED.keys()
    assert offered.engine == "simulation"


@pytest.mark.parametrize(
    ("view", "turned"),
    [("front", range(23)), ("oblique", range(23, 68)), ("profile", range(68, 91))],
)
def test_a_handle_is_shown_on_the_views_in_which_it_is_honest(
    client: Client, view: str, turned: range
) -> None:
    everything = frozenset(SETS)
    ways = [Given(), Given(by_hand=everything), Given(by_hand=everything, network=False)]
    for handle in handles(client).handles:
        honest = any(
            why_not(HANDLES[handle.name], yaw, given) is None for yaw in turned for given in ways
        )
        assert (view in handle.views) == honest


def test_the_handles_are_those_that_the_site_allows(tmp_path: Path, audit: EmbeddedAudit) -> None:
    with working(tmp_path, audit, SITE) as (_, client):
        offered = handles(client)
    assert [handle.name for handle in offered.handles] == ["tip-rotation", "hump", "alar-width"]
    assert (offered.handles[2].least, offered.handles[2].most) == (-1.5, 1)
    assert (offered.handles[1].least, offered.handles[1].most) == (-3, 3)
    assert (offered.drag_mm, offered.regions) == (2, False)
    assert (offered.consent, offered.same_person) == (False, True)


def test_the_space_is_that_of_the_workspace(worker: Worker, client: Client) -> None:
    space, _ = client.call(f"{NAME}.Space", Empty(), gives=worker_api.Space)
    room = os.statvfs(worker.workspace)
    assert space.size == room.f_blocks * room.f_frsize
    assert 0 < space.free <= space.size
