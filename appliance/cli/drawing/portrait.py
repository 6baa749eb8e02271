"""Cuts a face with some margin out of a picture, for a sheet."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from appliance.pipeline.face_model.face import Face
from appliance.pipeline.face_model.topology import OVAL
from appliance.pipeline.imaging.types import Float, Image
from appliance.pipeline.media.canvas import Box, Canvas

# Height of the framing over that of the face's oval: enough to show the hair and the neck.
DEFAULT_MARGIN = 1.75
# How far the face is below the middle, in heights of the framing: hair needs more room than a neck.
VERTICAL_OFFSET = 0.04


@dataclass(frozen=True, slots=True)
class PortraitFraming:
    """The ``box`` of a picture that is shown, scaled to ``size`` (width, height) in pixels."""

    box: Box
    size: tuple[int, int]

    @classmethod
    def around(
        cls, face: Face, canvas: Canvas, size: tuple[int, int], margin: float = DEFAULT_MARGIN
    ) -> PortraitFraming:
        """Around ``face``, moved and shrunk as far as the borders of the picture require.

        ``margin``: height of the framing over that of the face's oval.
        """
        oval = face.points[OVAL]
        low, high = oval.min(axis=0), oval.max(axis=0)
        shape = size[0] / size[1]
        height = min(margin * float(max(high - low)), canvas.height, canvas.width / shape)
        width = height * shape
        x, y = (low + high) / 2 - (width / 2, height * (0.5 + VERTICAL_OFFSET))
        # Whole pixels first: rounding a corner after clamping could leave the picture.
        w, h = max(1, int(width)), max(1, int(height))
        box = Box(
            min(max(0, round(float(x))), canvas.width - w),
            min(max(0, round(float(y))), canvas.height - h),
            w,
            h,
        )
        return cls(box, size)

    def show(self, canvas: Canvas) -> Image:
        """The framed part of ``canvas``: (height, width, 3) uint8 RGB of the framing's size."""
        pixels = canvas.read(self.box)
        shrinks = pixels.shape[1] > self.size[0]
        method = cv2.INTER_AREA if shrinks else cv2.INTER_CUBIC
        return np.asarray(cv2.resize(pixels, self.size, interpolation=method), np.uint8)

    def place(self, points: Float) -> Float:
        """(n, 2) points in pixels of the picture, converted to pixels of the framing."""
        scale = np.array(self.size, np.float32) / (self.box.w, self.box.h)
        corner = np.array([self.box.x, self.box.y], np.float32)
        return np.asarray((points - corner + 0.5) * scale - 0.5, np.float32)
