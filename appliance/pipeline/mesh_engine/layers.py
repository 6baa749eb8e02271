"""From values at mesh points to the layers from which a new face is composed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from appliance.pipeline.face_model.canonical import SKIRT_RING, Canonical
from appliance.pipeline.face_model.grid import Grid, rasterise_mesh
from appliance.pipeline.face_model.outline import Outline, OutlineFinder
from appliance.pipeline.imaging import images
from appliance.pipeline.imaging.geometry import smoothstep, transform
from appliance.pipeline.imaging.raster import neighbours
from appliance.pipeline.imaging.types import Float

# The channels of the values at a point: place in the texture; the shift, in pixels, to where the
# target's own pixel comes from; how far the new face covers it, 0-1.
UV, SHIFT, MASK = slice(0, 2), slice(2, 4), 4
CHANNELS = 5

MIN_SHIFT = 0.02  # pixels: anything less counts as no shift
# Cells inside of the outline over which the new face comes in: as the grid has it, so that the
# edge is never finer than what the grid can show. It ends a little inside, where cells next to the
# last one lie on the mesh, too.
EDGE = (0.5, 3.0)
# How far beyond the outline the target's own pixels move with it, in parts of its distance from
# the middle.
SURROUNDINGS = 0.22


@dataclass(frozen=True, slots=True)
class Layers:
    """What the pixels of a cut-out are made of, each (h, w) or (h, w, c).

    ``moved``: the rows and columns where the target's own pixels move, ``origin``: x, y of where in
    the cut-out they come from. ``drawn``: those where the new face is drawn, and for these alone
    ``texel``: x, y of the source's texture, ``mask``: how far it covers the target, 0-255.
    ``support``: for the whole cut-out, 1 where anything may change.
    """

    moved: tuple[slice, slice]
    origin: Float
    drawn: tuple[slice, slice]
    texel: Float
    mask: NDArray[np.uint8]
    support: NDArray[np.uint8]


class LayerInterpolator:
    """Spreads values at the points of a mesh over pixels, by grids of ``cells`` a side."""

    def __init__(self, canonical: Canonical, cells: int) -> None:
        self._drawn = np.flatnonzero(canonical.kind != SKIRT_RING)
        self._triangles = canonical.triangles[self._drawn]
        self._adjacent = neighbours(self._triangles)
        self._outlines = OutlineFinder(self._triangles, cells)

    def interpolate(
        self,
        grid: Grid,
        points: Float,
        values: Float,
        *,
        openings: Float,
        visibility: Float,
        texels: int,
        size: tuple[int, int],
    ) -> Layers:
        """``values`` (478, 5) at the mesh ``points`` (478, 3) over ``size`` (w, h) pixels.

        ``openings``: (t,) how far each of the canonical triangles lets the source in, 0-1.
        ``visibility``: (s, s) how far each place of the canonical plane does, 0-1. ``texels``: a
        side of the source's texture.
        """
        raster = rasterise_mesh(grid, points, self._triangles, self._adjacent)
        cover = raster.cover()
        planes = cover.interpolate(values)
        outline = self._outlines.find(transform(points[:, :2], grid.matrix), values[:, SHIFT])
        shift = _surrounded(planes[..., SHIFT], raster.ids >= 0, outline)
        let_in = cover.paint(openings[self._drawn]) * images.remapped(
            visibility, planes[..., UV] * visibility.shape[0] - 0.5
        )
        mask = planes[..., MASK] * let_in * smoothstep(outline.depth, *EDGE)
        shifted = _length(shift) > MIN_SHIFT
        moved = grid.window(shifted, size)
        drawn = grid.window(mask > 0, size)
        return Layers(
            moved=moved,
            origin=grid.origins(shift, moved),
            drawn=drawn,
            texel=grid.enlarged(planes[..., UV] * texels - 0.5, drawn),
            mask=grid.enlarged(np.rint(255 * mask).astype(np.uint8), drawn),
            support=grid.touched(shifted | (mask > 0), size),
        )


def _surrounded(shift: Float, covered: NDArray[np.bool_], outline: Outline) -> Float:
    """The (h, w, 2) ``shift`` where ``covered``, and around it that of the outline, fading out.

    Towards the outline it becomes that of the outline: where the mesh turns away from the camera,
    what lies between two cells may be more than either shows.
    """
    fade = 1 - smoothstep(outline.beyond, 1, 1 + SURROUNDINGS)
    own = (covered * smoothstep(outline.depth, *EDGE))[..., None]
    around = outline.values * fade[..., None]
    return np.asarray(around + own * (shift - around), np.float32)


def _length(vectors: Float) -> Float:
    return np.hypot(vectors[..., 0], vectors[..., 1])
