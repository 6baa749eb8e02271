"""TIFF photos are decoded: the one picture of the file that is the photo, at its depth."""

from __future__ import annotations

import io

from PIL import Image, TiffImagePlugin, UnidentifiedImageError

from appliance.pipeline.media.photo import tiff_directory as tags
from appliance.pipeline.media.photo.colour_space import ColourSpace
from appliance.pipeline.media.photo.limits import check_size
from appliance.pipeline.media.photo.photo import Photo, finished
from appliance.pipeline.media.photo.pillow_image import as_rgb, has_alpha, in_space
from appliance.pipeline.media.photo.tiff_colour import tiff_colour
from appliance.pipeline.media.photo.tiff_directory import Directory, TiffDirectories
from appliance.pipeline.media.photo.tiff_picture import find_photo
from appliance.pipeline.media.photo.tiff_samples import (
    check_format,
    extra_samples,
    is_read_here,
    read_samples,
    unusual,
)

_FORMATS = (TiffImagePlugin.TiffImageFile.format,)
_GREY_AND_RGB = (0, 1, 2)


def is_tiff(head: bytes) -> bool:
    """Whether a file that starts with ``head`` says that it is a TIFF or BigTIFF."""
    return head[:4] in (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")


def read_tiff(data: bytes) -> Photo:
    """The photo in a TIFF.

    Raises ``InputError`` if there is none, or none that is read, and whatever decoders raise for
    damaged data.
    """
    tiff = TiffDirectories(data)
    directory, lost = find_photo(tiff)
    icc = tiff.raw(directory, tags.ICC_PROFILE) or None
    space = None if icc else _space(tiff, directory)
    check_format(tiff, directory)
    lost += _unknown_channels(tiff, directory)
    if is_read_here(tiff, directory):
        photo = Photo(*read_samples(tiff, directory), icc, "tiff", dropped=lost)
    else:
        photo = _shallow(tiff.alone(directory), icc, lost)
    return finished(in_space(photo, space))


def _shallow(data: bytes, icc: bytes | None, lost: tuple[str, ...]) -> Photo:
    """A TIFF of up to 8 bits, which Pillow turns upright while it loads."""
    try:
        image = Image.open(io.BytesIO(data), formats=_FORMATS)
    except UnidentifiedImageError:
        raise unusual() from None
    check_size(image.width, image.height, 4 if has_alpha(image) else 3)
    image.load()
    return Photo(*as_rgb(image, icc), "tiff", dropped=lost)


def _unknown_channels(tiff: TiffDirectories, directory: Directory) -> tuple[str, ...]:
    """What is said of samples that are neither colour nor the first alpha."""
    if tiff.number(directory, tags.PHOTOMETRIC, -1) not in _GREY_AND_RGB:
        return ()
    extras = extra_samples(tiff, directory)
    return ("extra channels",) if len(extras) > int(any(extras)) else ()


def _space(tiff: TiffDirectories, directory: Directory) -> ColourSpace | None:
    """What tags of numbers say, which are of RGB or grey."""
    is_rgb = tiff.number(directory, tags.PHOTOMETRIC) in _GREY_AND_RGB
    return tiff_colour(tiff, directory) if is_rgb else None
