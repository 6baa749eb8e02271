"""An aligned crop put back where it was taken from, its border faded out."""

from __future__ import annotations

from functools import cache

import cv2
import numpy as np
from numpy.typing import NDArray

from appliance.pipeline.imaging import images
from appliance.pipeline.imaging.geometry import invert, shrunk, transform
from appliance.pipeline.imaging.types import Float, Image

BORDER = 0.3  # of a crop: the part of its half that the fade takes, as FaceFusion has it


@cache
def box_mask(side: int, border: float = BORDER) -> Float:
    """(side, side) 1 inside, fading to 0 at the border; read-only.

    A frame of half the fade's width is 0 and smoothed by a Gaussian of half that, as in
    FaceFusion. Of that a twentieth is left at the very border, where it would show as a line; here
    it is taken off.
    """
    fade = int(side * 0.5 * border)
    frame = max(fade // 2, 1)
    mask = np.ones((side, side), np.float32)
    mask[:frame] = mask[-frame:] = 0
    mask[:, :frame] = mask[:, -frame:] = 0
    if fade:
        mask = images.blurred(mask, fade / 4)
        left = float(mask[0].max())
        mask = np.clip((mask - left) / (1 - left), 0, 1).astype(np.float32)
    mask.flags.writeable = False  # cached: callers share it
    return mask


def pasted(
    image: Image, crop: Image, mask: Float, matrix: Float
) -> tuple[Image, NDArray[np.uint8]]:
    """``crop`` composited over ``image`` by ``mask``; and (h, w) 1 where anything changed.

    ``matrix``: the 2×3 one through which the crop was taken. A crop finer than the picture is
    shrunk first, against aliasing. The mask counts in steps of 1/255: with it in the place of a
    fourth colour, both are turned in one go and in bytes.
    """
    factor = max(1, int(np.sqrt(abs(np.linalg.det(matrix[:, :2])))))
    if factor > 1:
        crop = shrunk(crop, factor)
        mask = images.resized(mask, (crop.shape[1], crop.shape[0]), images.AREA)
        matrix = matrix / np.float32(factor)
        matrix[:, 2] += (1 / factor - 1) / 2  # pixel centres are at whole numbers
    result, support = image.copy(), np.zeros(image.shape[:2], np.uint8)
    covered = np.rint(mask * np.float32(255)).astype(np.uint8)
    rows, columns = _reach(covered, matrix, image)
    size = (columns.stop - columns.start, rows.stop - rows.start)
    if min(size) <= 0:
        return result, support
    shift = matrix[:, :2] @ np.array([columns.start, rows.start], np.float32) + matrix[:, 2]
    local = np.column_stack([matrix[:, :2], shift]).astype(np.float32)
    drawn = images.transformed(images.with_alpha(crop, covered), local, size)
    result[rows, columns] = images.over(image[rows, columns], drawn)
    np.minimum(drawn[..., 3], 1, out=support[rows, columns])
    return result, support


def _reach(mask: NDArray[np.uint8], matrix: Float, image: Image) -> tuple[slice, slice]:
    """The rows and columns of ``image`` that a crop's ``mask`` comes to lie on."""
    x, y, w, h = cv2.boundingRect(mask)
    low_x, low_y, high_x, high_y = x - 1, y - 1, x + w, y + h
    corners = np.array(
        [[low_x, low_y], [high_x, low_y], [low_x, high_y], [high_x, high_y]], np.float32
    )
    points = transform(corners, invert(matrix))
    height, width = image.shape[:2]
    low = np.clip(np.floor(points.min(axis=0)), 0, (width, height)).astype(int).tolist()
    high = np.clip(np.ceil(points.max(axis=0)) + 1, 0, (width, height)).astype(int).tolist()
    return slice(low[1], high[1]), slice(low[0], high[0])
