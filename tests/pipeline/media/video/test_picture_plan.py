"""What the picture becomes: what plays everywhere, or what loses nothing, and what is named."""

from __future__ import annotations

import io
from dataclasses import replace
from fractions import Fraction
from types import SimpleNamespace
from typing import Any

import av
import numpy as np
import pytest

from appliance.errors import OutputError
from appliance.pipeline.media.conversion import Conversion
from appliance.pipeline.media.video.canvas import VideoCanvas
from appliance.pipeline.media.video.encoder import (
    CODEC_NAMES,
    CONTAINERS,
    WORKING_COPY,
    EncoderSettings,
)
from appliance.pipeline.media.video.even_size import padded
from appliance.pipeline.media.video.hdr import dynamic_hdr
from appliance.pipeline.media.video.picture_plan import PictureFacts, PicturePlan, plan_picture
from appliance.pipeline.media.video.pixel_layout import channel_view, layout_of
from appliance.pipeline.media.video.reader import FrameInfo, VideoReader
from appliance.pipeline.media.video.transcode import TranscodeReport, transcode
from tests.pipeline.media.clips import Clip, decode, make, packets

CLIPS = {
    "variable rate": Clip(time_base=Fraction(1, 90_000), times=[0, 3003, 20_000, 20_500, 90_000]),
    "b-frames": Clip(options={"bf": "3", "b-adapt": "0"}),
    "late start": Clip(time_base=Fraction(1, 90_000), times=range(45_000, 80_000, 3_000)),
    "one frame": Clip(frames=1),
}

# What QuickTime, Safari, phones, televisions and browsers show, by codec.
PLAYED = {
    "h264": {("High", "yuv420p"), ("High", "yuvj420p")},
    "hevc": {("Main", "yuv420p"), ("Main 10", "yuv420p10le")},
    "vp9": {("Profile 0", "yuv420p")},
    "av1": {("Main", "yuv420p"), ("Main", "yuv420p10le")},
}


def leave(canvas: VideoCanvas, info: FrameInfo) -> None:
    """No edit."""


def run(data: bytes, container: Any, **settings: Any) -> tuple[bytes, TranscodeReport]:
    sink = io.BytesIO()
    chosen = EncoderSettings(**settings)
    report = transcode(io.BytesIO(data), sink, leave, container=container, settings=chosen)
    return sink.getvalue(), report


def stream_of(data: bytes) -> tuple[str, str, str, tuple[int, int]]:
    """Codec, profile, pixel format and size."""
    with av.open(io.BytesIO(data), "r") as container:
        stream = container.streams.video[0]
        context = stream.codec_context
        for _ in container.decode(stream):
            break  # some profiles are known to the decoder only
        size = context.width, context.height
        return context.codec.canonical_name, str(stream.profile), str(context.pix_fmt), size


def plan(container: str, picture: PictureFacts, **settings: Any) -> PicturePlan:
    return plan_picture(EncoderSettings(**settings), CONTAINERS[container], picture)


def said(report: TranscodeReport | PicturePlan) -> list[str]:
    return [str(one) for one in report.converted]


