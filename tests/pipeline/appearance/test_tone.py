"""Toning: highlights are added light, contrast never more than the target's."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.pipeline.appearance.skin import distance_from_skin
from appliance.pipeline.appearance.tone import (
    BLACK,
    LEAST_CONTRAST,
    LUMA,
    contrast,
    log_colour,
    toned,
)
from appliance.pipeline.imaging.types import Float

SKIN = np.array([180, 140, 120], np.float32)
TONE = log_colour(SKIN)
PLAIN = np.zeros((8, 8, 1), np.float32)
ONE = np.ones(3, np.float32)


def texture(low: float, high: float) -> Float:
    """Skin whose detail varies by these factors."""
    random = np.random.default_rng(0)
    factors = random.uniform(low, high, (8, 8, 1)).astype(np.float32)
    return (SKIN * factors).astype(np.float32)


def test_without_gain_and_at_equal_contrast_nothing_changes() -> None:
    skin = texture(0.3, 1.6)
    assert np.allclose(toned(skin, TONE, PLAIN, ONE, 1.0), skin, atol=0.01)


@given(gain=st.floats(0.3, 4), ratio=st.floats(0.2, 3))
def test_a_highlight_is_never_brighter_than_it_was(gain: float, ratio: float) -> None:
    shine = texture(1.05, 1.4)
    above = shine - SKIN
    result = toned(shine, TONE, PLAIN, np.full(3, gain, np.float32), ratio) * gain
    # What the light makes of the base is the light's; what stands above it is the highlight.
    highlight = result - SKIN * gain
    assert (highlight <= above + 0.1).all()
    assert (highlight >= -0.1).all()


@given(gain=st.floats(1, 4))
def test_a_highlight_keeps_its_strength_in_stronger_light(gain: float) -> None:
    shine = texture(1.05, 1.4)
    result = toned(shine, TONE, PLAIN, np.full(3, gain, np.float32), 1.0) * gain
    assert np.allclose(result - SKIN * gain, shine - SKIN, atol=0.1)


@given(ratio=st.floats(0, 5))
def test_contrast_is_lowered_to_the_targets_but_never_raised(ratio: float) -> None:
    skin = texture(0.3, 0.95)
    result = toned(skin, TONE, PLAIN, ONE, ratio)
    share = (log_colour(result) - TONE) / (log_colour(skin) - TONE)
    wanted = min(max(ratio, LEAST_CONTRAST), 1.0)
    assert np.allclose(share, wanted, atol=0.01)


def test_lips_and_brows_keep_their_own_contrast() -> None:
    skin = texture(0.3, 0.95)
    kept = toned(skin, TONE, np.ones_like(PLAIN), ONE, LEAST_CONTRAST)
    assert np.allclose(kept, skin, atol=0.01)
    softened = toned(skin, TONE, PLAIN, ONE, LEAST_CONTRAST)
    assert (softened > skin + 1).any()  # on skin the same ratio does something


@pytest.mark.parametrize("colour", [0.0, 1.0, 255.0, 400.0])
def test_black_and_white_stay_finite(colour: float) -> None:
    result = toned(np.full((8, 8, 3), colour, np.float32), TONE, PLAIN, ONE, 0.8)
    assert np.isfinite(result).all()
    assert result.min() > -BLACK


def test_the_contrast_of_smooth_skin_is_0_and_grows_with_its_detail() -> None:
    weight = np.ones(500, np.float32)
    light = np.repeat(TONE[None], 500, axis=0)
    found = []
    for amount in (0.0, 0.05, 0.1):
        factors = np.exp(np.random.default_rng(1).normal(0, amount, (500, 1)))
        colours = ((SKIN + BLACK) * factors - BLACK).astype(np.float32)
        found.append(contrast(colours, light, weight))
    assert found[0] == pytest.approx(0, abs=1e-4)
    assert found[1] == pytest.approx(0.05, rel=0.15)
    assert found[2] == pytest.approx(0.1, rel=0.15)
    assert contrast(colours, light, np.zeros(500, np.float32)) == 0  # no skin, no detail


def test_dark_counts_in_full_shine_half_and_hue_twice() -> None:
    grey = np.ones(3, np.float32)
    assert distance_from_skin(-0.4 * grey) == pytest.approx(0.4, abs=1e-5)
    assert distance_from_skin(0.4 * grey) == pytest.approx(0.2, abs=1e-5)
    # A hue of the skin's own brightness: its weighted channels cancel.
    hue = np.array([LUMA[1], -LUMA[0], 0], np.float32)
    assert distance_from_skin(hue) == pytest.approx(2 * float(np.linalg.norm(hue)), abs=1e-5)
    assert distance_from_skin(np.zeros((4, 5, 3), np.float32)).shape == (4, 5)
