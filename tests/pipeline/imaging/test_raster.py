"""Values at points spread over pixels, against plain geometry."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from numpy.typing import NDArray

from appliance.pipeline.imaging.raster import Raster
from appliance.pipeline.imaging.types import Float

SIZE = (40, 30)  # w, h
SEEDS = st.integers(0, 2**32 - 1)
GAP = 0.5  # pixels: OpenCV's edges are off by up to 0.36, so nothing is claimed closer to one


def corners(seed: int, count: int) -> Float:
    """Points in and around the picture."""
    low, high = np.array([-8, -8]), np.array([SIZE[0] + 8, SIZE[1] + 8])
    return np.random.default_rng(seed).uniform(low, high, (count, 2)).astype(np.float32)


def one(points: Float) -> Raster:
    return Raster.draw(points, np.zeros(1, np.float32), np.array([[0, 1, 2]], np.int32), SIZE)


def depth_inside(points: Float) -> NDArray[np.float64]:
    """By pixel how far inside a triangle its middle lies, negative outside: (h, w)."""
    y, x = np.mgrid[0 : SIZE[1], 0 : SIZE[0]].astype(np.float64)
    a, b, c = points.astype(np.float64)
    area = (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])
    sides = []
    for start, end in ((a, b), (b, c), (c, a)):
        along = end - start
        off = along[0] * (y - start[1]) - along[1] * (x - start[0])
        sides.append(np.sign(area) * off / np.linalg.norm(along))
    return np.asarray(np.minimum.reduce(sides))


def is_fat(points: Float) -> bool:
    """Whether rounding its corners to a sixteenth of a pixel leaves a triangle itself."""
    a, b, c = points
    sides = [np.linalg.norm(p - q) for p, q in ((a, b), (b, c), (c, a))]
    area = abs((b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0]))
    return bool(area / max(sides) > 2)


@given(SEEDS)
def test_a_triangle_covers_what_lies_inside_and_nothing_far_outside(seed: int) -> None:
    points = corners(seed, 3)
    assume(is_fat(points))
    shown = one(points).ids == 0
    inside = depth_inside(points)
    assert shown[inside > GAP].all()
    assert not shown[inside < -1.5].any()  # a pixel that is only touched is marked too


@given(SEEDS)
def test_triangles_side_by_side_leave_no_hole(seed: int) -> None:
    # What one triangle's edge leaves out, its neighbour's takes: a hole would show the target.
    middle = np.array(SIZE, np.float32) / 2
    angles = np.sort(np.random.default_rng(seed).uniform(0, 2 * np.pi, 9))
    assume(np.diff(angles, append=angles[0] + 2 * np.pi).max() < 3)
    rim = middle + 18 * np.stack([np.cos(angles), np.sin(angles)], axis=1)
    points = np.vstack([middle, rim]).astype(np.float32)
    ring = np.arange(9)
    fan = np.stack([np.zeros(9, int), 1 + ring, 1 + (ring + 1) % 9], axis=1).astype(np.int32)
    ids = Raster.draw(points, np.zeros(9, np.float32), fan, SIZE).ids
    inside = np.maximum.reduce([depth_inside(points[triangle]) for triangle in fan]) >= 0
    within = (
        cv2.erode(np.pad(inside.astype(np.uint8), 1), np.ones((3, 3), np.uint8))[1:-1, 1:-1] > 0
    )
    assert within.any()
    assert (ids[within] >= 0).all()


@given(SEEDS)
def test_shares_are_not_negative_and_add_up_to_1(seed: int) -> None:
    points = corners(seed, 9)
    triangles = np.arange(9, dtype=np.int32).reshape(3, 3)
    cover = Raster.draw(points, np.zeros(3, np.float32), triangles, SIZE).cover()
    assert (cover.shares >= 0).all()
    assert np.allclose(cover.shares.sum(axis=1), 1, atol=1e-5)


@given(SEEDS, st.floats(-3, 3), st.floats(-3, 3), st.floats(-50, 50))
def test_a_linear_function_is_reproduced_inside(
    seed: int, across: float, down: float, start: float
) -> None:
    points = corners(seed, 3)
    assume(is_fat(points))
    slopes = np.array([across, down])
    spread = one(points).cover().interpolate((points @ slopes + start)[:, None].astype(np.float32))
    y, x = np.indices((SIZE[1], SIZE[0]))
    inside = depth_inside(points) > GAP
    wanted = x * across + y * down + start
    assert np.abs(spread[..., 0] - wanted)[inside].max(initial=0) < 0.02


@given(SEEDS)
def test_beyond_the_edge_nothing_is_extrapolated(seed: int) -> None:
    points = corners(seed, 3)
    values = np.array([[1.0], [2.0], [3.0]], np.float32)
    raster = one(points)
    spread = raster.cover().interpolate(values)[..., 0]
    assert (spread[raster.ids < 0] == 0).all()
    covered = spread[raster.ids >= 0]
    assert ((covered > 0.999) & (covered < 3.001)).all()


@given(SEEDS)
def test_the_nearer_triangle_wins(seed: int) -> None:
    points = corners(seed, 6)
    assume(is_fat(points[:3]))
    assume(is_fat(points[3:]))
    triangles = np.array([[0, 1, 2], [3, 4, 5]], np.int32)
    both = (depth_inside(points[:3]) > GAP) & (depth_inside(points[3:]) > GAP)
    assume(both.any())
    for depth, nearest in (([1.0, 2.0], 0), ([2.0, 1.0], 1), ([-5.0, -9.0], 1)):
        ids = Raster.draw(points, np.array(depth, np.float32), triangles, SIZE).ids
        assert (ids[both] == nearest).all()


@pytest.mark.parametrize(
    "points",
    [
        [[5, 5], [5, 5], [5, 5]],
        [[5, 5], [20, 5], [12, 5]],
        [[3, 3], [30, 20], [30, 20]],
        [[5, 5], [20, 5.01], [12, 5]],
    ],
    ids=["a point", "a line", "two corners in one", "a sliver"],
)
def test_a_triangle_without_area_gives_finite_values(points: list[list[float]]) -> None:
    raster = one(np.array(points, np.float32))
    assert (raster.ids >= 0).any()  # it is drawn, so its shares are asked for
    values = np.array([[1.0], [2.0], [3.0]], np.float32)
    spread = raster.cover().interpolate(values)
    assert np.isfinite(spread).all()
    assert spread.min() >= 0
    assert spread.max() <= 3.001


def test_a_mesh_outside_the_picture_covers_nothing() -> None:
    cover = one(np.array([[100, 100], [140, 100], [100, 140]], np.float32)).cover()
    assert not len(cover.pixels)
    assert not cover.interpolate(np.ones((3, 2), np.float32)).any()
