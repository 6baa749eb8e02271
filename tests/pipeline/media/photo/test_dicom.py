"""DICOM photographs: their pixels are taken, and nothing of who they show."""

from __future__ import annotations

import io
import struct
from contextlib import suppress
from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

from appliance.errors import InputError
from appliance.pipeline.media.photo.colour_space import ADOBE_RGB_PRIMARIES, ColourSpace
from appliance.pipeline.media.photo.decode import read_photo
from appliance.pipeline.media.photo.dicom_elements import PIXEL_DATA, read_elements
from appliance.pipeline.media.photo.encode import encode_photo
from tests.pipeline.media.clips import picture
from tests.pipeline.media.photo.dicoms import (
    CAPTURE,
    CT,
    EXPLICIT,
    IMPLICIT,
    JPEG,
    JPEG_2000,
    NAME,
    RLE,
    Dicom,
)

RGB = picture(0, 64, 48)
DEEP = np.random.default_rng(5).integers(0, 1 << 16, (48, 64, 3), dtype=np.uint16)
PLAIN = Dicom(48, 64, RGB.tobytes())


def decoded(dicom: Dicom) -> NDArray[Any]:
    photo = read_photo(dicom.encoded())
    assert photo.kind == "dicom"
    assert photo.alpha is None
    return photo.pixels


def planes(pixels: NDArray[Any]) -> bytes:
    return np.ascontiguousarray(pixels.transpose(2, 0, 1)).tobytes()


@pytest.mark.parametrize("syntax", [EXPLICIT, IMPLICIT])
@pytest.mark.parametrize("planar", [0, 1])
@pytest.mark.parametrize("pixels", [RGB, DEEP], ids=["8", "16"])
def test_plain_pixels_are_the_file_s(syntax: str, planar: int, pixels: NDArray[Any]) -> None:
    raw = planes(pixels) if planar else pixels.tobytes()
    bits = pixels.itemsize * 8
    dicom = Dicom(48, 64, raw, planar=planar, syntax=syntax, allocated=bits, sop_class=CAPTURE)
    assert np.array_equal(decoded(dicom), pixels)


def test_twelve_bits_are_spread_over_the_full_range() -> None:
    stored = DEEP >> 4
    pixels = decoded(Dicom(48, 64, stored.tobytes(), allocated=16, stored=12))
    assert np.array_equal(pixels, np.round(stored * (65535 / 4095)).astype(np.uint16))


@pytest.mark.parametrize("photometric", ["MONOCHROME1", "MONOCHROME2"])
@pytest.mark.parametrize("pixels", [RGB, DEEP], ids=["8", "16"])
def test_grey_is_taken_whichever_end_is_white(photometric: str, pixels: NDArray[Any]) -> None:
    grey = np.ascontiguousarray(pixels[..., 0])
    raw = np.invert(grey) if photometric == "MONOCHROME1" else grey
    bits = pixels.itemsize * 8
    dicom = Dicom(48, 64, raw.tobytes(), photometric, samples=1, allocated=bits)
    assert np.array_equal(decoded(dicom), np.repeat(grey[..., None], 3, axis=2))


def test_luma_and_chroma_become_rgb() -> None:
    ycc = np.array(Image.fromarray(RGB).convert("YCbCr"))
    for planar, raw in ((0, ycc.tobytes()), (1, planes(ycc))):
        pixels = decoded(Dicom(48, 64, raw, "YBR_FULL", planar=planar))
        assert np.abs(pixels.astype(int) - RGB).max() <= 3
    shared = ycc.copy()
    shared[:, 1::2, 1:] = shared[:, ::2, 1:]
    fours = np.concatenate([shared[:, ::2, :1], shared[:, 1::2, :1], shared[:, ::2, 1:]], axis=2)
    wanted = np.array(Image.fromarray(shared, "YCbCr").convert("RGB"))
    assert np.array_equal(decoded(Dicom(48, 64, fours.tobytes(), "YBR_FULL_422")), wanted)


@pytest.mark.parametrize("bits", [8, 16])
def test_a_palette_is_applied(bits: int) -> None:
    table = np.random.default_rng(6).integers(0, 1 << bits, (3, 200), dtype=np.uint16)
    index = np.arange(48 * 64, dtype=np.uint8).reshape(48, 64)
    more: dict[tuple[int, str], bytes] = {}
    for channel in range(3):
        more[0x00281101 + channel, "US"] = struct.pack("<3H", 200, 10, bits)
        more[0x00281201 + channel, "OW"] = table[channel].tobytes()
    dicom = Dicom(48, 64, index.tobytes(), "PALETTE COLOR", samples=1, more=more)
    entries = np.clip(index.astype(int) - 10, 0, 199)
    assert np.array_equal(decoded(dicom), table[:, entries].transpose(1, 2, 0))


def jpeg(kind: str = "JPEG", **settings: Any) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(RGB).save(buffer, kind, **settings)
    return buffer.getvalue()


