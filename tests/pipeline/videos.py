"""Small videos of faces, and their frames after a swap, before they are encoded."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction

import av
import numpy as np
from numpy.typing import NDArray

from appliance.pipeline.imaging.types import Image
from appliance.pipeline.loading import Pipeline
from appliance.pipeline.media.canvas import Box, Mask, Rgb
from appliance.pipeline.media.video.canvas import VideoCanvas
from appliance.pipeline.media.video.reader import FrameInfo
from appliance.pipeline.media.video.transcode import transcode
from appliance.pipeline.run import (
    SourceIdentity,
    SwapOptions,
    SwapReport,
    frame_editor,
    video_report,
)

RATE = 25


def encoded(
    frames: Sequence[Image],
    pixel_format: str = "yuv420p",
    rate: int = RATE,
    aspect: Fraction = Fraction(1),
) -> bytes:
    """The frames as an MP4, lossless but for the chroma that its pixel format cannot hold."""
    sink = io.BytesIO()
    with av.open(sink, "w", format="mp4") as output:
        stream = output.add_stream("libx264", rate=rate, options={"qp": "0", "preset": "ultrafast"})
        stream.height, stream.width = frames[0].shape[:2]
        stream.pix_fmt = pixel_format
        stream.codec_context.sample_aspect_ratio = aspect
        for index, rgb in enumerate(frames):
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(rgb), format="rgb24")
            frame.pts, frame.time_base = index, Fraction(1, rate)
            output.mux(stream.encode(frame))
        output.mux(stream.encode(None))
    return sink.getvalue()


@dataclass
class Edited:
    """A video's frames before and after the swap, in their own pixel format and as RGB.

    ``supports``: (h, w) for each frame, where the swap asked to change anything.
    """

    before: list[NDArray[np.uint8]] = field(default_factory=list)
    after: list[NDArray[np.uint8]] = field(default_factory=list)
    supports: list[NDArray[np.bool_]] = field(default_factory=list)
    rgb_before: list[Image] = field(default_factory=list)
    rgb_after: list[Image] = field(default_factory=list)
    report: SwapReport | None = None

    @property
    def changed(self) -> list[bool]:
        """For each frame whether the swap changed it."""
        return [
            not np.array_equal(before, after)
            for before, after in zip(self.before, self.after, strict=True)
        ]


class _Watched(VideoCanvas):
    """A canvas that records where it is written."""

    def __init__(self, canvas: VideoCanvas) -> None:
        super().__init__(canvas.frame, canvas.orientation, canvas.pixel_aspect)
        self.support = np.zeros((canvas.height, canvas.width), np.bool_)

    def write(self, box: Box, rgb: Rgb, support: Mask, known: Rgb | None = None) -> None:
        part = self.support[box.y : box.y + box.h, box.x : box.x + box.w]
        part |= support.astype(np.bool_)
        super().write(box, rgb, support, known)


def edited(
    pipeline: Pipeline, person: SourceIdentity, data: bytes, options: SwapOptions | None = None
) -> Edited:
    """Every frame of ``data`` before and after a swap, without the encoder's losses."""
    editor = frame_editor(pipeline, person, options or SwapOptions())
    seen = Edited()

    def edit(canvas: VideoCanvas, info: FrameInfo) -> None:
        whole = Box(0, 0, canvas.width, canvas.height)
        watched = _Watched(canvas)
        seen.before.append(np.array(canvas.frame.to_ndarray(), np.uint8))
        seen.rgb_before.append(canvas.read(whole))
        editor.edit(watched, info)
        seen.after.append(np.array(watched.frame.to_ndarray(), np.uint8))
        seen.rgb_after.append(watched.read(whole))
        seen.supports.append(watched.support)

    done = transcode(io.BytesIO(data), io.BytesIO(), edit, container="mp4")
    seen.report = video_report(pipeline, editor, done)
    return seen
