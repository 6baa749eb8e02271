"""Draws on a picture where and how far a simulation moves a face."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from appliance.cli.drawing.overlay import faded, pen, strokes
from appliance.cli.drawing.sheet import ACCENT
from appliance.pipeline.face_model.canonical import signed_area
from appliance.pipeline.imaging.raster import Raster
from appliance.pipeline.imaging.types import Float, Image

CELLS = 32  # of the grid of arrows over the longer side of the picture
LONGEST = 0.07  # of that side that the longest arrow may take
TIMES = (1, 2, 3, 5, 10, 20)  # by which arrows may be longer than the way
LEAST = 0.15  # mm that a place moves to get an arrow


def exaggeration(before: Float, after: Float, side: float) -> int:
    """By how many times arrows may be longer than the way, in a picture of ``side`` pixels.

    ``before`` and ``after``: (478, 2 or 3) mesh points in its pixels.
    """
    way = (after - before)[:, :2]
    longest = float(np.hypot(way[:, 0], way[:, 1]).max())
    fitting = [times for times in TIMES if times * longest <= LONGEST * side]
    return fitting[-1] if fitting else TIMES[0]


def arrow_field(
    image: Image, before: Float, after: Float, triangles: NDArray[np.int32], mm: float
) -> Image:
    """``image``, (h, w, 3) RGB, pale, with arrows from where the face was to where it goes.

    They are :func:`exaggeration` times as long as the way. ``before`` and ``after``: (478, 3) mesh
    in pixels of the picture. ``triangles``: (t, 3) of the mesh; arrows stand on those that face the
    camera. ``mm``: of a pixel.
    """
    height, width = image.shape[:2]
    cell = max(height, width) / CELLS
    times = exaggeration(before, after, max(height, width))
    shown = triangles[signed_area(before[triangles][..., :2]) < 0]
    grid = np.asarray((before[:, :2] + 0.5) / cell - 0.5, np.float32)
    size = (round(width / cell), round(height / cell))
    raster = Raster.draw(grid, before[:, 2][shown].mean(axis=1), shown, size)
    way = raster.cover().interpolate(np.asarray((after - before)[:, :2], np.float32))
    long_enough = (raster.ids >= 0) & (np.hypot(way[..., 0], way[..., 1]) * mm >= LEAST)
    rows, columns = np.nonzero(long_enough)
    starts = (np.column_stack([columns, rows]) + 0.5) * cell - 0.5
    arrows = [
        _arrow(start, start + times * shift, cell)
        for start, shift in zip(starts, way[rows, columns], strict=True)
    ]
    return strokes(faded(image), arrows, ACCENT, pen(image))


def _arrow(start: Float, end: Float, cell: float) -> Float:
    """An arrow in one stroke: (6, 2)."""
    way = end - start
    length = max(float(np.linalg.norm(way)), 1e-6)
    head = min(0.4 * cell, 0.5 * length)
    back, aside = -head * way / length, 0.55 * head * np.array([-way[1], way[0]]) / length
    return np.array([start, end, end + back + aside, end, end + back - aside, end])
