"""A decoded photo."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from appliance.pipeline.media.canvas import Canvas
from appliance.pipeline.media.orientation import UPRIGHT, Orientation
from appliance.pipeline.media.photo.canvas import PhotoCanvas, Pixels
from appliance.pipeline.media.pixel_aspect import SQUARE, displayed_size
from appliance.pipeline.media.square_canvas import in_square_pixels

PhotoKind: TypeAlias = Literal["jpeg", "png", "webp", "tiff", "bmp", "heic", "avif", "dicom"]
"""What can be read."""


@dataclass(frozen=True, slots=True, eq=False)
class Photo:
    """A decoded photo.

    ``pixels``: (h, w, 3), upright R, G, B, uint8 or uint16 in full range, writable in place through
    ``canvas``. ``alpha``: (h, w) of the same type, not premultiplied; ``None`` if opaque. ``icc``:
    the RGB profile of the pixels; ``None`` is sRGB. ``kind``: what the file was. ``subsampling``: a
    JPEG's chroma subsampling in Pillow's numbering (0 is 4:4:4), so that an edit loses no more
    chroma than the file did. ``dropped``: what else belonged to the picture and is not kept, in
    words. ``pixel_aspect``: width of a pixel over its height. Metadata is dropped without a word:
    EXIF holds places, names and serial numbers.
    """

    pixels: Pixels
    alpha: NDArray[np.uint8] | NDArray[np.uint16] | None = None
    icc: bytes | None = None
    kind: PhotoKind = "png"
    subsampling: int = 0
    dropped: tuple[str, ...] = ()
    pixel_aspect: Fraction = SQUARE

    @property
    def canvas(self) -> Canvas:
        """The picture as people see it, to read and write; writing changes this photo."""
        return in_square_pixels(PhotoCanvas(self.pixels), self.pixel_aspect)

    @property
    def displayed_size(self) -> tuple[int, int]:
        """Width and height, in square pixels."""
        height, width = self.pixels.shape[:2]
        return displayed_size(width, height, self.pixel_aspect)


def finished(photo: Photo, orientation: Orientation = UPRIGHT) -> Photo:
    """``photo`` turned upright, without an alpha that is opaque throughout."""
    alpha = photo.alpha
    if alpha is not None and (alpha == np.iinfo(alpha.dtype).max).all():
        alpha = None
    return replace(
        photo,
        pixels=_upright(photo.pixels, orientation),
        alpha=None if alpha is None else _upright(alpha, orientation),
    )


def _upright(pixels: Any, orientation: Orientation) -> Any:
    """``pixels`` if they can be taken as they are, which saves the memory of a copy, or a copy."""
    flags = pixels.flags
    if orientation == UPRIGHT and flags.c_contiguous and flags.owndata and flags.writeable:
        return pixels
    return np.array(orientation.upright(pixels), order="C")
