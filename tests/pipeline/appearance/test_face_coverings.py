"""Masks, sunglasses and objects before a mouth, and what must not be taken for them."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pytest
from numpy.typing import NDArray

from appliance.pipeline.appearance.face_coverings import MASK, OBJECT, SUNGLASSES, Covering
from appliance.pipeline.appearance.illumination import at_skin_resolution
from appliance.pipeline.appearance.tone import log_colour
from appliance.pipeline.face_model.face import Face
from appliance.pipeline.face_model.topology import eye_distance, indices
from appliance.pipeline.imaging.types import Float, Image
from appliance.pipeline.loading import Pipeline
from appliance.pipeline.media.photo.decode import Photo
from tests.pipeline.pictures import (
    CLOTHS,
    SURGICAL_MASK,
    covered,
    mesh_engine,
    pixels_of,
    with_sunglasses,
)

NAMES = ["a_1", "a_2", "b_1", "b_2", "c_1", "d_1", "e_1"]
HALF = indices("10 109 67 103 54 21 162 127 234 93 132 58 172 136 150 149 176 148 152 199 2 4 168")
BEARD = indices(
    "234 93 132 58 172 136 150 149 176 148 152 377 400 378 379 365 397 288 361 323 454"
    " 366 401 434 432 287 391 164 165 57 212 214 177 137"
)


def found(pipeline: Pipeline, image: Image, face: Face) -> Covering | None:
    """What the light meter finds."""
    return (
        mesh_engine(pipeline)
        .still.meter.measure(
            *at_skin_resolution(image, face.points),
            mesh_engine(pipeline).still.swapper.facing(face),
        )
        .covering
    )


@pytest.mark.parametrize("colour", CLOTHS.values(), ids=CLOTHS)
@pytest.mark.parametrize("name", NAMES)
def test_a_mask_is_found_and_its_colour(
    name: str,
    colour: tuple[int, int, int],
    pipeline: Pipeline,
    photos: Mapping[str, Photo],
    faces: Mapping[str, Face],
) -> None:
    image = covered(pixels_of(photos[name]), faces[name].points[SURGICAL_MASK], colour)
    worn = found(pipeline, image, faces[name])
    assert worn is not None
    assert worn.kind is MASK
    assert worn.confidence > 0.9
    wanted: Float = log_colour(np.array(colour, np.float32))
    assert np.abs(worn.colour - wanted).max() < 0.05


@pytest.mark.parametrize("colour", [(20, 18, 15), (30, 25, 50)], ids=["black", "blue"])
@pytest.mark.parametrize("name", NAMES)
def test_sunglasses_are_found(
    name: str,
    colour: tuple[int, int, int],
    pipeline: Pipeline,
    photos: Mapping[str, Photo],
    faces: Mapping[str, Face],
) -> None:
    image = with_sunglasses(pixels_of(photos[name]), faces[name], colour)
    worn = found(pipeline, image, faces[name])
    assert worn is not None
    assert worn.kind is SUNGLASSES
    assert worn.confidence > 0.9


def held(face: Face, *, lips: bool = True) -> Float:
    """The corners of a telephone before a mouth, or below its lips: (4, 2)."""
    x, y = face.points[[13, 14]].mean(axis=0)
    unit = eye_distance(face.points)
    top = y - 0.2 * unit if lips else face.points[17, 1]
    bottom = face.points[152, 1] + unit
    left, right = x - 0.38 * unit, x + 0.38 * unit
    return np.array([(left, top), (right, top), (right, bottom), (left, bottom)], np.float32)


@pytest.mark.parametrize("colour", [(28, 28, 32), (160, 30, 30)], ids=["black", "red"])
@pytest.mark.parametrize("name", NAMES)
def test_an_object_before_a_mouth_is_found_and_its_colour(
    name: str,
    colour: tuple[int, int, int],
    pipeline: Pipeline,
    photos: Mapping[str, Photo],
    faces: Mapping[str, Face],
) -> None:
    image = covered(pixels_of(photos[name]), held(faces[name]), colour)
    before = found(pipeline, image, faces[name])
    assert before is not None
    assert before.kind is OBJECT
    assert before.confidence > 0.9
    assert np.abs(before.colour - log_colour(np.array(colour, np.float32))).max() < 0.05
    # A beard of one colour leaves the lips free.
    below = covered(pixels_of(photos[name]), held(faces[name], lips=False), colour)
    assert found(pipeline, below, faces[name]) is None


@pytest.mark.parametrize("name", NAMES)
def test_a_bare_face_wears_none(
    name: str, pipeline: Pipeline, photos: Mapping[str, Photo], faces: Mapping[str, Face]
) -> None:
    image = pixels_of(photos[name])
    assert found(pipeline, image, faces[name]) is None
    assert found(pipeline, np.asarray(image * 0.4, np.uint8), faces[name]) is None


@pytest.mark.parametrize("colour", [(20, 18, 15), (150, 150, 150)], ids=["dark", "grey"])
@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("part", [HALF, BEARD], ids=["half", "beard"])
def test_what_leaves_the_nose_or_a_cheek_free_is_not_worn(
    part: NDArray[np.intp],
    name: str,
    colour: tuple[int, int, int],
    request: pytest.FixtureRequest,
    pipeline: Pipeline,
) -> None:
    photo: Photo = request.getfixturevalue("photos")[name]
    face: Face = request.getfixturevalue("faces")[name]
    image = covered(pixels_of(photo), face.points[part], colour)
    assert found(pipeline, image, face) is None
