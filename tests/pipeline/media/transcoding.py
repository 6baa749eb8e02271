"""Clips of every kind of timing, and what becomes of one when it is transcoded."""

from __future__ import annotations

import io
from fractions import Fraction
from typing import Any

from appliance.pipeline.media.video.canvas import VideoCanvas
from appliance.pipeline.media.video.probe import VideoInfo, probe
from appliance.pipeline.media.video.reader import FrameInfo
from appliance.pipeline.media.video.transcode import EditFrame, TranscodeReport, transcode
from tests.pipeline.media.clips import Clip, Packets, Sound, packets

VARIABLE = [0, 3003, 6006, 20_000, 20_500, 33_000, 33_500, 80_000, 90_000, 180_000]
MILLISECOND = Fraction(1, 1000)


def leave(canvas: VideoCanvas, info: FrameInfo) -> None:
    """No edit."""


def run(
    data: bytes, container: Any, edit: EditFrame = leave, **kwargs: Any
) -> tuple[bytes, TranscodeReport]:
    sink = io.BytesIO()
    report = transcode(io.BytesIO(data), sink, edit, container=container, **kwargs)
    assert not sink.closed
    return sink.getvalue(), report


def of(kind: str, data: bytes) -> list[Packets]:
    return [track for track in packets(data) if track.kind == kind]


def probed(data: bytes) -> VideoInfo:
    return probe(io.BytesIO(data))


CLIPS = {
    "plain": Clip(sounds=[Sound()]),
    "variable rate": Clip(time_base=Fraction(1, 90_000), times=VARIABLE, sounds=[Sound()]),
    "b-frames": Clip(options={"bf": "3", "b-adapt": "0"}, sounds=[Sound()]),
    "ntsc": Clip(rate=Fraction(30_000, 1001), frames=40, sounds=[Sound(rate=44_100)]),
    "late start": Clip(
        time_base=Fraction(1, 90_000),
        times=[45_000 + 3_000 * i for i in range(20)],
        sounds=[Sound(start=12_000)],
    ),
    "no sound": Clip(),
    "one frame": Clip(frames=1),
    "two languages": Clip(sounds=[Sound(language="deu"), Sound(language="fra", rate=44_100)]),
    "from mkv": Clip(
        container="mkv",
        time_base=MILLISECOND,
        times=[500 + 33 * i for i in range(20)],
        sounds=[Sound("libopus", start=12_000)],
    ),
    "from mov, pcm": Clip(container="mov", sounds=[Sound("pcm_s16le")]),
    "from webm, odd size": Clip(
        container="webm", codec="libvpx-vp9", size=(95, 63), sounds=[Sound("libopus")]
    ),
    "from avi": Clip(container="avi", sounds=[Sound("libmp3lame")]),
    "from avi, mpeg-4": Clip(container="avi", codec="mpeg4", sounds=[Sound("libmp3lame")]),
    "10 bits": Clip(pixel_format="yuv422p10le", options={"preset": "veryfast"}),
    "fragmented": Clip(sounds=[Sound()], muxer_options={"movflags": "frag_keyframe+empty_moov"}),
}
