from __future__ import annotations

import io
from fractions import Fraction

import pytest

from appliance.pipeline.media.video.probe import VideoInfo, probe
from appliance.pipeline.media.video.transcode import transcode
from tests.pipeline.media.clips import Clip, Sound, make


def facts(clip: Clip) -> VideoInfo:
    return probe(io.BytesIO(make(clip)))


def test_facts_of_a_clip() -> None:
    clip = Clip(sounds=[Sound(language="deu")], rotation=90, pixel_format="yuv420p10le")
    known = facts(clip)
    assert (known.container, known.codec, known.pixel_format) == ("mp4", "h264", "yuv420p10le")
    assert (known.width, known.height, known.rotation, known.bit_depth) == (64, 96, 270, 10)
    assert (known.frames, known.frame_rate) == (24, Fraction(24))
    assert not known.is_variable
    assert known.duration is not None
    assert abs(known.duration - 1) < Fraction(1, 20)
    assert [(a.codec, a.channels, a.sample_rate, a.language) for a in known.audio] == [
        ("aac", 2, 48_000, "deu")
    ]


def test_a_variable_rate_is_told() -> None:
    times = [0, 3003, 6006, 20_000, 20_500, 33_000, 33_500, 80_000]
    assert facts(Clip(time_base=Fraction(1, 90_000), times=times)).is_variable
    assert not facts(Clip(rate=Fraction(30_000, 1001), frames=40)).is_variable


@pytest.mark.parametrize("container", ["mp4", "mov", "mkv", "webm", "avi"])
def test_a_container_goes_by_its_own_name(container: str) -> None:
    codec = "libvpx-vp9" if container == "webm" else "libx264"
    assert facts(Clip(container=container, codec=codec, frames=2)).container == container


def test_sound_goes_by_its_codec_s_name_not_its_decoder_s() -> None:
    """FFmpeg decodes MP3 by what it calls mp3float."""
    clip = Clip(container="mkv", frames=4, sounds=[Sound("libmp3lame"), Sound("libopus")])
    assert [track.codec for track in facts(clip).audio] == ["mp3", "opus"]
    report = transcode(io.BytesIO(make(clip)), io.BytesIO(), lambda *_: None, container="webm")
    assert report.tracks.reencoded == ("mp3",)
