"""Logarithms of colours."""

from __future__ import annotations

import numpy as np
import pytest

from appliance.pipeline.appearance.skin import distance_from_skin
from appliance.pipeline.appearance.tone import BLACK, LUMA, log_colour


def test_a_colour_comes_back_from_its_logarithm_even_black() -> None:
    colours = np.linspace(0, 255, 52, dtype=np.float32)
    assert np.isfinite(log_colour(colours)).all()
    assert np.allclose(np.exp(log_colour(colours)) - BLACK, colours, atol=1e-3)


def test_dark_counts_in_full_shine_half_and_hue_twice() -> None:
    grey = np.ones(3, np.float32)
    assert distance_from_skin(-0.4 * grey) == pytest.approx(0.4, abs=1e-5)
    assert distance_from_skin(0.4 * grey) == pytest.approx(0.2, abs=1e-5)
    # A hue of the skin's own brightness: its weighted channels cancel.
    hue = np.array([LUMA[1], -LUMA[0], 0], np.float32)
    assert distance_from_skin(hue) == pytest.approx(2 * float(np.linalg.norm(hue)), abs=1e-5)
    assert distance_from_skin(np.zeros((4, 5, 3), np.float32)).shape == (4, 5)
