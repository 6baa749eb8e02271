"""The outline of a mesh in a picture.

A raster knows it to a cell only, and so its edge has steps. Here it is a curve: how far the mesh
reaches in each direction from a place within the face.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from appliance.pipeline.face_model.canonical import signed_area
from appliance.pipeline.imaging import images
from appliance.pipeline.imaging.types import Float

DIRECTIONS = 512  # around a face: a cell apart at its outline in stills, half a cell in videos
SLOPE = 2  # directions to either side over which the outline's slope is taken
# Standard deviation, in radians, over which values along the outline are smoothed: those of
# neighbouring points differ by what their places in depth do, and the outline runs through both.
EVENNESS = 0.12


@dataclass(frozen=True, slots=True)
class Outline:
    """The outline as the cells of a grid see it, each looking outwards from the grid's middle.

    ``beyond``: (cells, cells) how far the cell is from the middle, the outline being at 1.
    ``depth``: (cells, cells) how many cells it lies inside of the outline, negative outside.
    ``values``: (cells, cells, c) along the outline, smoothed, where it is met.
    """

    beyond: Float
    depth: Float
    values: Float


class OutlineFinder:
    """Finds the outlines of a mesh on grids of ``cells`` a side, their middle within the face."""

    def __init__(self, triangles: NDArray[np.int32], cells: int) -> None:
        """``triangles``: (t, 3) of the mesh, of negative area where they face the camera."""
        self._triangles = triangles
        self._sides, self._beside = _sides(triangles)
        self._middle = np.float32(cells / 2)
        y, x = np.indices((cells, cells), np.float32) - self._middle
        self._radius = np.asarray(np.hypot(x, y), np.float32)
        turn = np.arctan2(y, x) * (DIRECTIONS / (2 * np.pi)) % DIRECTIONS
        self._direction = np.stack([turn, np.zeros_like(turn)], axis=2).astype(np.float32)
        angles = np.arange(DIRECTIONS) * (2 * np.pi / DIRECTIONS)
        self._unit = np.stack([np.cos(angles), np.sin(angles)], axis=1)
        waves = np.arange(DIRECTIONS // 2 + 1)  # around the face; the transform of a Gaussian
        self._kept = np.exp(-0.5 * (waves * EVENNESS) ** 2)[:, None]

    def find(self, places: Float, values: Float) -> Outline:
        """The outline of the mesh with its points at (n, 2) ``places``, in cells.

        ``values``: (n, c) at the points. In a direction in which no part of the mesh lies, the
        outline is at the middle.
        """
        reach, met = self._by_direction(places - self._middle, values)
        even = np.fft.irfft(np.fft.rfft(met, axis=0) * self._kept, DIRECTIONS, axis=0)
        after, before = np.roll(reach, -SLOPE), np.roll(reach, SLOPE)
        slope = (after - before) / (2 * SLOPE * 2 * np.pi / DIRECTIONS)
        upright = reach / np.maximum(np.hypot(reach, slope), 1e-3)
        table = np.column_stack([reach, upright, even]).astype(np.float32)
        table = np.vstack([table, table[:1]])[None]  # the last direction is the first
        seen = images.remapped(table, self._direction)
        return Outline(
            beyond=np.asarray(self._radius / np.maximum(seen[..., 0], 1e-3), np.float32),
            depth=(seen[..., 0] - self._radius) * seen[..., 1],
            values=seen[..., 2:],
        )

    def _by_direction(self, places: Float, values: Float) -> tuple[Float, Float]:
        """How far the mesh reaches, (``DIRECTIONS``,), and its values there, (…, c)."""
        facing = signed_area(places[self._triangles]) < 0
        one, other = np.append(facing, False)[self._beside].T
        # Between a triangle that faces the camera and one that does not; and where the mesh ends.
        sides = self._sides[(one != other) | (self._beside[:, 1] == len(self._triangles))]
        side, direction = _crossed(places[sides])
        start, end = places[sides[side, 0]], places[sides[side, 1]]
        across, down = self._unit[direction].T
        off_start = start[:, 0] * down - start[:, 1] * across
        off_end = end[:, 0] * down - end[:, 1] * across
        gap = off_start - off_end
        share = np.clip(off_start / np.where(np.abs(gap) < 1e-6, 1, gap), 0, 1)[:, None]
        met = start + share * (end - start)
        reached = met[:, 0] * across + met[:, 1] * down
        order = np.argsort(reached, kind="stable")
        # Of values that are put at one place the last one stays, here the farthest.
        reach = np.zeros(DIRECTIONS, np.float32)
        reach[direction[order]] = reached[order]
        found = values[sides[side, 0]]
        found = found + share * (values[sides[side, 1]] - found)
        at_outline = np.zeros((DIRECTIONS, values.shape[1]), np.float32)
        at_outline[direction[order]] = found[order]
        return reach, at_outline


def _crossed(ends: Float) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Which sides, (s, 2, 2), are met in which directions from the origin: two of (m,)."""
    angles = np.arctan2(ends[..., 1], ends[..., 0])
    width = np.remainder(angles[:, 1] - angles[:, 0] + np.pi, 2 * np.pi) - np.pi
    unit = 2 * np.pi / DIRECTIONS
    low = np.ceil((angles[:, 0] + np.minimum(width, 0)) / unit).astype(np.intp)
    high = np.floor((angles[:, 0] + np.maximum(width, 0)) / unit).astype(np.intp)
    counts = np.maximum(high - low + 1, 0)
    side = np.repeat(np.arange(len(ends)), counts)
    first = np.cumsum(counts) - counts
    return side, (low[side] + np.arange(len(side)) - first[side]) % DIRECTIONS


def _sides(triangles: NDArray[np.int32]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """The sides of (t, 3) triangles: their two points, (s, 2), and the triangles beside them.

    (s, 2) as well; ``t`` stands for none, and comes last.
    """
    every = np.sort(np.vstack([triangles[:, pair] for pair in ([0, 1], [1, 2], [2, 0])]), axis=1)
    sides, which = np.unique(every, axis=0, return_inverse=True)
    beside = np.full((len(sides), 2), len(triangles), np.intp)
    numbers = np.tile(np.arange(len(triangles)), 3)
    order = np.argsort(which.ravel(), kind="stable")
    ranks = np.arange(len(order)) - np.searchsorted(which.ravel()[order], which.ravel()[order])
    kept = order[ranks < 2]
    beside[which.ravel()[kept], ranks[ranks < 2]] = numbers[kept]
    return sides.astype(np.intp), beside
