"""The mesh engine: a source's texture and shape on a target's face. No generator, no weights.

The result is a geometric simulation: every pixel of it was photographed, none was invented.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from appliance.pipeline.appearance.illumination import Light
from appliance.pipeline.face_model.canonical import (
    LEFT_EYE_HOLE,
    MOUTH_HOLE,
    RIGHT_EYE_HOLE,
    Canonical,
    with_skirt,
)
from appliance.pipeline.face_model.face import Face, Float, Image
from appliance.pipeline.face_model.regions import inset, shares
from appliance.pipeline.face_model.shape import Poser, ShapeTransfer, facing
from appliance.pipeline.face_model.topology import POINTS, eye_distance, eye_openness
from appliance.pipeline.imaging import images
from appliance.pipeline.imaging.geometry import ramp, smoothstep, square_crop
from appliance.pipeline.mesh_engine.blend import blend
from appliance.pipeline.mesh_engine.fit import Fit
from appliance.pipeline.mesh_engine.layers import (
    CHANNELS,
    GAIN,
    MASK,
    SHIFT,
    UV,
    Grid,
    spread,
)

FACING = (0.02, 0.25)  # cosines between which a place of the target turns from away to visible
FADE = (0.0, 1.4)  # cm inside the oval over which the new face comes in
GRID_SIDE = 28.0  # cm of the face's space that the grid spans: the skirt and a margin
LIDS_DIFFER = (0.04, 0.08)  # difference of lid openness from which the target's own eyes stay


@dataclass(frozen=True, slots=True)
class Patch:
    """``rgb``: (h, w, 3) the new look of a cut-out, of which only ``support``, (h, w) 1, counts."""

    rgb: Image
    support: NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Effort:
    """How finely a face is worked on.

    ``grid``: cells a side of the raster that geometry and light are worked out on before they are
    enlarged to the pixels. ``limit``: longest side, in pixels, of the cut-out that
    is worked on, give or take a half. ``sharp``: the target's own pixels are moved by a cubic
    filter rather than a linear one.
    """

    grid: int
    limit: int
    sharp: bool


STILL = Effort(grid=224, limit=1600, sharp=True)
VIDEO = Effort(grid=112, limit=720, sharp=False)


class MeshSwapper:
    """Draws a fitted source over a face."""

    def __init__(
        self, face: Canonical, poser: Poser, transfer: ShapeTransfer, effort: Effort = STILL
    ) -> None:
        self._face = face
        self._poser = poser
        self._transfer = transfer
        self.effort = effort
        self._cells = effort.grid
        self._background = cv2.INTER_CUBIC if effort.sharp else cv2.INTER_LINEAR
        self._inside = smoothstep(inset(face), *FADE)
        lids = np.clip(2 * shares(face)["eyes"], 0, 1)
        right = face.xyz[:, 0] < 0
        self._lids = (lids * right, lids * ~right)

    def visible(self, face: Face) -> Float:
        """How far each mesh point of the target faces the camera: (478,), 0-1."""
        return smoothstep(facing(face.mesh, self._face.triangles), *FACING)

    def swap(self, image: Image, face: Face, light: Light, fit: Fit, shown: Float) -> Patch:
        """The fitted source on ``face`` of ``image``, an RGB cut-out of the picture around it.

        ``light`` is the target's, ``shown`` (s, s) how far each place of the canonical plane is
        free of hair, hands and whatever else, 0-1.
        """
        aligned = self._poser.align(face.mesh)
        difference = self._transfer.difference(fit.source.shape, aligned)
        fit.observe(light, difference, eye_distance(face.points))
        old = with_skirt(face.mesh)
        new = self._moved(old, face, fit)
        values = self._values(old, new, face, light, fit)
        layers = spread(
            self._face,
            self._grid(new),
            new,
            values,
            openings=self._openings(face, fit),
            shown=shown,
            texels=fit.texture.shape[0],
            size=(image.shape[1], image.shape[0]),
        )
        result = image.copy()
        result[layers.moved] = images.sampled(image, layers.origin, self._background)
        if not layers.mask.size:  # all of the face is covered or turned away
            return Patch(result, layers.support)
        foreground = images.sampled(fit.texture, layers.texel)
        cv2.multiply(foreground, layers.gain, dst=foreground)
        drawn = layers.drawn
        result[drawn] = blend(result[drawn], foreground, layers.mask)
        return Patch(result, layers.support)

    def _grid(self, points: Float) -> Grid:
        """A grid around the (n, 3) mesh and skirt, upright with the face and as large."""
        scale, rotation, _ = self._poser.pose(points[:POINTS])
        roll = float(np.arctan2(rotation[1, 0], rotation[0, 0]))
        centre = points[:POINTS, :2].mean(axis=0)
        return Grid(square_crop(centre, GRID_SIDE * scale, roll, self._cells), self._cells)

    def _moved(self, old: Float, face: Face, fit: Fit) -> Float:
        scale, rotation, _ = self._poser.pose(face.mesh)
        new = old.copy()
        new[:POINTS] += scale * (fit.difference * fit.strength[:, None]) @ rotation.T
        return new

    def _values(self, old: Float, new: Float, face: Face, light: Light, fit: Fit) -> Float:
        """What is spread over the pixels, for each mesh and skirt point: (550, 8)."""
        values = np.zeros((len(new), CHANNELS), np.float32)
        values[:POINTS, UV] = self._face.uv
        values[:, SHIFT] = (old - new)[:, :2]
        trust = self.visible(face) * self._open_lids(face, fit)
        trust *= fit.source.cover * fit.strength
        values[:POINTS, MASK] = self._inside * trust
        values[:POINTS, GAIN] = np.exp(light.field - fit.source.tone)
        return values

    def _open_lids(self, face: Face, fit: Fit) -> Float:
        """0 on the lids of an eye that is more closed than the source's, whose lids would smear."""
        kept = np.ones(POINTS, np.float32)
        for lids, source, target in zip(
            self._lids, fit.source.eyes, eye_openness(face.points), strict=True
        ):
            kept -= lids * ramp(source - target, *LIDS_DIFFER)
        return kept

    def _openings(self, face: Face, fit: Fit) -> Float:
        """How far each triangle lets the source in: not at the mouth, at eyes that are alike."""
        by_kind = np.ones(int(self._face.kind.max()) + 1, np.float32)
        by_kind[MOUTH_HOLE] = 0  # teeth and tongue are the target's own
        pairs = zip(fit.source.eyes, eye_openness(face.points), strict=True)
        for kind, (source, target) in zip((RIGHT_EYE_HOLE, LEFT_EYE_HOLE), pairs, strict=True):
            by_kind[kind] -= ramp(abs(source - target), *LIDS_DIFFER)
        return by_kind[self._face.kind]
