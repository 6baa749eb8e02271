"""Conversion of a whole frame to another pixel format, for an encoder or a network."""

from __future__ import annotations

import av
from av.video.reformatter import ColorRange, Colorspace, Interpolation

from appliance.pipeline.media.video import colour

_FULL = 2  # AVCOL_RANGE_JPEG
_QUALITY = Interpolation.BICUBIC | Interpolation.ACCURATE_RND | Interpolation.FULL_CHR_H_INT


def to_format(frame: av.VideoFrame, name: str) -> av.VideoFrame:
    """``frame`` in pixel format ``name``; the same object if it has that format.

    YUV keeps its matrix and range. RGB becomes BT.709 with limited range, and is tagged as such.
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
        span = _span(frame)
        moved = _moved(frame, name, _matrix(frame), span, span)
        # Untagged grey has full range, untagged YUV has not.
        full = span is ColorRange.JPEG and not moved.format.name.startswith("gray")
        moved.colorspace = frame.colorspace
        moved.color_range = _FULL if full else frame.color_range
    moved.pts, moved.time_base, moved.duration = frame.pts, frame.time_base, frame.duration
    return moved


def to_rgb(frame: av.VideoFrame) -> av.VideoFrame:
    """``frame`` as rgb24, 0-255, in its own transfer curve."""
    return _moved(frame, "rgb24", _matrix(frame), _span(frame), ColorRange.JPEG)


def from_rgb(rgb: av.VideoFrame, like: av.VideoFrame) -> av.VideoFrame:
    """An rgb24 frame in the format, matrix and range of ``like``; undoes ``to_rgb``."""
    moved = _moved(rgb, like.format.name, _matrix(like), ColorRange.JPEG, _span(like))
    moved.colorspace, moved.color_range = like.colorspace, like.color_range
    return moved


def _matrix(frame: av.VideoFrame) -> Colorspace | None:
    """The matrix of ``frame``; ``None`` for RGB, which has none."""
    return None if frame.format.is_rgb else colour.swscale_matrix(frame)


def _span(frame: av.VideoFrame) -> ColorRange:
    return ColorRange.JPEG if colour.is_full_range(frame) else ColorRange.MPEG


def _moved(
    frame: av.VideoFrame,
    name: str,
    matrix: Colorspace | None,
    source: ColorRange,
    target: ColorRange,
) -> av.VideoFrame:
    return frame.reformat(
        format=name,
        src_colorspace=matrix,
        dst_colorspace=matrix,
        src_color_range=source,
        dst_color_range=target,
        interpolation=_QUALITY,
        threads=1,
    )
