"""The bridge of spectacles: a dark line across the nose, between the eyes.

:mod:`appliance.pipeline.appearance.spectacles` finds whole frames, to keep them in a swap, and must
never take a wrinkle for one. Of eleven photos of people who wear spectacles it finds five. Here it
is enough to know that there are some, and between the eyes skin has no dark lines across.
"""

from __future__ import annotations

import cv2
import numpy as np

from appliance.pipeline.appearance.tone import LUMA, log_colour
from appliance.pipeline.face_model.canonical import Canonical
from appliance.pipeline.face_model.face import Face
from appliance.pipeline.face_model.texture import TexturePlane
from appliance.pipeline.face_model.topology import eye_distance
from appliance.pipeline.imaging import images
from appliance.pipeline.imaging.geometry import shrunk, shrunk_points
from appliance.pipeline.imaging.types import Image

PLANE = 192  # texels: one is 1 mm of a face
SAMPLED = 80.0  # eye distance, in pixels, at which the face is unwrapped: a pixel is 1 mm
HEIGHT = 5  # texels: a bridge is lower
LINE = 0.2  # log luma below its surroundings from which a texel is a line's
# On the canonical face, in cm: to either side of the middle, and above the origin.
ACROSS, LOW, HIGH = 0.9, 1.2, 4.2
SMOOTHING = 0.8  # texels


class BridgeFinder:
    """Looks for the bridge on faces."""

    def __init__(self, canonical: Canonical) -> None:
        self._plane = TexturePlane(canonical, PLANE)
        places = self._plane.interpolate(np.ascontiguousarray(canonical.xyz[:, :2]))
        across, up = np.moveaxis(places, -1, 0)
        zone = self._plane.covered & (np.abs(across) < ACROSS) & (up > LOW) & (up < HIGH)
        self._zone, self._columns = zone, zone.any(axis=0)

    def share(self, image: Image, face: Face) -> float:
        """The share of the breadth between the eyes, 0 to 1, that dark lines cross."""
        factor = max(1, int(eye_distance(face.points) / SAMPLED))
        small, points = shrunk(image, factor), shrunk_points(face.points, factor)
        unwrapped = images.blurred(self._plane.unwrap(small, points), SMOOTHING)
        luma = np.asarray(log_colour(unwrapped.astype(np.float32)) @ LUMA, np.float32)
        upright = np.ones((HEIGHT, 1), np.uint8)
        lines = cv2.morphologyEx(luma, cv2.MORPH_BLACKHAT, upright) > LINE
        return float((lines & self._zone).any(axis=0)[self._columns].mean())
