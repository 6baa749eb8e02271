"""The new face over the picture, as far as its mask lets it."""

from __future__ import annotations

import numpy as np
import pytest

from appliance.pipeline.imaging.types import Float, Image
from appliance.pipeline.mesh_engine.blend import blend

H, W = 48, 64


def background() -> Image:
    return np.random.default_rng(0).integers(60, 200, (H, W, 3)).astype(np.uint8)


def foreground() -> Float:
    return np.random.default_rng(1).uniform(60, 200, (H, W, 3)).astype(np.float32)


@pytest.mark.parametrize("share", [0.0, 0.25, 0.5, 1.0])
def test_the_mask_says_how_much_of_the_foreground_there_is(share: float) -> None:
    mask = np.full((H, W), share, np.float32)
    wanted = background() + share * (foreground() - background())
    assert np.abs(blend(background(), foreground(), mask) - wanted).max() <= 0.51


def test_where_the_mask_is_0_every_pixel_is_the_backgrounds() -> None:
    mask = np.random.default_rng(2).uniform(0, 1, (H, W)).astype(np.float32)
    mask[:, : W // 2] = 0
    picture = background()
    result = blend(picture, foreground(), mask)
    assert np.array_equal(result[:, : W // 2], picture[:, : W // 2])
    assert (result[:, W // 2 :] != picture[:, W // 2 :]).any()


def test_a_soft_mask_crosses_without_an_edge() -> None:
    mask = np.tile(np.linspace(0, 1, W, dtype=np.float32), (H, 1))
    new = np.full((H, W, 3), 200, np.float32)
    result = blend(np.full((H, W, 3), 100, np.uint8), new, mask).astype(int)
    assert np.abs(np.diff(result, axis=1)).max() <= 2
    assert (result[:, 0] == 100).all()
    assert (result[:, -1] == 200).all()


def test_the_background_is_not_written_into() -> None:
    picture = background()
    blend(picture, foreground(), np.ones((H, W), np.float32))
    assert np.array_equal(picture, background())


@pytest.mark.parametrize("colour", [-500.0, 900.0])
def test_colours_stop_at_black_and_white(colour: float) -> None:
    new = np.full((H, W, 3), colour, np.float32)
    result = blend(background(), new, np.ones((H, W), np.float32))
    assert (result == np.clip(colour, 0, 255)).all()
