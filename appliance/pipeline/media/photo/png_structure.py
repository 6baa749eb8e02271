"""Whether a PNG is whole: decoders read some that are not, and make up the rest."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from typing import Final

from appliance.pipeline.media.photo.png_colour import png_chunks

# PNG, third edition, 11.2.1: samples a pixel by colour type.
_SAMPLES: Final = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
_PALETTE: Final = 3
# 8.1: first column and row of each pass of an interlaced picture, and the steps to the next ones.
_ADAM7: Final = (
    *((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4)),
    *((0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)),
)
_WHOLE: Final = ((0, 0, 1, 1),)
_FIRST_CHUNK: Final = 8
_PART: Final = 1 << 16


def check_chunks(data: bytes) -> None:
    """Raises ``ValueError`` unless there is one header, and a palette where pixels need one."""
    names = [name for name, _ in png_chunks(data)]
    if names.count(b"IHDR") != 1 or names[0] != b"IHDR":
        raise ValueError("a PNG has one header, and it comes first")
    if data[25] == _PALETTE and names.count(b"PLTE") != 1:
        raise ValueError("the palette is missing")


def check_rows(data: bytes) -> None:
    """Raises ``ValueError`` if compressed data ends before the last row; unpacks all of it.

    ``data`` has passed ``check_chunks``.
    """
    missing = _unpacked_size(data)
    unpacker = zlib.decompressobj()
    for part in _pixel_parts(data):
        packed = part
        while packed and missing > 0:
            missing -= len(unpacker.decompress(packed, _PART))
            packed = unpacker.unconsumed_tail
        if missing <= 0:
            return
    missing -= len(unpacker.flush())
    if missing > 0:
        raise ValueError("rows are missing")


def _unpacked_size(data: bytes) -> int:
    """Bytes of all rows, each with the byte that names its filter."""
    width, height, depth, colour, _, _, interlaced = struct.unpack_from(">IIBBBBB", data, 16)
    bits = depth * _SAMPLES[colour]
    size = 0
    for x, y, right, down in _ADAM7 if interlaced else _WHOLE:
        columns, rows = -(-(width - x) // right), -(-(height - y) // down)
        if columns > 0 and rows > 0:
            size += rows * (1 + -(-columns * bits // 8))
    return size


def _pixel_parts(data: bytes) -> Iterator[bytes]:
    """The contents of the chunks with pixels."""
    at = _FIRST_CHUNK
    while at + 8 <= len(data):
        length, name = struct.unpack_from(">I4s", data, at)
        if name == b"IDAT":
            yield data[at + 8 : at + 8 + length]
        at += 12 + length
