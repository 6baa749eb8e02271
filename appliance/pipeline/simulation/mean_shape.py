"""A region of a face brought to the shape that faces have: where a part is missing or displaced.

The shape is that of the canonical face of the mesh network (MediaPipe's face model), laid onto what
is around the region. Its makers do not say whose mean it is: of no age, sex or people, and not the
person's own face before. It moves the skin that is there and draws none that is not: a part that is
missing does not come back. Lips and lids stay: what they do is expression, and the canonical face
has one too.
"""

from __future__ import annotations

import cv2
import numpy as np

from appliance.errors import HandleError
from appliance.pipeline.face_model.canonical import SKIRT_RING, Canonical
from appliance.pipeline.face_model.perspective_pose import MM
from appliance.pipeline.face_model.shape import facing
from appliance.pipeline.face_model.topology import (
    INNER_LIPS,
    LEFT_EYE,
    OUTER_LIPS,
    RIGHT_EYE,
    SKIN_POINTS,
)
from appliance.pipeline.imaging.geometry import smoothstep
from appliance.pipeline.imaging.types import Float
from appliance.pipeline.simulation.drawn_region import Outline, check_outline
from appliance.pipeline.simulation.surface import Surface
from appliance.pipeline.simulation.view import View

SETTLE = 10.0
"""Millimetres around a region over which its shape goes over into the face's."""

NEAR = 40.0
"""Millimetres over which the surroundings count for where the mean is laid: by a third of what they
count at the region's edge."""

MOST = 0.4
"""Share of the face's points that a region may hold: beyond, the mean would be another face."""


LEAST = 0.5
"""Share of the way to the mean that some point of a region goes at least."""

_STILL = np.concatenate([OUTER_LIPS, INNER_LIPS, RIGHT_EYE, LEFT_EYE])


class MeanShape:
    """Moves regions; what depends on the canonical face alone is worked out once."""

    def __init__(self, canonical: Canonical) -> None:
        self._solid = canonical.xyz * np.float32(MM)
        self._triangles = canonical.triangles[canonical.kind != SKIRT_RING]
        self._surface = Surface(canonical)
        self._free = smoothstep(self._surface.distance(_STILL), 0, SETTLE)

    def move(self, view: View, outline: Outline, size: tuple[int, int]) -> Float:
        """The move of each mesh point that brings a region to the mean: (478, 3) mm.

        On the canonical axes. ``size``: (w, h) of the picture. Raises ``HandleError`` for a region
        that is not inside the picture, holds no point of the face or most of them, or little but
        an eye or the mouth.
        """
        check_outline(outline, size)
        polygon = np.array(outline, np.float32)
        seen = facing(view.mesh, self._triangles) > 0
        inside = [
            number
            for number, (x, y) in enumerate(view.mesh[:SKIN_POINTS, :2].tolist())
            if seen[number] and cv2.pointPolygonTest(polygon, (x, y), measureDist=False) >= 0
        ]
        if not inside:
            raise HandleError(
                "The region is too small to have a shape, or not on the face.", "Draw it larger."
            )
        if len(inside) > MOST * SKIN_POINTS:
            raise HandleError(
                "The region covers most of the face.", "Draw it around what is wrong alone."
            )
        away = self._surface.distance(np.array(inside, np.intp))
        share = 1 - smoothstep(away, 0, SETTLE)
        share *= self._free
        if share.max() < LEAST:
            raise HandleError(
                "The region covers little but an eye or the mouth, which stay as they are.",
                "Draw it around the skin that is wrong.",
            )
        laid = _laid(self._solid, view.shape, np.exp(-away / NEAR) * (1 - share))
        return np.asarray(share[:, None] * (laid - view.shape), np.float32)


def _laid(solid: Float, onto: Float, weights: Float) -> Float:
    """(n, 3) points, turned, sized and shifted to lie nearest to ``onto``: (n, 3).

    By least squares with (n,) ``weights`` (S. Umeyama, IEEE PAMI 13(4), 1991).
    """
    share = (weights / weights.sum())[:, None].astype(np.float64)
    middles = (share * solid).sum(axis=0), (share * onto).sum(axis=0)
    one, other = solid - middles[0], onto - middles[1]
    left, size, right = np.linalg.svd((share * other).T @ one)
    sign = np.array([1, 1, np.sign(np.linalg.det(left) * np.linalg.det(right))])
    grown = (size @ sign) / (share * one**2).sum()
    return np.asarray(grown * one @ ((left * sign) @ right).T + middles[1], np.float32)
