"""A drawn hand has the size and place of its joints."""

from __future__ import annotations

import numpy as np
import pytest

from appliance.pipeline.hands.shape import FINGERS, FLESH, THICKNESS, drawn_hand
from tests.pipeline.hands.test_hand import spread

SIZE = (240, 260)
MIDDLE = np.array([120, 240], np.float32)


def test_a_finger_is_as_thick_as_it_should_be() -> None:
    drawn = drawn_hand(1000 * spread() + MIDDLE, 1.0, SIZE)
    (_, halves) = FINGERS[4]
    tip_row, column = round(MIDDLE[1] - 180), round(MIDDLE[0] + 40)
    across = np.count_nonzero(drawn[tip_row, column - 10 :])
    assert across == pytest.approx(2 * THICKNESS * halves[3] + 1, abs=1.5)


def test_the_palm_reaches_beyond_its_joints() -> None:
    drawn = drawn_hand(1000 * spread() + MIDDLE, 1.0, SIZE)
    below = np.count_nonzero(drawn[round(MIDDLE[1]) :, round(MIDDLE[0])])
    assert below == pytest.approx(FLESH, abs=1.5)


def test_twice_the_scale_is_four_times_the_area() -> None:
    small = drawn_hand(500 * spread() + MIDDLE, 0.5, SIZE)
    large = drawn_hand(1000 * spread() + MIDDLE, 1.0, SIZE)
    assert np.count_nonzero(large) == pytest.approx(4 * np.count_nonzero(small), rel=0.05)


def test_a_hand_outside_of_the_cut_out_leaves_it_empty() -> None:
    assert not drawn_hand(1000 * spread() + 5000, 1.0, SIZE).any()
