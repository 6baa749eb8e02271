from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageCms
from PIL.TiffImagePlugin import ImageFileDirectory_v2

from appliance.errors import InputError, OutputError
from appliance.pipeline.media.canvas import Box
from appliance.pipeline.media.photo.bare_profile import bare_profile
from appliance.pipeline.media.photo.decode import Photo, in_colours_of, read_photo
from appliance.pipeline.media.photo.encode import PhotoFormat, encode_photo
from tests.pipeline.media.clips import picture
from tests.pipeline.media.heif import make_heic

RGB = picture(0, 64, 48)
DEEP = (RGB.astype(np.uint16) * 257) ^ np.arange(64, dtype=np.uint16)[None, :, None]


def save(image: Image.Image, kind: str, **settings: Any) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **settings)
    return buffer.getvalue()


@cache
def wide_profile() -> bytes:
    """An RGB profile that is not sRGB: its red and green primaries exchanged; made once, for it
    holds the time.
    """
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    red, green = profile.index(b"rXYZ"), profile.index(b"gXYZ")
    profile[red : red + 4], profile[green : green + 4] = b"gXYZ", b"rXYZ"
    return bytes(profile)


@pytest.mark.parametrize("kind", ["PNG", "WEBP", "TIFF", "BMP", "JPEG"])
def test_every_format_is_read_by_its_content(kind: str) -> None:
    settings: dict[str, Any] = {"lossless": True} if kind == "WEBP" else {}
    photo = read_photo(save(Image.fromarray(RGB), kind, **settings))
    assert photo.kind == kind.lower()
    assert photo.alpha is None
    tolerance = 60 if kind == "JPEG" else 0
    assert np.abs(photo.pixels.astype(int) - RGB).max() <= tolerance


@pytest.mark.parametrize("kind", ["jpeg", "png", "webp", "tiff", "bmp"])
def test_what_is_written_can_be_read_again(kind: PhotoFormat) -> None:
    photo = read_photo(encode_photo(Photo(RGB.copy()), kind))
    assert photo.kind == kind
    assert np.abs(photo.pixels.astype(int) - RGB).mean() < (3 if kind in ("jpeg", "webp") else 0.01)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "TIFF", "WEBP"])
@pytest.mark.parametrize("value", range(1, 9))
def test_all_eight_orientations_come_out_upright(kind: str, value: int) -> None:
    from appliance.pipeline.media.orientation import from_exif

    stored = np.ascontiguousarray(from_exif(value).stored(RGB))
    exif = Image.Exif()
    exif[274] = value
    settings: dict[str, Any] = {"lossless": True} if kind == "WEBP" else {"quality": 98}
    photo = read_photo(save(Image.fromarray(stored), kind, exif=exif, **settings))
    assert photo.pixels.shape == RGB.shape
    assert np.abs(photo.pixels.astype(int) - RGB).mean() < 4
    assert 274 not in Image.open(io.BytesIO(encode_photo(photo, "jpeg"))).getexif()


@pytest.mark.parametrize("kind", ["jpeg", "png", "webp", "tiff"])
def test_the_profile_is_kept_and_no_other_metadata(kind: PhotoFormat) -> None:
    exif = Image.Exif()
    exif[0x010F] = "MAKER"
    exif.get_ifd(0x8825)[2] = (48.0, 8.0, 15.0)
    data = save(
        Image.fromarray(RGB), "JPEG", icc_profile=wide_profile(), exif=exif, comment=b"SECRET"
    )
    assert b"MAKER" in data
    written = encode_photo(read_photo(data), kind)
    assert b"MAKER" not in written
    assert b"SECRET" not in written
    again = Image.open(io.BytesIO(written))
    assert again.info["icc_profile"] == bare_profile(wide_profile())
    assert not dict(again.getexif().get_ifd(0x8825))


