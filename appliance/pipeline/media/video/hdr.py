"""HDR metadata: the mastering display's range, how bright the video gets, and what is lost."""

from __future__ import annotations

import struct
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

_CHROMATICITY, _LUMINANCE = 50_000, 10_000  # the units of SMPTE ST 2086 in H.264 and H.265
_MASTERING = struct.Struct("=20i2i")  # ten rationals: R, G, B, white as x, y; darkest; brightest
_LIGHT = struct.Struct("=2I")
_DYNAMIC = {
    "DOVI_RPU_BUFFER": "Dolby Vision",
    "DOVI_METADATA": "Dolby Vision",
    "DYNAMIC_HDR_PLUS": "HDR10+",
    "DYNAMIC_HDR_VIVID": "HDR Vivid",
}


@dataclass(frozen=True, slots=True)
class StaticHdr:
    """As x264 and x265 spell it; ``None`` if the source has none.

    ``mastering``: SMPTE ST 2086. ``light``: brightest pixel and brightest frame average, cd/m².
    """

    mastering: str | None = None
    light: str | None = None


def static_hdr(entries: Iterable[Any]) -> StaticHdr:
    """From the side data of a frame."""
    found = StaticHdr()
    for entry in entries:
        if entry.type.name == "MASTERING_DISPLAY_METADATA":
            found = replace(found, mastering=_mastering(bytes(entry)))
        elif entry.type.name == "CONTENT_LIGHT_LEVEL":
            brightest, average = _LIGHT.unpack_from(bytes(entry))
            found = replace(found, light=f"{brightest},{average}")
    return found


def dynamic_hdr(entries: Iterable[Any]) -> tuple[str, ...]:
    """What describes HDR frame by frame in the side data of one; no encoder here writes it."""
    found = {_DYNAMIC.get(entry.type.name) for entry in entries}
    return tuple(sorted(name for name in found if name))


def _mastering(data: bytes) -> str | None:
    """FFmpeg's ``AVMasteringDisplayMetadata`` as encoders spell it; ``None`` if incomplete."""
    *numbers, has_primaries, has_luminance = _MASTERING.unpack_from(data)
    pairs = list(zip(numbers[::2], numbers[1::2], strict=True))
    if not (has_primaries and has_luminance and all(bottom for _, bottom in pairs)):
        return None
    values = [top / bottom for top, bottom in pairs]
    points = [round(value * _CHROMATICITY) for value in values[:8]]
    darkest, brightest = (round(value * _LUMINANCE) for value in values[8:])
    red, green, blue, white = (f"({points[i]},{points[i + 1]})" for i in (0, 2, 4, 6))
    return f"G{green}B{blue}R{red}WP{white}L({brightest},{darkest})"
