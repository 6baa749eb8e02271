"""A face with a little air around it, cut out for a contact sheet."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from appliance.pipeline.face_model.face import Face, Float, Image
from appliance.pipeline.face_model.topology import OVAL
from appliance.pipeline.media.canvas import Box, Canvas

DEFAULT_MARGIN = 1.75  # shows the hair and the neck
VERTICAL_OFFSET = (
    0.04  # how far the face sits below the middle, in heights: hair needs more room than a neck
)


@dataclass(frozen=True, slots=True)
class PortraitFraming:
    """Which ``box`` of a picture is shown, at ``size`` (width, height) pixels."""

    box: Box
    size: tuple[int, int]

    @classmethod
    def around(
        cls, face: Face, canvas: Canvas, size: tuple[int, int], air: float = DEFAULT_MARGIN
    ) -> PortraitFraming:
        """Around ``face``, moved and shrunk as far as the borders of the picture demand.

        ``air``: height of the frame over that of the face's oval.
        """
        oval = face.points[OVAL]
        low, high = oval.min(axis=0), oval.max(axis=0)
        shape = size[0] / size[1]
        height = min(air * float(max(high - low)), canvas.height, canvas.width / shape)
        width = height * shape
        x, y = (low + high) / 2 - (width / 2, height * (0.5 + VERTICAL_OFFSET))
        box = Box(
            round(min(max(0.0, float(x)), canvas.width - width)),
            round(min(max(0.0, float(y)), canvas.height - height)),
            max(1, int(width)),
            max(1, int(height)),
        )
        return cls(box, size)

    def show(self, canvas: Canvas) -> Image:
        """The pixels of ``canvas`` in the frame."""
        pixels = canvas.read(self.box)
        shrinks = pixels.shape[1] > self.size[0]
        method = cv2.INTER_AREA if shrinks else cv2.INTER_CUBIC
        return np.asarray(cv2.resize(pixels, self.size, interpolation=method), np.uint8)

    def place(self, points: Float) -> Float:
        """(n, 2) points of the picture as points of the frame."""
        scale = np.array(self.size, np.float32) / (self.box.w, self.box.h)
        corner = np.array([self.box.x, self.box.y], np.float32)
        return np.asarray((points - corner + 0.5) * scale - 0.5, np.float32)
