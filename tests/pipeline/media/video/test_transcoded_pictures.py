"""What becomes of pictures: formats, colours, sizes, rotation, and every pixel outside an edit."""

from __future__ import annotations

import io
from fractions import Fraction
from typing import Any

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from appliance.errors import OutputError
from appliance.pipeline.media.canvas import Box
from appliance.pipeline.media.video import writer
from appliance.pipeline.media.video.canvas import VideoCanvas
from appliance.pipeline.media.video.encoder import EncoderSettings
from appliance.pipeline.media.video.hdr import StaticHdr
from appliance.pipeline.media.video.pixel_layout import channel_view, layout_of
from appliance.pipeline.media.video.reader import FrameInfo, VideoReader, _matrix_of
from tests.pipeline.media.clips import Clip, decode, make
from tests.pipeline.media.transcoding import CLIPS, probed, run


def channels(frame: av.VideoFrame) -> list[NDArray[np.uint8]]:
    layout = layout_of(frame.format.name)
    assert layout is not None
    return [channel_view(frame, layout, part).astype(np.uint8) for part in layout.components]


@pytest.mark.parametrize("rotation", [90, 180, 270])
@pytest.mark.parametrize("container", ["mp4", "mov", "mkv", "webm"])
def test_a_rotated_video_is_edited_upright_and_stays_rotated(container: str, rotation: int) -> None:
    seen: list[tuple[int, int]] = []
    pictures: list[NDArray[np.uint8]] = []

    def note(canvas: VideoCanvas, info: FrameInfo) -> None:
        seen.append((canvas.width, canvas.height))
        if info.index == 0:
            pictures.append(canvas.read(Box(0, 0, canvas.width, canvas.height)))

    data = make(Clip(rotation=rotation))
    result, _ = run(data, container, note)
    before, after = probed(data), probed(result)
    upright = (96, 64) if rotation == 180 else (64, 96)
    assert (before.rotation, before.mirrored) == (after.rotation, after.mirrored)
    assert before.rotation == 360 - rotation
    assert (after.width, after.height) == (before.width, before.height) == seen[0] == upright
    stored = decode(data)[0].to_ndarray(format="rgb24").astype(int)
    assert np.abs(np.rot90(stored, rotation // 90) - pictures[0]).mean() < 4


@pytest.mark.parametrize("rotation", [0, 90, 180, 270, -90, 45])
def test_the_matrix_of_a_rotation_is_the_one_that_was_written(rotation: int) -> None:
    data = make(Clip(rotation=rotation))
    with VideoReader(io.BytesIO(data)) as reader:
        frame = reader.first_frame()
        wanted = None if rotation in (0, 45) else reader.display_matrix
        assert _matrix_of(frame.rotation) == wanted


def test_avi_refuses_a_rotated_video() -> None:
    with pytest.raises(OutputError, match="held"):
        run(make(Clip(rotation=90)), "avi")


@pytest.mark.parametrize(
    "clip",
    [
        *(
            Clip(pixel_format=f"yuv{grid}p{deep}")
            for grid in (420, 422, 444)
            for deep in ("", "10le")
        ),
        Clip(size=(95, 63), pixel_format="yuv444p"),
        Clip(pixel_format="yuvj420p", colour=(5, 1, 1, 2)),
    ],
)
def test_the_pixel_format_is_kept_for_further_work(clip: Clip) -> None:
    result, report = run(make(clip), "mkv")
    assert report.converted == ()
    assert report.source_pixel_format == report.pixel_format == clip.pixel_format
    again = probed(result)
    assert (again.width, again.height) == clip.size
    assert again.pixel_format == clip.pixel_format


@pytest.mark.parametrize(("codec", "container", "pixel_format", "wanted"), [
    ("rawvideo", "avi", "bgr24", "yuv444p"),
    ("rawvideo", "avi", "yuyv422", "yuv422p"),
    ("rawvideo", "avi", "yuv410p", "yuv444p"),
    ("ffv1", "mkv", "yuv420p12le", "yuv420p10le"),
    ("ffv1", "mkv", "bgra", "yuv444p"),
    ("ffv1", "mkv", "gray", "gray"),
    ("mjpeg", "avi", "yuvj422p", "yuvj422p"),
])  # fmt: skip
def test_a_format_that_the_encoder_lacks_becomes_the_nearest(
    codec: str, container: str, pixel_format: str, wanted: str
) -> None:
    colour = (5, 1, 1, 2) if pixel_format.startswith("yuvj") else (1, 1, 1, 1)
    data = make(Clip(container=container, codec=codec, pixel_format=pixel_format, colour=colour))
    result, report = run(data, "mkv", settings=EncoderSettings(crf=1))
    assert report.pixel_format == wanted
    if pixel_format in ("yuyv422", "yuv410p"):
        return  # the first cannot be read in place; the chroma of the second is smoothed
    box = Box(0, 0, 96, 64)
    for old, new in zip(decode(data), decode(result), strict=True):
        before, after = VideoCanvas(old).read(box), VideoCanvas(new).read(box)
        assert np.abs(before.astype(int) - after).mean() < 4


def test_an_odd_size_becomes_444_and_stays_odd_for_further_work() -> None:
    data = make(Clip(container="webm", codec="libvpx-vp9", size=(95, 63)))
    result, report = run(data, "mkv")
    assert report.pixel_format == "yuv444p"
    assert [str(one) for one in report.converted] == ["chroma 4:2:0 to 4:4:4"]
    assert (probed(result).width, probed(result).height) == (95, 63)


@pytest.mark.parametrize(
    "colour", [(1, 1, 1, 1), (9, 9, 16, 1), (9, 9, 18, 1), (6, 6, 6, 1), (5, 5, 1, 2)]
)
@pytest.mark.parametrize("container", ["mp4", "mkv"])
def test_colour_tags_are_kept(container: str, colour: tuple[int, int, int, int]) -> None:
    result, _ = run(make(Clip(pixel_format="yuv420p10le", colour=colour)), container)
    frame = decode(result)[0]
    tags = (frame.colorspace, frame.color_primaries, frame.color_trc, frame.color_range)
    assert tags == colour
    assert probed(result).is_hdr == (colour[2] in (16, 18))


@pytest.mark.parametrize("codec", ["libx264", "libx265"])
def test_static_hdr_metadata_is_kept(codec: Any) -> None:
    display = "G(13250,34500)B(7500,3000)R(34000,16000)WP(15635,16450)L(10000000,50)"
    options = {"x264-params": f"mastering-display={display}:cll=1000,400"}
    data = make(Clip(pixel_format="yuv420p10le", colour=(9, 9, 16, 1), options=options))
    wanted = StaticHdr(display, "1000,400")
    assert carried(data) == wanted
    settings = EncoderSettings(codec=codec, preset="ultrafast")
    result, _ = run(data, "mkv", settings=settings)
    assert carried(result) == wanted
    assert carried(make(Clip())) == StaticHdr()


def carried(data: bytes) -> StaticHdr:
    with VideoReader(io.BytesIO(data)) as reader:
        reader.first_frame()
        return reader.hdr


def test_interlaced_pictures_stay_interlaced() -> None:
    data = make(Clip(options={"flags": "+ildct+ilme", "x264-params": "tff=1"}))
    assert decode(data)[0].interlaced_frame
    result, _ = run(data, "mp4")
    assert all(frame.interlaced_frame for frame in decode(result))


def test_the_shape_of_pixels_is_kept() -> None:
    result, _ = run(make(Clip(aspect=Fraction(4, 3))), "mp4")
    with av.open(io.BytesIO(result)) as container:
        assert container.streams.video[0].sample_aspect_ratio == Fraction(4, 3)


@pytest.mark.parametrize("container", ["mp4", "mkv", "webm"])
def test_the_encoder_gets_exactly_the_source_s_pixels_outside_the_edit(
    container: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = make(CLIPS["b-frames"])
    encoded: list[list[NDArray[np.uint8]]] = []
    real = writer.VideoWriter.write_frame

    def note(self: writer.VideoWriter, frame: av.VideoFrame) -> None:
        encoded.append(channels(frame))
        real(self, frame)

    monkeypatch.setattr(writer.VideoWriter, "write_frame", note)
    run(data, container)
    plain = [channels(frame) for frame in decode(data)]
    assert len(plain) == len(encoded)
    for old, new in zip(plain, encoded, strict=True):
        assert all(np.array_equal(a, b) for a, b in zip(old, new, strict=True))
    encoded.clear()

    def paint(canvas: VideoCanvas, _: FrameInfo) -> None:
        canvas.write(Box(10, 10, 8, 8), np.zeros((8, 8, 3), np.uint8), np.ones((8, 8), np.bool_))

    run(data, container, paint)
    for old, new in zip(plain, encoded, strict=True):
        for before, after in zip(old, new, strict=True):
            scale = 64 // before.shape[0]
            changed = np.argwhere(before != after) * scale
            assert changed.min() == 10
            assert changed.max() == 18 - scale


def test_the_codec_can_be_chosen() -> None:
    settings = EncoderSettings(codec="libx265", crf=30, preset="ultrafast")
    result, report = run(make(Clip()), "mkv", settings=settings)
    assert report.codec == "libx265"
    assert probed(result).codec == "hevc"
    with pytest.raises(OutputError, match="not written with hevc"):
        run(make(Clip()), "webm", settings=settings)
