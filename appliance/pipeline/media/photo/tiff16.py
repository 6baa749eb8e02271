"""TIFF 6.0 with 16 bits a channel and an ICC profile, which Pillow cannot write."""

from __future__ import annotations

import struct
import zlib

import numpy as np
from numpy.typing import NDArray

_SHORT, _LONG, _RATIONAL, _UNDEFINED = 3, 4, 5, 7
_ROWS_A_STRIP = 64
# Adobe's number, which every reader since libtiff 3 knows.
_DEFLATE = 8


def encode_tiff16(
    pixels: NDArray[np.uint16] | NDArray[np.uint8],
    alpha: NDArray[np.uint16] | NDArray[np.uint8] | None,
    icc: bytes | None,
    density: tuple[int, int] | None = None,
) -> bytes:
    """A little-endian, deflated, chunky RGB(A) file: header, strips, values, one IFD.

    ``pixels``: (h, w, 3), 0-65535. ``alpha``: (h, w), 0-65535, not premultiplied. ``density``: dots
    an inch across and down.
    """
    whole = pixels if alpha is None else np.dstack([pixels, alpha])
    height, width, channels = whole.shape
    strips = [
        zlib.compress(np.ascontiguousarray(whole[top : top + _ROWS_A_STRIP], "<u2").tobytes(), 1)
        for top in range(0, height, _ROWS_A_STRIP)
    ]
    body = bytearray(struct.pack("<2sHI", b"II", 42, 0))
    offsets = []
    for strip in strips:
        offsets.append(len(body))
        body += strip
    resolution: list[tuple[int, int, list[int] | bytes]] = []
    if density is not None:
        across, down = density
        resolution = [(282, _RATIONAL, [across, 1]), (283, _RATIONAL, [down, 1])]
    entries: list[tuple[int, int, list[int] | bytes]] = [
        (256, _LONG, [width]),  # ImageWidth
        (257, _LONG, [height]),  # ImageLength
        (258, _SHORT, [16] * channels),  # BitsPerSample
        (259, _SHORT, [_DEFLATE]),  # Compression
        (262, _SHORT, [2]),  # PhotometricInterpretation: RGB
        (273, _LONG, offsets),  # StripOffsets
        (274, _SHORT, [1]),  # Orientation: upright
        (277, _SHORT, [channels]),  # SamplesPerPixel
        (278, _LONG, [_ROWS_A_STRIP]),  # RowsPerStrip
        (279, _LONG, [len(strip) for strip in strips]),  # StripByteCounts
        *resolution,  # XResolution, YResolution; the unit, by default, is the inch
        (284, _SHORT, [1]),  # PlanarConfiguration: chunky
    ]
    if alpha is not None:
        entries.append((338, _SHORT, [2]))  # ExtraSamples: unassociated alpha
    if icc is not None:
        entries.append((34675, _UNDEFINED, icc))  # ICC profile
    return _finish(body, entries)


def _finish(body: bytearray, entries: list[tuple[int, int, list[int] | bytes]]) -> bytes:
    """Append the values that do not fit into the four bytes of an entry, then the IFD."""
    directory = bytearray(struct.pack("<H", len(entries)))
    for tag, kind, values in entries:
        if isinstance(values, bytes):
            raw = values
        else:
            raw = struct.pack(f"<{len(values)}{'H' if kind == _SHORT else 'I'}", *values)
        if len(raw) > 4:
            body += b"\0" * (len(body) % 2)
            place = struct.pack("<I", len(body))
            body += raw
        else:
            place = raw.ljust(4, b"\0")
        count = len(values) // 2 if kind == _RATIONAL else len(values)
        directory += struct.pack("<HHI", tag, kind, count) + place
    body += b"\0" * (len(body) % 2)
    struct.pack_into("<I", body, 4, len(body))
    return bytes(body + directory + struct.pack("<I", 0))
