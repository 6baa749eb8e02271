"""Photos whose pixels are not square: faxes, and what some scanners make."""

from __future__ import annotations

import io
from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from PIL import Image

from appliance.errors import OutputError
from appliance.pipeline.media.photo.aspect import photo_aspect
from appliance.pipeline.media.photo.decode import read_photo
from appliance.pipeline.media.photo.encode import PhotoFormat, encode_photo

FAX = (204, 98)  # dots an inch, across and down
TALL = Fraction(98, 204)
HOLDS: list[PhotoFormat] = ["jpeg", "png", "tiff", "bmp"]


def photo(kind: str, **settings: Any) -> bytes:
    pixels = np.random.default_rng(3).integers(0, 256, (48, 64, 3), np.uint8)
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, kind, **settings)
    return file.getvalue()


def exif(**tags: float) -> Image.Exif:
    numbers = {"orientation": 274, "x": 282, "y": 283, "unit": 296}
    entries = Image.Exif()
    for name, value in tags.items():
        entries[numbers[name]] = value
    return entries


@pytest.mark.parametrize("kind", HOLDS)
def test_two_resolutions_are_the_shape_of_the_pixels(kind: PhotoFormat) -> None:
    read = read_photo(photo(kind, dpi=FAX))
    assert abs(read.pixel_aspect / TALL - 1) < Fraction(1, 1000)
    assert read.displayed_size == (64, 100)
    assert (read.canvas.width, read.canvas.height) == (64, 100)
    for written in HOLDS:
        again = read_photo(encode_photo(read, written))
        assert abs(again.pixel_aspect / TALL - 1) < Fraction(1, 100)
        assert again.displayed_size == (64, 100)


@pytest.mark.parametrize("written", ["png", "tiff"])
def test_16_bits_keep_it_too(written: PhotoFormat) -> None:
    read = read_photo(photo("tiff", dpi=FAX))
    deep = replace(read, pixels=read.pixels.astype(np.uint16) * 257)
    again = read_photo(encode_photo(deep, written))
    assert again.pixel_aspect == TALL
    assert np.array_equal(again.pixels, deep.pixels)


def test_exif_says_it_where_jfif_does_not() -> None:
    assert read_photo(photo("jpeg", exif=exif(x=204.0, y=98.0, unit=2))).pixel_aspect == TALL


def test_a_turned_photo_turns_its_pixels_too() -> None:
    read = read_photo(photo("jpeg", dpi=FAX, exif=exif(orientation=6)))
    assert read.pixel_aspect == 1 / TALL
    assert read.displayed_size == (100, 64)


SQUARE: dict[str, tuple[str, dict[str, Any]]] = {
    "no resolution": ("jpeg", {}),
    "one resolution": ("jpeg", {"dpi": (300, 300)}),
    "rounded": ("jpeg", {"dpi": (300, 299)}),
    "nonsense": ("jpeg", {"dpi": (1, 60_000)}),
    "fine fax": ("tiff", {"dpi": (200, 200)}),
    "webp": ("webp", {}),
}


@pytest.mark.parametrize("name", SQUARE)
def test_all_others_are_as_they_were(name: str) -> None:
    kind, settings = SQUARE[name]
    read = read_photo(photo(kind, **settings))
    assert read.pixel_aspect == 1
    assert read.displayed_size == (64, 48)
    assert b"pHYs" not in encode_photo(read, "png")


def test_the_header_counts_for_no_other_picture_of_the_file() -> None:
    assert photo_aspect(photo("tiff", dpi=FAX), "tiff", (640, 480)) == 1
    assert photo_aspect(photo("tiff", dpi=FAX), "tiff", (48, 64)) == TALL
    assert photo_aspect(b"", "dicom", (64, 48)) == 1
    assert photo_aspect(b"no photo", "png", (64, 48)) == 1


def test_webp_refuses_it() -> None:
    with pytest.raises(OutputError, match="shape"):
        encode_photo(read_photo(photo("png", dpi=FAX)), "webp")
