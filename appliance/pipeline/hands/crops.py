"""The square crops in which hands are looked for and looked at."""

from __future__ import annotations

import numpy as np

from appliance.pipeline.hands.hand import TRUNK, Hand
from appliance.pipeline.imaging.geometry import (
    invert,
    shrinkage,
    square_crop,
    transform,
    warp_shrunk,
)
from appliance.pipeline.imaging.types import Float, Image
from appliance.pipeline.media.canvas import Box, Canvas
from appliance.pipeline.networks.hand_landmarks import SIZE as HAND_SIZE
from appliance.pipeline.networks.palm_detector import SIZE as PALM_SIZE
from appliance.pipeline.networks.palm_detector import Palm

# A hand's crop: its side over that of the palm's box, and how far ahead of the palm its middle is,
# in sides of the palm's box (MediaPipe's hand_landmark graph).
PALM_SIDE, PALM_AHEAD = 2.6, 0.5
# The same around joints that are known, in extents of the trunk (that graph as well).
JOINTS_SIDE, JOINTS_AHEAD = 2.0, 0.1
# Sizes of crops around a face to a doubling, and steps of their places to a side.
SIDES, PLACES = 4, 12


def around_face(centre: Float, side: float) -> tuple[Float, float]:
    """The 2×3 matrix from the picture to an upright palm detector's crop, and the crop's side.

    About ``side`` pixels around ``centre``, (2,), but rounded: a face that is seen a little
    elsewhere, as after another start, gives the same crop, and so the same hands.
    """
    side = float(2 ** (round(np.log2(side) * SIDES) / SIDES))
    step = np.float32(side / PLACES)
    return square_crop(np.round(centre / step) * step, side, 0.0, PALM_SIZE), side


def around_palm(palm: Palm, turn: float = 0.0, size: float = 1.0) -> Float:
    """The 2×3 matrix from the picture to the crop of the hand that a ``palm`` belongs to.

    ``turn``: by how much it points elsewhere, in rad. ``size``: of the crop, over MediaPipe's.
    """
    cos, sin = np.cos(turn), np.sin(turn)
    up = np.asarray(palm.up @ np.array([[cos, sin], [-sin, cos]]), np.float32)
    side = size * palm.side
    return _upright(palm.centre, up, PALM_SIDE * side, PALM_AHEAD * side)


def around_joints(hand: Hand) -> Float:
    """The 2×3 matrix from the picture to the crop of a ``hand`` that is about there."""
    up = hand.up / max(float(np.linalg.norm(hand.up)), 1e-6)
    axes = np.array([[-up[1], up[0]], up], np.float32)
    turned = hand.joints[TRUNK] @ axes.T
    low, high = turned.min(axis=0), turned.max(axis=0)
    extent = max(float((high - low).max()), 1.0)
    centre = np.asarray((low + high) / 2 @ axes, np.float32)
    return _upright(centre, up, JOINTS_SIDE * extent, JOINTS_AHEAD * extent)


def cut(canvas: Canvas, matrix: Float, size: int) -> Image | None:
    """The (size, size, 3) crop through ``matrix``; ``None`` if it shows too little of the picture.

    Beyond the picture its border pixels go on: a palm that the border cuts off is found in nine of
    ten frames then, and in a quarter of them if black is put there.
    """
    corners = np.array([[0, 0], [size, 0], [0, size], [size, size]], np.float32) - np.float32(0.5)
    points = transform(corners, invert(matrix))
    low = np.maximum(np.floor(points.min(axis=0)), 0).astype(int)
    high = np.minimum(np.ceil(points.max(axis=0)) + 1, [canvas.width, canvas.height]).astype(int)
    if (high - low < 8).any():
        return None
    box = Box(int(low[0]), int(low[1]), int(high[0] - low[0]), int(high[1] - low[1]))
    shift = matrix[:, :2] @ low.astype(np.float32) + matrix[:, 2]
    local = np.column_stack([matrix[:, :2], shift]).astype(np.float32)
    factor = min(shrinkage(local), box.w, box.h)
    return warp_shrunk(canvas.read(box, factor), factor, local, size)


def _upright(centre: Float, up: Float, side: float, ahead: float) -> Float:
    """A hand's crop in which (2,) ``up`` points upward, its middle ``ahead`` of ``centre``."""
    up = up / max(float(np.linalg.norm(up)), 1e-6)
    angle = float(np.arctan2(up[0], -up[1]))
    middle = np.asarray(centre + np.float32(ahead) * up, np.float32)
    return square_crop(middle, side, angle, HAND_SIZE)
