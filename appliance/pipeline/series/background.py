"""How plain the background of a photo is."""

from __future__ import annotations

import cv2
import numpy as np

from appliance.pipeline.appearance.visibility import VisibilityEstimator
from appliance.pipeline.imaging import images
from appliance.pipeline.imaging.types import Image

SIZE = 640  # longest side, in pixels, of the picture that is looked at
BEHIND = 0.1  # probability of the person mask, below which a place is the background
RIM = 9  # pixels of the mask, 256 a side, that are left out around the person
ENOUGH = 0.02  # share of the picture: less background is not judged
EDGES = 90  # the percentile of the edges that is taken


def background_edges(visibility: VisibilityEstimator, picture: Image) -> float | None:
    """How strong the edges behind the person are, in levels of grey a pixel of 256 a side.

    ``picture``: (h, w, 3), the whole photo, of at most ``SIZE`` pixels a side. ``None`` where the
    person fills it.
    """
    person = visibility.people(picture)
    behind = images.dilated((person >= BEHIND).astype(np.uint8), RIM) == 0
    if behind.mean() < ENOUGH:
        return None
    side = person.shape[0]
    small = images.resized(picture, (side, side), images.AREA)
    grey = cv2.cvtColor(small, cv2.COLOR_RGB2GRAY).astype(np.float32)
    # Sobel's kernel weighs a step of one level a pixel by eight.
    across, down = (cv2.Sobel(grey, cv2.CV_32F, *way) / 8 for way in ((1, 0), (0, 1)))
    return float(np.percentile(np.hypot(across, down)[behind], EDGES))
