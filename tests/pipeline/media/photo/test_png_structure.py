"""A PNG that is not whole is refused, and one that ends in black is not."""

from __future__ import annotations

import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from appliance.errors import InputError
from appliance.pipeline.media.photo.decode import read_photo

SIGNATURE = b"\x89PNG\r\n\x1a\n"


def chunk(name: bytes, content: bytes) -> bytes:
    size, check = struct.pack(">I", len(content)), struct.pack(">I", zlib.crc32(name + content))
    return size + name + content + check


def header(
    width: int, height: int, colour: int, depth: int = 8, *, interlaced: bool = False
) -> bytes:
    return chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, interlaced))


def png(*chunks: bytes) -> bytes:
    return SIGNATURE + b"".join(chunks) + chunk(b"IEND", b"")


def rows(count: int, size: int, value: int = 7) -> bytes:
    return chunk(b"IDAT", zlib.compress((b"\0" + bytes([value]) * size) * count))


@pytest.mark.parametrize("depth", [8, 16])
@pytest.mark.parametrize(("colour", "samples"), [(0, 1), (2, 3), (4, 2), (6, 4)])
@pytest.mark.parametrize("missing", [1, 2, 5])
def test_missing_rows_are_an_error(colour: int, samples: int, depth: int, missing: int) -> None:
    size = 10 * samples * depth // 8
    read_photo(png(header(10, 8, colour, depth), rows(8, size)))
    with pytest.raises(InputError, match="cannot be decoded"):
        read_photo(png(header(10, 8, colour, depth), rows(8 - missing, size)))


def test_a_missing_pass_of_an_interlaced_picture_is_an_error() -> None:
    # 8x8 grey pixels: the bytes of the seven passes, each row with its filter.
    passes = [(1, 1), (1, 1), (1, 2), (2, 2), (2, 4), (4, 4), (4, 8)]
    whole = b"".join((b"\0" + b"\7" * columns) * count for count, columns in passes)
    read_photo(png(header(8, 8, 0, interlaced=True), chunk(b"IDAT", zlib.compress(whole))))
    for end in (-9, -36):
        cut = chunk(b"IDAT", zlib.compress(whole[:end]))
        with pytest.raises(InputError, match="cannot be decoded"):
            read_photo(png(header(8, 8, 0, interlaced=True), cut))


@pytest.mark.parametrize("value", [0, 7])
def test_a_whole_picture_is_taken_black_or_not(value: int) -> None:
    pixels = np.full((31, 33, 3), value, np.uint8)
    sink = io.BytesIO()
    Image.fromarray(pixels).save(sink, "PNG")
    assert (read_photo(sink.getvalue()).pixels == pixels).all()
    # Several chunks of pixels, one of them empty.
    data = zlib.compress((b"\0" + bytes([value]) * 10) * 4)
    parts = [chunk(b"IDAT", part) for part in (data[:3], b"", data[3:])]
    assert read_photo(png(header(10, 4, 0), *parts)).pixels.max() == value


def test_two_headers_or_a_missing_palette_are_an_error() -> None:
    for data in (
        png(header(10, 8, 0), header(5, 5, 0), rows(8, 10)),
        png(header(10, 8, 3), rows(8, 10)),
    ):
        with pytest.raises(InputError, match="cannot be decoded"):
            read_photo(data)
