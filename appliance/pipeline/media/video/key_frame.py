"""One frame of a video, without decoding all the others."""

from __future__ import annotations

from collections.abc import Mapping

import av

from appliance.errors import InputError
from appliance.pipeline.media.canvas import Canvas
from appliance.pipeline.media.kind import VideoKind
from appliance.pipeline.media.streams import ReadableFile
from appliance.pipeline.media.video.aspect import pixel_aspect
from appliance.pipeline.media.video.canvas import VideoCanvas
from appliance.pipeline.media.video.convert import to_format
from appliance.pipeline.media.video.picture_plan import choose_pixel_format
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
        return _canvas(reader, reader.first_frame())


def read_frame(
    file: ReadableFile,
    seconds: float = 0.0,
    *,
    only_codecs: Mapping[VideoKind, str] | None = None,
) -> Canvas:
    """What the video in ``file`` shows at ``seconds``, in square pixels; after its end, the last.

    Frames are decoded from the key frame before it. ``only_codecs``: see :class:`VideoReader`.
    Raises ``InputError`` if there is none or it cannot be decoded.
    """
    with VideoReader(file, only_codecs=only_codecs) as reader:
        if seconds > 0:
            reader.seek(seconds)
        return _canvas(reader, _shown_at(reader, seconds))


def _shown_at(reader: VideoReader, seconds: float) -> av.VideoFrame:
    """The last frame that begins at or before ``seconds``, or the first one that there is."""
    shown: av.VideoFrame | None = None
    try:
        for item in reader.items(()):
            if not isinstance(item, av.VideoFrame):
                continue
            if shown is not None and (item.time or 0.0) > seconds:
                return shown
            shown = item
    except InputError:
        # At its end a file that was not read from its beginning seems to lack packets.
        if shown is None:
            raise
    if shown is None:
        raise InputError("The video holds no picture.", "Choose another video.")
    return shown


def _canvas(reader: VideoReader, frame: av.VideoFrame) -> Canvas:
    # A format that can be encoded can also be read box by box.
    readable = choose_pixel_format("libx264", frame.format.name, frame.width, frame.height)
    return VideoCanvas(to_format(frame, readable), reader.orientation, pixel_aspect(reader)).square
