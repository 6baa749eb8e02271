"""A still gets its mark."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import cv2
import numpy as np

from appliance.pipeline.media.photo.photo import Photo
from appliance.release.watermark.mark import check_size, marked, spread
from appliance.release.watermark.message import symbols_of
from appliance.release.watermark.pattern import pattern_of

_DEPTHS = {np.dtype(np.uint8): cv2.CV_8U, np.dtype(np.uint16): cv2.CV_16U}


def embed_in_photo(photo: Photo, number: int, key: bytes) -> Photo:
    """A copy of ``photo`` with the ``number`` of its release in the pixels.

    All three colours of a pixel change by the same; pixels that are wholly transparent keep their
    values. Raises ``OutputError`` if the photo is too small or too narrow, ``ValueError`` for a
    number that is not within 1 to 2**32 - 1, or a key that is not 32 bytes long.
    """
    tile = pattern_of(key).tile(symbols_of(number, key))
    height, width = photo.pixels.shape[:2]
    check_size(width, height)
    white = float(np.iinfo(photo.pixels.dtype).max)
    luma: Any = cv2.cvtColor(photo.pixels, cv2.COLOR_RGB2GRAY)
    added = marked(luma, spread(tile, width, height), white)
    if photo.alpha is not None:
        added[photo.alpha == 0] = 0
    depth = _DEPTHS[photo.pixels.dtype]
    pixels: Any = cv2.add(photo.pixels, cv2.merge([added] * 3), dtype=depth)
    return replace(photo, pixels=pixels)
