"""Lines over a photo that can be seen on any skin."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from appliance.cli.drawing.sheet import Colour
from appliance.pipeline.imaging.types import Float, Image

_SUBPIXEL = 4  # fractional bits of cv2's coordinates
_RIM: Colour = (255, 255, 255)
_PALE = 0.45  # of the way to white and grey


def pen(image: Image) -> int:
    """The thickness of a line that can be seen in a picture, pixels."""
    longer = int(max(image.shape[:2]))
    return max(1, round(longer / 400))


def faded(image: Image) -> Image:
    """A paler copy of ``image``, (h, w, 3) RGB, with less colour, for what is drawn on it."""
    grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)[..., None].astype(np.float32)
    dull = 0.5 * image + 0.5 * grey
    return np.asarray(np.rint((1 - _PALE) * dull + _PALE * 255), np.uint8)


def strokes(
    image: Image, lines: Sequence[Float], colour: Colour, thickness: int = 2, *, rim: int = 1
) -> Image:
    """A copy of ``image``, (h, w, 3) RGB, with open ``lines``, each (n, 2) pixels.

    Where they cross, the later one lies above. ``rim``: the width of the white one around each.
    """
    drawn = image.copy()
    for line in lines:
        fixed = [np.round(line * (1 << _SUBPIXEL)).astype(np.int32)]
        if rim:
            around = thickness + 2 * rim
            cv2.polylines(drawn, fixed, False, _RIM, around, cv2.LINE_AA, _SUBPIXEL)
        cv2.polylines(drawn, fixed, False, colour, thickness, cv2.LINE_AA, _SUBPIXEL)
    return drawn


def dots(
    image: Image, points: Sequence[Float], colour: Colour, radius: float, *, rim: float = 1.0
) -> Image:
    """A copy of ``image``, (h, w, 3) RGB, with discs at ``points``, (2,) pixels.

    ``rim``: the width of the white one around each.
    """
    drawn = image.copy()
    for extra, paint in ((rim, _RIM), (0.0, colour)):
        size = round((radius + extra) * (1 << _SUBPIXEL))
        for point in points:
            x, y = np.round(point * (1 << _SUBPIXEL)).astype(int).tolist()
            cv2.circle(drawn, (x, y), size, paint, -1, cv2.LINE_AA, _SUBPIXEL)
    return drawn
