"""Grain: the target's own finest detail, and neither its edges nor its shades."""

from __future__ import annotations

import numpy as np
import pytest

from appliance.pipeline.appearance.look.grain import LOUDEST, grain, with_grain
from appliance.pipeline.imaging.types import Image

PIXELS = 15.0  # a cm of the face
ONE = np.ones((80, 100), np.float32)


def noisy(level: float, strength: float) -> Image:
    """Grey with noise."""
    off = np.random.default_rng(0).normal(0, strength, (80, 100))
    return np.repeat(np.clip(level + off, 0, 255).astype(np.uint8)[..., None], 3, axis=2)


def test_a_face_without_grain_gets_the_pictures() -> None:
    image = noisy(120, 3)
    result = grain(image, ONE, PIXELS)
    assert result.std() == pytest.approx(3, rel=0.25)
    assert abs(result.mean()) < 0.2
    assert np.allclose(grain(image, 0.5 * ONE, PIXELS), result / 2, atol=1e-4)
    assert not grain(image, 0 * ONE, PIXELS).any()


def test_shades_are_not_grain() -> None:
    slope = np.repeat(np.linspace(60, 180, 100, dtype=np.uint8)[None], 80, axis=0)
    assert np.abs(grain(np.repeat(slope[..., None], 3, axis=2), ONE, PIXELS)).mean() < 0.5


def test_an_edge_adds_no_more_than_loud_grain() -> None:
    image = noisy(120, 0)
    image[:, 50:] = 30
    assert np.abs(grain(image, ONE, PIXELS)).max() <= LOUDEST * 120 + 1


def test_grain_is_added_to_each_channel_within_the_range_of_bytes() -> None:
    image = np.random.default_rng(1).integers(0, 256, (40, 50, 3), np.uint8)
    extra = np.random.default_rng(2).normal(0, 40, (40, 50)).astype(np.float32)
    wanted = np.clip(image + np.rint(extra)[..., None], 0, 255)
    np.testing.assert_array_equal(with_grain(image, extra), wanted)
