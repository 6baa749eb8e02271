"""Joining the new face to the picture in two bands."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np

from appliance.pipeline import images
from appliance.pipeline.face import Float, Image

COARSE = 8  # the low band is worked on at an eighth of the size


def blend(background: Image, foreground: Float, detail: Float, tone: Float) -> Image:
    """``foreground`` over ``background``, both (h, w, 3): fine detail by one mask, tone by a wider.

    ``detail`` and ``tone`` are (h, w) 0-1; tone must fade over a longer way than detail, so that a
    difference of colour shows no edge while hair and pores stay sharp. The two-band case of Burt
    and Adelson, "A multiresolution spline", ACM TOG 2(4), 1983.
    """
    height, width = detail.shape
    change: Any = cv2.subtract(foreground, background, dtype=cv2.CV_32F)
    cv2.multiply(change, cv2.merge([detail, detail, detail]), dst=change)
    size = (max(1, width // COARSE), max(1, height // COARSE))
    known = _low(detail, size)
    step = images.resized(tone - detail, size, cv2.INTER_AREA) / np.maximum(known, 1e-3)
    low = _low(change, size) * step[..., None].astype(np.float32)
    cv2.add(change, images.resized(low, (width, height)), dst=change)
    result: Any = cv2.add(background, change, dtype=cv2.CV_8U)
    return np.asarray(result, np.uint8)


def _low(values: Float, size: tuple[int, int]) -> Float:
    return images.blurred(images.resized(values, size, cv2.INTER_AREA), 1.0)
