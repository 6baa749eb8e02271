"""Photos are encoded: with what decides their colours, without any other metadata."""

from __future__ import annotations

import io
import struct
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Literal, TypeAlias, get_args

import cv2
import numpy as np
from PIL import Image

from appliance.errors import OutputError
from appliance.pipeline.media.conversion import Conversion, depth_conversion
from appliance.pipeline.media.photo import icc as profiles
from appliance.pipeline.media.photo.aspect import density_for, png_with_density
from appliance.pipeline.media.photo.bare_profile import bare_profile
from appliance.pipeline.media.photo.canvas import as_8_bit
from appliance.pipeline.media.photo.colour_space import gamma_of
from appliance.pipeline.media.photo.limits import MAX_PIXELS
from appliance.pipeline.media.photo.photo import Photo
from appliance.pipeline.media.photo.png_chunks import with_chunk
from appliance.pipeline.media.photo.tiff16 import encode_tiff16
from appliance.pipeline.media.pixel_aspect import SQUARE
from appliance.pipeline.media.quality import DEFAULT_QUALITY, PHOTO_QUALITY, QualityWord

PhotoFormat: TypeAlias = Literal["jpeg", "png", "webp", "tiff", "bmp"]
"""What can be written; HEIC cannot."""

_SETTINGS: dict[str, dict[str, Any]] = {
    "jpeg": {},
    "webp": {"method": 1, "exact": True},
    "tiff": {"compression": "tiff_lzw"},
    "bmp": {},
}
_LONGEST_SIDES: Mapping[str, int] = {"webp": 16383, "jpeg": 65500}  # pixels; libwebp, libjpeg
_LOSSY, _16_BIT = ("jpeg", "webp"), ("png", "tiff")
_CHROMA_420 = 2  # as Pillow numbers the subsampling of JPEGs
# Filter "up" and Huffman coding only: half the time of zlib's fastest level. The size is the same
# for photos, whose noise has no repetitions to match.
_PNG_SETTINGS = (
    (cv2.IMWRITE_PNG_COMPRESSION, 1),
    (cv2.IMWRITE_PNG_STRATEGY, cv2.IMWRITE_PNG_STRATEGY_HUFFMAN_ONLY),
    (cv2.IMWRITE_PNG_FILTER, cv2.IMWRITE_PNG_FILTER_UP),
)


def encode_photo(
    photo: Photo, kind: PhotoFormat, quality: QualityWord | int | None = None
) -> bytes:
    """``photo`` as a file of ``kind``.

    ``quality``: a word, see :mod:`appliance.pipeline.media.quality`, or a number from 1 to 100 for
    JPEG and WebP; ``None`` is the default word. JPEG: the source's own chroma subsampling. PNG,
    TIFF and BMP are lossless; PNG and TIFF keep 16 bits, the others have 8. BMP holds no profile,
    so the pixels are converted to sRGB. Pixels that are not square stay so. Raises ``OutputError``
    if the format cannot hold the photo, or has no such quality.
    """
    check_format(photo, kind)
    settings = _quality_settings(kind, quality)
    if photo.icc is not None:
        photo = replace(photo, icc=bare_profile(photo.icc))
    if kind == "png":
        return _encode_png(photo)
    if kind == "tiff" and photo.pixels.dtype == np.uint16:
        return encode_tiff16(photo.pixels, photo.alpha, photo.icc, _density(photo))
    return _encode_pillow(photo, kind, settings)


def check_format(photo: Photo, kind: PhotoFormat) -> None:
    """Raises ``OutputError`` if a file of ``kind`` cannot hold ``photo``."""
    if kind not in get_args(PhotoFormat):
        hint = "Use .jpg, .png, .webp, .tif or .bmp."
        raise OutputError("Photos are not written in this format.", hint)
    if kind in ("jpeg", "bmp") and photo.alpha is not None:
        hint = "Write a .png, .webp or .tif instead."
        raise OutputError("This format cannot keep the photo's transparency.", hint)
    if kind == "webp" and photo.pixel_aspect != SQUARE:
        hint = "Write a .png, .tif or .jpg instead."
        raise OutputError("This format cannot keep the shape of the photo's pixels.", hint)
    if max(photo.pixels.shape[:2]) > _LONGEST_SIDES.get(kind, MAX_PIXELS):
        raise _does_not_fit()


