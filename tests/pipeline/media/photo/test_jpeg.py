"""JPEG: without its end, and what hangs on it; pictures that are not read are named."""

from __future__ import annotations

import io
import itertools
from contextlib import suppress
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from appliance.errors import InputError
from appliance.pipeline.media.photo.decode import read_photo
from appliance.pipeline.media.photo.jpeg_scans import lists_every_coefficient, with_end
from tests.pipeline.media.clips import picture

RGB = picture(0, 120, 88)
SETTINGS = [
    {"progressive": progressive, "restart_marker_blocks": restarts, "subsampling": subsampling}
    for progressive, restarts, subsampling in itertools.product((False, True), (0, 5), (0, 2))
]


def jpeg(**settings: Any) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(RGB).save(buffer, "JPEG", quality=90, **settings)
    return buffer.getvalue()


@pytest.mark.parametrize("settings", SETTINGS)
def test_a_jpeg_without_its_end_marker_is_taken_if_every_pixel_is_there(
    settings: dict[str, Any],
) -> None:
    data = jpeg(**settings)
    whole = read_photo(data)
    for missing in (1, 2):
        photo = read_photo(data[:-missing])
        assert np.array_equal(photo.pixels, whole.pixels)
        assert photo.subsampling == whole.subsampling


@pytest.mark.parametrize("settings", SETTINGS)
def test_a_jpeg_that_lacks_pixels_is_refused(settings: dict[str, Any]) -> None:
    data = jpeg(**settings)
    for missing in (6, 20, 100, len(data) // 2, len(data) * 4 // 5):
        with pytest.raises(InputError):
            read_photo(data[:-missing])


def test_a_progressive_jpeg_that_ends_between_scans_is_refused() -> None:
    data = jpeg(progressive=True)
    for scan in range(2, data.count(b"\xff\xda") + 1):
        start = -1
        for _ in range(scan):
            start = data.index(b"\xff\xda", start + 1)
        with pytest.raises(InputError):
            read_photo(data[:start])


def test_a_gain_map_and_a_motion_video_are_named() -> None:
    assert read_photo(jpeg()).dropped == ()
    adobe = b'<x xmlns:hdrgm="http://ns.adobe.com/hdr-gain-map/1.0/" hdrgm:Version="1.0"/>'
    assert read_photo(jpeg(xmp=adobe)).dropped == ("HDR gain map",)
    moving = b'<x GCamera:MotionPhoto="1"/>'
    assert read_photo(jpeg(xmp=moving)).dropped == ("motion video",)


@pytest.mark.parametrize(
    ("head", "name"),
    [
        (b"GIF89a", "GIF"),
        (b"8BPS\0\1", "Photoshop"),
        (b"%PDF-1.7\n", "PDF"),
        (b"\0\0\0\x0cjP  \r\n\x87\n", "JPEG 2000"),
        (b"\xff\x4f\xff\x51\0\x29", "JPEG 2000"),
        (b"\xff\x0a\xfa\x7f", "JPEG XL"),
        (b"\0\0\0\x0cJXL \r\n\x87\n", "JPEG XL"),
        (b'<svg xmlns="', "SVG"),
        (b'\xef\xbb\xbf <?xml version="1.0"?><svg', "SVG"),
        (b"v/1\1\2\0\0\0", "OpenEXR"),
    ],
)
def test_a_picture_that_is_not_read_is_named(head: bytes, name: str) -> None:
    with pytest.raises(InputError, match=name) as caught:
        read_photo(head + bytes(200))
    assert "PNG" in caught.value.hint


@given(st.binary(min_size=1, max_size=12), st.integers(0, 10_000), st.sampled_from(SETTINGS))
def test_scans_of_a_damaged_jpeg_are_read_or_are_a_value_error(
    junk: bytes, at: int, settings: dict[str, Any]
) -> None:
    data = bytearray(jpeg(**settings))
    data[at % len(data) : at % len(data) + len(junk)] = junk
    with suppress(ValueError):
        lists_every_coefficient(bytes(data))
        with_end(bytes(data), 0x55)
