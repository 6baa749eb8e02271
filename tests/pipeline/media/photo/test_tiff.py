"""TIFF photos: however their samples lie, they are the file's; previews and raw files are not."""

from __future__ import annotations

import io
import itertools
from contextlib import suppress
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from appliance.errors import InputError
from appliance.pipeline.media.orientation import from_exif
from appliance.pipeline.media.photo.decode import read_photo
from appliance.pipeline.media.photo.tiff_directory import TiffDirectories
from appliance.pipeline.media.photo.tiff_picture import find_photo
from tests.pipeline.media.photo.tiffs import Order, Picture, make_tiff

NOISE = np.random.default_rng(3)
RGB = NOISE.integers(0, 1 << 16, (37, 50, 3), dtype=np.uint16)
ALPHA = NOISE.integers(1 << 12, 1 << 16, (37, 50), dtype=np.uint16)
SMALL = np.full((8, 10, 3), 90, np.uint8)
LARGE = NOISE.integers(0, 256, (37, 50, 3), dtype=np.uint8)
REDUCED, MASK = {254: (1,)}, {254: (4,)}
LAYOUTS = list(itertools.product([False, True], [None, (16, 32)]))


@pytest.mark.parametrize("packing", ["plain", "deflated", "differenced"])
@pytest.mark.parametrize("bits", [8, 16])
@pytest.mark.parametrize(("is_separate", "tile"), LAYOUTS)
def test_samples_are_the_file_s_in_any_layout(
    is_separate: bool, tile: tuple[int, int] | None, packing: str, bits: int
) -> None:
    wanted = RGB if bits == 16 else (RGB >> 8).astype(np.uint8)
    picture = Picture(
        wanted,
        is_separate=is_separate,
        is_deflated=packing != "plain",
        is_differenced=packing == "differenced",
        tile=tile,
    )
    orders: tuple[Order, ...] = ("<", ">")
    for order, big in itertools.product(orders, (False, True)):
        photo = read_photo(make_tiff(picture, order=order, big=big))
        assert photo.pixels.dtype == wanted.dtype
        assert np.array_equal(photo.pixels, wanted)
        assert photo.alpha is None


@pytest.mark.parametrize("is_separate", [False, True])
@pytest.mark.parametrize("bits", [8, 16])
@pytest.mark.parametrize("is_grey", [False, True])
def test_premultiplied_colour_is_divided_by_its_alpha(
    is_separate: bool, bits: int, is_grey: bool
) -> None:
    most = (1 << bits) - 1
    colour, alpha = (RGB >> (16 - bits)).astype(np.uint64), (ALPHA >> (16 - bits)).astype(np.uint64)
    alpha[0] = 0
    if is_grey:
        colour = colour[..., :1]
    stored = np.dstack([np.round(colour * alpha[..., None] / most), alpha])
    kind = np.uint16 if bits == 16 else np.uint8
    picture = Picture(
        stored.astype(kind), 1 if is_grey else 2, is_separate=is_separate, extras=(1,)
    )
    photo = read_photo(make_tiff(picture))
    assert photo.alpha is not None
    assert np.array_equal(photo.alpha, alpha)
    off = np.abs(photo.pixels.astype(int) - colour.astype(int))
    # Half a step, divided by the alpha.
    assert (off[1:] <= 1 + most / alpha[1:, :, None]).all()
    assert not photo.pixels[0].any()


@pytest.mark.parametrize("is_separate", [False, True])
def test_alpha_beside_the_colour_is_kept_as_it_is(is_separate: bool) -> None:
    for extras in ((2,), ()):
        stored = Picture(np.dstack([RGB, ALPHA]), is_separate=is_separate, extras=extras)
        photo = read_photo(make_tiff(stored))
        assert photo.alpha is not None
        assert np.array_equal(photo.alpha, ALPHA)
        assert np.array_equal(photo.pixels, RGB)


@pytest.mark.parametrize("bits", [8, 16])
def test_channels_that_mean_nothing_known_are_named(bits: int) -> None:
    stored = (np.dstack([RGB, ALPHA]) >> (16 - bits)).astype(np.uint16 if bits == 16 else np.uint8)
    photo = read_photo(make_tiff(Picture(stored, extras=(0,))))
    assert np.array_equal(photo.pixels, stored[..., :3])
    assert photo.alpha is None
    assert photo.dropped == ("extra channels",)


@pytest.mark.parametrize("bits", [8, 16])
def test_grey_that_counts_from_white_is_turned_round(bits: int) -> None:
    grey = (RGB[..., 0] >> (16 - bits)).astype(np.uint16 if bits == 16 else np.uint8)
    photo = read_photo(make_tiff(Picture(np.invert(grey), photometric=0)))
    assert np.array_equal(photo.pixels, np.repeat(grey[..., None], 3, axis=2))


@pytest.mark.parametrize("value", range(1, 9))
@pytest.mark.parametrize("is_separate", [False, True])
def test_deep_tiffs_come_out_upright(value: int, is_separate: bool) -> None:
    stored = np.ascontiguousarray(from_exif(value).stored(RGB))
    picture = Picture(stored, is_separate=is_separate, tags={274: (value,)})
    assert np.array_equal(read_photo(make_tiff(picture)).pixels, RGB)


