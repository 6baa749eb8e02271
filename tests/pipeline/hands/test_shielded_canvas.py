"""What hands cover is not written over."""

from __future__ import annotations

import numpy as np
import pytest

from appliance.pipeline.hands.mask import HandMask
from appliance.pipeline.hands.shielded_canvas import ShieldedCanvas
from appliance.pipeline.media.canvas import Box
from appliance.pipeline.media.photo.canvas import PhotoCanvas

WHOLE = Box(2, 3, 20, 10)


@pytest.fixture
def pixels() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (20, 30, 3), np.uint8)


def shielded(pixels: np.ndarray, share: float, box: Box) -> ShieldedCanvas:
    shares = np.full((box.h, box.w), share, np.float32)
    return ShieldedCanvas(PhotoCanvas(pixels), HandMask(box, shares))


def paint(canvas: ShieldedCanvas, colour: int = 200) -> None:
    rgb = np.full((WHOLE.h, WHOLE.w, 3), colour, np.uint8)
    canvas.write(WHOLE, rgb, np.ones((WHOLE.h, WHOLE.w), np.uint8))


def test_pixels_of_a_hand_keep_their_bits_and_others_are_written(pixels: np.ndarray) -> None:
    before = pixels.copy()
    paint(shielded(pixels, 1.0, Box(10, 0, 20, 8)))
    expected = before.copy()
    expected[3:13, 2:22] = 200
    expected[3:8, 10:22] = before[3:8, 10:22]
    np.testing.assert_array_equal(pixels, expected)


def test_at_the_edge_of_a_hand_both_are_mixed(pixels: np.ndarray) -> None:
    before = pixels.astype(float)
    paint(shielded(pixels, 0.25, Box(4, 4, 6, 6)))
    np.testing.assert_allclose(
        pixels[4:10, 4:10], 0.25 * before[4:10, 4:10] + 0.75 * 200, atol=0.51
    )


def test_a_hand_elsewhere_changes_nothing(pixels: np.ndarray) -> None:
    paint(shielded(pixels, 1.0, Box(22, 0, 8, 20)))
    assert (pixels[3:13, 2:22] == 200).all()


def test_what_the_engine_wrote_into_is_not_changed(pixels: np.ndarray) -> None:
    canvas = shielded(pixels, 1.0, Box(4, 4, 6, 6))
    rgb, support = np.full((10, 20, 3), 9, np.uint8), np.ones((10, 20), np.uint8)
    canvas.write(WHOLE, rgb, support)
    assert (rgb == 9).all()
    assert support.all()


def test_the_share_at_a_point_is_that_of_its_pixel_and_none_outside() -> None:
    share = np.zeros((4, 5), np.float32)
    share[2, 3] = 1
    mask = HandMask(Box(10, 20, 5, 4), share)
    points = np.array([[13, 22], [13.5, 22], [10, 20], [40, 22], [13, -8]], np.float32)
    np.testing.assert_allclose(mask.at(points), [1, 0.5, 0, 0, 0], atol=0.02)
