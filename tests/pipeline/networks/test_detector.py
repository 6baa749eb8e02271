"""YuNet on the real portraits, on crowds and on pictures without a face."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pytest

from appliance.pipeline.face_model.face import Face
from appliance.pipeline.face_model.topology import eye_distance, five_points
from appliance.pipeline.imaging.types import Image
from appliance.pipeline.loading import Pipeline
from appliance.pipeline.media.photo.decode import Photo
from tests.pipeline.pictures import cell, mosaic, pixels_of

NAMES = ["a_1", "a_2", "b_1", "b_2", "c_1", "d_1", "e_1"]


@pytest.mark.parametrize("name", NAMES)
def test_a_portrait_shows_exactly_one_face(
    name: str, pipeline: Pipeline, photos: Mapping[str, Photo], faces: Mapping[str, Face]
) -> None:
    (found,) = pipeline.analyser.detector.detect(pixels_of(photos[name]))
    assert found.score > 0.9
    left, top, width, height = found.box
    points = found.keypoints
    assert ((points > [left, top]) & (points < [left + width, top + height])).all()
    # The mesh network, which looks far closer, sees the same five places.
    off = np.linalg.norm(points - five_points(faces[name].points), axis=1)
    assert off.max() < 0.15 * eye_distance(faces[name].points)


@pytest.mark.parametrize("name", NAMES)
def test_the_keypoints_are_in_the_order_of_the_picture(
    name: str, pipeline: Pipeline, photos: Mapping[str, Photo]
) -> None:
    (found,) = pipeline.analyser.detector.detect(pixels_of(photos[name]))
    left_eye, right_eye, nose, mouth_left, mouth_right = found.keypoints
    assert left_eye[0] < nose[0] < right_eye[0]
    assert mouth_left[0] < mouth_right[0]
    assert max(left_eye[1], right_eye[1]) < nose[1] < min(mouth_left[1], mouth_right[1])


@pytest.mark.parametrize("side", [128, 320, 900])
def test_every_face_of_a_crowd_is_found_once(
    side: int, pipeline: Pipeline, photos: Mapping[str, Photo]
) -> None:
    some = [photos[name] for name in NAMES]
    four = Photo(mosaic(some[:4], 2, side))
    assert len(pipeline.analyser.faces(four.canvas)) == 4
    ten = Photo(mosaic((some + some)[:10], 5, side))
    found = pipeline.analyser.faces(ten.canvas)
    cells = {tuple((face.points.mean(axis=0) // side).astype(int).tolist()) for face in found}
    assert len(found) == 10
    assert cells == {(column, row) for column in range(5) for row in range(2)}


def test_faces_come_largest_first(pipeline: Pipeline, photos: Mapping[str, Photo]) -> None:
    picture = mosaic([photos["b_1"], photos["b_1"]], 2, 600)
    picture[:, 600:] = 128
    picture[100:400, 800:1100] = cell(photos["c_1"], 300)
    large, small = pipeline.analyser.faces(Photo(picture).canvas)
    assert eye_distance(large.points) > 1.3 * eye_distance(small.points)
    assert large.points[:, 0].max() < 600


def test_a_wide_picture_is_searched_at_its_own_shape(
    pipeline: Pipeline, photos: Mapping[str, Photo]
) -> None:
    picture = np.full((300, 2400, 3), 90, np.uint8)
    picture[:, 1700:2000] = cell(photos["d_1"], 300)
    (face,) = pipeline.analyser.faces(Photo(picture).canvas)
    assert 1700 < face.points[:, 0].min() < face.points[:, 0].max() < 2000


def noise(height: int, width: int) -> Image:
    return np.random.default_rng(0).integers(0, 256, (height, width, 3)).astype(np.uint8)


def ramp(height: int, width: int) -> Image:
    values = np.linspace(0, 255, width).astype(np.uint8)
    return np.repeat(np.tile(values, (height, 1))[..., None], 3, axis=2)


@pytest.mark.parametrize(
    "picture",
    [
        noise(480, 640),
        ramp(480, 640),
        np.full((1, 1, 3), 200, np.uint8),
        np.full((1, 3000, 3), 200, np.uint8),
        np.full((3000, 2, 3), 10, np.uint8),
        np.full((700, 900, 3), 255, np.uint8),
    ],
    ids=["noise", "ramp", "1x1", "a row", "two columns", "white"],
)
def test_nobody_is_seen_where_nobody_is(picture: Image, pipeline: Pipeline) -> None:
    assert pipeline.analyser.detector.detect(picture) == ()
    assert pipeline.analyser.faces(Photo(picture).canvas) == ()


def test_a_face_without_its_middle_is_none(pipeline: Pipeline, photos: Mapping[str, Photo]) -> None:
    # The sound case is the same portrait whole, in the tests above.
    picture, face = pixels_of(photos["b_1"]), pipeline.analyser.faces(photos["b_1"].canvas)[0]
    low, high = face.points.min(axis=0).astype(int), face.points.max(axis=0).astype(int)
    picture[low[1] : high[1], low[0] : high[0]] = 128
    assert pipeline.analyser.faces(Photo(picture).canvas) == ()