def test_a_bmp_is_converted_to_srgb() -> None:
    data = save(Image.fromarray(RGB), "PNG", icc_profile=wide_profile())
    photo = read_photo(encode_photo(read_photo(data), "bmp"))
    assert np.abs(photo.pixels.astype(int) - RGB[..., [1, 0, 2]]).mean() < 3


def test_a_source_is_converted_to_the_target_s_colour_space() -> None:
    source, target = Photo(RGB.copy()), Photo(RGB.copy(), icc=wide_profile())
    moved = in_colours_of(source, target)
    assert moved.icc == target.icc
    assert np.abs(moved.pixels.astype(int) - RGB[..., [1, 0, 2]]).mean() < 3
    assert np.array_equal(in_colours_of(source, source).pixels, RGB)


@pytest.mark.parametrize("mode", ["CMYK", "L", "LA", "1", "P", "YCbCr", "RGBA", "LAB", "I;16"])
def test_other_colour_models_become_rgb(mode: str) -> None:
    image: Image.Image
    if mode == "LAB":
        lab = ImageCms.createProfile("LAB")
        converted = ImageCms.profileToProfile(
            Image.fromarray(RGB), ImageCms.createProfile("sRGB"), lab, outputMode="LAB"
        )
        assert converted is not None
        image = converted
    elif mode == "I;16":
        image = Image.fromarray(DEEP[..., 0])
    else:
        image = Image.fromarray(RGB).convert(mode)
    photo = read_photo(save(image, "TIFF" if mode in ("CMYK", "YCbCr", "LAB") else "PNG"))
    assert photo.pixels.shape == RGB.shape
    assert photo.pixels.dtype == (np.uint16 if mode == "I;16" else np.uint8)
    if mode in ("CMYK", "YCbCr", "RGBA", "LAB"):
        assert np.abs(photo.pixels.astype(int) - RGB).mean() < 3


def test_an_adobe_cmyk_jpeg_is_not_inverted() -> None:
    photo = read_photo(save(Image.fromarray(RGB).convert("CMYK"), "JPEG", quality=98))
    assert np.abs(photo.pixels.astype(int) - RGB).mean() < 4


@pytest.mark.parametrize("kind", ["png", "tiff"])
@pytest.mark.parametrize("with_alpha", [False, True])
def test_sixteen_bits_stay_sixteen_bits(kind: PhotoFormat, with_alpha: bool) -> None:
    alpha = DEEP[..., 0].copy() if with_alpha else None
    data = encode_photo(Photo(DEEP.copy(), alpha, wide_profile()), kind)
    photo = read_photo(data)
    assert photo.pixels.dtype == np.uint16
    assert np.array_equal(photo.pixels, DEEP)
    assert (photo.alpha is None) is not with_alpha
    if alpha is not None:
        assert photo.alpha is not None
        assert np.array_equal(photo.alpha, alpha)
    assert photo.icc == bare_profile(wide_profile())


def test_a_sixteen_bit_tiff_is_turned_only_once() -> None:
    raw = bytearray(encode_photo(Photo(DEEP.copy()), "tiff"))
    count_at = struct.unpack_from("<I", raw, 4)[0]
    entries = struct.unpack_from("<H", raw, count_at)[0]
    for index in range(entries):
        entry = count_at + 2 + 12 * index
        if struct.unpack_from("<H", raw, entry)[0] == 274:
            struct.pack_into("<H", raw, entry + 8, 6)
            break
    else:
        pytest.fail("no orientation to change")
    photo = read_photo(bytes(raw))
    assert np.array_equal(photo.pixels, np.rot90(DEEP, -1))


def test_a_deep_photo_keeps_its_bits_where_nothing_changes() -> None:
    photo = Photo(DEEP.copy())
    box, full = Box(3, 4, 20, 10), np.ones((10, 20), np.bool_)
    patch = photo.canvas.read(box)
    patch[2:5, 3:9] = 0
    photo.canvas.write(box, patch, full)
    changed = (photo.pixels != DEEP).any(axis=2)
    expected = np.zeros_like(changed)
    expected[6:9, 6:12] = True
    assert np.array_equal(changed, expected)
    assert np.array_equal(photo.canvas.read(box), patch)


