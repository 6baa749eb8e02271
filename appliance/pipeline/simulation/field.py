"""The field by which a picture is warped: smooth, without folds, and nothing far from the face."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from appliance.pipeline.face_model.canonical import SKIRT_RING, Canonical
from appliance.pipeline.face_model.grid import Grid, rasterise_mesh
from appliance.pipeline.imaging import images
from appliance.pipeline.imaging.geometry import smoothstep, transform
from appliance.pipeline.imaging.raster import neighbours
from appliance.pipeline.imaging.types import Float
from appliance.pipeline.media.canvas import Box

CELL = 1.2  # mm
REACH = 28.0  # mm beyond the face's outline where nothing moves any more
FADE = 6.0  # mm before that over which the last of it goes
SMOOTHING = 0.8  # mm, standard deviation
LEAST_JACOBIAN = 0.25
"""The share of its area that a place of the picture may shrink to; from 0 on it would fold."""

WIDEN, ROUNDS = 1.35, 8  # by how much, and how often, smoothing is widened against folds
STILL = 0.02  # pixels: anything less counts as no shift
SAME = 0.002  # log ratio of light that is less than half a level of 255
JACOBI_STEPS = 30


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

    def solve(self, before: Float, after: Float, light: Float, mm: float) -> WarpField:
        """The field that moves a mesh from ``before`` to ``after``, (478, 3) pixels each.

        ``light``: (478,) log ratio at each point. ``mm``: of a pixel.
        """
        grid = grid_around(np.vstack([before, after])[:, :2], mm)
        raster = rasterise_mesh(grid, after, self._triangles, self._adjacent)
        covered = raster.ids >= 0
        values = np.column_stack([(after - before)[:, :2], light]).astype(np.float32)
        planes = raster.cover().interpolate(values)
        beyond = cv2.distanceTransform((~covered).astype(np.uint8), cv2.DIST_L2, 5) * CELL
        shift = harmonic(planes[..., :2], covered, beyond >= REACH)
        shift *= (1 - smoothstep(beyond, REACH - FADE, REACH))[..., None]
        shift, share = unfolded(shift, float(grid.matrix[0, 0]))
        ratio = images.blurred(planes[..., 2], SMOOTHING / CELL)
        return WarpField(grid, shift, np.asarray(share * ratio, np.float32), share)


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


def harmonic(values: Float, known: NDArray[np.bool_], nothing: NDArray[np.bool_]) -> Float:
    """``values``, (h, w, c), where ``known``; 0 where ``nothing``; in between Laplace's solution.

    There each cell is the mean of its neighbours. It is found from coarse to fine.
    """
    fixed = known | nothing
    if min(fixed.shape) < 8 or fixed.all():
        return np.where(known[..., None], values, 0).astype(np.float32)
    half = (-(-fixed.shape[1] // 2), -(-fixed.shape[0] // 2))
    weight = cv2.resize(known.astype(np.float32), half, interpolation=cv2.INTER_AREA)
    sums = cv2.resize(np.where(known[..., None], values, 0), half, interpolation=cv2.INTER_AREA)
    rest = cv2.resize(nothing.astype(np.float32), half, interpolation=cv2.INTER_AREA)
    coarse = harmonic(
        np.asarray(sums / np.maximum(weight, 1e-6)[..., None], np.float32),
        weight > 0,
        (rest > 0) & (weight == 0),
    )
    solved = cv2.resize(coarse, fixed.shape[::-1], interpolation=cv2.INTER_LINEAR)
    held = np.where(known[..., None], values, 0).astype(np.float32)
    cross = np.array([[0, 1, 0], [1, 0, 1], [0, 1, 0]], np.float32) / 4
    for _ in range(JACOBI_STEPS):
        solved = np.where(fixed[..., None], held, solved)
        solved = cv2.filter2D(solved, -1, cross, borderType=cv2.BORDER_REPLICATE)
    return np.where(fixed[..., None], held, solved).astype(np.float32)
