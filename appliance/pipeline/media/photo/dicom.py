"""DICOM photographs are decoded: one picture in visible light, or a secondary capture.

Values are what PS3.3, C.7.6.3 says of an image's pixels. A patient's name, and all else that is not
needed for pixels, is never read.
"""

from __future__ import annotations

import io
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, Jpeg2KImagePlugin, JpegImagePlugin

from appliance.errors import InputError
from appliance.pipeline.media.photo.dicom_elements import (
    PIXEL_DATA,
    DicomElements,
    read_elements,
)
from appliance.pipeline.media.photo.limits import check_size
from appliance.pipeline.media.photo.photo import Photo, finished
from appliance.pipeline.media.photo.pillow_image import as_rgb, chroma_subsampling
from appliance.pipeline.media.pixel_aspect import SQUARE, known_aspect

# SOP classes whose pixels are a photograph: VL endoscopic and photographic, ophthalmic of 8 and 16
# bits; secondary capture, of one frame, and of several in grey and true colour.
_PHOTOGRAPHS = frozenset(
    (
        *("1.2.840.10008.5.1.4.1.1.77.1.1", "1.2.840.10008.5.1.4.1.1.77.1.4"),
        *("1.2.840.10008.5.1.4.1.1.77.1.5.1", "1.2.840.10008.5.1.4.1.1.77.1.5.2"),
        *("1.2.840.10008.5.1.4.1.1.7", "1.2.840.10008.5.1.4.1.1.7.2"),
        *("1.2.840.10008.5.1.4.1.1.7.3", "1.2.840.10008.5.1.4.1.1.7.4"),
    )
)
_RLE = "1.2.840.10008.1.2.5"
_JPEG, _JPEG_2000 = JpegImagePlugin.JpegImageFile.format, Jpeg2KImagePlugin.Jpeg2KImageFile.format
_PILLOW = {
    "1.2.840.10008.1.2.4.50": _JPEG,
    "1.2.840.10008.1.2.4.51": _JPEG,
    "1.2.840.10008.1.2.4.90": _JPEG_2000,
    "1.2.840.10008.1.2.4.91": _JPEG_2000,
}
_SOP_CLASS, _SAMPLES, _PHOTOMETRIC, _PLANAR = 0x00080016, 0x00280002, 0x00280004, 0x00280006
_FRAMES, _ROWS, _COLUMNS = 0x00280008, 0x00280010, 0x00280011
_ALLOCATED, _STORED, _HIGH, _SIGNED = 0x00280100, 0x00280101, 0x00280102, 0x00280103
_PALETTES = ((0x00281101, 0x00281201), (0x00281102, 0x00281202), (0x00281103, 0x00281203))
_ICC, _ASPECT = 0x00282000, 0x00280034
_OVERLAYS = frozenset(0x60003000 + (number << 17) for number in range(16))
_WANTED = _OVERLAYS.union(
    (_SOP_CLASS, _SAMPLES, _PHOTOMETRIC, _PLANAR, _FRAMES, _ROWS, _COLUMNS, _ALLOCATED, _STORED),
    (_HIGH, _SIGNED, _ICC, _ASPECT, PIXEL_DATA),
    (tag for pair in _PALETTES for tag in pair),
)
_GREY = ("MONOCHROME1", "MONOCHROME2", "PALETTE COLOR")
_COLOUR = ("RGB", "YBR_FULL", "YBR_FULL_422", "YBR_ICT", "YBR_RCT")
_RLE_HEADER = 64
# Adobe's marker (APP14), which says that a JPEG's three channels are RGB.
_ADOBE_RGB = b"\xff\xee\0\x0eAdobe\0\x64\0\0\0\0\0"
_APP0, _APP14 = b"\xff\xe0", b"\xff\xee"


@dataclass(frozen=True, slots=True)
class _Layout:
    """What the elements say of the pixels: numbers of PS3.3, C.7.6.3."""

    photometric: str
    width: int
    height: int
    samples: int
    allocated: int
    stored: int
    is_planar: bool


def read_dicom(data: bytes) -> Photo:
    """The photograph in a DICOM file.

    Raises ``InputError`` for anything but one complete photograph.
    """
    try:
        return _read(data)
    except InputError:
        raise
    except Exception:  # noqa: BLE001 - decoders raise nearly anything for damaged data
        # Without the cause, which might quote the file.
        raise InputError(
            "The DICOM file cannot be decoded.",
            "Export the photograph again, uncompressed or as JPEG, or save it as a PNG.",
        ) from None


