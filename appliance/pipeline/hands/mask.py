"""Which pixels of a picture show hands: drawn from joints, led by the picture's edges."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from appliance.pipeline.face_model.boxes import face_box
from appliance.pipeline.face_model.face import Face
from appliance.pipeline.hands.hand import Hand
from appliance.pipeline.hands.shape import drawn_hand
from appliance.pipeline.imaging import images
from appliance.pipeline.imaging.geometry import shrunk_points, smoothstep
from appliance.pipeline.imaging.types import Float
from appliance.pipeline.media.canvas import Box, Canvas

# How far around a face, in its sizes, an engine may draw: the widest crop of a restorer.
REACH = 0.75
# Pixels of the mask to a metre of the hand at most: finer ones show nothing more.
FINEST = 1000
MARGIN = 0.025  # metres around the joints
# The guided filter (He, Sun and Tang, "Guided Image Filtering", 2010): half its window, in metres
# of the hand, and its ε for brightness 0-1; then the values between which the hand's edge lies.
WINDOW, EPSILON = 0.007, 1e-3
EDGE = (0.2, 0.5)


@dataclass(frozen=True, slots=True)
class HandMask:
    """Hands in a picture.

    ``box``: where they are. ``share``: (h, w) of its pixels, how far each shows a hand, 0-1.
    """

    box: Box
    share: Float

    def at(self, points: Float) -> Float:
        """The share at (n, 2) ``points`` of the picture: (n,), 0 outside of the box."""
        local = np.asarray(points - (self.box.x, self.box.y), np.float32)
        inside = ((local > -1) & (local < (self.box.w, self.box.h))).all(axis=1)
        picked = images.remapped(self.share, local[None])[0]
        return np.asarray(np.where(inside, picked, 0), np.float32)


def hand_mask(canvas: Canvas, face: Face, hands: Sequence[Hand]) -> HandMask | None:
    """The pixels of ``hands`` near ``face``; ``None`` where none of them is."""
    reach = face_box(face, canvas, REACH)
    boxes = [] if reach is None else [_part(hand, reach) for hand in hands]
    near = [(hand, box) for hand, box in zip(hands, boxes, strict=True) if box is not None]
    if not near:
        return None
    if len(near) == 1:
        ((hand, box),) = near
        return HandMask(box, _share(canvas, hand, box))
    left, top = min(box.x for _, box in near), min(box.y for _, box in near)
    right, bottom = max(box.x + box.w for _, box in near), max(box.y + box.h for _, box in near)
    share = np.zeros((bottom - top, right - left), np.float32)
    for hand, box in near:
        rows = slice(box.y - top, box.y - top + box.h)
        columns = slice(box.x - left, box.x - left + box.w)
        part = _share(canvas, hand, box)
        share[rows, columns] = np.maximum(share[rows, columns], part)
    return HandMask(Box(left, top, right - left, bottom - top), share)


def _part(hand: Hand, reach: Box) -> Box | None:
    """The box around ``hand`` within ``reach``; ``None`` where too little is left."""
    margin = np.float32(MARGIN * hand.pixels_a_metre)
    low = np.floor(hand.joints.min(axis=0) - margin)
    high = np.ceil(hand.joints.max(axis=0) + margin)
    low = np.maximum(low, [reach.x, reach.y]).astype(int)
    high = np.minimum(high, [reach.x + reach.w, reach.y + reach.h]).astype(int)
    if (high - low < 8).any():
        return None
    return Box(int(low[0]), int(low[1]), int(high[0] - low[0]), int(high[1] - low[1]))


def _share(canvas: Canvas, hand: Hand, box: Box) -> Float:
    """How far each pixel of ``box`` shows ``hand``: (h, w), 0-1."""
    factor = min(max(1, round(hand.pixels_a_metre / FINEST)), box.w, box.h)
    small = canvas.read(box, factor)
    scale = hand.pixels_a_metre / factor
    joints = shrunk_points(hand.joints - np.array([box.x, box.y], np.float32), factor)
    height, width = small.shape[:2]
    drawn = drawn_hand(joints, scale / 1000, (width, height))
    grey: Any = cv2.cvtColor(small, cv2.COLOR_RGB2GRAY)
    led = _guided(
        grey.astype(np.float32) / np.float32(255),
        drawn.astype(np.float32) / np.float32(255),
        max(2, round(WINDOW * scale)),
    )
    share = smoothstep(led, *EDGE)
    if factor == 1:
        return share
    large = images.resized(share, (width * factor, height * factor))
    # Rows and columns at the far edges that shrinking leaves out go on as their neighbours.
    missing = ((0, box.h - large.shape[0]), (0, box.w - large.shape[1]))
    return np.pad(large, missing, mode="edge")


def _guided(guide: Float, mask: Float, radius: int) -> Float:
    """The (h, w) ``mask`` with the edges of ``guide``, (h, w) 0-1, within ``radius`` pixels."""

    def mean(plane: NDArray[np.floating[Any]]) -> Float:
        side = 2 * radius + 1
        smooth: Any = cv2.blur(plane, (side, side), borderType=cv2.BORDER_REFLECT)
        return np.asarray(smooth, np.float32)

    mean_guide, mean_mask = mean(guide), mean(mask)
    variance = mean(guide * guide) - mean_guide * mean_guide
    covariance = mean(guide * mask) - mean_guide * mean_mask
    slope = covariance / (variance + np.float32(EPSILON))
    return mean(slope) * guide + mean(mean_mask - slope * mean_guide)
