"""From values at mesh points to the layers that a new face is composed of."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from appliance.pipeline import images
from appliance.pipeline.canonical import SKIRT_RING, Canonical, signed_area
from appliance.pipeline.face import Float
from appliance.pipeline.geometry import shrunk_points
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

    ``origin``: x, y of the pixel of the cut-out that moves here. ``support``: 1 where anything may
    change. The others are for the ``inner`` rows and columns alone, where the new face is drawn.
    ``uv``: the place in the source's texture. ``gain``: RGB factors on it. ``detail`` and ``tone``:
    see :func:`appliance.pipeline.blend.blend`.
    """

    origin: Float
    support: NDArray[np.uint8]
    inner: tuple[slice, slice]
    uv: Float
    gain: Float
    detail: Float
    tone: Float


def spread(
    face: Canonical,
    points: Float,
    values: Float,
    *,
    openings: Float,
    shown: Float,
    size: tuple[int, int],
    grid: int,
) -> Layers:
    """``values`` (n, 9) at the mesh and skirt ``points`` (n, 3) over ``size`` (w, h) pixels.

    ``openings``: how far each triangle lets the source in, ``shown`` (s, s): how far each place of
    the canonical plane does; both 0-1. ``grid``: the most cells a side of the raster.
    """
    step = -(-max(size) // grid)  # whole, so that windows of cells are whole pixels
    everything = _Window(slice(0, -(-size[1] // step)), slice(0, -(-size[0] // step)), step, size)
    raster = _drawn(face, points, everything)
    planes = raster.cover().spread(values)
    let_in = np.append(openings, np.float32(1))[raster.ids]
    let_in *= images.sampled(shown, planes[..., UV] * shown.shape[0] - 0.5)
    tone = planes[..., TONE] * let_in
    rows, columns = np.indices(tone.shape, np.float32)
    origin = (np.stack([columns, rows], axis=2) + 0.5) * step - 0.5 + planes[..., SHIFT]
    changed = (np.abs(planes[..., SHIFT]).max(axis=2) > LEAST_SHIFT) | (tone > 0)
    inner = everything.around(tone > 0)
    return Layers(
        origin=everything.enlarged(origin),
        support=(everything.enlarged(changed.astype(np.float32)) > 0).astype(np.uint8),
        inner=inner.pixels,
        uv=inner.enlarged(planes[..., UV]),
        gain=inner.enlarged(planes[..., GAIN]),
        detail=inner.enlarged(planes[..., DETAIL] * let_in),
        tone=inner.enlarged(tone),
    )


def _drawn(face: Canonical, points: Float, window: _Window) -> Raster:
    """The mesh on the window's cells, the nearest triangle on top."""
    places = shrunk_points(points[:, :2], window.step)
    depth = points[:, 2][face.triangles].mean(axis=1)
    turned_away = signed_area(places[face.triangles]) > 0  # within a fold, or on a far cheek
    depth += BEHIND * turned_away + 2 * BEHIND * (face.kind == SKIRT_RING)
    size = (window.columns.stop, window.rows.stop)
    return Raster.draw(places, depth, face.triangles, size)


@dataclass(frozen=True, slots=True)
class _Window:
    """Rows and columns of a grid whose cells stand for ``step``² pixels of a ``size`` (w, h)."""

    rows: slice
    columns: slice
    step: int
    size: tuple[int, int]

    def around(self, wanted: NDArray[np.bool_]) -> _Window:
        """The smallest window around the ``wanted`` cells, at least one cell."""
        extents = []
        for axis in (1, 0):
            used = np.flatnonzero(wanted.any(axis=axis))
            extents.append(slice(int(used[0]), int(used[-1]) + 1) if len(used) else slice(0, 1))
        return _Window(extents[0], extents[1], self.step, self.size)

    @property
    def pixels(self) -> tuple[slice, slice]:
        """The pixels it stands for; at the far edges a cell may reach beyond the last."""
        width, height = self.size
        rows, columns = self.rows, self.columns
        return (
            slice(rows.start * self.step, min(rows.stop * self.step, height)),
            slice(columns.start * self.step, min(columns.stop * self.step, width)),
        )

    def enlarged(self, plane: Float) -> Float:
        """The window's part of a grid's ``plane`` at the pixels' resolution."""
        part = plane[self.rows, self.columns]
        size = (part.shape[1] * self.step, part.shape[0] * self.step)
        large = images.resized(part, size)
        rows, columns = self.pixels
        return large[: rows.stop - rows.start, : columns.stop - columns.start]
