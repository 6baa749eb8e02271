"""What is left of a colour profile: the colours, and none of its words."""

from __future__ import annotations

import io
import struct
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageCms

from appliance.pipeline.media.photo.bare_profile import bare_profile
from appliance.pipeline.media.photo.colour_space import (
    ADOBE_RGB_PRIMARIES,
    BT_709,
    PRIMARIES,
    ColourSpace,
    Curve,
)
from appliance.pipeline.media.photo.encode import PhotoFormat, encode_photo
from appliance.pipeline.media.photo.icc import convert_profile
from appliance.pipeline.media.photo.photo import Photo

CANARY = b"jane-canary"
OURS = [
    ColourSpace(ADOBE_RGB_PRIMARIES).icc() or b"",
    ColourSpace(PRIMARIES[12]).icc() or b"",
    ColourSpace(BT_709, Curve(1.8)).icc() or b"",
    ColourSpace(BT_709, Curve(1.0, table=tuple(range(0, 65536, 257)))).icc() or b"",
]
RGB = np.random.default_rng(5).integers(0, 256, (32, 32, 3), np.uint8)


def tags(icc: bytes) -> dict[bytes, bytes]:
    """The tags of a profile."""
    (count,) = struct.unpack_from(">I", icc, 128)
    places = (struct.unpack_from(">4sII", icc, 132 + 12 * number) for number in range(count))
    return {name: icc[at : at + size] for name, at, size in places}


def assembled(icc: bytes, more: dict[bytes, bytes], slack: bytes = b"") -> bytes:
    """``icc`` with ``more`` tags, and ``slack`` behind each of them and behind the whole."""
    values = {**tags(icc), **more}
    table, body = struct.pack(">I", len(values)), b""
    for name, value in values.items():
        padded = value + slack
        at = 132 + 12 * len(values) + len(body)
        table += name + struct.pack(">II", at, len(padded))
        body += padded + bytes(-len(padded) % 4)
    whole = icc[:128] + table + body + slack + bytes(-len(slack) % 4)
    return struct.pack(">I", len(whole)) + whole[4:]


def second_version(icc: bytes) -> bytes:
    """The profile in version 2, as cameras write it."""
    words = b"desc" + bytes(4) + struct.pack(">I", len(CANARY) + 1) + CANARY + bytes(79)
    old = assembled(icc, {b"desc": words, b"cprt": b"text" + bytes(4) + CANARY + b"\0"})
    return old[:8] + b"\2\x10\0\0" + old[12:]


@pytest.mark.parametrize("icc", OURS)
@pytest.mark.parametrize("version", [2, 4])
def test_words_private_tags_and_bytes_between_them_go_and_colours_stay(
    icc: bytes, version: int
) -> None:
    full = assembled(icc if version == 4 else second_version(icc), {b"priv": CANARY}, CANARY)
    marked = bytearray(full)
    marked[4:8] = marked[40:44] = marked[48:52] = marked[80:84] = b"CNRY"  # who made it
    marked[24:36] = marked[84:96] = marked[100:112] = CANARY + b"!"
    assert b"CNRY" in marked
    assert CANARY in marked
    bare = bare_profile(bytes(marked))
    assert bare is not None
    assert CANARY not in bare
    assert b"CNRY" not in bare
    assert b"priv" not in tags(bare)
    assert np.array_equal(convert_profile(RGB, icc, None), convert_profile(RGB, bare, None))
    assert bare_profile(bare) == bare
    ImageCms.ImageCmsProfile(io.BytesIO(bare))


@pytest.mark.parametrize("icc", OURS)
def test_our_own_profiles_stay_as_they_are(icc: bytes) -> None:
    assert bare_profile(icc) == icc


def test_tables_stay_and_what_lies_behind_them_goes() -> None:
    # Three channels to three, two points a side, straight curves (ICC.1:2022, 10.10 and 10.11).
    grid = [(r, g, b) for r in (0, 1) for g in (0, 1) for b in (0, 1)]
    one = struct.pack(">9i", *(65536 if i % 4 == 0 else 0 for i in range(9)))
    straight = bytes(range(256)) * 3
    in_bytes = b"mft1" + bytes(4) + bytes((3, 3, 2, 0)) + one + straight
    in_bytes += bytes(255 * value for point in grid for value in point) + straight
    line = struct.pack(">6H", *(0, 65535) * 3)
    in_words = b"mft2" + bytes(4) + bytes((3, 3, 2, 0)) + one + struct.pack(">HH", 2, 2) + line
    in_words += b"".join(struct.pack(">3H", *(65535 * v for v in p)) for p in grid) + line
    header = OURS[0][:20] + b"Lab " + OURS[0][24:]
    profile = assembled(header + OURS[0][128:], {b"A2B0": in_bytes, b"B2A0": in_words}, CANARY)
    bare = bare_profile(profile)
    assert bare is not None
    assert (tags(bare)[b"A2B0"], tags(bare)[b"B2A0"]) == (in_bytes, in_words)
    assert CANARY not in bare


@pytest.mark.parametrize(
    "wrong",
    [
        b"",
        b"\xff" * 200,
        OURS[0][:131],
        OURS[0][:140],
        OURS[0][:16] + b"CMYK" + OURS[0][20:],
        OURS[0][:128] + bytes(4) + OURS[0][132:],
        OURS[0].replace(b"rTRC", b"xTRC"),
    ],
)
def test_what_decides_no_colours_is_no_profile(wrong: bytes) -> None:
    assert bare_profile(wrong) is None


@pytest.mark.parametrize("kind", ["jpeg", "png", "webp", "tiff"])
@pytest.mark.parametrize("depth", [np.uint8, np.uint16])
def test_every_format_is_written_with_the_bare_profile(kind: PhotoFormat, depth: type) -> None:
    full = assembled(OURS[1], {b"priv": CANARY}, CANARY)
    pixels: Any = RGB.astype(depth)
    with Image.open(io.BytesIO(encode_photo(Photo(pixels, icc=full), kind))) as written:
        assert written.info["icc_profile"] == OURS[1]
