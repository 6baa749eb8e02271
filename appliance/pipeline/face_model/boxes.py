"""Boxes around faces and crops of them, clipped to the picture."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from appliance.pipeline.face_model.canonical import with_skirt
from appliance.pipeline.face_model.face import Detection, Face
from appliance.pipeline.imaging.geometry import invert, transform
from appliance.pipeline.imaging.types import Float
from appliance.pipeline.media.canvas import Box, Canvas

SURROUNDINGS = 1.1  # half a cut-out's side over the detection's longer side
ROOM = 0.1  # margin around a crop, in its sides
MOTION = 0.12  # how far, in face sizes, a face may move from a frame to the next


def face_box(face: Face, canvas: Canvas, margin: float = 0.0) -> Box | None:
    """The box of a face's mesh and skirt inside the picture; ``None`` where too little is left.

    ``margin``: how much larger on every side, in its own size.
    """
    points = with_skirt(face.points)
    low, high = points.min(axis=0), points.max(axis=0)
    return _inside(low - margin * (high - low), high + margin * (high - low), canvas)


def detection_box(detection: Detection, canvas: Canvas) -> Box | None:
    """The box that the mesh network's crop around a detection needs."""
    reach = np.float32(SURROUNDINGS * detection.box[2:].max())
    return _inside(detection.centre - reach, detection.centre + reach, canvas)


def crop_box(matrix: Float, side: int, canvas: Canvas) -> Box | None:
    """The box of what a ``side``² crop through the 2×3 ``matrix`` shows of the picture.

    Larger by a margin, since the final landmarks differ a little from those behind the matrix.
    """
    low, high = -ROOM * side - 0.5, (1 + ROOM) * side - 0.5
    corners = np.array([[low, low], [high, low], [low, high], [high, high]], np.float32)
    points = transform(corners, invert(matrix))
    return _inside(points.min(axis=0), points.max(axis=0), canvas)


def around(boxes: Sequence[Box]) -> Box:
    """The smallest box that holds all of ``boxes``."""
    left, top = min(box.x for box in boxes), min(box.y for box in boxes)
    right, bottom = max(box.x + box.w for box in boxes), max(box.y + box.h for box in boxes)
    return Box(left, top, right - left, bottom - top)


def _inside(low: Float, high: Float, canvas: Canvas) -> Box | None:
    left, top = np.maximum(np.floor(low), 0).astype(int).tolist()
    right, bottom = (
        np.minimum(np.ceil(high) + 1, [canvas.width, canvas.height]).astype(int).tolist()
    )
    if right - left < 8 or bottom - top < 8:
        return None
    return Box(left, top, right - left, bottom - top)
