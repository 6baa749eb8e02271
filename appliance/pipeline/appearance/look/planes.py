"""Where skin, features, eyes, lips and nostrils lie on the canonical plane."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from appliance.pipeline.face_model.canonical import LEFT_EYE_HOLE, RIGHT_EYE_HOLE, Canonical
from appliance.pipeline.face_model.regions import (
    distance_to_outline,
    feature_weights,
    lip_weights,
    region_weights,
)
from appliance.pipeline.face_model.texture import UNIT_EYE_DISTANCE, TexturePlane
from appliance.pipeline.face_model.topology import eye_distance, indices
from appliance.pipeline.imaging import images
from appliance.pipeline.imaging.geometry import smoothstep
from appliance.pipeline.imaging.types import Float

FINE = 256  # texels a side: one is ≈ 0.8 mm of a face
BROAD = 128  # texels a side of the plane of what is smooth

NOSTRILS = indices("79 309 238 458 20 250")
NOSTRIL = (0.25, 0.7)  # cm around those points, from within a nostril to outside of it
MEASURED = (0.3, 1.2)  # cm inside the oval from which skin is measured
PURE = (0.6, 1.0)  # share of skin in a place from which it is measured
EYELID = 1.0  # texels over which an eye's opening fades


@dataclass(frozen=True, slots=True)
class Zones:
    """Weights of a plane's texels, each (s, s), 0-1 unless it names a unit.

    ``skin``: what is neither lips, brows, eyes nor nostrils. ``feature``: the opposite, within the
    face. ``measured``: skin without the rim of features and of the face. ``mouth``: the lips and
    what of ``feature`` is around them. ``lips``: the lips alone. ``eyes``: between the lids.
    ``depth``: cm inside the oval.
    """

    skin: Float
    feature: Float
    measured: Float
    mouth: Float
    lips: Float
    eyes: Float
    depth: Float

    @property
    def size(self) -> int:
        """Texels a side."""
        return len(self.skin)

    def shrunk(self, size: int) -> Zones:
        """The same on a plane of ``size`` texels a side."""
        planes = (self.skin, self.feature, self.measured, self.mouth, self.lips, self.eyes)
        return Zones(*(to_side(plane, size) for plane in (*planes, self.depth)))


class LookPlanes:
    """The canonical plane at two sizes.

    ``plane``: unwraps pictures, ``FINE`` texels a side. ``fine`` and ``broad``: its zones, and
    those of a plane of ``BROAD`` texels.
    """

    def __init__(self, canonical: Canonical) -> None:
        self.plane = TexturePlane(canonical, FINE)
        covered = self.plane.covered.astype(np.float32)
        gaps = np.linalg.norm(canonical.xyz[:, None] - canonical.xyz[NOSTRILS], axis=2)
        nostril = 1 - smoothstep(gaps.min(axis=1), *NOSTRIL)
        feature = self.spread(np.maximum(feature_weights(canonical), nostril)) * covered
        depth = self.spread(distance_to_outline(canonical))
        mouth = self.spread(np.clip(1.6 * region_weights(canonical)["lips"], 0, 1))
        openings = np.isin(canonical.kind, (RIGHT_EYE_HOLE, LEFT_EYE_HOLE)).astype(np.float32)
        skin = covered - feature
        self.fine = Zones(
            skin=skin,
            feature=feature,
            measured=smoothstep(skin, *PURE) * smoothstep(depth, *MEASURED),
            mouth=mouth * feature * ~self.plane.mouth,
            lips=self.spread(lip_weights(canonical)) * feature * ~self.plane.mouth,
            eyes=images.blurred(self.plane.paint(openings), EYELID),
            depth=depth,
        )
        self.broad = self.fine.shrunk(BROAD)

    def spread(self, values: Float) -> Float:
        """(478,) values at the mesh points over the plane: (``FINE``, ``FINE``)."""
        return self.plane.interpolate(values[:, None])[..., 0]

    def zones(self, plane: Float) -> Zones:
        """Those of the same size as ``plane``, (s, s)."""
        return self.fine if plane.shape[0] == FINE else self.broad


def to_side(plane: Float, side: int) -> Float:
    """An (s, s) or (s, s, c) plane at ``side`` texels a side; a smaller one has means of blocks."""
    if plane.shape[0] == side:
        return plane
    way = cv2.INTER_AREA if plane.shape[0] > side else cv2.INTER_LINEAR
    return images.resized(plane, (side, side), way)


def fitting(points: Float) -> int:
    """By how much a picture with a mesh at (478, 2) ``points`` is shrunk before it is unwrapped."""
    return max(1, int(eye_distance(points) / (UNIT_EYE_DISTANCE * FINE) + 1 / 3))
