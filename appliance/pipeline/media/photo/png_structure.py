"""Whether a PNG is whole: decoders read some that are not, and make up the rest."""

from __future__ import annotations

import struct
import zlib
from typing import Final

from appliance.pipeline.media.photo.png_chunks import all_chunks, first_chunks

# PNG, third edition, 11.2.1: samples a pixel by colour type.
_SAMPLES: Final = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
_PALETTE: Final = 3
# 8.1: first column and row of each pass of an interlaced picture, and the steps to the next ones.
_ADAM7: Final = (
    *((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4)),
    *((0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)),
)
_WHOLE: Final = ((0, 0, 1, 1),)
_PART: Final = 1 << 16


def check_chunks(data: bytes) -> None:
    """Raises ``ValueError`` unless there is one header, and a palette where pixels need one."""
    names = [name for name, _ in first_chunks(data)]
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
    for name, content in all_chunks(data):
        packed = content if name == b"IDAT" else b""
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
