"""Films made of the portraits: one face in the middle of a small picture."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from appliance.pipeline.face_model.face import Face
from appliance.pipeline.face_model.topology import five_points
from appliance.pipeline.imaging.geometry import similarity_matrix, warp
from appliance.pipeline.imaging.types import Float, Image
from appliance.pipeline.media.photo.decode import Photo
from tests.pipeline.pictures import pixels_of

SIDE = 320  # pixels of the picture
# Eyes, tip of the nose and corners of the mouth, in sides.
PLACE = ((0.40, 0.42), (0.60, 0.42), (0.50, 0.53), (0.42, 0.64), (0.58, 0.64))


def centred(photo: Photo, face: Face) -> Image:
    """The photo, moved and scaled so that its face is where every other's is."""
    target: Float = SIDE * np.asarray(PLACE, np.float32)
    return warp(pixels_of(photo), similarity_matrix(five_points(face.points), target), SIDE)


def dissolve(one: Image, other: Image, frames: int) -> list[Image]:
    """From one picture to the other, neither of them included."""
    shares = np.linspace(0, 1, frames + 2)[1:-1]
    return [cv2.addWeighted(one, 1 - share, other, share, 0).astype(np.uint8) for share in shares]


def shaken(image: Image, pixels: int) -> Image:
    """The picture blurred by a motion of so many pixels along a row."""
    return cv2.blur(image, (pixels, 1)).astype(np.uint8)


def dimmed(image: Image, light: float) -> Image:
    """The picture with a share of its light."""
    return np.asarray(image * light, np.uint8)


def still(image: Image, frames: int) -> list[Image]:
    """The same picture over and over."""
    return [image] * frames


def joined(*parts: Sequence[Image]) -> list[Image]:
    """One part after the other."""
    return [image for part in parts for image in part]
