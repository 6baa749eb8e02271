"""Decoded frames in memory that several processes share."""

from __future__ import annotations

import mmap
from fractions import Fraction
from typing import Any

import av
import msgspec
import numpy as np

from appliance.pipeline.media.orientation import Orientation
from appliance.pipeline.media.video.canvas import VideoCanvas
from appliance.pipeline.media.video.pixel_layout import Samples, channel_view, layout_of


class FrameFormat(msgspec.Struct, frozen=True):
    """What all frames of one video have in common.

    ``width`` and ``height``: in pixels, as stored. ``colorspace`` and ``color_range``:
    FFmpeg's ``AVColorSpace`` and ``AVColorRange``. ``transpose``, ``flip_x`` and ``flip_y`` are an
    ``Orientation``. ``pixel_aspect``: width of a stored pixel over its height, as numerator and
    denominator.
    """

    width: int
    height: int
    pixel_format: str
    colorspace: int
    color_range: int
    transpose: bool
    flip_x: bool
    flip_y: bool
    pixel_aspect: tuple[int, int]

    @classmethod
    def of(cls, canvas: VideoCanvas) -> FrameFormat:
        """The format of the frame of ``canvas``, and how it is shown."""
        frame, orientation = canvas.frame, canvas.orientation
        return cls(
            frame.width,
            frame.height,
            frame.format.name,
            int(frame.colorspace),
            int(frame.color_range),
            orientation.transpose,
            orientation.flip_x,
            orientation.flip_y,
            canvas.pixel_aspect.as_integer_ratio(),
        )

    @property
    def orientation(self) -> Orientation:
        """How a stored frame becomes upright."""
        return Orientation(self.transpose, self.flip_x, self.flip_y)

    def canvas(self, frame: av.VideoFrame) -> VideoCanvas:
        """A canvas on ``frame``, which has this format."""
        return VideoCanvas(frame, self.orientation, Fraction(*self.pixel_aspect))

    def blank(self) -> av.VideoFrame:
        """A new frame of this format with undefined samples."""
        frame = av.VideoFrame(self.width, self.height, self.pixel_format)
        frame.colorspace, frame.color_range = self.colorspace, self.color_range
        return frame


class FrameStore:
    """Slots of one frame's samples each. Alpha is left out: no edit changes it."""

    def __init__(self, descriptor: int, frame_format: FrameFormat) -> None:
        """``descriptor``: of a memfd, which other processes map and enlarge too.

        Raises ``ValueError`` for a pixel format that cannot be edited in place.
        """
        self._descriptor = descriptor
        channels = _channels(frame_format.blank())
        self._shapes = [(channel.shape, channel.dtype) for channel in channels]
        size = sum(channel.nbytes for channel in channels)
        self.slot_size = -(-size // mmap.PAGESIZE) * mmap.PAGESIZE
        """Bytes, a whole number of pages."""
        self._mapped: dict[int, mmap.mmap] = {}

    def write(self, slot: int, frame: av.VideoFrame) -> None:
        """Copy ``frame`` into ``slot``, which must be within the file."""
        for stored, channel in zip(self._stored(slot), _channels(frame), strict=True):
            np.copyto(stored, channel)

    def read(self, slot: int, frame: av.VideoFrame) -> None:
        """Copy ``slot``, which must be within the file, into ``frame``."""
        frame.make_writable()
        for stored, channel in zip(self._stored(slot), _channels(frame), strict=True):
            np.copyto(channel, stored)

    def _stored(self, slot: int) -> list[Samples]:
        """Views of the channels in ``slot``: (rows, columns) each, as ``channel_view`` gives."""
        memory = self._mapped.get(slot)
        if memory is None:
            start = slot * self.slot_size
            memory = mmap.mmap(self._descriptor, self.slot_size, offset=start)
            self._mapped[slot] = memory
        views, offset = [], 0
        for shape, dtype in self._shapes:
            count = int(np.prod(shape))
            flat: Any = np.frombuffer(memory, dtype, count, offset)
            views.append(flat.reshape(shape))
            offset += flat.nbytes
        return views


def _channels(frame: av.VideoFrame) -> list[Samples]:
    layout = layout_of(frame.format.name)
    if layout is None:
        raise ValueError(f"{frame.format.name} cannot be edited in place")
    return [channel_view(frame, layout, part) for part in layout.components]
