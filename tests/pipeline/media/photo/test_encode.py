"""What a photo's format makes of it: quality, and what is named as converted."""

from __future__ import annotations

import numpy as np
import pytest

from appliance.errors import OutputError
from appliance.pipeline.media.photo.decode import Photo, read_photo
from appliance.pipeline.media.photo.encode import (
    PhotoFormat,
    check_format,
    encode_photo,
    photo_conversions,
)
from appliance.pipeline.media.quality import QualityWord

RANDOM = np.random.default_rng(4)
DEEP = Photo(RANDOM.integers(0, 1 << 16, (24, 32, 3), np.uint16), kind="tiff")
PLAIN = Photo(RANDOM.integers(0, 256, (24, 32, 3), np.uint8), kind="png")


def said(
    photo: Photo, kind: PhotoFormat, quality: QualityWord | None = None, scale: int = 1
) -> list[str]:
    return [str(one) for one in photo_conversions(photo, kind, quality, scale)]


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("png", []),
        ("tiff", []),
        ("jpeg", ["depth 16 bits to 8 bits"]),
        ("bmp", ["depth 16 bits to 8 bits"]),
        ("webp", ["depth 16 bits to 8 bits", "chroma 4:4:4 to 4:2:0"]),
    ],
)
def test_fewer_bits_are_named(kind: PhotoFormat, words: list[str]) -> None:
    assert said(DEEP, kind) == words
    deep = read_photo(encode_photo(DEEP, kind)).pixels.dtype == np.uint16
    assert deep == (words == [])


def test_enlarging_a_deep_photo_is_named() -> None:
    assert said(DEEP, "png", scale=2) == ["depth 16 bits to 8 bits"]
    assert said(PLAIN, "png", scale=2) == []


def test_lossy_webp_halves_the_chroma_and_lossless_webp_does_not() -> None:
    assert said(PLAIN, "webp") == ["chroma 4:4:4 to 4:2:0"]
    assert said(Photo(PLAIN.pixels, kind="jpeg", subsampling=2), "webp") == []
    assert said(PLAIN, "webp", "lossless") == []
    again = read_photo(encode_photo(PLAIN, "webp", "lossless"))
    assert np.array_equal(again.pixels, PLAIN.pixels)


@pytest.mark.parametrize("kind", ["jpeg", "webp"])
def test_the_default_is_high_and_words_are_numbers(kind: PhotoFormat) -> None:
    assert encode_photo(PLAIN, kind) == encode_photo(PLAIN, kind, "high")
    assert encode_photo(PLAIN, kind) == encode_photo(PLAIN, kind, 95)
    sizes = [len(encode_photo(PLAIN, kind, word)) for word in ("low", "medium", "high", "best")]
    assert sizes == sorted(sizes)


@pytest.mark.parametrize("kind", ["png", "tiff", "bmp"])
def test_lossless_formats_have_no_lower_quality(kind: PhotoFormat) -> None:
    refused: tuple[QualityWord | int, ...] = ("low", "medium", 80)
    for quality in refused:
        with pytest.raises(OutputError, match="no quality"):
            encode_photo(PLAIN, kind, quality)
    for word in ("high", "best", "lossless"):
        assert encode_photo(PLAIN, kind, word) == encode_photo(PLAIN, kind)


def test_a_jpeg_is_never_lossless() -> None:
    with pytest.raises(OutputError, match="never lossless"):
        encode_photo(PLAIN, "jpeg", "lossless")


@pytest.mark.parametrize(("kind", "longest"), [("webp", 16383), ("jpeg", 65500)])
def test_a_photo_that_is_longer_than_its_format_is_refused_before_it_is_encoded(
    kind: PhotoFormat, longest: int
) -> None:
    def strip(length: int) -> Photo:
        return Photo(np.zeros((1, length, 3), np.uint8))

    check_format(strip(longest), kind)
    assert encode_photo(strip(longest), kind)
    for refusing in (check_format, encode_photo):
        with pytest.raises(OutputError, match="does not fit"):
            refusing(strip(longest + 1), kind)
    check_format(strip(longest + 1), "png")
