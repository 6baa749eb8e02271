"""A fitted source drawn on a target's face. No generator, no weights.

The result is a geometric simulation: all that it shows was photographed, on the source or on the
target, but for skin that is filled in where the source wears spectacles.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from appliance.pipeline.appearance.illumination import Light
from appliance.pipeline.appearance.look.grain import grain, with_grain
from appliance.pipeline.face_model.canonical import Canonical
from appliance.pipeline.face_model.expression_gap import ExpressionGap
from appliance.pipeline.face_model.face import Face
from appliance.pipeline.face_model.grid import Grid
from appliance.pipeline.face_model.nose import NoseCloser
from appliance.pipeline.face_model.regions import distance_to_outline
from appliance.pipeline.face_model.shape import PoseEstimator, ShapeTransfer, facing
from appliance.pipeline.face_model.texture import TexturePlane
from appliance.pipeline.face_model.topology import POINTS, eye_distance
from appliance.pipeline.imaging import images
from appliance.pipeline.imaging.geometry import smoothstep, square_crop
from appliance.pipeline.imaging.types import Float, Image
from appliance.pipeline.mesh_engine.blend import blend
from appliance.pipeline.mesh_engine.feature_colours import FeatureColours, Recolouring, recoloured
from appliance.pipeline.mesh_engine.fit import SourceFit
from appliance.pipeline.mesh_engine.layers import (
    CHANNELS,
    MASK,
    SHIFT,
    UV,
    LayerInterpolator,
)
from appliance.pipeline.mesh_engine.own_parts import OwnParts

FACING = (0.02, 0.25)  # cosines from turned away to visible, for a place of the target
# Of the trust in a source's texture: from here on it is drawn in full. A mirror image and skin that
# was painted in are trusted less where another photo is better; where there is none, a tenth of the
# target's own features would show through them.
DRAWN = 0.8
EYES = 8.9  # cm between the outer eye corners of the canonical face
FADE = (0.0, 1.4)  # cm inside the oval over which the new face comes in
LIGHT_PLANE = 64  # texels: light changes over centimetres, and one is 2.5 mm of a face
GRID_SIDE = 28.0  # cm of the face's space that the grid spans: the skirt and a margin
STILL_REACH = 1.2  # cm: how far around a hand the shape stays, as a standard deviation


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

    # Of the engine's two swappers, a job needs one.

    @cached_property
    def _inside(self) -> Float:
        return smoothstep(distance_to_outline(self._canonical), *FADE)

    @cached_property
    def _own_parts(self) -> OwnParts:
        return OwnParts(self._canonical)

    @cached_property
    def _nearby(self) -> Float:
        """How far the shape stays at each mesh point where a hand is before another: (478, 478)."""
        xyz = self._canonical.xyz
        gaps = np.linalg.norm(xyz[:, None] - xyz[None], axis=2)
        return np.asarray(np.exp(-0.5 * (gaps / STILL_REACH) ** 2), np.float32)

    @cached_property
    def _nose(self) -> NoseCloser:
        return NoseCloser(self._canonical)

    @cached_property
    def _layers(self) -> LayerInterpolator:
        return LayerInterpolator(self._canonical, self.preset.grid)

    @cached_property
    def _light_plane(self) -> TexturePlane:
        return TexturePlane(self._canonical, LIGHT_PLANE)

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
        facing: Float | None = None,
        covered: Float | None = None,
    ) -> Patch:
        """The fitted source on ``face`` of ``image``, an RGB cut-out of the picture around it.

        ``light``: the target's. ``visibility``: (s, s) how far each place of the canonical plane
        shows the face itself, 0-1, and not hair, a hand or anything else in front of it.
        ``facing``: see :meth:`facing`, if the caller has it.
        ``covered``: (478,) 0-1, how far hands are in front of each mesh point: they are put back
        later, and the shape stays as it is around them, or a second edge would show.
        """
        pose = self._pose_estimator.pose(face.mesh)
        aligned = self._pose_estimator.to_canonical(face.mesh, pose)
        gap = ExpressionGap.between(fit.source.shape, aligned)
        difference = self._transfer.difference(fit.source.shape, aligned, gap=gap)
        fit.observe(difference, eye_distance(face.points), brows=self._transfer.brows)
        if covered is not None:
            gap = gap.behind(covered)
        new = _moved(face, fit, pose, self._free(covered))
        facing = self.facing(face) if facing is None else facing
        cover = np.minimum(fit.source.cover / DRAWN, np.float32(1))
        trust = self._nose.closed(facing) * cover * fit.strength
        values = self._values((face.mesh - new)[:, :2], trust * self._own_parts.drawn(gap))
        layers = self._layers.interpolate(
            self._grid(new),
            new,
            values,
            openings=self._own_parts.openings(gap),
            visibility=visibility,
            texels=fit.texture.shape[0],
            size=(image.shape[1], image.shape[0]),
        )
        source = fit.source.features
        own = fit.features.observe(FeatureColours.measure(image, face.points, light), covered)
        shares = self._own_parts.recolouring(gap, trust, visibility) * source.shown
        change = Recolouring(own, source.colours, shares)
        result = recoloured(image, face.points, light, change)
        result[layers.moved] = images.remapped(result, layers.origin, self._background)
        if not layers.mask.size:  # the face is covered or turned away everywhere
            return Patch(result, layers.support)
        drawn = layers.drawn
        foreground = images.remapped(self._lit(light, fit), layers.texel)
        share = fit.grain_at(layers.texel)
        extra = grain(result[drawn], share, eye_distance(face.points) / EYES)
        result[drawn] = blend(result[drawn], with_grain(foreground, extra), layers.mask)
        return Patch(result, layers.support)

    def _grid(self, points: Float) -> Grid:
        """A grid around the (478, 3) mesh, upright with the face and as large."""
        scale, rotation, _ = self._pose_estimator.pose(points)
        roll = float(np.arctan2(rotation[1, 0], rotation[0, 0]))
        centre = points[:, :2].mean(axis=0)
        return Grid(square_crop(centre, GRID_SIDE * scale, roll, self._cells), self._cells)

    def _free(self, covered: Float | None) -> Float:
        """How far each mesh point may move: (478,), 0-1, less near what hands cover."""
        if covered is None:
            return np.ones(POINTS, np.float32)
        return np.asarray(1 - (self._nearby * covered).max(axis=1), np.float32)

    def _values(self, shift: Float, drawn: Float) -> Float:
        """What is interpolated over the pixels, for each mesh point: (478, 5)."""
        values = np.zeros((POINTS, CHANNELS), np.float32)
        values[:, UV] = self._canonical.uv
        values[:, SHIFT] = shift
        values[:, MASK] = self._inside * drawn
        return values

    def _lit(self, light: Light, fit: SourceFit) -> Image:
        """The fitted texture in the target's light: (s, s, 3)."""
        gain = np.exp(light.field - fit.source.tone)
        plane = self._light_plane.interpolate(gain)
        plane[~self._light_plane.covered] = gain.mean(axis=0)
        size = fit.texture.shape[1::-1]
        lit: Any = cv2.multiply(fit.texture, images.resized(plane, size), dtype=cv2.CV_8U)
        return np.asarray(lit, np.uint8)


def _moved(face: Face, fit: SourceFit, pose: tuple[float, Float, Float], free: Float) -> Float:
    """The (478, 3) mesh in the source's shape, as far as each point is ``free``, (478,) 0-1."""
    scale, rotation, _ = pose
    strength = (fit.strength * free)[:, None]
    moved = face.mesh + scale * (fit.difference * strength) @ rotation.T
    return np.asarray(moved, np.float32)
