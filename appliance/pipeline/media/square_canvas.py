"""A picture whose pixels are not square, read and written as if they were."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from math import ceil
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from appliance.pipeline.media.canvas import (
    Box,
    Canvas,
    Gray,
    Mask,
    Rgb,
    block_means,
    check_box,
    check_patch,
    thumbnail_size,
    whole_blocks,
)
from appliance.pipeline.media.pixel_aspect import SQUARE, displayed_size, stretch

_FILTER = Image.Resampling.LANCZOS
_REACH = 3  # of the filter, to either side, in the coarser one of the two grids


@dataclass(frozen=True, slots=True)
class _Span:
    """A part of the stretched side, in pixels: where it is shown, and where it is stored."""

    shown: slice
    stored: slice


class SquareCanvas:
    """A ``Canvas`` on another one, stretched to its displayed proportions.

    Faces are found, measured and drawn here as people see them. What is written is compared with
    what was read, and only the difference goes back: where a patch is the picture's own, stored
    pixels keep every bit, however much finer they are than what can be read here.

    Each stored row or column is resampled by itself, a whole number of periods of the ratio at a
    time; so a pixel reads the same whatever box it is read with.
    """

    def __init__(self, stored: Canvas, aspect: Fraction) -> None:
        """``aspect``: width of a pixel of ``stored`` over its height, not 1."""
        self._canvas = stored
        self.width, self.height = displayed_size(stored.width, stored.height, aspect)
        across, down = stretch(aspect)
        self._is_across = down == 1
        self._ratio = across if self._is_across else down

    def thumbnail(self, max_side: int) -> Rgb:
        """See ``Canvas.thumbnail``."""
        size = thumbnail_size(self.width, self.height, max_side)
        if size == (self.width, self.height):
            return self.read(Box(0, 0, self.width, self.height))
        stored = self._canvas
        longer = max(stored.width, stored.height)
        needed = longer * max(size[0] / stored.width, size[1] / stored.height)
        small: Any = stored.thumbnail(min(longer, ceil(needed)))
        return np.asarray(cv2.resize(small, size, interpolation=cv2.INTER_AREA), np.uint8)

    def brightness(self, max_side: int) -> Gray:
        """See ``Canvas.brightness``; in the proportions that the picture is stored in."""
        return self._canvas.brightness(max_side)

    def read(self, box: Box, factor: int = 1) -> Rgb:
        """See ``Canvas.read``. Raises ``ValueError`` for a box outside the picture."""
        check_box(box, self.width, self.height)
        box = whole_blocks(box, factor)
        span = self._span(box)
        limit = self._canvas.width if self._is_across else self._canvas.height
        first, last = max(0, span.stored.start - _REACH), min(limit, span.stored.stop + _REACH)
        part = self._canvas.read(self._stored_box(box, slice(first, last)))
        part = self._padded(part, 0, span.stored.stop + _REACH - last)
        shown = self._resampled(part, span.stored.start - first, span.stored, span.shown)
        return block_means(np.ascontiguousarray(self._cut(shown, box, span.shown.start)), factor)

    def write(self, box: Box, rgb: Rgb, support: Mask, known: Rgb | None = None) -> None:
        """See ``Canvas.write``. Raises ``ValueError`` for a box or a patch that does not fit.

        A stored pixel may change if any pixel is supported that shows a part of it.
        """
        check_box(box, self.width, self.height)
        check_patch(box, rgb, support)
        before = self.read(box) if known is None else known
        wanted = np.asarray(support) != 0
        after = np.where(wanted[..., None], rgb, before)
        span = self._span(box)
        difference = self._shrunk(after, box, span) - self._shrunk(before, box, span)
        limit = self._canvas.width if self._is_across else self._canvas.height
        length = min(limit, span.stored.stop) - span.stored.start
        touched = self._touched(wanted, box, slice(span.stored.start, span.stored.start + length))
        inner = self._stored_box(box, slice(span.stored.start, span.stored.start + length))
        stored = self._canvas.read(inner)
        changed = np.clip(stored + self._first(difference, length), 0, 255).astype(np.uint8)
        self._canvas.write(inner, changed, touched, stored)

    def _span(self, box: Box) -> _Span:
        """The whole periods that ``box`` lies in; the last one may reach beyond the picture."""
        shown, stored = self._ratio.numerator, self._ratio.denominator
        start, length = (box.x, box.w) if self._is_across else (box.y, box.h)
        first, last = start // shown, -(-(start + length) // shown)
        return _Span(slice(first * shown, last * shown), slice(first * stored, last * stored))

    def _stored_box(self, box: Box, part: slice) -> Box:
        """``box`` in the stored picture, with ``part`` of the stretched side."""
        if self._is_across:
            return Box(part.start, box.y, part.stop - part.start, box.h)
        return Box(box.x, part.start, box.w, part.stop - part.start)

    def _shrunk(self, shown: Rgb, box: Box, span: _Span) -> NDArray[np.int16]:
        """``shown``, of ``box``, in stored pixels of ``span``; its border extends beyond it."""
        start, length = (box.x, box.w) if self._is_across else (box.y, box.h)
        reach = ceil(_REACH * self._ratio)
        before = start - span.shown.start + reach
        after = span.shown.stop - start - length + reach
        padded = self._padded(shown, before, after)
        return self._resampled(padded, reach, span.shown, span.stored).astype(np.int16)

    def _touched(self, wanted: NDArray[np.bool_], box: Box, part: slice) -> NDArray[np.bool_]:
        """Which stored pixels of ``part`` a wanted pixel of ``box`` shows a part of."""
        mask = wanted if self._is_across else wanted.T
        start, length = (box.x, box.w) if self._is_across else (box.y, box.h)
        pixels = np.arange(part.start, part.stop)
        numerator, denominator = self._ratio.numerator, self._ratio.denominator
        first = pixels * numerator // denominator - start
        last = -(-(pixels + 1) * numerator // denominator) - 1 - start
        found = np.zeros((mask.shape[0], len(pixels)), np.bool_)
        for offset in range(ceil(self._ratio) + 1):
            at = np.minimum(first + offset, last)
            inside = (at >= 0) & (at < length)
            found[:, inside] |= mask[:, at[inside]]
        return found if self._is_across else found.T

    def _resampled(self, part: Rgb, start: int, source: slice, target: slice) -> Rgb:
        """``part``, from ``start`` as long as ``source``, at the length of ``target``."""
        height, width = part.shape[:2]
        length, wanted = source.stop - source.start, target.stop - target.start
        if self._is_across:
            size, place = (wanted, height), (start, 0, start + length, height)
        else:
            size, place = (width, wanted), (0, start, width, start + length)
        picture = Image.fromarray(np.ascontiguousarray(part))
        return np.asarray(picture.resize(size, _FILTER, box=place), np.uint8)

    def _padded(self, part: Rgb, before: int, after: int) -> Rgb:
        """``part`` with its border repeated along the stretched side."""
        if not before and not after:
            return part
        sides = (0, 0, before, after) if self._is_across else (before, after, 0, 0)
        return np.asarray(cv2.copyMakeBorder(part, *sides, cv2.BORDER_REPLICATE), np.uint8)

    def _cut(self, shown: Rgb, box: Box, start: int) -> Rgb:
        """The pixels of ``box`` from those that begin at ``start`` of the stretched side."""
        if self._is_across:
            return shown[:, box.x - start : box.x - start + box.w]
        return shown[box.y - start : box.y - start + box.h]

    def _first(self, difference: NDArray[np.int16], length: int) -> NDArray[np.int16]:
        return difference[:, :length] if self._is_across else difference[:length]


def in_square_pixels(canvas: Canvas, aspect: Fraction) -> Canvas:
    """``canvas`` itself if its pixels are square, or it as people see it."""
    return canvas if aspect == SQUARE else SquareCanvas(canvas, aspect)
