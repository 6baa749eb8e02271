"""The canonical face of the starter pack: whole, of one orientation, symmetric."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pytest

from appliance.pipeline.face_model.canonical import (
    LEFT_EYE_HOLE,
    MOUTH_HOLE,
    RIGHT_EYE_HOLE,
    SKIN,
    SKIRT,
    SKIRT_RING,
    Canonical,
    signed_area,
    with_skirt,
)
from appliance.pipeline.face_model.face import Face
from appliance.pipeline.face_model.topology import (
    INNER_LIPS,
    LANDMARKS_68,
    LEFT_EYE,
    LEFT_IRIS,
    OUTER_LIPS,
    OVAL,
    POINTS,
    RIGHT_EYE,
    RIGHT_IRIS,
    SKIN_POINTS,
    five_points,
)
from appliance.pipeline.imaging.types import Float


def frontal(canonical: Canonical) -> Float:
    """The canonical face as a camera before it shows it, y down."""
    return canonical.xyz[:, :2] * np.array([20, -20], np.float32) + 300


def test_every_triangle_of_the_plane_goes_round_the_same_way(canonical: Canonical) -> None:
    drawn = canonical.triangles[canonical.kind != SKIRT_RING]
    areas = signed_area(canonical.uv[drawn])
    # The mouth of the face at rest is closed: its triangles may be lines.
    assert (areas <= 0).all()
    assert (areas[canonical.kind[canonical.kind != SKIRT_RING] == SKIN] < 0).all()


def test_the_skirt_goes_round_like_the_face(canonical: Canonical) -> None:
    points = with_skirt(frontal(canonical))
    skirt = canonical.triangles[canonical.kind == SKIRT_RING]
    assert len(skirt) == len(SKIRT) * 2 * len(OVAL)
    assert len(set(np.sign(signed_area(points[skirt])).tolist())) == 1


def test_each_kind_covers_its_part(canonical: Canonical) -> None:
    kinds = canonical.kind
    assert set(kinds.tolist()) == {SKIN, RIGHT_EYE_HOLE, LEFT_EYE_HOLE, MOUTH_HOLE, SKIRT_RING}
    for kind, ring, iris in (
        (RIGHT_EYE_HOLE, RIGHT_EYE, RIGHT_IRIS),
        (LEFT_EYE_HOLE, LEFT_EYE, LEFT_IRIS),
    ):
        assert set(canonical.triangles[kinds == kind].ravel().tolist()) == {*ring.tolist(), iris}
    assert set(canonical.triangles[kinds == MOUTH_HOLE].ravel().tolist()) <= set(INNER_LIPS)
    assert np.isin(np.arange(SKIN_POINTS), canonical.triangles[kinds == SKIN]).all()


def test_no_triangle_stands_twice_and_every_vertex_exists(canonical: Canonical) -> None:
    rows = {tuple(sorted(row)) for row in canonical.triangles.tolist()}
    assert len(rows) == len(canonical.triangles)
    assert canonical.triangles.min() == 0
    assert canonical.triangles.max() == POINTS + len(SKIRT) * len(OVAL) - 1


def test_the_mirror_of_the_mirror_is_the_point_itself(canonical: Canonical) -> None:
    mirror = canonical.mirror
    assert np.array_equal(mirror[mirror], np.arange(POINTS))
    flipped = canonical.xyz[mirror] * np.array([-1, 1, 1], np.float32)
    assert np.abs(flipped[:SKIN_POINTS] - canonical.xyz[:SKIN_POINTS]).max() < 0.05
    assert set(mirror[RIGHT_EYE].tolist()) == set(LEFT_EYE.tolist())


def test_the_mirror_of_an_iris_swaps_its_sides(
    canonical: Canonical, faces: Mapping[str, Face]
) -> None:
    # In a picture the five points of either iris go round alike, so that 469 and 474 are both on
    # the right of the picture: what mirrors 469 is 476, on the left.
    points = faces["b_1"].points
    for start in (RIGHT_IRIS, LEFT_IRIS):
        ring = np.arange(start + 1, start + 5)
        other = canonical.mirror[ring]
        here = points[ring] - points[start]
        there = points[other] - points[canonical.mirror[start]]
        assert np.abs(here * [-1, 1] - there).max() < 0.3 * np.linalg.norm(here, axis=1).mean()


def test_the_skirt_lies_outside_the_oval(canonical: Canonical) -> None:
    points = frontal(canonical)
    centre = points[OVAL].mean(axis=0)
    rings = with_skirt(points)[POINTS:].reshape(len(SKIRT), len(OVAL), 2)
    reach = np.linalg.norm(points[OVAL] - centre, axis=1)
    for factor, ring in zip(SKIRT, rings, strict=True):
        assert np.allclose(np.linalg.norm(ring - centre, axis=1), factor * reach, rtol=1e-4)
    assert min(SKIRT) > 1


def test_the_subjects_right_is_left_in_a_picture(canonical: Canonical) -> None:
    points = frontal(canonical)
    right, left, nose, mouth_right, mouth_left = five_points(points)
    assert right[0] < nose[0] < left[0]
    assert mouth_right[0] < nose[0] < mouth_left[0]
    assert right[1] < nose[1] < mouth_right[1]


@pytest.mark.parametrize("name", ["a_1", "a_2", "b_1", "b_2", "c_1", "d_1", "e_1"])
def test_the_68_points_of_a_portrait_stand_in_ibugs_order(
    name: str, faces: Mapping[str, Face]
) -> None:
    points = faces[name].points[LANDMARKS_68]
    x, y = points.T
    jaw, brows, bridge, nostrils = points[:17], points[17:27], y[27:31], points[31:36]
    width = float(np.ptp(jaw[:, 0]))
    assert (np.diff(jaw[:, 0]) > -0.03 * width).all()  # from ear to ear, steep at the ends
    assert jaw[:, 1].argmax() in (7, 8, 9)  # the chin in the middle
    gaps = np.linalg.norm(np.diff(jaw, axis=0), axis=1)
    assert gaps.max() < 2 * gaps.mean()  # evenly, as those trained on iBUG's points expect
    assert (np.diff(brows[:, 0]) > 0).all()
    assert (np.diff(bridge) > 0).all()
    assert (np.diff(nostrils[:, 0]) > 0).all()
    for start in (36, 42):  # corner, two above, corner, two below
        eye = points[start : start + 6]
        assert eye[0, 0] < eye[1:3, 0].min() < eye[1:3, 0].max() < eye[3, 0]
        assert (eye[[1, 2], 1] < eye[[5, 4], 1]).all()
    mouth = points[48:60]
    assert mouth[0, 0] == x[48:68].min()
    assert mouth[6, 0] == x[48:68].max()
    assert mouth[1:6, 1].mean() < mouth[7:12, 1].mean()
    assert y[17:27].mean() < y[36:48].mean() < nostrils[:, 1].mean() < mouth[:, 1].mean() < y[8]


def test_the_rings_do_not_share_points() -> None:
    rings = (OVAL, INNER_LIPS, OUTER_LIPS, RIGHT_EYE, LEFT_EYE)
    together = np.concatenate(rings)
    assert len(np.unique(together)) == len(together)
