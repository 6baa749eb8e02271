"""A target's own grain on a face that is drawn over it."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np

from appliance.pipeline.imaging import images
from appliance.pipeline.imaging.types import Float, Image

WIDTH = 0.12  # cm of the face: what is finer is grain
LOUDEST = 0.1  # of the brightness: what is stronger is a hair or an edge, not grain


def grain(image: Image, share: Float, pixels: float) -> Float:
    """What to add to each channel of a face drawn over an RGB ``image``: (h, w), in levels.

    ``share``: (h, w) how much of the image's own grain it lacks, 0-1. ``pixels``: a cm of the face.
    """
    luma: Any = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
    smooth = images.blurred_bytes(luma, max(0.4, WIDTH * pixels))
    detail: Any = cv2.subtract(luma, smooth, dtype=cv2.CV_32F)
    loudest = smooth * np.float32(LOUDEST)
    np.minimum(detail, loudest, out=detail)
    np.maximum(detail, -loudest, out=detail)
    detail *= share
    return np.asarray(detail, np.float32)


def with_grain(image: Image, extra: Float) -> Image:
    """The (h, w, 3) picture, 0-255, with (h, w) ``extra`` levels in each channel."""
    # Sums and differences of bytes are much the fastest.
    lighter: Any = cv2.convertScaleAbs(np.maximum(extra, 0))
    darker: Any = cv2.convertScaleAbs(np.minimum(extra, 0))
    result: Any = cv2.add(image, cv2.merge([lighter, lighter, lighter]))
    cv2.subtract(result, cv2.merge([darker, darker, darker]), dst=result)
    return np.asarray(result, np.uint8)
