"""A photo's pixels as a canvas."""

from __future__ import annotations

from typing import Any, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from appliance.pipeline.media.canvas import (
    Box,
    Gray,
    Mask,
    Rgb,
    block_means,
    check_box,
    check_patch,
    thumbnail_size,
    whole_blocks,
)

Pixels: TypeAlias = NDArray[np.uint8] | NDArray[np.uint16]
"""(h, w, 3), R, G, B, upright, 0-255 or 0-65535 by the type."""

# 65535 / 255: white is white at both depths.
_TO_8_BIT = 257


class PhotoCanvas:
    """A ``Canvas`` on the pixels of a photo, in place.

    16-bit pixels read as the nearest 8-bit value. A pixel that is written with the value that it
    reads as keeps its 16 bits.
    """

    def __init__(self, pixels: Pixels) -> None:
        """``pixels``: writable; they are not copied. Raises ``ValueError`` for other shapes."""
        if pixels.ndim != 3 or pixels.shape[2] != 3 or pixels.dtype not in (np.uint8, np.uint16):
            raise ValueError(f"pixels are {pixels.dtype}{pixels.shape}, not RGB of 8 or 16 bits")
        self._pixels = pixels
        self.height, self.width = pixels.shape[:2]

    def thumbnail(self, max_side: int) -> Rgb:
        """See ``Canvas.thumbnail``."""
        size = thumbnail_size(self.width, self.height, max_side)
        if size == (self.width, self.height):
            return as_8_bit(self._pixels)
        small: Any = cv2.resize(self._pixels, size, interpolation=cv2.INTER_AREA)
        return as_8_bit(small)

    def brightness(self, max_side: int) -> Gray:
        """See ``Canvas.brightness``."""
        grey: Any = cv2.cvtColor(self.thumbnail(max_side), cv2.COLOR_RGB2GRAY)
        return np.asarray(grey, np.uint8)

    def read(self, box: Box, factor: int = 1) -> Rgb:
        """See ``Canvas.read``. Raises ``ValueError`` for a box outside the picture."""
        check_box(box, self.width, self.height)
        box = whole_blocks(box, factor)
        return block_means(as_8_bit(self._part(box)), factor)

    def write(self, box: Box, rgb: Rgb, support: Mask, known: Rgb | None = None) -> None:
        """See ``Canvas.write``. Raises ``ValueError`` for a box or a patch that does not fit."""
        check_box(box, self.width, self.height)
        check_patch(box, rgb, support)
        part = self._part(box)
        mask = support.astype(np.bool_, copy=False)
        if part.dtype == np.uint8:
            np.copyto(part, rgb, where=mask[..., None])
            return
        changed = mask & (as_8_bit(part) != rgb).any(axis=2)
        np.copyto(part, rgb.astype(np.uint16) * _TO_8_BIT, where=changed[..., None])

    def _part(self, box: Box) -> Pixels:
        return self._pixels[box.y : box.y + box.h, box.x : box.x + box.w]


def as_8_bit(pixels: Pixels) -> NDArray[np.uint8]:
    """A copy of ``pixels``, of any shape, as 0-255, rounded to nearest."""
    if pixels.dtype == np.uint8:
        return np.array(pixels, dtype=np.uint8, order="C")
    return ((pixels.astype(np.uint32) + _TO_8_BIT // 2) // _TO_8_BIT).astype(np.uint8)
