"""The light on a face, measured on portraits that are relit by a known gain."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pytest

from appliance.pipeline.appearance.illumination import Light, at_skin_resolution
from appliance.pipeline.appearance.tone import BLACK
from appliance.pipeline.face_model.face import Face
from appliance.pipeline.face_model.shape import facing
from appliance.pipeline.face_model.topology import SKIN_POINTS, eye_distance
from appliance.pipeline.imaging.geometry import smoothstep
from appliance.pipeline.imaging.types import Float, Image
from appliance.pipeline.loading import Pipeline
from appliance.pipeline.media.photo.decode import Photo
from tests.pipeline.pictures import CLOTHS, SURGICAL_MASK, covered, mesh_engine, pixels_of

NAMES = ["a_1", "a_2", "b_1", "b_2", "c_1", "d_1", "e_1"]
TINTS = [(0.7, 0.7, 0.7), (0.9, 0.75, 0.6), (0.5, 0.5, 0.6)]


def measured(pipeline: Pipeline, image: Image, face: Face) -> tuple[Light, Float]:
    """The light, and how far each point faces the camera."""
    seen = smoothstep(facing(face.mesh, pipeline.analyser.canonical.triangles), 0.05, 0.35)
    return mesh_engine(pipeline).still.meter.measure(
        *at_skin_resolution(image, face.points), seen
    ), seen


def lit(image: Image, gain: Float) -> Image:
    """The picture multiplied by ``gain``, in the measure that the meter takes logarithms of."""
    return np.asarray(np.clip(np.rint((image + BLACK) * gain - BLACK), 0, 255), np.uint8)


@pytest.mark.parametrize("tint", TINTS)
@pytest.mark.parametrize("name", NAMES)
def test_an_even_tint_is_measured_within_two_per_cent(
    name: str,
    tint: tuple[float, float, float],
    pipeline: Pipeline,
    photos: Mapping[str, Photo],
    faces: Mapping[str, Face],
) -> None:
    image, face = pixels_of(photos[name]), faces[name]
    before, _ = measured(pipeline, image, face)
    after, _ = measured(pipeline, lit(image, np.array(tint, np.float32)), face)
    assert np.abs(np.exp(after.field - before.field) / tint - 1).max() < 0.02
    assert np.abs(np.exp(after.mean - before.mean) / tint - 1).max() < 0.02


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("way", [0, 1], ids=["sideways", "from above"])
def test_a_light_from_one_side_is_seen_there(
    way: int,
    name: str,
    pipeline: Pipeline,
    photos: Mapping[str, Photo],
    faces: Mapping[str, Face],
) -> None:
    image, face = pixels_of(photos[name]), faces[name]
    unit, middle = eye_distance(face.points), face.points[1]
    places = np.indices(image.shape[:2])[1 - way]
    slope = np.clip((places - middle[way]) / unit, -1.2, 1.2) * 0.25
    gain = 0.7 * np.exp(slope)[..., None].astype(np.float32)
    before, seen = measured(pipeline, image, face)
    after, _ = measured(pipeline, lit(image, gain), face)
    skin = np.flatnonzero(seen[:SKIN_POINTS] > 0.5)
    wanted = np.clip((face.points[skin, way] - middle[way]) / unit, -1.2, 1.2) * 0.25
    found = (after.field - before.field)[skin].mean(axis=1)
    share = float(np.polyfit(wanted, found, 1)[0])
    # The smoothing that keeps a nose's shadow out of the light flattens what spans the face:
    # a fifth to a half of such a slope is followed, never the other way.
    assert 0.15 < share < 0.7
    assert np.corrcoef(wanted, found)[0, 1] > 0.85
    assert np.abs(after.mean - before.mean - np.log(0.7)).max() < 0.06


@pytest.mark.parametrize("name", ["a_2", "b_1", "c_1"])
def test_a_dark_patch_on_a_cheek_is_not_light(
    name: str, pipeline: Pipeline, photos: Mapping[str, Photo], faces: Mapping[str, Face]
) -> None:
    image, face = pixels_of(photos[name]), faces[name]
    before, _ = measured(pipeline, image, face)
    x, y = face.points[50].astype(int)
    reach = int(0.15 * eye_distance(face.points))
    image[y - reach : y + reach, x - reach : x + reach] = 10
    after, _ = measured(pipeline, image, face)
    # A sixth of the cheek turned black would darken the mean of logarithms by far more.
    assert np.abs(np.exp(after.mean - before.mean) - 1).max() < 0.03
    assert np.abs(np.exp(after.field - before.field) - 1).max() < 0.12


def test_the_light_does_not_change_with_the_size_of_the_picture(
    pipeline: Pipeline, photos: Mapping[str, Photo], faces: Mapping[str, Face]
) -> None:
    image, face = pixels_of(photos["b_1"]), faces["b_1"]
    large = np.repeat(np.repeat(image, 3, axis=0), 3, axis=1)
    mesh = face.mesh * 3
    mesh[:, :2] += 1
    small, _ = measured(pipeline, image, face)
    big, _ = measured(pipeline, large, Face(mesh, face.score))
    assert np.abs(np.exp(big.field - small.field) - 1).max() < 0.02


@pytest.mark.parametrize("colour", CLOTHS.values(), ids=CLOTHS)
@pytest.mark.parametrize("name", NAMES)
def test_a_mask_over_nose_and_mouth_is_not_light(
    name: str,
    colour: tuple[int, int, int],
    pipeline: Pipeline,
    photos: Mapping[str, Photo],
    faces: Mapping[str, Face],
) -> None:
    image, face = pixels_of(photos[name]), faces[name]
    before, _ = measured(pipeline, image, face)
    after, _ = measured(pipeline, covered(image, face.points[SURGICAL_MASK], colour), face)
    # The lower half's own light can no longer be known; the upper half's goes on there.
    assert np.abs(after.mean - before.mean).max() < 0.2
