from __future__ import annotations

import io
import threading
from dataclasses import replace
from fractions import Fraction
from typing import Any

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from appliance.errors import InputError, OutputError
from appliance.pipeline.media.canvas import Box, Rgb
from appliance.pipeline.media.orientation import scale_display_matrix
from appliance.pipeline.media.video.canvas import VideoCanvas
from appliance.pipeline.media.video.encoder import EncoderSettings
from appliance.pipeline.media.video.enlarge import Enlarger, enlarge_frame
from appliance.pipeline.media.video.probe import probe
from appliance.pipeline.media.video.reader import FrameInfo, VideoReader
from appliance.pipeline.media.video.transcode import EditFrame, TranscodeReport, transcode
from tests.pipeline.media.clips import Clip, Sound, decode, make, packets

VARIABLE = [0, 3003, 6006, 20_000, 20_500, 33_000, 33_500, 80_000]


class Repeat:
    """Every pixel ``scale`` times across and down; keeps what it was given."""

    def __init__(self, scale: int = 2) -> None:
        self.scale = scale
        self.seen: list[Rgb] = []

    def enlarge(self, image: Rgb) -> Rgb:
        self.seen.append(image.copy())
        return image.repeat(self.scale, 0).repeat(self.scale, 1)


def leave(canvas: VideoCanvas, info: FrameInfo) -> None:
    """No edit."""


def run(
    clip: Clip,
    container: Any,
    enlarger: Enlarger | None = None,
    edit: EditFrame = leave,
    **more: Any,
) -> tuple[bytes, TranscodeReport]:
    sink = io.BytesIO()
    settings = EncoderSettings(crf=1)
    enlarger = enlarger or Repeat()
    source = io.BytesIO(make(clip))
    report = transcode(
        source, sink, edit, container=container, settings=settings, enlarger=enlarger, **more
    )
    return sink.getvalue(), report


def upright(data: bytes) -> list[NDArray[Any]]:
    with VideoReader(io.BytesIO(data)) as reader:
        frames = [item for item in reader.items(()) if isinstance(item, av.VideoFrame)]
        canvases = [VideoCanvas(frame, reader.orientation) for frame in frames]
        return [canvas.thumbnail(4096).astype(int) for canvas in canvases]


CLIPS = {
    "plain": ("mp4", Clip(frames=8)),
    "variable rate": ("mp4", Clip(time_base=Fraction(1, 90_000), times=VARIABLE)),
    "odd": (
        "mp4",
        Clip(container="webm", codec="libvpx-vp9", size=(95, 63), frames=8, rate=Fraction(25)),
    ),
    "odd, webm": (
        "webm",
        Clip(container="webm", codec="libvpx-vp9", size=(95, 63), frames=8, rate=Fraction(25)),
    ),
    "turned": ("mov", Clip(rotation=90, frames=8)),
    "10 bits, hdr": ("mp4", Clip(pixel_format="yuv420p10le", colour=(9, 9, 16, 1), frames=8)),
    "full range": ("mp4", Clip(pixel_format="yuvj420p", colour=(5, 1, 1, 2), frames=8)),
    "rgb": (
        "webm",
        Clip(
            container="mkv",
            codec="ffv1",
            pixel_format="bgra",
            colour=(2, 2, 2, 0),
            frames=8,
            rate=Fraction(25),
        ),
    ),
}


@pytest.mark.parametrize("scale", [2, 4])
@pytest.mark.parametrize("name", CLIPS)
def test_a_video_is_enlarged_and_nothing_else_about_it_changes(name: str, scale: int) -> None:
    container, clip = CLIPS[name]
    data = make(clip)
    result, report = run(clip, container, Repeat(scale))
    before, after = probe(io.BytesIO(data)), probe(io.BytesIO(result))
    assert (after.width, after.height) == (scale * before.width, scale * before.height)
    assert (after.rotation, after.is_hdr) == (before.rotation, before.is_hdr)
    assert packets(result)[0].shown == packets(data)[0].shown
    for small, large in zip(upright(data), upright(result), strict=True):
        assert np.abs(small.repeat(scale, 0).repeat(scale, 1) - large).mean() < 2
    assert report.frames == 8
    # Enlarged, every size is even, and no format of chroma has to change for it.
    if name != "rgb":
        assert report.pixel_format == clip.pixel_format


