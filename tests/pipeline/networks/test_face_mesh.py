"""The mesh on the real portraits: where the face is, however the picture is held."""

from __future__ import annotations

from collections.abc import Mapping

import cv2
import numpy as np
import pytest

from appliance.pipeline.face_model.face import Face
from appliance.pipeline.face_model.topology import (
    EYE_CORNERS,
    LEFT_IRIS,
    OVAL,
    RIGHT_IRIS,
    eye_distance,
    eye_openness,
    five_points,
    mouth_openness,
)
from appliance.pipeline.loading import Pipeline
from appliance.pipeline.media.photo.decode import Photo
from appliance.pipeline.run import SourceIdentity
from tests.pipeline.heads import Head
from tests.pipeline.pictures import error, mesh_source, pixels_of, turned

NAMES = ["a_1", "a_2", "b_1", "b_2", "c_1", "d_1", "e_1"]


@pytest.mark.parametrize("name", NAMES)
def test_the_mesh_of_a_mirrored_picture_is_the_mirrored_mesh(
    name: str, pipeline: Pipeline, photos: Mapping[str, Photo], faces: Mapping[str, Face]
) -> None:
    pixels = np.ascontiguousarray(pixels_of(photos[name])[:, ::-1])
    (found,) = pipeline.analyser.faces(Photo(pixels).canvas)
    back = found.mesh[pipeline.analyser.canonical.mirror]
    back[:, 0] = pixels.shape[1] - 1 - back[:, 0]
    unit = eye_distance(faces[name].points)
    off = np.linalg.norm((back - faces[name].mesh)[:, :2], axis=1) / unit
    assert off.mean() < 0.04
    assert off.max() < 0.12
    assert np.abs(back - faces[name].mesh)[:, 2].mean() < 0.04 * unit


@pytest.mark.parametrize("name", NAMES)
def test_the_mesh_moves_with_the_picture(
    name: str, pipeline: Pipeline, photos: Mapping[str, Photo], faces: Mapping[str, Face]
) -> None:
    pixels = cv2.copyMakeBorder(pixels_of(photos[name]), 37, 5, 61, 9, cv2.BORDER_REPLICATE)
    (found,) = pipeline.analyser.faces(Photo(np.asarray(pixels, np.uint8)).canvas)
    assert error(found, faces[name].moved(61, 37)) < 0.02


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("scale", [0.5, 1.7])
def test_the_mesh_grows_with_the_picture(
    name: str,
    scale: float,
    pipeline: Pipeline,
    photos: Mapping[str, Photo],
    faces: Mapping[str, Face],
) -> None:
    pixels = pixels_of(photos[name])
    size = (round(pixels.shape[1] * scale), round(pixels.shape[0] * scale))
    way = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    resized = np.asarray(cv2.resize(pixels, size, interpolation=way), np.uint8)
    (found,) = pipeline.analyser.faces(Photo(resized).canvas)
    matrix = np.array([[scale, 0, (scale - 1) / 2], [0, scale, (scale - 1) / 2]], np.float32)
    assert error(found, faces[name], matrix) < 0.02
    depth = found.mesh[:, 2] / scale - faces[name].mesh[:, 2]
    assert np.abs(depth).mean() < 0.02 * eye_distance(faces[name].points)


# The detector takes a face on its head for an upright one, so that its mesh would be drawn with
# the eyes at the chin and the swap painted over it.
@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("degrees", [-60, -45, -20, 20, 45, 60, 180])
def test_the_mesh_turns_with_the_picture(
    name: str,
    degrees: float,
    pipeline: Pipeline,
    photos: Mapping[str, Photo],
    faces: Mapping[str, Face],
) -> None:
    picture, matrix = turned(photos[name], degrees)
    found = pipeline.analyser.faces(picture.canvas)
    assert found or name == "a_1"  # the smallest portrait is missed at 60°
    for face in found:
        assert error(face, faces[name], matrix) < 0.12


@pytest.mark.parametrize("degrees", [90, -90])
def test_a_face_lying_on_its_side_is_either_missed_or_right(
    degrees: float, pipeline: Pipeline, photos: Mapping[str, Photo], faces: Mapping[str, Face]
) -> None:
    handled = 0
    for name in NAMES:
        picture, matrix = turned(photos[name], degrees)
        for face in pipeline.analyser.faces(picture.canvas):
            assert error(face, faces[name], matrix) < 0.12
            handled += 1
    assert handled >= 5


@pytest.mark.parametrize(
    ("name", "yaw", "pitch"), [("c_1", 0, -35), ("d_1", 65, 0), ("d_1", 80, 0), ("b_2", -70, 0)]
)
def test_a_head_that_is_turned_is_not_taken_for_one_that_lies(
    name: str,
    yaw: int,
    pitch: int,
    pipeline: Pipeline,
    sources: Mapping[str, SourceIdentity],
) -> None:
    # Its eyes were drawn on the chin: on its head it had the higher score by a hair.
    head = Head(pipeline.analyser.canonical, mesh_source(sources[name]))
    picture = head.render(yaw, pitch, noise=abs(yaw) or 100 + pitch).image
    for face in pipeline.analyser.faces(Photo(picture).canvas):
        right, left = face.points[EYE_CORNERS]
        assert abs(left[1] - right[1]) < 80
        assert face.points[OVAL[0], 1] < face.points[152, 1]  # the forehead above the chin


@pytest.mark.parametrize("name", NAMES)
def test_the_measures_of_a_portrait_are_a_faces(name: str, faces: Mapping[str, Face]) -> None:
    face = faces[name]
    assert face.score > 0.999
    right, left, nose, mouth_right, mouth_left = five_points(face.points)
    unit = eye_distance(face.points)
    assert right[0] < nose[0] < left[0]
    assert mouth_right[0] < mouth_left[0]
    assert face.mesh[1, 2] < face.mesh[[234, 454], 2].min()  # the nose is nearer than the ears
    assert all(0.03 < openness < 0.15 for openness in eye_openness(face.points))
    for iris, eye in ((RIGHT_IRIS, right), (LEFT_IRIS, left)):
        assert np.linalg.norm(face.points[iris] - eye) < 0.08 * unit


def test_a_smile_is_open_and_closed_lips_are_not(faces: Mapping[str, Face]) -> None:
    openness = {name: mouth_openness(face.points) for name, face in faces.items()}
    assert all(openness[name] < 0.02 for name in ("a_1", "a_2"))
    assert all(openness[name] > 0.08 for name in ("b_1", "b_2", "c_1", "d_1", "e_1"))


def test_following_finds_a_face_that_moved_a_little(
    pipeline: Pipeline, photos: Mapping[str, Photo], faces: Mapping[str, Face]
) -> None:
    face = faces["b_1"]
    unit = eye_distance(face.points)
    lost = face.moved(0.12 * unit, -0.1 * unit)
    found = pipeline.analyser.mesh_estimator.follow(pixels_of(photos["b_1"]), lost)
    assert error(found, face) < 0.02
    # Where there is no face, the network says so: a track must end there.
    empty = pipeline.analyser.mesh_estimator.follow(np.full((900, 716, 3), 128, np.uint8), face)
    assert empty.score < 0.5
