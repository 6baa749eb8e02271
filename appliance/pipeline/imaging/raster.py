"""Values at mesh points, interpolated over the pixels that the mesh covers."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from appliance.pipeline.imaging.types import Float

SUBPIXEL_BITS = 4


@dataclass(frozen=True, slots=True)
class Raster:
    """Which triangle each pixel of a small picture shows.

    ``ids``: (h, w) triangle, or -1. ``inverse``: (t, 3, 3); a row [x, y, 1] times it gives the
    pixel's barycentric coordinates. ``triangles``: (t, 3) points. ``adjacent``: (t, 3) the triangle
    across each side, see :func:`neighbours`.
    """

    ids: NDArray[np.int32]
    inverse: Float
    triangles: NDArray[np.int32]
    adjacent: NDArray[np.int32]

    @classmethod
    def draw(
        cls,
        points: Float,
        depth: Float,
        triangles: NDArray[np.int32],
        size: tuple[int, int],
        adjacent: NDArray[np.int32] | None = None,
    ) -> Raster:
        """(t, 3) triangles over (n, 2) ``points`` on (w, h) pixels, the deepest first.

        ``depth``: (t,) of each, in any unit. ``adjacent``: their :func:`neighbours`, computed where
        not given.
        """
        corners = points[triangles]
        ids = np.full((size[1], size[0]), -1, np.int32)
        fixed = np.round(corners * (1 << SUBPIXEL_BITS)).astype(np.int32)
        for index in np.argsort(-depth).tolist():
            cv2.fillConvexPoly(ids, fixed[index], index, cv2.LINE_8, SUBPIXEL_BITS)
        adjacent = neighbours(triangles) if adjacent is None else adjacent
        return cls(ids, _barycentric(corners), triangles, adjacent)

    def cover(self) -> Cover:
        """Where each covered pixel lies in its triangle."""
        height, width = self.ids.shape
        pixels = np.flatnonzero(self.ids >= 0)
        shown = self.ids.ravel()[pixels]
        y, x = np.divmod(pixels, width)
        homogeneous = np.stack([x, y, np.ones_like(x)], axis=1).astype(np.float32)
        shares = _shares(homogeneous, self.inverse[shown])
        # OpenCV also marks pixels that a triangle only touches. Most lie in an adjacent one.
        missed = np.flatnonzero(_least(shares) < 0)
        for side in range(3):
            adjacent = self.adjacent[shown[missed], side]
            inside = _shares(homogeneous[missed], self.inverse[adjacent])
            better = _least(inside) > _least(shares[missed])
            shares[missed[better]] = inside[better]
            shown[missed[better]] = adjacent[better]
        # A pixel that is still outside, at the rim or a fold, takes its triangle's nearest place.
        shares = np.maximum(shares, 0) + np.float32(1e-6)
        shares /= (shares[:, 0] + shares[:, 1] + shares[:, 2])[:, None]
        return Cover((height, width), pixels, shown, self.triangles[shown], shares)


@dataclass(frozen=True, slots=True)
class Cover:
    """Which points each pixel of a picture of ``shape`` (h, w) lies between.

    ``pixels``: (p,) flat indices of those that lie in a triangle. ``shown``: (p,) that triangle.
    ``corners``: (p, 3) its points. ``shares``: (p, 3) barycentric coordinates; rows sum to 1.
    """

    shape: tuple[int, int]
    pixels: NDArray[np.intp]
    shown: NDArray[np.int32]
    corners: NDArray[np.int32]
    shares: Float

    def interpolate(self, values: Float) -> Float:
        """(n, c) values at the points as (h, w, c): linear over each triangle, 0 outside of all."""
        channels = values.shape[1]
        spread = np.zeros((self.shape[0] * self.shape[1], channels), np.float32)
        # Channel by channel is several times as fast as all at once.
        for channel, column in enumerate(np.ascontiguousarray(values.T)):
            spread[self.pixels, channel] = np.einsum("pj,pj->p", self.shares, column[self.corners])
        return spread.reshape(*self.shape, channels)

    def paint(self, values: Float) -> Float:
        """(t,) values of the triangles as (h, w), 1 outside of all."""
        painted = np.ones(self.shape[0] * self.shape[1], np.float32)
        painted[self.pixels] = values[self.shown]
        return painted.reshape(self.shape)


def _shares(homogeneous: Float, inverse: Float) -> Float:
    return np.asarray(np.einsum("pi,pij->pj", homogeneous, inverse), np.float32)


def _least(shares: Float) -> Float:
    return np.minimum(np.minimum(shares[:, 0], shares[:, 1]), shares[:, 2])


def neighbours(triangles: NDArray[np.int32]) -> NDArray[np.int32]:
    """For each of (t, 3) triangles the one across each side: (t, 3); itself at an open edge."""
    adjacent = np.repeat(np.arange(len(triangles), dtype=np.int32)[:, None], 3, axis=1)
    sides: dict[frozenset[int], tuple[int, int]] = {}
    for index, corners in enumerate(triangles.tolist()):
        for side in range(3):
            edge = frozenset((corners[side], corners[side - 1]))
            if edge in sides:
                other, other_side = sides[edge]
                adjacent[index, side], adjacent[other, other_side] = other, index
            else:
                sides[edge] = (index, side)
    return adjacent


def _barycentric(corners: Float) -> Float:
    """For (n, 3, 2) triangles the (n, 3, 3) that turn a row [x, y, 1] into its three shares."""
    x, y = corners[..., 0], corners[..., 1]
    x1, x2, y1, y2 = (np.roll(v, -i, axis=1) for v in (x, y) for i in (1, 2))
    lines = np.stack([y1 - y2, x2 - x1, x1 * y2 - x2 * y1], axis=1)
    area = lines.sum(axis=2)[:, 2]
    # No visible pixel lies in a triangle without area, so any finite value will do.
    return np.asarray(lines / np.where(np.abs(area) < 1e-6, 1, area)[:, None, None], np.float32)
