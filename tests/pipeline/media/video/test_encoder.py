"""The same frames become the same film, whichever codec writes it."""

from __future__ import annotations

import io
from fractions import Fraction

import pytest

from appliance.pipeline.media.video.canvas import VideoCanvas
from appliance.pipeline.media.video.encoder import EncoderSettings, VideoCodec
from appliance.pipeline.media.video.reader import FrameInfo
from appliance.pipeline.media.video.transcode import transcode
from tests.pipeline.media.clips import Clip, make


def leave(canvas: VideoCanvas, info: FrameInfo) -> None:
    """No edit."""


@pytest.mark.parametrize("codec", ["libx264", "libx265", "libvpx-vp9", "libsvtav1"])
def test_the_same_film_comes_out_each_time(codec: VideoCodec) -> None:
    times = [100 * i + (180_000 if i > 17 else 0) for i in range(20)]
    source = make(Clip(size=(64, 48), time_base=Fraction(1, 3000), times=times))
    films = set()
    for _ in range(30):
        sink = io.BytesIO()
        transcode(io.BytesIO(source), sink, leave, settings=EncoderSettings(codec), container="mp4")
        films.add(sink.getvalue())
    assert len(films) == 1