def test_an_alpha_that_is_not_opaque_is_kept() -> None:
    alpha = np.tile(np.arange(64, dtype=np.uint8) * 4, (48, 1))
    data = save(Image.fromarray(np.dstack([RGB, alpha])), "PNG")
    photo = read_photo(data)
    assert photo.alpha is not None
    for kind in ("png", "tiff", "webp"):
        again = read_photo(encode_photo(photo, kind))
        assert again.alpha is not None
        assert np.array_equal(again.alpha, alpha)
    with pytest.raises(OutputError, match="transparency"):
        encode_photo(photo, "jpeg")


def test_a_photo_with_an_opaque_alpha_can_be_written_as_jpeg() -> None:
    photo = read_photo(save(Image.fromarray(RGB).convert("RGBA"), "PNG"))
    assert photo.alpha is None
    assert encode_photo(photo, "jpeg")[:2] == b"\xff\xd8"


@pytest.mark.parametrize("subsampling", [0, 1, 2])
def test_a_jpeg_keeps_its_chroma_subsampling(subsampling: int) -> None:
    photo = read_photo(save(Image.fromarray(RGB), "JPEG", subsampling=subsampling))
    assert photo.subsampling == subsampling
    assert read_photo(encode_photo(photo, "jpeg")).subsampling == subsampling


def test_one_pixel_is_a_photo() -> None:
    photo = read_photo(save(Image.new("RGB", (1, 1), (9, 8, 7)), "PNG"))
    assert photo.pixels.tolist() == [[[9, 8, 7]]]


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "TIFF", "BMP"])
@pytest.mark.parametrize("share", [0.05, 0.5, 0.9])
def test_a_photo_cut_short_is_refused(kind: str, share: float) -> None:
    noise = np.random.default_rng(1).integers(0, 256, (80, 100, 3), dtype=np.uint8)
    data = save(Image.fromarray(noise), kind)
    with pytest.raises(InputError):
        read_photo(data[: int(len(data) * share)])


@pytest.mark.parametrize(
    "data",
    [b"", b"\0", b"hello, this is text\n" * 50, b"%PDF-1.7\n", b"\xff\xd8\xff\xe0", b"GIF89a"],
)
def test_a_file_that_is_not_a_photo_is_refused(data: bytes) -> None:
    with pytest.raises(InputError):
        read_photo(data)


def test_an_animation_is_refused_with_advice() -> None:
    frames = [Image.fromarray(picture(i, 16, 16)) for i in range(3)]
    for kind in ("PNG", "WEBP"):
        data = save(frames[0], kind, save_all=True, append_images=frames[1:])
        with pytest.raises(InputError, match="animated") as caught:
            read_photo(data)
        assert "MP4" in caught.value.hint
    data = save(frames[0], "TIFF", save_all=True, append_images=frames[1:])
    with pytest.raises(InputError, match="pages"):
        read_photo(data)


