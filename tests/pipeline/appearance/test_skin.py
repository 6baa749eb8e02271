"""Colours near skin and far from it, and the median that finds the skin's own."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from appliance.pipeline.appearance.skin import distance_from_skin, median_colour


def test_darkness_counts_in_full_brightness_half_and_hue_twice() -> None:
    darker, brighter = np.full((2, 3), [[-0.4], [0.4]], np.float32)
    assert distance_from_skin(darker) == np.float32(0.4)
    assert distance_from_skin(brighter) == np.float32(0.2)
    # As bright as before by BT.601, but bluer.
    bluer = np.array([-0.114, 0, 0.299], np.float32)
    assert np.isclose(distance_from_skin(bluer), 2 * np.hypot(0.114, 0.299), rtol=1e-3)


def test_a_colours_median_is_its_channels_medians() -> None:
    colours = np.array([[1, 6, 0], [2, 5, 0], [3, 4, 9]], np.float32)
    assert median_colour(colours, np.ones(3, np.float32)).tolist() == [2, 5, 0]
    assert median_colour(colours, np.array([0, 0, 1], np.float32)).tolist() == [3, 4, 9]


@given(st.lists(st.tuples(st.floats(-9, 9), st.floats(0.01, 5)), min_size=1, max_size=30))
def test_half_of_the_weight_lies_on_either_side_of_the_median(
    pairs: list[tuple[float, float]],
) -> None:
    values, weights = np.array(pairs, np.float32).T
    (middle,) = median_colour(values[:, None], weights)
    half = float(weights.sum()) / 2
    assert weights[values < middle].sum() <= half + 1e-3
    assert weights[values > middle].sum() <= half + 1e-3
    assert middle in values
