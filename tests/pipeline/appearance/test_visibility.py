"""What is found to cover a face: hair, and in a video whatever was not there before."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pytest

from appliance.pipeline.appearance.illumination import Light, at_skin_resolution
from appliance.pipeline.appearance.visibility import TRUSTED_AFTER, AppearanceModel
from appliance.pipeline.face_model.face import Face
from appliance.pipeline.face_model.texture import TexturePlane
from appliance.pipeline.face_model.topology import (
    INNER_LIPS,
    LEFT_EYE,
    OVAL,
    RIGHT_EYE,
    eye_distance,
    indices,
)
from appliance.pipeline.imaging.types import Float, Image
from appliance.pipeline.loading import Pipeline
from appliance.pipeline.media.photo.decode import Photo
from tests.pipeline.pictures import (
    CLOTHS,
    SURGICAL_MASK,
    covered,
    mesh_engine,
    pixels_of,
    with_spectacles,
    with_sunglasses,
)

EVENLY_LIT = ["a_1", "a_2", "b_1"]
FRINGE = indices(
    "10 338 297 332 284 251 301 300 293 334 296 336 9 107 66 105 63 70 71 21 54 103 67 109"
)
NAMES = ["a_1", "a_2", "b_1", "b_2", "c_1", "d_1", "e_1"]
CHEEKS = [50, 280, 205, 425, 4]


def visible(
    pipeline: Pipeline, image: Image, face: Face, usual: AppearanceModel | None = None
) -> Float:
    """How far each mesh point is found to show the face: (478,)."""
    cut_out, local = pipeline.analyser.cut_out(Photo(image).canvas, face)
    small, points = at_skin_resolution(cut_out, local.points)
    light = mesh_engine(pipeline).still.meter.measure(
        small, points, mesh_engine(pipeline).still.swapper.facing(local)
    )
    look = mesh_engine(pipeline).still.visibility.albedo(small, points, light)
    height, width = cut_out.shape[:2]
    unit = np.asarray((local.points + 0.5) / (width, height), np.float32)
    shown = mesh_engine(pipeline).still.visibility.estimate(
        look,
        light,
        usual,
        mesh_engine(pipeline).still.visibility.person(cut_out, local.points),
        unit,
    )
    assert shown.min() >= 0
    assert shown.max() <= 1 + 1e-5
    if usual is not None:
        usual.add(look, shown)
    return TexturePlane(pipeline.analyser.canonical, shown.shape[0]).pick(shown)


@pytest.mark.parametrize("name", EVENLY_LIT)
def test_a_bare_face_is_seen_whole(
    name: str, pipeline: Pipeline, photos: Mapping[str, Photo], faces: Mapping[str, Face]
) -> None:
    shown = visible(pipeline, pixels_of(photos[name]), faces[name])
    assert shown[[*CHEEKS, 151, 9, 199]].min() > 0.95
    assert shown.mean() > 0.9


@pytest.mark.parametrize("colour", [(35, 25, 20), (90, 60, 30), (15, 15, 15)])
@pytest.mark.parametrize("name", [*EVENLY_LIT, "c_1"])
def test_a_fringe_is_seen_to_cover_the_forehead(
    name: str,
    colour: tuple[int, int, int],
    pipeline: Pipeline,
    request: pytest.FixtureRequest,
) -> None:
    photos: Mapping[str, Photo] = request.getfixturevalue("photos")
    face: Face = request.getfixturevalue("faces")[name]
    if name == "c_1" and colour == (90, 60, 30):
        colour = (5, 5, 5)  # that brown is this person's skin
    image = covered(pixels_of(photos[name]), face.points[FRINGE], colour)
    shown = visible(pipeline, image, face)
    assert shown[[151, 69, 299]].max() < 0.3
    assert shown[CHEEKS].min() > 0.9


@pytest.mark.parametrize("colour", CLOTHS.values(), ids=CLOTHS)
@pytest.mark.parametrize("name", NAMES)
def test_a_mask_is_seen_to_cover_nose_and_mouth_and_nothing_else(
    name: str,
    colour: tuple[int, int, int],
    pipeline: Pipeline,
    photos: Mapping[str, Photo],
    faces: Mapping[str, Face],
) -> None:
    image, face = pixels_of(photos[name]), faces[name]
    bare = visible(pipeline, image, face)
    shown = visible(pipeline, covered(image, face.points[SURGICAL_MASK], colour), face)
    assert shown[[*CHEEKS, *INNER_LIPS, 199]].max() < 0.1
    above = [*LEFT_EYE, *RIGHT_EYE, 151, 9]
    assert (bare[above] - shown[above]).max() < 0.15


@pytest.mark.parametrize("name", NAMES)
def test_sunglasses_are_seen_to_cover_the_eyes_and_nothing_else(
    name: str, pipeline: Pipeline, photos: Mapping[str, Photo], faces: Mapping[str, Face]
) -> None:
    image, face = pixels_of(photos[name]), faces[name]
    bare = visible(pipeline, image, face)
    shown = visible(pipeline, with_sunglasses(image, face, (20, 18, 15)), face)
    assert shown[[*LEFT_EYE, *RIGHT_EYE, 229, 449]].max() < 0.1
    free = [205, 425, 4, 151, 199, *INNER_LIPS]
    assert (bare[free] - shown[free]).max() < 0.15


@pytest.mark.parametrize("colour", [(25, 20, 20), (40, 25, 15)], ids=["black", "brown"])
@pytest.mark.parametrize("name", NAMES)
def test_the_frames_of_spectacles_are_seen_and_not_what_is_behind_the_glass(
    name: str,
    colour: tuple[int, int, int],
    pipeline: Pipeline,
    photos: Mapping[str, Photo],
    faces: Mapping[str, Face],
) -> None:
    image, face = pixels_of(photos[name]), faces[name]
    worn = visible(pipeline, with_spectacles(image, face, colour), face)
    bare = visible(pipeline, image, face)
    assert (bare[[230, 450]] - worn[[230, 450]]).max() < 0.2  # the lids, behind the glass
    lower = [[117, 118, 119], [346, 347, 348]]  # near the lower rims
    assert min((bare[rim] - worn[rim]).max() for rim in lower) > 0.5


@pytest.mark.parametrize("name", NAMES)
def test_what_comes_before_an_eye_in_a_video_is_seen(
    name: str, pipeline: Pipeline, photos: Mapping[str, Photo], faces: Mapping[str, Face]
) -> None:
    image, face = pixels_of(photos[name]), faces[name]
    usual = AppearanceModel()
    for _ in range(TRUSTED_AFTER + 4):
        before = visible(pipeline, image, face, usual)
    assert before[[*LEFT_EYE, *RIGHT_EYE]].mean() > 0.9
    x, y = face.points[LEFT_EYE].mean(axis=0)
    reach = 0.25 * eye_distance(face.points)
    corners = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]], np.float32) * reach + (x, y)
    shown = visible(pipeline, covered(image, corners, (60, 110, 60)), face, usual)
    assert shown[LEFT_EYE].mean() < 0.4
    assert shown[RIGHT_EYE].mean() > 0.9
    assert shown[[50, 205]].min() > 0.9  # the far cheek
    # Gone again, nothing of it is left: it did not become the usual look.
    assert visible(pipeline, image, face, usual)[LEFT_EYE].mean() > 0.9


def test_before_the_usual_look_is_known_it_says_nothing(
    pipeline: Pipeline, photos: Mapping[str, Photo], faces: Mapping[str, Face]
) -> None:
    image, face, usual = pixels_of(photos["b_1"]), faces["b_1"], AppearanceModel()
    alone = visible(pipeline, image, face)
    assert np.allclose(visible(pipeline, image, face, usual), alone)
    dark = np.asarray(image * 0.6, np.uint8)
    # One frame does not make a habit: a second one that differs is judged by itself.
    assert np.allclose(visible(pipeline, dark, face, usual), visible(pipeline, dark, face))


def test_a_light_that_is_turned_down_covers_nothing(
    pipeline: Pipeline, photos: Mapping[str, Photo], faces: Mapping[str, Face]
) -> None:
    image, face, usual = pixels_of(photos["b_1"]), faces["b_1"], AppearanceModel()
    for _ in range(TRUSTED_AFTER + 2):
        visible(pipeline, image, face, usual)
    dark = np.asarray(image * 0.5, np.uint8)
    assert visible(pipeline, dark, face, usual)[CHEEKS].min() > 0.9


def test_beyond_the_heads_outline_nobody_is_seen(
    pipeline: Pipeline, photos: Mapping[str, Photo], faces: Mapping[str, Face]
) -> None:
    cut_out, local = pipeline.analyser.cut_out(photos["c_1"].canvas, faces["c_1"])
    person = mesh_engine(pipeline).still.visibility.person(cut_out, local.points)
    assert person.shape == (256, 256)
    height, width = cut_out.shape[:2]
    x, y = (local.points[4] / (width, height) * 256).astype(int)
    assert person[y, x] > 0.9
    # A mesh that is moved aside into the sky shows it there.
    unit = np.asarray((local.points + 0.5) / (width, height), np.float32)
    look = np.zeros((96, 96, 3), np.float32)
    light = Light(np.zeros((478, 3), np.float32), np.zeros(3, np.float32))
    aside = mesh_engine(pipeline).still.visibility.estimate(
        look, light, None, np.zeros((256, 256), np.float32), unit
    )
    assert not aside.any()
    assert (
        mesh_engine(pipeline)
        .still.visibility.estimate(look, light, None, np.ones((256, 256), np.float32), unit)
        .any()
    )


@pytest.mark.parametrize("name", NAMES)
def test_a_face_that_fills_its_picture_is_seen_as_a_whole(
    name: str, pipeline: Pipeline, photos: Mapping[str, Photo], faces: Mapping[str, Face]
) -> None:
    oval = faces[name].points[OVAL]
    low, high = oval.min(axis=0), oval.max(axis=0)
    left, top = np.ceil(low + 0.1 * (high - low)).astype(int).tolist()
    right, bottom = np.floor(high - 0.1 * (high - low)).astype(int).tolist()
    tight = pixels_of(photos[name])[top:bottom, left:right]
    local = faces[name].moved(-left, -top)
    person = mesh_engine(pipeline).still.visibility.person(tight, local.points)
    assert person.shape == (256, 256)
    assert (person > 0.5).mean() > 0.9
