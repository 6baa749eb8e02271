"""Photos are encoded: with their colour profile, without any other metadata."""

from __future__ import annotations

import io
from typing import Any, Literal, TypeAlias, get_args

import cv2
import numpy as np
from PIL import Image

from appliance.errors import OutputError
from appliance.pipeline.media.photo import icc as profiles
from appliance.pipeline.media.photo.canvas import as_8_bit
from appliance.pipeline.media.photo.decode import Photo
from appliance.pipeline.media.photo.tiff16 import encode_tiff16

PhotoFormat: TypeAlias = Literal["jpeg", "png", "webp", "tiff", "bmp"]
"""What can be written; HEIC cannot."""

_SETTINGS: dict[str, dict[str, Any]] = {
    "jpeg": {"quality": 95},
    "webp": {"quality": 95, "method": 1, "exact": True},
    "tiff": {"compression": "tiff_lzw"},
    "bmp": {},
}
# Filter "up" and Huffman coding only: half the time of zlib's fastest level. The size is the same
# for photos, whose noise has no repetitions to match.
_PNG_SETTINGS = (
    (cv2.IMWRITE_PNG_COMPRESSION, 1),
    (cv2.IMWRITE_PNG_STRATEGY, cv2.IMWRITE_PNG_STRATEGY_HUFFMAN_ONLY),
    (cv2.IMWRITE_PNG_FILTER, cv2.IMWRITE_PNG_FILTER_UP),
)


def encode_photo(photo: Photo, kind: PhotoFormat) -> bytes:
    """``photo`` as a file of ``kind``.

    JPEG: quality 95 and the source's own chroma subsampling. WebP: lossy, quality 95. PNG and
    TIFF are lossless and keep 16 bits; the others have 8. BMP holds no profile, so the pixels are
    converted to sRGB. Raises ``OutputError`` if the format cannot hold the photo.
    """
    if kind not in get_args(PhotoFormat):
        hint = "Use .jpg, .png, .webp, .tif or .bmp."
        raise OutputError("Photos are not written in this format.", hint)
    if kind in ("jpeg", "bmp") and photo.alpha is not None:
        hint = "Write a .png, .webp or .tif instead."
        raise OutputError("This format cannot keep the photo's transparency.", hint)
    if kind == "png":
        return _encode_png(photo)
    if kind == "tiff" and photo.pixels.dtype == np.uint16:
        return encode_tiff16(photo.pixels, photo.alpha, photo.icc)
    return _encode_pillow(photo, kind)


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
    return bytes(data.data)


def _encode_pillow(photo: Photo, kind: PhotoFormat) -> bytes:
    pixels, icc = as_8_bit(photo.pixels), photo.icc
    if kind == "bmp":
        pixels, icc = profiles.convert_profile(pixels, icc, None), None
    if photo.alpha is not None:
        pixels = np.dstack([pixels, as_8_bit(photo.alpha)])
    settings = dict(_SETTINGS[kind])
    if kind == "jpeg":
        settings["subsampling"] = photo.subsampling
    if icc is not None:
        settings["icc_profile"] = icc
    buffer = io.BytesIO()
    try:
        Image.fromarray(pixels).save(buffer, kind, **settings)
    except (OSError, ValueError) as error:
        hint = "Write a .png instead; WebP ends at 16383 and JPEG at 65535 pixels a side."
        raise OutputError("The photo does not fit into this format.", hint) from error
    return buffer.getvalue()
