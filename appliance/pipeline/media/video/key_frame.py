"""One frame of a video, without decoding the others."""

from __future__ import annotations

from collections.abc import Mapping

from appliance.pipeline.media.canvas import Canvas
from appliance.pipeline.media.kind import VideoKind
from appliance.pipeline.media.streams import ReadableFile
from appliance.pipeline.media.video.aspect import pixel_aspect
from appliance.pipeline.media.video.canvas import VideoCanvas
from appliance.pipeline.media.video.convert import to_format
from appliance.pipeline.media.video.encoder import choose_pixel_format
from appliance.pipeline.media.video.reader import VideoReader


def read_key_frame(
    file: ReadableFile,
    seconds: float = 0.0,
    *,
    only_codecs: Mapping[VideoKind, str] | None = None,
) -> Canvas:
    """The last key frame at or before ``seconds`` of the video in ``file``, in square pixels.

    ``only_codecs``: see :class:`VideoReader`.
    Raises ``InputError`` if there is none or it cannot be decoded.
    """
    with VideoReader(file, only_codecs=only_codecs) as reader:
        if seconds > 0:
            reader.seek(seconds)
        frame = reader.first_frame()
        # A format that can be encoded can also be read box by box.
        readable = choose_pixel_format("libx264", frame.format.name, frame.width, frame.height)
        moved = to_format(frame, readable)
        return VideoCanvas(moved, reader.orientation, pixel_aspect(reader)).square