FORMATS = [
    ("ffv1", "yuv420p", (96, 64), []),
    ("ffv1", "yuv422p", (96, 64), ["chroma 4:2:2 to 4:2:0"]),
    ("ffv1", "yuv444p", (96, 64), ["chroma 4:4:4 to 4:2:0"]),
    ("ffv1", "yuv411p", (96, 64), ["chroma 4:1:1 to 4:2:0"]),
    ("ffv1", "yuv410p", (96, 64), ["chroma 4:1:0 to 4:2:0"]),
    ("ffv1", "yuv440p", (96, 64), ["chroma 4:4:0 to 4:2:0"]),
    ("ffv1", "bgra", (96, 64), ["colours RGB to YCbCr", "chroma 4:4:4 to 4:2:0"]),
    ("ffv1", "gray", (96, 64), ["colours grey to YCbCr"]),
    ("qtrle", "rgb24", (96, 64), ["colours RGB to YCbCr", "chroma 4:4:4 to 4:2:0"]),
    ("mjpeg", "yuvj422p", (96, 64), ["chroma 4:2:2 to 4:2:0"]),
    ("mjpeg", "yuvj420p", (96, 64), []),
    ("libx264", "yuv444p", (96, 64), ["chroma 4:4:4 to 4:2:0"]),
    ("libx264", "yuv420p10le", (96, 64), []),
    ("libx264", "yuv422p10le", (96, 64), ["chroma 4:2:2 to 4:2:0"]),
    ("ffv1", "yuv444p12le", (96, 64), ["chroma 4:4:4 to 4:2:0", "depth 12 bits to 10 bits"]),
    ("ffv1", "gray16le", (96, 64), ["colours grey to YCbCr", "depth 16 bits to 10 bits"]),
]


@pytest.mark.parametrize("container", ["mp4", "mov", "webm"])
@pytest.mark.parametrize(("codec", "pixel_format", "size", "words"), FORMATS)
def test_what_is_for_players_plays_and_every_conversion_is_named(
    codec: str, pixel_format: str, size: tuple[int, int], words: list[str], container: str
) -> None:
    colour = (5, 1, 1, 2) if pixel_format.startswith("yuvj") else (1, 1, 1, 1)
    source = "mov" if codec == "qtrle" else "mkv"
    data = make(
        Clip(
            container=source,
            codec=codec,
            pixel_format=pixel_format,
            size=size,
            colour=colour,
            frames=3,
        )
    )
    result, report = run(data, container)
    name, profile, played, after = stream_of(result)
    assert (profile, played) in PLAYED[name]
    assert name == CODEC_NAMES[report.codec]
    assert after == size
    assert said(report) == words
    assert played.endswith("10le") == (decode(data)[0].format.components[0].bits > 8)
    for old, new in zip(decode(data), decode(result), strict=True):
        before, after_ = (frame.to_ndarray(format="rgb24").astype(int) for frame in (old, new))
        assert np.abs(before.mean((0, 1)) - after_.mean((0, 1))).max() < 3


@pytest.mark.parametrize("size", [(95, 63), (96, 63), (95, 64)])
@pytest.mark.parametrize("container", ["mp4", "mov"])
def test_an_odd_side_gets_its_last_line_twice_where_the_codec_has_none(
    container: str, size: tuple[int, int]
) -> None:
    data = make(Clip(container="webm", codec="libvpx-vp9", size=size, frames=3))
    result, report = run(data, container, crf=1)
    even = size[0] + size[0] % 2, size[1] + size[1] % 2
    assert stream_of(result) == ("h264", "High", "yuv420p", even)
    assert said(report) == [f"size {size[0]}x{size[1]} to {even[0]}x{even[1]}"]
    for old, new in zip(decode(data), decode(result), strict=True):
        luma = new.to_ndarray()[: even[1], : even[0]].astype(int)
        assert np.abs(luma[: size[1], : size[0]] - luma_of(old)).mean() < 1
        assert np.abs(luma[:, -1] - luma[:, size[0] - 1]).mean() < 1


def luma_of(frame: av.VideoFrame) -> Any:
    layout = layout_of(frame.format.name)
    assert layout is not None
    return channel_view(frame, layout, layout.components[0]).astype(int)


