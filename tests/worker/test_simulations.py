"""Simulations over a worker's socket: handles, drags, regions and points, within bounds, logged."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import TypeVar

import cv2
import msgspec
import numpy as np
import pytest
from numpy.typing import NDArray

from appliance.audit.entries import events
from appliance.audit.service.embedded import EmbeddedAudit
from appliance.pipeline.media.photo.decode import read_photo
from appliance.pipeline.simulation.lettering import strip
from appliance.protocols import worker_api
from appliance.protocols.worker_api import NAME, Drag, Place, PreviewSimulation, Simulate
from appliance.wire.client import Client
from appliance.wire.message import CallError, Empty
from tests.worker.process import SESSION, Worker, failed, logged_events, portrait, working
from tests.worker.simulating import PERSON, places, previewed, proposed, refusal, simulated

E = TypeVar("E", bound=events.Event)


class Bare(msgspec.Struct):
    """A simulation of nothing, as :class:`Simulate` cannot be."""

    photo: int


class Ticked(msgspec.Struct):
    """As :class:`worker_api.Agree`, which has each sentence once."""

    item: int
    sentences: list[str]


@pytest.fixture
def photo(worker: Worker, client: Client) -> int:
    return worker.take_in(client, portrait(PERSON)).item


def of_kind(kind: type[E], logged: list[events.AnyEvent]) -> list[E]:
    return [event for event in logged if isinstance(event, kind)]


def before() -> NDArray[np.uint8]:
    return np.asarray(read_photo(portrait(PERSON).read_bytes()).pixels, np.uint8)


def changed(worker: Worker, result: int) -> NDArray[np.bool_]:
    """Which pixels of the photo a result shows otherwise."""
    photo = before()
    pixels = read_photo(worker.result(result)).pixels[: photo.shape[0]]
    return np.asarray((pixels != photo).any(axis=2))


def reach(client: Client, photo: int, points: Mapping[str, Place]) -> worker_api.Reach:
    wanted = worker_api.Subject(photo, dict(points))
    return client.call(f"{NAME}.Reach", wanted, gives=worker_api.Reach)[0]


def test_what_can_be_asked_of_a_face_is_known_before_it_is_asked(
    client: Client, photo: int
) -> None:
    alone, points = reach(client, photo, {}), places(proposed(client, photo))
    by_hand = reach(client, photo, points)
    assert (alone.left_out["tip-rotation"], by_hand.left_out["lip-height"]) == (
        "points",
        "mouth-open",
    )
    assert "alar-width" not in alone.left_out
    wanted = Simulate(photo, dict.fromkeys(by_hand.left_out, 1.0) | {"chin-width": -1.0})
    left_out = simulated(client, msgspec.structs.replace(wanted, points=points)).left_out
    assert left_out == by_hand.left_out
    assert alone.scale == pytest.approx(by_hand.scale, rel=0.15)
    assert 1 < alone.scale < 10


def test_lines_divide_the_face_where_it_is_seen_from_the_front(client: Client, photo: int) -> None:
    midline, *others = reach(client, photo, {}).lines
    assert abs(midline.to_x - midline.x) < 0.3 * abs(midline.to_y - midline.y)
    assert len(others) == 9
    nose = places(proposed(client, photo))["pronasale"]
    assert midline.y < nose.y < midline.to_y


def test_that_a_patient_agrees_is_logged_by_the_photo_s_pseudonym(
    tmp_path: Path,
) -> None:
    with (
        EmbeddedAudit(tmp_path / "ledger") as audit,
        working(tmp_path, audit, "gate: {same_person: true, consent: true}\n") as (worker, client),
    ):
        photo = worker.take_in(client, portrait(PERSON)).item
        agreed = worker_api.Agree(photo, ["wish", "limits", "leaves"])
        client.call(f"{NAME}.Agree", agreed, gives=Empty)
        with pytest.raises(CallError, match="NoSuchItem"):
            client.call(f"{NAME}.Agree", worker_api.Agree(9, ["wish"]), gives=Empty)
        with pytest.raises(CallError, match="InvalidParameter"):
            client.call(f"{NAME}.Agree", Ticked(photo, ["wish", "wish"]), gives=Empty)
    logged = logged_events(tmp_path / "ledger")
    (imported,) = of_kind(events.MediaImported, logged)
    assert of_kind(events.PatientAgreed, logged) == [
        events.PatientAgreed(SESSION, 3, imported.item)
    ]


def test_the_ledger_has_photo_import_handles_and_result(tmp_path: Path) -> None:
    with (
        EmbeddedAudit(tmp_path / "ledger") as audit,
        working(tmp_path, audit, "gate: {same_person: true, consent: true}\n") as (worker, client),
    ):
        photo = worker.take_in(client, portrait(PERSON)).item
        stored = (worker.workspace / f"{photo}.item.photo").read_bytes()
        wanted = Simulate(photo, {"alar-width": -3.0, "tip-projection": 2.0})
        done = simulated(client, wanted)
        assert done.left_out == {"tip-projection": "points"}
        assert done.share == 1
        assert 0.001 < changed(worker, done.result).mean() < 0.1
        least = simulated(client, Simulate(photo, {"alar-width": -1.0}, shows="least"))
        points = places(proposed(client, photo))
        points["pronasale"] = Place(points["pronasale"].x + 3, points["pronasale"].y - 2)
        nose = points["pronasale"]
        by_hand = Simulate(
            photo, {"tip-rotation": 4.0}, [Drag(nose.x, nose.y, 0.0, -1.5)], points=points
        )
        last = simulated(client, by_hand)
        result = worker.result(last.result)
    logged = logged_events(tmp_path / "ledger")
    (imported,) = of_kind(events.MediaImported, logged)
    assert imported.consent is not None
    sha256 = hashlib.sha256(stored).hexdigest()
    assert of_kind(events.SimulationApplied, logged) == [
        events.SimulationApplied(SESSION, job, sha256, imported.item)
        for job in (done.job, least.job, last.job)
    ]
    assert of_kind(events.HandleMoved, logged) == [
        events.HandleMoved(SESSION, done.job, "alar-width", -3000),
        events.HandleMoved(SESSION, least.job, "alar-width", -1000, "least"),
        events.HandleMoved(SESSION, last.job, "tip-rotation", 4000),
    ]
    assert of_kind(events.PointsPlaced, logged) == [
        events.PointsPlaced(SESSION, last.job, len(points), "found")
    ]
    assert of_kind(events.DragsApplied, logged) == [events.DragsApplied(SESSION, last.job, 1, 1500)]
    finished = of_kind(events.JobFinished, logged)
    assert [event.job for event in finished] == [done.job, least.job, last.job]
    assert finished[-1].result == hashlib.sha256(result).hexdigest()
    assert of_kind(events.SamePersonChecked, logged) == []


def test_without_a_consent_there_is_nothing_to_simulate(
    tmp_path: Path, audit: EmbeddedAudit
) -> None:
    policy = "gate: {same_person: true, consent: true}\n"
    with working(tmp_path, audit, policy) as (worker, client):
        with pytest.raises(CallError) as refused:
            worker.take_in(client, portrait(PERSON), consent=None)
        assert failed(refused.value).kind == "policy"
        with pytest.raises(CallError, match="NoSuchItem"):
            client.call(f"{NAME}.Simulate", Simulate(1, {"cheek": 1.0}), gives=worker_api.Simulated)


def test_a_preview_leaves_nothing_and_shows_what_the_result_shows(
    worker: Worker, client: Client, photo: int
) -> None:
    stored = sorted(worker.workspace.iterdir())
    shown = [
        previewed(client, PreviewSimulation(photo, {"alar-width": value}, side=256))
        for value in (-1.0, -4.0, -1.0)
    ]
    assert sorted(worker.workspace.iterdir()) == stored
    assert (shown[0] != shown[1]).any()
    assert (shown[0] == shown[2]).all()  # the copy that is kept is not what was changed
    done = simulated(client, Simulate(photo, {"alar-width": -4.0}))
    result = read_photo(worker.result(done.result)).pixels[: before().shape[0]]
    height, width = (round(side * 256 / max(before().shape)) for side in before().shape[:2])
    small = cv2.resize(result, (width, height), interpolation=cv2.INTER_AREA).astype(int)
    gap = np.abs(shown[1][:height].astype(int) - small)
    assert gap.mean() < 2  # levels: it is a JPEG


def test_every_picture_carries_the_words(client: Client, worker: Worker, photo: int) -> None:
    height, width = before().shape[:2]
    done = simulated(client, Simulate(photo, {"alar-width": -1.0}))
    result = np.asarray(read_photo(worker.result(done.result)).pixels, np.uint8)
    words = strip(width, height)
    assert result.shape == (height + words.shape[0], width, 3)
    assert (result[height:] == words[..., None]).all()
    shown = previewed(client, PreviewSimulation(photo, {"alar-width": -1.0}, side=512))
    small = round(width * 512 / height)
    words = strip(small, 512)
    assert shown.shape == (512 + words.shape[0], small, 3)
    assert np.abs(shown[512:].astype(int) - words[..., None]).mean() < 8  # it is a JPEG


def test_a_place_is_dragged_in_the_photo_s_own_pixels(
    worker: Worker, client: Client, photo: int
) -> None:
    chin = places(proposed(client, photo))["pogonion"]
    drags = [Drag(chin.x, chin.y, 3.0, 0.0)]
    done = simulated(client, Simulate(photo, drags=drags))
    rows, columns = np.nonzero(changed(worker, done.result))
    assert abs(columns.mean() - chin.x) < 10
    assert abs(rows.mean() - chin.y) < 10
    plain = previewed(client, PreviewSimulation(photo, drags=[Drag(1.0, 1.0, 0.0, 0.0)], side=256))
    shown = previewed(client, PreviewSimulation(photo, drags=drags, side=256))
    factor = 256 / max(before().shape)
    rows, columns = np.nonzero(np.abs(shown.astype(int) - plain).max(axis=2) > 3)
    assert abs(columns.mean() - chin.x * factor) < 6
    assert abs(rows.mean() - chin.y * factor) < 6


@pytest.mark.parametrize("mode", ["region", "shape", "mean"])
def test_a_region_is_taken_from_the_other_half(
    worker: Worker, client: Client, photo: int, mode: str
) -> None:
    known = places(proposed(client, photo))
    eye, mouth = known["right-exocanthion"], known["right-cheilion"]
    x, y = (eye.x + 2 * mouth.x) / 3, (eye.y + mouth.y) / 2
    outline = [Place(x - 12, y - 12), Place(x + 12, y - 12), Place(x + 12, y + 12)]
    region = worker_api.Region(mode, outline)  # type: ignore[arg-type]
    done = simulated(client, Simulate(photo, regions=[region]))
    pixels = changed(worker, done.result)
    assert pixels[round(y - 11) : round(y + 11), round(x - 11) : round(x + 11)].any()
    if mode == "region":
        outside = pixels.copy()
        outside[round(y) - 13 : round(y) + 14, round(x) - 13 : round(x) + 14] = False
        assert not outside.any()


def test_points_by_hand_do_where_no_face_is_found(
    worker: Worker, client: Client, tmp_path: Path
) -> None:
    cv2.imwrite(str(tmp_path / "grey.png"), np.full((600, 480, 3), 128, np.uint8))
    photo = worker.take_in(client, tmp_path / "grey.png").item
    with pytest.raises(CallError, match="Failed") as refused:
        proposed(client, photo)
    assert failed(refused.value).kind == "no-face"
    found = proposed(client, photo, yaw=75.0)
    assert not found.network
    assert found.yaw == 75
    assert "right-gonion" not in found.points or "left-gonion" not in found.points
    simulated(client, Simulate(photo, {"hump": -2.0}, points=found.points))
    few = dict(list(found.points.items())[:3])
    assert refusal(client, Simulate(photo, {"hump": -2.0}, points=few)).kind == "input"


def test_other_points_are_another_look(client: Client, photo: int) -> None:
    points = places(proposed(client, photo))
    shown = []
    for right in (0.0, 25.0):
        moved = {name: Place(at.x + right, at.y) for name, at in points.items()}
        wanted = PreviewSimulation(photo, {"alar-width": -4.0}, points=moved, side=256)
        shown.append(previewed(client, wanted))
    assert (shown[0] != shown[1]).any()


@pytest.mark.parametrize(
    ("points", "kind"),
    [
        ({"elbow": Place(10.0, 10.0)}, "input"),
        ({"nasion": Place(1e5, 10.0)}, "input"),
        ({"nasion": Place(10.0, 10.0), "glabella": Place(10.0, 10.0)}, "input"),
    ],
)
def test_points_are_checked_as_those_of_a_file(
    client: Client, photo: int, points: Mapping[str, Place], kind: str
) -> None:
    wanted = Simulate(photo, {"alar-width": -1.0}, points={**points})
    assert refusal(client, wanted).kind == kind


def test_which_of_two_faces_must_be_clear(worker: Worker, client: Client, tmp_path: Path) -> None:
    faces = [cv2.imread(str(portrait(f"person_{name}_1.jpg"))) for name in "bc"]
    assert all(face is not None for face in faces)
    small = [cv2.resize(face, (400, 500)) for face in faces if face is not None]
    cv2.imwrite(str(tmp_path / "both.png"), np.hstack(small))
    photo = worker.take_in(client, tmp_path / "both.png").item
    failure = refusal(client, Simulate(photo, {"alar-width": -1.0}))
    assert failure.kind == "no-face"
    assert "choice" in failure.hint
    sides = {}
    for choice in ("left", "right"):
        wanted = PreviewSimulation(photo, {"alar-width": -4.0}, choice=choice, side=512)
        sides[choice] = previewed(client, wanted)
    gap = np.abs(sides["left"].astype(int) - sides["right"]).max(axis=2) > 24
    assert gap[:, :256].any()
    assert gap[:, 256:512].any()


def test_the_middle_one_of_three_faces_is_chosen_by_its_number(
    worker: Worker, client: Client, tmp_path: Path
) -> None:
    faces = [cv2.imread(str(portrait(f"person_{name}_1.jpg"))) for name in "bdc"]
    small = [cv2.resize(face, (400, 500)) for face in faces if face is not None]
    cv2.imwrite(str(tmp_path / "three.png"), np.hstack(small))
    photo = worker.take_in(client, tmp_path / "three.png").item
    wanted = worker_api.Inspect(photo)
    found, _ = client.call(f"{NAME}.Inspect", wanted, gives=worker_api.Faces)
    assert len(found.faces) == 3
    middles = [face.x + face.width / 2 for face in found.faces]
    (number,) = (one for one, x in enumerate(middles, 1) if 400 < x < 800)
    shown = {
        value: previewed(
            client, PreviewSimulation(photo, {"alar-width": value}, face=number, side=768)
        ).astype(int)
        for value in (-4.0, 4.0)
    }
    columns = (np.abs(shown[-4.0] - shown[4.0]).max(axis=2) > 24).any(axis=0)
    assert columns[256:512].any()
    assert not columns[:256].any()
    assert not columns[512:].any()
    asked = worker_api.ProposePoints(photo, face=number)
    points, _ = client.call(f"{NAME}.ProposePoints", asked, gives=worker_api.ProposedPoints)
    assert 400 < points.points["pronasale"].x < 800
    assert refusal(client, Simulate(photo, {"alar-width": -1.0}, face=4)).kind == "no-face"


def test_a_face_is_chosen_in_one_way() -> None:
    assert Simulate(1, {"cheek": 1.0}, face=1).choice is None
    with pytest.raises(ValueError, match="number"):
        Simulate(1, {"cheek": 1.0}, choice="left", face=1)
    with pytest.raises(ValueError, match="number"):
        worker_api.ProposePoints(1, choice="left", face=1)


@pytest.mark.parametrize(
    "handles", [{"alar-width": -12.0}, {"ears": 1.0}, {"tip-projection": 2.0}, {"hump": 1e3}]
)
def test_what_cannot_be_shown_honestly_is_refused(
    client: Client, photo: int, handles: dict[str, float]
) -> None:
    results, _ = client.call(f"{NAME}.Results", gives=worker_api.Results)
    for wanted in (Simulate(photo, handles), PreviewSimulation(photo, handles)):
        assert refusal(client, wanted).kind == "handle"
    assert client.call(f"{NAME}.Results", gives=worker_api.Results)[0] == results


def test_a_simulation_of_nothing_is_no_call(client: Client, photo: int) -> None:
    with pytest.raises(CallError, match="InvalidParameter"):
        client.call(f"{NAME}.Simulate", Bare(photo), gives=Empty)