@pytest.mark.parametrize(
    "tags", [{339: (2, 2, 2)}, {339: (3, 3, 3)}, {259: (7,)}], ids=["signed", "float", "jpeg"]
)
def test_samples_of_another_kind_are_refused_as_such(tags: dict[int, tuple[int, ...]]) -> None:
    assert read_photo(make_tiff(Picture(RGB))).kind == "tiff"
    with pytest.raises(InputError, match="unusual"):
        read_photo(make_tiff(Picture(RGB, tags=tags)))


@pytest.mark.parametrize("big", [False, True])
def test_the_full_picture_is_taken_from_among_previews(big: bool) -> None:
    preview, photo = Picture(SMALL, tags=REDUCED), Picture(LARGE)
    for pages in ((photo,), (photo, preview), (preview, photo), (preview, photo, preview)):
        assert np.array_equal(read_photo(make_tiff(*pages, big=big)).pixels, LARGE)
    below = replace(photo, below=[preview])
    assert np.array_equal(read_photo(make_tiff(below, big=big)).pixels, LARGE)
    old = Picture(SMALL, tags={255: (2,)})
    assert np.array_equal(read_photo(make_tiff(old, photo, big=big)).pixels, LARGE)


def test_a_lone_picture_is_the_photo_whatever_it_is_called() -> None:
    assert np.array_equal(read_photo(make_tiff(Picture(LARGE, tags=REDUCED))).pixels, LARGE)


@pytest.mark.parametrize("tags", [REDUCED, {}], ids=["marked", "unmarked"])
def test_a_preview_with_the_photo_below_it_is_refused(tags: dict[int, tuple[int, ...]]) -> None:
    with pytest.raises(InputError, match="previews"):
        read_photo(make_tiff(Picture(SMALL, tags=tags, below=[Picture(LARGE)])))


def test_several_pages_are_refused() -> None:
    with pytest.raises(InputError, match="pages"):
        read_photo(make_tiff(Picture(LARGE), Picture(SMALL)))


def test_a_transparency_mask_is_named() -> None:
    mask = Picture(LARGE[..., 0], photometric=4, tags=MASK)
    photo = read_photo(make_tiff(Picture(LARGE), mask))
    assert np.array_equal(photo.pixels, LARGE)
    assert photo.dropped == ("transparency mask",)


SENSOR = Picture(RGB[..., 0], photometric=32803)


@pytest.mark.parametrize(
    "data",
    [
        make_tiff(Picture(SMALL, tags=REDUCED | {50706: (1,)}, below=[SENSOR])),
        make_tiff(Picture(SMALL, tags=REDUCED, below=[SENSOR])),
        make_tiff(SENSOR, Picture(SMALL, tags=REDUCED)),
        make_tiff(Picture(RGB, photometric=34892)),
        make_tiff(
            Picture(SMALL, tags=REDUCED, below=[Picture(RGB[..., 0], 1, tags={259: (34713,)})])
        ),
        b"II*\0\x10\0\0\0CR\2\0" + bytes(40),
        b"IIU\0" + bytes(40),
        b"IIRO" + bytes(40),
        b"FUJIFILMCCD-RAW 0201" + bytes(40),
        b"\0\0\0\x18ftypcrx " + bytes(40),
    ],
    ids=["dng", "nef", "pef", "linear", "compressed", "cr2", "rw2", "orf", "raf", "cr3"],
)
def test_a_raw_file_is_refused_as_one(data: bytes) -> None:
    with pytest.raises(InputError, match="raw file") as caught:
        read_photo(data)
    assert "Develop" in caught.value.hint


def test_a_tiff_of_a_program_that_compresses_16_bits_by_lzw_is_read() -> None:
    # libtiff's own, as Photoshop writes it too; the grey planes are Pillow's to write.
    buffer = io.BytesIO()
    Image.fromarray(RGB[..., 0]).save(buffer, "TIFF", compression="tiff_lzw")
    photo = read_photo(buffer.getvalue())
    assert np.array_equal(photo.pixels, np.repeat(RGB[..., :1], 3, axis=2))


def test_a_directory_of_endless_tags_is_refused() -> None:
    data = b"II*\0\x08\0\0\0\xff\xff" + b"\0\1\3\0\1\0\0\0\1\0\0\0" * 0xFFFF + bytes(4)
    with pytest.raises(InputError, match="cannot be decoded"):
        read_photo(data)
    with pytest.raises(ValueError, match="more tags"):
        TiffDirectories(data).pages()


@given(st.binary(min_size=1, max_size=8), st.integers(0, 700), st.booleans(), st.booleans())
def test_directories_of_a_damaged_file_are_read_or_are_an_error(
    junk: bytes, at: int, big: bool, cut: bool
) -> None:
    picture = Picture(SMALL, tags=REDUCED, below=[Picture(SMALL)])
    data = bytearray(make_tiff(picture, big=big))
    place = len(data) - 1 - at % len(data)
    data[place : place + len(junk)] = junk
    damaged = bytes(data[:place] if cut else data)
    with suppress(ValueError, InputError):
        tiff = TiffDirectories(damaged)
        directory, _ = find_photo(tiff)
        tiff.alone(directory)
    with suppress(InputError):
        read_photo(damaged)
