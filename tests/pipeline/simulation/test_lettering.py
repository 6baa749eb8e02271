"""The words below every simulated picture."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from PIL import ImageCms

from appliance.pipeline.media.photo.decode import Photo, read_photo
from appliance.pipeline.media.photo.encode import PhotoFormat, encode_photo
from appliance.pipeline.simulation.lettering import LEAST, lettered, strip

SIZES = ((3024, 4032), (6000, 4000), (512, 644), (4000, 700), (300, 400), (90, 120))


def noise(width: int, height: int, bits: int = 8) -> Photo:
    random = np.random.default_rng(4)
    pixels = random.integers(0, 2**bits, (height, width, 3))
    return Photo(pixels.astype(np.uint8) if bits == 8 else pixels.astype(np.uint16))


@pytest.mark.parametrize("size", SIZES)
def test_the_words_are_in_proportion_and_whole(size: tuple[int, int]) -> None:
    words = strip(*size)
    assert words.shape[1] == size[0]
    dark = words < 128
    # Nothing is cut off at an edge.
    assert not dark[[0, -1]].any()
    assert not dark[:, [0, -1]].any()
    rows = np.flatnonzero(dark.any(axis=1))
    tall = rows[-1] - rows[0]
    assert tall >= LEAST
    if min(size) >= 500:
        assert 0.04 * min(size) < words.shape[0] < 0.2 * min(size)


def test_a_narrow_picture_gets_more_lines_and_not_smaller_letters() -> None:
    wide, narrow = (strip(side, 400) for side in (400, 200))
    assert narrow.shape[0] > wide.shape[0]
    assert (narrow < 128).sum() == pytest.approx((wide < 128).sum(), rel=0.15)


def test_photos_of_one_size_get_the_same_strip() -> None:
    one, other = lettered(noise(320, 400)), lettered(Photo(np.zeros((400, 320, 3), np.uint8)))
    assert np.array_equal(one.pixels[400:], other.pixels[400:])


@pytest.mark.parametrize("bits", [8, 16])
def test_every_pixel_of_the_photo_stays(bits: int) -> None:
    photo = noise(320, 400, bits)
    alpha = photo.pixels[..., 0] // 2
    found = lettered(Photo(photo.pixels, alpha, b"profile"))
    assert np.array_equal(found.pixels[:400], photo.pixels)
    assert found.pixels.dtype == photo.pixels.dtype
    below = found.pixels[400:]
    most = 2**bits - 1
    assert (below.min(), below.max()) == (0, most)
    assert (below[..., 0] == below[..., 2]).all()  # grey in every profile
    assert found.alpha is not None
    assert np.array_equal(found.alpha[:400], alpha)
    assert (found.alpha[400:] == most).all()
    assert found.icc == b"profile"


def test_pixels_that_are_not_square_show_letters_of_the_same_shape() -> None:
    square = lettered(noise(640, 400)).pixels[400:]
    wide = lettered(Photo(noise(320, 400).pixels, pixel_aspect=Fraction(2)))
    assert wide.displayed_size == (640, 400 + square.shape[0])
    below = np.repeat(wide.pixels[400:], 2, axis=1)
    assert np.abs(below.astype(int) - square).mean() < 12


@pytest.mark.parametrize("kind", ["jpeg", "png", "webp", "tiff", "bmp"])
def test_the_words_outlive_every_format(kind: PhotoFormat) -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    photo = lettered(Photo(np.full((400, 320, 3), 90, np.uint8), icc=profile, subsampling=2))
    read = read_photo(encode_photo(photo, kind)).pixels
    difference = np.abs(read[400:].astype(int) - photo.pixels[400:])
    assert difference.mean() < 4
    assert (read[400:] < 128).sum() == pytest.approx((photo.pixels[400:] < 128).sum(), rel=0.1)
