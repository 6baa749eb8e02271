"""Tiny photos of every kind that the table lists, and files that are neither photo nor film."""

from __future__ import annotations

import io
import struct
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import cv2
import numpy as np
from PIL import Image, ImageCms

from tests.formats.films import SIZE, Film, sound
from tests.pipeline.media.heif import make_heic

_WIDTH, _HEIGHT = SIZE
_PROFILE = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def _ramp(mode: str) -> Image.Image:
    ramp = np.tile(np.linspace(0, 255, _WIDTH, dtype=np.uint8), (_HEIGHT, 1))
    image = Image.fromarray(ramp).convert("RGB")
    if mode == "RGBA":
        image.putalpha(Image.fromarray(ramp))
        return image
    if mode == "LA":
        return Image.merge("LA", [Image.fromarray(ramp)] * 2)
    return image.convert(mode)


def pillow(form: str, mode: str = "RGB", **options: Any) -> Callable[[], bytes]:
    """Makes a ramp of grey in Pillow's ``mode``, saved as ``form``."""

    def make() -> bytes:
        buffer = io.BytesIO()
        _ramp(mode).save(buffer, form, **options)
        return buffer.getvalue()

    return make


def sixteen_bits(suffix: str, channels: int) -> Callable[[], bytes]:
    """Makes a photo of 16 bits a channel."""

    def make() -> bytes:
        ramp = np.tile(np.linspace(0, 65535, _WIDTH, dtype=np.uint16), (_HEIGHT, 1))
        done, data = cv2.imencode(suffix, np.dstack([ramp] * channels))
        if not done:
            raise ValueError(suffix)
        return data.tobytes()

    return make


def dicom() -> bytes:
    """A photograph as clinics keep it: DICOM PS3.10, explicit VR little endian, uncompressed."""
    pixels = np.asarray(_ramp("RGB")).tobytes()
    photograph, instance = b"1.2.840.10008.5.1.4.1.1.77.1.4\0", b"2.25.1"
    meta = _elements(
        (2, 1, b"OB", b"\0\1"),
        (2, 2, b"UI", photograph),
        (2, 3, b"UI", instance),
        (2, 0x10, b"UI", b"1.2.840.10008.1.2.1\0"),
    )
    body = _elements(
        (8, 0x16, b"UI", photograph),
        (8, 0x18, b"UI", instance),
        (8, 0x60, b"CS", b"XC"),
        (0x28, 2, b"US", struct.pack("<H", 3)),
        (0x28, 4, b"CS", b"RGB "),
        (0x28, 6, b"US", struct.pack("<H", 0)),
        (0x28, 0x10, b"US", struct.pack("<H", _HEIGHT)),
        (0x28, 0x11, b"US", struct.pack("<H", _WIDTH)),
        *((0x28, tag, b"US", struct.pack("<H", bits)) for tag, bits in _EIGHT_BITS),
        (0x7FE0, 0x10, b"OB", pixels),
    )
    length = _elements((2, 0, b"UL", struct.pack("<I", len(meta))))
    return bytes(128) + b"DICM" + length + meta + body


# Bits allocated and stored, the highest bit, and that samples have no sign.
_EIGHT_BITS = ((0x100, 8), (0x101, 8), (0x102, 7), (0x103, 0))


def _elements(*elements: tuple[int, int, bytes, bytes]) -> bytes:
    """Group, number, type and value of each."""
    parts = []
    for group, number, kind, value in elements:
        is_long = kind == b"OB"
        length = struct.pack("<2xI" if is_long else "<H", len(value))
        parts.append(struct.pack("<HH", group, number) + kind + length + value)
    return b"".join(parts)


def pages() -> bytes:
    """A TIFF of two pages."""
    buffer = io.BytesIO()
    _ramp("RGB").save(buffer, "TIFF", save_all=True, append_images=[_ramp("RGB")])
    return buffer.getvalue()


def moving(form: str) -> Callable[[], bytes]:
    """Makes an animation of two pictures."""

    def make() -> bytes:
        buffer = io.BytesIO()
        other = _ramp("RGB").rotate(180)
        _ramp("RGB").save(buffer, form, save_all=True, append_images=[other], duration=40)
        return buffer.getvalue()

    return make


def begins(head: bytes) -> Callable[[], bytes]:
    """Makes a file that starts as a kind of file does."""
    return lambda: head.ljust(512, b"\0")


PHOTOS: Mapping[str, Callable[[], bytes]] = MappingProxyType(
    {
        "JPEG": pillow("JPEG"),
        "JPEG, grey": pillow("JPEG", "L"),
        "JPEG, CMYK": pillow("JPEG", "CMYK"),
        "JPEG with a profile": pillow("JPEG", icc_profile=_PROFILE),
        "PNG": pillow("PNG"),
        "PNG, 16 bit": sixteen_bits(".png", 3),
        "PNG, 16 bit, transparent": sixteen_bits(".png", 4),
        "PNG, transparent": pillow("PNG", "RGBA"),
        "PNG, grey and transparent": pillow("PNG", "LA"),
        "PNG, palette": pillow("PNG", "P"),
        "PNG, 1 bit": pillow("PNG", "1"),
        "WebP": pillow("WEBP"),
        "WebP, transparent": pillow("WEBP", "RGBA"),
        "TIFF": pillow("TIFF"),
        "TIFF, 16 bit": sixteen_bits(".tiff", 3),
        "TIFF, 16 bit grey": sixteen_bits(".tiff", 1),
        "TIFF, CMYK": pillow("TIFF", "CMYK"),
        "TIFF, Lab": pillow("TIFF", "LAB"),
        "TIFF, transparent": pillow("TIFF", "RGBA"),
        "BMP": pillow("BMP"),
        "HEIC": make_heic,
        "AVIF": pillow("AVIF"),
        "DICOM, a photograph": dicom,
    }
)

OTHER_FILES: Mapping[str, Callable[[], bytes]] = MappingProxyType(
    {
        "MPEG transport stream (.ts, .mts)": Film("", "ts", add=sound("mp2")).make,
        "MPEG program stream (.mpg, .vob)": Film("", "mpg", "mpeg2video", "yuv420p").make,
        "Windows Media (.wmv)": Film("", "wmv", "mpeg4", "yuv420p").make,
        "Flash video (.flv)": Film("", "flv").make,
        "GIF": pillow("GIF", "P"),
        "GIF, moving": moving("GIF"),
        "PNG, moving": moving("PNG"),
        "WebP, moving": moving("WEBP"),
        "TIFF of two pages": pages,
        "JPEG XL": begins(b"\0\0\0\x0cJXL \r\n\x87\n"),
        "PDF": begins(b"%PDF-1.7\n"),
        "a text": begins(b"Dear Sir or Madam,\n"),
    }
)
