"""A target's own grain on a face that is drawn over it."""

from __future__ import annotations

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
    luma = np.asarray(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), np.float32)
    smooth = images.blurred(luma, max(0.4, WIDTH * pixels))
    loudest = LOUDEST * smooth
    detail = np.clip(luma - smooth, -loudest, loudest)
    return np.asarray(share * detail, np.float32)