def photo_conversions(
    photo: Photo, kind: PhotoFormat, quality: QualityWord | int | None = None, scale: int = 1
) -> tuple[Conversion, ...]:
    """What ``encode_photo`` converts of ``photo``, if it was enlarged ``scale`` times before."""
    found = []
    if photo.pixels.dtype == np.uint16 and (kind not in _16_BIT or scale > 1):
        found.append(depth_conversion(16, 8))
    if kind == "bmp" and photo.icc is not None:
        found.append(Conversion("colour profile", "its own", "sRGB"))
    has_full_chroma = photo.kind != "webp" and photo.subsampling != _CHROMA_420
    if kind == "webp" and quality != "lossless" and has_full_chroma:
        before = "4:2:2" if photo.subsampling else "4:4:4"
        found.append(Conversion("chroma", before, "4:2:0"))
    return tuple(found)


def check_quality(kind: PhotoFormat, quality: QualityWord | int | None) -> None:
    """Raises ``OutputError`` if a photo of ``kind`` cannot have this ``quality``."""
    _quality_settings(kind, quality)


def _quality_settings(kind: PhotoFormat, quality: QualityWord | int | None) -> dict[str, Any]:
    """Pillow's settings for a lossy format; none for the others."""
    if kind not in _LOSSY:
        if isinstance(quality, int) or quality in ("low", "medium"):
            hint = "Leave --quality out, or write a .jpg or .webp."
            raise OutputError("PNG, TIFF and BMP keep every pixel and have no quality.", hint)
        return {}
    if quality == "lossless":
        if kind == "jpeg":
            raise OutputError("A JPEG is never lossless.", "Write a .png, .tif or .webp.")
        return {"lossless": True}
    if isinstance(quality, int):
        return {"quality": quality}
    return {"quality": PHOTO_QUALITY[quality or DEFAULT_QUALITY]}


def _encode_png(photo: Photo) -> bytes:
    layers: Any = [photo.pixels[..., i] for i in (2, 1, 0)]
    if photo.alpha is not None:
        layers.append(photo.alpha)
    icc = None if photo.icc is None else profiles.well_formed(photo.icc)
    kinds = [] if icc is None else [cv2.IMAGE_METADATA_ICCP]
    values = [] if icc is None else [np.frombuffer(icc, np.uint8)]
    settings = [number for pair in _PNG_SETTINGS for number in pair]
    done, data = cv2.imencodeWithMetadata(".png", cv2.merge(layers), kinds, values, settings)
    if not done:
        raise OutputError("The photo cannot be written as PNG.", "Write a .tif instead.")
    png = _with_gamma(bytes(data.data), photo.icc)
    return png if photo.pixel_aspect == SQUARE else png_with_density(png, photo.pixel_aspect)


def _with_gamma(png: bytes, icc: bytes | None) -> bytes:
    """``png`` with the gamma of its profile as a number too, for viewers that read only that."""
    gamma = None if icc is None else gamma_of(icc)
    if gamma is None:
        return png
    return with_chunk(png, b"gAMA", struct.pack(">I", round(100_000 / gamma)))


def _encode_pillow(photo: Photo, kind: PhotoFormat, more: Mapping[str, Any]) -> bytes:
    pixels, icc = as_8_bit(photo.pixels), photo.icc
    if kind == "bmp":
        pixels, icc = profiles.convert_profile(pixels, icc, None), None
    if photo.alpha is not None:
        pixels = np.dstack([pixels, as_8_bit(photo.alpha)])
    settings = {**_SETTINGS[kind], **more}
    if kind == "jpeg":
        settings["subsampling"] = photo.subsampling
    if (density := _density(photo)) is not None:
        settings["dpi"] = density
    if icc is not None:
        settings["icc_profile"] = icc
    buffer = io.BytesIO()
    try:
        Image.fromarray(pixels).save(buffer, kind, **settings)
    except (OSError, ValueError) as error:
        raise _does_not_fit() from error
    return buffer.getvalue()


def _does_not_fit() -> OutputError:
    hint = "Write a .png instead; WebP ends at 16383 and JPEG at 65500 pixels a side."
    return OutputError("The photo does not fit into this format.", hint)


def _density(photo: Photo) -> tuple[int, int] | None:
    """Dots an inch across and down, if their ratio must be written."""
    return None if photo.pixel_aspect == SQUARE else density_for(photo.pixel_aspect)
