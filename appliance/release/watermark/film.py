"""A film gets its mark, frame by frame."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from appliance.release.watermark.mark import check_size, marked, spread
from appliance.release.watermark.message import symbols_of
from appliance.release.watermark.pattern import pattern_of

_GAIN = 1.8
"""An encoder takes more from a smooth frame than a JPEG does, and frames pass by."""


class FilmMark:
    """The mark of one release for the frames of a film.

    The pattern stands still, so that an encoder keeps it and a reader may sum frames; its strength
    follows each frame.
    """

    def __init__(self, number: int, key: bytes, size: tuple[int, int], depth: int = 8) -> None:
        """``size``: width and height of the luma in pixels; ``depth``: its bits, 8 to 16.

        Raises ``OutputError`` if frames are too small or too narrow, ``ValueError`` for a number
        that is not within 1 to 2**32 - 1, a key that is not 32 bytes long, or another depth.
        """
        check_size(*size)
        if not 8 <= depth <= 16:
            raise ValueError("a film's luma has 8 to 16 bits")
        self._size = size
        self._white = float((1 << depth) - 1)
        self._pattern = spread(pattern_of(key).tile(symbols_of(number, key)), *size)

    def frame(self, luma: NDArray[Any]) -> NDArray[Any]:
        """A copy of (h, w) ``luma``, uint8 or uint16, with the mark.

        Raises ``ValueError`` for luma of another size.
        """
        width, height = self._size
        if luma.shape != (height, width):
            raise ValueError("a frame has another size than its film")
        added = marked(luma, self._pattern, self._white, _GAIN)
        if luma.dtype == np.uint8:
            eight: Any = cv2.add(luma, added, dtype=cv2.CV_8U)
            return np.asarray(eight, np.uint8)
        deep: Any = cv2.add(luma, added, dtype=cv2.CV_16U)
        return np.asarray(np.minimum(deep, np.uint16(self._white), out=deep), np.uint16)
