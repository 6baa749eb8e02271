"""What a photo's numbers mean is kept, wherever the file says it."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image, ImageCms

from appliance.errors import InputError
from appliance.pipeline.media.photo.colour_space import (
    ADOBE_RGB_PRIMARIES,
    BT_709,
    PRIMARIES,
    SRGB_CURVE,
    ColourSpace,
    Curve,
    gamma_of,
)
from appliance.pipeline.media.photo.decode import Photo, read_photo
from appliance.pipeline.media.photo.encode import encode_photo
from appliance.pipeline.media.photo.png_colour import png_colour
from tests.pipeline.media.clips import picture
from tests.pipeline.media.heif import make_heic
from tests.pipeline.media.photo.tiffs import Picture, make_tiff

RGB = picture(0, 64, 48)
P3 = ColourSpace(PRIMARIES[12], SRGB_CURVE)
ADOBE = ColourSpace(ADOBE_RGB_PRIMARIES, Curve(2.19921875))
SRGB_POINTS = (31270, 32900, 64000, 33000, 30000, 60000, 15000, 6000)
ADOBE_POINTS = (31270, 32900, 64000, 33000, 21000, 71000, 15000, 6000)


def chunk(name: bytes, content: bytes) -> bytes:
    """A chunk of a PNG."""
    check = struct.pack(">I", zlib.crc32(name + content))
    return struct.pack(">I", len(content)) + name + content + check


def png(pixels: NDArray[Any], *chunks: bytes) -> bytes:
    """``pixels``, (h, w, 3) or (h, w), of 8 or 16 bits, with ``chunks`` before those of pixels."""
    height, width = pixels.shape[:2]
    depth, kind = pixels.itemsize * 8, 2 if pixels.ndim == 3 else 0
    rows = pixels.astype(pixels.dtype.newbyteorder(">"))
    body = zlib.compress(b"".join(b"\0" + row.tobytes() for row in rows))
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, kind, 0, 0, 0))
    end = chunk(b"IDAT", body) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + header + b"".join(chunks) + end


def gamma(value: int) -> bytes:
    return chunk(b"gAMA", struct.pack(">I", value))


def points(*values: int) -> bytes:
    return chunk(b"cHRM", struct.pack(">8I", *values))


def coded(*values: int) -> bytes:
    return chunk(b"cICP", bytes(values))


def embedded(icc: bytes) -> bytes:
    return chunk(b"iCCP", b"x\0\0" + zlib.compress(icc))


def shown(data: bytes) -> NDArray[np.uint8]:
    """What a viewer that knows profiles shows on an sRGB display: (h, w, 3), 0-255."""
    image = Image.open(io.BytesIO(data)).convert("RGB")
    if not image.info.get("icc_profile"):
        return np.asarray(image)
    source = ImageCms.ImageCmsProfile(io.BytesIO(image.info["icc_profile"]))
    moved = ImageCms.profileToProfile(image, source, ImageCms.createProfile("sRGB"))
    assert moved is not None
    return np.asarray(moved)


def test_linear_light_becomes_the_curve_of_displays() -> None:
    light = np.where(RGB <= 10, RGB / 255 / 12.92, ((RGB / 255 + 0.055) / 1.055) ** 2.4) * 65535
    photo = read_photo(png(np.round(light).astype(np.uint16), gamma(100_000)))
    assert photo.icc is None
    assert photo.pixels.dtype == np.uint16
    assert np.abs(photo.pixels / 257 - RGB).max() < 0.1
    shallow = read_photo(png(np.full((4, 4, 3), 55, np.uint8), gamma(100_000), gamma(45455)))
    assert photo.pixels.dtype == shallow.pixels.dtype
    assert np.abs(shallow.pixels / 257 - 128).max() < 1


def test_linear_light_of_other_primaries_keeps_them() -> None:
    photo = read_photo(
        png(np.full((4, 4, 3), 9000, np.uint16), gamma(100_000), points(*ADOBE_POINTS))
    )
    assert photo.icc == ColourSpace(ADOBE_RGB_PRIMARIES).icc()


@pytest.mark.parametrize("value", [55_556, 40_000])
@pytest.mark.parametrize("kind", ["png", "jpeg", "tiff", "webp"])
def test_a_gamma_is_kept_as_a_profile(value: int, kind: Any) -> None:
    flat = np.full((16, 16, 3), (200, 120, 90), np.uint8)
    photo = read_photo(png(flat, gamma(value)))
    assert np.array_equal(photo.pixels, flat)
    wanted = 255 * np.interp((flat / 255) ** (100_000 / value), *_srgb_table())
    assert np.abs(shown(encode_photo(photo, kind)) - wanted).max() <= 4


def _srgb_table() -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    sample = np.linspace(0, 1, 5000)
    light = np.where(sample <= 0.04045, sample / 12.92, ((sample + 0.055) / 1.055) ** 2.4)
    return light, sample


def test_a_png_says_its_gamma_as_a_number_too() -> None:
    written = encode_photo(read_photo(png(RGB, gamma(55_556))), "png")
    assert Image.open(io.BytesIO(written)).info["gamma"] == pytest.approx(0.55556, abs=2e-5)
    assert np.array_equal(read_photo(written).pixels, RGB)
    assert b"gAMA" not in encode_photo(Photo(RGB.copy(), icc=P3.icc()), "png")


OTHER = ADOBE.icc() or b""


@pytest.mark.parametrize(
    ("chunks", "wanted"),
    [
        ((), None),
        ((gamma(45_455),), None),
        ((gamma(45_455), points(*SRGB_POINTS)), None),
        (
            (gamma(45_455), points(*ADOBE_POINTS)),
            ColourSpace(ADOBE_RGB_PRIMARIES, Curve(2.2)).icc(),
        ),
        ((points(*ADOBE_POINTS),), ColourSpace(ADOBE_RGB_PRIMARIES).icc()),
        ((chunk(b"sRGB", b"\0"), gamma(55_556), points(*ADOBE_POINTS)), None),
        ((embedded(OTHER), chunk(b"sRGB", b"\0"), gamma(55_556)), OTHER),
        ((coded(12, 13, 0, 1), embedded(OTHER)), P3.icc()),
        ((coded(1, 13, 0, 1), embedded(OTHER), gamma(100_000)), None),
        ((coded(2, 2, 0, 1), embedded(OTHER)), OTHER),
        ((coded(12, 13, 1, 1), gamma(45_455)), None),
        ((gamma(0),), None),
        ((gamma(1), points(0, 0, 0, 0, 0, 0, 0, 0)), None),
        ((points(*(31270, 32900) * 4),), None),
    ],
)
def test_chunks_go_in_the_order_of_the_standard(
    chunks: tuple[bytes, ...], wanted: bytes | None
) -> None:
    photo = read_photo(png(RGB, *chunks))
    assert photo.icc == wanted
    assert np.array_equal(photo.pixels, RGB)


@pytest.mark.parametrize("transfer", [16, 18])
def test_hdr_is_refused(transfer: int) -> None:
    with pytest.raises(InputError, match="HDR"):
        read_photo(png(RGB, coded(9, transfer, 0, 1)))
    with pytest.raises(InputError, match="range"):
        read_photo(png(RGB, coded(1, 13, 0, 0)))


@pytest.mark.parametrize("space", [P3, ADOBE, ColourSpace(BT_709, Curve(1.8))])
def test_profiles_mean_what_they_are_made_of(space: ColourSpace) -> None:
    icc = space.icc()
    assert icc is not None
    profile = ImageCms.ImageCmsProfile(io.BytesIO(icc)).profile
    adapted = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).profile
    assert profile.xcolor_space == "RGB "
    assert profile.media_white_point is not None
    if space.primaries == BT_709:
        for channel in ("red", "green", "blue"):
            ours = getattr(profile, f"{channel}_colorant")[0]
            theirs = getattr(adapted, f"{channel}_colorant")[0]
            assert np.abs(np.array(ours) - theirs).max() < 2e-3
    colours = [getattr(profile, f"{channel}_colorant")[0] for channel in ("red", "green", "blue")]
    assert np.abs(np.sum(colours, axis=0) - [0.9642, 1.0, 0.8249]).max() < 1e-4


def jpeg(tags: Mapping[int, Any], details: Mapping[int, Any], index: str | None) -> bytes:
    exif = Image.Exif()
    for tag, value in tags.items():
        exif[tag] = value
    exif.get_ifd(0x8769).update(details)
    if index is not None:
        exif.get_ifd(0x8769)[0xA005] = {1: index}
    buffer = io.BytesIO()
    Image.fromarray(RGB).save(buffer, "JPEG", exif=exif)
    return buffer.getvalue()


ADOBE_TAGS = {318: (0.3127, 0.329), 319: (0.64, 0.33, 0.21, 0.71, 0.15, 0.06)}


@pytest.mark.parametrize(
    ("tags", "details", "index", "wanted"),
    [
        ({}, {0xA001: 1}, None, None),
        ({}, {0xA001: 0xFFFF}, None, None),
        ({}, {0xA001: 0xFFFF}, "R03", ADOBE.icc()),
        ({}, {0xA001: 0xFFFF}, "R98", None),
        ({}, {0xA001: 1}, "R03", None),
        ({}, {0xA001: 2}, None, ADOBE.icc()),
        (
            ADOBE_TAGS,
            {0xA001: 0xFFFF, 0xA500: 1.8},
            None,
            ColourSpace(ADOBE_RGB_PRIMARIES, Curve(1.8)).icc(),
        ),
        (ADOBE_TAGS, {0xA001: 1}, None, None),
    ],
)
def test_exif_s_colour_space_is_heeded(
    tags: Mapping[int, Any], details: Mapping[int, Any], index: str | None, wanted: bytes | None
) -> None:
    assert read_photo(jpeg(tags, details, index)).icc == wanted


def test_a_tiff_s_tags_of_colour_are_heeded() -> None:
    # As fractions in the file: numbers of field type 5 are written by Pillow.
    buffer = io.BytesIO()
    Image.fromarray(RGB).save(buffer, "TIFF", tiffinfo={**ADOBE_TAGS})
    assert read_photo(buffer.getvalue()).icc == ColourSpace(ADOBE_RGB_PRIMARIES).icc()
    table = tuple(round(65535 * (value / 255) ** 1.8) for value in range(256))
    photo = read_photo(make_tiff(Picture(RGB, tags={301: table * 3})))
    assert photo.icc == ColourSpace(BT_709, Curve(1.8)).icc()
    srgb = tuple(round(65535 * (value / 255) ** 2.2) for value in range(256))
    assert read_photo(make_tiff(Picture(RGB, tags={301: srgb}))).icc is None


@pytest.mark.parametrize(("codes", "wanted"), [((1, 13), None), ((12, 13), P3.icc()), (None, None)])
def test_a_heic_s_codes_are_heeded(codes: tuple[int, int] | None, wanted: bytes | None) -> None:
    assert read_photo(make_heic(codes=codes)).icc == wanted


def test_a_heic_in_hdr_is_refused() -> None:
    with pytest.raises(InputError, match="HDR"):
        read_photo(make_heic(codes=(9, 16)))


def avif(codes: tuple[int, int]) -> bytes:
    """An AVIF whose ``nclx`` box has these primaries and this curve."""
    buffer = io.BytesIO()
    Image.fromarray(RGB).save(buffer, "AVIF", quality=95)
    data = bytearray(buffer.getvalue())
    struct.pack_into(">HH", data, data.index(b"nclx") + 4, *codes)
    return bytes(data)


@pytest.mark.parametrize(("codes", "wanted"), [((1, 13), None), ((12, 13), P3.icc())])
def test_an_avif_s_codes_are_heeded(codes: tuple[int, int], wanted: bytes | None) -> None:
    photo = read_photo(avif(codes))
    assert photo.kind == "avif"
    assert photo.icc == wanted
    assert np.abs(photo.pixels.astype(int) - RGB).mean() < 4


def test_an_avif_in_hdr_is_refused() -> None:
    with pytest.raises(InputError, match="HDR"):
        read_photo(avif((9, 18)))


@given(st.binary(max_size=80), st.sampled_from([b"gAMA", b"cHRM", b"cICP", b"sRGB"]))
def test_chunks_of_any_content_are_read_or_refused(content: bytes, name: bytes) -> None:
    data = png(RGB[:2, :2], chunk(name, content))
    try:
        space = png_colour(data)
    except InputError:
        return
    if space is not None:
        space.icc()


@given(st.binary(min_size=1, max_size=12), st.integers(0, 500), st.booleans())
def test_a_damaged_profile_has_a_gamma_or_none(junk: bytes, at: int, cut: bool) -> None:
    profile = bytearray(ColourSpace(BT_709, Curve(1.8)).icc() or b"")
    profile[at : at + len(junk)] = junk
    gamma_of(bytes(profile[:at] if cut else profile))


def test_only_the_gamma_of_our_own_profiles_is_known() -> None:
    icc = ColourSpace(BT_709, Curve(1.8)).icc()
    assert icc is not None
    assert gamma_of(icc) == pytest.approx(1.8, abs=1e-4)
    assert gamma_of(P3.icc() or b"") is None
    assert gamma_of(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()) is None
