"""A source's texture without the frames of their spectacles.

Frames are thin: what they hide continues what is next to them, so they are painted over from their
edges inwards. To distrust the surroundings of the frames instead, as those of a mask, would leave
the target its own eyes and brows, and dark pieces of the frames beside them.
"""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np

from appliance.pipeline.imaging import images
from appliance.pipeline.imaging.types import Float

MARGIN = 3  # texels of the visibility plane, of 2 mm: the frame and its soft edge
HIDDEN = 0.3  # of a texel, from which it is painted over
REACH = 1.8  # mm around a texel from which its colour is taken: a little more than wrinkles
FILLED = np.float32(0.8)  # trust in what was painted over, so that another photo's own skin wins
PLANE = 192.0  # mm that the texture plane spans: 96 of the texels of 2 mm


def without_frames(texture: Float, frames: Float) -> tuple[Float, Float]:
    """The (s, s, 3) RGB 0-255 ``texture`` without (96, 96) ``frames``, 1 where they are, else 0.

    And how far each place of it may be trusted: (s, s, 1) 0-1. Telea, "An image inpainting
    technique based on the fast marching method", J. Graphics Tools, 2004.
    """
    size = texture.shape[0]
    hidden = images.resized(images.dilated(frames, MARGIN), (size, size)) > HIDDEN
    trust = np.where(hidden[..., None], FILLED, np.float32(1))
    if not hidden.any():
        return texture, trust
    colours = np.clip(texture, 0, 255).astype(np.uint8)
    reach = max(1.0, REACH / PLANE * size)
    filled: Any = cv2.inpaint(colours, hidden.astype(np.uint8), reach, cv2.INPAINT_TELEA)
    whole = np.where(hidden[..., None], np.asarray(filled, np.float32), texture)
    return whole.astype(np.float32), trust
