"""JPEG: a file without its end, and what telephones hang on one."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image

from appliance.pipeline.media.photo.jpeg_scans import lists_every_coefficient, with_end

# Two, so that a pixel that one of them happens to give as it is shown is not missed.
_FILLERS = (0x55, 0xAA)
_END = b"\xff\xd9"
# Names of gain maps: Adobe's and Android's, ISO 21496-1's, and Apple's.
_GAIN_MAPS = (
    b"http://ns.adobe.com/hdr-gain-map/1.0/",
    b"urn:iso:std:iso:ts:21496:-1",
    b"HDRGainMap",
)
_MOTION = (b'GCamera:MotionPhoto="1"', b'GCamera:MicroVideo="1"', b"MotionPhoto_Data")
GAIN_MAP = "HDR gain map"
"""As it is named among what was dropped."""


def completed(data: bytes) -> bytes:
    """``data`` with its end marker, which is missing, if that is all that is missing.

    Raises ``OSError`` or ``ValueError`` if pixels are, too.
    """
    if not lists_every_coefficient(data):
        raise ValueError("scans are missing")
    whole = data.removesuffix(b"\xff") + _END
    shown = _pixels(whole)
    for filler in _FILLERS:
        if not np.array_equal(_pixels(with_end(data, filler)), shown):
            raise ValueError("pixels are missing")
    return whole


def lost_with(data: bytes) -> tuple[str, ...]:
    """What the file holds besides the photo that a viewer would show or play."""
    lost = [GAIN_MAP] if any(name in data for name in _GAIN_MAPS) else []
    if any(name in data for name in _MOTION):
        lost.append("motion video")
    return tuple(lost)


def _pixels(data: bytes) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    return np.asarray(Image.open(io.BytesIO(data), formats=("JPEG",)))
