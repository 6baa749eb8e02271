"""The canonical texture plane."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pytest

from appliance.pipeline.face_model.canonical import Canonical
from appliance.pipeline.face_model.face import Face
from appliance.pipeline.face_model.texture import UNIT_EYE_DISTANCE, TexturePlane
from appliance.pipeline.face_model.topology import (
    EYE_CORNERS,
    INNER_LIPS,
    POINTS,
    SKIN_POINTS,
)
from appliance.pipeline.media.photo.decode import Photo
from tests.pipeline.pictures import pixels_of


@pytest.fixture(scope="module")
def plane(canonical: Canonical) -> TexturePlane:
    return TexturePlane(canonical, 256)


def test_what_is_spread_is_picked_again(plane: TexturePlane) -> None:
    # Within the oval; at its rim a texel lies half outside, where there is nothing.
    values = np.random.default_rng(0).uniform(1, 2, (POINTS, 1)).astype(np.float32)
    smooth = np.ones_like(values)
    assert np.allclose(
        plane.pick(plane.interpolate(smooth)[..., 0])[[4, 50, 280, 151]], 1, atol=1e-3
    )
    found = plane.pick(plane.interpolate(values)[..., 0])
    assert np.abs(found - values[:, 0])[[4, 50, 280, 151, 9]].max() < 0.15


def test_the_plane_is_symmetric(plane: TexturePlane, canonical: Canonical) -> None:
    # The source fills a side that was not seen by mirroring the plane.
    mirrored = plane.covered[:, ::-1]
    assert (plane.covered == mirrored).mean() > 0.99
    x = canonical.uv[:SKIN_POINTS, 0]
    assert np.abs(x + x[canonical.mirror[:SKIN_POINTS]] - 1).max() < 0.02


def test_the_mouth_is_the_opening_of_the_lips(plane: TexturePlane, canonical: Canonical) -> None:
    assert 0 < plane.mouth.mean() < 0.02
    assert not (plane.mouth & ~plane.covered).any()
    rows, columns = np.nonzero(plane.mouth)
    low, high = canonical.uv[INNER_LIPS].min(axis=0), canonical.uv[INNER_LIPS].max(axis=0)
    assert (columns / plane.size >= low[0] - 0.02).all()
    assert (columns / plane.size <= high[0] + 0.02).all()
    assert (rows / plane.size >= low[1] - 0.02).all()
    assert (rows / plane.size <= high[1] + 0.02).all()


def test_the_unit_eye_distance_is_the_planes(canonical: Canonical) -> None:
    right, left = canonical.uv[EYE_CORNERS]
    assert np.linalg.norm(right - left) == pytest.approx(UNIT_EYE_DISTANCE, abs=0.02)


@pytest.mark.parametrize("name", ["a_2", "b_1", "c_1"])
def test_a_portrait_unwraps_to_its_own_colours(
    name: str, plane: TexturePlane, photos: Mapping[str, Photo], faces: Mapping[str, Face]
) -> None:
    image, face = pixels_of(photos[name]), faces[name]
    texture = plane.unwrap(image, face.points)
    assert texture.dtype == np.uint8
    for point in (50, 280, 4, 151, 199):
        x, y = np.rint(face.points[point]).astype(int)
        wanted = image[y - 2 : y + 3, x - 2 : x + 3].mean(axis=(0, 1))
        found = [plane.pick(texture[..., c].astype(np.float32))[point] for c in range(3)]
        assert np.abs(found - wanted).max() < 14
