"""A short video made from one photo: the camera moves slowly towards a face.

It stands in for footage in the demonstration only; results are encoded by ``pipeline.media``.
"""

from __future__ import annotations

import io
from fractions import Fraction
from typing import Any, BinaryIO

import av
import cv2
import numpy as np

from appliance.pipeline.face_model.face import Face
from appliance.pipeline.face_model.topology import OVAL
from appliance.pipeline.imaging.types import Float, Image
from appliance.pipeline.media.video.convert import to_format

SIDE = 640  # pixels
RATE = 25  # frames per second
FRAMES = 3 * RATE
CLOSEST = 1.7  # side of the picture over the height of the face, at the end


def pan_clip(image: Image, face: Face) -> BinaryIO:
    """A square MP4 without audio that zooms from all of ``image`` to its ``face``.

    ``image``: (h, w, 3) uint8 RGB.
    """
    file = io.BytesIO()
    with av.open(file, "w", format="mp4") as container:
        stream: Any = container.add_stream("libx264", rate=RATE, options={"crf": "16"})
        stream.width = stream.height = SIDE
        stream.pix_fmt = "yuv420p"
        stream.codec_context.color_range, stream.codec_context.colorspace = 1, 1
        for number in range(FRAMES):
            corner, side = _view(image, face, number / (FRAMES - 1))
            frame = av.VideoFrame.from_ndarray(_crop(image, corner, side), format="rgb24")
            frame.pts, frame.time_base = number, Fraction(1, RATE)
            container.mux(stream.encode(to_format(frame, "yuv420p")))
        container.mux(stream.encode(None))
    file.seek(0)
    return file


def _view(image: Image, face: Face, progress: float) -> tuple[Float, float]:
    """Top left corner (x, y) and side, in pixels, of the square shown at ``progress`` (0 to 1)."""
    height, width = image.shape[:2]
    oval = face.points[OVAL]
    middle = (oval.min(axis=0) + oval.max(axis=0)) / 2
    ease = progress * progress * (3 - 2 * progress)
    far = float(min(height, width))
    near = min(far, CLOSEST * float(np.ptp(oval, axis=0).max()))
    side = far + (near - far) * ease
    corner = np.clip(middle - side / 2, 0, (width - side, height - side))
    return corner.astype(np.float32), side


def _crop(image: Image, corner: Float, side: float) -> Image:
    scale = SIDE / side
    # Pixel centres are at whole numbers, edges half a pixel before them.
    shift = (0.5 - corner) * scale - 0.5
    matrix = np.array([[scale, 0, shift[0]], [0, scale, shift[1]]], np.float32)
    seen = cv2.warpAffine(
        image, matrix, (SIDE, SIDE), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE
    )
    return np.asarray(seen, np.uint8)
