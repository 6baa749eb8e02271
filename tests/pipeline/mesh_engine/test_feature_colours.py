"""Lips and irises in another person's colour: theirs alone, with their own light and shade."""

from __future__ import annotations

from collections.abc import Mapping

import cv2
import numpy as np
import pytest

from appliance.pipeline.appearance.illumination import Light, at_skin_resolution
from appliance.pipeline.appearance.tone import LUMA
from appliance.pipeline.face_model.face import Face
from appliance.pipeline.face_model.topology import LEFT_EYE, OUTER_LIPS, RIGHT_EYE, eye_distance
from appliance.pipeline.imaging.types import Float, Image
from appliance.pipeline.loading import Pipeline
from appliance.pipeline.media.photo.decode import Photo
from appliance.pipeline.mesh_engine.feature_colours import (
    EVEN,
    LIGHTER,
    FeatureColours,
    FeatureMemory,
    Recolouring,
    recoloured,
)
from appliance.pipeline.run import SourceIdentity
from tests.pipeline.pictures import mesh_engine, mesh_source, pixels_of

BLACK, WHITE = np.zeros((3, 3), np.float32), np.ones((3, 3), np.float32)


@pytest.fixture
def portrait(
    pipeline: Pipeline, photos: Mapping[str, Photo], faces: Mapping[str, Face]
) -> tuple[Image, Float, Light]:
    """One with red lips and light eyes: its picture, points and light."""
    image, points = pixels_of(photos["b_1"]), faces["b_1"].points
    seen = mesh_engine(pipeline).still.swapper.facing(faces["b_1"])
    light = mesh_engine(pipeline).still.meter.measure(*at_skin_resolution(image, points), seen)
    return image, points, light


def hue(colours: Float) -> Float:
    """Log RGB without luminance."""
    return np.asarray(colours - (colours @ LUMA)[..., None], np.float32)


def test_red_lips_and_dark_eyes_are_measured_as_such(
    sources: Mapping[str, SourceIdentity],
) -> None:
    painted, plain, dark = (mesh_source(sources[name]).features for name in ("b_1", "e_1", "d_1"))
    redness = [float(one.colours[0, 0] - one.colours[0, 1]) for one in (painted, plain)]
    assert redness[0] > redness[1] + 0.15
    assert (dark.colours[1:] @ LUMA).max() < (painted.colours[1:] @ LUMA).min() - 0.2
    assert painted.shown.min() > 0.9


def test_features_take_the_other_colour_and_nothing_else_does(
    portrait: tuple[Image, Float, Light], sources: Mapping[str, SourceIdentity]
) -> None:
    image, points, light = portrait
    own = FeatureColours.measure(image, points, light).colours
    wanted = mesh_source(sources["d_1"]).features.colours
    change = Recolouring(own, wanted, np.ones(3, np.float32))
    result = recoloured(image, points, light, change)
    found = FeatureColours.measure(result, points, light).colours
    before, after = (np.abs(hue(one) - hue(wanted)).max(axis=1) for one in (own, found))
    assert (after < (1.3 - EVEN) * before).all()
    asked = np.clip((wanted - own) @ LUMA, *LIGHTER)
    assert np.allclose((found - own) @ LUMA, asked, atol=0.2)
    mask = np.zeros(image.shape[:2], np.uint8)
    rings = [np.rint(points[ring]).astype(np.int32) for ring in (OUTER_LIPS, RIGHT_EYE, LEFT_EYE)]
    cv2.fillPoly(mask, rings, 1)
    side = 2 * round(0.05 * eye_distance(points)) + 1
    around = cv2.dilate(mask, np.ones((side, side), np.uint8)) > 0
    assert (result[~around] == image[~around]).all()


def test_without_a_share_every_bit_stays(portrait: tuple[Image, Float, Light]) -> None:
    image, points, light = portrait
    change = Recolouring(BLACK, WHITE, np.zeros(3, np.float32))
    assert (recoloured(image, points, light, change) == image).all()


def test_features_beyond_the_picture_are_no_trouble(
    portrait: tuple[Image, Float, Light],
) -> None:
    image, points, light = portrait
    change = Recolouring(BLACK, WHITE, np.ones(3, np.float32))
    lips = points[OUTER_LIPS]
    for cut in (image[: int(lips[:, 1].mean())], image[:, int(lips[:, 0].mean()) :], image[:5]):
        shift = np.array([image.shape[1] - cut.shape[1], 0], np.float32)
        assert recoloured(cut, points - shift, light, change).shape == cut.shape


def test_a_closed_eye_does_not_count() -> None:
    memory = FeatureMemory()
    green = np.tile(np.array([-0.5, 0.5, -0.5], np.float32), (3, 1))
    seen, closed = np.ones(3, np.float32), np.array([1, 0, 1], np.float32)
    assert np.allclose(memory.observe(FeatureColours(green, seen)), green, atol=0.01)
    for _ in range(20):
        found = memory.observe(FeatureColours(-green, closed))
    assert np.allclose(found[1], green[1], atol=0.01)
    assert (np.abs(found[[0, 2]] + green[[0, 2]]) < 0.2).all()
