"""The new face over the picture, as far as its mask lets it."""

from __future__ import annotations

import numpy as np
import pytest

from appliance.pipeline.imaging.types import Image
from appliance.pipeline.mesh_engine.blend import blend

H, W = 48, 64


def background() -> Image:
    return np.random.default_rng(0).integers(60, 200, (H, W, 3)).astype(np.uint8)


def foreground() -> Image:
    return np.random.default_rng(1).integers(60, 200, (H, W, 3)).astype(np.uint8)


@pytest.mark.parametrize("share", [0, 63, 128, 255])
def test_the_mask_says_how_much_of_the_foreground_there_is(share: int) -> None:
    mask = np.full((H, W), share, np.uint8)
    wanted = background() + share / 255 * (foreground().astype(float) - background())
    assert np.abs(blend(background(), foreground(), mask) - wanted).max() <= 1.01


def test_where_the_mask_is_0_every_pixel_is_the_backgrounds() -> None:
    mask = np.random.default_rng(2).integers(0, 256, (H, W)).astype(np.uint8)
    mask[:, : W // 2] = 0
    picture = background()
    result = blend(picture, foreground(), mask)
    assert np.array_equal(result[:, : W // 2], picture[:, : W // 2])
    assert (result[:, W // 2 :] != picture[:, W // 2 :]).any()


def test_a_soft_mask_crosses_without_an_edge() -> None:
    mask = np.tile(np.linspace(0, 255, W).astype(np.uint8), (H, 1))
    new = np.full((H, W, 3), 200, np.uint8)
    result = blend(np.full((H, W, 3), 100, np.uint8), new, mask).astype(int)
    assert np.abs(np.diff(result, axis=1)).max() <= 3
    assert (result[:, 0] == 100).all()
    assert (result[:, -1] == 200).all()


def test_neither_picture_is_written_into() -> None:
    picture = background()
    new = foreground()
    blend(picture, new, np.full((H, W), 255, np.uint8))
    assert np.array_equal(picture, background())
    assert np.array_equal(new, foreground())


@pytest.mark.parametrize("level", [0, 1, 254, 255])
@pytest.mark.parametrize("share", [0, 1, 127, 254, 255])
def test_a_picture_over_itself_hardly_changes(level: int, share: int) -> None:
    same = np.full((H, W, 3), level, np.uint8)
    result = blend(same, same, np.full((H, W), share, np.uint8)).astype(int)
    assert np.abs(result - level).max() <= 1
