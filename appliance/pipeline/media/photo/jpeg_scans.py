"""Whether a JPEG that ends without its end marker holds every pixel all the same.

This reads bytes of a foreign file. What it is given is bounded, and it raises nothing but
``ValueError``.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

# Markers of ITU-T T.81, table B.1.
_SOI, _EOI, _SOS, _TEM = 0xD8, 0xD9, 0xDA, 0x01
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_PROGRESSIVE = (0xC2, 0xCA)
_RESTARTS = range(0xD0, 0xD8)
_ALL_COEFFICIENTS = 64


@dataclass(frozen=True, slots=True)
class Segment:
    """A marker segment: its ``marker``, and its ``content``, without marker and length.

    ``scan``: what follows a start of scan, up to the next marker that is not a restart's.
    """

    marker: int
    content: bytes
    scan: bytes = b""


def segments(data: bytes) -> Iterator[Segment]:
    """The segments of a JPEG, up to its end marker or the end. Raises ``ValueError``."""
    if data[:2] != bytes((0xFF, _SOI)):
        raise ValueError("no start")
    at = 2
    while at + 1 < len(data):
        if data[at] != 0xFF:
            raise ValueError("no marker")
        marker = data[at + 1]
        if marker == 0xFF:  # fill bytes
            at += 1
            continue
        if marker == _EOI:
            return
        if marker in _RESTARTS or marker == _TEM:
            at += 2
            continue
        if at + 4 > len(data):
            raise ValueError("cut short")
        (length,) = struct.unpack_from(">H", data, at + 2)
        end = at + 2 + length
        if length < 2 or end > len(data):
            raise ValueError("cut short")
        scan_end = _scan_end(data, end) if marker == _SOS else end
        yield Segment(marker, data[at + 4 : end], data[end:scan_end])
        at = scan_end


def lists_every_coefficient(data: bytes) -> bool:
    """Whether the scans that have begun cover each component whole, to its last bit.

    A progressive photo that ends between two of its scans looks complete, and is not.
    """
    components: set[int] = set()
    seen: dict[int, NDArray[np.bool_]] = {}
    is_progressive = False
    for segment in segments(data):
        content = segment.content
        if segment.marker in _FRAMES and len(content) >= 6:
            is_progressive = segment.marker in _PROGRESSIVE
            components = {content[i] for i in range(6, len(content) - 2, 3)}
        if segment.marker != _SOS or len(content) < 4:
            continue
        named = content[1 : 1 + 2 * content[0] : 2]
        first, last, bits = content[-3:]
        for component in named:
            known = seen.setdefault(component, np.zeros(_ALL_COEFFICIENTS, np.bool_))
            if not is_progressive:
                known[:] = True
            elif not bits & 0x0F:
                known[first : last + 1] = True
    return bool(components) and all(
        component in seen and seen[component].all() for component in components
    )


def with_end(data: bytes, filler: int) -> bytes:
    """``data`` with more of its last scan, in each restart interval ``filler`` again, and an end.

    A decoder that still misses pixels makes them of the filler; one that has them all skips it.
    """
    last = None
    for segment in segments(data):
        last = segment
    scan = b"" if last is None else last.scan
    restarts = sum(scan.count(bytes((0xFF, marker))) for marker in _RESTARTS)
    more = bytearray((filler,) * 256)
    for number in range(8):
        more += bytes((0xFF, _RESTARTS[(restarts + number) % 8])) + bytes((filler,) * 256)
    return data.removesuffix(b"\xff") + bytes(more) + bytes((0xFF, _EOI))


def _scan_end(data: bytes, at: int) -> int:
    """Where the scan from byte ``at`` ends: at the next marker that is none of its own."""
    while True:
        at = data.find(b"\xff", at)
        if at < 0 or at + 1 >= len(data):
            return len(data)
        if data[at + 1] and data[at + 1] not in _RESTARTS and data[at + 1] != 0xFF:
            return at
        at += 1 if data[at + 1] == 0xFF else 2
