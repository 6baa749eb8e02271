"""Where the samples of a pixel format are: planes, offsets, steps and chroma grids."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal, TypeAlias

import av
import numpy as np
from numpy.typing import NDArray

_PACKED_RGB_8 = frozenset(
    ("rgb24", "bgr24", "rgba", "bgra", "argb", "abgr", "rgb0", "bgr0", "0rgb", "0bgr")
)
_SEMI_PLANAR = frozenset(("nv12", "nv16", "nv21", "nv24", "nv42"))

Samples: TypeAlias = NDArray[np.uint8] | NDArray[np.uint16]
"""(rows, columns) of one channel, or (h, w, 3); from 0 to the largest value of the depth."""


@dataclass(frozen=True, slots=True)
class Component:
    """One channel: sample ``i`` of a row of ``plane`` is at ``offset + i · step``.

    ``shift_w`` and ``shift_h``: binary logarithms of the pixels, across and down, that share a
    sample.
    """

    plane: int
    offset: int
    step: int
    shift_w: int
    shift_h: int

    @property
    def is_subsampled(self) -> bool:
        """Whether one sample covers several pixels."""
        return bool(self.shift_w or self.shift_h)


@dataclass(frozen=True, slots=True)
class Layout:
    """The channels of a pixel format in the order Y, Cb, Cr or R, G, B or grey; never alpha."""

    kind: Literal["yuv", "rgb", "gray"]
    depth: int
    components: tuple[Component, ...]

    @property
    def dtype(self) -> type[np.uint8 | np.uint16]:
        """The type of one sample; more than 8 bits are in the low bits of 16."""
        return np.uint8 if self.depth == 8 else np.uint16

    @property
    def grid(self) -> tuple[int, int]:
        """How many pixels, across and down, share a chroma sample."""
        return (
            max(1 << part.shift_w for part in self.components),
            max(1 << part.shift_h for part in self.components),
        )


@lru_cache(maxsize=64)
def layout_of(name: str) -> Layout | None:
    """The layout of the pixel format ``name``, or ``None`` if it cannot be edited in place.

    These cannot: palettes, bit streams, Bayer, floats, big-endian, packed YUV, and semi-planar
    formats deeper than 8 bits. Most can be converted to a planar format without loss.
    """
    pixel = av.VideoFormat(name, 16, 16)
    if pixel.is_big_endian or pixel.has_palette or pixel.is_bit_stream or pixel.is_bayer:
        return None
    if name in _PACKED_RGB_8:
        letters = name.rstrip("24")  # one for each byte of a pixel
        order = [letters.index(letter) for letter in "rgb"]
        return Layout("rgb", 8, tuple(Component(0, at, len(letters), 0, 0) for at in order))
    if name in _SEMI_PLANAR:
        first = 1 if name in ("nv21", "nv42") else 0
        chroma = [Component(1, at, 2, *_shifts(pixel)) for at in (first, 1 - first)]
        return Layout("yuv", 8, (Component(0, 0, 1, 0, 0), *chroma))
    return _planar(name, pixel)


def _planar(name: str, pixel: av.VideoFormat) -> Layout | None:
    """The layout of a format with one plane for each channel, alpha last; else ``None``."""
    depth = pixel.components[0].bits
    planes = [part.plane for part in pixel.components]
    is_even = all(part.bits == depth for part in pixel.components) and 8 <= depth <= 16
    if len(set(planes)) != len(planes) or not is_even:
        return None
    if name.startswith("gray") and len(planes) == 1:
        return Layout("gray", depth, (Component(0, 0, 1, 0, 0),))
    if not name.startswith(("yuv", "gbr")):
        return None
    luma, *chroma = planes[:3]
    parts = [Component(plane, 0, 1, *_shifts(pixel)) for plane in chroma]
    kind: Literal["yuv", "rgb"] = "rgb" if pixel.is_rgb else "yuv"
    return Layout(kind, depth, (Component(luma, 0, 1, 0, 0), *parts))


def _shifts(pixel: av.VideoFormat) -> tuple[int, int]:
    """Binary logarithms of the pixels that share a chroma sample, across and down."""
    across, down = 16 // pixel.chroma_width(16), 16 // pixel.chroma_height(16)
    return across.bit_length() - 1, down.bit_length() - 1


def channel_view(frame: av.VideoFrame, layout: Layout, part: Component) -> Samples:
    """A writable view of one channel: (rows, columns) of ``layout.dtype``.

    The view is invalid once the frame has another buffer: do not keep it over ``make_writable``.
    """
    plane = frame.planes[part.plane]
    rows: Any = np.frombuffer(memoryview(plane), layout.dtype).reshape(plane.height, -1)
    if plane.line_size < 0:  # stored bottom-up, as in raw AVI
        rows = rows[::-1]
    width = -(-frame.width >> part.shift_w)
    channel: Samples = rows[:, part.offset : part.offset + width * part.step : part.step]
    return channel
