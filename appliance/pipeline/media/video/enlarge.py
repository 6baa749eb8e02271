"""A frame is enlarged: the picture by an upscaler, everything else as it was."""

from __future__ import annotations

from typing import Protocol

import av
import numpy as np
from av.video.reformatter import Interpolation

from appliance.pipeline.media.canvas import Rgb
from appliance.pipeline.media.video import colour
from appliance.pipeline.media.video.convert import from_rgb, to_rgb


class Enlarger(Protocol):
    """Makes RGB pictures ``scale`` times as wide and as high."""

    @property
    def scale(self) -> int:
        """A whole number, 2 or more."""
        ...

    def enlarge(self, image: Rgb, /) -> Rgb:
        """From (h, w, 3) to (scale·h, scale·w, 3), both 0-255."""
        ...


def enlarge_frame(frame: av.VideoFrame, enlarger: Enlarger) -> av.VideoFrame:
    """``frame`` at the enlarger's scale, in its own format, matrix and range.

    Timestamp, colour tags and side data are kept. The enlarger gets 8 bits a channel, so a deeper
    frame keeps its depth and has no finer steps than those. The picture is enlarged as it is
    stored, that is on its side if the camera was held that way.
    """
    small = to_rgb(frame)
    width, height = enlarger.scale * frame.width, enlarger.scale * frame.height
    # Makes a frame of the right size with the attributes of `small`; its pixels are overwritten.
    large = small.reformat(width=width, height=height, interpolation=Interpolation.POINT, threads=1)
    _pixels(large)[:] = enlarger.enlarge(_pixels(small))
    result = from_rgb(large, frame)
    if colour.matrix_code(result) != colour.matrix_code(frame):
        # Untagged, and now of a size for which players assume another matrix.
        result.colorspace = colour.matrix_code(frame)
    return result


def _pixels(rgb: av.VideoFrame) -> Rgb:
    """(h, w, 3): a writable view of the pixels of an rgb24 frame."""
    rows = np.frombuffer(memoryview(rgb.planes[0]), np.uint8).reshape(rgb.height, -1)
    return rows[:, : 3 * rgb.width].reshape(rgb.height, rgb.width, 3)
