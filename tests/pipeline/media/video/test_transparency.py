"""Transparency of a video: named in the report when it is lost."""

from __future__ import annotations

import io
from fractions import Fraction
from typing import Any

import av
import numpy as np
import pytest

from appliance.pipeline.media.kind import VideoKind
from appliance.pipeline.media.video.canvas import VideoCanvas
from appliance.pipeline.media.video.reader import FrameInfo
from appliance.pipeline.media.video.transcode import transcode
from tests.pipeline.media.clips import MUXERS

SOURCES = {
    "ProRes 4444": ("mov", "prores_ks", "yuva444p10le"),
    "Animation": ("mov", "qtrle", "argb"),
    "PNG": ("mov", "png", "rgba"),
    "VP9": ("webm", "libvpx-vp9", "yuva420p"),
    "VP8": ("webm", "libvpx", "yuva420p"),
    "FFV1": ("mkv", "ffv1", "bgra"),
}


def clip(container: str, codec: str, pixels: str, alpha: int) -> bytes:
    """Three frames of which all but the last are opaque; its left half has ``alpha``, 0-255."""
    file = io.BytesIO()
    with av.open(file, "w", format=MUXERS[container]) as output:
        options = {"auto-alt-ref": "0"} if codec.startswith("libvpx") else {}
        stream: Any = output.add_stream(codec, rate=25, options=options)
        stream.width, stream.height, stream.pix_fmt = 64, 48, pixels
        for index in range(3):
            rgba = np.full((48, 64, 4), 255, np.uint8)
            rgba[..., :3] = 40 * index + 20
            if index == 2:
                rgba[:, :32, 3] = alpha
            frame = av.VideoFrame.from_ndarray(rgba, format="rgba").reformat(format=pixels)
            frame.pts, frame.time_base = index, Fraction(1, 25)
            output.mux(stream.encode(frame))
        output.mux(stream.encode(None))
    return file.getvalue()


def dropped(data: bytes, container: VideoKind) -> tuple[str, ...]:
    report = transcode(io.BytesIO(data), io.BytesIO(), leave, container=container)
    return report.tracks.dropped


def leave(canvas: VideoCanvas, info: FrameInfo) -> None:
    """No edit."""


@pytest.mark.parametrize("name", SOURCES)
@pytest.mark.parametrize("container", ["mov", "webm"])
def test_a_lost_alpha_is_named(name: str, container: VideoKind) -> None:
    assert dropped(clip(*SOURCES[name], alpha=60), container) == ("picture/alpha",)


@pytest.mark.parametrize("name", ["ProRes 4444", "Animation", "PNG", "FFV1"])
def test_an_alpha_that_is_opaque_throughout_is_no_loss(name: str) -> None:
    assert dropped(clip(*SOURCES[name], alpha=255), "mov") == ()
