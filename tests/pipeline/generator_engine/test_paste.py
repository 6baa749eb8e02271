"""A crop put back, and the fade at its border."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from appliance.pipeline.generator_engine.paste import box_mask, pasted
from appliance.pipeline.imaging.geometry import similarity_matrix, warp


@pytest.mark.parametrize("side", [128, 256, 512])
def test_the_box_mask_is_a_blurred_frame(side: int) -> None:
    """A blur of 0.3 of half the side: a frame of half that is 0, smoothed by a quarter of it.

    Less what the blur leaves at the border.
    """
    amount = int(side * 0.5 * 0.3)
    frame = amount // 2
    line = np.zeros(side)
    line[frame:-frame] = 1
    smooth = np.array(cv2.GaussianBlur(np.outer(line, line), (0, 0), amount * 0.25))
    border = smooth[0].max()
    assert 0.02 < border < 0.1
    mask = box_mask(side)
    np.testing.assert_allclose(mask, ((smooth - border) / (1 - border)).clip(0), atol=1e-5)
    assert mask[side // 2, side // 2] == pytest.approx(1)
    assert max(mask[0].max(), mask[:, -1].max()) < 1e-6
    row = mask[side // 2, : side // 2]
    assert (np.diff(row) >= -1e-6).all()


def test_no_border_is_no_fade() -> None:
    mask = box_mask(16, border=0.0)
    assert mask[1:-1, 1:-1].min() == 1
    assert mask[0].max() == 0


def scene() -> np.ndarray:
    y, x = np.mgrid[:240, :320]
    return np.stack([x % 256, y, (x + y) % 200], axis=2).astype(np.uint8)


def matrix(scale: float, angle: float) -> np.ndarray:
    cos, sin = scale * np.cos(angle), scale * np.sin(angle)
    five = np.array([[130, 90], [190, 90], [160, 125], [135, 150], [185, 150]], np.float32)
    return similarity_matrix(five, five @ np.array([[cos, sin], [-sin, cos]], np.float32) + 10)


@pytest.mark.parametrize(("scale", "angle"), [(1.0, 0.0), (0.7, 0.3), (1.9, -0.2), (4.0, 0.1)])
def test_what_was_taken_is_put_back_where_it_was(scale: float, angle: float) -> None:
    image = cv2.GaussianBlur(scene(), (0, 0), 3).astype(np.uint8)
    to_crop = matrix(scale, angle)
    side = 512
    crop = warp(image, to_crop, side)
    mask = box_mask(side)
    result, support = pasted(image, crop, mask, to_crop)
    assert support.any()
    off = np.abs(result.astype(int) - image)
    assert np.percentile(off[support > 0], 99) <= 6
    assert off[support > 0].mean() < 1.5
    assert not off[support == 0].any()


def test_the_mask_says_how_far_the_crop_counts() -> None:
    image, crop = np.full((64, 64, 3), 40, np.uint8), np.full((32, 32, 3), 200, np.uint8)
    straight = np.array([[1, 0, -16], [0, 1, -16]], np.float32)
    mask = np.zeros((32, 32), np.float32)
    mask[8:24, 8:24] = 0.25
    result, support = pasted(image, crop, mask, straight)
    np.testing.assert_array_equal(result[24:40, 24:40], 40 + 160 // 4)
    changed = (result != image).any(axis=2)
    assert changed.sum() == 16 * 16
    assert ((support > 0) == changed).all()
