"""A picture that the swap reads and writes by region, in the picture's own pixel format."""

from __future__ import annotations

from typing import NamedTuple, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

Rgb: TypeAlias = NDArray[np.uint8]
"""(height, width, 3), R, G, B, full range 0-255, in the transfer curve of the picture."""

Gray: TypeAlias = NDArray[np.uint8]
"""(height, width), 0-255."""

Mask: TypeAlias = NDArray[np.bool_] | NDArray[np.uint8]
"""(height, width); where it is not zero a pixel may change."""


class Box(NamedTuple):
    """A rectangle of whole pixels of the upright picture; ``x`` and ``y`` are its top left one."""

    x: int
    y: int
    w: int
    h: int


class Canvas(Protocol):
    """A picture, upright, that is never converted as a whole."""

    @property
    def width(self) -> int:
        """In pixels, upright."""
        ...

    @property
    def height(self) -> int:
        """In pixels, upright."""
        ...

    def thumbnail(self, max_side: int) -> Rgb:
        """The whole picture, its longer side at most ``max_side`` pixels, never enlarged."""
        ...

    def brightness(self, max_side: int) -> Gray:
        """As a thumbnail, grey, and from some of the pixels only: to compare pictures quickly."""
        ...

    def read(self, box: Box) -> Rgb:
        """A copy of the pixels of ``box``, which must lie inside the picture and not be empty."""
        ...

    def write(self, box: Box, rgb: Rgb, support: Mask, known: Rgb | None = None) -> None:
        """Put ``rgb`` where ``support`` is set; every other pixel keeps its exact value.

        ``known``: what ``read`` gives of ``box``, from whoever has it still.

        Where several pixels share a chroma sample, the sample becomes the mean of the new
        chroma of the supported ones and its old value for the rest.
        """
        ...


def check_box(box: Box, width: int, height: int) -> None:
    """Raise ``ValueError`` unless ``box`` is a non-empty part of a picture of that size."""
    inside = 0 <= box.x < box.x + box.w <= width and 0 <= box.y < box.y + box.h <= height
    if not inside:
        raise ValueError(f"box {tuple(box)} is not inside the {width}x{height} picture")


def check_patch(box: Box, rgb: Rgb, support: Mask) -> None:
    """Raise ``ValueError`` unless ``rgb`` and ``support`` have the size of ``box``."""
    if rgb.dtype != np.uint8 or rgb.shape != (box.h, box.w, 3):
        raise ValueError(f"patch is {rgb.dtype}{rgb.shape}, not uint8{(box.h, box.w, 3)}")
    if support.shape != (box.h, box.w):
        raise ValueError(f"support is {support.shape}, not {(box.h, box.w)}")


def thumbnail_size(width: int, height: int, max_side: int) -> tuple[int, int]:
    """The size of a thumbnail: same shape, longer side at most ``max_side``, never enlarged."""
    if max_side < 1:
        raise ValueError("a thumbnail has at least one pixel")
    longer = max(width, height)
    if longer <= max_side:
        return width, height
    return max(1, round(width * max_side / longer)), max(1, round(height * max_side / longer))
