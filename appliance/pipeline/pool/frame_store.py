"""Decoded frames in memory that several processes share."""

from __future__ import annotations

import mmap
from typing import Any

import av
import msgspec
import numpy as np

from appliance.pipeline.media.orientation import Orientation
from appliance.pipeline.media.video.pixel_layout import Samples, channel_view, layout_of


class FrameFormat(msgspec.Struct, frozen=True):
    """What the frames of one video have in common. The colour tags are FFmpeg's numbers."""

    width: int
    height: int
    pixel_format: str
    matrix: int
    span: int
    transpose: bool
    flip_x: bool
    flip_y: bool

    @classmethod
    def of(cls, frame: av.VideoFrame, orientation: Orientation) -> FrameFormat:
        """That of ``frame``, held as ``orientation`` says."""
        return cls(
            frame.width,
            frame.height,
            frame.format.name,
            int(frame.colorspace),
            int(frame.color_range),
            orientation.transpose,
            orientation.flip_x,
            orientation.flip_y,
        )

    @property
    def orientation(self) -> Orientation:
        """How the frames are held."""
        return Orientation(self.transpose, self.flip_x, self.flip_y)

    def blank(self) -> av.VideoFrame:
        """A frame of this kind, of any content."""
        frame = av.VideoFrame(self.width, self.height, self.pixel_format)
        frame.colorspace, frame.color_range = self.matrix, self.span
        return frame


class FrameStore:
    """Slots, each for the samples of one frame; alpha, which nobody changes, is not kept."""

    def __init__(self, descriptor: int, geometry: FrameFormat) -> None:
        """``descriptor``: of a file in memory, which others map too and may make larger."""
        self._descriptor = descriptor
        self._geometry = geometry
        views = _channels(geometry.blank())
        self._shapes = [(view.shape, view.dtype) for view in views]
        size = sum(view.nbytes for view in views)
        self.slot_size = -(-size // mmap.PAGESIZE) * mmap.PAGESIZE
        self._mapped: dict[int, mmap.mmap] = {}

    def put(self, slot: int, frame: av.VideoFrame) -> None:
        """Copy ``frame`` into ``slot``, which must be within the file."""
        for place, channel in zip(self._places(slot), _channels(frame), strict=True):
            np.copyto(place, channel)

    def get(self, slot: int, frame: av.VideoFrame) -> None:
        """Copy ``slot`` into ``frame``."""
        frame.make_writable()
        for place, channel in zip(self._places(slot), _channels(frame), strict=True):
            np.copyto(channel, place)

    def _places(self, slot: int) -> list[Samples]:
        memory = self._mapped.get(slot)
        if memory is None:
            start = slot * self.slot_size
            memory = mmap.mmap(self._descriptor, self.slot_size, offset=start)
            self._mapped[slot] = memory
        places, offset = [], 0
        for shape, dtype in self._shapes:
            count = int(np.prod(shape))
            whole: Any = np.frombuffer(memory, dtype, count, offset)
            places.append(whole.reshape(shape))
            offset += whole.nbytes
        return places


def _channels(frame: av.VideoFrame) -> list[Samples]:
    layout = layout_of(frame.format.name)
    if layout is None:
        raise ValueError(f"{frame.format.name} cannot be edited in place")
    return [channel_view(frame, layout, part) for part in layout.components]