def _read(data: bytes) -> Photo:
    elements = read_elements(data, _WANTED)
    if _text(elements, _SOP_CLASS) not in _PHOTOGRAPHS:
        raise InputError(
            "This DICOM file is not a photograph.",
            "Use a photograph (VL photographic, endoscopic or ophthalmic) or a secondary capture.",
        )
    if int(_text(elements, _FRAMES) or 1) != 1:
        raise InputError(
            "The DICOM file holds several frames.",
            "Save the one you mean as a file of its own, or a film as an MP4.",
        )
    layout = _layout(elements)
    check_size(layout.width, layout.height, 3 * layout.allocated // 8)
    lost = ("overlay graphics",) if _OVERLAYS & set(elements.values) else ()
    icc = elements.values.get(_ICC) or None
    if elements.transfer_syntax in _PILLOW:
        image = _compressed(elements, layout)
        pixels, _, icc = as_rgb(image, icc)
        photo = Photo(pixels, None, icc, "dicom", chroma_subsampling(image), lost)
    else:
        pixels = _rgb(_stored(elements, layout), elements, layout)
        photo = Photo(pixels, None, icc, "dicom", dropped=lost)
    return finished(replace(photo, pixel_aspect=_pixel_aspect(elements)))


def _layout(elements: DicomElements) -> _Layout:
    photometric, samples = _text(elements, _PHOTOMETRIC), _number(elements, _SAMPLES, 1)
    allocated = _number(elements, _ALLOCATED, 8)
    stored = _number(elements, _STORED, allocated)
    is_known = (samples == 1 and photometric in _GREY) or (samples == 3 and photometric in _COLOUR)
    is_plain = (
        allocated in (8, 16)
        and 1 < stored <= allocated
        and _number(elements, _HIGH, stored - 1) == stored - 1
        and not _number(elements, _SIGNED, 0)
    )
    if not is_known or not is_plain or (photometric.startswith("YBR") and allocated != 8):
        raise InputError(
            "The DICOM file's samples are of an unusual kind.",
            "Export the photograph in RGB or grey of 8 or 16 bits, or save it as a PNG.",
        )
    width, height = _number(elements, _COLUMNS, 0), _number(elements, _ROWS, 0)
    if not width or not height:
        raise ValueError("no picture")
    is_planar = bool(_number(elements, _PLANAR, 0))
    return _Layout(photometric, width, height, samples, allocated, stored, is_planar)


def _compressed(elements: DicomElements, layout: _Layout) -> Image.Image:
    """A JPEG or JPEG 2000 picture, in a Pillow mode of 8 bits."""
    data = b"".join(elements.fragments)
    kind = _PILLOW[elements.transfer_syntax]
    is_bare = _APP0 not in data[:4] and _APP14 not in data[:1024]
    if kind == _JPEG and layout.photometric == "RGB" and is_bare:
        data = data[:2] + _ADOBE_RGB + data[2:]
    image: Image.Image = Image.open(io.BytesIO(data), formats=(kind,))
    if image.size != (layout.width, layout.height):
        raise ValueError("another size")
    image.load()
    if layout.photometric == "PALETTE COLOR" or image.mode not in ("L", "RGB"):
        raise ValueError("another kind of samples")
    if layout.photometric == "MONOCHROME1":
        image = image.point(lambda value: 255 - value)
    return image


def _stored(elements: DicomElements, layout: _Layout) -> NDArray[Any]:
    """(h, w, samples), as stored, of uint8 or uint16."""
    kind = np.dtype("<u2") if layout.allocated == 16 else np.dtype(np.uint8)
    pixels, count = layout.width * layout.height, layout.samples
    if elements.transfer_syntax == _RLE:
        planes = np.stack(_rle(b"".join(elements.fragments), layout))
        return planes.reshape(count, layout.height, layout.width).transpose(1, 2, 0)
    if elements.is_encapsulated:
        raise InputError(
            "The DICOM file is compressed in a way that is not taken.",
            "Export the photograph uncompressed or as JPEG, or save it as a PNG.",
        )
    raw = elements.values.get(PIXEL_DATA, b"")
    if layout.photometric == "YBR_FULL_422":
        return _shared_chroma(np.frombuffer(raw, np.uint8, 2 * pixels), layout)
    values = np.frombuffer(raw, kind, pixels * count)
    if layout.is_planar:
        return values.reshape(count, layout.height, layout.width).transpose(1, 2, 0)
    return values.reshape(layout.height, layout.width, count)


def _shared_chroma(values: NDArray[np.uint8], layout: _Layout) -> NDArray[np.uint8]:
    """(h, w, 3) from Y, Y, Cb, Cr for each two pixels."""
    fours = values.reshape(layout.height, layout.width // 2, 4)
    whole = np.empty((layout.height, layout.width, 3), np.uint8)
    whole[..., 0] = fours[..., :2].reshape(layout.height, layout.width)
    whole[..., 1:] = np.repeat(fours[..., 2:], 2, axis=1)
    return whole


def _rle(data: bytes, layout: _Layout) -> list[NDArray[Any]]:
    """Each sample's plane, (h * w,), from segments of bytes (PS3.5, annex G), the high ones first.

    A segment is PackBits, which Pillow decodes.
    """
    wide = layout.allocated // 8
    header = np.frombuffer(data, "<u4", _RLE_HEADER // 4)
    count = int(header[0])
    if count != layout.samples * wide:
        raise ValueError("another number of segments")
    places = [*(int(place) for place in header[1 : 1 + count]), len(data)]
    size = (layout.width * layout.height, 1)
    layers = [
        np.asarray(Image.frombytes("L", size, data[start:end], "packbits", "L")).ravel()
        for start, end in pairwise(places)
    ]
    if wide == 1:
        return layers
    return [
        high.astype(np.uint16) << 8 | low
        for high, low in zip(layers[::2], layers[1::2], strict=True)
    ]


def _rgb(stored: NDArray[Any], elements: DicomElements, layout: _Layout) -> NDArray[Any]:
    """(h, w, 3), 0-255 or 0-65535, R, G, B."""
    if layout.photometric == "PALETTE COLOR":
        return _mapped(stored[..., 0], elements)
    if layout.photometric.startswith("YBR"):
        image = Image.frombytes("YCbCr", (layout.width, layout.height), stored.tobytes())
        return np.array(image.convert("RGB"))
    full = _full_range(stored, layout.stored)
    if layout.photometric == "MONOCHROME1":
        full = np.invert(full)
    return np.array(np.broadcast_to(full, (*full.shape[:2], 3)), order="C")


def _full_range(stored: NDArray[Any], bits: int) -> NDArray[Any]:
    """``stored``, of so many bits, as 0-255 where that is enough, or 0-65535."""
    kind = np.uint8 if bits <= 8 else np.uint16
    least, most = (1 << bits) - 1, np.iinfo(kind).max
    if least == most:
        return stored.astype(kind)
    table = np.round((np.arange(1 << stored.itemsize * 8) & least) * (most / least))
    return np.asarray(table.astype(kind)[stored])


def _mapped(index: NDArray[Any], elements: DicomElements) -> NDArray[Any]:
    """(h, w, 3), by the tables of colours (PS3.3, C.7.6.3.1.5 and .6)."""
    channels = []
    for descriptor_tag, table_tag in _PALETTES:
        descriptor = np.frombuffer(elements.values[descriptor_tag], "<u2", 3)
        count, first, bits = (int(value) for value in descriptor)
        raw = elements.values[table_tag]
        count = count or 1 << 16
        is_narrow = bits == 8 and len(raw) < 2 * count
        table = np.frombuffer(raw, np.uint8 if is_narrow else "<u2", count)
        kind = np.uint8 if bits == 8 else np.uint16
        channels.append(table.astype(kind)[np.clip(index.astype(int) - first, 0, count - 1)])
    return np.stack(channels, axis=-1)


def _pixel_aspect(elements: DicomElements) -> Fraction:
    """Width of a pixel over its height; the file says height and width."""
    numbers = _text(elements, _ASPECT).split("\\")
    if len(numbers) != 2 or not all(number.strip().isdecimal() for number in numbers):
        return SQUARE
    height, width = (int(number) for number in numbers)
    return known_aspect(Fraction(width, height)) if height else SQUARE


def _text(elements: DicomElements, tag: int) -> str:
    return elements.values.get(tag, b"").decode("ascii", "replace").strip("\0 ")


def _number(elements: DicomElements, tag: int, default: int) -> int:
    value = elements.values.get(tag, b"")
    return int.from_bytes(value[:2], "little") if len(value) >= 2 else default
