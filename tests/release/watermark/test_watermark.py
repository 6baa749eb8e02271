"""The number of a release comes back from marked pictures, and from nothing else."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import cv2
import numpy as np
import pytest

from appliance.errors import InputError, OutputError
from appliance.pipeline.media.photo.decode import read_photo
from appliance.pipeline.media.photo.photo import Photo
from appliance.release.watermark.film import FilmMark
from appliance.release.watermark.message import number_from, symbols_of
from appliance.release.watermark.photo import embed_in_photo
from appliance.release.watermark.reading import (
    FALSE_ALARMS,
    LEAST_SCORE,
    read_from_frames,
    read_from_photo,
)
from tests.paths import PORTRAITS

KEY, OTHER_KEY = bytes(range(32)), bytes(range(1, 33))
NUMBER = 0xDEADBEEF
MARKED = ("person_b_2.jpg", "person_d_1.jpg")

Attack = Callable[[Any], Any]


def jpeg(pixels: Any, quality: int = 70) -> Any:
    _, data = cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return cv2.imdecode(data, cv2.IMREAD_COLOR)


def half(pixels: Any) -> Any:
    return cv2.resize(pixels, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)


def cut(pixels: Any) -> Any:
    """A tenth off each side."""
    height, width = pixels.shape[:2]
    return pixels[height // 10 : -height // 10, width // 10 : -width // 10].copy()


def corner(pixels: Any) -> Any:
    """A tenth off two sides."""
    height, width = pixels.shape[:2]
    return pixels[height // 10 :, width // 10 :].copy()


ATTACKS: dict[str, Attack] = {
    "nothing": lambda pixels: pixels,
    "JPEG 70": jpeg,
    "half": half,
    "a tenth off each side": cut,
    "a corner, half, JPEG 70": lambda pixels: jpeg(half(corner(pixels))),
    "all, and JPEG 70 before": lambda pixels: jpeg(cut(half(jpeg(pixels)))),
    "brighter, grey": lambda pixels: cv2.merge(
        [cv2.convertScaleAbs(cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY), alpha=1.1, beta=8)] * 3
    ),
    "a quarter turn": lambda pixels: np.ascontiguousarray(np.rot90(pixels)),
}


def portrait(name: str = MARKED[1]) -> Photo:
    return read_photo((PORTRAITS / name).read_bytes())


@pytest.mark.parametrize("attack", ATTACKS.values(), ids=ATTACKS)
@pytest.mark.parametrize("name", MARKED)
def test_the_number_comes_back(name: str, attack: Attack) -> None:
    marked = embed_in_photo(portrait(name), NUMBER, KEY)
    reading = read_from_photo(Photo(attack(marked.pixels)), KEY)
    assert reading.number == NUMBER
    assert reading.score >= LEAST_SCORE


@pytest.mark.parametrize("name", MARKED)
def test_the_mark_is_at_most_42_db_below_the_picture(name: str) -> None:
    photo = portrait(name)
    marked = embed_in_photo(photo, NUMBER, KEY)
    assert cv2.PSNR(photo.pixels, marked.pixels) >= 42


def test_another_key_and_an_unmarked_picture_read_nothing() -> None:
    photo = portrait()
    marked = embed_in_photo(photo, NUMBER, KEY)
    assert read_from_photo(marked, KEY).number == NUMBER
    assert read_from_photo(marked, OTHER_KEY).number is None
    assert read_from_photo(photo, KEY).number is None


def test_false_alarms_are_bounded_below_one_in_a_thousand_million() -> None:
    assert FALSE_ALARMS < 1e-9


def test_transparent_pixels_keep_their_values_and_alpha_stays() -> None:
    photo = portrait()
    alpha = np.full(photo.pixels.shape[:2], 255, np.uint8)
    alpha[:100] = 0
    marked = embed_in_photo(Photo(photo.pixels, alpha), NUMBER, KEY)
    assert marked.alpha is not None
    assert np.array_equal(marked.alpha, alpha)
    assert (marked.pixels[:100] == photo.pixels[:100]).all()
    assert (marked.pixels[100:] != photo.pixels[100:]).any()
    assert read_from_photo(marked, KEY).number == NUMBER


def test_a_picture_of_16_bits_keeps_them() -> None:
    deep = Photo(portrait().pixels.astype(np.uint16) * 257)
    marked = embed_in_photo(deep, NUMBER, KEY)
    assert marked.pixels.dtype == np.uint16
    assert len(np.unique(marked.pixels % 257)) > 1
    assert read_from_photo(marked, KEY).number == NUMBER
    eight = Photo((marked.pixels >> 8).astype(np.uint8))
    assert read_from_photo(eight, KEY).number == NUMBER


def test_the_original_is_not_changed() -> None:
    photo = portrait()
    before = photo.pixels.copy()
    embed_in_photo(photo, NUMBER, KEY)
    assert (photo.pixels == before).all()


@pytest.mark.parametrize(("height", "width"), [(319, 900), (320, 2561)])
def test_pictures_that_hold_no_mark_are_refused(height: int, width: int) -> None:
    with pytest.raises(OutputError):
        embed_in_photo(Photo(np.zeros((height, width, 3), np.uint8)), NUMBER, KEY)
    embed_in_photo(Photo(np.zeros((320, 2560, 3), np.uint8)), NUMBER, KEY)


def test_a_picture_too_small_to_read_is_refused() -> None:
    with pytest.raises(InputError):
        read_from_photo(Photo(np.zeros((63, 64, 3), np.uint8)), KEY)
    assert read_from_photo(Photo(np.zeros((64, 64, 3), np.uint8)), KEY).number is None


@pytest.mark.parametrize("number", [0, 2**32])
def test_only_numbers_of_releases_are_embedded(number: int) -> None:
    with pytest.raises(ValueError, match="number"):
        embed_in_photo(portrait(), number, KEY)


def test_a_short_key_is_refused() -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        read_from_photo(portrait(), KEY[:31])


@pytest.mark.parametrize("number", [1, NUMBER, 2**32 - 1])
def test_a_number_survives_wrong_and_unsure_symbols(number: int) -> None:
    scores = np.zeros((16, 256))
    scores[np.arange(16), symbols_of(number, KEY)] = 4.0
    scores[[1, 4, 9, 12, 15], [3, 7, 99, 250, 0]] = 5.0
    assert number_from(scores, KEY) == number
    assert number_from(scores, OTHER_KEY) is None


@pytest.mark.parametrize("depth", [8, 10])
def test_the_number_comes_back_from_frames_cut_and_halved(depth: int) -> None:
    luma: Any = cv2.cvtColor(portrait().pixels, cv2.COLOR_RGB2GRAY)
    if depth == 10:
        luma = luma.astype(np.uint16) * 4
    height, width = luma.shape
    mark = FilmMark(NUMBER, KEY, (width, height), depth)
    frames = [mark.frame(np.roll(luma, step, 1)) for step in range(2)]
    assert frames[0].dtype == luma.dtype
    assert frames[0].max() < 1 << depth
    assert read_from_frames(frames, KEY, depth).number == NUMBER
    assert read_from_frames([half(cut(frame)) for frame in frames], KEY, depth).number == NUMBER
    assert read_from_frames([luma], KEY, depth).number is None


def test_a_film_without_frames_or_with_another_size_is_refused() -> None:
    with pytest.raises(InputError):
        read_from_frames([], KEY)
    mark = FilmMark(NUMBER, KEY, (640, 360))
    with pytest.raises(ValueError, match="another size"):
        mark.frame(np.zeros((640, 360), np.uint8))
