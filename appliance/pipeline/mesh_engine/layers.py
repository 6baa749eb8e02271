"""From values at mesh points to the layers from which a new face is composed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from appliance.pipeline.face_model.canonical import Canonical
from appliance.pipeline.face_model.grid import Grid, rasterise
from appliance.pipeline.imaging import images
from appliance.pipeline.imaging.types import Float

# The channels of the values at a point: place in the texture; the shift, in pixels, to where the
# target's own pixel comes from; how far the new face covers it, 0-1; the light, RGB factors.
UV, SHIFT, MASK, GAIN = slice(0, 2), slice(2, 4), 4, slice(5, 8)
CHANNELS = 8

MIN_SHIFT = 0.02  # pixels: anything less counts as no shift


@dataclass(frozen=True, slots=True)
class Layers:
    """What the pixels of a cut-out are made of, each (h, w) or (h, w, c).

    ``moved``: the rows and columns where the target's own pixels move, ``origin``: x, y of where in
    the cut-out they come from. ``drawn``: those where the new face is drawn, and for these alone
    ``texel``: x, y of the source's texture, ``gain``: RGB factors on it, ``mask``: how far it
    covers the target. ``support``: for the whole cut-out, 1 where anything may change.
    """

    moved: tuple[slice, slice]
    origin: Float
    drawn: tuple[slice, slice]
    texel: Float
    gain: Float
    mask: Float
    support: NDArray[np.uint8]


def interpolate_layers(
    canonical: Canonical,
    grid: Grid,
    points: Float,
    values: Float,
    *,
    openings: Float,
    visibility: Float,
    texels: int,
    size: tuple[int, int],
) -> Layers:
    """``values`` (n, 8) at the mesh and skirt ``points`` (n, 3) over ``size`` (w, h) pixels.

    ``openings``: (t,) how far each triangle lets the source in, 0-1. ``visibility``: (s, s) how far
    each place of the canonical plane does, 0-1. ``texels``: a side of the source's texture.
    """
    cover = rasterise(canonical, grid, points).cover()
    planes = cover.interpolate(values)
    let_in = cover.paint(openings) * images.remapped(
        visibility, planes[..., UV] * visibility.shape[0] - 0.5
    )
    mask = planes[..., MASK] * let_in
    shifted = _length(planes[..., SHIFT]) > MIN_SHIFT
    moved = grid.window(shifted, size)
    drawn = grid.window(mask > 0, size)
    everywhere = (slice(0, size[1]), slice(0, size[0]))
    changed = grid.enlarged((shifted | (mask > 0)).astype(np.float32), everywhere)
    return Layers(
        moved=moved,
        origin=grid.origins(planes[..., SHIFT], moved),
        drawn=drawn,
        texel=grid.enlarged(planes[..., UV] * texels - 0.5, drawn),
        gain=grid.enlarged(planes[..., GAIN], drawn),
        mask=grid.enlarged(mask, drawn),
        support=(changed > 0).astype(np.uint8),
    )


def _length(vectors: Float) -> Float:
    return np.hypot(vectors[..., 0], vectors[..., 1])
