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
    check_box,
    check_patch,
    thumbnail_size,
)

Pixels: TypeAlias = NDArray[np.uint8] | NDArray[np.uint16]
"""(height, width, 3) R, G, B, upright, full range of the type."""

_TO_8_BIT = 257  # 65535 / 255, so that both whites meet


class PhotoCanvas:
    """Reads and writes ``pixels`` in place.

    Of 16-bit pixels the reader sees the nearest 8-bit value; a pixel written with the value it
    reads as keeps all its 16 bits.
    """

    def __init__(self, pixels: Pixels) -> None:
        """``pixels``: (height, width, 3), uint8 or uint16, writable; it is not copied."""
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

    def read(self, box: Box) -> Rgb:
        """See ``Canvas.read``. Raises ``ValueError`` for a box outside the picture."""
        check_box(box, self.width, self.height)
        return as_8_bit(self._part(box))

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
    """A copy at 8 bits, rounded to nearest; of any shape."""
    if pixels.dtype == np.uint8:
        return np.array(pixels, dtype=np.uint8, order="C")
    return ((pixels.astype(np.uint32) + _TO_8_BIT // 2) // _TO_8_BIT).astype(np.uint8)
