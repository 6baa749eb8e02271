"""Transparency of a video, which no output can keep and the report must name."""

from __future__ import annotations

import av
import numpy as np

TRANSPARENCY = "picture/alpha"
"""How reports call it among what was dropped."""

_OPAQUE = 255


class TransparencyWatch:
    """Whether any frame has a part that is not opaque."""

    def __init__(self, stream: av.VideoStream) -> None:
        """``stream``: the picture; Matroska and WebM say of VP8 and VP9 that they have an alpha.

        Theirs is a second stream of the same codec within each packet, which FFmpeg does not
        decode, so it counts unseen.
        """
        self.is_seen = stream.metadata.get("alpha_mode", "0") != "0"

    def look(self, frame: av.VideoFrame) -> None:
        """Look at the next frame, as it was decoded."""
        if self.is_seen or not _may_be_transparent(frame.format):
            return
        rgba = frame.reformat(format="rgba", threads=1)
        alpha = np.frombuffer(memoryview(rgba.planes[0]), np.uint8).reshape(rgba.height, -1)
        self.is_seen = bool(alpha[:, 3 : 4 * rgba.width : 4].min() < _OPAQUE)


def _may_be_transparent(pixels: av.VideoFormat) -> bool:
    return pixels.has_palette or any(part.is_alpha for part in pixels.components)
