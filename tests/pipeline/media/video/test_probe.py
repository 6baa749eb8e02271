from __future__ import annotations

import io
from fractions import Fraction

import pytest

from appliance.pipeline.media.video.probe import VideoInfo, probe
from appliance.pipeline.media.video.transcode import transcode
from tests.pipeline.media.clips import Clip, Sound, make


def probed(clip: Clip) -> VideoInfo:
    return probe(io.BytesIO(make(clip)))


def test_the_properties_of_a_clip() -> None:
    clip = Clip(sounds=[Sound(language="deu")], rotation=90, pixel_format="yuv420p10le")
    info = probed(clip)
    assert (info.container, info.codec, info.pixel_format) == ("mp4", "h264", "yuv420p10le")
    assert (info.width, info.height, info.rotation, info.bit_depth) == (64, 96, 270, 10)
    assert (info.frames, info.frame_rate) == (24, Fraction(24))
    assert not info.is_variable
    assert info.duration is not None
    assert abs(info.duration - 1) < Fraction(1, 20)
    assert [(a.codec, a.channels, a.sample_rate, a.language) for a in info.audio] == [
        ("aac", 2, 48_000, "deu")
    ]


def test_a_variable_frame_rate_is_recognised() -> None:
    times = [0, 3003, 6006, 20_000, 20_500, 33_000, 33_500, 80_000]
    assert probed(Clip(time_base=Fraction(1, 90_000), times=times)).is_variable
    assert not probed(Clip(rate=Fraction(30_000, 1001), frames=40)).is_variable


@pytest.mark.parametrize("container", ["mp4", "mov", "mkv", "webm", "avi"])
def test_containers_that_share_a_demuxer_are_distinguished(container: str) -> None:
    codec = "libvpx-vp9" if container == "webm" else "libx264"
    assert probed(Clip(container=container, codec=codec, frames=2)).container == container


def test_sound_is_named_by_its_codec_and_not_by_its_decoder() -> None:
    """FFmpeg calls its MP3 decoder mp3float."""
    clip = Clip(container="mkv", frames=4, sounds=[Sound("libmp3lame"), Sound("libopus")])
    assert [track.codec for track in probed(clip).audio] == ["mp3", "opus"]
    report = transcode(io.BytesIO(make(clip)), io.BytesIO(), lambda *_: None, container="webm")
    assert report.tracks.reencoded == ("mp3",)
