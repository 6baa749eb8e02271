"""An aligned crop put back where it was taken from, its border faded out."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from appliance.pipeline import images
from appliance.pipeline.blend import blend
from appliance.pipeline.face import Float, Image
from appliance.pipeline.geometry import shrunk

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
    mask.flags.writeable = False  # it is handed out more than once
    return mask


def pasted(
    image: Image, crop: Image, mask: Float, matrix: Float
) -> tuple[Image, NDArray[np.uint8]]:
    """``crop`` over ``image`` as far as ``mask`` lets it; and where it changed anything, 1.

    ``matrix``: the 2×3 one through which the crop was taken. A crop finer than the picture is
    shrunk first, against aliasing.
    """
    factor = max(1, int(np.sqrt(abs(np.linalg.det(matrix[:, :2])))))
    if factor > 1:
        crop = shrunk(crop, factor)
        mask = images.resized(mask, (crop.shape[1], crop.shape[0]), images.AREA)
        matrix = matrix / np.float32(factor)
        matrix[:, 2] += (1 / factor - 1) / 2  # pixel centres are at whole numbers
    size = (image.shape[1], image.shape[0])
    cover = images.transformed(mask, matrix, size)
    drawn = images.transformed(crop.astype(np.float32), matrix, size)
    return blend(image, drawn, cover), (cover > 0).astype(np.uint8)
