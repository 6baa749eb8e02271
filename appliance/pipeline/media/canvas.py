"""A picture that is read and written box by box, in its own pixel format."""

from __future__ import annotations

from typing import Any, NamedTuple, Protocol, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

Rgb: TypeAlias = NDArray[np.uint8]
"""(h, w, 3), R, G, B, full range 0-255, in the transfer curve of the picture."""

Gray: TypeAlias = NDArray[np.uint8]
"""(h, w), 0-255."""

Mask: TypeAlias = NDArray[np.bool_] | NDArray[np.uint8]
"""(h, w); a pixel may change where it is not zero."""


class Box(NamedTuple):
    """A rectangle in pixels of the upright picture; ``x`` and ``y`` are its top left pixel."""

    x: int
    y: int
    w: int
    h: int


class Canvas(Protocol):
    """A picture, presented upright, that is never converted to RGB as a whole."""

    @property
    def width(self) -> int:
        """In pixels, upright."""
        ...

    @property
    def height(self) -> int:
        """In pixels, upright."""
        ...

    def thumbnail(self, max_side: int) -> Rgb:
        """A copy of the picture, its longer side at most ``max_side`` pixels, never enlarged."""
        ...

    def brightness(self, max_side: int) -> Gray:
        """A grey thumbnail, from some of the pixels only: to compare pictures quickly."""
        ...

    def read(self, box: Box, factor: int = 1) -> Rgb:
        """A copy of the pixels of ``box``, which must lie inside the picture and not be empty.

        At 1/``factor`` of their size: each pixel is the mean of ``factor``². Up to ``factor`` - 1
        rows and columns at the far edges are left out then.
        """
        ...

    def write(self, box: Box, rgb: Rgb, support: Mask, known: Rgb | None = None) -> None:
        """Write ``rgb`` where ``support`` is set; every other pixel keeps its exact value.

        ``known``: what ``read`` would return for ``box``, if the caller has it.

        A chroma sample that several pixels share becomes the mean of the new chroma of the
        supported ones and its old value for the others.
        """
        ...


def whole_blocks(box: Box, factor: int) -> Box:
    """The part of ``box`` that blocks of ``factor``² pixels fill.

    Raises ``ValueError`` where not one fits.
    """
    if not 1 <= factor <= min(box.w, box.h):
        raise ValueError(f"no block of {factor} pixels fits into {tuple(box)}")
    return Box(box.x, box.y, box.w // factor * factor, box.h // factor * factor)


def block_means(rgb: Rgb, factor: int) -> Rgb:
    """The means of blocks of ``factor``² pixels, which fill the (h, w, 3) picture."""
    if factor == 1:
        return rgb
    size = (rgb.shape[1] // factor, rgb.shape[0] // factor)
    means: Any = cv2.resize(rgb, size, interpolation=cv2.INTER_AREA)
    return np.asarray(means, np.uint8)


def check_box(box: Box, width: int, height: int) -> None:
    """Raises ``ValueError`` unless ``box`` is a non-empty part of a picture of that size."""
    inside = 0 <= box.x < box.x + box.w <= width and 0 <= box.y < box.y + box.h <= height
    if not inside:
        raise ValueError(f"box {tuple(box)} is not inside the {width}x{height} picture")


def check_patch(box: Box, rgb: Rgb, support: Mask) -> None:
    """Raises ``ValueError`` unless ``rgb`` and ``support`` have the size of ``box``."""
    if rgb.dtype != np.uint8 or rgb.shape != (box.h, box.w, 3):
        raise ValueError(f"patch is {rgb.dtype}{rgb.shape}, not uint8{(box.h, box.w, 3)}")
    if support.shape != (box.h, box.w):
        raise ValueError(f"support is {support.shape}, not {(box.h, box.w)}")


def thumbnail_size(width: int, height: int, max_side: int) -> tuple[int, int]:
    """Width and height of a thumbnail: same shape, longer side at most ``max_side`` pixels.

    It is never larger than the picture. Raises ``ValueError`` if ``max_side`` is less than 1.
    """
    if max_side < 1:
        raise ValueError("a thumbnail has at least one pixel")
    longer = max(width, height)
    if longer <= max_side:
        return width, height
    return max(1, round(width * max_side / longer)), max(1, round(height * max_side / longer))