def claimed_png(width: int, height: int) -> bytes:
    """A few bytes that claim a size."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return (
            struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        )

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", b"") + chunk(b"IEND", b"")


@pytest.mark.parametrize("size", [(12_801, 10_000), (65_000, 65_000), (2**31 - 1, 2**31 - 1)])
def test_a_decompression_bomb_is_refused_by_its_header(size: tuple[int, int]) -> None:
    with pytest.raises(InputError, match="megapixels"):
        read_photo(claimed_png(*size))


def test_a_photo_of_108_megapixels_is_read() -> None:
    data = save(Image.new("L", (12_000, 9_000), 77), "PNG", compress_level=1)
    photo = read_photo(data)
    assert photo.pixels.shape == (9_000, 12_000, 3)
    assert int(photo.pixels[-1, -1, 0]) == 77


def test_errors_do_not_hold_the_file_s_name(tmp_path: Path) -> None:
    path = tmp_path / "jane_doe.jpg"
    path.write_bytes(b"not a photo")
    with pytest.raises(InputError) as caught:
        read_photo(path.read_bytes())
    assert "jane" not in caught.value.message + caught.value.hint


def test_portraits_are_read(portraits: Mapping[str, Path]) -> None:
    for path in portraits.values():
        photo = read_photo(path.read_bytes())
        reference = np.asarray(Image.open(path).convert("RGB"))
        assert np.array_equal(photo.pixels, reference)


@pytest.mark.parametrize("quarter_turns", [0, 1, 3])
def test_a_heic_photo_is_read_upright(quarter_turns: int) -> None:
    data = make_heic((96, 64), quarter_turns)
    photo = read_photo(data)
    assert photo.kind == "heic"
    wanted = np.rot90(picture(0, 96, 64), quarter_turns)
    assert photo.pixels.shape == wanted.shape
    assert np.abs(photo.pixels.astype(int) - wanted).mean() < 6


@pytest.mark.parametrize("share", [0.1, 0.5, 0.95])
def test_a_heic_photo_cut_short_is_refused(share: float) -> None:
    data = make_heic()
    with pytest.raises(InputError):
        read_photo(data[: int(len(data) * share)])


def test_heic_is_not_written() -> None:
    with pytest.raises(OutputError):
        encode_photo(Photo(RGB.copy()), "heic")  # type: ignore[arg-type]


@given(st.binary(max_size=300), st.sampled_from(["PNG", "JPEG", "TIFF", "WEBP", "BMP"]))
def test_a_damaged_photo_is_read_or_is_an_input_error(junk: bytes, kind: str) -> None:
    data = bytearray(save(Image.fromarray(RGB[:16, :16]), kind))
    data[20 : 20 + len(junk)] = junk
    try:
        photo = read_photo(bytes(data))
    except InputError:
        return
    assert photo.pixels.ndim == 3


def test_tiff_tags_are_sorted_as_the_standard_requires() -> None:
    image = Image.open(io.BytesIO(encode_photo(Photo(DEEP[:4, :4].copy()), "tiff").__bytes__()))
    tags: ImageFileDirectory_v2 = image.tag_v2  # type: ignore[attr-defined]
    assert list(tags) == sorted(tags)


def test_the_primary_picture_of_a_heic_is_taken_and_the_others_are_named() -> None:
    data = make_heic(pictures=2)
    photo = read_photo(data)
    assert np.abs(photo.pixels.astype(int) - picture(0, 64, 64)).mean() < 6
    assert photo.dropped == ("further pictures",)


@pytest.mark.parametrize("value", range(1, 9))
def test_an_avif_comes_out_upright(value: int) -> None:
    from appliance.pipeline.media.orientation import from_exif

    exif = Image.Exif()
    exif[274] = value
    stored = np.ascontiguousarray(from_exif(value).stored(RGB))
    photo = read_photo(save(Image.fromarray(stored), "AVIF", exif=exif, quality=95))
    assert photo.pixels.shape == RGB.shape
    assert np.abs(photo.pixels.astype(int) - RGB).mean() < 4


def test_an_avif_keeps_its_alpha_and_its_profile_and_is_no_animation() -> None:
    alpha = np.tile(np.arange(64, dtype=np.uint8) * 4, (48, 1))
    image = Image.fromarray(np.dstack([RGB, alpha]))
    photo = read_photo(save(image, "AVIF", quality=100, icc_profile=wide_profile()))
    assert photo.alpha is not None
    assert np.array_equal(photo.alpha, alpha)
    assert photo.icc == wide_profile()
    moving = save(image, "AVIF", save_all=True, append_images=[image.rotate(90)])
    with pytest.raises(InputError, match="animated"):
        read_photo(moving)


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_an_avif_cut_short_is_refused(share: float) -> None:
    data = save(Image.fromarray(RGB), "AVIF", quality=95)
    with pytest.raises(InputError):
        read_photo(data[: int(len(data) * share)])
