"""Photos whose pixels are not square, as faxes and some scanners make them: read and written.

Only the ratio of the two resolutions is used and kept, not the resolutions themselves.
"""

from __future__ import annotations

import io
import struct
from fractions import Fraction
from typing import Any

from PIL import Image

from appliance.pipeline.media.orientation import from_exif
from appliance.pipeline.media.photo.png_chunks import with_chunk
from appliance.pipeline.media.pixel_aspect import SQUARE, known_aspect

# Tags of TIFF 6.0, which EXIF uses too.
_ORIENTATION, _X_RESOLUTION, _Y_RESOLUTION = 274, 282, 283
# Of the axis with fewer dots an inch, in what is written: JPEG and BMP hold whole numbers.
_DOTS = 72
_MAX_DENOMINATOR = 1000
# Other kinds have no resolutions, or are not opened by a reader that is loaded already.
_KINDS = ("jpeg", "png", "tiff", "bmp")
# What Pillow raises for odd metadata, which is no reason to refuse a photo that was decoded.
_ODD = (
    *(ArithmeticError, AttributeError, EOFError, LookupError, OSError),
    *(SyntaxError, TypeError, ValueError, struct.error, Image.DecompressionBombError),
)


def photo_aspect(data: bytes, kind: str, size: tuple[int, int]) -> Fraction:
    """Width over height of an upright pixel of the photo in ``data``, as far as it counts.

    ``kind``: what ``data`` is. ``size``: of the picture that was taken from it; a
    file's first header counts for no other.
    """
    if kind not in _KINDS:
        return SQUARE
    try:
        image: Any = Image.open(io.BytesIO(data), formats=(kind,))
        tags: Any = image.tag_v2 if kind == "tiff" else image.getexif()
        orientation = from_exif(tags.get(_ORIENTATION))
        stored = Fraction(1) / _density_ratio(image, tags)
    except _ODD:
        return SQUARE
    if image.size not in (size, size[::-1]):
        return SQUARE
    return known_aspect(orientation.aspect(stored))


def density_for(aspect: Fraction) -> tuple[int, int]:
    """Dots an inch across and down of pixels with this aspect, both whole numbers."""
    across, down = (1 / aspect.limit_denominator(_MAX_DENOMINATOR)).as_integer_ratio()
    times = -(-_DOTS // min(across, down))
    return across * times, down * times


def png_with_density(png: bytes, aspect: Fraction) -> bytes:
    """``png`` with the chunk that says the shape of its pixels, in no unit."""
    return with_chunk(png, b"pHYs", struct.pack(">IIB", *density_for(aspect), 0))


def _density_ratio(image: Any, tags: Any) -> Fraction:
    """Dots a length across, over those down, of the stored picture; 1 if nothing says it."""
    info = image.info
    found: Any = info.get("jfif_density") or info.get("aspect")
    if image.format == "TIFF" or (image.format == "JPEG" and not _says(found)):
        found = tags.get(_X_RESOLUTION), tags.get(_Y_RESOLUTION)
    elif image.format in ("PNG", "BMP"):
        found = found or info.get("dpi")
    if not _says(found):
        return Fraction(1)
    return _exact(found[0]) / _exact(found[1])


def _says(found: Any) -> bool:
    """Whether a pair of densities means anything: 1 by 1 is what programs write who know none."""
    return bool(found) and all(found) and tuple(found) != (1, 1)


def _exact(number: Any) -> Fraction:
    return Fraction(float(number)).limit_denominator(10_000)