@pytest.mark.parametrize("colour", [(1, 1, 1, 1), (9, 9, 18, 1), (6, 6, 6, 1), (5, 5, 1, 2)])
def test_tags_are_kept(colour: tuple[int, int, int, int]) -> None:
    clip = Clip(frames=3, aspect=Fraction(4, 3), colour=colour, sounds=[Sound()])
    result, report = run(clip, "mp4")
    frame = decode(result)[0]
    tags = (frame.colorspace, frame.color_primaries, frame.color_trc, frame.color_range)
    assert tags == colour
    with av.open(io.BytesIO(result)) as container:
        assert container.streams.video[0].sample_aspect_ratio == Fraction(4, 3)
    assert packets(result)[1].data == packets(make(clip))[1].data
    assert report.tracks.copied == 1


@pytest.mark.parametrize(("size", "tag"), [((64, 48), 2), ((640, 352), 6)])
def test_an_untagged_matrix_stays_the_one_of_the_small_size(
    size: tuple[int, int], tag: int
) -> None:
    clip = Clip(size=size, frames=1, colour=(2, 2, 2, 0))
    data = make(clip)
    assert decode(data)[0].colorspace == 2
    result, _ = run(clip, "mp4")
    assert decode(result)[0].colorspace == tag
    (small,), (large,) = upright(data), upright(result)
    assert np.abs(small.repeat(2, 0).repeat(2, 1) - large).mean() < 2


def test_the_edited_frame_is_enlarged() -> None:
    box = Box(8, 8, 16, 16)

    def paint(canvas: VideoCanvas, _: FrameInfo) -> None:
        canvas.write(box, np.full((16, 16, 3), 255, np.uint8), np.ones((16, 16), np.bool_))

    enlarger = Repeat()
    result, _ = run(Clip(frames=3), "mp4", enlarger, paint)
    assert len(enlarger.seen) == 3
    for seen, large in zip(enlarger.seen, upright(result), strict=True):
        assert seen[10:22, 10:22].min() > 250
        assert seen[40:, 40:].max() < 250
        assert large[20:44, 20:44].min() > 240


def test_progress_is_reported_once_a_frame_is_enlarged() -> None:
    enlarger, reported = Repeat(), []
    run(
        Clip(frames=3),
        "mp4",
        enlarger,
        progress=lambda info: reported.append((info.index, len(enlarger.seen))),
    )
    assert reported == [(0, 1), (1, 2), (2, 3)]


def test_side_data_is_kept() -> None:
    display = "G(13250,34500)B(7500,3000)R(34000,16000)WP(15635,16450)L(10000000,50)"
    options = {"x264-params": f"mastering-display={display}:cll=1000,400"}
    clip = Clip(pixel_format="yuv420p10le", colour=(9, 9, 16, 1), frames=1, options=options)
    (frame,) = decode(make(clip))
    entries: list[Any] = list(enlarge_frame(frame, Repeat()).side_data)
    assert "MASTERING_DISPLAY_METADATA" in {entry.type.name for entry in entries}


@pytest.mark.parametrize("scale", [128, 200])
def test_a_size_that_no_encoder_takes_is_refused_at_once(scale: int) -> None:
    """96 x 64 pixels: the first is too many in all, the second too wide."""
    enlarger = Repeat(scale)
    with pytest.raises(OutputError, match="larger than"):
        run(Clip(frames=3), "mp4", enlarger)
    assert not enlarger.seen


def test_an_interlaced_video_is_not_enlarged() -> None:
    clip = Clip(frames=3, options={"flags": "+ildct+ilme", "x264-params": "tff=1"})
    with pytest.raises(InputError, match="interlaced"):
        run(clip, "mp4")
    run(replace(clip, options={}), "mp4")


def test_an_enlarger_that_fails_ends_everything() -> None:
    class Failing(Repeat):
        def enlarge(self, image: Rgb) -> Rgb:
            if len(self.seen) == 5:
                raise KeyboardInterrupt
            return super().enlarge(image)

    with pytest.raises(KeyboardInterrupt):
        run(Clip(frames=60), "mp4", Failing())
    assert not {thread.name for thread in threading.enumerate()} & {"decode", "encode"}


def test_a_display_matrix_moves_by_pixels_of_the_enlarged_picture() -> None:
    one = 1 << 16
    matrix = (0, one, 0, -one, 0, 0, 64 * one, 3 * one, 1 << 30)
    wanted = (0, one, 0, -one, 0, 0, 128 * one, 6 * one, 1 << 30)
    assert scale_display_matrix(matrix, 2) == wanted
