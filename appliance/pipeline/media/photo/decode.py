"""Photos are decoded: from bytes to upright RGB pixels and their colour profile."""

from __future__ import annotations

import io
import warnings
from dataclasses import replace
from typing import Any, Literal

import cv2
import numpy as np
from PIL import (
    BmpImagePlugin,
    Image,
    JpegImagePlugin,
    MpoImagePlugin,
    PngImagePlugin,
    UnidentifiedImageError,
    WebPImagePlugin,
)

from appliance.errors import InputError
from appliance.pipeline.media.kind import is_avif, is_dicom, is_heic
from appliance.pipeline.media.orientation import from_exif
from appliance.pipeline.media.photo import icc as profiles
from appliance.pipeline.media.photo.aspect import photo_aspect
from appliance.pipeline.media.photo.canvas import Pixels, as_8_bit
from appliance.pipeline.media.photo.dicom import read_dicom
from appliance.pipeline.media.photo.exif_colour import exif_colour
from appliance.pipeline.media.photo.isobmff_photo import read_avif, read_heic
from appliance.pipeline.media.photo.jpeg import completed, lost_with
from appliance.pipeline.media.photo.libtiff import silence_libtiff
from appliance.pipeline.media.photo.limits import (
    MAX_PHOTO_BYTES,
    MAX_PIXEL_BYTES,
    MAX_PIXELS,
    check_size,
    too_large,
)
from appliance.pipeline.media.photo.photo import Photo, PhotoKind, finished
from appliance.pipeline.media.photo.pillow_image import (
    as_rgb,
    chroma_subsampling,
    has_alpha,
    in_space,
)
from appliance.pipeline.media.photo.png_colour import png_colour
from appliance.pipeline.media.photo.png_structure import check_chunks, check_rows
from appliance.pipeline.media.photo.refused_kind import check_photo_kind
from appliance.pipeline.media.photo.tiff import is_tiff, read_tiff
from appliance.pipeline.media.preload import load_media_libraries
from appliance.pipeline.media.unread_kind import unknown_kind

__all__ = [
    "MAX_PHOTO_BYTES",
    "MAX_PIXELS",
    "MAX_PIXEL_BYTES",
    "Photo",
    "PhotoKind",
    "in_colours_of",
    "read_photo",
]

load_media_libraries()

# By class, so that the readers are loaded with this module, before the seal. Those of TIFF and AVIF
# are loaded by the modules that use them.
_KINDS: dict[str, PhotoKind] = {
    JpegImagePlugin.JpegImageFile.format: "jpeg",
    PngImagePlugin.PngImageFile.format: "png",
    WebPImagePlugin.WebPImageFile.format: "webp",
    BmpImagePlugin.BmpImageFile.format: "bmp",
}
_FORMATS = tuple(_KINDS)
_PNG, _JPEG = PngImagePlugin.PngImageFile.format, JpegImagePlugin.JpegImageFile.format
# A JPEG followed by further pictures, as some telephones write it; the first is the photo.
_MANY_VIEWS = MpoImagePlugin.MpoImageFile.format
_ORIENTATION = 274
_HEAD = 132

silence_libtiff()


def read_photo(data: bytes, only: Literal["png"] | None = None) -> Photo:
    """Decode ``data``, of the kind that its content shows; a file's suffix does not matter.

    ``only``: the kind that it must have; no other decoder meets it then. Raises ``InputError`` for
    anything but one complete still picture of at most ``MAX_PIXELS`` and ``MAX_PIXEL_BYTES``.
    """
    if not data:
        raise InputError("The photo is empty.", "Copy it again from the camera; it holds 0 bytes.")
    try:
        with warnings.catch_warnings():
            # Pillow warns from 89 megapixels, of which MAX_PIXELS is the limit here, and of
            # damaged metadata.
            warnings.simplefilter("ignore")
            photo = _read(data) if only is None else _read_pillow(data, (_PNG,))
            return _with_aspect(photo, data)
    except InputError:
        raise
    except UnidentifiedImageError:
        raise unknown_kind(video_too=False) from None
    except Image.DecompressionBombError:
        raise too_large() from None
    except Exception as error:
        # Decoders raise nearly anything for damaged data: OSError, SyntaxError, struct.error …
        hint = "It is damaged or cut short; copy it again from the camera."
        raise InputError("The photo cannot be decoded.", hint) from error


