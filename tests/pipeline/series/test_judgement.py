"""Photos with one flaw each, next to the photo that has none of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from appliance.pipeline.face_model.face import Face
from appliance.pipeline.imaging.types import Image
from appliance.pipeline.loading import Pipeline
from appliance.pipeline.media.photo.decode import Photo
from appliance.pipeline.series import record as records
from appliance.pipeline.series.check import check_series
from appliance.pipeline.series.face_measures import FaceMeasures
from appliance.pipeline.series.judgement import judge, view_in
from appliance.pipeline.series.record import PhotoRecord, Point, Verdict
from appliance.pipeline.series.seen_photo import SeenPhoto
from appliance.pipeline.series.views import View
from tests.pipeline.hands.outlines import frames
from tests.pipeline.heads import Head
from tests.pipeline.pictures import (
    pixels_of,
    with_spectacles,
    with_sunglasses,
)
from tests.pipeline.series.altered import (
    blurred,
    exposed,
    from_afar,
    lit_from_the_right,
    with_fringe,
    with_half_rims,
)
from tests.pipeline.series.conftest import Alone

Turned = Callable[[float, float], SeenPhoto]


@pytest.fixture(scope="module")
def face(pipeline: Pipeline, close: Image) -> Face:
    (found,) = pipeline.analyser.faces(Photo(close).canvas)
    return found


@pytest.fixture(scope="module")
def control(alone: Alone, close: Image) -> PhotoRecord:
    return alone(close)


def point(record: PhotoRecord, name: str) -> Point:
    return next(one for one in record.points if one.name == name)


def missed(record: PhotoRecord) -> set[str]:
    return {one.name for one in record.points if one.verdict == Verdict.MISSED}


def test_the_photo_that_is_spoiled_below_lacks_those_flaws(control: PhotoRecord) -> None:
    assert control.view == View.FRONT
    assert missed(control) == {"position"}  # it looks aside and is tilted
    assert control.score == 5
    assert control.judged == 6
    assert {one.name for one in control.points if one.verdict == Verdict.PERSON} == {
        "make-up",
        "timing",
        "description",
    }


FLAWS: Mapping[str, tuple[Callable[[Image, Face], Image], str, str]] = {
    "two stops too dark": (lambda image, _: exposed(image, -2), "light", "use more light"),
    "one stop too bright": (lambda image, _: exposed(image, 1), "light", "use less light"),
    "lit from its left": (
        lambda image, face: lit_from_the_right(image, face, 3),
        "light",
        "light both sides alike",
    ),
    "lit from its right": (
        lambda image, face: lit_from_the_right(image, face, -3),
        "light",
        "light both sides alike",
    ),
    "out of focus": (
        lambda image, face: blurred(image, face, 0.02),
        "zoom",
        "focus on the eyes and hold still",
    ),
    "from afar": (lambda image, _: from_afar(image, 0.6), "zoom", "come closer"),
    "from too near": (
        lambda image, face: image[int(face.points[10, 1]) - 12 : int(face.points[152, 1]) + 30],
        "zoom",
        "step back",
    ),
    "cut": (
        lambda image, face: image[: int(face.points[152, 1]) - 8],
        "zoom",
        "show the whole head",
    ),
    "spectacles": (
        lambda image, face: with_spectacles(image, face, (25, 22, 20)),
        "make-up",
        "take off the spectacles",
    ),
    "sunglasses": (
        lambda image, face: with_sunglasses(image, face, (18, 18, 20)),
        "make-up",
        "take off the sunglasses",
    ),
    "spectacles without lower rims": (with_half_rims, "make-up", "take off the spectacles"),
    "a fringe": (with_fringe, "make-up", "pin the hair back from the forehead"),
}


@pytest.mark.parametrize("name", FLAWS)
def test_a_flaw_costs_its_point_and_is_advised_against(
    name: str, alone: Alone, close: Image, face: Face, control: PhotoRecord
) -> None:
    spoil, spoiled, advice = FLAWS[name]
    record = alone(np.ascontiguousarray(spoil(close, face)))
    assert point(control, spoiled).verdict != Verdict.MISSED
    assert point(record, spoiled).verdict == Verdict.MISSED
    assert advice in record.change.lower()
    assert advice not in control.change.lower()
    for one in (*record.points, *control.points):
        codes = records.FLAWS if one.verdict == Verdict.MISSED else records.REMARKS
        assert {cause.code for cause in one.causes} <= {*codes}


def test_a_photo_may_be_cut_from_a_larger_one(alone: Alone, close: Image) -> None:
    """Then the face is not in its middle, and nevertheless looks neither down nor aside."""
    wall = np.full_like(close, close[:20, :20].mean(axis=(0, 1)).astype(np.uint8))
    high = alone(np.vstack([close, wall]))
    for record in (alone(close), high):
        assert record.figures is not None
        assert record.figures.pitch == pytest.approx(0, abs=2)
        assert record.figures.yaw == pytest.approx(-12, abs=2)
    assert "chin" not in high.change


def test_the_brighter_side_is_the_patients_own(alone: Alone, close: Image, face: Face) -> None:
    for stops, side in ((3, "left"), (-3, "right")):
        record = alone(lit_from_the_right(close, face, stops))
        assert f"the patient's {side} gets" in point(record, "light").why


def test_closed_eyes_are_distinguished_from_open_ones(alone: Alone, hand_clip: Path) -> None:
    for number, is_closed in ((40, True), (240, False)):
        (frame,) = frames(hand_clip, number, number + 1)
        assert ("open both eyes" in alone(frame).change) is is_closed


def test_dark_skin_is_not_a_dark_photo(alone: Alone, photos: Mapping[str, Photo]) -> None:
    assert point(alone(pixels_of(photos["c_1"])), "light").verdict == Verdict.MET


@pytest.mark.parametrize(
    ("name", "verdict"),
    [("a_2", "met"), ("d_1", "met"), ("b_2", "missed"), ("c_1", "missed"), ("e_1", "missed")],
)
def test_a_plain_background_is_distinguished_from_a_busy_one(
    name: str, verdict: str, alone: Alone, photos: Mapping[str, Photo]
) -> None:
    assert point(alone(pixels_of(photos[name])), "background").verdict == verdict


@pytest.mark.parametrize(
    ("name", "view"),
    [("a_1", View.FRONT), ("a_2", View.FRONT), *((one, View.SMILE) for one in ("b_1", "c_1"))],
)
def test_a_smile_is_distinguished_from_a_closed_mouth(
    name: str, view: View, alone: Alone, photos: Mapping[str, Photo]
) -> None:
    record = alone(pixels_of(photos[name]))
    assert record.view == view
    assert point(record, "expression").verdict == Verdict.MET


@pytest.mark.parametrize(
    ("pose", "advice"),
    [
        ((14, 0, 0), "to the patient's right"),
        ((-14, 0, 0), "to the patient's left"),
        ((0, 12, 0), "Lower the chin by"),
        ((0, -12, 0), "Raise the chin by"),
        ((0, 0, 9), "Tilt the head 7° to the patient's right"),
        ((0, 0, -9), "to the patient's left"),
        ((0, 28, 0), "until the tip of the nose is level with the eyes"),
    ],
)
def test_a_head_that_is_off_its_view_is_turned_back(
    pose: tuple[float, float, float], advice: str, head: Head, alone: Alone
) -> None:
    straight, record = (
        alone(head.render(yaw, pitch, roll, noise=1).image)
        for yaw, pitch, roll in ((0.0, 0.0, 0.0), pose)
    )
    assert point(straight, "position").verdict == Verdict.MET
    assert point(record, "position").verdict == Verdict.MISSED
    assert advice in record.change


@pytest.mark.parametrize(
    ("off", "missed_points"),
    [
        ({}, set()),
        ({"mouth": 0.1}, {"expression"}),
        ({"right_eye": 0.01}, {"expression"}),
        ({"level": 4.0}, {"position"}),
        ({"sharpness": 3.0}, {"zoom"}),
        ({"burnt": 0.2}, {"light"}),
        ({"brightest": 90.0}, {"light"}),
        ({"side": 3.0}, {"light"}),
        ({"side": 0.3}, {"light"}),
        ({"hair": 0.6}, {"make-up"}),
        ({"covering": "mask"}, {"make-up"}),
        ({"has_frames": True}, {"make-up"}),
        ({"bridge": 0.5}, {"make-up"}),
    ],
)
def test_each_measure_counts_for_its_own_point(
    off: Mapping[str, float | str | bool], missed_points: set[str], turned: Turned
) -> None:
    good = turned(0, 0)
    assert good.face is not None
    assert good.face.measures is not None
    measures: FaceMeasures = replace(good.face.measures, **off)  # type: ignore[arg-type]
    photo = replace(good, face=replace(good.face, measures=measures))
    assert missed(check_series([photo]).photos[0]) == missed_points


def test_a_mouth_that_is_wide_open_is_not_a_smile(turned: Turned) -> None:
    seen = turned(0, 0)
    assert seen.face is not None
    assert seen.face.measures is not None
    for gap, view in ((0.2, View.SMILE), (0.36, View.FRONT)):
        measures = replace(seen.face.measures, smile=0.11, mouth=gap)
        assert view_in(replace(seen, face=replace(seen.face, measures=measures))) is view


def test_a_face_of_few_pixels_is_missed_by_the_zoom(turned: Turned) -> None:
    seen = turned(0, 0)
    assert seen.face is not None
    for width, is_missed in ((80.0, False), (60.0, True)):
        record = check_series([replace(seen, face=replace(seen.face, width=width))]).photos[0]
        assert ("zoom" in missed(record)) is is_missed


def test_a_smile_may_open_the_mouth_and_no_other_view(turned: Turned) -> None:
    for yaw, counts in ((0.0, False), (45.0, True)):
        seen = turned(yaw, 0)
        assert seen.face is not None
        assert seen.face.measures is not None
        measures = replace(seen.face.measures, smile=0.2, mouth=0.15)
        photo = replace(seen, face=replace(seen.face, measures=measures))
        assert any(finding.change == "close the mouth" for finding in judge(photo)) is counts


def test_the_light_on_a_turned_head_is_left_to_a_person(turned: Turned) -> None:
    record = check_series([turned(45, 0)]).photos[0]
    assert record.view == View.OBLIQUE_RIGHT
    assert point(record, "light").verdict == Verdict.PERSON


def test_a_head_that_is_turned_too_far_is_left_to_a_person(turned: Turned) -> None:
    photo = turned(75, 0)
    record = check_series([photo]).photos[0]
    assert view_in(photo) is View.PROFILE_RIGHT
    assert record.change == "Set points by hand."
    assert record.figures is None
    for name in ("position", "expression", "light", "zoom", "make-up"):
        assert point(record, name).verdict == Verdict.PERSON


def test_a_true_profile_is_guessed_by_nothing(turned: Turned) -> None:
    record = check_series([turned(90, 0)]).photos[0]
    assert record.view == View.UNKNOWN
    assert record.change == "No face found; set points by hand."
    assert point(record, "background").verdict == Verdict.MET
    assert record.judged == 1


def test_two_people_are_not_judged(alone: Alone, close: Image) -> None:
    record = alone(np.hstack([close, close]))
    assert record.view == View.UNKNOWN
    assert record.change.startswith("Show the patient alone")
    assert point(record, "position").verdict == Verdict.MISSED
