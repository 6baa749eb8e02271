"""A coarse raster that moves with a face, and what lies on it enlarged to the pixels."""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from appliance.pipeline.face_model.canonical import SKIRT_RING, Canonical, signed_area
from appliance.pipeline.imaging import images
from appliance.pipeline.imaging.geometry import invert, transform
from appliance.pipeline.imaging.images import AnyImage
from appliance.pipeline.imaging.raster import Raster
from appliance.pipeline.imaging.types import Float

BEHIND = 1e5  # depth, in pixels, that puts a triangle behind everything that faces the camera


@dataclass(frozen=True, slots=True)
class Grid:
    """Cells that move with a face, so that what the raster rounds away stands still on it.

    ``matrix``: 2×3, from pixels of the cut-out to cells. ``cells``: of a side.
    """

    matrix: Float
    cells: int

    @property
    def step(self) -> int:
        """Pixels a side of the blocks between which nothing finer than a cell can change."""
        pixels = 1 / math.hypot(*self.matrix[:, 0].tolist())  # the matrix is a similarity
        return max(1, int(pixels / 2))

    def window(self, wanted: NDArray[np.bool_], size: tuple[int, int]) -> tuple[slice, slice]:
        """Rows and columns of a cut-out of ``size`` (w, h) around the ``wanted`` cells."""
        rows, columns = np.flatnonzero(wanted.any(axis=1)), np.flatnonzero(wanted.any(axis=0))
        if not len(rows):
            return slice(0, 0), slice(0, 0)
        left, right, top, bottom = columns[0] - 1, columns[-1] + 1, rows[0] - 1, rows[-1] + 1
        corners = np.array([[left, top], [right, top], [left, bottom], [right, bottom]], np.float32)
        pixels = transform(corners, invert(self.matrix))
        low = np.clip(np.floor(pixels.min(axis=0)), 0, size).astype(int).tolist()
        high = np.clip(np.ceil(pixels.max(axis=0)) + 1, 0, size).astype(int).tolist()
        return slice(low[1], high[1]), slice(low[0], high[0])

    def enlarged(self, plane: AnyImage, window: tuple[slice, slice]) -> AnyImage:
        """A (cells, cells) or (cells, cells, c) ``plane`` over the pixels of ``window``.

        Sampled once a block, then enlarged by a whole number: much the faster way.
        """
        return self._fine(self._coarse(plane, window), window)

    def origins(self, shift: Float, window: tuple[slice, slice]) -> Float:
        """Where the pixels of ``window`` come from that are moved by ``shift``, (cells, cells, 2).

        (h, w, 2) x, y in the cut-out. Blocks at the window's border are off by up to half of one:
        nothing moves there.
        """
        rows, columns = window
        coarse = self._coarse(shift, window)
        middle = (self.step - 1) / 2
        coarse[..., 0] += np.arange(coarse.shape[1]) * self.step + (columns.start + middle)
        coarse[..., 1] += np.arange(coarse.shape[0])[:, None] * self.step + (rows.start + middle)
        return self._fine(coarse, window)

    def touched(self, wanted: NDArray[np.bool_], size: tuple[int, int]) -> NDArray[np.uint8]:
        """1 at the pixels of a cut-out of ``size`` (w, h) that ``wanted`` cells have a part in."""
        everywhere = (slice(0, size[1]), slice(0, size[0]))
        coarse = self._coarse(255 * wanted.astype(np.uint8), everywhere)
        # A pixel lies between the middles of its own block and of those next to it.
        blocks = images.dilated(np.minimum(coarse, 1), 3 if self.step > 1 else 1)
        whole = (blocks.shape[1] * self.step, blocks.shape[0] * self.step)
        return images.resized(blocks, whole, cv2.INTER_NEAREST)[: size[1], : size[0]]

    def _coarse(self, plane: AnyImage, window: tuple[slice, slice]) -> AnyImage:
        rows, columns = window
        step = self.step
        blocks = (-(-(columns.stop - columns.start) // step), -(-(rows.stop - rows.start) // step))
        first = np.array([[columns.start, rows.start]], np.float32) + (step - 1) / 2
        shift = transform(first.astype(np.float32), self.matrix)[0]
        matrix = np.column_stack([self.matrix[:, :2] * step, shift])
        return images.transformed(plane, matrix, blocks)

    def _fine(self, coarse: AnyImage, window: tuple[slice, slice]) -> AnyImage:
        rows, columns = window
        size = (coarse.shape[1] * self.step, coarse.shape[0] * self.step)
        fine = images.resized(coarse, size) if self.step > 1 else coarse
        return fine[: rows.stop - rows.start, : columns.stop - columns.start]


def rasterise(canonical: Canonical, grid: Grid, points: Float) -> Raster:
    """The mesh and its skirt on the grid's cells, the nearest triangle on top."""
    skirt = 2 * BEHIND * (canonical.kind == SKIRT_RING)
    return rasterise_mesh(grid, points, canonical.triangles, canonical.adjacent, skirt)


def rasterise_mesh(
    grid: Grid,
    points: Float,
    triangles: NDArray[np.int32],
    adjacent: NDArray[np.int32],
    deeper: Float | float = 0.0,
) -> Raster:
    """(t, 3) ``triangles`` over (n, 3) ``points`` on the grid's cells, the nearest on top.

    ``adjacent``: their :func:`neighbours`. ``deeper``: (t,) what is added to their depth.
    """
    places = transform(points[:, :2], grid.matrix)
    depth = points[:, 2][triangles].mean(axis=1) + deeper
    turned_away = signed_area(places[triangles]) > 0  # within a fold, or on a far cheek
    depth += BEHIND * turned_away
    return Raster.draw(places, depth, triangles, (grid.cells, grid.cells), adjacent)
