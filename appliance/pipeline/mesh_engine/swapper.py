"""A fitted source drawn on a target's face. No generator, no weights.

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
from appliance.pipeline.face_model.face import Face
from appliance.pipeline.face_model.grid import Grid
from appliance.pipeline.face_model.regions import distance_to_outline, region_weights
from appliance.pipeline.face_model.shape import PoseEstimator, ShapeTransfer, facing
from appliance.pipeline.face_model.topology import POINTS, eye_distance, eye_openness
from appliance.pipeline.imaging import images
from appliance.pipeline.imaging.geometry import ramp, smoothstep, square_crop
from appliance.pipeline.imaging.types import Float, Image
from appliance.pipeline.mesh_engine.blend import blend
from appliance.pipeline.mesh_engine.fit import SourceFit
from appliance.pipeline.mesh_engine.layers import (
    CHANNELS,
    GAIN,
    MASK,
    SHIFT,
    UV,
    interpolate_layers,
)

FACING = (0.02, 0.25)  # cosines from turned away to visible, for a place of the target
FADE = (0.0, 1.4)  # cm inside the oval over which the new face comes in
GRID_SIDE = 28.0  # cm of the face's space that the grid spans: the skirt and a margin
STILL_REACH = 1.2  # cm: how far around a hand the shape stays, as a standard deviation
LIDS_DIFFER = (0.04, 0.08)  # difference of lid openness from which the target's own eyes stay


@dataclass(frozen=True, slots=True)
class Patch:
    """A changed cut-out.

    ``rgb``: (h, w, 3) 0-255. ``support``: (h, w) 1 where ``rgb`` replaces the picture, else 0.
    """

    rgb: Image
    support: NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class QualityPreset:
    """How finely a face is computed.

    ``grid``: cells along a side of the raster on which geometry and light are computed before they
    are enlarged to the pixels. ``limit``: the longest side, in pixels, at which a cut-out is
    processed, to within a factor of 1.5. ``sharp``: whether the target's own pixels are moved by a
    cubic filter rather than a linear one.
    """

    grid: int
    limit: int
    sharp: bool


STILL = QualityPreset(grid=224, limit=1600, sharp=True)
VIDEO = QualityPreset(grid=112, limit=720, sharp=False)


class MeshSwapper:
    """Draws a fitted source over a face."""

    def __init__(
        self,
        canonical: Canonical,
        pose_estimator: PoseEstimator,
        transfer: ShapeTransfer,
        preset: QualityPreset = STILL,
    ) -> None:
        self._canonical = canonical
        self._pose_estimator = pose_estimator
        self._transfer = transfer
        self.preset = preset
        self._cells = preset.grid
        self._background = cv2.INTER_CUBIC if preset.sharp else cv2.INTER_LINEAR
        self._inside = smoothstep(distance_to_outline(canonical), *FADE)
        gaps = np.linalg.norm(canonical.xyz[:, None] - canonical.xyz[None], axis=2)
        self._nearby = np.exp(-0.5 * (gaps / STILL_REACH) ** 2).astype(np.float32)
        lids = np.clip(2 * region_weights(canonical)["eyes"], 0, 1)
        right = canonical.xyz[:, 0] < 0
        self._lids = (lids * right, lids * ~right)

    def facing(self, face: Face) -> Float:
        """How far each mesh point of the target faces the camera: (478,), 0-1."""
        return smoothstep(facing(face.mesh, self._canonical.triangles), *FACING)

    def swap(
        self,
        image: Image,
        face: Face,
        light: Light,
        fit: SourceFit,
        visibility: Float,
        *,
        covered: Float | None = None,
    ) -> Patch:
        """The fitted source on ``face`` of ``image``, an RGB cut-out of the picture around it.

        ``light``: the target's. ``visibility``: (s, s) how far each place of the canonical plane
        shows the face itself, 0-1, and not hair, a hand or anything else in front of it.
        ``covered``: (478,) 0-1, how far hands are in front of each mesh point: they are put back
        later, and the shape stays as it is around them, or a second edge would show.
        """
        aligned = self._pose_estimator.to_canonical(face.mesh)
        difference = self._transfer.difference(fit.source.shape, aligned)
        fit.observe(light, difference, eye_distance(face.points))
        old = with_skirt(face.mesh)
        new = self._moved(old, face, fit, self._free(covered))
        values = self._values(old, new, face, light, fit)
        layers = interpolate_layers(
            self._canonical,
            self._grid(new),
            new,
            values,
            openings=self._openings(face, fit),
            visibility=visibility,
            texels=fit.texture.shape[0],
            size=(image.shape[1], image.shape[0]),
        )
        result = image.copy()
        result[layers.moved] = images.remapped(image, layers.origin, self._background)
        if not layers.mask.size:  # the face is covered or turned away everywhere
            return Patch(result, layers.support)
        foreground = images.remapped(fit.texture, layers.texel)
        cv2.multiply(foreground, layers.gain, dst=foreground)
        drawn = layers.drawn
        result[drawn] = blend(result[drawn], foreground, layers.mask)
        return Patch(result, layers.support)

    def _grid(self, points: Float) -> Grid:
        """A grid around the (n, 3) mesh and skirt, upright with the face and as large."""
        scale, rotation, _ = self._pose_estimator.pose(points[:POINTS])
        roll = float(np.arctan2(rotation[1, 0], rotation[0, 0]))
        centre = points[:POINTS, :2].mean(axis=0)
        return Grid(square_crop(centre, GRID_SIDE * scale, roll, self._cells), self._cells)

    def _free(self, covered: Float | None) -> Float:
        """How far each mesh point may move: (478,), 0-1, less near what hands cover."""
        if covered is None:
            return np.ones(POINTS, np.float32)
        return np.asarray(1 - (self._nearby * covered).max(axis=1), np.float32)

    def _moved(self, old: Float, face: Face, fit: SourceFit, free: Float) -> Float:
        scale, rotation, _ = self._pose_estimator.pose(face.mesh)
        new = old.copy()
        new[:POINTS] += scale * (fit.difference * (fit.strength * free)[:, None]) @ rotation.T
        return new

    def _values(self, old: Float, new: Float, face: Face, light: Light, fit: SourceFit) -> Float:
        """What is interpolated over the pixels, for each mesh and skirt point: (550, 8)."""
        values = np.zeros((len(new), CHANNELS), np.float32)
        values[:POINTS, UV] = self._canonical.uv
        values[:, SHIFT] = (old - new)[:, :2]
        trust = self.facing(face) * self._open_lids(face, fit)
        trust *= fit.source.cover * fit.strength
        values[:POINTS, MASK] = self._inside * trust
        values[:POINTS, GAIN] = np.exp(light.field - fit.source.tone)
        return values

    def _open_lids(self, face: Face, fit: SourceFit) -> Float:
        """0 on the lids of an eye that is more closed than the source's, whose lids would smear."""
        kept = np.ones(POINTS, np.float32)
        for lids, source, target in zip(
            self._lids, fit.source.eyes, eye_openness(face.points), strict=True
        ):
            kept -= lids * ramp(source - target, *LIDS_DIFFER)
        return kept

    def _openings(self, face: Face, fit: SourceFit) -> Float:
        """How far each triangle lets the source in: not at the mouth, at eyes that are alike."""
        by_kind = np.ones(int(self._canonical.kind.max()) + 1, np.float32)
        by_kind[MOUTH_HOLE] = 0  # teeth and tongue are the target's own
        pairs = zip(fit.source.eyes, eye_openness(face.points), strict=True)
        for kind, (source, target) in zip((RIGHT_EYE_HOLE, LEFT_EYE_HOLE), pairs, strict=True):
            by_kind[kind] -= ramp(abs(source - target), *LIDS_DIFFER)
        return by_kind[self._canonical.kind]
