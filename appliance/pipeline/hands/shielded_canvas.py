"""A canvas on which hands stay as they are, whatever is drawn."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np

from appliance.inference.batch_scheduler import InferenceTask
from appliance.pipeline.engine import Shot
from appliance.pipeline.face_model.face import Face
from appliance.pipeline.hands.mask import HandMask
from appliance.pipeline.imaging.types import Float, Image
from appliance.pipeline.media.canvas import Box, Canvas, Gray, Mask

WHOLE = 0.998  # share from which a pixel is all hand: less than half a level of 255 is left


class ShieldedCanvas:
    """A canvas that lets nothing be written over the hands of a mask.

    Both engines draw on it. Pixels that are all hand keep their bits; at a hand's edge what is
    written is mixed with what is there.
    """

    def __init__(self, canvas: Canvas, mask: HandMask) -> None:
        self._canvas = canvas
        self._mask = mask

    @property
    def width(self) -> int:
        """See ``Canvas.width``."""
        return self._canvas.width

    @property
    def height(self) -> int:
        """See ``Canvas.height``."""
        return self._canvas.height

    def thumbnail(self, max_side: int) -> Image:
        """See ``Canvas.thumbnail``."""
        return self._canvas.thumbnail(max_side)

    def brightness(self, max_side: int) -> Gray:
        """See ``Canvas.brightness``."""
        return self._canvas.brightness(max_side)

    def read(self, box: Box, factor: int = 1) -> Image:
        """See ``Canvas.read``."""
        return self._canvas.read(box, factor)

    def write(self, box: Box, rgb: Image, support: Mask, known: Image | None = None) -> None:
        """See ``Canvas.write``."""
        part = _common(box, self._mask.box)
        if part is None:
            self._canvas.write(box, rgb, support, known)
            return
        share = self._mask.share[_within(part, self._mask.box)]
        inner = _within(part, box)
        there = self._canvas.read(part) if known is None else known[inner]
        rgb, support = rgb.copy(), support.copy()
        rgb[inner] = _mixed(rgb[inner], there, share)
        support[inner] *= share < WHOLE
        self._canvas.write(box, rgb, support, known)


def edited_behind(
    hands: HandMask | None, shot: Shot, canvas: Canvas, face: Face, share: float = 1.0
) -> InferenceTask[None]:
    """Change ``face`` by ``share`` of ``shot`` as behind ``hands``, which stay as they are."""
    if hands is None:
        return shot.edit(canvas, face, share)
    return shot.edit(ShieldedCanvas(canvas, hands), face, share, hands.at(face.points))


def _mixed(drawn: Image, there: Image, share: Float) -> Image:
    """``there`` over ``drawn``, both (h, w, 3), as far as ``share`` (h, w), 0-1, says."""
    # Each part is rounded by itself, which is the fastest way, and exact at shares of 0 and 1.
    hand = cv2.convertScaleAbs(share, alpha=255)
    weight: Any = cv2.merge([hand, hand, hand])
    kept: Any = cv2.multiply(there, weight, scale=1 / 255)
    new: Any = cv2.multiply(drawn, cv2.bitwise_not(weight), scale=1 / 255)
    return np.asarray(cv2.add(kept, new, dst=kept), np.uint8)


def _common(one: Box, other: Box) -> Box | None:
    left, top = max(one.x, other.x), max(one.y, other.y)
    right = min(one.x + one.w, other.x + other.w)
    bottom = min(one.y + one.h, other.y + other.h)
    if right <= left or bottom <= top:
        return None
    return Box(left, top, right - left, bottom - top)


def _within(part: Box, box: Box) -> tuple[slice, slice]:
    """The rows and columns of ``part`` in a cut-out of ``box``."""
    x, y = part.x - box.x, part.y - box.y
    return slice(y, y + part.h), slice(x, x + part.w)
