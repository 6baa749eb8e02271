"""A whole frame into another pixel format, where the encoder cannot take the source's own."""

from __future__ import annotations

import av
from av.video.reformatter import ColorRange, Colorspace, Interpolation

from appliance.pipeline.media import colour

_QUALITY = Interpolation.BICUBIC | Interpolation.ACCURATE_RND | Interpolation.FULL_CHR_H_INT


def to_format(frame: av.VideoFrame, name: str) -> av.VideoFrame:
    """``frame`` as pixel format ``name``; the same object if it has it already.

    YUV keeps its matrix and range. RGB becomes limited-range BT.709, and is tagged so.
    """
    if frame.format.name == name:
        return frame
    if frame.format.is_rgb or frame.format.has_palette:
        moved = frame.reformat(
            format=name,
            dst_colorspace=Colorspace.ITU709,
            src_color_range=ColorRange.JPEG,
            dst_color_range=ColorRange.MPEG,
            interpolation=_QUALITY,
            threads=1,
        )
        moved.colorspace, moved.color_range = 1, 1
    else:
        matrix = colour.swscale_matrix(frame)
        span = ColorRange.JPEG if colour.is_full_range(frame) else ColorRange.MPEG
        moved = frame.reformat(
            format=name,
            src_colorspace=matrix,
            dst_colorspace=matrix,
            src_color_range=span,
            dst_color_range=span,
            interpolation=_QUALITY,
            threads=1,
        )
        moved.colorspace, moved.color_range = frame.colorspace, frame.color_range
    moved.pts, moved.time_base, moved.duration = frame.pts, frame.time_base, frame.duration
    return moved