@pytest.mark.parametrize("pixel_format", ["yuv420p", "yuv420p10le", "nv12", "gray"])
def test_padding_keeps_every_sample_time_and_tag(pixel_format: str) -> None:
    frame = av.VideoFrame(95, 63, pixel_format)
    layout = layout_of(pixel_format)
    assert layout is not None
    random = np.random.default_rng(1)
    for part in layout.components:
        view = channel_view(frame, layout, part)
        view[:] = random.integers(0, 1 << layout.depth, view.shape)
    frame.pts, frame.duration, frame.time_base = 7, 3, Fraction(1, 30)
    frame.colorspace, frame.color_range = 9, 2
    large = padded(frame, 96, 64)
    assert (large.width, large.height, large.format.name) == (96, 64, pixel_format)
    assert (large.pts, large.duration, large.colorspace, large.color_range) == (7, 3, 9, 2)
    for part in layout.components:
        small, padded_ = channel_view(frame, layout, part), channel_view(large, layout, part)
        rows, columns = small.shape
        assert np.array_equal(padded_[:rows, :columns], small)
        assert (padded_[rows:, :columns] == small[-1:]).all()
        assert (padded_[:, columns:] == padded_[:, columns - 1 : columns]).all()
    assert padded(frame, 95, 63) is frame


@pytest.mark.parametrize("container", ["mp4", "mov"])
def test_ten_bits_become_hevc_that_apple_s_players_know(container: str) -> None:
    data = make(Clip(pixel_format="yuv420p10le", colour=(9, 9, 18, 1)))
    result, report = run(data, container)
    assert stream_of(result)[:3] == ("hevc", "Main 10", "yuv420p10le")
    assert b"hvc1" in result
    assert b"hev1" not in result
    assert report.converted == ()
    frame = decode(result)[0]
    tags = (frame.colorspace, frame.color_primaries, frame.color_trc, frame.color_range)
    assert tags == (9, 9, 18, 1)


@pytest.mark.parametrize("container", ["mp4", "webm"])
@pytest.mark.parametrize("name", ["variable rate", "b-frames", "late start", "one frame"])
def test_the_encoders_of_10_bits_keep_every_timestamp(name: str, container: str) -> None:
    data = make(replace(CLIPS[name], pixel_format="yuv420p10le"))
    result, _ = run(data, container)
    before, after = (packets(file)[0].shown for file in (data, result))
    tick = Fraction(1, 1000) if container == "webm" else Fraction(0)
    assert len(before) == len(after) == len(decode(result))
    assert max(abs(old - new) for old, new in zip(before, after, strict=True)) <= tick


def test_static_hdr_metadata_reaches_av1() -> None:
    display = "G(13250,34500)B(7500,3000)R(34000,16000)WP(15635,16450)L(10000000,50)"
    options = {"x264-params": f"mastering-display={display}:cll=1000,400"}
    data = make(Clip(pixel_format="yuv420p10le", colour=(9, 9, 16, 1), frames=3, options=options))
    result, report = run(data, "webm")
    assert report.codec == "libsvtav1"
    with VideoReader(io.BytesIO(result)) as reader:
        reader.first_frame()
        assert reader.hdr.light == "1000,400"
        assert reader.hdr.mastering is not None
        assert reader.hdr.mastering.partition("L")[0] == display.partition("L")[0]


HLG = PictureFacts("yuv420p10le", 96, 64, curve=18, has_static_hdr=True)


@pytest.mark.parametrize(
    ("container", "codec", "pixel_format", "words"),
    [
        ("mp4", "libx264", "yuv420p", ["depth 10 bits to 8 bits", "HDR HLG in 10 bits to HLG in"]),
        ("webm", "libvpx-vp9", "yuv420p", ["depth 10 bits to 8 bits", "HDR HLG", "HDR metadata"]),
        ("mp4", "libx265", "yuv420p10le", []),
        ("mp4", "libsvtav1", "yuv420p10le", []),
        ("mkv", "libx264", "yuv420p10le", []),
        ("mkv", None, "yuv420p10le", []),
        ("avi", None, "yuv420p10le", []),
    ],
)
def test_hdr_in_fewer_bits_is_named(
    container: str, codec: Any, pixel_format: str, words: list[str]
) -> None:
    found = plan(container, HLG, codec=codec)
    assert found.pixel_format == pixel_format
    assert len(said(found)) == len(words)
    for sentence, word in zip(said(found), words, strict=True):
        assert sentence.startswith(word)