def in_colours_of(photo: Photo, target: Photo) -> Photo:
    """``photo`` at 8 bits a channel, converted to the colour space of ``target``.

    Skin that is copied from one photo to another keeps its colour that way.
    """
    moved = profiles.convert_profile(as_8_bit(photo.pixels), photo.icc, target.icc)
    alpha = None if photo.alpha is None else as_8_bit(photo.alpha)
    return replace(photo, pixels=np.array(moved), alpha=alpha, icc=target.icc)


def _read(data: bytes) -> Photo:
    head = data[:_HEAD]
    if is_dicom(head):  # first, for what comes before its mark may be anything
        return read_dicom(data)
    check_photo_kind(head)
    if is_heic(head):
        return read_heic(data)
    if is_avif(head):
        return read_avif(data)
    if is_tiff(head):
        return read_tiff(data)
    return _read_pillow(data, _FORMATS)


def _with_aspect(photo: Photo, data: bytes) -> Photo:
    if photo.kind == "dicom":  # which says it in elements of its own
        return photo
    height, width = photo.pixels.shape[:2]
    return replace(photo, pixel_aspect=photo_aspect(data, photo.kind, (width, height)))


def _read_pillow(data: bytes, formats: tuple[str, ...]) -> Photo:
    image: Image.Image = Image.open(io.BytesIO(data), formats=formats)
    kind = _KINDS.get(str(image.format), "jpeg")
    if image.format != _MANY_VIEWS and getattr(image, "n_frames", 1) > 1:
        raise InputError("The picture is animated.", "Convert it to an MP4 and use it as a video.")
    deep = image.format == _PNG and data[24] == 16  # the bit depth in IHDR, the first chunk
    check_size(image.width, image.height, (4 if has_alpha(image) else 3) * (2 if deep else 1))
    if kind == "png":
        check_chunks(data)
    space = png_colour(data) if kind == "png" else None
    icc = None if space else image.info.get("icc_profile") or None
    exif = image.getexif()
    if not icc and kind != "png":
        space = exif_colour(exif)
    orientation = from_exif(exif.get(_ORIENTATION))
    if image.format == _JPEG:
        image = _whole_jpeg(image, data)
    image.load()
    if deep:
        pixels, alpha = _decode_16_bit(data)
    else:
        pixels, alpha, icc = as_rgb(image, icc)
    if kind == "png" and _ends_empty(image):
        check_rows(data)
    lost = lost_with(data) if kind == "jpeg" else ()
    photo = Photo(pixels, alpha, icc, kind, chroma_subsampling(image), lost)
    return finished(in_space(photo, space), orientation)


def _ends_empty(image: Image.Image) -> bool:
    """Whether one of the last two rows has only zeros, as decoders leave rows that are missing.

    Two, for an interlaced picture's last pass has every second row.
    """
    rows = np.asarray(image.crop((0, max(0, image.height - 2), image.width, image.height)))
    return not all(row.any() for row in rows)


def _whole_jpeg(image: Image.Image, data: bytes) -> Image.Image:
    """``image``, decoded; from ``data`` with its end marker if only that was missing.

    Raises ``OSError`` or ``ValueError`` if pixels are missing, too.
    """
    try:
        image.load()
    except OSError:
        image = Image.open(io.BytesIO(completed(data)), formats=(_JPEG,))
        image.load()
    return image


def _decode_16_bit(data: bytes) -> tuple[Pixels, Any]:
    """(h, w, 3) and, if there is an alpha, (h, w), 0-65535."""
    # Raises for wrong checksums in a PNG; OpenCV's libpng would write about them on stderr.
    Image.open(io.BytesIO(data), formats=(_PNG,)).verify()
    decoded: Any = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    if decoded is None or decoded.dtype != np.uint16:
        raise ValueError("16-bit decoding failed")
    if decoded.ndim == 2:
        return np.repeat(decoded[..., None], 3, axis=2), None
    rgb = np.ascontiguousarray(decoded[..., 2::-1])
    return rgb, decoded[..., 3] if decoded.shape[2] == 4 else None