@pytest.mark.parametrize("parts", [1, 3])
def test_a_jpeg_in_fragments_is_decoded(parts: int) -> None:
    data = jpeg(quality=95)
    size = (len(data) // parts + 2) & ~1
    fragments = [data[start : start + size] for start in range(0, len(data), size)]
    dicom = Dicom(48, 64, fragments, "YBR_FULL_422", syntax=JPEG)
    assert np.array_equal(decoded(dicom), np.asarray(Image.open(io.BytesIO(data))))


def test_a_jpeg_of_rgb_without_a_marker_is_not_turned_into_it_again() -> None:
    ycc = Image.fromarray(RGB, "YCbCr")  # so that the channels of the file are R, G and B
    buffer = io.BytesIO()
    ycc.save(buffer, "JPEG", quality=98, subsampling=0)
    data = buffer.getvalue()
    assert data[2:4] == b"\xff\xe0"
    length = int.from_bytes(data[4:6], "big")
    bare = data[:2] + data[4 + length :]
    pixels = decoded(Dicom(48, 64, [bare], "RGB", syntax=JPEG))
    assert np.abs(pixels.astype(int) - RGB).mean() < 3


def test_jpeg_2000_is_decoded() -> None:
    data = jpeg("JPEG2000", no_jp2=True, irreversible=False)
    assert np.array_equal(decoded(Dicom(48, 64, [data], "YBR_RCT", syntax=JPEG_2000)), RGB)


def packed(plane: NDArray[np.uint8]) -> bytes:
    """A plane as PackBits, row by row: one repeated pair, the rest literally."""
    out = bytearray()
    for row in plane:
        out += bytes((257 - 2, row[0])) if row[0] == row[1] else bytes((1, row[0], row[1]))
        out += bytes((len(row) - 3,)) + row[2:].tobytes()
    return bytes(out) + b"\0" * (len(out) % 2)


@pytest.mark.parametrize("pixels", [RGB, DEEP], ids=["8", "16"])
def test_run_lengths_are_decoded(pixels: NDArray[Any]) -> None:
    layers = pixels[..., None] if pixels.dtype == np.uint8 else None
    if layers is None:
        layers = np.stack([pixels >> 8, pixels & 255], axis=-1).astype(np.uint8)
    segments = [packed(layers[..., i, j]) for i in range(3) for j in range(layers.shape[3])]
    starts = np.cumsum([64, *map(len, segments)])[:-1]
    header = struct.pack("<16I", len(segments), *starts, *[0] * (15 - len(segments)))
    data = header + b"".join(segments)
    dicom = Dicom(48, 64, [data], syntax=RLE, allocated=pixels.itemsize * 8)
    assert np.array_equal(decoded(dicom), pixels)


def test_a_profile_is_kept_and_no_name_is() -> None:
    icc = ColourSpace(ADOBE_RGB_PRIMARIES).icc()
    assert icc is not None
    data = replace(PLAIN, more={(0x00282000, "OB"): icc}).encoded()
    assert NAME in data
    photo = read_photo(data)
    assert photo.icc == icc
    for kind in ("png", "jpeg", "tiff", "webp"):
        assert NAME not in encode_photo(photo, kind)


def test_overlays_are_named() -> None:
    photo = read_photo(replace(PLAIN, more={(0x60003000, "OW"): bytes(384)}).encoded())
    assert photo.dropped == ("overlay graphics",)


@pytest.mark.parametrize(
    ("said", "wanted"),
    [(b"1\\1", 1), (b"2\\1", Fraction(1, 2)), (b"45\\64", Fraction(64, 45)), (b"x", 1)],
)
def test_pixels_may_have_another_shape(said: bytes, wanted: Fraction) -> None:
    photo = read_photo(replace(PLAIN, more={(0x00280034, "IS"): said}).encoded())
    assert photo.pixel_aspect == wanted


@pytest.mark.parametrize(
    ("dicom", "message"),
    [
        (replace(PLAIN, sop_class=CT), "not a photograph"),
        (replace(PLAIN, more={(0x00280008, "IS"): b"2"}), "several frames"),
        (replace(PLAIN, more={(0x00280103, "US"): b"\1\0"}), "unusual"),
        (replace(PLAIN, photometric="XYB"), "unusual"),
        (replace(PLAIN, rows=60000, columns=60000), "megapixels"),
        (replace(PLAIN, pixels=RGB.tobytes()[:-200]), "cannot be decoded"),
        (replace(PLAIN, pixels=[jpeg()[:200]], syntax=JPEG), "cannot be decoded"),
        (replace(PLAIN, pixels=[jpeg()], syntax=JPEG, rows=47), "cannot be decoded"),
        (replace(PLAIN, pixels=[jpeg()], syntax="1.2.840.10008.1.2.4.70"), "a way that"),
        (replace(PLAIN, syntax="1.2.840.10008.1.2.2"), "cannot be decoded"),
    ],
)
def test_what_is_no_complete_photograph_is_refused(dicom: Dicom, message: str) -> None:
    assert np.array_equal(decoded(PLAIN), RGB)
    with pytest.raises(InputError, match=message) as caught:
        read_photo(dicom.encoded())
    assert "Doe" not in caught.value.message + caught.value.hint


@given(st.binary(min_size=1, max_size=12), st.integers(0, 600), st.booleans())
def test_elements_of_a_damaged_file_are_read_or_are_an_error(
    junk: bytes, at: int, cut: bool
) -> None:
    data = bytearray(PLAIN.encoded())
    data[132 + at : 132 + at + len(junk)] = junk
    damaged = bytes(data[: 132 + at] if cut else data)
    with suppress(ValueError):
        read_elements(damaged, frozenset((PIXEL_DATA,)))
    with suppress(InputError):
        read_photo(damaged)
