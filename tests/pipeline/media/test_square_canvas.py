"""Pixels that are not square, read and written as if they were."""

from __future__ import annotations

from fractions import Fraction

import av
import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from appliance.pipeline.media.canvas import Box, Canvas
from appliance.pipeline.media.orientation import Orientation
from appliance.pipeline.media.photo.canvas import PhotoCanvas
from appliance.pipeline.media.pixel_aspect import SQUARE, displayed_size, known_aspect, stretch
from appliance.pipeline.media.square_canvas import SquareCanvas, in_square_pixels
from appliance.pipeline.media.video.canvas import VideoCanvas

ASPECTS = [Fraction(64, 45), Fraction(32, 27), Fraction(2), Fraction(1, 2), Fraction(8, 9)]
WIDTH, HEIGHT = 96, 70


def noise(width: int = WIDTH, height: int = HEIGHT) -> NDArray[np.uint8]:
    return np.random.default_rng(5).integers(0, 256, (height, width, 3), np.uint8)


def smooth(width: int = WIDTH, height: int = HEIGHT) -> NDArray[np.uint8]:
    return np.asarray(cv2.GaussianBlur(noise(width, height), (0, 0), 3), np.uint8)


def everything(canvas: Canvas) -> NDArray[np.uint8]:
    return canvas.read(Box(0, 0, canvas.width, canvas.height))


@pytest.mark.parametrize(
    ("said", "counts"),
    [
        (None, SQUARE),
        (Fraction(0), SQUARE),
        (Fraction(4320, 4319), SQUARE),
        (Fraction(1, 9999), SQUARE),
        (Fraction(9999), SQUARE),
        (Fraction(12, 11), Fraction(12, 11)),
        (Fraction(1, 2), Fraction(1, 2)),
    ],
)
def test_only_ratios_that_a_file_can_mean_count(said: Fraction | None, counts: Fraction) -> None:
    assert known_aspect(said) == counts


def test_a_side_is_stretched_and_none_is_shrunk() -> None:
    assert displayed_size(720, 576, Fraction(64, 45)) == (1024, 576)
    assert displayed_size(720, 480, Fraction(8, 9)) == (720, 540)
    assert displayed_size(1440, 1080, Fraction(4, 3)) == (1920, 1080)


def test_a_canvas_of_square_pixels_is_left_alone() -> None:
    canvas = PhotoCanvas(noise())
    assert in_square_pixels(canvas, SQUARE) is canvas


@pytest.mark.parametrize("aspect", ASPECTS)
def test_writing_what_was_read_changes_no_bit(aspect: Fraction) -> None:
    pixels = noise()
    before = pixels.copy()
    canvas = SquareCanvas(PhotoCanvas(pixels), aspect)
    for box in (Box(0, 0, canvas.width, canvas.height), Box(7, 5, 31, 40)):
        canvas.write(box, canvas.read(box), np.ones((box.h, box.w), np.bool_))
    assert np.array_equal(pixels, before)


@pytest.mark.parametrize("aspect", ASPECTS)
def test_a_pixel_reads_the_same_whatever_the_box(aspect: Fraction) -> None:
    canvas = SquareCanvas(PhotoCanvas(noise()), aspect)
    whole = everything(canvas)
    for x, y, w, h in ((0, 0, 9, 9), (13, 11, 30, 40), (canvas.width - 5, canvas.height - 6, 5, 6)):
        assert np.array_equal(canvas.read(Box(x, y, w, h)), whole[y : y + h, x : x + w])


@pytest.mark.parametrize("aspect", ASPECTS)
def test_a_box_that_is_read_smaller_shows_the_means_of_blocks(aspect: Fraction) -> None:
    photo = PhotoCanvas(noise())
    for canvas in (photo, SquareCanvas(photo, aspect)):
        whole = canvas.read(Box(3, 1, 27, 18)).astype(float)
        means = whole.reshape(6, 3, 9, 3, 3).mean(axis=(1, 3))
        assert np.array_equal(canvas.read(Box(3, 1, 28, 20), 3), np.rint(means))


