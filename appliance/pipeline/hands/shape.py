"""How thick a hand is around its joints, and that drawn."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from appliance.pipeline.hands.hand import INDEX, LITTLE, MIDDLE, PALM, RING, THUMB
from appliance.pipeline.imaging.types import Float
from appliance.pipeline.networks.hand_landmarks import JOINTS

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


_SEGMENTS: NDArray[np.intp] = np.array(
    [(joint, joint + 1) for finger, _ in FINGERS for joint in list(finger)[:3]]
)
_RADII = np.zeros(JOINTS, np.float32)  # of the fingers' joints, in mm
for _finger, _halves in FINGERS:
    _RADII[list(_finger)] = np.array(_halves, np.float32) * np.float32(THICKNESS)


def drawn_hand(joints: Float, millimetre: float, size: tuple[int, int]) -> NDArray[np.uint8]:
    """A hand with (21, 2) ``joints`` on ``size`` (w, h) pixels: 255 on it, 0 elsewhere.

    ``millimetre``: how many pixels it has.
    """
    drawn = np.zeros((size[1], size[0]), np.uint8)
    palm = np.asarray(cv2.convexHull(joints[PALM].astype(np.float32)), np.float32)[:, 0]
    around = np.stack([np.arange(len(palm)), np.arange(len(palm)) - 1], axis=1)
    flesh = np.full(len(palm), FLESH, np.float32)
    _fill(drawn, palm)
    _draw_capsules(drawn, joints, _RADII * np.float32(millimetre), _SEGMENTS)
    _draw_capsules(drawn, palm, flesh * np.float32(millimetre), around)
    return drawn


def _draw_capsules(
    drawn: NDArray[np.uint8], points: Float, radii: Float, pairs: NDArray[np.intp]
) -> None:
    """What two discs span, for each of (p, 2) ``pairs`` of (n, 2) ``points``.

    ``radii``: (n,); where one is 0 there is no disc.
    """
    fixed = np.round(np.column_stack([points, radii]) * (1 << SUBPIXEL_BITS)).astype(int)
    for x, y, reach in fixed[radii > 0].tolist():
        cv2.circle(drawn, (x, y), max(1, reach), 255, cv2.FILLED, cv2.LINE_8, SUBPIXEL_BITS)
    ends = points[pairs]
    along = ends[:, 1] - ends[:, 0]
    length = np.maximum(np.linalg.norm(along, axis=1, keepdims=True), 1e-6)
    normals = np.stack([-along[:, 1], along[:, 0]], axis=1) / length
    across = normals[:, None] * radii[pairs][..., None]
    for outline in np.concatenate([ends + across, (ends - across)[:, ::-1]], axis=1):
        _fill(drawn, outline)


def _fill(drawn: NDArray[np.uint8], outline: Float) -> None:
    fixed = np.round(outline * (1 << SUBPIXEL_BITS)).astype(np.int32)
    cv2.fillPoly(drawn, [fixed], 255, cv2.LINE_8, SUBPIXEL_BITS)
