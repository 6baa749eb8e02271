"""Masks and sunglasses, and what must not be taken for them."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pytest
from numpy.typing import NDArray

from appliance.pipeline.analysis.analyser import Stages
from appliance.pipeline.appearance.face_coverings import MASK, SUNGLASSES, Worn
from appliance.pipeline.appearance.illumination import sampled
from appliance.pipeline.appearance.tone import log_colour
from appliance.pipeline.face_model.face import Face, Float, Image
from appliance.pipeline.face_model.topology import indices
from appliance.pipeline.media.photo.decode import Photo
from tests.pipeline.pictures import CLOTHS, SURGICAL_MASK, covered, pixels_of, with_sunglasses

NAMES = ["a_1", "a_2", "b_1", "b_2", "c_1", "d_1", "e_1"]
HALF = indices("10 109 67 103 54 21 162 127 234 93 132 58 172 136 150 149 176 148 152 199 2 4 168")
BEARD = indices(
    "234 93 132 58 172 136 150 149 176 148 152 377 400 378 379 365 397 288 361 323 454"
    " 366 401 434 432 287 391 164 165 57 212 214 177 137"
)


def found(stages: Stages, image: Image, face: Face) -> Worn | None:
    """What the light meter finds."""
    return stages.meter.measure(*sampled(image, face.points), stages.still.visible(face)).worn


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
    worn = found(stages, image, faces[name])
    assert worn is not None
    assert worn.piece is MASK
    assert worn.sure > 0.9
    wanted: Float = log_colour(np.array(colour, np.float32))
    assert np.abs(worn.colour - wanted).max() < 0.05


@pytest.mark.parametrize("colour", [(20, 18, 15), (30, 25, 50)], ids=["black", "blue"])
@pytest.mark.parametrize("name", NAMES)
def test_sunglasses_are_found(
    name: str,
    colour: tuple[int, int, int],
    stages: Stages,
    photos: Mapping[str, Photo],
    faces: Mapping[str, Face],
) -> None:
    image = with_sunglasses(pixels_of(photos[name]), faces[name], colour)
    worn = found(stages, image, faces[name])
    assert worn is not None
    assert worn.piece is SUNGLASSES
    assert worn.sure > 0.9


@pytest.mark.parametrize("name", NAMES)
def test_a_bare_face_wears_none(
    name: str, stages: Stages, photos: Mapping[str, Photo], faces: Mapping[str, Face]
) -> None:
    image = pixels_of(photos[name])
    assert found(stages, image, faces[name]) is None
    assert found(stages, np.asarray(image * 0.4, np.uint8), faces[name]) is None


@pytest.mark.parametrize("colour", [(20, 18, 15), (150, 150, 150)], ids=["dark", "grey"])
@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("part", [HALF, BEARD], ids=["half", "beard"])
def test_what_leaves_the_nose_or_a_cheek_free_is_not_worn(
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
