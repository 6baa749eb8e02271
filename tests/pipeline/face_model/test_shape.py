"""Poses, and the moves of a target's mesh toward a source's shape."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import permutations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from appliance.pipeline.face_model.canonical import Canonical, signed_area
from appliance.pipeline.face_model.face import Face
from appliance.pipeline.face_model.shape import (
    LID_PAIRS,
    LIP_PAIRS,
    PoseEstimator,
    ShapeTransfer,
    facing,
)
from appliance.pipeline.face_model.topology import (
    INNER_LIPS,
    LEFT_EYE,
    LEFT_IRIS,
    OUTER_LIPS,
    POINTS,
    RIGHT_EYE,
    RIGHT_IRIS,
)
from appliance.pipeline.imaging.types import Float

NAMES = ["a_1", "a_2", "b_1", "b_2", "c_1", "d_1", "e_1"]


@pytest.fixture(scope="module")
def aligned(canonical: Canonical, faces: Mapping[str, Face]) -> Mapping[str, Float]:
    pose_estimator = PoseEstimator(canonical)
    return {name: pose_estimator.to_canonical(face.mesh) for name, face in faces.items()}


def rotation(x: float, y: float, z: float) -> Float:
    """By angles in rad about the axes of the picture."""
    (sx, sy, sz), (cx, cy, cz) = np.sin([x, y, z]), np.cos([x, y, z])
    about_x = np.array([[1, 0, 0], [0, cx, -sx], [0, sx, cx]])
    about_y = np.array([[cy, 0, sy], [0, 1, 0], [-sy, 0, cy]])
    about_z = np.array([[cz, -sz, 0], [sz, cz, 0], [0, 0, 1]])
    return np.asarray(about_z @ about_y @ about_x, np.float32)


UPRIGHT = np.diag([1, -1, -1]).astype(np.float32)  # canonical y and z against the picture's

ANGLE = st.floats(-1, 1)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    scale=st.floats(2, 300),
    angles=st.tuples(ANGLE, ANGLE, st.floats(-3, 3)),
    shift=st.floats(-900, 900),
)
def test_a_pose_is_taken_out_whatever_it_is(
    canonical: Canonical, scale: float, angles: tuple[float, float, float], shift: float
) -> None:
    turn = rotation(*angles) @ UPRIGHT
    mesh = np.asarray(scale * canonical.xyz @ turn.T + shift, np.float32)
    pose_estimator = PoseEstimator(canonical)
    found, turned, _ = pose_estimator.pose(mesh)
    assert found == pytest.approx(scale, rel=1e-3)
    assert np.allclose(turned, turn, atol=5e-3)
    assert np.abs(pose_estimator.to_canonical(mesh) - canonical.xyz).max() < 0.02


@pytest.mark.parametrize("name", NAMES)
def test_an_aligned_portrait_lies_on_the_canonical_face(
    name: str, canonical: Canonical, aligned: Mapping[str, Float]
) -> None:
    off = np.linalg.norm(aligned[name] - canonical.xyz, axis=1)
    assert off.mean() < 0.8  # cm; a face is 14 wide
    assert np.linalg.norm(aligned[name][4] - canonical.xyz[4]) < 1.5


@pytest.mark.parametrize(("source", "target"), list(permutations(NAMES, 2)))
def test_lids_and_inner_lips_keep_every_opening(
    source: str, target: str, canonical: Canonical, aligned: Mapping[str, Float]
) -> None:
    difference = ShapeTransfer(canonical).difference(aligned[source], aligned[target])
    moved = aligned[target] + difference
    for upper, lower in (*LID_PAIRS, *LIP_PAIRS):
        gap = aligned[target][upper] - aligned[target][lower]
        assert np.allclose(moved[upper] - moved[lower], gap, atol=1e-4)
    assert np.abs(difference).max() < 3  # cm; nothing flies off


def test_the_pairs_cover_the_rings_but_for_their_corners() -> None:
    lids = {point for pair in LID_PAIRS for point in pair}
    lips = {point for pair in LIP_PAIRS for point in pair}
    assert lids == {*RIGHT_EYE.tolist(), *LEFT_EYE.tolist()} - {33, 133, 263, 362}
    assert lips == set(INNER_LIPS.tolist()) - {78, 308}


def test_the_pairs_lie_above_each_other(faces: Mapping[str, Face]) -> None:
    for face in faces.values():
        for upper, lower in (*LID_PAIRS, *LIP_PAIRS):
            if (upper, lower) in LIP_PAIRS and face is faces["a_1"]:
                continue  # closed lips a pixel apart
            assert face.points[upper, 1] < face.points[lower, 1] + 1


def test_nobody_moves_toward_themself(canonical: Canonical, aligned: Mapping[str, Float]) -> None:
    transfer = ShapeTransfer(canonical)
    assert np.abs(transfer.difference(aligned["b_1"], aligned["b_1"])).max() < 1e-5


@pytest.mark.parametrize("source", ["a_2", "b_1", "d_1"])
def test_the_lashes_of_a_closed_eye_are_not_drawn_out(
    source: str, canonical: Canonical, aligned: Mapping[str, Float]
) -> None:
    open_eyes = aligned["e_1"]
    closed = open_eyes.copy()
    for upper, lower in LID_PAIRS:
        closed[upper] = closed[lower]
    # The lower lid stays on the skin below it, whatever the upper one does.
    below = {145: 23, 374: 253}
    for target in (open_eyes, closed):
        difference = ShapeTransfer(canonical).difference(aligned[source], target)
        for lid, skin in below.items():
            drawn_out = difference[lid, 1] - difference[skin, 1]
            assert abs(drawn_out) < 0.1  # cm


def test_the_irises_move_with_their_eyes(
    canonical: Canonical, aligned: Mapping[str, Float]
) -> None:
    difference = ShapeTransfer(canonical).difference(aligned["b_1"], aligned["c_1"])
    for start, ring in ((RIGHT_IRIS, RIGHT_EYE), (LEFT_IRIS, LEFT_EYE)):
        # As one: a gaze is neither turned nor are pupils stretched.
        assert np.allclose(difference[start : start + 5], difference[ring].mean(axis=0), atol=1e-5)


def test_between_a_smile_and_closed_lips_the_lips_move_as_a_whole(
    canonical: Canonical, aligned: Mapping[str, Float]
) -> None:
    transfer = ShapeTransfer(canonical)
    spreads = {}
    for source, target in (("b_1", "a_2"), ("b_2", "b_1")):
        difference = transfer.difference(aligned[source], aligned[target])
        raw = aligned[source] - aligned[target]
        own = difference[OUTER_LIPS] - difference[OUTER_LIPS].mean(axis=0)
        all_of_it = raw[OUTER_LIPS] - raw[OUTER_LIPS].mean(axis=0)
        spreads[target] = float(np.linalg.norm(own) / np.linalg.norm(all_of_it))
    assert spreads["a_2"] < 0.25  # a closed mouth keeps its form under a smile
    assert spreads["a_2"] > 0.05  # but for an eighth, which tells people apart
    assert spreads["a_2"] < spreads["b_1"]  # two smiles may differ


def test_another_expression_of_the_same_person_is_not_another_shape(
    canonical: Canonical, aligned: Mapping[str, Float]
) -> None:
    transfer = ShapeTransfer(canonical)
    # Between two photos of one person the smaller part, between two people the larger, remains.
    raw = aligned["a_1"] - aligned["a_2"]
    left = transfer.difference(aligned["a_1"], aligned["a_2"])
    assert np.linalg.norm(left) < 0.6 * np.linalg.norm(raw)
    other = transfer.difference(aligned["b_1"], aligned["c_1"])
    assert np.linalg.norm(other) > 0.6 * np.linalg.norm(aligned["b_1"] - aligned["c_1"])


def test_what_faces_the_camera_is_told_from_what_does_not(canonical: Canonical) -> None:
    mesh = (canonical.xyz @ UPRIGHT.T).astype(np.float32)
    seen = facing(mesh, canonical.triangles)
    assert seen.shape == (POINTS,)
    assert seen[151] > 0.9  # the forehead
    assert -1 <= seen.min() < 0.5 < seen.max() <= 1
    turned = facing(np.asarray(mesh @ rotation(0, 1.0, 0).T, np.float32), canonical.triangles)
    # Turned by 57° one cheek comes to the front and the other goes away.
    near, far = (205, 425) if turned[205] > turned[425] else (425, 205)
    assert turned[near] > seen[near] - 0.05
    assert turned[far] < 0.2
    assert abs(seen[205] - seen[425]) < 0.02  # before, both were alike


def test_a_triangle_that_faces_away_goes_round_the_other_way(canonical: Canonical) -> None:
    mesh = (canonical.xyz @ UPRIGHT.T).astype(np.float32)
    triangles = canonical.triangles[(canonical.triangles < POINTS).all(axis=1)]
    areas = signed_area(mesh[triangles][..., :2])
    assert (areas <= 1e-3).mean() > 0.97
    behind = np.asarray(mesh @ rotation(0, np.pi, 0).T, np.float32)
    assert (signed_area(behind[triangles][..., :2]) >= -1e-3).mean() > 0.97