@pytest.mark.parametrize("aspect", ASPECTS)
def test_only_pixels_that_are_supported_change(aspect: Fraction) -> None:
    pixels = noise()
    before = pixels.copy()
    canvas = SquareCanvas(PhotoCanvas(pixels), aspect)
    box = Box(10, 12, 40, 30)
    support = np.zeros((box.h, box.w), np.uint8)
    support[10:20, 12:28] = 1
    canvas.write(box, 255 - canvas.read(box), support)
    rows, columns = np.nonzero((pixels != before).any(axis=2))
    across, down = (float(1 / times) for times in stretch(aspect))
    assert columns.min() >= int(22 * across)
    assert columns.max() <= int(np.ceil(38 * across)) - 1
    assert rows.min() >= int(22 * down)
    assert rows.max() <= int(np.ceil(32 * down)) - 1


@pytest.mark.parametrize("aspect", ASPECTS)
def test_what_is_written_reads_back(aspect: Fraction) -> None:
    pixels = np.asarray(cv2.GaussianBlur(noise(), (0, 0), 1), np.uint8)
    canvas = SquareCanvas(PhotoCanvas(pixels), aspect)
    wanted = smooth(canvas.width, canvas.height)
    whole = Box(0, 0, canvas.width, canvas.height)
    canvas.write(whole, wanted, np.ones((whole.h, whole.w), np.bool_))
    off = np.abs(everything(canvas).astype(int) - wanted)[6:-6, 6:-6]
    # What was there before is gone but for detail too fine to be read in square pixels.
    assert off.mean() < 1


@pytest.mark.parametrize("aspect", ASPECTS)
def test_a_picture_that_is_only_made_lighter_keeps_its_finest_detail(aspect: Fraction) -> None:
    pixels = (noise() // 2 + 30).astype(np.uint8)
    before = pixels.astype(int)
    canvas = SquareCanvas(PhotoCanvas(pixels), aspect)
    box = Box(0, 0, canvas.width, canvas.height)
    canvas.write(box, canvas.read(box) + np.uint8(20), np.ones((box.h, box.w), np.bool_))
    assert np.abs(pixels - before - 20)[6:-6, 6:-6].max() <= 1


@pytest.mark.parametrize("aspect", ASPECTS)
def test_it_shows_what_a_picture_in_square_pixels_shows(aspect: Fraction) -> None:
    fine = smooth(384, 280)
    pixels = np.asarray(cv2.resize(fine, (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA), np.uint8)
    canvas = SquareCanvas(PhotoCanvas(pixels), aspect)
    size = (canvas.width, canvas.height)
    wanted = np.asarray(cv2.resize(fine, size, interpolation=cv2.INTER_AREA), np.int64)
    assert np.abs(everything(canvas) - wanted)[4:-4, 4:-4].mean() < 1.6
    small = canvas.thumbnail(48)
    assert max(small.shape[:2]) == 48
    shape = (small.shape[1], small.shape[0])
    assert np.abs(small - np.asarray(cv2.resize(fine, shape, interpolation=3), int)).max() <= 8
    assert canvas.thumbnail(4000).shape[:2] == (canvas.height, canvas.width)


@pytest.mark.parametrize("turn", [Orientation(), Orientation(transpose=True, flip_x=True)])
def test_a_frame_is_shown_upright_with_its_own_pixels(turn: Orientation) -> None:
    frame = av.VideoFrame.from_ndarray(smooth(), format="rgb24").reformat(format="yuv420p")
    before = [bytes(plane) for plane in frame.planes]
    canvas = VideoCanvas(frame, turn, Fraction(2)).square
    wanted = (HEIGHT, 2 * WIDTH) if turn.transpose else (2 * WIDTH, HEIGHT)
    assert (canvas.width, canvas.height) == wanted
    box = Box(0, 0, canvas.width, canvas.height)
    canvas.write(box, canvas.read(box), np.ones((box.h, box.w), np.bool_))
    assert [bytes(plane) for plane in frame.planes] == before


@pytest.mark.parametrize("box", [Box(-1, 0, 5, 5), Box(0, 0, 200, 10), Box(0, 0, 0, 5)])
def test_boxes_outside_the_picture_are_refused(box: Box) -> None:
    canvas = SquareCanvas(PhotoCanvas(noise()), Fraction(2))
    with pytest.raises(ValueError, match="not inside"):
        canvas.read(box)
