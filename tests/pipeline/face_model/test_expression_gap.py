"""How far two expressions are apart: nothing for one face, all of it for a blink."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pytest

from appliance.pipeline.face_model.canonical import Canonical
from appliance.pipeline.face_model.expression_gap import ExpressionGap
from appliance.pipeline.face_model.face import Face
from appliance.pipeline.face_model.shape import LID_PAIRS, PoseEstimator
from appliance.pipeline.face_model.topology import (
    INNER_LIPS,
    LEFT_EYE,
    OUTER_LIPS,
    POINTS,
    RIGHT_EYE,
    SKIN_POINTS,
)
from appliance.pipeline.imaging.types import Float


@pytest.fixture(scope="module")
def aligned(canonical: Canonical, faces: Mapping[str, Face]) -> Mapping[str, Float]:
    pose_estimator = PoseEstimator(canonical)
    return {name: pose_estimator.to_canonical(face.mesh) for name, face in faces.items()}


def blinking(shape: Float, share: float) -> Float:
    """The shape with the upper lids drawn down by ``share`` of the way to the lower ones."""
    result = shape.copy()
    for upper, lower in LID_PAIRS:
        result[upper] += share * (shape[lower] - shape[upper])
    return result


def test_people_who_look_into_the_camera_hold_their_lids_alike(
    aligned: Mapping[str, Float],
) -> None:
    # c_1 screws the eyes up against the sun.
    for one in ("a_1", "a_2", "b_1", "d_1", "e_1"):
        for other in ("a_1", "a_2", "b_1", "d_1", "e_1"):
            assert max(ExpressionGap.between(aligned[one], aligned[other]).lids) < 0.05


def test_a_blink_opens_the_gap_little_by_little_and_both_ways(
    aligned: Mapping[str, Float],
) -> None:
    own = aligned["d_1"]
    shares = np.linspace(0, 1, 21)
    gaps = [ExpressionGap.between(own, blinking(own, share)).lids for share in shares.tolist()]
    assert max(gaps[0]) == 0
    assert min(gaps[-1]) == 1
    steps = np.diff(gaps, axis=0)
    assert (steps >= 0).all()
    assert steps.max() < 0.25  # no jump, so no flicker while an eye closes
    closed = blinking(own, 1)
    assert ExpressionGap.between(closed, own).lids == ExpressionGap.between(own, closed).lids


def test_of_lids_below_a_hand_as_much_is_known_as_of_the_others() -> None:
    right, left = np.zeros(POINTS, np.float32), np.zeros(POINTS, np.float32)
    right[RIGHT_EYE], left[LEFT_EYE] = 1, 1
    winking = ExpressionGap(mouth=0.0, lids=(0.0, 0.8), eyeballs=(0.2, 0.3))
    assert winking.behind(0 * right) == winking
    assert winking.behind(right).lids == (0.8, 0.8)
    assert winking.behind(left).lids == (0.0, 0.8)
    assert winking.behind(np.maximum(right, left)).lids == (1.0, 1.0)
    shares = [winking.behind(right * share).lids[0] for share in np.linspace(0, 1, 21)]
    assert (np.diff(shares) >= 0).all()
    assert np.diff(shares).max() < 0.25


def test_a_smile_and_a_closed_mouth_are_apart(aligned: Mapping[str, Float]) -> None:
    assert ExpressionGap.between(aligned["b_1"], aligned["a_2"]).mouth == 1
    assert ExpressionGap.between(aligned["b_1"], aligned["d_1"]).mouth < 0.3


def test_people_whose_mouths_are_not_equally_wide_may_do_the_same(
    aligned: Mapping[str, Float],
) -> None:
    gaps = []
    for wider in (0.35, 2.0):  # cm: two people at rest, and a smile
        other = aligned["d_1"].copy()
        lips = np.concatenate([INNER_LIPS, OUTER_LIPS])
        width = np.linalg.norm(other[61] - other[291])
        other[lips, 0] *= 1 + wider / width
        gaps.append(ExpressionGap.between(aligned["d_1"], other).mouth)
    assert gaps[0] == 0
    assert gaps[1] > 0.9


def test_a_gaze_opens_the_gap_and_eyes_that_look_into_the_camera_do_not(
    aligned: Mapping[str, Float],
) -> None:
    for other in ("a_2", "b_1", "e_1"):
        assert max(ExpressionGap.between(aligned["d_1"], aligned[other]).eyeballs) < 0.35
    steps = []
    for aside in np.linspace(0, 0.6, 21).tolist():  # cm; an eye is 2.6 wide
        moved = aligned["d_1"].copy()
        moved[SKIN_POINTS:, 0] += aside
        steps.append(ExpressionGap.between(aligned["d_1"], moved).eyeballs)
    assert max(steps[0]) == 0
    assert min(steps[-1]) == 1
    assert (np.diff(steps, axis=0) >= 0).all()
    assert np.diff(steps, axis=0).max() < 0.3
