from __future__ import annotations

import av
import cv2
import numpy as np
import pytest
from av.video.reformatter import ColorRange
from numpy.typing import NDArray

from appliance.pipeline.media.canvas import Box
from appliance.pipeline.media.orientation import UPRIGHT, Orientation
from appliance.pipeline.media.video.canvas import VideoCanvas
from appliance.pipeline.media.video.pixel_layout import layout_of
from tests.pipeline.media.clips import picture

FORMATS = [
    "yuv420p", "yuv422p10le", "yuv444p", "nv12", "nv21", "yuvj420p", "yuvj444p", "yuv410p",
    "yuv411p", "yuv440p", "yuv420p12le", "yuva420p", "rgb24", "bgra", "gbrp", "gbrp10le", "gray",
    "gray10le",
]  # fmt: skip
SIZES = [(64, 48), (63, 47), (62, 33), (37, 64)]
TURNS = [
    Orientation(transpose, flip_x, flip_y)
    for transpose in (False, True)
    for flip_x in (False, True)
    for flip_y in (False, True)
]


def noise(name: str, width: int, height: int) -> av.VideoFrame:
    """Every sample value that the format can hold, legal in RGB or not."""
    random = np.random.default_rng(7)
    frame = av.VideoFrame(width, height, name)
    depth = frame.format.components[0].bits
    for plane in frame.planes:
        if depth == 8:
            values = random.integers(0, 256, plane.buffer_size, dtype=np.uint8)
        else:
            values = random.integers(0, 1 << depth, plane.buffer_size // 2).astype(np.uint16)
        plane.update(values.tobytes())
    frame.color_range = 2 if name.startswith("yuvj") else 1
    return frame


def photo(name: str, width: int, height: int, **tags: int) -> av.VideoFrame:
    """A picture in ``name``, tagged."""
    frame = av.VideoFrame.from_ndarray(picture(0, width, height), format="rgb24")
    moved = frame.reformat(format=name, dst_colorspace="ITU709", dst_color_range="MPEG")
    moved.colorspace, moved.color_range = tags.get("matrix", 1), tags.get("span", 1)
    return moved


def planes(frame: av.VideoFrame) -> list[bytes]:
    return [bytes(plane) for plane in frame.planes]


def channels(frame: av.VideoFrame) -> list[NDArray[np.int64]]:
    """The channels, one after another, without padding."""
    from appliance.pipeline.media.video.pixel_layout import channel_view

    layout = layout_of(frame.format.name)
    assert layout is not None
    return [channel_view(frame, layout, part).astype(np.int64) for part in layout.components]


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("name", FORMATS)
def test_without_support_no_bit_changes(name: str, size: tuple[int, int]) -> None:
    frame = noise(name, *size)
    before = planes(frame)
    canvas = VideoCanvas(frame)
    box = Box(3, 5, 31, 21)
    canvas.write(box, np.full((21, 31, 3), 90, np.uint8), np.zeros((21, 31), np.bool_))
    assert planes(frame) == before


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("name", FORMATS)
def test_writing_what_was_read_changes_no_bit(name: str, size: tuple[int, int]) -> None:
    frame = noise(name, *size)
    before = planes(frame)
    canvas = VideoCanvas(frame)
    box = Box(1, 2, size[0] - 1, size[1] - 2)
    canvas.write(box, canvas.read(box), np.ones((box.h, box.w), np.bool_))
    assert planes(frame) == before


@pytest.mark.parametrize("turn", TURNS)
@pytest.mark.parametrize("name", FORMATS)
def test_only_supported_samples_change(name: str, turn: Orientation) -> None:
    frame = noise(name, 63, 47)
    layout = layout_of(name)
    assert layout is not None
    before = channels(frame)
    canvas = VideoCanvas(frame, turn)
    box = Box(7, 9, 25, 17)
    support = np.zeros((17, 25), np.bool_)
    support[4:11, 6:19] = True
    canvas.write(box, np.full((17, 25, 3), 128, np.uint8), support)
    allowed = np.zeros((canvas.height, canvas.width), np.bool_)
    allowed[9:26, 7:32] = support
    allowed = turn.stored(allowed)
    for part, old, new in zip(layout.components, before, channels(frame), strict=True):
        rows = (np.arange(47) >> part.shift_h)[:, None].repeat(63, 1)
        columns = (np.arange(63) >> part.shift_w)[None].repeat(47, 0)
        covered = np.zeros(old.shape, np.bool_)
        covered[rows[allowed], columns[allowed]] = True
        changed = old != new
        assert not (changed & ~covered).any()
        assert changed.any()


@pytest.mark.parametrize("turn", TURNS)
@pytest.mark.parametrize("name", ["yuv420p", "yuv422p10le", "nv12", "yuvj420p", "gbrp", "rgb24"])
def test_a_flat_colour_comes_back_within_two_codes(name: str, turn: Orientation) -> None:
    frame = photo(name, 63, 47)
    canvas = VideoCanvas(frame, turn)
    box = Box(0, 0, canvas.width, canvas.height)
    colour = np.array((200, 150, 120), np.uint8)
    canvas.write(
        box, np.broadcast_to(colour, (box.h, box.w, 3)).copy(), np.ones((box.h, box.w), np.bool_)
    )
    assert np.abs(canvas.read(box).astype(int) - colour).max() <= 2


@pytest.mark.parametrize("name", ["yuv444p", "yuv444p10le", "gbrp", "gbrp10le", "rgb24", "bgra"])
def test_any_picture_comes_back_within_two_codes_without_subsampling(name: str) -> None:
    frame = photo(name, 64, 48)
    canvas = VideoCanvas(frame)
    box = Box(0, 0, 64, 48)
    wanted = picture(9, 64, 48)
    canvas.write(box, wanted, np.ones((48, 64), np.uint8))
    assert np.abs(canvas.read(box).astype(int) - wanted).max() <= 2


def test_a_second_write_of_the_same_picture_changes_nothing_more() -> None:
    frame = photo("yuv420p", 64, 48)
    canvas = VideoCanvas(frame)
    box, full = Box(5, 5, 40, 30), np.ones((30, 40), np.bool_)
    canvas.write(box, picture(3, 40, 30), full)
    once = canvas.read(box)
    before = planes(frame)
    canvas.write(box, once, full)
    assert planes(frame) == before


@pytest.mark.parametrize(
    ("matrix", "span"), [(1, 1), (1, 2), (6, 1), (5, 2), (9, 1), (7, 1), (4, 1)]
)
def test_matrix_and_range_agree_with_the_scaler(matrix: int, span: int) -> None:
    names = {1: "ITU709", 4: "FCC", 5: "ITU601", 6: "ITU601", 7: "SMPTE240M", 9: "BT2020"}
    rgb = av.VideoFrame.from_ndarray(picture(4, 64, 48), format="rgb24")
    frame = rgb.reformat(
        format="yuv444p",
        dst_colorspace=names[matrix],
        dst_color_range=span,
        interpolation="ACCURATE_RND",
    )
    frame.colorspace, frame.color_range = matrix, span
    seen = VideoCanvas(frame).read(Box(0, 0, 64, 48))
    assert np.abs(seen.astype(int) - picture(4, 64, 48)).max() <= 3


@pytest.mark.parametrize(("height", "matrix"), [(480, "ITU601"), (720, "ITU709")])
def test_an_untagged_frame_is_read_as_players_do(height: int, matrix: str) -> None:
    rgb = av.VideoFrame.from_ndarray(picture(4, 64, height), format="rgb24")
    frame = rgb.reformat(format="yuv444p", dst_colorspace=matrix, dst_color_range="MPEG")
    frame.colorspace, frame.color_range = 2, 0
    seen = VideoCanvas(frame).read(Box(0, 0, 64, height))
    assert np.abs(seen.astype(int) - picture(4, 64, height)).max() <= 3


@pytest.mark.parametrize("turn", TURNS)
def test_the_picture_is_presented_upright(turn: Orientation) -> None:
    upright = picture(0, 64, 48)
    stored = np.ascontiguousarray(turn.stored(upright))
    canvas = VideoCanvas(av.VideoFrame.from_ndarray(stored, format="rgb24"), turn)
    assert (canvas.width, canvas.height) == (64, 48)
    assert np.array_equal(canvas.read(Box(5, 7, 20, 30)), upright[7:37, 5:25])
    small = canvas.thumbnail(32).astype(int)
    assert small.shape == (24, 32, 3)
    reference = upright.reshape(24, 2, 32, 2, 3).mean((1, 3))
    assert np.abs(small - reference).mean() < 2


@pytest.mark.parametrize("turn", TURNS)
@pytest.mark.parametrize(
    ("name", "span"),
    [
        *((name, ColorRange.MPEG) for name in ("yuv420p", "yuv422p10le", "nv12")),
        *((name, ColorRange.JPEG) for name in ("yuv420p", "yuv422p10le", "nv12")),
        # swscale makes these of the full range, whatever it is asked for.
        *((name, ColorRange.JPEG) for name in ("gray", "rgb24", "gbrp10le")),
    ],
)
def test_the_brightness_is_the_mean_of_the_pixels(
    name: str, turn: Orientation, span: ColorRange
) -> None:
    # Dark, where another range would be another brightness.
    smooth = np.asarray(cv2.GaussianBlur(picture(3, 640, 480), (0, 0), 15), np.uint8) // 3
    stored = av.VideoFrame.from_ndarray(np.ascontiguousarray(turn.stored(smooth)), format="rgb24")
    frame = stored.reformat(format=name, dst_color_range=span)
    frame.color_range = span
    found = VideoCanvas(frame, turn).brightness(32).astype(int)
    grey = cv2.cvtColor(smooth, cv2.COLOR_RGB2GRAY)
    wanted = grey.reshape(24, 20, 32, 20).mean((1, 3))
    assert found.shape == wanted.shape
    assert np.abs(found - wanted).mean() < 1 < wanted.std() / 5


@pytest.mark.parametrize("factor", [2, 3, 4])
@pytest.mark.parametrize("turn", TURNS)
@pytest.mark.parametrize("name", FORMATS)
def test_a_box_that_is_read_smaller_shows_the_means_of_blocks(
    name: str, turn: Orientation, factor: int
) -> None:
    canvas = VideoCanvas(photo(name, 96, 96), turn)
    box = Box(8, 16, 50, 43)
    small = canvas.read(box, factor)
    height, width = box.h // factor, box.w // factor
    assert small.shape == (height, width, 3)
    whole = canvas.read(box)[: height * factor, : width * factor].astype(float)
    means = whole.reshape(height, factor, width, factor, 3).mean(axis=(1, 3))
    # Chroma samples that several pixels share, at the box's border most of all, and rounding.
    assert np.abs(small - means).mean() < 4


@pytest.mark.parametrize("factor", [0, 21, 60])
def test_a_box_smaller_than_a_block_is_refused(factor: int) -> None:
    canvas = VideoCanvas(photo("yuv420p", 64, 64))
    assert canvas.read(Box(0, 0, 30, 20), 20).shape == (1, 1, 3)
    with pytest.raises(ValueError, match="block"):
        canvas.read(Box(0, 0, 30, 20), factor)


def test_a_thumbnail_is_never_enlarged_and_is_a_copy() -> None:
    frame = photo("rgb24", 64, 48)
    canvas = VideoCanvas(frame)
    small = canvas.thumbnail(500)
    assert small.shape == (48, 64, 3)
    before = planes(frame)
    small[:] = 0
    assert planes(frame) == before


def test_writing_does_not_change_a_frame_that_is_shared() -> None:
    """A decoder predicts from the very buffers it hands out."""
    first = photo("yuv420p", 64, 48)
    shared = first.reformat(format="yuv420p")
    assert shared is first
    encoder = av.CodecContext.create("rawvideo", "w")
    assert isinstance(encoder, av.VideoCodecContext)
    encoder.width, encoder.height, encoder.pix_fmt = 64, 48, "yuv420p"
    encoder.time_base = 1  # type: ignore[assignment]
    decoder = av.CodecContext.create("rawvideo", "r")
    assert isinstance(decoder, av.VideoCodecContext)
    decoder.width, decoder.height, decoder.pix_fmt = 64, 48, "yuv420p"
    first.pts = 0
    packet = encoder.encode(first)[0]
    content = bytes(packet)
    frame = decoder.decode(packet)[0]
    VideoCanvas(frame).write(
        Box(0, 0, 64, 48), np.zeros((48, 64, 3), np.uint8), np.ones((48, 64), np.bool_)
    )
    assert bytes(packet) == content


@pytest.mark.parametrize(
    "box", [Box(-1, 0, 4, 4), Box(0, 0, 0, 4), Box(60, 0, 5, 4), Box(0, 47, 4, 2), Box(0, 0, 4, -1)]
)
def test_a_box_outside_is_refused(box: Box) -> None:
    canvas = VideoCanvas(photo("yuv420p", 64, 48))
    with pytest.raises(ValueError, match="inside"):
        canvas.read(box)


def test_a_patch_of_another_size_is_refused() -> None:
    canvas = VideoCanvas(photo("yuv420p", 64, 48))
    with pytest.raises(ValueError, match="patch"):
        canvas.write(Box(0, 0, 4, 4), np.zeros((4, 5, 3), np.uint8), np.ones((4, 4), np.bool_))
    with pytest.raises(ValueError, match="support"):
        canvas.write(Box(0, 0, 4, 4), np.zeros((4, 4, 3), np.uint8), np.ones((4, 5), np.bool_))


@pytest.mark.parametrize("name", ["pal8", "yuyv422", "p010le", "gbrpf32le", "yuv420p10be", "monow"])
def test_formats_that_cannot_be_edited_in_place_are_refused(name: str) -> None:
    assert layout_of(name) is None
    with pytest.raises(ValueError, match="in place"):
        VideoCanvas(av.VideoFrame(64, 48, name))


def test_upright_is_the_default() -> None:
    assert VideoCanvas(photo("yuv420p", 64, 48))._orientation is UPRIGHT