def test_hdr_that_is_described_frame_by_frame_is_named() -> None:
    names = ("DOVI_METADATA", "CONTENT_LIGHT_LEVEL", "DOVI_RPU_BUFFER", "DYNAMIC_HDR_PLUS")
    entries = [SimpleNamespace(type=SimpleNamespace(name=name)) for name in names]
    assert dynamic_hdr(entries) == ("Dolby Vision", "HDR10+")
    found = plan("mp4", replace(HLG, dynamic_hdr=dynamic_hdr(entries[:3])))
    assert said(found) == ["HDR metadata Dolby Vision to none"]


def test_interlaced_pictures_stay_in_the_codec_that_knows_them() -> None:
    picture = PictureFacts("yuv422p10le", 96, 64, is_interlaced=True)
    found = plan("mp4", picture)
    assert (found.codec, found.pixel_format) == ("libx264", "yuv420p")
    assert said(found) == ["chroma 4:2:2 to 4:2:0", "depth 10 bits to 8 bits"]
    assert said(plan("webm", picture))[-1].startswith("scan interlaced to progressive")


def test_a_picture_too_small_for_hevc_is_written_all_the_same() -> None:
    data = make(Clip(pixel_format="yuv420p10le", size=(8, 8), frames=2))
    result, report = run(data, "mp4")
    assert stream_of(result)[0] == "h264"
    assert said(report) == ["depth 10 bits to 8 bits"]


def test_an_enlarged_picture_was_seen_in_8_bits() -> None:
    found = plan("mkv", PictureFacts("yuv420p10le", 95, 63, scale=2))
    assert (found.width, found.height) == (190, 126)
    assert said(found) == ["depth 10 bits to 8 bits"]


@pytest.mark.parametrize("pixel_format", ["yuv420p10le", "yuv444p"])
def test_a_working_copy_stays_in_the_one_codec_of_its_container(pixel_format: str) -> None:
    picture = PictureFacts(pixel_format, 96, 64)
    for kind in CONTAINERS.values():
        found = plan_picture(WORKING_COPY, kind, picture)
        assert found.codec == kind.video
        if found.codec == "libx264":
            assert found.pixel_format == pixel_format


@pytest.mark.parametrize("codec", ["libx264", "libx265", "libvpx-vp9"])
def test_lossless_keeps_every_sample(codec: Any) -> None:
    data = make(Clip(frames=3))
    result, report = run(data, "mkv", codec=codec, quality="lossless")
    assert report.codec == codec
    for old, new in zip(decode(data), decode(result), strict=True):
        assert np.array_equal(old.to_ndarray(), new.to_ndarray())


@pytest.mark.parametrize("codec", ["libx264", "libx265", "libvpx-vp9", "libsvtav1"])
def test_a_better_quality_is_larger(codec: Any) -> None:
    data = make(Clip(frames=3, options={"crf": "1"}))
    words = ("low", "medium", "high", "best")
    sizes = [len(run(data, "mkv", codec=codec, quality=word)[0]) for word in words]
    assert sizes == sorted(sizes)
    assert sizes[0] < sizes[-1]


@pytest.mark.parametrize(
    ("container", "settings", "message"),
    [
        ("webm", {"codec": "libx264"}, "WebM files are not written with h264"),
        ("mov", {"codec": "libvpx-vp9"}, "MOV files are not written with vp9"),
        ("avi", {"codec": "libx265"}, "AVI files are not written with hevc"),
        ("mp4", {"quality": "lossless"}, "lossless"),
        ("mkv", {"quality": "lossless", "codec": "libsvtav1"}, "AV1"),
    ],
)
def test_what_a_container_does_not_hold_is_refused(
    container: str, settings: Any, message: str
) -> None:
    with pytest.raises(OutputError, match=message):
        run(make(Clip(frames=2)), container, **settings)


def test_a_conversion_reads_as_words() -> None:
    assert str(Conversion("chroma", "4:4:4", "4:2:0")) == "chroma 4:4:4 to 4:2:0"
