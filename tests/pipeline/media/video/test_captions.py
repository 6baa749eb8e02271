"""Closed captions within the picture stay, or the report names them."""

from __future__ import annotations

import io
from typing import Any

import av
import numpy as np
import pytest

from appliance.pipeline.media.canvas import Box, Canvas
from appliance.pipeline.media.video.captions import CAPTIONS, side_data
from appliance.pipeline.media.video.encoder import EncoderSettings, VideoCodec
from appliance.pipeline.media.video.reader import FrameInfo
from appliance.pipeline.media.video.transcode import transcode
from tests.pipeline.media.clips import Clip, make

# ITU-T H.264 D.1.6 and ATSC A/53 part 4, 6.2.3: one pair of bytes of caption channel 1.
CAPTION = bytes.fromhex("B5 0031 47413934 03 41 FF FC9420 FF")
UNIT = bytes((6, 4, len(CAPTION))) + CAPTION + b"\x80"


def captioned(size: tuple[int, int] = (96, 64)) -> bytes:
    """An MP4 in which each picture has a caption."""
    sink = io.BytesIO()
    with (
        av.open(io.BytesIO(make(Clip(size=size, frames=4))), "r") as source,
        av.open(sink, "w", format="mp4") as output,
    ):
        track = output.add_stream_from_template(source.streams.video[0], opaque=True)
        for old in source.demux(source.streams.video[0]):
            if old.size:
                packet: Any = av.Packet(len(UNIT).to_bytes(4, "big") + UNIT + bytes(old))
                packet.pts, packet.dts, packet.duration = old.pts, old.dts, old.duration
                packet.time_base, packet.is_keyframe = old.time_base, old.is_keyframe
                packet.stream = track
                output.mux(packet)
    return sink.getvalue()


def captions(data: bytes) -> int:
    """Frames with captions."""
    with av.open(io.BytesIO(data), "r") as container:
        frames = [side_data(frame) for frame in container.decode(video=0)]
    return sum(any(one.type.name == "A53_CC" for one in entries) for entries in frames)


def paint(canvas: Canvas, _info: FrameInfo) -> None:
    canvas.write(Box(0, 0, 8, 8), np.full((8, 8, 3), 200, np.uint8), np.ones((8, 8), np.uint8))


@pytest.mark.parametrize(
    ("container", "codec", "kept"),
    [("mp4", "libx264", True), ("mp4", "libx265", False), ("webm", "libvpx-vp9", False)],
)
def test_captions_stay_or_are_named(container: str, codec: VideoCodec, *, kept: bool) -> None:
    data, result = captioned(), io.BytesIO()
    assert captions(data) == 4
    report = transcode(
        io.BytesIO(data),
        result,
        paint,
        container=container,  # type: ignore[arg-type]
        settings=EncoderSettings(codec=codec),
    )
    assert captions(result.getvalue()) == (4 if kept else 0)
    assert (CAPTIONS in report.tracks.dropped) is not kept
