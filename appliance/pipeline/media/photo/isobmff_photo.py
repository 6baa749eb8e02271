"""HEIC and AVIF photos: pictures in the boxes of an MP4.

libheif, inside pi-heif, reads the boxes of both. It decodes HEVC; AV1 is decoded by libavif, inside
Pillow.
"""

from __future__ import annotations

import io
from typing import Any

import pi_heif  # type: ignore[import-untyped]
from PIL import AvifImagePlugin, Image

from appliance.errors import InputError
from appliance.pipeline.media.orientation import from_exif
from appliance.pipeline.media.photo.colour_space import ColourSpace
from appliance.pipeline.media.photo.jpeg import GAIN_MAP
from appliance.pipeline.media.photo.limits import check_size
from appliance.pipeline.media.photo.photo import Photo, finished
from appliance.pipeline.media.photo.pillow_image import as_rgb, in_space
from appliance.pipeline.media.photo.png_colour import space_of_codes

_RGB_AND_ALPHA = 4  # bytes of a pixel: these photos are decoded to 8 bits a channel
_FORMATS = (AvifImagePlugin.AvifImageFile.format,)
_ORIENTATION = 274


def read_heic(data: bytes) -> Photo:
    """The primary picture of a HEIC. Raises ``InputError``, and whatever decoders raise."""
    heif = pi_heif.open_heif(io.BytesIO(data), convert_hdr_to_8bit=True)
    width, height = heif.size
    check_size(width, height, _RGB_AND_ALPHA)
    space = _space(heif.info)
    image = heif.to_pillow()
    pixels, alpha, icc = as_rgb(image, image.info.get("icc_profile") or None)
    # libheif has applied the rotation already.
    photo = Photo(pixels, alpha, icc, "heic", 1, _lost(heif))
    return finished(in_space(photo, space))


def read_avif(data: bytes) -> Photo:
    """The picture of an AVIF. Raises ``InputError``, and whatever decoders raise."""
    image = Image.open(io.BytesIO(data), formats=_FORMATS)
    if getattr(image, "n_frames", 1) > 1:
        raise InputError("The picture is animated.", "Convert it to an MP4 and use it as a video.")
    check_size(image.width, image.height, _RGB_AND_ALPHA)
    heif = pi_heif.open_heif(io.BytesIO(data))
    icc = image.info.get("icc_profile") or None
    space = None if icc else _space(heif.info)
    orientation = from_exif(image.getexif().get(_ORIENTATION))
    pixels, alpha, icc = as_rgb(image, icc)
    photo = Photo(pixels, alpha, icc, "avif", 1, _lost(heif))
    return finished(in_space(photo, space), orientation)


def _space(info: dict[str, Any]) -> ColourSpace | None:
    codes = info.get("nclx_profile")
    if not codes or info.get("icc_profile"):
        return None
    return space_of_codes(int(codes["color_primaries"]), int(codes["transfer_characteristics"]))


def _lost(heif: Any) -> tuple[str, ...]:
    lost = ["further pictures"] if len(heif) > 1 else []
    kinds = [str(kind).lower() for kind in heif.info.get("aux", ())]
    if any("gainmap" in kind for kind in kinds):
        lost.append(GAIN_MAP)
    if heif.info.get("depth_images") or any("depth" in kind for kind in kinds):
        lost.append("depth map")
    return tuple(lost)
