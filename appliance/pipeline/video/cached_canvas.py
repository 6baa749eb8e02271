"""A canvas that converts pixels once, however often they are read."""

from __future__ import annotations

import cv2
import numpy as np

from appliance.pipeline.imaging.types import Image
from appliance.pipeline.media.canvas import Box, Canvas, Gray, Mask


class CachedCanvas:
    """A canvas that keeps the boxes it has read until something is written.

    Tracking a face and changing it read nearly the same pixels of a frame.
    """

    def __init__(self, canvas: Canvas) -> None:
        self._canvas = canvas
        self._cached: list[tuple[Box, Image]] = []

    @property
    def width(self) -> int:
        """See ``Canvas.width``."""
        return self._canvas.width

    @property
    def height(self) -> int:
        """See ``Canvas.height``."""
        return self._canvas.height

    def thumbnail(self, max_side: int) -> Image:
        """See ``Canvas.thumbnail``."""
        return self._canvas.thumbnail(max_side)

    def brightness(self, max_side: int) -> Gray:
        """See ``Canvas.brightness``."""
        return self._canvas.brightness(max_side)

    def read(self, box: Box, factor: int = 1) -> Image:
        """See ``Canvas.read``. A box in full size is read-only: callers share it."""
        if factor > 1:  # a canvas may read that faster than it reads the whole
            return self._canvas.read(box, factor)
        rgb = self._known(box)
        if rgb is None:
            rgb = self._canvas.read(box)
            rgb.flags.writeable = False
            self._cached.append((box, rgb))
        return rgb

    def write(self, box: Box, rgb: Image, support: Mask, known: Image | None = None) -> None:
        """See ``Canvas.write``. Only the bounding box of the support is compared and written."""
        x, y, w, h = cv2.boundingRect(np.asarray(support, np.uint8))
        if not w:
            return
        rows, columns = slice(y, y + h), slice(x, x + w)
        inner = Box(box.x + x, box.y + y, w, h)
        known = self._known(inner) if known is None else known[rows, columns]
        self._canvas.write(inner, rgb[rows, columns], support[rows, columns], known)
        self._cached.clear()

    def _known(self, box: Box) -> Image | None:
        for known, rgb in self._cached:
            x, y = box.x - known.x, box.y - known.y
            if x >= 0 and y >= 0 and x + box.w <= known.w and y + box.h <= known.h:
                return rgb[y : y + box.h, x : x + box.w]
        return None
