"""The field by which a picture is warped: smooth, without folds, and nothing far from the face."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from appliance.pipeline.face_model.canonical import SKIRT_RING, Canonical
from appliance.pipeline.face_model.grid import Grid, rasterise_mesh
from appliance.pipeline.face_model.perspective_pose import MM
from appliance.pipeline.imaging import images
from appliance.pipeline.imaging.geometry import smoothstep, transform
from appliance.pipeline.imaging.raster import Cover, neighbours
from appliance.pipeline.imaging.types import Float
from appliance.pipeline.media.canvas import Box

CELL = 1.2  # mm
REACH = 28.0  # mm beyond the face's outline where nothing moves any more
FADE = 6.0  # mm before that over which the last of it goes
SMOOTHING = 0.8  # mm, standard deviation
LEAST_JACOBIAN = 0.25
"""The share of its area that a place of the picture may shrink to; from 0 on it would fold."""

WIDEN, ROUNDS = 1.35, 8  # by how much, and how often, smoothing is widened against folds
STEP = 4.0  # mm of depth from which one part of a face hides another
APART = 22.0  # mm on the canonical face from which they are different parts
STRETCHED = 5.0  # mm beside what was hidden that are stretched over it
STILL = 0.02  # pixels: anything less counts as no shift
SAME = 0.002  # log ratio of light that is less than half a level of 255
JACOBI_STEPS, MOST_STEPS = 30, 60  # of the finest grid; twice as many of each coarser one


@dataclass(frozen=True, slots=True)
class WarpField:
    """What happens to each cell of a grid over a face.

    ``grid``: from pixels to cells. ``shift``: (cells, cells, 2) x, y in pixels by which what is
    seen there was moved. ``light``: (cells, cells) log ratio of its light, after to before.
    ``share``: of the move that could be made without folds; 1 but for moves beyond all bounds.
    """

    grid: Grid
    shift: Float
    light: Float
    share: float

    @property
    def longest(self) -> int:
        """Pixels that the longest shift does not exceed."""
        return int(np.ceil(np.abs(self.shift).max()))

    def box(self, size: tuple[int, int]) -> Box | None:
        """The part of a picture of ``size`` (w, h) that changes; ``None`` where nothing does."""
        changed = (np.abs(self.shift).max(axis=2) > 0) | (np.abs(self.light) > SAME)
        rows, columns = self.grid.window(changed, size)
        if rows.stop <= rows.start or columns.stop <= columns.start:
            return None
        return Box(columns.start, rows.start, columns.stop - columns.start, rows.stop - rows.start)

    def over(self, box: Box) -> tuple[Float, Float]:
        """``shift``, (h, w, 2), and ``light``, (h, w), over the pixels of ``box``."""
        corner = np.array([[box.x, box.y]], np.float32)
        matrix = np.column_stack([self.grid.matrix[:, :2], transform(corner, self.grid.matrix)[0]])
        size = (box.w, box.h)
        shift = images.transformed(self.shift, matrix, size)
        return shift, images.transformed(self.light, matrix, size)


class FieldSolver:
    """Spreads the moves of mesh points over a picture.

    Inside of the face's outline the field is that of the nearest surface; around it the solution of
    Laplace's equation between the outline and nothing.
    """

    def __init__(self, canonical: Canonical) -> None:
        self._triangles = canonical.triangles[canonical.kind != SKIRT_RING]
        self._adjacent = neighbours(self._triangles)
        self._places = np.asarray(canonical.xyz * MM, np.float32)

    def solve(self, before: Float, after: Float, light: Float, mm: float) -> WarpField:
        """The field that moves a mesh from ``before`` to ``after``, (478, 3) pixels each.

        ``light``: (478,) log ratio at each point. ``mm``: of a pixel.
        """
        grid = grid_around(np.vstack([before, after])[:, :2], mm)
        raster = rasterise_mesh(grid, after, self._triangles, self._adjacent)
        covered = raster.ids >= 0
        values = np.column_stack([(after - before)[:, :2], light]).astype(np.float32)
        cover = raster.cover()
        planes = cover.interpolate(values)
        shift = np.ascontiguousarray(planes[..., :2])
        hidden = self._uncovered(grid, (before, after), cover, covered, mm)
        shift = spread(shift, covered, hidden)
        shift, share = unfolded(shift, float(grid.matrix[0, 0]))
        ratio = images.blurred(planes[..., 2], SMOOTHING / CELL)
        return WarpField(grid, shift, np.asarray(share * ratio, np.float32), share)

    def _uncovered(
        self,
        grid: Grid,
        meshes: tuple[Float, Float],
        now: Cover,
        covered: NDArray[np.bool_],
        mm: float,
    ) -> NDArray[np.bool_]:
        """Cells of the face near what another part of it hid before the move, (h, w).

        The photo has nothing to show there, as on a cheek behind a nose that becomes shorter: what
        is beside it is stretched. ``meshes``: before and after. ``now``: the second, drawn.
        """
        raster = rasterise_mesh(grid, meshes[0], self._triangles, self._adjacent)
        then = raster.cover()
        front, behind = (
            cover.interpolate(np.ascontiguousarray(mesh[:, 2:] * mm))[..., 0]
            for cover, mesh in zip((then, now), meshes, strict=True)
        )
        freed = np.asarray(covered & (raster.ids >= 0) & (behind - front > STEP), np.bool_)
        if freed.any():
            gap = now.interpolate(self._places) - then.interpolate(self._places)
            freed &= np.linalg.norm(gap, axis=2) > APART
        if not freed.any():
            return freed
        front = np.where(freed, front, np.inf).astype(np.float32)
        near = behind - _nearest(front, round(STRETCHED / CELL)) > STEP
        return np.asarray(near & covered, np.bool_)


def spread(shift: Float, covered: NDArray[np.bool_], hidden: NDArray[np.bool_]) -> Float:
    """``shift``, (h, w, 2) pixels, where the face ``covered`` a cell, and what follows around it.

    ``hidden``: (h, w) cells of the face that follow as well. Around an outline that stays nothing
    is worked out.
    """
    known = covered & ~hidden
    inside = cv2.copyTo(shift, known.astype(np.uint8))
    moving = known & (np.abs(inside).max(axis=2) > STILL)
    outline = moving & ~cv2.erode(known.astype(np.uint8), np.ones((3, 3), np.uint8)).astype(bool)
    if not outline.any():
        return np.asarray(inside, np.float32)
    beyond = cv2.distanceTransform((~moving).astype(np.uint8), cv2.DIST_L2, 5) * CELL
    around = harmonic(shift, known, (beyond >= REACH) & ~covered)
    fade = 1 - smoothstep(beyond, REACH - FADE, REACH)
    return np.where(known[..., None], inside, around * fade[..., None]).astype(np.float32)


def _nearest(depth: Float, cells: int) -> Float:
    """The least ``depth``, (h, w), within so many ``cells``."""
    side = 2 * cells + 1
    return np.asarray(cv2.erode(depth, np.ones((side, side), np.uint8)), np.float32)


def jacobian(shift: Float, cells_per_pixel: float) -> Float:
    """By how much the area at each cell grows from before to after, (h, w): ≤ 0 where it folds."""
    moved = shift * np.float32(cells_per_pixel)
    by_row, by_column = np.gradient(moved, axis=(0, 1))
    return np.asarray(
        (1 - by_column[..., 0]) * (1 - by_row[..., 1]) - by_column[..., 1] * by_row[..., 0],
        np.float32,
    )


def grid_around(points: Float, mm: float) -> Grid:
    """Cells of ``CELL`` mm over (n, 2) ``points``, pixels, and all that may move near them."""
    cells_per_pixel = mm / CELL
    margin = (REACH + FADE) / mm
    low, high = points.min(axis=0) - margin, points.max(axis=0) + margin
    matrix = np.array(
        [[cells_per_pixel, 0, -low[0] * cells_per_pixel],
         [0, cells_per_pixel, -low[1] * cells_per_pixel]],
        np.float32,
    )  # fmt: skip
    return Grid(matrix, int(np.ceil((high - low).max() * cells_per_pixel)) + 1)


def unfolded(shift: Float, cells_per_pixel: float) -> tuple[Float, float]:
    """``shift``, smoothed until nothing folds, and halved if smoothing alone does not help.

    What is too small to show is cut off before that is checked. Also the share that is left.
    """
    sigma = SMOOTHING / CELL
    for _ in range(ROUNDS):
        smooth = without_rest(images.blurred(shift, sigma))
        if jacobian(smooth, cells_per_pixel).min() >= LEAST_JACOBIAN:
            return smooth, 1.0
        sigma *= WIDEN
    share = 1.0
    while jacobian(smooth, cells_per_pixel).min() < LEAST_JACOBIAN:
        smooth, share = without_rest(smooth * np.float32(0.5)), share / 2
    return smooth, share


def without_rest(shift: Float) -> Float:
    """``shift``, (h, w, 2) pixels, changed in place: nothing where it is too small to show."""
    shift[np.hypot(shift[..., 0], shift[..., 1]) < STILL] = 0
    return shift


def harmonic(
    values: Float,
    known: NDArray[np.bool_],
    nothing: NDArray[np.bool_],
    steps: int = JACOBI_STEPS,
) -> Float:
    """``values``, (h, w, c), where ``known``; 0 where ``nothing``; in between Laplace's solution.

    There each cell is the mean of its neighbours. It is found from coarse to fine, by so many
    ``steps`` of Jacobi's iteration on the finest grid.
    """
    fixed = known | nothing
    if min(fixed.shape) < 8 or fixed.all():
        return np.where(known[..., None], values, 0).astype(np.float32)
    half = (-(-fixed.shape[1] // 2), -(-fixed.shape[0] // 2))
    held = np.where(known[..., None], values, 0).astype(np.float32)
    weight = cv2.resize(known.astype(np.float32), half, interpolation=cv2.INTER_AREA)
    sums = images.resized(held, half, cv2.INTER_AREA)
    rest = cv2.resize(nothing.astype(np.float32), half, interpolation=cv2.INTER_AREA)
    coarse = harmonic(
        np.asarray(sums / np.maximum(weight, 1e-6)[..., None], np.float32),
        weight > 0,
        (rest > 0) & (weight == 0),
        min(2 * steps, MOST_STEPS),
    )
    solved = images.resized(coarse, fixed.shape[::-1])
    return _relaxed(solved, held, fixed.astype(np.uint8), steps)


def _relaxed(solved: Float, held: Float, fixed: NDArray[np.uint8], steps: int) -> Float:
    """``solved`` after ``steps`` of Jacobi's iteration; ``held`` where ``fixed`` is not 0."""
    cross = np.array([[0, 1, 0], [1, 0, 1], [0, 1, 0]], np.float32) / 4
    now: Any = solved
    for _ in range(steps):
        now = cv2.copyTo(held, fixed, now)
        now = cv2.filter2D(now, -1, cross, borderType=cv2.BORDER_REPLICATE)
    return np.asarray(cv2.copyTo(held, fixed, now).reshape(held.shape), np.float32)
