"""The size of a hand, and whether two findings are one."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from appliance.pipeline.hands.hand import (
    SAME_HAND,
    TOUCHING,
    Hand,
    likely_scale,
    measured_scale,
)
from appliance.pipeline.imaging.types import Float


def spread() -> Float:
    """Joints of a made-up hand, in metres: the wrist and five straight fingers."""
    fingers = [
        np.array([0.02 * (finger - 2), -0.09 - 0.03 * joint])
        for finger in range(5)
        for joint in range(4)
    ]
    return np.array([np.zeros(2), *fingers], np.float32)


def test_the_scale_is_that_of_the_bones() -> None:
    flat = spread()
    world = np.column_stack([flat, np.zeros(21, np.float32)])
    assert measured_scale(1500 * flat + 7, world) == pytest.approx(1500)


def test_one_joint_that_is_wrong_does_not_change_the_scale() -> None:
    flat = spread()
    world = np.column_stack([flat, np.zeros(21, np.float32)])
    wrong = 1500 * flat
    wrong[8] += 400
    assert measured_scale(wrong, world) == pytest.approx(1500, rel=0.01)


def test_a_hand_at_the_face_has_the_face_s_scale_whatever_was_measured() -> None:
    touching = TOUCHING * 1000
    assert likely_scale(touching, 1000) == pytest.approx(touching)
    for error in (0.9, 1.1):
        assert likely_scale(error * touching, 1000) == pytest.approx(touching, rel=0.03)


def test_a_hand_far_before_the_face_keeps_what_was_measured() -> None:
    assert likely_scale(2500, 1000) == pytest.approx(2500, rel=0.06)


def test_findings_nearer_than_half_a_palm_are_one_hand() -> None:
    hand = Hand(1000 * spread(), 1000.0, 0.9)
    near = replace(hand, joints=hand.joints + np.float32(900 * SAME_HAND / np.sqrt(2)))
    far = replace(hand, joints=hand.joints + np.float32(1100 * SAME_HAND / np.sqrt(2)))
    assert hand.is_same(near)
    assert not hand.is_same(far)
