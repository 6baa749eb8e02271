"""From values at mesh points to the layers that a new face is composed of."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from appliance.pipeline import images
from appliance.pipeline.canonical import SKIRT_RING, Canonical, signed_area
from appliance.pipeline.face import Float
from appliance.pipeline.geometry import invert, transform
from appliance.pipeline.raster import Raster

# The channels of the values at a point: place in the texture; the way, in pixels, to where the
# target's own pixel comes from; the two masks; the light.
UV, SHIFT, DETAIL, TONE, GAIN = slice(0, 2), slice(2, 4), 4, 5, slice(6, 9)
CHANNELS = 9

BEHIND = 1e5  # depth, in pixels, that puts a triangle behind everything that faces the camera
LEAST_SHIFT = 0.02  # pixels: less is no move


@dataclass(frozen=True, slots=True)
class Layers:
    """What the pixels of a cut-out are made of, each (h, w) or (h, w, c).

    ``moved``: the rows and columns where the target's own pixels move, ``origin``: x, y of where in
    the cut-out they come from. ``drawn``: those where the new face is drawn, and for these alone
    ``texel``: x, y of the source's texture, ``gain``: RGB factors on it, ``detail`` and ``tone``:
    see :func:`appliance.pipeline.blend.blend`. ``support``: for the whole cut-out, 1 where anything
    may change.
    """

    moved: tuple[slice, slice]
    origin: Float
    drawn: tuple[slice, slice]
    texel: Float
    gain: Float
    detail: Float
    tone: Float
    support: NDArray[np.uint8]


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
        pixels = 1 / float(np.sqrt(abs(np.linalg.det(self.matrix[:, :2]))))
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

    def enlarged(self, plane: Float, window: tuple[slice, slice]) -> Float:
        """A (cells, cells) or (cells, cells, c) ``plane`` over the pixels of ``window``.

        Sampled once a block, then enlarged by a whole number: much the faster way.
        """
        rows, columns = window
        height, width, step = rows.stop - rows.start, columns.stop - columns.start, self.step
        blocks = (-(-width // step), -(-height // step))
        first = np.array([[columns.start, rows.start]], np.float32) + (step - 1) / 2
        shift = transform(first.astype(np.float32), self.matrix)[0]
        matrix = np.column_stack([self.matrix[:, :2] * step, shift])
        coarse = images.transformed(plane, matrix, blocks)
        fine = images.resized(coarse, (blocks[0] * step, blocks[1] * step)) if step > 1 else coarse
        return fine[:height, :width]


def spread(
    face: Canonical,
    grid: Grid,
    points: Float,
    values: Float,
    *,
    openings: Float,
    shown: Float,
    texels: int,
    size: tuple[int, int],
) -> Layers:
    """``values`` (n, 9) at the mesh and skirt ``points`` (n, 3) over ``size`` (w, h) pixels.

    ``openings``: how far each triangle lets the source in, ``shown`` (s, s): how far each place of
    the canonical plane does; both 0-1. ``texels``: a side of the source's texture.
    """
    cover = _raster(face, grid, points).cover()
    planes = cover.spread(values)
    let_in = cover.paint(openings) * images.sampled(shown, planes[..., UV] * shown.shape[0] - 0.5)
    detail, tone = planes[..., DETAIL] * let_in, planes[..., TONE] * let_in
    shifted = _length(planes[..., SHIFT]) > LEAST_SHIFT
    moved = grid.window(shifted, size)
    drawn = grid.window(tone > 0, size)
    everywhere = (slice(0, size[1]), slice(0, size[0]))
    changed = grid.enlarged((shifted | (tone > 0)).astype(np.float32), everywhere)
    return Layers(
        moved=moved,
        origin=_origin(grid.enlarged(planes[..., SHIFT], moved), moved),
        drawn=drawn,
        texel=grid.enlarged(planes[..., UV] * texels - 0.5, drawn),
        gain=grid.enlarged(planes[..., GAIN], drawn),
        detail=grid.enlarged(detail, drawn),
        tone=grid.enlarged(tone, drawn),
        support=(changed > 0).astype(np.uint8),
    )


def _length(vectors: Float) -> Float:
    return np.hypot(vectors[..., 0], vectors[..., 1])


def _origin(shift: Float, window: tuple[slice, slice]) -> Float:
    """Where the pixels of a window come from that are moved by ``shift`` (h, w, 2)."""
    rows, columns = window
    shift[..., 0] += np.arange(columns.start, columns.stop, dtype=np.float32)
    shift[..., 1] += np.arange(rows.start, rows.stop, dtype=np.float32)[:, None]
    return shift


def _raster(face: Canonical, grid: Grid, points: Float) -> Raster:
    """The mesh on the grid's cells, the nearest triangle on top."""
    places = transform(points[:, :2], grid.matrix)
    depth = points[:, 2][face.triangles].mean(axis=1)
    turned_away = signed_area(places[face.triangles]) > 0  # within a fold, or on a far cheek
    depth += BEHIND * turned_away + 2 * BEHIND * (face.kind == SKIRT_RING)
    return Raster.draw(places, depth, face.triangles, (grid.cells, grid.cells), face.beside)
