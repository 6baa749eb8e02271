"""Which field of an interlaced video is shown first."""

from __future__ import annotations

import io
from fractions import Fraction

import av
import numpy as np
import pytest
from av.filter import Graph

from appliance.pipeline.media.kind import VideoKind
from appliance.pipeline.media.video.canvas import VideoCanvas
from appliance.pipeline.media.video.encoder import EncoderSettings, VideoCodec
from appliance.pipeline.media.video.field_order import field_order
from appliance.pipeline.media.video.reader import FrameInfo
from appliance.pipeline.media.video.transcode import TranscodeReport, transcode

TOP, BOTTOM = 2, 3  # AVFieldOrder
ORDERS = {"tff": TOP, "bff": BOTTOM}
_INTERLACED = (1 << 18) | (1 << 29)  # AV_CODEC_FLAG_INTERLACED_DCT and _ME


def interlaced(order: str) -> bytes:
    """An MP4 of moving bars whose frames hold two fields each."""
    graph = Graph()
    source = graph.add_buffer(
        width=96, height=64, format=av.VideoFormat("yuv420p"), time_base=Fraction(1, 25)
    )
    fields, sink = graph.add("setfield", order), graph.add("buffersink")
    source.link_to(fields)
    fields.link_to(sink)
    graph.configure()
    file = io.BytesIO()
    with av.open(file, "w", format="mp4") as output:
        params = "bff=1" if order == "bff" else "tff=1"
        stream = output.add_stream("libx264", rate=25, options={"x264-params": params})
        stream.width, stream.height = 96, 64
        stream.codec_context.flags |= _INTERLACED
        for index in range(6):
            frame = av.VideoFrame.from_ndarray(
                np.full((96, 96), 30 * index, np.uint8), format="yuv420p"
            )
            frame.pts, frame.time_base = index, Fraction(1, 25)
            graph.push(frame)
            output.mux(stream.encode(graph.vpull()))
        output.mux(stream.encode(None))
    return file.getvalue()


def converted(
    data: bytes, container: VideoKind, codec: VideoCodec | None = None
) -> tuple[bytes, TranscodeReport]:
    sink = io.BytesIO()
    settings = EncoderSettings(codec, preset="ultrafast")
    report = transcode(io.BytesIO(data), sink, leave, container=container, settings=settings)
    return sink.getvalue(), report


def leave(canvas: VideoCanvas, info: FrameInfo) -> None:
    """No edit."""


def orders(data: bytes) -> tuple[int, int]:
    """What the header says, and what the first frame says."""
    with av.open(io.BytesIO(data), "r") as container:
        stream = container.streams.video[0]
        said = stream.codec_context.field_order
        return said, field_order(next(container.decode(stream)))


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("container", ["mp4", "mov", "mkv", "avi"])
def test_the_field_that_is_shown_first_stays_the_first(container: VideoKind, order: str) -> None:
    data = interlaced(order)
    assert orders(data) == (ORDERS[order], ORDERS[order])
    result, report = converted(data, container)
    assert orders(result) == (ORDERS[order], ORDERS[order])
    assert report.tracks.dropped == ()


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("codec", ["libx265", "libvpx-vp9"])
def test_the_container_says_it_for_codecs_that_do_not(codec: VideoCodec, order: str) -> None:
    said, _ = orders(converted(interlaced(order), "mkv", codec)[0])
    assert said == ORDERS[order]


def test_webm_has_no_fields_and_the_report_says_so() -> None:
    _, report = converted(interlaced("tff"), "webm")
    assert report.tracks.dropped == ("picture/interlacing",)
