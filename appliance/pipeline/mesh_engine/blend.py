"""Joining the new face to the picture."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np

from appliance.pipeline.imaging.types import Float, Image


def blend(background: Image, foreground: Float, mask: Float) -> Image:
    """``foreground`` over ``background``, both (h, w, 3), as far as ``mask`` (h, w), 0-1, lets it.

    One band is enough: light and tone of the two already agree when they come here, so a pyramid
    (Burt and Adelson, 1983) changes nothing that can be seen or measured.
    """
    change: Any = cv2.subtract(foreground, background, dtype=cv2.CV_32F)
    cv2.multiply(change, cv2.merge([mask, mask, mask]), dst=change)
    result: Any = cv2.add(background, change, dtype=cv2.CV_8U)
    return np.asarray(result, np.uint8)
