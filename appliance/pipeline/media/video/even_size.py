"""Frames get even sides, by their last column or row a second time."""

from __future__ import annotations

from typing import cast

import av
from av.video.reformatter import Interpolation

from appliance.pipeline.media.video.pixel_layout import Layout, channel_view, layout_of


def padded(frame: av.VideoFrame, width: int, height: int) -> av.VideoFrame:
    """``frame`` at ``width`` x ``height`` pixels; the same object if it has that size.

    What is missing, one column or row, is the last one again. A chroma sample that is shared with
    it covers it already. All other samples, timestamp, tags and side data are kept.
    """
    if (frame.width, frame.height) == (width, height):
        return frame
    # Makes a frame of the right size with the attributes of `frame`; its samples are overwritten.
    larger = frame.reformat(
        width=width, height=height, interpolation=Interpolation.POINT, threads=1
    )
    layout = cast(Layout, layout_of(frame.format.name))  # what is edited has one
    for part in layout.components:
        small, large = channel_view(frame, layout, part), channel_view(larger, layout, part)
        rows, columns = small.shape
        large[:rows, :columns] = small
        large[rows:, :columns] = small[-1:]
        large[:, columns:] = large[:, columns - 1 : columns]
    larger.pts, larger.time_base, larger.duration = frame.pts, frame.time_base, frame.duration
    return larger
