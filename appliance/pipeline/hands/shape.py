"""How thick a hand is around its joints, and that drawn."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from appliance.pipeline.hands.hand import INDEX, LITTLE, MIDDLE, PALM, RING, THUMB
from appliance.pipeline.imaging.types import Float

# Half the thickness of each finger at its four joints, from the palm to the tip, in mm. Breadths of
# knuckles and finger tips of grown people lie about there (Garrett, "The adult human hand", 1971).
FINGERS = (
    (THUMB, (16.0, 13.0, 10.5, 9.5)),
    (INDEX, (12.5, 10.0, 8.5, 8.0)),
    (MIDDLE, (12.5, 10.0, 8.5, 8.0)),
    (RING, (12.0, 9.5, 8.2, 7.8)),
    (LITTLE, (11.0, 8.5, 7.4, 7.0)),
)
# Of those, since a mesh of joints is drawn a little too thick where fingers lie together.
THICKNESS = 0.95
FLESH = 11.0  # mm around the palm's joints
SUBPIXEL_BITS = 4


def drawn_hand(joints: Float, millimetre: float, size: tuple[int, int]) -> NDArray[np.uint8]:
    """A hand with (21, 2) ``joints`` on ``size`` (w, h) pixels: 255 on it, 0 elsewhere.

    ``millimetre``: how many pixels it has.
    """
    drawn = np.zeros((size[1], size[0]), np.uint8)
    for finger, halves in FINGERS:
        points = joints[list(finger)]
        radii = np.array(halves, np.float32) * np.float32(THICKNESS * millimetre)
        for start in range(3):
            _draw_capsule(drawn, points[start : start + 2], radii[start : start + 2])
    palm = np.asarray(cv2.convexHull(joints[PALM].astype(np.float32)), np.float32)[:, 0]
    _fill(drawn, palm)
    flesh = np.full(2, FLESH * millimetre, np.float32)
    for at in range(len(palm)):
        _draw_capsule(drawn, palm[[at - 1, at]], flesh)
    return drawn


def _draw_capsule(drawn: NDArray[np.uint8], ends: Float, radii: Float) -> None:
    """What two discs around the (2, 2) ``ends`` span, of ``radii`` (2,)."""
    for end, radius in zip(ends, radii, strict=True):
        centre = np.round(end * (1 << SUBPIXEL_BITS)).astype(int).tolist()
        reach = max(1, round(float(radius) * (1 << SUBPIXEL_BITS)))
        cv2.circle(drawn, centre, reach, 255, cv2.FILLED, cv2.LINE_8, SUBPIXEL_BITS)
    along = ends[1] - ends[0]
    across = np.array([-along[1], along[0]]) / max(float(np.linalg.norm(along)), 1e-6)
    left, right = ends + across * radii[:, None], ends - across * radii[:, None]
    _fill(drawn, np.concatenate([left, right[::-1]]))


def _fill(drawn: NDArray[np.uint8], outline: Float) -> None:
    fixed = np.round(outline * (1 << SUBPIXEL_BITS)).astype(np.int32)
    cv2.fillPoly(drawn, [fixed], 255, cv2.LINE_8, SUBPIXEL_BITS)
