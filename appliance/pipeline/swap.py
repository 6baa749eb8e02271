"""The mesh engine: a source's texture and shape on a target's face. No generator, no weights.

The result is a geometric simulation: every pixel of it was photographed, none was invented.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from appliance.pipeline.blend import blend
from appliance.pipeline.canonical import (
    LEFT_EYE_HOLE,
    MOUTH_HOLE,
    RIGHT_EYE_HOLE,
    SKIRT_RING,
    Canonical,
    signed_area,
    with_skirt,
)
from appliance.pipeline.face import Face, Float, Image
from appliance.pipeline.fit import TEXEL_SCALE, Fit
from appliance.pipeline.geometry import smoothstep
from appliance.pipeline.light import Light
from appliance.pipeline.raster import Raster
from appliance.pipeline.regions import inset, shares
from appliance.pipeline.shape import Poser, ShapeTransfer, facing
from appliance.pipeline.topology import POINTS, eye_distance, eye_openness

FACING = (0.02, 0.25)  # cosines between which a place of the target turns from away to visible
DETAIL_FADE = (0.2, 1.2)  # cm inside the oval over which the new face's detail comes in
TONE_FADE = (0.0, 1.5)  # … and its tone
LIDS_DIFFER = (0.03, 0.06)  # difference of lid openness from which the target's own eyes stay
BEHIND = 1e5  # depth, in pixels, that puts a triangle behind everything that faces the camera

U, V, SHIFT_X, SHIFT_Y, DETAIL, TONE = range(6)
GAIN = slice(6, 9)


@dataclass(frozen=True, slots=True)
class Patch:
    """``rgb``: (h, w, 3) the new look of the region. ``support``: (h, w) 1 where it may differ."""

    rgb: Image
    support: NDArray[np.uint8]


class MeshSwapper:
    """Draws a fitted source over a face.

    ``grid``: longest side, in cells, of the raster that geometry and light are worked out on
    before they are enlarged to the pixels; 400 suits a still, 144 a video.
    """

    def __init__(self, face: Canonical, poser: Poser, grid: int = 400) -> None:
        self._face = face
        self._poser = poser
        self._transfer = ShapeTransfer(face)
        self._grid = grid
        depth = inset(face)
        self._detail = smoothstep(depth, *DETAIL_FADE)
        self._tone = smoothstep(depth, *TONE_FADE)
        lids = np.clip(2 * shares(face)["eyes"], 0, 1)
        right = face.xyz[:, 0] < 0
        self._lids = (lids * right, lids * ~right)

    def visible(self, face: Face) -> Float:
        """How far each mesh point of the target faces the camera: (478,), 0–1."""
        return smoothstep(facing(face.mesh, self._face.triangles), *FACING)

    def swap(self, image: Image, face: Face, light: Light, fit: Fit, shown: Float) -> Patch:
        """The fitted source on ``face`` of ``image``, an RGB cut-out of the picture around it.

        ``light`` is the target's, ``shown`` (s, s) how far each place of the canonical plane is
        free of hair, hands and whatever else, 0–1.
        """
        aligned = self._poser.align(face.mesh)
        difference = self._transfer.difference(fit.source.shape, aligned)
        fit.observe(light, difference, eye_distance(face.points))
        old = with_skirt(face.mesh)
        new = self._moved(old, face, fit)
        values = self._values(old, new, face, light, fit)
        height, width = image.shape[:2]
        planes, holes = self._spread(new, values, fit, face, shown, (width, height))
        rows, columns = np.indices((height, width), np.float32)
        background = cv2.remap(
            image,
            columns + planes[..., SHIFT_X],
            rows + planes[..., SHIFT_Y],
            cv2.INTER_CUBIC,
            borderMode=cv2.BORDER_REPLICATE,
        )
        texels = cv2.remap(
            fit.texture,
            planes[..., U] * fit.texture.shape[1] - 0.5,
            planes[..., V] * fit.texture.shape[0] - 0.5,
            cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_REPLICATE,
        )
        foreground = cv2.multiply(texels, planes[..., GAIN], dtype=cv2.CV_32F)
        rgb = blend(
            background,
            foreground,
            np.ascontiguousarray(planes[..., DETAIL] * holes),
            np.ascontiguousarray(planes[..., TONE] * holes),
        )
        shifted = np.abs(planes[..., SHIFT_X : SHIFT_Y + 1]).max(axis=2) > 0.02
        support = (shifted | (planes[..., TONE] > 0)).astype(np.uint8)
        return Patch(rgb, support)

    def _moved(self, old: Float, face: Face, fit: Fit) -> Float:
        scale, rotation, _ = self._poser.pose(face.mesh)
        new = old.copy()
        new[:POINTS] += scale * (fit.difference * fit.strength[:, None]) @ rotation.T
        return new

    def _values(self, old: Float, new: Float, face: Face, light: Light, fit: Fit) -> Float:
        """What is spread over the pixels, for each mesh and skirt point: (550, 9)."""
        values = np.zeros((len(new), 9), np.float32)
        values[:POINTS, U : V + 1] = self._face.uv
        values[:, SHIFT_X : SHIFT_Y + 1] = (old - new)[:, :2]
        trust = self.visible(face) * self._open_lids(face, fit)
        trust *= fit.source.cover * fit.strength
        values[:POINTS, DETAIL] = self._detail * trust
        values[:POINTS, TONE] = self._tone * trust
        values[:POINTS, GAIN] = np.exp(light.field - fit.source.tone) / TEXEL_SCALE
        return values

    def _open_lids(self, face: Face, fit: Fit) -> Float:
        """0 on the lids of an eye that is more closed than the source's, whose lids would smear."""
        kept = np.ones(POINTS, np.float32)
        for lids, source, target in zip(
            self._lids, fit.source.eyes, eye_openness(face.points), strict=True
        ):
            kept -= lids * smoothstep(np.float32(source - target), *LIDS_DIFFER)
        return kept

    def _spread(
        self,
        new: Float,
        values: Float,
        fit: Fit,
        face: Face,
        shown: Float,
        size: tuple[int, int],
    ) -> tuple[Float, Float]:
        """``values`` over the cut-out's pixels, and how far each pixel lets the source in."""
        scale = min(1.0, self._grid / max(size))
        grid = (max(2, round(size[0] * scale)), max(2, round(size[1] * scale)))
        points = (new[:, :2] + 0.5) * (np.array(grid) / size) - 0.5
        triangles = self._face.triangles
        depth = new[:, 2][triangles].mean(axis=1)
        depth[signed_area(points[triangles]) > 0] += BEHIND  # turned away: a fold or a far cheek
        depth[self._face.kind == SKIRT_RING] += 2 * BEHIND
        raster = Raster.draw(points.astype(np.float32), depth, triangles, grid)
        openings = np.ones(int(self._face.kind.max()) + 1, np.float32)
        openings[MOUTH_HOLE] = 0  # teeth and tongue are the target's own
        pairs = zip(fit.source.eyes, eye_openness(face.points), strict=True)
        for kind, (source, target) in zip((RIGHT_EYE_HOLE, LEFT_EYE_HOLE), pairs, strict=True):
            openings[kind] -= smoothstep(np.float32(abs(source - target)), *LIDS_DIFFER)
        holes = np.append(openings[self._face.kind], np.float32(1))[raster.ids]
        planes = raster.cover().spread(values)
        holes = holes * cv2.remap(
            shown,
            planes[..., U] * shown.shape[1] - 0.5,
            planes[..., V] * shown.shape[0] - 0.5,
            cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_REPLICATE,
        )
        return (
            np.asarray(cv2.resize(planes, size, interpolation=cv2.INTER_LINEAR)),
            np.asarray(cv2.resize(holes, size, interpolation=cv2.INTER_LINEAR)),
        )
