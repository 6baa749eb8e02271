"""Cloth over nose and mouth, and what must not be taken for it."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pytest
from numpy.typing import NDArray

from appliance.pipeline.cloth import Cloth
from appliance.pipeline.face import Face, Float, Image
from appliance.pipeline.light import sampled
from appliance.pipeline.media.photo import Photo
from appliance.pipeline.stages import Stages
from appliance.pipeline.tone import log_colour
from appliance.pipeline.topology import indices
from tests.pipeline.pictures import CLOTHS, SURGICAL_MASK, covered, pixels_of

NAMES = ["a_1", "a_2", "b_1", "b_2", "c_1", "d_1", "e_1"]
HALF = indices("10 109 67 103 54 21 162 127 234 93 132 58 172 136 150 149 176 148 152 199 2 4 168")
BEARD = indices(
    "234 93 132 58 172 136 150 149 176 148 152 377 400 378 379 365 397 288 361 323 454"
    " 366 401 434 432 287 391 164 165 57 212 214 177 137"
)
SUNGLASSES = indices("127 70 63 105 66 107 9 336 296 334 293 300 356 347 348 343 6 114 119 118")


def found(stages: Stages, image: Image, face: Face) -> Cloth | None:
    """The cloth that the light meter finds."""
    seen = stages.still.visible(face)
    return stages.meter.measure(*sampled(image, face.points), seen).cloth


@pytest.mark.parametrize("colour", CLOTHS.values(), ids=CLOTHS)
@pytest.mark.parametrize("name", NAMES)
def test_a_mask_is_found_and_its_colour(
    name: str,
    colour: tuple[int, int, int],
    stages: Stages,
    photos: Mapping[str, Photo],
    faces: Mapping[str, Face],
) -> None:
    image = covered(pixels_of(photos[name]), faces[name].points[SURGICAL_MASK], colour)
    cloth = found(stages, image, faces[name])
    assert cloth is not None
    assert cloth.sure > 0.9
    wanted: Float = log_colour(np.array(colour, np.float32))
    assert np.abs(cloth.colour - wanted).max() < 0.05


@pytest.mark.parametrize("name", NAMES)
def test_a_bare_face_wears_none(
    name: str, stages: Stages, photos: Mapping[str, Photo], faces: Mapping[str, Face]
) -> None:
    image = pixels_of(photos[name])
    assert found(stages, image, faces[name]) is None
    assert found(stages, np.asarray(image * 0.4, np.uint8), faces[name]) is None


@pytest.mark.parametrize("colour", [(20, 18, 15), (150, 150, 150)], ids=["dark", "grey"])
@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("part", [HALF, BEARD, SUNGLASSES], ids=["half", "beard", "sunglasses"])
def test_what_leaves_the_nose_or_a_cheek_free_is_no_mask(
    part: NDArray[np.intp],
    name: str,
    colour: tuple[int, int, int],
    request: pytest.FixtureRequest,
    stages: Stages,
) -> None:
    photo: Photo = request.getfixturevalue("photos")[name]
    face: Face = request.getfixturevalue("faces")[name]
    image = covered(pixels_of(photo), face.points[part], colour)
    assert found(stages, image, face) is None
