"""What a JPEG says of its picture, without decoding it (ITU-T T.81, annex B)."""

from __future__ import annotations

import struct
from dataclasses import dataclass

from appliance.errors import ReleaseError

_START, _END = b"\xff\xd8", b"\xff\xd9"
_BASELINE, _SCAN = 0xC0, 0xDA
_OTHER_FRAMES = frozenset({*range(0xC1, 0xD0)} - {0xC4, 0xC8, 0xCC})
_JFIF, _ICC, _ADOBE = (0xE0, b"JFIF\0"), (0xE2, b"ICC_PROFILE\0"), (0xEE, b"Adobe")


@dataclass(frozen=True, slots=True)
class JpegHeader:
    """``samples``: 1 for grey, 3 for colours. ``icc``: the colour profile, if there is one.

    ``aspect``: height and width of a pixel, as numbers in proportion.
    """

    rows: int
    columns: int
    samples: int
    aspect: tuple[int, int]
    icc: bytes | None


def read_header(jpeg: bytes) -> JpegHeader:
    """The header of a baseline JPEG of 8 bits. Raises ``ReleaseError`` for any other file."""
    try:
        return _read(jpeg)
    except (ValueError, struct.error, IndexError) as error:
        raise ReleaseError(
            "Only a baseline JPEG can be kept in DICOM as it is.",
            "Release the photo as a .jpg first.",
        ) from error


def _read(jpeg: bytes) -> JpegHeader:
    if not jpeg.startswith(_START) or not jpeg.endswith(_END):
        raise ValueError("no whole JPEG")
    at, size, aspect = len(_START), (0, 0, 0), (1, 1)
    profile: dict[int, bytes] = {}
    while True:
        mark, kind, length = struct.unpack_from(">BBH", jpeg, at)
        content = jpeg[at + 4 : at + 2 + length]
        if mark != 0xFF or length < 2 or kind in _OTHER_FRAMES:
            raise ValueError("not baseline")
        if kind == _SCAN:
            break
        if kind == _BASELINE:
            size = _size(content)
        elif (kind, content[:5]) == _JFIF:
            across, down = struct.unpack_from(">HH", content, 8)  # densities: pixels a unit
            aspect = (across, down) if across and down else (1, 1)
        elif (kind, content[:12]) == _ICC:
            profile[content[12]] = content[14:]
        elif (kind, content[:5]) == _ADOBE:
            raise ValueError("colours that are perhaps not YCbCr")
        at += 2 + length
    if not all(size):
        raise ValueError("no frame")
    icc = b"".join(profile[number] for number in sorted(profile)) or None
    return JpegHeader(*size, aspect, icc)


def _size(content: bytes) -> tuple[int, int, int]:
    bits, rows, columns, samples = struct.unpack_from(">BHHB", content)
    if bits != 8 or samples not in (1, 3):
        raise ValueError("other samples")
    return rows, columns, samples
